"""docs/openai-names.md against the installed openai package: every name of its chat completions is listed there."""

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import openai
import openai.lib.streaming.chat as streaming
import openai.lib.streaming.chat._events as events
import openai.types.chat as types
import opper_chat
import pytest
from flavours import HELLO
from openai._exceptions import APIConnectionError, APIError, APIResponseValidationError, APIStatusError
from openai._legacy_response import LegacyAPIResponse
from openai._response import APIResponse
from openai._streaming import Stream
from openai.resources.chat.completions import AsyncCompletions, Completions
from openai.types import completion_usage
from openai.types.chat import (
    chat_completion,
    chat_completion_chunk,
    chat_completion_message,
    chat_completion_token_logprob,
)
from opper_chat import ChatCompletion, ClientOptions, EventStream, Opper, StreamedResponse
from opper_chat._results.parsed import ParsedChatCompletionMessage, ParsedChoice
from opper_chat._sync.event_stream import StreamManager
from opper_chat.testing import LocalServer
from opper_chat_api import models
from opper_chat_api.params import ChatCompletionRequestParam

PAGE = Path(__file__).parent.parent / "docs" / "openai-names.md"


def public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def members(thing: object) -> set[str]:
    return public(dir(thing))


def parameters(function: Callable[..., Any]) -> set[str]:
    return public(inspect.signature(function).parameters) - {"self"}


CLIENT = openai.OpenAI(api_key="key", base_url="http://localhost")
OURS = opper_chat.Opper(api_key="key", base_url="http://localhost")
ARGUMENTS = {*ChatCompletionRequestParam.__annotations__, *opper_chat.CallOptions.__annotations__, "stream"}
ERRORS = (APIError, APIStatusError, APIConnectionError, APIResponseValidationError, openai.LengthFinishReasonError)
EVENTS: dict[str, Any] = {
    event.model_fields["type"].annotation.__args__[0]: event
    for name, event in vars(events).items()
    if name.endswith("Event") and hasattr(event, "model_fields")
}
OUR_EVENTS: dict[str, Any] = {event.type: event for event in get_args(opper_chat.StreamEvent)}
MODELS: dict[str, tuple[Any, type]] = {
    "": (types.ParsedChatCompletion, opper_chat.ParsedChatCompletion),
    "choices[0].": (types.ParsedChoice, ParsedChoice),
    "choices[0].message.": (types.ParsedChatCompletionMessage, ParsedChatCompletionMessage),
    "choices[0].message.tool_calls[0].": (types.ParsedFunctionToolCall, models.FunctionToolCall),
    "choices[0].message.tool_calls[0].function.": (types.ParsedFunction, models.FunctionCall),
    "choices[0].message.audio.": (types.ChatCompletionAudio, models.AudioReply),
    "choices[0].message.annotations[0].": (chat_completion_message.Annotation, models.Annotation),
    "choices[0].logprobs.": (chat_completion.ChoiceLogprobs, models.ChoiceLogprobs),
    "choices[0].logprobs.content[0].": (types.ChatCompletionTokenLogprob, models.TokenLogprob),
    "choices[0].logprobs.content[0].top_logprobs[0].": (chat_completion_token_logprob.TopLogprob, models.TopLogprob),
    "usage.": (openai.types.CompletionUsage, models.CompletionUsage),
    "usage.completion_tokens_details.": (completion_usage.CompletionTokensDetails, models.CompletionTokensDetails),
    "usage.prompt_tokens_details.": (completion_usage.PromptTokensDetails, models.PromptTokensDetails),
}
CHUNKS: dict[str, tuple[Any, type]] = {
    "": (chat_completion_chunk.ChatCompletionChunk, models.ChatCompletionChunk),
    "choices[0].": (chat_completion_chunk.Choice, models.ChunkChoice),
    "choices[0].delta.": (chat_completion_chunk.ChoiceDelta, models.ChoiceDelta),
    "choices[0].delta.function_call.": (chat_completion_chunk.ChoiceDeltaFunctionCall, models.FunctionCallDelta),
    "choices[0].delta.tool_calls[0].": (chat_completion_chunk.ChoiceDeltaToolCall, models.ToolCallDelta),
    "choices[0].delta.tool_calls[0].function.": (
        chat_completion_chunk.ChoiceDeltaToolCallFunction,
        models.FunctionCallDelta,
    ),
    "choices[0].logprobs.": (chat_completion_chunk.ChoiceLogprobs, models.ChoiceLogprobs),
}


