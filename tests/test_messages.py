"""Messages and their parts: what arrives at the server is what was meant, and what cannot be meant is refused."""

import asyncio
import base64
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus import Exchange, needs_corpus, recorded
from flavours import HELLO
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opper_chat import APIResponseValidationError, ChatCompletion, InvalidArgumentError, Opper
from opper_chat._http.sse import EventDecoder
from opper_chat._requests.prepare import prepare
from opper_chat._results.content import split_content
from opper_chat._streaming.accumulator import Accumulator
from opper_chat.messages import (
    assistant,
    audio,
    developer,
    estimate_tokens,
    file,
    image,
    system,
    text,
    tool_message,
    user,
)
from opper_chat.testing import LocalServer
from opper_chat_api.errors import DecodeError
from opper_chat_api.models import ChatCompletionMessage, FunctionCall, FunctionToolCall, OtherToolCall, TextPart

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"picture"
JPEG = b"\xff\xd8\xff\xe0" + b"picture"
GIF = b"GIF89a" + b"picture\x00"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"picture"
WAV = b"RIFF\x10\x00\x00\x00WAVEfmt " + b"sound"
MP3 = b"\xff\xfb\x90\x00" + b"sound"
PDF = b"%PDF-1.7 document"

MAKERS: dict[str, tuple[Callable[..., Any], bytes, str, str]] = {
    "image": (image, PNG, "image/png", "x.png"),
    "audio": (audio, WAV, "audio/wav", "x.wav"),
    "file": (file, PDF, "application/pdf", "x.pdf"),
}
"""What makes a part, content for it, its media type and a name."""

SOURCES: dict[str, Callable[[bytes, str, Path, str], Any]] = {
    "data-url": lambda data, kind, _folder, _name: f"data:{kind};base64,{base64.b64encode(data).decode()}",
    "path": lambda data, _kind, folder, name: written(folder / name, data),
    "path-like": lambda data, _kind, folder, name: Entry(written(folder / name, data)),
    "bytes": lambda data, *_: data,
    "bytearray": lambda data, *_: bytearray(data),
    "memoryview": lambda data, *_: memoryview(data),
    "open-file": lambda data, _kind, folder, name: written(folder / name, data).open("rb"),
    "unbuffered-file": lambda data, _kind, folder, name: written(folder / name, data).open("rb", buffering=0),
    "memory-file": lambda data, *_: io.BytesIO(data),
    "slow-file": lambda data, *_: Slow(data),
    "changing-file": lambda data, *_: Changing(data),
}


class Entry(os.PathLike[str]):
    """A path that is no `Path`, as `os.scandir` gives."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Slow(io.BytesIO):
    """A file that gives less than it is asked for, as a pipe does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 3, 3))


class Changing(io.BytesIO):
    """A file that gives bytes that can be changed."""

    def read(self, size: int | None = -1, /) -> Any:
        return bytearray(super().read(size))


def closed_file() -> io.BytesIO:
    closed = io.BytesIO(PNG)
    closed.close()
    return closed


def data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def received(server: LocalServer) -> tuple[str, bytes, dict[str, Any]]:
    """The kind of the only part that was sent, its bytes, and what stands beside them."""
    (part,) = server.last_request.messages[-1]["content"]
    said = part[part["type"]]
    where = {"image_url": "url", "input_audio": "data", "file": "file_data"}[part["type"]]
    beside = {name: value for name, value in said.items() if name != where}
    return part["type"], base64.b64decode(said[where].rpartition(",")[2], validate=True), beside


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("source", SOURCES)
def test_every_part_from_every_source(
    opper: Opper, opper_server: LocalServer, tmp_path: Path, kind: str, source: str
) -> None:
    """The bytes, in base64, and what they are."""
    make, data, media_type, name = MAKERS[kind]
    given_source = SOURCES[source](data, media_type, tmp_path, name)
    opper.chat.completions.create(messages=[user(make(given_source))])
    if hasattr(given_source, "close"):
        given_source.close()
    _, arrived, beside = received(opper_server)
    assert arrived == data
    named = name if "path" in source or source in ("open-file", "unbuffered-file") else "file.pdf"
    assert beside == {"image": {}, "audio": {"format": "wav"}, "file": {"filename": named}}[kind]


