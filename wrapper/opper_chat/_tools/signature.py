"""Read the signature of a function: the parameters that a model fills in, and their descriptions. No I/O."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from attrs import field, frozen

from .._errors.api import InvalidArgumentError
from .._results.tool_calls import ToolCall
from .._schemas.docstrings import documentation_of
from .._schemas.fields import NO_DEFAULT, Field
from .._schemas.type_hints import arms_of
from .._validation.arguments import function_name, unwrap_partial
from .run import ToolRun

if TYPE_CHECKING:  # at run time, Python 3.13 is the first with defaults
    from typing_extensions import TypeVar as TypeVarWithDefault

    T_co = TypeVarWithDefault("T_co", covariant=True, default=object)
else:
    T_co = TypeVar("T_co", covariant=True)


@frozen
class ToolContext(Generic[T_co]):
    """The value of a tool's parameter with this type hint. The model does not see the parameter.

    ``ToolContext[Database]`` declares the type of the argument ``context`` of the run; ``ToolContext`` alone, that the
    tool does not use it.
    """

    context: T_co
    """The argument ``context`` of the run, such as a database or a user. Default: None."""
    call: ToolCall
    """The call that the tool runs for."""
    run: ToolRun[object] = field(repr=False)
    """The run so far. Its messages end before the message with this call. Do not change it."""


class Signature(NamedTuple):
    """What a tool needs to know about its function."""

    name: str
    description: str
    parameters: list[Field]
    """The parameters that the model fills in."""
    context: str | None
    """The parameter that gets a `ToolContext`, or None."""
    is_method: bool
    """Whether it is a function of a class body, whose first parameter is the object."""
    returns: object = None
    """The declared return type, or None."""


def read_signature(function: Callable[..., object]) -> Signature:
    """Read the signature, the type hints and the docstring of a function.

    Raises:
        InvalidArgumentError: it is a class, or a schema cannot describe a parameter. The error names the parameter.
    """
    name = function_name(function)
    if isinstance(unwrap_partial(function), type):
        raise InvalidArgumentError(
            "tool()", "a function", f"the class {name!r}", "Give an instance that can be called."
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise InvalidArgumentError("tool()", "a function with a signature", repr(function)) from None
    target: Any = function
    bound: Mapping[str, object] = target.keywords if isinstance(target, functools.partial) else {}
    found = [parameter for parameter in signature.parameters.values() if parameter.name not in bound]
    is_method = _is_method(function, found)
    if is_method:
        del found[0]
    hints = hints_of(function)
    description, descriptions = _read_docstring(function)
    context: str | None = None
    fields: list[Field] = []
    for parameter in found:
        _check_parameter(name, parameter, hints)
        hint = hints[parameter.name]
        if is_context(hint):
            if context is not None:
                raise InvalidArgumentError(
                    f"{name}.{parameter.name}", "one parameter of type ToolContext", f"another one, after {context!r}"
                )
            context = parameter.name
            continue
        default = NO_DEFAULT if parameter.default is parameter.empty else parameter.default
        # Strict mode requires every parameter. For one with a default, null means the default, unless null is a value.
        optional = default is not NO_DEFAULT and not _takes_none(hint)
        fields.append(Field(parameter.name, hint, default, descriptions.get(parameter.name, ""), optional=optional))
    return Signature(name, description, fields, context, is_method, hints.get("return"))


def is_context(hint: object) -> bool:
    """Return whether a type hint is `ToolContext`, with or without a type argument, or a union that contains it."""
    return any(arm is ToolContext or get_origin(arm) is ToolContext for arm in arms_of(hint))


def hints_of(function: Callable[..., object]) -> Mapping[str, Any]:
    """Return the type hints of a function's parameters. Those that cannot be resolved are an InvalidArgumentError."""
    target = unwrap_partial(function)
    if isinstance(target, type):
        # The parameters of a class are those of its constructor.
        target = vars(target).get("__init__", target)
    elif not inspect.isroutine(target):
        target = type(target).__call__
    unknown: str | None = None
    for names in (dict[str, Any], _local_names):  # a name may be a local variable of the calling function
        try:
            return get_type_hints(target, localns=names(), include_extras=True)
        except NameError as error:
            unknown = error.name
        except (TypeError, SyntaxError) as error:
            received = f"others: {error}".rstrip(".")
            raise InvalidArgumentError(f"{function_name(function)}()", "type hints that are types", received) from None
    expected = "hints whose names are known where it is decorated"
    raise InvalidArgumentError(f"{function_name(function)}()", expected, repr(unknown))


def _read_docstring(function: Callable[..., object]) -> tuple[str, dict[str, str]]:
    target: Any = unwrap_partial(function)
    if not inspect.isroutine(target) and not isinstance(target, type):
        # The docstring of the `__call__` of an object, or else of its class.
        of_class: Any = target.__class__
        target = of_class.__call__ if of_class.__call__.__doc__ else of_class
    description, descriptions = documentation_of(target)
    # NumPy style describes several parameters at once: "width, height : int".
    return description, {name.strip(): text for names, text in descriptions.items() for name in names.split(",")}


def _check_parameter(function: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> None:
    """Refuse a parameter that a schema cannot describe."""
    where = f"{function}.{parameter.name}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        given = f"{'*' if parameter.kind == parameter.VAR_POSITIONAL else '**'}{parameter.name}"
        hint = "Give each value a parameter of its own, or take a list."
        raise InvalidArgumentError(where, "a parameter with a name of its own", repr(given), hint)
    if parameter.kind == parameter.POSITIONAL_ONLY:
        raise InvalidArgumentError(
            where, "a parameter that can be given by name", "a positional-only one", "Take the '/' away."
        )
    if parameter.name not in hints:
        hint = f"Say what it takes, such as `{parameter.name}: str`."
        raise InvalidArgumentError(where, "a parameter with a type hint", "one without", hint)


def _takes_none(hint: Any) -> bool:
    return any(
        arm is None or arm is type(None) or (get_origin(arm) is Literal and None in get_args(arm))
        for arm in arms_of(hint)
    )


def _is_method(function: Callable[..., object], parameters: list[inspect.Parameter]) -> bool:
    """Return whether a function is defined in a class body, so that its first parameter is not bound yet."""
    if not parameters or not inspect.isfunction(function):
        return False
    # Such a function is decorated before its class exists, so only its name and its first parameter show it.
    first = parameters[0]
    inside = "." in function.__qualname__.rpartition("<locals>.")[2]
    return inside and first.annotation is first.empty and first.name in ("self", "cls")


def _local_names() -> dict[str, Any]:
    """Return the local variables of the function that called this package."""
    # A tool can be defined in a function, with hints that name local classes. Python keeps no other trace of them.
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    own = f"{__name__.partition('.')[0]}."
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(own):
        frame = frame.f_back
    return dict(frame.f_locals)