class Surface(NamedTuple):
    """One kind of names."""

    theirs: Callable[[], set[str]]
    """Those of the openai package."""
    have: Callable[[str], bool]
    """Whether one is here."""


def annotated(cls: type) -> set[str]:
    """What its annotations and its methods name, of itself and of the classes above it."""
    return public(name for base in cls.__mro__ for name in getattr(base, "__annotations__", {})) | members(cls)


def error_names() -> set[str]:
    classes = {*ERRORS, *(getattr(openai, name) for name in openai.__all__ if name in vars(opper_chat)["__all__"])}
    errors = [cls for cls in classes if isinstance(cls, type) and issubclass(cls, openai.OpenAIError)]
    names = {name for cls in errors for name in annotated(cls)} - members(Exception)
    return names | {"completion"}


def module_names() -> set[str]:
    """What is set on the module, what is called on it, and the clients that its ``__all__`` leaves out."""
    clients = {name for name in members(openai) - {*openai.__all__} if name.endswith("OpenAI")}
    called = members(openai._module_client) & members(openai) - {"annotations", "override"}
    return public(openai.__annotations__) | called | clients


def has_attribute(cls: type, name: str) -> bool:
    return hasattr(cls, name) or any(name in getattr(base, "__annotations__", {}) for base in cls.__mro__)


def fields_of(classes: dict[str, tuple[Any, type]]) -> set[str]:
    return {f"{place}{name}" for place, (theirs, _) in classes.items() for name in theirs.model_fields}


def has_field(classes: dict[str, tuple[Any, type]], path: str) -> bool:
    return any(
        path.startswith(place) and hasattr(ours, path.removeprefix(place)) for place, (_, ours) in classes.items()
    )


def has_error_name(name: str) -> bool:
    error: Any = opper_chat.LengthFinishReasonError("", ChatCompletion.from_dict({"choices": []}))
    return hasattr(error, name)


