"""Pictures, sound and files → their media type and their base64 text. Reads files, knows no HTTP library.

What something is is told by its first bytes and only then by its name: names lie, and servers look at the bytes.
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
from .._validation.numbers import check_count


class SupportsRead(Protocol):
    """A file that is open for reading bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most this many bytes, or all of them if the size is negative."""
        ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | SupportsRead
"""Where content is: a text is an address (``https://...``) or a data URL, a `pathlib.Path` a file; or the bytes
themselves, or a file that is open for reading bytes."""

MAX_BYTES = 20 * 1024 * 1024
"""The largest content that is sent unless one says otherwise: 20 MiB, which the vendors of models take."""

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""The pictures that the models' vendors document: https://platform.openai.com/docs/guides/images-vision."""

SOUNDS = {"audio/wav": "wav", "audio/mpeg": "mp3"}
"""Media types of sound, and the contract's words for them."""

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
    # What is refused where only the ones above will do is better called by its name.
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"PK\x03\x04", "application/zip"),
)
"""Place, first bytes and media type: https://mimesniff.spec.whatwg.org, section 6, and the formats' own documents."""

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
}
"""Names in use for media types, and the registered ones (RFC 2361, RFC 3003)."""

_IN_ZIPS = ("application/vnd.", "application/epub+zip", "application/java-archive")

_TELLING = frozenset({*IMAGES, *SOUNDS, "application/pdf"})
"""Kinds that no other shares its first bytes with: one of them cannot be said to be another, nor another to be it."""

_SIGNED = frozenset({*IMAGES, "audio/wav"})
"""Kinds whose content always begins as above, so that nothing else is one of them, whatever it is said to be."""

_PDF_HEADER_WITHIN = 1024
"""Readers find the header of a PDF in this many bytes: Adobe's supplement to ISO 32000, implementation note 13."""

_ADDRESS = re.compile("https?://", re.IGNORECASE)  # servers fetch from no other
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")  # RFC 6838 section 4.2


class Content(NamedTuple):
    """What is sent of a source: the content in base64."""

    media_type: str
    data: str
    """In base64 (RFC 4648 section 4)."""
    name: str | None
    """Of the file, where it has one."""

    @property
    def url(self) -> str:
        """The content as a data URL (RFC 2397)."""
        return f"data:{self.media_type};base64,{self.data}"


