"""Collect secrets, such as keys and account names, and remove them from texts in all their encodings. No I/O."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from string import ascii_letters, digits
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus

from ..._config.environment import KEY_VARIABLES
from ..._errors.secret_names import has_secret_word, is_secret_property, normalize_name

REPLACEMENT = "***"

_MIN_LENGTH = 8
"""The least length of a value that is removed from all texts. A shorter one may be an ordinary word."""

_ACCOUNT_WORDS = {
    "account", "customer", "org", "organisation", "organization", "project", "sig", "tenant", "workspace",
}  # fmt: skip
"""Words in the name of a header or query parameter that names the account. Its value is not recorded. Only a
value with a digit in it counts as an id, which is removed from all texts: others may be ordinary words."""

_ACCOUNT = re.compile(
    "(?:account|customer|org|organi[sz]ation|project|session|tenant|user|workspace)id"
    "|^x(?:account|customer|organi[sz]ation|project|tenant|user|workspace)"
)
"""The same in normalized names, which have no separators."""

_MEDIA_HEADERS = {"accept", "contenttype"}
"""Headers of a model whose values are not secret."""

_PUBLIC = {"idempotency-key"}

_NUMBERED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")


def is_private(name: str) -> bool:
    """Return whether a header or query parameter of this name holds a credential or names an account."""
    if name.lower() in _PUBLIC:
        return False
    words = re.split("[^a-z0-9]+", name.lower())
    return is_credential(name) or not _ACCOUNT_WORDS.isdisjoint(words) or bool(_ACCOUNT.search(normalize_name(name)))


def is_credential(name: str) -> bool:
    """Return whether a header or query parameter of this name holds a credential."""
    return has_secret_word(name) or is_secret_property(name)


class KnownSecrets:
    """The secrets that are known so far.

    Args:
        headers: Further names of headers whose values are secret.
        find: A function that gets a text and returns further secrets in it.
    """

    def __init__(self, headers: Iterable[str], find: Callable[[str], Iterable[str]] | None) -> None:
        self._headers = {name.lower() for name in headers}
        self._find = find
        self._known: set[str] = set()
        self._patterns: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        for variable in KEY_VARIABLES:
            self._learn(os.environ.get(variable, "").strip())

    def is_private_header(self, name: str) -> bool:
        """Return whether the value of a header is not recorded."""
        return is_private(name) or name.lower() in self._headers

    def learn_headers(self, fields: Iterable[tuple[str, str]]) -> None:
        """Learn the secrets in the headers of a request or a response."""
        for name, value in fields:
            if self.is_private_header(name):
                is_sure = is_credential(name) or name.lower() in self._headers
                for word in _header_secrets(name.lower(), value):
                    if is_sure or re.search(r"\d", word):
                        self._learn(word)

    def learn_query(self, query: str) -> None:
        """Learn the secrets in a query."""
        for name, value in parse_qsl(query):
            if is_private(name):
                self._learn(value)

    def learn_value(self, name: str, value: str, *, sure: bool) -> None:
        """Learn the value of a secret property.

        Args:
            name: The name of the property.
            value: Its value.
            sure: Whether it is secret even if it looks like an ordinary word, without a digit.
        """
        if normalize_name(name) not in _MEDIA_HEADERS:
            for word in (value, *_header_secrets(name.lower(), value)):
                if sure or re.search(r"\d", word):
                    self._learn(word)

    def learn_content(self, content: bytes) -> None:
        """Learn the secrets that the function of the user finds."""
        if self._find is not None:
            # JSON may escape any character. The function looks for the characters themselves.
            text = _NUMBERED.sub(lambda found: json.loads(f'"{found[0]}"'), content.decode("utf-8", "replace"))
            for word in self._find(text):
                self._learn(word, min_length=1)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of secrets in a text, in any encoding, and of the start of one at the end of the text."""
        if not self._known:
            return
        if self._pattern is None:
            # The longest first, because some are prefixes of others.
            self._patterns = sorted(
                {form for secret in self._known for form in _encodings(secret)}, key=len, reverse=True
            )
            self._pattern = re.compile("|".join(map(re.escape, self._patterns)))
        end = 0
        for found in self._pattern.finditer(text):
            end = found.end()
            yield found.span()
        # A response may be cut in the middle of a secret.
        rest = text[max(end, len(text) - len(self._patterns[0])) :]
        begun = max((_partial_length(form, rest) for form in self._patterns), default=0)
        if begun:
            yield len(text) - begun, len(text)

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        parts: list[str] = []
        end = 0
        for start, stop in self.spans(text):
            parts += [text[end:start], REPLACEMENT]
            end = stop
        return "".join([*parts, text[end:]]) if parts else text

    def redact_query(self, query: str) -> str:
        """Return a query without secrets."""
        parts: list[str] = []
        for part in query.split("&"):
            name, equals, value = part.partition("=")
            parts.append(f"{name}={REPLACEMENT}" if equals and value and is_private(unquote_plus(name)) else part)
        return self.redact("&".join(parts))

    def _learn(self, secret: str, min_length: int = _MIN_LENGTH) -> None:
        if len(secret) >= min_length and secret not in self._known and secret != REPLACEMENT:
            self._known.add(secret)
            self._pattern = None


def _header_secrets(name: str, value: str) -> Iterator[str]:
    """Yield the secrets in the value of a header."""
    if "cookie" in name:
        for part in value.split(";"):
            yield part.partition("=")[2].strip()
        return
    scheme, _, rest = value.strip().partition(" ")
    credentials = rest.strip() or scheme
    yield credentials
    if rest and scheme.lower() == "basic":
        try:
            user, _, password = b64decode(credentials).decode().partition(":")
        except ValueError:
            return
        yield password or user


def _partial_length(form: str, rest: str) -> int:
    """Return how many characters of the start of a secret a text ends with, or 0 if fewer than `_MIN_LENGTH`."""
    if form[:_MIN_LENGTH] not in rest:
        return 0
    lengths = range(min(len(form) - 1, len(rest)), _MIN_LENGTH - 1, -1)
    return next((length for length in lengths if rest.endswith(form[:length])), 0)


def _encodings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and escaped in JSON, percent-encoded, in hex and inside of base64."""
    yield secret
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (text, text.replace("/", "\\/"))
    raw = secret.encode("utf-8", "surrogatepass")
    for text in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        yield from (text, re.sub("%..", lambda found: found[0].lower(), text))
    letters = raw.decode("latin-1")
    yield letters  # bodies are searched as Latin-1
    if len(raw) < _MIN_LENGTH:
        return
    yield from (secret.upper(), secret.lower(), raw.hex(), raw.hex().upper())
    # Characters that need no escape may have one: all, or all except letters and digits.
    for written in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}"):
        for kept in ("", ascii_letters + digits):
            yield "".join([one if one in kept else written.format(ord(one)) for one in letters])
    # Base64 makes four characters of three bytes, so a secret has three encodings inside of a longer text. Its first
    # and last characters are left out, because they share bits with the bytes next to it.
    for before in range(3):
        coded = b64encode(bytes(before) + raw).decode()
        inner = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
