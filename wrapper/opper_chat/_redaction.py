"""Removing secrets from texts that are shown: the key, and the password of a proxy. No I/O.

A server may repeat a key in an error or a header, also in other capitals or with the escapes of JSON, HTML or a URL.
Other encodings, such as Base64, are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ._json import is_array, is_object

REMOVED = "[removed]"
"""Stands where a secret was."""

SHORTEST_SECRET = 8
"""The fewest characters of a secret that is removed: a shorter one cannot be told from ordinary words."""

_UNESCAPED = re.compile(r"[A-Za-z0-9._~-]*")
"""Texts that no encoding changes (RFC 3986 section 2.3), as nearly all keys are."""


def spellings(secret: str) -> tuple[str, ...]:
    """Return the forms, in lower case, in which a server may repeat a secret; none if the secret is too short."""
    if len(secret) < SHORTEST_SECRET:
        return ()
    if _UNESCAPED.fullmatch(secret):
        return (secret.lower(),)
    import json
    from html import escape
    from urllib.parse import quote

    text = json.dumps(secret)[1:-1]
    forms = (secret, text, text.replace("/", "\\/"), quote(secret), quote(secret, safe=""), escape(secret))
    return tuple(dict.fromkeys(form.lower() for form in forms))


def redact(text: str, forms: Iterable[str]) -> str:
    """Return a text without a secret, of which the forms are those of `spellings`."""
    lowered = text.lower()
    for form in forms:
        if form in lowered:
            text = re.sub(re.escape(form), REMOVED, text, flags=re.IGNORECASE)
    return text


def redact_bytes(data: bytes, forms: Iterable[str]) -> bytes:
    """Return bytes without a secret, of which the forms are those of `spellings`."""
    lowered = data.lower()
    for form in (form.encode() for form in forms):
        if form in lowered:
            data = re.sub(re.escape(form), REMOVED.encode(), data, flags=re.IGNORECASE)
    return data


def redact_json(value: object, forms: Iterable[str]) -> object:
    """Return a JSON value without a secret in its texts and names; the same object if there is none."""
    try:
        if isinstance(value, str):
            shown = redact(value, forms)
            return value if shown == value else shown
        if is_array(value):
            items = [redact_json(item, forms) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        if is_object(value):
            members = {redact(name, forms): redact_json(member, forms) for name, member in value.items()}
            return value if all(members.get(name) is member for name, member in value.items()) else members
    except RecursionError:
        return None  # too deep to be looked through
    return value
