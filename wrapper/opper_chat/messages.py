"""Build messages and content parts: each function returns a typed dict of the contract.

    from pathlib import Path

    from opper_chat.messages import image, system, user

    messages = [system("Be brief."), user("What is this?", image(Path("cat.png")))]

The source of an image, audio or a file is a URL or a data URL as a string, a `pathlib.Path` or another `os.PathLike`,
bytes, or a file opened in binary mode. The functions read files at once, in this thread. If that can take long, as on a
network drive, call them in another: ``await asyncio.to_thread(image, path)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from opper_chat_api.models import TextPart
from opper_chat_api.params import (
    AssistantMessageParam,
    AssistantPartParam,
    AudioPartParam,
    DeveloperMessageParam,
    FilePartParam,
    FileSourceParam,
    ImageDetailParam,
    ImagePartParam,
    ImageUrlParam,
    SystemMessageParam,
    TextPartParam,
    ToolCallParam,
    ToolMessageParam,
    UserMessageParam,
    UserPartParam,
)

from ._errors.api import InvalidArgumentError
from ._errors.describe import describe
from ._json.codec import is_mapping
from ._json.scalars import text_value
from ._requests.media import MAX_BYTES, MediaContent, MediaReader, Source
from ._requests.media_types import AUDIO_FORMATS, IMAGES
from ._requests.message_content import Message, content_of, id_of_call
from ._requests.trimming import estimate_tokens

__all__ = [
    "MAX_BYTES",
    "Message",
    "Source",
    "assistant",
    "audio",
    "developer",
    "estimate_tokens",
    "file",
    "image",
    "system",
    "text",
    "tool_message",
    "user",
]


def system(*content: str | TextPartParam | TextPart, name: str | None = None) -> SystemMessageParam:
    """Build a system message: instructions for the model.

    Args:
        content: the text, as one or more strings or text parts.
        name: the name of the participant, to tell apart those with the same role. Default: None.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: there is no content, or some of it is not text.
    """
    message: SystemMessageParam = {"role": "system", "content": content_of("system", content)}
    if name is not None:
        message["name"] = name
    return message


def developer(*content: str | TextPartParam | TextPart, name: str | None = None) -> DeveloperMessageParam:
    """Build a developer message: instructions for newer models, which use it instead of a system message.

    Args:
        content: the text, as one or more strings or text parts.
        name: the name of the participant, to tell apart those with the same role. Default: None.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: there is no content, or some of it is not text.
    """
    message: DeveloperMessageParam = {"role": "developer", "content": content_of("developer", content)}
    if name is not None:
        message["name"] = name
    return message


def user(*content: str | UserPartParam, name: str | None = None) -> UserMessageParam:
    """Build a user message.

    Args:
        content: strings, and parts as `text`, `image`, `audio` and `file` return them, as dicts or as models.
        name: the name of the participant, to tell apart those with the same role. Default: None.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: there is no content, or some of it is neither a string nor a part.
    """
    message: UserMessageParam = {"role": "user", "content": content_of("user", content)}
    if name is not None:
        message["name"] = name
    return message


def assistant(
    *content: str | AssistantPartParam,
    tool_calls: Sequence[ToolCallParam] | None = None,
    refusal: str | None = None,
    name: str | None = None,
) -> AssistantMessageParam:
    """Build an assistant message: an example for the model to follow, or a message from another conversation.

    You do not need it for a completion of this package: ``messages.append(completion.message)``.

    Args:
        content: strings and parts. Optional if there are tool calls or a refusal.
        tool_calls: the tool calls of the model. Default: None.
        refusal: the text with which the model refused. Default: None.
        name: the name of the participant, to tell apart those with the same role. Default: None.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: the message is empty, or some of the content is neither a string nor a part.
    """
    message: AssistantMessageParam = {"role": "assistant"}
    if content or not (tool_calls or refusal):
        message["content"] = content_of("assistant", content)
    if name is not None:
        message["name"] = name
    if refusal is not None:
        message["refusal"] = refusal
    if tool_calls is not None:
        if not isinstance(tool_calls, list | tuple):
            raise InvalidArgumentError("assistant(tool_calls)", "a list of tool calls", describe(tool_calls))
        message["tool_calls"] = list(tool_calls)
    return message


def tool_message(call: str | ToolCallParam, *content: str | TextPartParam | TextPart) -> ToolMessageParam:
    """Build a tool message: the result of a tool call, as text. For other results, use `opper_chat.tool_result`.

    Args:
        call: the call, from ``completion.message.tool_calls``, or its id.
        content: the result, as one or more strings or text parts.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: the call has no id, or the result is not text.
    """
    for index, part in enumerate(content):
        if is_mapping(part) and "type" not in part:
            hint = "Use tool_result(call, value) for a result that is not a string."
            raise InvalidArgumentError(f"tool_message(content[{index}])", "a string or a part", describe(part), hint)
    call_id = id_of_call(call, "tool_message(call)")
    return {"role": "tool", "content": content_of("tool_message", content), "tool_call_id": call_id}


def text(content: str, /) -> TextPartParam:
    """Build a text part. Among other parts, you can also use a plain string.

    Args:
        content: the text.

    Returns:
        The part, as a plain dict.

    Raises:
        InvalidArgumentError: the content is not a string.
    """
    return {"type": "text", "text": _check_text("text(content)", content)}


def image(
    source: Source,
    *,
    detail: ImageDetailParam | None = None,
    media_type: str | None = None,
    max_bytes: int | None = MAX_BYTES,
) -> ImagePartParam:
    """Build an image part.

    Args:
        source: the image, in PNG, JPEG, WebP or GIF format. A URL is sent as it is, and the server fetches it.
        detail: the resolution at which the model sees the image: ``low``, ``high``, ``auto``, or another value that the
            server knows. Default: None, which servers treat as ``auto``.
        media_type: the media type. Default: None, as detected from the first bytes. A type that contradicts these is
            refused.
        max_bytes: the largest size in bytes, or None for no limit. Default: 20 MiB.

    Returns:
        The part, as a plain dict.

    Raises:
        InvalidArgumentError: the image has another format, is empty or too large; or an argument is wrong.
        OSError: the file cannot be read.

    Source: https://platform.openai.com/docs/guides/images-vision, "Image input requirements".
    """
    found = MediaReader("image", IMAGES, media_type, max_bytes).read(source)
    image_url: ImageUrlParam = {"url": found if isinstance(found, str) else found.url}
    if detail is not None:
        detail = _check_text("image(detail)", detail, "a string, such as 'low', 'high' or 'auto'")
        image_url["detail"] = detail
    return {"type": "image_url", "image_url": image_url}


def audio(source: Source, *, media_type: str | None = None, max_bytes: int | None = MAX_BYTES) -> AudioPartParam:
    """Build an audio part.

    Args:
        source: the audio, in WAV or MP3 format. It cannot be a URL: the contract has no parameter for one.
        media_type: the media type, such as ``audio/mpeg`` for MP3 data whose first bytes do not show that it is MP3.
            Default: None, as detected from the first bytes.
        max_bytes: the largest size in bytes, or None for no limit. Default: 20 MiB.

    Returns:
        The part, as a plain dict.

    Raises:
        InvalidArgumentError: the audio has another format, is empty or too large; or an argument is wrong.
        OSError: the file cannot be read.

    Source: the documentation page, ``messages[].content[].input_audio``.
    """
    reader = MediaReader("audio", tuple(AUDIO_FORMATS), media_type, max_bytes)
    found = _content(reader, source)
    return {
        "type": "input_audio",
        "input_audio": {"data": found.data, "format": "wav" if AUDIO_FORMATS[found.media_type] == "wav" else "mp3"},
    }


@overload
def file(
    source: Source, *, filename: str | None = None, media_type: str | None = None, max_bytes: int | None = MAX_BYTES
) -> FilePartParam: ...


@overload
def file(*, file_id: str, filename: str | None = None) -> FilePartParam: ...


def file(
    source: Source | None = None,
    *,
    file_id: str | None = None,
    filename: str | None = None,
    media_type: str | None = None,
    max_bytes: int | None = MAX_BYTES,
) -> FilePartParam:
    """Build a file part, such as for a PDF.

    Args:
        source: the file. It cannot be a URL: the contract has no parameter for one.
        file_id: the id of a file that was uploaded earlier, instead of the source. Default: None.
        filename: the name that the model sees. Default: that of the file, or ``file`` with the usual extension.
        media_type: the media type. Default: None, as detected from the first bytes, or else from the name.
        max_bytes: the largest size in bytes, or None for no limit. Default: 20 MiB.

    Returns:
        The part, as a plain dict.

    Raises:
        InvalidArgumentError: the file is empty, too large or of an unknown type; or an argument is wrong.
        OSError: the file cannot be read.

    Source: https://platform.openai.com/docs/guides/pdf-files: ``file_data`` is a data URL, and has a ``filename``.
    """
    if filename is not None:
        filename = _check_text("file(filename)", filename)
    if file_id is not None:
        file_id = _check_text("file(file_id)", file_id)
        if source is not None:
            raise InvalidArgumentError("file(file_id)", "no source in addition", describe(source))
        reference: FileSourceParam = {"file_id": file_id}
        if filename is not None:
            reference["filename"] = filename
        return {"type": "file", "file": reference}
    found = _content(MediaReader("file", None, media_type, max_bytes), source)
    return {
        "type": "file",
        "file": {"file_data": found.url, "filename": filename or found.name or _default_name(found)},
    }


def _content(reader: MediaReader, source: object) -> MediaContent:
    found = reader.read(source)
    if isinstance(found, str):
        hint = "Only images can be sent as a URL. Download the file, and pass its bytes."
        raise reader.refuse("a Path, bytes, an open file or a data URL", describe(found), hint)
    return found


def _default_name(found: MediaContent) -> str:
    from mimetypes import guess_extension

    return f"file{guess_extension(found.media_type) or ''}"


def _check_text(argument: str, value: object, expected: str = "a string") -> str:
    text = text_value(value)
    if not isinstance(text, str):
        raise InvalidArgumentError(argument, expected, describe(value))
    return text
