"""The arguments of a call, from the options, the template and the configuration. Sends nothing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .config import CLIENT_OPTIONS, Config
from .errors import UsageError
from .paths import read_file

if TYPE_CHECKING:
    from .._requests.response_format import ResponseFormat

_NOT_PARAMETERS = ("system", "model", *CLIENT_OPTIONS)


class Parameters(NamedTuple):
    """Arguments of ``create()`` other than messages."""

    known: dict[str, Any]
    """Parameters of the contract."""
    extra_body: dict[str, Any]
    """Parameters that the contract does not have."""

    def arguments(self) -> dict[str, Any]:
        """Return them as arguments."""
        return {**self.known, "extra_body": self.extra_body} if self.extra_body else dict(self.known)


def merge_parameters(
    config: Config, template: Mapping[str, Any], models: list[str], given: tuple[dict[str, Any], dict[str, Any]]
) -> Parameters:
    """Merge parameters. Those of the command line count before the template, the model and the defaults.

    Args:
        config: the configuration, with the defaults.
        template: the parameters of the template.
        models: those of the command line, the first choice first.
        given: the parameters of the command line, and those that the contract does not have.

    Raises:
        UsageError: the name of a model is empty, as that of a variable of the shell that is not set.
    """
    if "" in models:
        raise UsageError("-m: expected the name of a model, got an empty text.")
    names = models or as_list(template.get("model")) or as_list(config.defaults.get("model"))
    known, extra = _split(config.defaults)
    if len(names) == 1:
        _update(known, extra, config.models.get(names[0], {}))
        known["model"] = names[0]
    elif names:
        known["model"] = [_model(name, config.models.get(name, {})) for name in names]
    _update(known, extra, template)
    known.update(given[0])
    extra.update(given[1])
    return Parameters(known, extra)


def read_system(options: argparse.Namespace, template: str | None, config: Config) -> str | None:
    """Return the instructions: those of ``-s``, of the template, or of the configuration.

    Raises:
        UsageError: the file of ``-s @FILE`` cannot be read.
    """
    given: str | None = options.system
    if given is None:
        default: str | None = config.defaults.get("system")
        return default if template is None else template
    return read_file("-s", given[1:]) if given.startswith("@") else given


def refuse_other_system(options: argparse.Namespace, *, has_messages: bool) -> None:
    """Refuse ``-s`` for a conversation that has messages.

    Raises:
        UsageError: it is given.
    """
    if has_messages and options.system is not None:
        raise UsageError("-s: The conversation has its instructions already. Begin a new one with other ones.")


def read_response_format(options: argparse.Namespace) -> ResponseFormat[Any] | None:
    """Return the response format of ``--schema`` and ``--strict``, or None.

    Raises:
        UsageError: ``--strict`` is given alone, or ``--schema`` is none.
        InvalidArgumentError: the schema or the type is not accepted.
    """
    if options.schema is None:
        if options.strict is not None:
            raise UsageError("--strict and --no-strict: They need --schema.")
        return None
    from .schema import read_schema

    return read_schema(options.schema, strict=options.strict)


def read_pairs(option: str, pairs: list[str] | None) -> dict[str, str]:
    """Return the values of an option ``NAME=VALUE`` that can be given several times.

    Raises:
        UsageError: one of them has another form.
    """
    found: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {pair}: expected NAME=VALUE.")
        found[name] = value
    return found


def add_labels(known: dict[str, Any], tags: list[str] | None, span: str | None) -> None:
    """Add the options ``--tag`` and ``--span`` to parameters.

    Raises:
        UsageError: a tag has no value, or the parameter ``tags`` is no object.
    """
    if labels := read_pairs("--tag", tags):
        others: Any = known.get("tags") or {}
        if not isinstance(others, dict):
            raise UsageError("--tag: It needs --tags to be a JSON object.")
        known["tags"] = {**cast("dict[str, Any]", others), **labels}
    if span is not None:
        known["parent_span_id"] = span


def as_list(value: Any) -> list[str]:
    """Return the names of a setting that has one or several."""
    return [value] if isinstance(value, str) else list(value or ())


def _split(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    _update(known, extra, table)
    return known, extra


def _update(known: dict[str, Any], extra: dict[str, Any], table: Mapping[str, Any]) -> None:
    for name, value in table.items():
        if name == "extra_body":
            extra.update(value)
        elif name not in _NOT_PARAMETERS:
            known[name] = value


def _model(name: str, table: Mapping[str, Any]) -> object:
    """Return an entry of a list of fallback models, which has the defaults of its model as options of its own."""
    known, extra = _split(table)
    options = {**known, **extra}
    return {"name": name, "options": options} if options else name
