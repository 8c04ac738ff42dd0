"""The headers of a response as a dict that ignores case. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class ResponseHeaders(dict[str, str]):
    """Headers by name. Upper and lower case are the same in names (RFC 9110 section 5.1).

    It is a dict, so that errors and completions can be pickled and compared.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        super().__init__({name.lower(): value for name, value in (headers or {}).items()})

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]]) -> ResponseHeaders:
        """Return headers that were received. Several of one name are joined (RFC 9110 section 5.3)."""
        headers = cls.__new__(cls)  # three times as fast as with a mapping
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
        """Return the value of a header, or the default."""
        return super().get(key.lower(), default)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the request id from the headers of a response. Opper documents none. Other servers use these."""
    for name in ("x-request-id", "request-id", "x-opper-request-id", "apim-request-id", "x-litellm-call-id", "cf-ray"):
        if value := headers.get(name):
            return value
    return None
