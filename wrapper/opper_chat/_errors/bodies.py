"""What the body of a failed call says, whatever its shape. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from .._json.codec import is_array, is_object

_MESSAGES = (
    "message", "Message", "msg", "error_description", "error_message", "error_msg", "errorMessage", "status_msg",
    "faultstring",
)  # fmt: skip
"""Names under which servers put the words of an error, those of the documented shapes first."""

_NO_TYPE = "about:blank"
"""The type of a problem that says no more than its status: RFC 9457 section 4.2.1."""

_SUCCESS_WORDS = frozenset({"ok", "success", "successful", "succeeded"})
"""Messages of servers that send one with every response."""

_NESTED = ("base_resp", "fault", "message")
"""Names under which some servers put the error's object where others have ``error``: MiniMax, Apigee, Mistral."""


class ErrorBody(NamedTuple):
    """What an error's body says, whatever its shape."""

    message: str | None = None
    type: str | None = None
    detail: object = None
    code: str | int | None = None
    param: str | None = None


ERROR_PROPERTIES = frozenset(
    {"code", "detail", "details", "error", "error_code", "error_message", "error_msg", "errors", "message", "msg"}
)
"""Properties of an object without choices that are there because something went wrong, in every API that is known."""

SUCCESS_CODES = frozenset({0, 200, "0", "200", "ok", "success"})
"""Values of ``code`` by which a server says that nothing went wrong."""


def is_error(body: object) -> bool:
    """Return whether a body with status 200, or an event of a stream, says that the call failed.

    It does so by an error's body in any of the known shapes, or by an error beside or inside the choices. An error
    whose properties are all null is none, and neither is a message beside the code of a success. The code of a success
    inside of an error counts only where an answer or its usage is beside it.
    """
    if is_array(body):
        return any(map(is_error, body))
    if not is_object(body):
        return False
    choices = body.get("choices")
    if "error" in body and _has_value(body["error"]) and not (_is_success(body["error"]) and _has_answer(body)):
        return True
    if choices:
        return is_array(choices) and any(map(_is_failed_choice, choices))
    if body.get("success") is False:
        return True
    if is_success_code(body.get("code")):
        return False
    if "choices" not in body and "usage" not in body:
        kind = f"{body.get('type')} {body.get('object')} {body.get('status')}".lower()
        given = (value for name, value in body.items() if name in ERROR_PROPERTIES)
        return any(map(_has_value, given)) or "error" in kind or "fail" in kind
    # Beside no choices an error may be flat, as this vendor's are. Usage alone says none of this.
    return bool(body.get("message") and (body.get("type") or body.get("code") or body.get("object") == "error"))


def _is_failed_choice(choice: object) -> bool:
    if not is_object(choice):
        return False
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason.lower() == "error":
        return True
    return "error" in choice and _has_value(choice["error"]) and not _is_success(choice["error"])


def _has_answer(body: dict[str, object]) -> bool:
    return bool(body.get("choices") or body.get("usage"))


def _is_success(error: object) -> bool:
    """Return whether an error's object says by its code that nothing went wrong."""
    return is_object(error) and is_success_code(error.get("code"))


def is_success_code(code: object) -> bool:
    """Return whether a code says that nothing went wrong."""
    if isinstance(code, str):
        return code.lower() in SUCCESS_CODES
    return isinstance(code, int | float) and not isinstance(code, bool) and code in SUCCESS_CODES


def _has_value(error: object) -> bool:
    """Return whether an error says anything. Some servers send an object of nulls with every response."""
    try:
        if is_object(error):
            return any(map(_has_value, error.values()))
        return any(map(_has_value, error)) if is_array(error) else bool(error)
    except RecursionError:
        return True


def read_error_body(body: object) -> ErrorBody:
    """Read the shapes in use.

    Those of Opper's v2 (flat) and v3 (nested) and of OpenAI, ``{"error": text}``, ``{"detail": ...}``, lists of errors,
    and what other servers were seen to send.
    """
    if is_array(body) and len(body) == 1:
        body = body[0]  # some gateways wrap the object in a list
    if not is_object(body):
        return ErrorBody()
    error = body.get("error") or _error_of_a_choice(body)
    if not error and "title" not in body:  # beside a title, it lists what is wrong with the request: RFC 9457 section 3
        error = _first(body.get("errors"))
    if isinstance(error, str) and error:
        words = _words(body) or _problem(body) or error
        return ErrorBody(words, _type(body), body.get("detail"), _code(body.get("code")))
    said = error if is_object(error) else body
    empty: dict[str, object] = {}
    nested = next((inner for name in _NESTED if is_object(inner := said.get(name))), empty)
    detail = said.get("detail", said.get("details", nested.get("detail")))
    message = _words(said) or _words(nested) or _problem(said) or _text(detail) or _first_message(detail)
    code = _code(said.get("code", nested.get("status_code")))
    # v3 has no `type`: its code is the name of the error.
    kind = _type(said) or (code if isinstance(code, str) and not code.isdigit() else None)
    return ErrorBody(message, kind, detail, code, _text(said.get("param")))


def _words(said: dict[str, object]) -> str | None:
    texts = (_text(said.get(name)) for name in _MESSAGES)
    return next((text for text in texts if text and text.lower().rstrip(".!") not in _SUCCESS_WORDS), None)


def _type(said: dict[str, object]) -> str | None:
    kind = _text(said.get("type"))
    return None if kind == _NO_TYPE else kind


def _problem(said: dict[str, object]) -> str | None:
    """Return the title of a problem (RFC 9457) or of a JSON:API error, and its detail or the first of its errors."""
    title, detail = _text(said.get("title")), said.get("detail")
    if title is None:
        return None
    if not detail:
        errors = said.get("errors")
        detail = None if is_object(errors) else _first(errors)
        if is_object(errors):  # by name, as of ASP.NET
            for name, problems in list(errors.items())[:1]:
                text = _text(_first(problems)) or _text(problems)
                detail = f"{name}: {text}" if text and name else text
        elif is_object(detail):
            place, text = _text(detail.get("pointer")), _text(detail.get("detail")) or _words(detail)
            detail = f"{place}: {text}" if text and place else text
    reason = _text(detail)
    return f"{title.rstrip('.:')}: {reason}" if reason and reason != title else title


def _first(errors: object) -> object:
    return errors[0] if is_array(errors) and errors else None


def with_place(said: ErrorBody) -> str | None:
    """The message, and the first of the places that a validation error lists, where the message names none."""
    place = _first_message(said.detail)
    if said.message and place and place not in said.message:
        return f"{said.message.rstrip('.')}: {place}"
    return said.message


def _error_of_a_choice(body: dict[str, object]) -> object:
    """Some gateways tell an error inside the choice that it struck."""
    choices = body.get("choices")
    errors = [choice.get("error") for choice in choices if is_object(choice)] if is_array(choices) else []
    return next((error for error in errors if error), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _code(value: object) -> str | int | None:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _first_message(detail: object) -> str | None:
    """The first of the places that a validation error lists: ``{loc, msg, type, input}``."""
    first = detail[0] if is_array(detail) and detail else None
    if not is_object(first):
        return None
    message, place = _text(first.get("msg")), first.get("loc")
    where = ".".join(map(str, place)) if is_array(place) else ""
    return f"{where}: {message}" if message and where else message
