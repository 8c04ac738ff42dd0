"""The flags of the parameters of the API, made from the contract, so that a new parameter has one by itself.

A flag has the name of its parameter with dashes: ``--reasoning-effort``. The client checks the values.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import UsageError

_CONTRACT = Path(__file__).parent.parent / "testing" / "contract.json"
_OWN_OPTIONS = ("messages", "model", "stream")
"""Parameters that the command has options of its own for."""
_BOOLEAN, _STRING, _INTEGER = frozenset({"boolean"}), frozenset({"string"}), frozenset({"integer"})
_SCALARS = {"string": "TEXT", "number": "NUMBER", "integer": "INTEGER"}
"""What the help shows for values of one type."""


class Parameter(NamedTuple):
    """A parameter of the API."""

    name: str
    types: frozenset[str]
    """The JSON types of its values, without null."""
    values: tuple[str, ...]
    """The known values of an enum, which is open."""
    description: str
    """The first sentence."""

    @property
    def flag(self) -> str:
        """The option of the command."""
        return "--" + self.name.replace("_", "-")


def load_parameters(path: Path = _CONTRACT) -> dict[str, Parameter]:
    """Return the parameters of the request, by name, from the contract of this version.

    Args:
        path: the contract as JSON.
    """
    contract: dict[str, Any] = json.loads(path.read_bytes())
    schemas: dict[str, Any] = contract["components"]["schemas"]
    request = schemas[contract["$ref"].rpartition("/")[2]]
    return {name: _parameter(name, schema, schemas) for name, schema in request["properties"].items()}


def add_parameters(parser: argparse.ArgumentParser, parameters: Mapping[str, Parameter]) -> None:
    """Add a flag for each parameter, except those whose option the parser has already."""
    group = parser.add_argument_group(
        "parameters of the API", "Values of several types are JSON text, or @FILE with it. The client checks them."
    )
    taken = {name for action in parser._actions for name in action.option_strings}  # noqa: SLF001
    for parameter in parameters.values():
        if parameter.name in _OWN_OPTIONS or parameter.flag in taken:
            continue
        keywords: dict[str, Any] = {"dest": f"parameter_{parameter.name}", "help": parameter.description}
        if parameter.types == _BOOLEAN:
            group.add_argument(parameter.flag, action=argparse.BooleanOptionalAction, **keywords)
        else:
            group.add_argument(parameter.flag, metavar=_metavar(parameter), type=_reader(parameter), **keywords)


def given_parameters(
    options: argparse.Namespace, parameters: Mapping[str, Parameter]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters that were given by their flags or by ``-o``, and those that the contract does not have.

    Args:
        options: the parsed arguments. ``other`` has the pairs of ``-o``.
        parameters: those of the contract.

    Raises:
        UsageError: a value of ``-o`` is not accepted, or ``-o`` names a parameter with an option of its own.
    """
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name in parameters:
        value = getattr(options, f"parameter_{name}", None)
        if value is not None:
            known[name] = value
    for name, text in options.other or ():
        if name in _OWN_OPTIONS:
            own = {"messages": "the prompt, -s and -a", "model": "-m", "stream": "--no-stream"}[name]
            raise UsageError(f"-o {name}: Use {own} for this parameter.")
        if name in parameters:
            try:
                known[name] = _reader(parameters[name])(text)
            except argparse.ArgumentTypeError as error:
                raise UsageError(f"-o {name}: {error}") from None
        else:
            extra[name] = _json_or_text(text)
    return known, extra


def _parameter(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Parameter:
    types: set[str] = set()
    values: list[str] = []
    _collect(schema, schemas, types, values)
    description = str(schema.get("description", ""))
    sentence = re.split(r"(?<=[.])\s", description, maxsplit=1)[0].replace("%", "%%")
    return Parameter(name, frozenset(types - {"null"}), tuple(values), sentence)


def _collect(schema: Mapping[str, Any], schemas: Mapping[str, Any], types: set[str], values: list[str]) -> None:
    """Collect the JSON types and the values of enums of a schema. Objects and arrays are not looked into."""
    if "$ref" in schema:
        _collect(schemas[schema["$ref"].rpartition("/")[2]], schemas, types, values)
    given = schema.get("type", ())
    types.update([given] if isinstance(given, str) else given)
    values.extend(value for value in schema.get("enum", ()) if isinstance(value, str))
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        _collect(part, schemas, types, values)


def _metavar(parameter: Parameter) -> str:
    if parameter.values:
        return "|".join(parameter.values).replace("%", "%%")
    if len(parameter.types) == 1:
        return _SCALARS.get(next(iter(parameter.types)), "JSON")
    return "JSON"


def _reader(parameter: Parameter) -> Callable[[str], Any]:
    """Return the function that makes a value of the text of an argument. It raises ArgumentTypeError."""
    types = parameter.types
    if types == _BOOLEAN:
        return _read_boolean
    if types == _STRING:
        return str
    if types == _INTEGER:
        return _read_integer
    if types <= {"number", "integer"} and types:
        return _read_number
    return _read_json_or_text if "string" in types else _read_json


def _read_integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text[:80]!r}") from None


def _read_number(text: str) -> float:
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text[:80]!r}") from None


def _read_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text == "true"


def _read_json(text: str) -> Any:
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise argparse.ArgumentTypeError(f"{text[1:]}: the file cannot be read: {reason}") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"expected JSON text or @FILE, got {text[:80]!r} ({error})") from None


def _read_json_or_text(text: str) -> Any:
    """Return the value of a JSON array, object or string, and other text as it is."""
    return _read_json(text) if text.startswith(("[", "{", '"', "@")) else text


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