@pytest.mark.parametrize(
    ("data", "url"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")]
)
def test_a_picture_is_known_by_its_bytes(data: bytes, url: str, tmp_path: Path) -> None:
    """The media type in its data URL, whatever its name says."""
    for source in (data, written(tmp_path / "x.png", data)):
        part: Any = image(source)
        assert part["image_url"]["url"].startswith(f"data:{url};base64,")


@pytest.mark.parametrize(("data", "word"), [(WAV, "wav"), (MP3, "mp3"), (b"ID3\x04tag", "mp3")])
def test_a_sound_is_known_by_its_bytes(data: bytes, word: str) -> None:
    """The contract's word for its format."""
    part: Any = audio(data)
    assert part["input_audio"]["format"] == word


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'
HTML = b"<!DOCTYPE html><title>404</title>"


@pytest.mark.parametrize("through", ["path", "open file"])
@pytest.mark.parametrize(
    ("make", "name", "data", "found"),
    [
        (image, "a.png", SVG, "an SVG, image/svg+xml by its content (a.png)"),
        (image, "a.svg", SVG, "image/svg+xml"),
        (image, "a.jpg", HTML, "an HTML page (a.jpg)"),
        (image, "a.webp", b"version https://git-lfs.github.com/spec/v1", "42 bytes of text (a.webp)"),
        (image, "a.gif", b"\x00\xff\x00", "3 bytes of an unknown kind (a.gif)"),
        (image, "a.png", b"BM\x00\xff", "image/bmp"),
        (image, "a.png", b"\x00\x00\x00\x20ftypheic", "image/heic"),
        (audio, "a.mp3", HTML, "an HTML page (a.mp3)"),
        (audio, "a.wav", b"RIFF....nope\xff", "13 bytes of an unknown kind (a.wav)"),
        (audio, "a.mp3", b"OggS\x00\xff", "audio/ogg"),
        (file, "a.pdf", HTML, "an HTML page (a.pdf)"),
        (file, "a.png", SVG, "an SVG, image/svg+xml by its content (a.png)"),
        (file, "a.wav", b"\xff\x00", "2 bytes of an unknown kind (a.wav)"),
    ],
)
def test_a_name_makes_no_picture(make: Any, name: str, data: bytes, found: str, through: str, tmp_path: Path) -> None:
    """Nor a sound or a PDF: what the first bytes do not tell is refused, with what was found."""
    path = written(tmp_path / name, data)
    with pytest.raises(InvalidArgumentError) as raised:
        if through == "path":
            make(path)
        else:
            with path.open("rb") as opened:
                make(opened)
    assert raised.value.argument == f"{make.__name__}(source)"
    assert raised.value.received == found


def test_what_bytes_do_not_tell_the_name_does_and_the_caller_before_both(tmp_path: Path) -> None:
    """A name, a type that is said, and a document that is a zip inside."""
    assert image_url(image(PNG, media_type="image/png")) == image_url(image(PNG))
    assert image_url(image(JPEG, media_type="IMAGE/JPG")) == image_url(image(JPEG))
    assert audio(b"\x00unknown\xff", media_type="audio/mp3")["input_audio"]["format"] == "mp3"
    assert "data:image/svg+xml" in file_source(file(written(tmp_path / "x.svg", SVG)))["file_data"]
    assert "data:text/csv" in file_source(file(written(tmp_path / "x.csv", b"a,b")))["file_data"]
    assert "data:application/pdf" in file_source(file(written(tmp_path / "x.pdf", b"\xff\n" + PDF)))["file_data"]
    assert image_url(image(data_url("image/png", PNG).replace("w", "w\n"))) == image_url(image(PNG))
    assert "data:text/plain" in file_source(file(b"BMW drives", media_type="text/plain"))["file_data"]
    assert file_source(file(written(tmp_path / "x.docx", b"PK\x03\x04zip")))["file_data"].startswith(
        "data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;"
    )
    assert file_source(file(written(tmp_path / "x.zip", b"PK\x03\x04zip")))["file_data"].startswith(
        "data:application/zip;"
    )
    assert file_source(file("naïve".encode())) == {
        "file_data": "data:text/plain;base64,bmHDr3Zl",
        "filename": "file.txt",
    }
    assert file_source(file(PDF, filename="report.pdf"))["filename"] == "report.pdf"
    assert file_source(file(file_id="file-1")) == {"file_id": "file-1"}
    assert file_source(file(file_id="file-1", filename="a.pdf")) == {"file_id": "file-1", "filename": "a.pdf"}


def image_url(part: Any) -> str:
    return str(part["image_url"]["url"])


def file_source(part: Any) -> dict[str, str]:
    return dict(part["file"])


def test_an_address_is_sent_as_it_is(opper: Opper, opper_server: LocalServer) -> None:
    """For the server to fetch, with the detail beside it."""
    url = "https://example.com/a.png?b=c"
    opper.chat.completions.create(messages=[user("Look:", image(url, detail="low"), text("Well?"), TextPart(text="!"))])
    assert opper_server.last_request.messages == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
                {"type": "text", "text": "Well?"},
                {"type": "text", "text": "!"},
            ],
        }
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=5000), kind=st.sampled_from(["image", "audio", "file"]))
def test_what_arrives_is_what_was_given(opper: Opper, opper_server: LocalServer, body: bytes, kind: str) -> None:
    """The same bytes, of whatever number."""
    make, data, _, _ = MAKERS[kind]
    opper.chat.completions.create(messages=[user(make(data + body))])
    assert received(opper_server)[1] == data + body


