"""What must not stand in a file: keys and account names, in whatever form they are written. Values only.

What is found out about one exchange is taken out of all of them.
"""

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

SCRUBBED = "***"

_SHORTEST = 8
"""Whatever is shorter is taken out of its own place only: as text it may well stand for something else."""

_ACCOUNT_WORDS = {
    "account", "customer", "org", "organisation", "organization", "project", "sig", "tenant", "workspace",
}  # fmt: skip
"""Words in the name of a header or query parameter that says whose account is used. Its value is not recorded. Only a
value with a digit in it is taken for an id, which is removed from all texts: others may be ordinary words."""

_ACCOUNT = re.compile(
    "(?:account|customer|org|organi[sz]ation|project|session|tenant|user|workspace)id"
    "|^x(?:account|customer|organi[sz]ation|project|tenant|user|workspace)"
)
"""The same in normalized names, which have no separators."""

_MEDIA = {"accept", "contenttype"}
"""Headers of a model whose value has its meaning elsewhere too."""

_SHOWN = {"idempotency-key"}

_NUMBERED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")


def is_private(name: str) -> bool:
    """Return whether a header or query parameter of this name holds a credential or names an account."""
    if name.lower() in _SHOWN:
        return False
    words = re.split("[^a-z0-9]+", name.lower())
    return is_credential(name) or not _ACCOUNT_WORDS.isdisjoint(words) or bool(_ACCOUNT.search(normalize_name(name)))


def is_credential(name: str) -> bool:
    """Return whether a header or query parameter of this name holds a credential."""
    return has_secret_word(name) or is_secret_property(name)


class Secrets:
    """The secrets known so far.

    Args:
        headers: further names of headers whose value is one.
        find: says of a text which parts of it are more of them.
    """

    def __init__(self, headers: Iterable[str], find: Callable[[str], Iterable[str]] | None) -> None:
        self._headers = {name.lower() for name in headers}
        self._find = find
        self._known: set[str] = set()
        self._all: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        for variable in KEY_VARIABLES:
            self._learn(os.environ.get(variable, "").strip())

    def hides(self, name: str) -> bool:
        """Whether the value of this header is a secret."""
        return is_private(name) or name.lower() in self._headers

    def learn_headers(self, fields: Iterable[tuple[str, str]]) -> None:
        """Take in the secrets among the headers of a request or an answer."""
        for name, value in fields:
            if self.hides(name):
                is_sure = is_credential(name) or name.lower() in self._headers
                for word in _credentials(name.lower(), value):
                    if is_sure or re.search(r"\d", word):
                        self._learn(word)

    def learn_query(self, query: str) -> None:
        """Take in the secrets among the parameters of a query."""
        for name, value in parse_qsl(query):
            if is_private(name):
                self._learn(value)

    def learn_value(self, name: str, value: str, *, sure: bool) -> None:
        """Take in what a member of some JSON has, unless it may be a word as any other and `sure` is not set."""
        if normalize_name(name) not in _MEDIA:
            for word in (value, *_credentials(name.lower(), value)):
                if sure or re.search(r"\d", word):
                    self._learn(word)

    def learn_content(self, content: bytes) -> None:
        """Take in what the caller's own function finds."""
        if self._find is not None:
            # JSON may write a letter as its number; whoever looks for words looks for letters.
            text = _NUMBERED.sub(lambda found: json.loads(f'"{found[0]}"'), content.decode("utf-8", "replace"))
            for word in self._find(text):
                self._learn(word, shortest=1)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in a text a secret stands, in any form, and where it begins and the text ends in it."""
        if not self._known:
            return
        if self._pattern is None:
            # Of two that begin alike the longer one is tried first.
            self._all = sorted({form for secret in self._known for form in _forms(secret)}, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, self._all)))
        end = 0
        for found in self._pattern.finditer(text):
            end = found.end()
            yield found.span()
        # An answer that is cut may be cut there.
        rest = text[max(end, len(text) - len(self._all[0])) :]
        begun = max((_begun(form, rest) for form in self._all), default=0)
        if begun:
            yield len(text) - begun, len(text)

    def without(self, text: str) -> str:
        """Return a text without secrets."""
        parts: list[str] = []
        end = 0
        for start, stop in self.spans(text):
            parts += [text[end:start], SCRUBBED]
            end = stop
        return "".join([*parts, text[end:]]) if parts else text

    def query_without(self, query: str) -> str:
        """Return a query without secrets."""
        parts: list[str] = []
        for part in query.split("&"):
            name, equals, value = part.partition("=")
            parts.append(f"{name}={SCRUBBED}" if equals and value and is_private(unquote_plus(name)) else part)
        return self.without("&".join(parts))

    def _learn(self, secret: str, shortest: int = _SHORTEST) -> None:
        if len(secret) >= shortest and secret not in self._known and secret != SCRUBBED:
            self._known.add(secret)
            self._pattern = None


def _credentials(name: str, value: str) -> Iterator[str]:
    """The words of a header that are secrets."""
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


def _begun(form: str, rest: str) -> int:
    """How many letters of a secret a text ends with, if they are enough to be no chance."""
    if form[:_SHORTEST] not in rest:
        return 0
    lengths = range(min(len(form) - 1, len(rest)), _SHORTEST - 1, -1)
    return next((length for length in lengths if rest.endswith(form[:length])), 0)


def _forms(secret: str) -> Iterator[str]:
    """How a secret is written: as it is, in JSON, in an address, in hex, and inside whatever is written in base64."""
    yield secret
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (text, text.replace("/", "\\/"))
    raw = secret.encode("utf-8", "surrogatepass")
    for text in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        yield from (text, re.sub("%..", lambda found: found[0].lower(), text))
    letters = raw.decode("latin-1")
    yield letters  # bodies are looked through byte by byte
    if len(raw) < _SHORTEST:
        return
    yield from (secret.upper(), secret.lower(), raw.hex(), raw.hex().upper())
    # What need not be escaped may be: everything, or everything but letters and digits.
    for written in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}"):
        for kept in ("", ascii_letters + digits):
            yield "".join([one if one in kept else written.format(ord(one)) for one in letters])
    # Three bytes make four letters, so there are three ways to stand in a longer text. The letters at both ends
    # hold bits of what is beside it.
    for before in range(3):
        coded = b64encode(bytes(before) + raw).decode()
        inner = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