class Reading(NamedTuple):
    """How sources of one function are read.

    Attributes:
        function: the function, as errors name it.
        accepted: the media types that may be sent, or None where all may.
        media_type: what the caller says that it is, or None.
        max_bytes: how many bytes it may have, or None for any number.
    """

    function: str
    accepted: tuple[str, ...] | None
    media_type: str | None
    max_bytes: int | None

    def read(self, source: object) -> Content | str:
        """Return the content of a source, or its address.

        Raises:
            InvalidArgumentError: it is none, is empty, is too large, or is of a kind that is not accepted.
            OSError: the file cannot be read.
        """
        if self.max_bytes is not None:
            check_count(self.max_bytes, self._argument("max_bytes"))
        if isinstance(source, str):
            if source[:5].lower() == "data:":
                return self._data_url(source)
            if _ADDRESS.match(source):
                return source
            raise self.refuse(
                "the address of a file on the web or a data URL",
                describe(source),
                _text_hint(source),
            )
        name: str | None = None
        if _is_bytes(source):
            data = bytes(source)
        elif isinstance(source, os.PathLike):
            path = Path(cast("os.PathLike[str]", source))
            name = path.name
            if self.max_bytes is not None and path.is_file():
                self._check_size(path.stat().st_size)
            with path.open("rb") as file:
                data = self._drained(file.read)
        elif _is_file(source):
            said = getattr(source, "name", None)
            name = Path(said).name if isinstance(said, str) else None
            if getattr(source, "closed", False) is True:
                raise self.refuse("a file that is open", "one that is closed")
            data = self._drained(source.read)
        else:
            kinds = "an address, a data URL, a pathlib.Path, bytes or a file that is open in binary"
            raise self.refuse(kinds, describe(source))
        self._check_size(len(data))
        return Content(self._kind(data, self._said(), name), b2a_base64(data, newline=False).decode("ascii"), name)

    def refuse(self, accepted: str, given: str, hint: str = "") -> InvalidArgumentError:
        """Return the error of a source that will not do."""
        return InvalidArgumentError(self._argument("source"), accepted, given, hint)

    def _argument(self, name: str) -> str:
        return f"{self.function}({name})"

    def _drained(self, read: Callable[[int], object]) -> bytes:
        """Read to the end, but no more than tells that it is too much."""
        left = float("inf") if self.max_bytes is None else self.max_bytes + 1
        pieces: list[bytes] = []
        while left > 0:
            # A pipe or a socket gives less than it is asked for.
            piece = read(int(min(left, 1 << 20)))
            if not isinstance(piece, bytes | bytearray):
                getattr(piece, "close", lambda: None)()  # a coroutine that nobody awaits would warn
                hint = "Open it with 'rb'; of an async file, give the bytes: await file.read()."
                raise self.refuse("a file that gives bytes", f"one whose read() gives {type(piece).__name__}", hint)
            if not piece:
                break
            pieces.append(bytes(piece))
            left -= len(pieces[-1])
        return b"".join(pieces)

    def _check_size(self, size: int) -> None:
        if not size:
            raise self.refuse("content", "none: it is empty", "A file that was read before is at its end.")
        if self.max_bytes is not None and size > self.max_bytes:
            more = "max_bytes=... allows more, where the server takes it."
            given = f"{size:,}" if size != self.max_bytes + 1 else f"more than {self.max_bytes:,}"
            raise self.refuse(f"at most {self.max_bytes:,} bytes", given, more)

    def _kind(self, data: bytes, said: str | None, name: str | None) -> str:
        """Return the media type of a content: as its first bytes tell, else as it is said to be, else by its name."""
        told = sniffed(data)
        given = _described(data) + (f" ({name})" if name else "")
        found = self._agreed(said, told)
        if told is None and found is not None and not _may_be(found, data):
            raise self.refuse(f"{found}, as it is said to be", given)
        if found is None or found == "application/zip":
            named = _named(name)
            # A document of an office is a zip; its name says which.
            if found is None or (named is not None and named.startswith(_IN_ZIPS)):
                found = named if named not in _TELLING or told is not None else self._by_name(named, data, given)
                found = found or told
        if found is None and self.accepted is None and _is_text(data):
            found = "text/plain"
        return self._check_kind(found, given)

    def _by_name(self, named: str | None, data: bytes, given: str) -> str | None:
        """Return the kind that a name says, where the first bytes of that kind would tell it and do not."""
        if named == "application/pdf" and _may_be(named, data) and b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
            return named
        if self.accepted is not None:
            return None
        raise self.refuse(f"{named}, as its name says", given, "media_type=... says what it is.")

    def _said(self) -> str | None:
        if self.media_type is None:
            return None
        said = self.media_type.lower() if _is_str(self.media_type) else ""
        if not _MEDIA_TYPE.match(said):
            argument = self._argument("media_type")
            raise InvalidArgumentError(argument, "a media type such as 'image/png'", describe(self.media_type))
        return _ALIASES.get(said, said)

    def _agreed(self, said: str | None, told: str | None) -> str | None:
        """Return what is said of a content, else what its first bytes tell."""
        if told is None or said in (None, told, "application/octet-stream") or _TELLING.isdisjoint((said, told)):
            return said or told
        hint = "Leave media_type out, or the type of the data URL: the first bytes tell it."
        raise self.refuse(f"{said}, as it is said to be", f"{told} by its first bytes", hint)

    def _check_kind(self, found: str | None, unknown: str) -> str:
        if found is None or (self.accepted is not None and found not in self.accepted):
            accepted = "a known media type" if self.accepted is None else f"one of {', '.join(self.accepted)}"
            can_be_said = self.accepted is None or not _SIGNED.issuperset(self.accepted)
            hint = "media_type=... says what it is." if found is None and can_be_said else ""
            raise self.refuse(accepted, found or unknown, hint)
        return found

    def _data_url(self, url: str) -> Content:
        head, comma, data = url[5:].partition(",")
        kind, *parameters = [part.strip() for part in head.split(";")]
        if not comma or "base64" not in map(str.lower, parameters):
            raise self.refuse("a data URL in base64: data:image/png;base64,...", describe(url))
        data = "".join(data.split())  # what is wrapped into lines
        try:
            decoded = a2b_base64(data, strict_mode=True)
        except ValueError as error:
            raise self.refuse("base64 in the data URL", f"{describe(url)}: {error}") from None
        self._check_size(len(decoded))
        said = self._said() or _ALIASES.get(kind.lower(), kind.lower()) or None
        return Content(self._kind(decoded, said, None), data, None)


