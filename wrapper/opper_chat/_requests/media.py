"""Read images, audio and files for content parts: their media type, and their content in base64.

The first bytes decide about the media type before the name does: names can be wrong, and servers look at the bytes.
Reads local files only. It never fetches a URL.
"""

from __future__ import annotations

import os
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TypeAlias, TypeGuard, cast

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._validation.arguments import check_count
from .media_types import (
    CERTAIN,
    SIGNED,
    can_be,
    describe_content,
    detect_type,
    is_text,
    registered_name,
    type_of_name,
)


class SupportsRead(Protocol):
    """A file that is open in binary mode."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most this many bytes, or all of them if the size is negative."""
        ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | SupportsRead
"""The source of content: a URL (``https://...``) or a data URL as a string; a `pathlib.Path` for a local file; bytes;
or a file that is open in binary mode."""

MAX_BYTES = 20 * 1024 * 1024
"""The default of the largest size: 20 MiB, which the model providers accept."""

_ZIP_BASED_TYPES = ("application/vnd.", "application/epub+zip", "application/java-archive")
"""Prefixes of types whose files are zip files, such as those of office programs."""

_PDF_HEADER_WITHIN = 1024
"""Readers accept a PDF header within this many bytes: Adobe's supplement to ISO 32000, implementation note 13."""

_URL = re.compile("https?://", re.IGNORECASE)  # the schemes that servers fetch
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")  # RFC 6838 section 4.2


class MediaContent(NamedTuple):
    """Content as it is sent."""

    media_type: str
    data: str
    """In base64 (RFC 4648 section 4)."""
    name: str | None
    """The name of the file, or None."""

    @property
    def url(self) -> str:
        """The content as a data URL (RFC 2397)."""
        return f"data:{self.media_type};base64,{self.data}"


