"""Media types of content: detect them from the first bytes or the file name. No I/O.

Does not decide what is accepted: `media` does.
"""

from __future__ import annotations

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""Image types that models accept. Source: https://platform.openai.com/docs/guides/images-vision."""

AUDIO_FORMATS = {"audio/wav": "wav", "audio/mpeg": "mp3"}
"""Media types of audio, and the values of ``format`` for them."""

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
    # Types that only a file part accepts, so that errors can name them.
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
"""Offset, signature and media type. Source: https://mimesniff.spec.whatwg.org, section 6, and the specifications of the
formats."""

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
}
"""Other names of media types, and the registered ones (RFC 2361, RFC 3003)."""

CERTAIN = frozenset({*IMAGES, *AUDIO_FORMATS, "application/pdf"})
"""Types whose signature no other type shares. If the signature and a declared type differ, one of them is wrong."""

SIGNED = frozenset({*IMAGES, "audio/wav"})
"""Types whose content always starts with the signature. Content without it is never of such a type."""


def registered_name(media_type: str) -> str:
    """Return the registered name of a media type in lower case."""
    media_type = media_type.lower()
    return _ALIASES.get(media_type, media_type)


def detect_type(data: bytes) -> str | None:
    """Return the media type that the first bytes show, or None if they show none."""
    for offset, signature, media_type in _SIGNATURES:
        if data.startswith(signature, offset) and (offset != 8 or data.startswith(b"RIFF")):
            return media_type if _has_header(media_type, data) else None
    return "audio/mpeg" if _is_mp3_frame(data) else None


def type_of_name(name: str | None) -> str | None:
    """Return the media type that the extension of a file name shows, or None."""
    if name is None:
        return None
    from mimetypes import guess_type

    media_type, encoding = guess_type(name)
    return None if media_type is None or encoding is not None else registered_name(media_type)


def can_be(media_type: str, data: bytes) -> bool:
    """Return whether content whose first bytes show no type can be of a type."""
    return media_type not in SIGNED and not (media_type in CERTAIN and is_text(data))


def is_text(data: bytes) -> bool:
    """Return whether content is UTF-8 text."""
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def describe_content(data: bytes) -> str:
    """Describe content of an unknown type, for error messages."""
    if not is_text(data):
        return f"{len(data):,} bytes of an unknown kind"
    start = data[:1024].lower()
    if b"<svg" in start:
        return "an SVG, image/svg+xml by its content"
    return "an HTML page" if b"<html" in start or b"<!doctype html" in start else f"{len(data):,} bytes of text"


def _has_header(media_type: str, data: bytes) -> bool:
    """Return whether an image header follows the signature. Without one, it can be text that starts like an image."""
    match media_type:
        case "image/png":  # the first chunk: https://www.w3.org/TR/png-3/#5ChunkOrdering
            return data[12:16] == b"IHDR"
        case "image/jpeg":  # a second marker: ITU-T T.81, table B.1
            return data[3:4] >= b"\xc0"
        case "image/gif":  # sizes, colors and blocks that end with a zero byte: GIF89a specification, section 18
            return not is_text(data)
        case _:
            return True


def _is_mp3_frame(data: bytes) -> bool:
    """Return whether content starts with a frame of MPEG layer III: section 6.2.3 of the same standard."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return False
    version, layer, rate, sampling = data[1] >> 3 & 3, data[1] >> 1 & 3, data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and layer == 1 and rate not in (0, 15) and sampling != 3
