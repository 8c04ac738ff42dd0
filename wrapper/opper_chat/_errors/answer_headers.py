"""The headers of an answer, found by their names however these are written. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class AnswerHeaders(dict[str, str]):
    """Headers by their names in lower case; RFC 9110 section 5.1: upper and lower case are the same in them.

    A dict, so that errors and completions can be pickled and their headers compared.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        super().__init__({name.lower(): value for name, value in (headers or {}).items()})

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]]) -> AnswerHeaders:
        """Return headers as they came. Those of one name are one (RFC 9110 section 5.3)."""
        headers = cls.__new__(cls)  # empty, and three times as fast as by way of a mapping
        try:
            texts = [(name.decode("ascii").lower(), value.decode("utf-8")) for name, value in pairs]
        except UnicodeDecodeError:
            texts = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs]
        headers.update(texts)
        if len(headers) == len(texts):
            return headers
        headers.clear()
        for name, value in texts:
            before = headers.get(name)
            headers[name] = value if before is None else f"{before}, {value}"
        return headers

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    @overload
    def get(self, key: str, default: None = None, /) -> str | None: ...

    @overload
    def get(self, key: str, default: str, /) -> str: ...

    @overload
    def get(self, key: str, default: T, /) -> str | T: ...

    def get(self, key: str, default: object = None, /) -> object:
        """Return the header of a name, or the default."""
        return super().get(key.lower(), default)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id of a request from its answer's headers. Opper documents none; these are in use elsewhere."""
    for name in ("x-request-id", "request-id", "x-opper-request-id", "apim-request-id", "x-litellm-call-id", "cf-ray"):
        if value := headers.get(name):
            return value
    return None