SURFACES = {
    "Arguments of the client": Surface(
        lambda: parameters(openai.OpenAI.__init__) | parameters(openai.AsyncOpenAI.__init__),
        lambda name: name in parameters(Opper.__init__),
    ),
    "Attributes and methods of the client": Surface(lambda: members(CLIENT), lambda name: hasattr(OURS, name)),
    "Arguments of with_options and copy": Surface(
        lambda: parameters(openai.OpenAI.copy), lambda name: name in ClientOptions.__annotations__
    ),
    "Attributes of client.chat": Surface(lambda: members(CLIENT.chat), lambda name: hasattr(OURS.chat, name)),
    "Attributes and methods of client.chat.completions": Surface(
        lambda: members(CLIENT.chat.completions), lambda name: hasattr(OURS.chat.completions, name)
    ),
    "Arguments of create, parse and stream": Surface(
        lambda: {
            name
            for cls in (Completions, AsyncCompletions)
            for method in (cls.create, cls.parse, cls.stream)
            for name in parameters(method)
        },
        lambda name: name in ARGUMENTS,
    ),
    "Methods of with_raw_response": Surface(
        lambda: members(CLIENT.chat.completions.with_raw_response),
        lambda name: hasattr(OURS.chat.completions.with_raw_response, name),
    ),
    "Attributes of raw responses": Surface(
        lambda: annotated(LegacyAPIResponse), lambda name: has_attribute(opper_chat.RawResponse, name)
    ),
    "Methods of with_streaming_response": Surface(
        lambda: members(CLIENT.chat.completions.with_streaming_response),
        lambda name: hasattr(OURS.chat.completions.with_streaming_response, name),
    ),
    "Attributes of streamed responses": Surface(
        lambda: annotated(APIResponse), lambda name: has_attribute(StreamedResponse, name)
    ),
    "Streams of chunks": Surface(
        lambda: members(Stream) | public(Stream.__annotations__), lambda name: hasattr(opper_chat.Stream, name)
    ),
    "Streams of events": Surface(
        lambda: members(streaming.ChatCompletionStream) | members(streaming.ChatCompletionStreamManager),
        lambda name: hasattr(EventStream, name) or hasattr(StreamManager, name),
    ),
    "Types of events": Surface(lambda: set(EVENTS), lambda name: name in OUR_EVENTS),
    "Fields of events": Surface(
        lambda: {f"{kind}: {field}" for kind, event in EVENTS.items() for field in event.model_fields},
        lambda name: hasattr(OUR_EVENTS.get(name.partition(": ")[0]), name.partition(": ")[2]),
    ),
    "Classes of streams": Surface(
        lambda: {name for name in members(streaming) if name[0].isupper()}, lambda name: hasattr(opper_chat, name)
    ),
    "Attributes of errors": Surface(error_names, has_error_name),
    "Fields of completions": Surface(
        lambda: fields_of(MODELS) | {"_request_id"},  # documented, and set where a response is read
        lambda name: has_field(MODELS, name),
    ),
    "Fields of chunks": Surface(lambda: fields_of(CHUNKS), lambda name: has_field(CHUNKS, name)),
    "Methods of models": Surface(lambda: members(openai.BaseModel), lambda name: hasattr(ChatCompletion, name)),
    "Names in openai": Surface(
        lambda: {*public(openai.__all__), "pydantic_function_tool"}, lambda name: name in vars(opper_chat)["__all__"]
    ),
    "Settings and shortcuts of the module openai": Surface(module_names, lambda name: hasattr(opper_chat, name)),
    "Names in openai.types.chat": Surface(
        lambda: {name for name in members(types) if name[0].isupper()}, lambda _: False
    ),
}


class Row(NamedTuple):
    """What the page says of a name."""

    here: str
    """``yes``, ``differs``, ``no``, or what it is called here."""
    why: str


NAMES = r"`[^`]+`(?:,\s+`[^`]+`)*"
"""Names in a list of the page, which may continue on the next line."""


