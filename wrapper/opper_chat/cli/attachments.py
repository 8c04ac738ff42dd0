"""Attachments: a path, a URL or stdin becomes a content part, by what it contains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import UsageError
from .paths import expand_user

if TYPE_CHECKING:
    from opper_chat_api.params import UserPartParam


def read_attachment(source: str, stdin: bytes | None) -> UserPartParam:
    """Return the content part of an attachment.

    An image, audio or a file such as a PDF becomes a part of its type. UTF-8 text becomes a text part that begins with
    the name of the file, because most models accept no other files.

    Args:
        source: a path, the URL of an image, a data URL, or ``-`` for stdin.
        stdin: the bytes of stdin.

    Raises:
        UsageError: it cannot be read, or is the URL of something else than an image.
        InvalidArgumentError: its content is not accepted.
    """
    from .._requests.media_types import AUDIO_FORMATS, IMAGES, detect_type, is_text, type_of_name
    from ..messages import audio, file, image, text

    if source.startswith(("http://", "https://")):
        media_type = type_of_name(urlsplit(source).path)
        if media_type is not None and not media_type.startswith("image/"):
            raise UsageError(f"-a {source}: Only images can be sent as a URL. Download it, and attach the file.")
        return image(source)
    if source.startswith("data:"):
        media_type = source[5:].partition(";")[0]
        return image(source) if media_type in IMAGES else audio(source) if media_type in AUDIO_FORMATS else file(source)
    path = None if source == "-" else expand_user(source)
    content = _read(path, stdin)
    media_type = detect_type(content)
    if media_type in IMAGES:
        return image(content)
    if media_type in AUDIO_FORMATS:
        return audio(content, media_type=media_type)
    if media_type is None and content and is_text(content):
        return text(f"{path.name if path else 'stdin'}:\n\n{content.decode('utf-8-sig')}")
    return file(content, filename=path.name if path else None, media_type=media_type or type_of_name(source))


def _read(path: Path | None, stdin: bytes | None) -> bytes:
    from ..messages import MAX_BYTES

    if path is None:
        return stdin or b""
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # the part refuses what is larger
    except OSError as error:
        raise UsageError(f"-a {path}: The file cannot be read: {error.strerror or error}.") from None
