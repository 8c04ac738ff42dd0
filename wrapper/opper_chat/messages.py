"""Messages and their parts, made with less to type: what the functions return are the typed dicts of the contract.

    from pathlib import Path

    from opper_chat.messages import image, system, user

    messages = [system("Be brief."), user("What is this?", image(Path("cat.png")))]

A picture, a sound or a file comes from an address or a data URL, which are texts; from a `pathlib.Path` (or any other
`os.PathLike`); from bytes; or from a file that is open in binary. Files are read when the function is called, which is
quick where the disk is near. Async programs need nothing else for it, unless theirs is far away:
``await asyncio.to_thread(image, path)``.
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
from ._errors.describe import describe, text_value
from ._json.codec import is_mapping
from ._requests.media import IMAGES, MAX_BYTES, SOUNDS, Content, Reading, Source
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
    """Make a message of instructions.

    Args:
        content: the text, or several pieces of it.
        name: tells participants of the same role apart.

    Raises:
        InvalidArgumentError: there is no content, or some of it is no text.
    """
    message: SystemMessageParam = {"role": "system", "content": content_of("system", content)}
    if name is not None:
        message["name"] = name
    return message


def developer(*content: str | TextPartParam | TextPart, name: str | None = None) -> DeveloperMessageParam:
    """Make a message of instructions for newer models, which read these and not `system`.

    Args:
        content: the text, or several pieces of it.
        name: tells participants of the same role apart.

    Raises:
        InvalidArgumentError: there is no content, or some of it is no text.
    """
    message: DeveloperMessageParam = {"role": "developer", "content": content_of("developer", content)}
    if name is not None:
        message["name"] = name
    return message


def user(*content: str | UserPartParam, name: str | None = None) -> UserMessageParam:
    """Make a message of the user's.

    Args:
        content: texts and parts: what `text`, `image`, `audio` and `file` return, dicts or models.
        name: tells participants of the same role apart.

    Raises:
        InvalidArgumentError: there is no content, or some of it is neither.
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
    """Make a message of the model's: an example to follow, or what it said elsewhere.

    An answer of this package goes back as it is: ``messages.append(completion.message)``.

    Args:
        content: texts and parts. May be left out of a message that calls tools or refuses.
        tool_calls: the tools that it asked to call.
        refusal: what it said instead of an answer.
        name: tells participants of the same role apart.

    Raises:
        InvalidArgumentError: there is nothing in it, or some of the content is neither text nor part.
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
    """Make the message that answers a tool call.

    Args:
        call: the call, as it is in ``completion.message.tool_calls``, or its id.
        content: the result as text, or several pieces of it.

    Raises:
        InvalidArgumentError: the call has no id, or the result is no text.
    """
    for index, piece in enumerate(content):
        if is_mapping(piece) and "type" not in piece:
            hint = "Use tool_result(call, value) for a result that is no string."
            raise InvalidArgumentError(f"tool_message(content[{index}])", "a string or a part", describe(piece), hint)
    call_id = id_of_call(call, "tool_message(call)")
    return {"role": "tool", "content": content_of("tool_message", content), "tool_call_id": call_id}


def text(content: str, /) -> TextPartParam:
    """Make a piece of text. Among other parts a plain text does as well.

    Raises:
        InvalidArgumentError: it is no text.
    """
    return {"type": "text", "text": _check_text("text(content)", content)}


def image(
    source: Source,
    *,
    detail: ImageDetailParam | None = None,
    media_type: str | None = None,
    max_bytes: int | None = MAX_BYTES,
) -> ImagePartParam:
    """Make a picture.

    Args:
        source: where it is: PNG, JPEG, WebP or GIF, as its first bytes tell. An address is sent as it is, for the
            server to fetch.
        detail: how closely the model looks at it: ``low``, ``high``, ``auto`` (the default of servers), or another
            value that a server knows.
        media_type: what it is said to be. Another kind than the first bytes tell is refused.
        max_bytes: the most bytes it may have, 20 MiB unless given; None for any number.

    Raises:
        InvalidArgumentError: it is no picture of these kinds, is empty or too large; or an argument is wrong.
        OSError: the file cannot be read.

    Source: https://platform.openai.com/docs/guides/images-vision, Image input requirements.
    """
    found = Reading("image", IMAGES, media_type, max_bytes).read(source)
    picture: ImageUrlParam = {"url": found if isinstance(found, str) else found.url}
    if detail is not None:
        detail = _check_text("image(detail)", detail, "a string, such as 'low', 'high' or 'auto'")
        picture["detail"] = detail
    return {"type": "image_url", "image_url": picture}


def audio(source: Source, *, media_type: str | None = None, max_bytes: int | None = MAX_BYTES) -> AudioPartParam:
    """Make a piece of sound.

    Args:
        source: where it is: WAV or MP3. The contract knows no sound by its address, so it cannot be one.
        media_type: ``audio/mpeg``, where the first bytes do not tell that it is one.
        max_bytes: the most bytes it may have, 20 MiB unless given; None for any number.

    Raises:
        InvalidArgumentError: it is no sound of these kinds, is empty or too large; or an argument is wrong.
        OSError: the file cannot be read.

    Source: the documentation page, ``messages[].content[].input_audio``.
    """
    reading = Reading("audio", tuple(SOUNDS), media_type, max_bytes)
    found = _content(reading, source)
    return {
        "type": "input_audio",
        "input_audio": {"data": found.data, "format": "wav" if SOUNDS[found.media_type] == "wav" else "mp3"},
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
    """Make a file, such as a PDF.

    Args:
        source: where it is. The contract knows no file by its address, so it cannot be one.
        file_id: in place of the source, the id of a file that was uploaded earlier.
        filename: the name that the model sees; unless given, that of the file, or ``file`` and what its kind ends in.
        media_type: what it is, where its first bytes do not tell; else its name does.
        max_bytes: the most bytes it may have, 20 MiB unless given; None for any number.

    Raises:
        InvalidArgumentError: it is empty, too large or of an unknown kind; or an argument is wrong.
        OSError: the file cannot be read.

    Source: https://platform.openai.com/docs/guides/pdf-files: ``file_data`` is a data URL, and has a ``filename``.
    """
    if filename is not None:
        filename = _check_text("file(filename)", filename)
    if file_id is not None:
        file_id = _check_text("file(file_id)", file_id)
        if source is not None:
            raise InvalidArgumentError("file(file_id)", "no source beside it", describe(source))
        said: FileSourceParam = {"file_id": file_id}
        if filename is not None:
            said["filename"] = filename
        return {"type": "file", "file": said}
    found = _content(Reading("file", None, media_type, max_bytes), source)
    return {"type": "file", "file": {"file_data": found.url, "filename": filename or found.name or _name_of(found)}}


def _content(reading: Reading, source: object) -> Content:
    found = reading.read(source)
    if isinstance(found, str):
        hint = "Only pictures are sent by their address: fetch it, and give its bytes."
        raise reading.refuse("a Path, bytes, an open file or a data URL", describe(found), hint)
    return found


def _name_of(found: Content) -> str:
    from mimetypes import guess_extension

    return f"file{guess_extension(found.media_type) or ''}"


def _check_text(argument: str, value: object, accepted: str = "a string") -> str:
    text = text_value(value)
    if not isinstance(text, str):
        raise InvalidArgumentError(argument, accepted, describe(value))
    return text
