"""A model and what is particular to it, to be named beside others in a list of fallbacks. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, cast

from attrs import define, field, setters
from opper_chat_api.models.model_headers import ModelHeaders
from opper_chat_api.models.model_options import ModelOptions
from opper_chat_api.models.model_with_options import ModelWithOptions

from .._config.headers import hidden
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.secret_names import is_secret_header
from .._json.codec import is_mapping


def _options(given: Mapping[str, object] | ModelOptions | None) -> ModelOptions | None:
    if given is None or isinstance(given, ModelOptions):
        return given
    if not is_mapping(given):
        raise InvalidArgumentError("options", "a dict", describe(given))
    return ModelOptions(additional_properties=dict(cast("Mapping[str, object]", given)))


def _headers(given: Mapping[str, str] | ModelHeaders | None) -> ModelHeaders | None:
    if given is None or isinstance(given, ModelHeaders):
        return given
    if not is_mapping(given):
        raise InvalidArgumentError("extra_headers", "a dict of strings", hidden(given))
    return ModelHeaders(additional_properties=dict(cast("Mapping[str, str]", given)))


def _name(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise InvalidArgumentError("name", "the name of a model, such as 'openai/gpt-4o'", describe(given))
    return given


# Not attrs' own `frozen`: a frozen class must not inherit from one that is not.
@define(on_setattr=setters.frozen)
class Model(ModelWithOptions):
    """A model and what is particular to it, for ``create(model=...)``: alone, or in a list of fallbacks.

    ``Model("mistral/large", options={"temperature": 0})`` says what the typed dict ``{"name": ..., "options": ...}``
    says. In a list the first is asked first, and each of the others when the ones before it fail. What the options and
    headers hold is checked when a call is made with it.

    Values of headers are not in its repr. Headers whose names say that they are credentials, such as ``Authorization``,
    are not pickled.

    Args:
        name: the model in the form ``provider/model``.
        options: parameters that go to this model and to no other of the list.
        extra_headers: HTTP headers that go to the provider of this model only.

    Raises:
        InvalidArgumentError: the name is no text or empty, or one of the others is no object.

    Source: https://docs.opper.ai, Chat Completions: ``model``.
    """

    name: str = field(converter=_name)
    options: ModelOptions | None = field(default=None, converter=_options)
    extra_headers: ModelHeaders | None = field(default=None, converter=_headers)

    def __repr__(self) -> str:
        said = [repr(self.name)]
        if self.options is not None:
            said.append(f"options={self.options.to_dict()!r}")
        if self.extra_headers is not None:
            # By their names alone: some of the values are credentials.
            said.append(f"extra_headers={dict.fromkeys(self.extra_headers, '...')!r}")
        return f"{type(self).__name__}({', '.join(said)})"

    def __reduce__(self) -> tuple[object, ...]:
        written = self.to_dict()
        for name in list(self.extra_headers or ()):
            if is_secret_header(name):
                del written["extra_headers"][name]
        return (type(self).from_dict, (written,))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return type(self).from_dict(self.to_dict())