def coroutine_file() -> Any:
    class File:
        async def read(self, _size: int = -1) -> bytes:
            return PNG

    return File()


REFUSED: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: image("cat.png"), "image(source)", "Path(...)"),
    (lambda: image("C:\\cat.png"), "image(source)", "Path(...)"),
    (lambda: image("file:///cat.png"), "image(source)", "Path(...)"),
    (lambda: audio("https://example.com/a.mp3"), "audio(source)", "Download the file"),
    (lambda: file("https://example.com/a.pdf"), "file(source)", "Download the file"),
    (lambda: image(""), "image(source)", "''"),
    (lambda: image(b""), "image(source)", "empty"),
    (lambda: image("data:image/png;base64,"), "image(source)", "empty"),
    (lambda: image("data:image/png,raw"), "image(source)", "in base64"),
    (lambda: image("data:image/png;base64,@@@@"), "image(source)", "base64"),
    (lambda: image("data:image/png;base64,AAA"), "image(source)", "base64"),
    (lambda: image("data:image/tiff;base64,AAAA"), "image(source)", "image/tiff"),
    (lambda: image("data:;base64,AAAA"), "image(source)", "got 3 bytes of an unknown kind"),
    (lambda: image(PDF), "image(source)", "application/pdf"),
    (lambda: image(b"BM bitmap"), "image(source)", "image/bmp"),
    (lambda: image(b"unknown"), "image(source)", "image/gif, got 7 bytes of text."),
    (lambda: audio(b"\xff\xff\x00"), "audio(source)", "3 bytes of an unknown kind. media_type=... declares"),
    (lambda: image(data_url("image/png", SVG)), "image(source)", "image/png, as it is declared, got an SVG"),
    (lambda: image(SVG, media_type="image/png"), "image(source)", "image/png, as it is declared, got an SVG"),
    (
        lambda: image(b"\xff\x00", media_type="image/png"),
        "image(source)",
        "image/png, as it is declared, got 2 bytes",
    ),
    (lambda: image(b"\xff\x00", media_type="image/svg+xml"), "image(source)", "got image/svg+xml"),
    (
        lambda: audio(HTML, media_type="audio/mpeg"),
        "audio(source)",
        "audio/mpeg, as it is declared, got an HTML page",
    ),
    (lambda: file(HTML, media_type="application/pdf"), "file(source)", "got an HTML page"),
    (lambda: audio(PNG), "audio(source)", "image/png"),
    (lambda: audio(b"OggS"), "audio(source)", "audio/ogg"),
    (lambda: file(b"\x00\x01"), "file(source)", "unknown kind"),
    (lambda: image(PNG, max_bytes=len(PNG) - 1), "image(source)", "max_bytes"),
    (lambda: image(io.BytesIO(PNG), max_bytes=3), "image(source)", "more than 3"),
    (lambda: image(b"GIF89a is what I write about"), "image(source)", "got 28 bytes of text"),
    (lambda: image(b"\xff\xd8\xffsecret"), "image(source)", "got 9 bytes of an unknown kind"),
    (lambda: image(PNG[:8] + b"is how it begins"), "image(source)", "got 24 bytes of an unknown kind"),
    (
        lambda: image(base64.b64encode(PNG).decode()),
        "image(source)",
        "It is base64. Give a data URL, 'data:image/png;base64,",
    ),
    (
        lambda: image(base64.b64encode(JPEG * 99).decode()),
        "image(source)",
        "'data:image/jpeg;base64,...', or the decoded",
    ),
    (lambda: image("photo.png"), "image(source)", "For a file on this machine, use Path(...)."),
    (lambda: image(PNG, max_bytes=0), "image(max_bytes)", "above 0"),
    (lambda: image(PNG, media_type="png"), "image(media_type)", "'png'"),
    (lambda: image(PNG, media_type=5), "image(media_type)", "5"),
    (lambda: image(PNG, media_type="image/jpeg"), "image(source)", "image/jpeg, as it is declared, got image/png"),
    (lambda: audio(MP3, media_type="audio/wav"), "audio(source)", "audio/wav, as it is declared, got audio/mpeg"),
    (lambda: file(PDF, media_type="text/plain"), "file(source)", "application/pdf"),
    (lambda: image(data_url("image/gif", PNG)), "image(source)", "image/gif, as it is declared, got image/png"),
    (lambda: image("ftp://example.com/cat.png"), "image(source)", "Path(...)"),
    (lambda: image("javascript:alert(1)"), "image(source)", "Path(...)"),
    (lambda: image(closed_file()), "image(source)", "closed"),
    (lambda: image(PNG, detail=5), "image(detail)", "'low', 'high' or 'auto', got 5"),
    (lambda: image(None), "image(source)", "None"),
    (lambda: image(5), "image(source)", "5"),
    (lambda: image(io.StringIO("text")), "image(source)", "'rb'"),
    (lambda: image(coroutine_file()), "image(source)", "await file.read()"),
    (lambda: file(PDF, filename=5), "file(filename)", "5"),
    (lambda: file(PDF, file_id="f"), "file(file_id)", "no source"),
    (lambda: file(file_id=5), "file(file_id)", "5"),
    (lambda: file(None), "file(source)", "None"),
    (lambda: text(5), "text(content)", "5"),
    (user, "user(content)", "nothing"),
    (system, "system(content)", "nothing"),
    (assistant, "assistant(content)", "nothing"),
    (lambda: user(PNG), "user(content[0])", "image(...)"),
    (lambda: user("a", Path("b")), "user(content[1])", "image(...)"),
    (lambda: user(["a"]), "user(content[0])", "user(*parts)"),
    (lambda: tool_message("", "x"), "tool_message(call)", "''"),
    (lambda: tool_message({"type": "function"}, "x"), "tool_message(call)", "'type'"),
    (lambda: tool_message("id", 5), "tool_message(content[0])", "5"),
]