class MediaReader(NamedTuple):
    """Reads sources for one kind of part."""

    function: str
    """The function that was called, for error messages."""
    accepted: tuple[str, ...] | None
    """The media types that are accepted, or None for all."""
    media_type: object
    """The media type that the caller declares, or None."""
    max_bytes: int | None
    """The largest size in bytes, or None for no limit."""

    def read(self, source: object) -> MediaContent | str:
        """Return the content of a source, or the source itself if it is a URL.

        A source of another type is refused, and content that is empty, too large or not accepted.
        """
        if self.max_bytes is not None:
            check_count(self.max_bytes, self._argument("max_bytes"))
        if isinstance(source, str):
            if source[:5].lower() == "data:":
                return self._read_data_url(source)
            if _URL.match(source):
                return source
            raise self.refuse("the address of a file on the web or a data URL", describe(source), _text_hint(source))
        name: str | None = None
        if _is_bytes(source):
            data = bytes(source)
        elif isinstance(source, os.PathLike):
            path = Path(cast("os.PathLike[str]", source))
            name = path.name
            if self.max_bytes is not None and path.is_file():
                self._check_size(path.stat().st_size)
            with path.open("rb") as file:
                data = self._read_all(file.read)
        elif _is_file(source):
            path_name = getattr(source, "name", None)
            name = Path(path_name).name if isinstance(path_name, str) else None
            if getattr(source, "closed", False) is True:
                raise self.refuse("a file that is open", "one that is closed")
            data = self._read_all(source.read)
        else:
            kinds = "an address, a data URL, a pathlib.Path, bytes or a file that is open in binary"
            raise self.refuse(kinds, describe(source))
        self._check_size(len(data))
        media_type = self._type_of(data, self._declared_type(), name)
        return MediaContent(media_type, b2a_base64(data, newline=False).decode("ascii"), name)

    def refuse(self, expected: str, received: str, hint: str = "") -> InvalidArgumentError:
        """Return the error for a source that is not accepted."""
        return InvalidArgumentError(self._argument("source"), expected, received, hint)

    def _argument(self, name: str) -> str:
        return f"{self.function}({name})"

    def _read_all(self, read: Callable[[int], object]) -> bytes:
        """Read to the end, or until the size is over the limit."""
        remaining = float("inf") if self.max_bytes is None else self.max_bytes + 1
        chunks: list[bytes] = []
        while remaining > 0:
            chunk = read(int(min(remaining, 1 << 20)))  # a pipe or a socket can return less
            if not isinstance(chunk, bytes | bytearray):
                getattr(chunk, "close", lambda: None)()  # Python would warn of a coroutine that nothing awaits
                hint = "Open it with 'rb'; of an async file, give the bytes: await file.read()."
                raise self.refuse("a file that gives bytes", f"one whose read() gives {type(chunk).__name__}", hint)
            if not chunk:
                break
            chunks.append(bytes(chunk))
            remaining -= len(chunks[-1])
        return b"".join(chunks)

    def _check_size(self, size: int) -> None:
        if not size:
            raise self.refuse("content", "none: it is empty", "A file that was read before is at its end.")
        if self.max_bytes is not None and size > self.max_bytes:
            hint = "max_bytes=... allows more, where the server takes it."
            received = f"{size:,}" if size != self.max_bytes + 1 else f"more than {self.max_bytes:,}"
            raise self.refuse(f"at most {self.max_bytes:,} bytes", received, hint)

    def _read_data_url(self, url: str) -> MediaContent:
        head, comma, data = url[5:].partition(",")
        media_type, *parameters = [part.strip() for part in head.split(";")]
        if not comma or "base64" not in map(str.lower, parameters):
            raise self.refuse("a data URL in base64: data:image/png;base64,...", describe(url))
        data = "".join(data.split())  # line breaks
        try:
            decoded = a2b_base64(data, strict_mode=True)
        except ValueError as error:
            raise self.refuse("base64 in the data URL", f"{describe(url)}: {error}") from None
        self._check_size(len(decoded))
        declared = self._declared_type() or registered_name(media_type) or None
        return MediaContent(self._type_of(decoded, declared, None), data, None)

    def _declared_type(self) -> str | None:
        """Return the argument ``media_type`` as a registered name, or None. Raise an error if it is no media type."""
        if self.media_type is None:
            return None
        if not isinstance(self.media_type, str) or not _MEDIA_TYPE.match(self.media_type.lower()):
            argument = self._argument("media_type")
            raise InvalidArgumentError(argument, "a media type such as 'image/png'", describe(self.media_type))
        return registered_name(self.media_type)

    def _type_of(self, data: bytes, declared: str | None, name: str | None) -> str:
        """Return the media type of content: the declared one if the first bytes agree, that of these, or of the name.

        It is refused if these contradict one another, or if the type is unknown or not accepted.
        """
        detected = detect_type(data)
        received = describe_content(data) + (f" ({name})" if name else "")
        found = self._check_declared(declared, detected)
        if detected is None and found is not None and not can_be(found, data):
            raise self.refuse(f"{found}, as it is declared", received)
        # The files of office programs are zip files. Only their name shows what they are.
        if found is None or found == "application/zip":
            named = type_of_name(name)
            if found is None or (named is not None and named.startswith(_ZIP_BASED_TYPES)):
                if named in CERTAIN and detected is None:
                    named = self._check_named(named, data, received)
                found = named or detected
        if found is None and self.accepted is None and is_text(data):
            found = "text/plain"
        return self._check_accepted(found, received)

    def _check_declared(self, declared: str | None, detected: str | None) -> str | None:
        """Return the declared type, or else the detected one."""
        if detected is None or declared in (None, detected, "application/octet-stream"):
            return declared or detected
        if CERTAIN.isdisjoint((declared, detected)):
            return declared
        hint = "Leave media_type out, or the type of the data URL: the first bytes tell it."
        raise self.refuse(f"{declared}, as it is declared", f"{detected} by its first bytes", hint)

    def _check_named(self, named: str | None, data: bytes, received: str) -> str | None:
        """Return the type of a name if content without a signature can have it: a PDF, whose header can be later."""
        if named == "application/pdf" and can_be(named, data) and b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
            return named
        if self.accepted is not None:
            return None
        raise self.refuse(f"{named}, as its name suggests", received, "media_type=... declares what it is.")

    def _check_accepted(self, found: str | None, received: str) -> str:
        if found is None or (self.accepted is not None and found not in self.accepted):
            expected = "a known media type" if self.accepted is None else f"one of {', '.join(self.accepted)}"
            can_be_declared = self.accepted is None or not SIGNED.issuperset(self.accepted)
            hint = "media_type=... declares what it is." if found is None and can_be_declared else ""
            raise self.refuse(expected, found or received, hint)
        return found


def _text_hint(text: str) -> str:
    """Return what to do about a string that is neither a URL nor a data URL."""
    # The first bytes show the type. base64 has four characters for three bytes, so whole groups are decoded.
    start = "".join(text[:200].split())[:64]
    try:
        detected = detect_type(a2b_base64(start[: len(start) // 4 * 4], strict_mode=True))
    except ValueError:  # not base64, or not ASCII
        detected = None
    if detected is None:
        return "For a file on this machine, use Path(...)."
    return f"It is base64. Give a data URL, 'data:{detected};base64,...', or the decoded bytes."


def _is_bytes(source: object) -> TypeGuard[bytes | bytearray]:
    return isinstance(source, bytes | bytearray | memoryview)


def _is_file(source: object) -> TypeGuard[SupportsRead]:
    return callable(getattr(source, "read", None))
