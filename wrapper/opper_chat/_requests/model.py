"""A model with its own options and headers, for the parameter ``model``. No I/O, no HTTP library."""

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


def _options(value: Mapping[str, object] | ModelOptions | None) -> ModelOptions | None:
    if value is None or isinstance(value, ModelOptions):
        return value
    if not is_mapping(value):
        raise InvalidArgumentError("options", "a dict", describe(value))
    return ModelOptions(additional_properties=dict(cast("Mapping[str, object]", value)))


def _headers(value: Mapping[str, str] | ModelHeaders | None) -> ModelHeaders | None:
    if value is None or isinstance(value, ModelHeaders):
        return value
    if not is_mapping(value):
        raise InvalidArgumentError("extra_headers", "a dict of strings", hidden(value))
    return ModelHeaders(additional_properties=dict(cast("Mapping[str, str]", value)))


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError("name", "the name of a model, such as 'openai/gpt-4o'", describe(value))
    return value


# Not attrs' own `frozen`: a frozen class must not inherit from one that is not.
@define(on_setattr=setters.frozen)
class Model(ModelWithOptions):
    """A model with its own options, for ``create(model=...)``: alone, or in a list of fallbacks.

    ``Model("mistral/large", options={"temperature": 0})`` is the same as the dict ``{"name": ..., "options": ...}``. In
    a list, the server uses the first model, and each of the others if those before it fail. Options and headers are
    validated when a call uses the model.

    The repr has no values of headers. Headers with the name of a credential, such as ``Authorization``, are not
    pickled.

    Args:
        name: the model in the form ``provider/model``.
        options: parameters for this model only.
        extra_headers: HTTP headers for the provider of this model only.

    Raises:
        InvalidArgumentError: the name is not a string or is empty, or an option is not a dict.

    Source: https://docs.opper.ai, Chat Completions: ``model``.
    """

    name: str = field(converter=_name)
    options: ModelOptions | None = field(default=None, converter=_options)
    extra_headers: ModelHeaders | None = field(default=None, converter=_headers)

    def __repr__(self) -> str:
        arguments = [repr(self.name)]
        if self.options is not None:
            arguments.append(f"options={self.options.to_dict()!r}")
        if self.extra_headers is not None:
            # Only the names, because some values are credentials.
            arguments.append(f"extra_headers={dict.fromkeys(self.extra_headers, '...')!r}")
        return f"{type(self).__name__}({', '.join(arguments)})"

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