def read_rows() -> dict[str, dict[str, Row]]:
    """Read what the page says of each name, by heading and name."""
    found: dict[str, dict[str, Row]] = {}
    for section in re.split(r"^### ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = re.split(r"^## ", section, flags=re.MULTILINE)[0].partition("\n")
        same = re.findall(rf"^The same: ({NAMES})\.$", text, re.MULTILINE)
        table = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|(?: (.*) \|)?", text, re.MULTILINE)
        missing = re.findall(rf"^- ({NAMES}): (.+?)(?=\n- |\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
        lists = [
            *[[(name, Row("yes", "")) for name in re.findall("`([^`]+)`", names)] for names in same],
            [(name, Row(here, why)) for name, here, why in table],
            *[[(name, Row("no", why)) for name in re.findall("`([^`]+)`", names)] for names, why in missing],
        ]
        for names in lists:
            assert [name for name, _ in names] == sorted(name for name, _ in names), f"{heading}: not in order"
        rows = [row for names in lists for row in names]
        found[heading] = dict(rows)
        assert len(found[heading]) == len(rows), f"{heading}: a name is listed twice"
    return found


ROWS = read_rows()


def found_at(path: str) -> bool:
    """Whether a dotted path leads somewhere."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part, None)
        return thing is not None
    return False


def test_the_page_has_a_section_for_every_kind() -> None:
    """And no other, in lines that can be read."""
    assert sorted(ROWS) == sorted(SURFACES)
    assert [line for line in PAGE.read_text("utf-8").splitlines() if len(line) > 160] == []


@pytest.mark.parametrize("heading", SURFACES)
def test_every_name_has_its_row(heading: str) -> None:
    """The page lists the names of the installed package, no more and no less."""
    theirs = SURFACES[heading].theirs()
    assert theirs
    assert sorted(theirs - set(ROWS[heading])) == []
    assert sorted(set(ROWS[heading]) - theirs) == []


@pytest.mark.parametrize("heading", SURFACES)
def test_the_rows_are_true(heading: str) -> None:
    """What is said to be here is; what is called otherwise is there; what is left out is not here, and has a reason."""
    surface = SURFACES[heading]
    for name, row in ROWS[heading].items():
        if row.here in ("yes", "differs"):
            assert surface.have(name), name
            assert row.here == "yes" or len(row.why) > 8, name
        elif row.here == "no":
            assert not surface.have(name), name
            assert len(row.why) > 8, name
        else:
            ours = row.here.strip("`")
            assert surface.have(ours) or found_at(ours), f"{name} as {ours}"


def test_headers_and_parameters_add_up(server: LocalServer) -> None:
    """As in that package: `default_...` adds, `set_default_...` replaces, and None does neither."""
    kinds: list[Any] = [opper_chat.Opper, openai.OpenAI]
    for kind in kinds:
        first = kind(api_key="key", base_url=server.base_url, default_headers={"x-a": "1", "x-b": "1"}, max_retries=0)
        for client, expected in (
            (first.with_options(default_headers={"X-B": "2", "x-c": "2"}), {"x-a": "1", "x-b": "2", "x-c": "2"}),
            (first.with_options(set_default_headers={"x-c": "2"}), {"x-c": "2"}),
            (first.copy(default_headers=None), {"x-a": "1", "x-b": "1"}),
        ):
            client.chat.completions.create(model="m", messages=HELLO)
            headers = server.requests[-1].headers
            assert {name: headers[name] for name in ("x-a", "x-b", "x-c") if name in headers} == expected
        other = first.with_options(default_query={"a": "1"}).with_options(default_query={"b": "1"})
        other.chat.completions.create(model="m", messages=HELLO)
        assert server.requests[-1].query == "a=1&b=1"
        other.with_options(set_default_query={"c": "1"}).chat.completions.create(model="m", messages=HELLO)
        assert server.requests[-1].query == "c=1"
        assert first.is_closed() is False
        first.close()
        assert first.is_closed() is other.is_closed() is True


def test_a_model_as_json() -> None:
    """What that package writes, of a completion and of what is in it; also under the names of pydantic."""
    answer = {
        "id": "1",
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"content": "Grüße", "role": "assistant"}}],
        "created": 1,
        "model": "m",
        "object": "chat.completion",
    }
    ours, theirs = ChatCompletion.from_dict(answer), types.ChatCompletion.model_validate(answer)
    assert json.loads(ours.to_json()) == json.loads(theirs.to_json()) == answer
    assert "Grüße" in ours.to_json()
    assert ours.to_json(indent=None, exclude_unset=True).count("\n") == 0
    assert ours.model_dump(exclude_none=True) == ours.to_dict() == answer
    assert json.loads(ours.choices[0].message.model_dump_json()) == answer["choices"][0]["message"]


def test_what_a_raw_response_was_the_answer_to(server: LocalServer) -> None:
    """Method, address and request, without the key."""
    with opper_chat.Opper(api_key="secret-key", base_url=server.base_url) as client:
        raw = client.chat.completions.with_raw_response.create(messages=HELLO)
        assert (raw.method, str(raw.url), raw.http_version) == (
            "POST",
            f"{server.base_url}/chat/completions",
            "HTTP/1.1",
        )
        assert raw.is_closed
        assert b"Hello" in raw.http_request.content
        assert "secret-key" not in str(raw.http_request.headers.raw)
        assert client.timeout == {"connect": 5.0, "read": 600.0, "write": 600.0, "pool": 600.0}
        assert client.with_options(timeout=7).timeout == dict.fromkeys(("connect", "read", "write", "pool"), 7.0)
        with client.chat.completions.stream(messages=HELLO) as stream:
            stream.until_done()
            assert stream.current_completion_snapshot == stream.get_final_completion()
