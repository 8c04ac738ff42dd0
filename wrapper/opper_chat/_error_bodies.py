"""What the body of a failed call says, whatever its shape, and what is taken out of it. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from ._json import is_array, is_object

REMOVED = "[removed]"
"""Stands where a secret was."""

SHORTEST_SECRET = 8
"""How many characters a key has at least that can be told from the words around it."""


class ErrorBody(NamedTuple):
    """What an error's body says, whatever its shape."""

    message: str | None = None
    type: str | None = None
    detail: object = None
    code: str | int | None = None
    param: str | None = None


def is_error_body(body: object) -> bool:
    """Whether a JSON value is an error's body rather than anything else a server may send with status 200."""
    if not is_object(body) or "choices" in body:
        return False
    return bool(body.get("error")) or ("message" in body and "type" in body) or set(body) == {"detail"}


def read_error_body(body: object) -> ErrorBody:
    """Read the shapes in use: Opper's v2 (flat) and v3 (nested), OpenAI's, ``{"error": text}``, ``{"detail": ...}``."""
    if is_array(body) and len(body) == 1:
        body = body[0]  # some gateways wrap the object in a list
    if not is_object(body):
        return ErrorBody()
    error = body.get("error") or _error_of_a_choice(body)
    if isinstance(error, str) and error:
        return ErrorBody(
            _text(body.get("message")) or error, _text(body.get("type")), body.get("detail"), _code(body.get("code"))
        )
    said = error if is_object(error) else body
    detail = said.get("detail", said.get("details"))
    message = _text(said.get("message")) or _text(detail) or _first_message(detail)
    code = _code(said.get("code"))
    # v3 has no `type`: its code is the name of the error.
    kind = _text(said.get("type")) or (code if isinstance(code, str) else None)
    return ErrorBody(message, kind, detail, code, _text(said.get("param")))


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


def without(value: object, secret: str) -> object:
    """Return a JSON value with a secret taken out of its texts and names; the value itself where there is none."""
    try:
        if isinstance(value, str):
            return value.replace(secret, REMOVED) if secret in value else value
        if is_array(value):
            items = [without(item, secret) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        if is_object(value):
            members = {str(without(name, secret)): without(member, secret) for name, member in value.items()}
            return value if all(members.get(name) is member for name, member in value.items()) else members
    except RecursionError:
        return None  # too deep to be looked through
    return value