def sniffed(data: bytes) -> str | None:
    """Return the media type that the first bytes of a content tell, or None."""
    for place, signature, media_type in _SIGNATURES:
        if data.startswith(signature, place) and (place != 8 or data.startswith(b"RIFF")):
            return media_type if _continues(media_type, data) else None
    return "audio/mpeg" if _is_mp3_frame(data) else None


def _continues(media_type: str, data: bytes) -> bool:
    """Return whether the header of a picture goes on behind its first bytes, so that it is not text about a picture."""
    match media_type:
        case "image/png":  # the first chunk: https://www.w3.org/TR/png-3/#5ChunkOrdering
            return data[12:16] == b"IHDR"
        case "image/jpeg":  # a second marker: ITU-T T.81, table B.1
            return data[3:4] >= b"\xc0"
        case "image/gif":  # sizes, colors and blocks that end with a zero byte: GIF89a specification, section 18
            return not _is_text(data)
        case _:
            return True


def _text_hint(text: str) -> str:
    """Return what to do about a text that is neither an address nor a data URL."""
    start = "".join(text[:200].split())[:64]
    try:
        told = sniffed(a2b_base64(start[: len(start) // 4 * 4], strict_mode=True))
    except ValueError:  # not base64, or not ASCII
        told = None
    if told is None:
        return "A file of this machine is Path(...)."
    return f"It is base64. Give a data URL, 'data:{told};base64,...', or the decoded bytes."


def _is_mp3_frame(data: bytes) -> bool:
    """Whether the bytes begin with the header of a frame of MPEG layer III: section 6.2.3 of the sniffing standard."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return False
    version, layer, rate, sampling = data[1] >> 3 & 3, data[1] >> 1 & 3, data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and layer == 1 and rate not in (0, 15) and sampling != 3


def _named(name: str | None) -> str | None:
    if name is None:
        return None
    from mimetypes import guess_type

    media_type, encoding = guess_type(name)
    if media_type is None or encoding is not None:
        return None
    return _ALIASES.get(media_type, media_type)


def _may_be(kind: str, data: bytes) -> bool:
    """Whether a content whose first bytes tell nothing may be of a kind."""
    return kind not in _SIGNED and not (kind in _TELLING and _is_text(data))


def _described(data: bytes) -> str:
    """Return what a content is, as far as it can be seen."""
    if not _is_text(data):
        return f"{len(data):,} bytes of an unknown kind"
    start = data[:1024].lower()
    if b"<svg" in start:
        return "an SVG, image/svg+xml by its content"
    return "an HTML page" if b"<html" in start or b"<!doctype html" in start else f"{len(data):,} bytes of text"


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_bytes(source: object) -> TypeGuard[bytes | bytearray]:
    return isinstance(source, bytes | bytearray | memoryview)


def _is_str(value: object) -> bool:
    return isinstance(value, str)


def _is_file(source: object) -> TypeGuard[SupportsRead]:
    return callable(getattr(source, "read", None))
