"""Error bodies: read the formats in which servers describe an error, and recognize such a body. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from .._json.codec import is_array, is_object

_MESSAGES = (
    "message", "Message", "msg", "error_description", "error_message", "error_msg", "errorMessage", "status_msg",
    "faultstring",
)  # fmt: skip
"""The properties that servers use for the message of an error, those of the documented formats first."""

_NO_TYPE = "about:blank"
"""The type of a problem that adds nothing to its status: RFC 9457 section 4.2.1."""

_SUCCESS_MESSAGES = frozenset({"ok", "success", "successful", "succeeded"})
"""Messages that some servers send with every response."""

_NESTED = ("base_resp", "fault", "message")
"""The properties that have the object of the error where others have ``error``: MiniMax, Apigee, Mistral."""


class ErrorBody(NamedTuple):
    """The fields of an error body of any format. None for those that it does not have."""

    message: str | None = None
    type: str | None = None
    detail: object = None
    code: str | int | None = None
    param: str | None = None


ERROR_PROPERTIES = frozenset(
    {"code", "detail", "details", "error", "error_code", "error_message", "error_msg", "errors", "message", "msg"}
)
"""Properties of an object without choices that stand for an error in every API that is known."""

SUCCESS_CODES = frozenset({0, 200, "0", "200", "ok", "success"})
"""Values of ``code`` that stand for success."""


def is_error(body: object) -> bool:
    """Return whether a body with status 200, or an event of a stream, is an error.

    It is one if it has a known format of an error, or an error next to or inside the choices. An error whose properties
    are all null does not count, nor does a message next to a code of success. A code of success inside an error counts
    only if there are choices or a usage next to it.
    """
    if is_array(body):
        return any(map(is_error, body))
    if not is_object(body):
        return False
    choices = body.get("choices")
    if "error" in body and _has_value(body["error"]) and not (_is_success(body["error"]) and _has_output(body)):
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
    # An empty list of choices can come with a flat error, as this vendor writes them.
    return bool(body.get("message") and (body.get("type") or body.get("code") or body.get("object") == "error"))


def _is_failed_choice(choice: object) -> bool:
    if not is_object(choice):
        return False
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason.lower() == "error":
        return True
    return "error" in choice and _has_value(choice["error"]) and not _is_success(choice["error"])


def _has_output(body: dict[str, object]) -> bool:
    return bool(body.get("choices") or body.get("usage"))


def _is_success(error: object) -> bool:
    """Return whether the object of an error has a code of success."""
    return is_object(error) and is_success_code(error.get("code"))


def is_success_code(code: object) -> bool:
    """Return whether a code means success."""
    if isinstance(code, str):
        return code.lower() in SUCCESS_CODES
    return isinstance(code, int | float) and not isinstance(code, bool) and code in SUCCESS_CODES


def _has_value(error: object) -> bool:
    """Return whether an error has any value. Some servers send an object of nulls with every response."""
    try:
        if is_object(error):
            return any(map(_has_value, error.values()))
        return any(map(_has_value, error)) if is_array(error) else bool(error)
    except RecursionError:
        return True


def read_error_body(body: object) -> ErrorBody:
    """Return the fields of an error body.

    Known formats are those of Opper's v2 (flat) and v3 (nested) and of OpenAI, ``{"error": text}``, ``{"detail":
    ...}``, lists of errors, RFC 9457, JSON:API, and those that other servers were seen to send.
    """
    if is_array(body) and len(body) == 1:
        body = body[0]  # some gateways wrap the object in a list
    if not is_object(body):
        return ErrorBody()
    error = body.get("error") or _error_of_a_choice(body)
    if not error and "title" not in body:  # with a title, it lists what is wrong with the request: RFC 9457 section 3
        error = _first(body.get("errors"))
    if isinstance(error, str) and error:
        return ErrorBody(
            _message(body) or _problem_message(body) or error, _type(body), body.get("detail"), _code(body.get("code"))
        )
    fields = error if is_object(error) else body
    empty: dict[str, object] = {}
    nested = next((inner for name in _NESTED if is_object(inner := fields.get(name))), empty)
    detail = fields.get("detail", fields.get("details", nested.get("detail")))
    message = (
        _message(fields) or _message(nested) or _problem_message(fields) or _text(detail) or _first_message(detail)
    )
    code = _code(fields.get("code", nested.get("status_code")))
    # v3 has no `type`: its code is the name of the error.
    kind = _type(fields) or (code if isinstance(code, str) and not code.isdigit() else None)
    return ErrorBody(message, kind, detail, code, _text(fields.get("param")))


def _message(fields: dict[str, object]) -> str | None:
    texts = (_text(fields.get(name)) for name in _MESSAGES)
    return next((text for text in texts if text and text.lower().rstrip(".!") not in _SUCCESS_MESSAGES), None)


def _type(fields: dict[str, object]) -> str | None:
    kind = _text(fields.get("type"))
    return None if kind == _NO_TYPE else kind


def _problem_message(problem: dict[str, object]) -> str | None:
    """Return the title of a problem (RFC 9457) or a JSON:API error, with its detail or the first of its errors."""
    title, detail = _text(problem.get("title")), problem.get("detail")
    if title is None:
        return None
    if not detail:
        errors = problem.get("errors")
        detail = None if is_object(errors) else _first(errors)
        if is_object(errors):  # by name, as of ASP.NET
            for name, problems in list(errors.items())[:1]:
                text = _text(_first(problems)) or _text(problems)
                detail = f"{name}: {text}" if text and name else text
        elif is_object(detail):
            path, text = _text(detail.get("pointer")), _text(detail.get("detail")) or _message(detail)
            detail = f"{path}: {text}" if text and path else text
    reason = _text(detail)
    return f"{title.rstrip('.:')}: {reason}" if reason and reason != title else title


def _first(errors: object) -> object:
    return errors[0] if is_array(errors) and errors else None


def message_with_path(body: ErrorBody) -> str | None:
    """Return the message, with the first entry of the list of a validation error unless the message has it."""
    first = _first_message(body.detail)
    if body.message and first and first not in body.message:
        return f"{body.message.rstrip('.')}: {first}"
    return body.message


def _error_of_a_choice(body: dict[str, object]) -> object:
    """Return the first error of a choice. Some gateways put the error there."""
    choices = body.get("choices")
    errors = [choice.get("error") for choice in choices if is_object(choice)] if is_array(choices) else []
    return next((error for error in errors if error), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _code(value: object) -> str | int | None:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _first_message(detail: object) -> str | None:
    """Return the first entry of the list of a validation error, which has the form ``{loc, msg, type, input}``."""
    first = detail[0] if is_array(detail) and detail else None
    if not is_object(first):
        return None
    message, location = _text(first.get("msg")), first.get("loc")
    path = ".".join(map(str, location)) if is_array(location) else ""
    return f"{path}: {message}" if message and path else message
