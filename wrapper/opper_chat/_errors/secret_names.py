"""The names by which a value is secret: one list of words for errors, logs, arguments and cassettes.

A function for each kind of name. It is the stricter the more often such a name means something else.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SECRET_WORDS = {
    "apikey": "", "auth": "^", "authorization": "", "bearer": "", "cookie": "", "credential": "", "credentials": "",
    "jwt": "^", "key": "access|account|api|auth|master|private|secret|signing|subscription", "passphrase": "",
    "passwd": "", "password": "", "pwd": "^", "secret": "", "session": None, "signature": None,
    "token": "access|api|auth|bearer|client|id|refresh|security|session|^x?",
}  # fmt: skip
"""The words in the names of secret values, also in the plural. The exception is ``tokens``: ``max_tokens`` counts them.

The value is the pattern that has to match before the word in the name of a JSON property, or None if such a property is
not secret. Properties of applications have names such as ``key``, ``prompt_cache_key`` and ``next_token``."""

_SECRET_WORD = re.compile(
    "|".join(word for word in _SECRET_WORDS if word != "token") + "|token(?!s(?![a-z]))", re.IGNORECASE
)
_WHOLE_WORDS = frozenset([*_SECRET_WORDS, *(f"{word}s" for word in _SECRET_WORDS if word != "token"), "cookie2"])
_SECRET_PROPERTY = re.compile(
    "|".join(f"(?:{before}){word}$" for word, before in _SECRET_WORDS.items() if before is not None)
)


@lru_cache(512)
def is_secret_header(name: str) -> bool:
    """Return whether the value of a header or query parameter may be secret: a secret word is anywhere in its name.

    Idempotency keys are shown: they give access to nothing.
    """
    return _SECRET_WORD.search(name) is not None and name.lower() != "idempotency-key"


@lru_cache(512)
def is_credential_name(name: str) -> bool:
    """Return whether the value of a header or query parameter is a credential: the last word of its name says so.

    It is stricter than `is_secret_header`, because such a value is removed from all that a server sends: the values of
    ``X-Session-Id``, ``X-Auth-Type`` and ``X-Portkey-Provider`` are names that an error needs.
    """
    words = [word for word in _words(name) if word and not word.isdigit()]
    return bool(words) and words[-1] in _WHOLE_WORDS and "idempotency" not in words


def has_secret_word(name: str) -> bool:
    """Return whether one of the words of a name, such as ``X-Api-Key`` or ``apiKey``, is a secret word."""
    return not _WHOLE_WORDS.isdisjoint(_words(name))


def is_secret_argument(name: str) -> bool:
    """Return whether an argument is secret by one of the words of its name. Headers are: they carry credentials."""
    return has_secret_word(name) or not {"header", "headers"}.isdisjoint(_words(name))


def is_secret_property(name: str) -> bool:
    """Return whether a property of a JSON object has a credential as its value, by the end of its name.

    A word that has other meanings counts only together with another one, as in ``api_key``.
    """
    return _SECRET_PROPERTY.search(normalize_name(name)) is not None


@lru_cache(512)
def normalize_name(name: str) -> str:
    """Return a name in lower case and without separators: ``apikey`` for ``API-Key``."""
    return re.sub("[^a-z0-9]+", "", name.lower())


def _words(name: str) -> list[str]:
    return re.split("[^a-z0-9]+", re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