@pytest.mark.parametrize(("make", "argument", "word"), REFUSED)
def test_what_cannot_be_sent_is_refused(make: Callable[[], Any], argument: str, word: str) -> None:
    """An error that names the argument, before there is anything to send."""
    with pytest.raises(InvalidArgumentError) as caught:
        make()
    assert caught.value.argument == argument
    assert word in str(caught.value)


def test_sizes_of_files_are_looked_at_before_they_are_read(tmp_path: Path) -> None:
    """The error tells the size of a file that has a hole of a gigabyte; the size that is allowed is allowed."""
    large = tmp_path / "x.png"
    with large.open("wb") as hole:
        hole.truncate(1 << 30)
    with pytest.raises(InvalidArgumentError, match="at most 20,971,520 bytes, got 1,073,741,824"):
        image(large)
    assert image(PNG, max_bytes=len(PNG)) == image(PNG, max_bytes=None)
    with pytest.raises(FileNotFoundError):
        image(tmp_path / "none.png")


def test_each_role() -> None:
    """The dicts of the contract: one text as a text, more as parts, and the name where one is given."""
    call = FunctionToolCall(id="c1", function=FunctionCall(name="f", arguments="{}"))
    assert system("a") == {"role": "system", "content": "a"}
    assert developer("a", name="n") == {"role": "developer", "content": "a", "name": "n"}
    assert system("a", text("b")) == {
        "role": "system",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    }
    assert user("a", name="n") == {"role": "user", "content": "a", "name": "n"}
    assert user(text("a")) == {"role": "user", "content": [{"type": "text", "text": "a"}]}
    assert assistant("a") == {"role": "assistant", "content": "a"}
    assert assistant(tool_calls=[call]) == {"role": "assistant", "tool_calls": [call]}
    assert assistant(refusal="no", name="n") == {"role": "assistant", "name": "n", "refusal": "no"}
    expected = {"role": "tool", "tool_call_id": "c1", "content": "r"}
    assert tool_message("c1", "r") == tool_message(call, "r") == tool_message(call.to_dict(), "r") == expected  # type: ignore[arg-type]
    assert tool_message(OtherToolCall.from_dict({"id": "c1", "type": "mcp"}), "r") == expected


def test_files_can_be_read_in_another_thread(tmp_path: Path) -> None:
    """The same part, for a program whose disk is far away."""
    path = written(tmp_path / "x.png", PNG)
    assert asyncio.run(asyncio.to_thread(image, path)) == image(path)  # type: ignore[arg-type]


