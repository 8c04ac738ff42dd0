"""Signatures that list each argument of a method, for `help()`, `inspect.signature()` and editors.

The methods take ``**arguments: Unpack[...]`` of a typed dict, which declares each option once. Type checkers read it.
For all others, `list_arguments` adds a signature with each parameter. It is built when it is first read, so that
importing is cheap. Jedi reads the source and not the signature. For Jedi, each method passes its arguments to a
function under ``if TYPE_CHECKING``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import Parameter, Signature
from types import FunctionType
from typing import TYPE_CHECKING, Any, ForwardRef

from opper_chat_api.params import ChatCompletionRequestParam

from .._concurrency.deadlines import Timeouts
from .._config.environment import DEFAULT_RETRIES, NOT_GIVEN
from .._validation.typed_dicts import required_properties

if TYPE_CHECKING:
    from opper_chat_api.params import request_parameters

    from .._config.environment import NotGiven
    from .._config.options import AnyTimeout

    def option_parameters(
        *,
        timeout: AnyTimeout | NotGiven = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        first_token_timeout: float | NotGiven | None = NOT_GIVEN,
        idle_timeout: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> None:
        """The options of clients and calls, for editors that do not read `Unpack`, as Jedi. Never called."""

    def call_parameters(
        *,
        extra_headers: Mapping[str, str] | None = None,  # noqa: ARG001
        extra_query: Mapping[str, str | float] | None = None,  # noqa: ARG001
        extra_body: Mapping[str, object] | None = None,  # noqa: ARG001
        **parameters: Any,
    ) -> None:
        """The arguments of a call, for the same editors."""
        option_parameters(**parameters)
        request_parameters(**parameters)


CLIENT_DEFAULTS = {"max_retries": DEFAULT_RETRIES, **dict.fromkeys(Timeouts._fields)}
"""The defaults of the options of a client. That of ``timeout`` depends on its HTTP client."""

TYPE = "TypeForm[Any]"
"""The annotation of an argument that may also be a Python type."""

POSITIONAL = "_positional"
"""The parameter of methods that take keyword arguments only. They refuse positional ones with a helpful error."""


def list_arguments(
    function: Any, arguments: type, defaults: Mapping[str, object] = {}, *, takes_type: bool = False
) -> None:
    """Add a signature to a function that lists what its ``**arguments`` can contain.

    Args:
        function: the function, or a class method.
        arguments: the typed dict of its ``**arguments``.
        defaults: the defaults to show, by name. An option without one shows `NOT_GIVEN`.
        takes_type: whether ``response_format`` can be a Python type, and there is an argument ``strict``.
    """
    function = getattr(function, "__func__", function)  # of a class method
    signature = _ArgumentsSignature.__new__(_ArgumentsSignature)
    signature.source = (function, arguments, defaults, takes_type)
    vars(function)["__signature__"] = signature
    texts = {name: text for name, text in function.__annotations__.items() if name != POSITIONAL}
    function.__annotations__ = _Annotations(texts, function.__globals__)


class _ArgumentsSignature(Signature):
    """A signature that is built from its source when it is first read."""

    __slots__ = ("source",)

    source: tuple[Any, type, Mapping[str, object], bool]

    def __getattr__(self, name: str) -> Any:  # an empty slot was read
        if name not in Signature.__slots__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        built = _built(*self.source)
        self.__init__(list(built.parameters.values()), return_annotation=built.return_annotation)  # type: ignore[misc]
        return getattr(self, name)


class _Annotations(dict[str, Any]):
    """The annotations of a function, evaluated when they are read, as `typing.get_type_hints` does.

    Python cannot evaluate them itself: a module imports some of their names for type checkers alone. `items` and
    `values` have the texts.

    Args:
        texts: the annotations as they are written.
        scope: the global names of the function.
    """

    def __init__(self, texts: Mapping[str, str], scope: Mapping[str, Any]) -> None:
        super().__init__(texts)
        self._scope = scope

    def __iter__(self) -> Iterator[str]:  # so that `dict()` gets each item, and does not copy the texts
        return super().__iter__()

    def __getitem__(self, name: str) -> Any:
        return eval(super().__getitem__(name), _PublicTypes(self._scope))  # noqa: S307  # the text is this package's


class _PublicTypes(dict[str, Any]):
    """Names of a scope, and of the other public types."""

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(import_module("opper_chat.types"), name)
        except AttributeError:
            raise KeyError(name) from None  # it is a name of Python's own


def _built(function: Any, arguments: type, defaults: Mapping[str, object], takes_type: bool) -> Signature:
    # A function without this signature, since `inspect` would return this one.
    code, scope, closure = function.__code__, function.__globals__, function.__closure__
    plain = FunctionType(code, scope, function.__name__, function.__defaults__, closure)
    plain.__kwdefaults__, plain.__annotations__ = function.__kwdefaults__, dict(function.__annotations__.items())
    signature = Signature.from_callable(plain)
    own = [
        parameter for parameter in signature.parameters.values()
        if parameter.kind != Parameter.VAR_KEYWORD and parameter.name != POSITIONAL
    ]  # fmt: skip
    names = {parameter.name for parameter in own}
    listed = [
        parameter
        for parameter in _parameters(arguments, defaults, takes_type=takes_type)
        if parameter.name not in names
    ]
    # Required parameters are first.
    ordered = sorted([*own, *listed], key=lambda parameter: (parameter.kind, parameter.default is not Parameter.empty))
    return signature.replace(parameters=ordered)


def _parameters(arguments: type, defaults: Mapping[str, object], *, takes_type: bool) -> list[Parameter]:
    annotations: Mapping[str, object] = arguments.__annotations__
    needed = required_properties(ChatCompletionRequestParam)
    known = ChatCompletionRequestParam.__annotations__
    parameters: list[Parameter] = []
    for name, annotation in annotations.items():
        text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else str(annotation)
        for wrapper in ("NotRequired[", "Required["):
            text = text.removeprefix(wrapper).removesuffix("]") if text.startswith(wrapper) else text
        if takes_type and name == "response_format":
            text = f"{TYPE} | {text}"
        # None means that a parameter is absent. For an option, None is a value, such as no limit.
        default = Parameter.empty if name in needed else None if name in known else defaults.get(name, NOT_GIVEN)
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=text))
    if takes_type:
        parameters.append(Parameter("strict", Parameter.KEYWORD_ONLY, default=True, annotation="bool"))
    return parameters