def completion(*choices: dict[str, Any]) -> ChatCompletion:
    return ChatCompletion.from_dict({"id": "1", "choices": [{"index": i, "message": m} for i, m in enumerate(choices)]})


def test_the_message_and_the_text_of_a_completion() -> None:
    """Those of the first choice, a text in parts too; an error where there is none."""
    assert completion({"content": "a"}, {"content": "b"}).text == "a"
    assert completion({"content": None, "tool_calls": []}).text == ""
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert completion({"content": parts}).text == "ab"
    assert type(completion({"content": "a"}).message) is ChatCompletionMessage
    empty = completion()
    for name in ("message", "text"):
        with pytest.raises(APIResponseValidationError, match="no choices") as caught:
            getattr(empty, name)
        assert caught.value.partial is empty


def without_nulls(value: Any) -> Any:
    """The same JSON, with null and absent as one."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def sent_back(answer: ChatCompletion) -> Any:
    return json.loads(prepare({"messages": [*HELLO, answer.message]}).content)["messages"][-1]


def typed_calls(message: dict[str, Any]) -> dict[str, Any]:
    """The same message, whose calls say that they are of functions, which some servers leave out."""
    calls = [{"type": "function", **call} for call in message.get("tool_calls", [])]
    return {**message, "tool_calls": calls} if calls else message


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("json")])
def test_a_recorded_answer_goes_back_whole(exchange: Exchange) -> None:
    """Every member that is not null, the role, and the content also where it is null."""
    try:
        answer = ChatCompletion.from_dict(json.loads(exchange["response_body"]))
    except (DecodeError, ValueError):
        pytest.skip("no completion")
    if not answer.choices:
        pytest.skip("no choices")
    body = json.loads(exchange["response_body"])["choices"][0]["message"]
    assert {name for name, value in sent_back(answer).items() if value is None} <= {"content"}
    assert "content" in sent_back(answer)
    assert without_nulls(sent_back(answer)) == {"role": "assistant", **typed_calls(without_nulls(body))}


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("stream")])
def test_a_recorded_stream_goes_back_whole(exchange: Exchange) -> None:
    """The message of its final completion, with every member, and the text as it was told piece by piece."""
    accumulator = Accumulator()
    for event in EventDecoder().feed(exchange["response_body"].encode()):
        if event.data != "[DONE]" and isinstance(value := json.loads(event.data), dict):
            accumulator.add(value)
    answer = accumulator.snapshot()
    if not answer.choices:
        pytest.skip("no choices")
    message, back = typed_calls(without_nulls(answer.message.to_dict())), without_nulls(sent_back(answer))
    if parts := message.pop("content_parts", None):
        assert split_content(back.pop("content")) == (message.pop("content", ""), parts)
    assert back == {"role": "assistant", **message}
    assert answer.text == (answer.message.content or "")


def test_content_that_was_streamed_in_parts_goes_back_in_parts() -> None:
    """The list that a plain answer has: thoughts, then the text, in the part that it was taken from if there is one."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    said = {"type": "text", "text": "Hello"}
    noted = {**said, "annotations": [1]}
    for streamed, expected in [([thought, said], [thought, said]), ([thought], [thought]), ([noted], [noted])]:
        accumulator = Accumulator()
        for part in streamed:
            accumulator.add({"choices": [{"index": 0, "delta": {"content": [part]}}]})
        assert sent_back(accumulator.snapshot()) == {"role": "assistant", "content": expected}


def test_how_many_tokens_a_message_takes() -> None:
    """A token for four characters and four for the message; fixed numbers for what is not text."""
    assert estimate_tokens(user("12345678")) == 6
    assert estimate_tokens(user("123456789")) == 7
    assert estimate_tokens(user(image(PNG))) == 4 + 765
    assert estimate_tokens(user(image(PNG, detail="low"))) == 4 + 85
    assert estimate_tokens(user(audio(MP3 + bytes(16_000)))) == 4 + 11
    assert estimate_tokens(user(file(PDF))) == 4 + 2000
    assert estimate_tokens(user(file(b"x" * 3000))) == pytest.approx(754, abs=10)
    call = {"id": "c" * 100, "type": "function", "function": {"name": "f" * 4, "arguments": "a" * 8}}
    assert estimate_tokens({"role": "assistant", "content": None, "tool_calls": [call]}) == 4 + 3
    assert estimate_tokens({"role": "assistant", "reasoning_content": "r" * 40}) == 14
