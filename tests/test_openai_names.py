"""docs/openai-names.md against the openai package that is installed: every name of its chat completions has its row."""

import importlib
import inspect
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
from openai._exceptions import APIConnectionError, APIError, APIResponseValidationError, APIStatusError
from openai._legacy_response import LegacyAPIResponse
from openai._response import APIResponse
from openai._streaming import Stream
from openai.resources.chat.completions import Completions
from opper_chat import ChatCompletion, ClientOptions, EventStream, Opper, StreamedResponse
from opper_chat._event_stream import StreamManager
from opper_chat._parsed import ParsedChatCompletionMessage, ParsedChoice
from opper_chat._parsed_events import ParsedContentDeltaEvent, ParsedContentDoneEvent
from opper_chat_api.models import CompletionUsage
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
OUR_EVENTS |= {"content.delta": ParsedContentDeltaEvent, "content.done": ParsedContentDoneEvent}
MODELS: dict[str, tuple[Any, type]] = {
    "": (types.ParsedChatCompletion, opper_chat.ParsedChatCompletion),
    "choices[0].": (types.ParsedChoice, ParsedChoice),
    "choices[0].message.": (types.ParsedChatCompletionMessage, ParsedChatCompletionMessage),
    "usage.": (openai.types.CompletionUsage, CompletionUsage),
}


class Surface(NamedTuple):
    """One kind of names."""

    theirs: Callable[[], set[str]]
    """Those of the openai package."""
    have: Callable[[str], bool]
    """Whether one is here."""


def error_names() -> set[str]:
    names = {name for error in ERRORS for cls in error.__mro__ for name in getattr(cls, "__annotations__", {})}
    return public(names) | {"completion"}


def has_error_name(name: str) -> bool:
    error: Any = opper_chat.LengthFinishReasonError("", ChatCompletion.from_dict({"choices": []}))
    return hasattr(error, name)


SURFACES = {
    "The client's arguments": Surface(
        lambda: parameters(openai.OpenAI.__init__), lambda name: name in parameters(Opper.__init__)
    ),
    "The client": Surface(lambda: members(CLIENT), lambda name: hasattr(OURS, name)),
    "with_options and copy": Surface(
        lambda: parameters(openai.OpenAI.copy), lambda name: name in ClientOptions.__annotations__
    ),
    "client.chat": Surface(lambda: members(CLIENT.chat), lambda name: hasattr(OURS.chat, name)),
    "client.chat.completions": Surface(
        lambda: members(CLIENT.chat.completions), lambda name: hasattr(OURS.chat.completions, name)
    ),
    "create, parse and stream": Surface(
        lambda: parameters(Completions.create) | parameters(Completions.parse) | parameters(Completions.stream),
        lambda name: name in ARGUMENTS,
    ),
    "with_raw_response": Surface(
        lambda: members(CLIENT.chat.completions.with_raw_response),
        lambda name: hasattr(OURS.chat.completions.with_raw_response, name),
    ),
    "What with_raw_response gives": Surface(
        lambda: members(LegacyAPIResponse), lambda name: hasattr(opper_chat.RawResponse, name)
    ),
    "with_streaming_response": Surface(
        lambda: members(CLIENT.chat.completions.with_streaming_response),
        lambda name: hasattr(OURS.chat.completions.with_streaming_response, name),
    ),
    "What with_streaming_response gives": Surface(
        lambda: members(APIResponse), lambda name: hasattr(StreamedResponse, name)
    ),
    "A stream of chunks": Surface(
        lambda: members(Stream) | public(Stream.__annotations__), lambda name: hasattr(opper_chat.Stream, name)
    ),
    "A stream of events": Surface(
        lambda: members(streaming.ChatCompletionStream) | members(streaming.ChatCompletionStreamManager),
        lambda name: hasattr(EventStream, name) or hasattr(StreamManager, name),
    ),
    "Events, by their type": Surface(lambda: set(EVENTS), lambda name: name in OUR_EVENTS),
    "The members of events": Surface(
        lambda: {f"{kind}: {field}" for kind, event in EVENTS.items() for field in event.model_fields},
        lambda name: hasattr(OUR_EVENTS.get(name.partition(": ")[0]), name.partition(": ")[2]),
    ),
    "Classes of streams": Surface(
        lambda: {name for name in members(streaming) if name[0].isupper()}, lambda name: hasattr(opper_chat, name)
    ),
    "Errors: their attributes": Surface(error_names, has_error_name),
    "The members of completions": Surface(
        lambda: {f"{place}{name}" for place, (theirs, _) in MODELS.items() for name in theirs.model_fields},
        lambda name: any(
            hasattr(ours, name.removeprefix(place)) and name.startswith(place) for place, (_, ours) in MODELS.items()
        ),
    ),
    "The methods of models": Surface(lambda: members(openai.BaseModel), lambda name: hasattr(ChatCompletion, name)),
    "The package": Surface(lambda: public(openai.__all__), lambda name: name in opper_chat.__all__),
    "openai.types.chat": Surface(lambda: {name for name in members(types) if name[0].isupper()}, lambda _: False),
}


class Row(NamedTuple):
    """What the page says of a name."""

    here: str
    """``yes``, ``no``, or what it is called here."""
    why: str


def rows() -> dict[str, dict[str, Row]]:
    """The rows of the page, by heading and name. A row may name several, which have the same to say."""
    found: dict[str, dict[str, Row]] = {}
    heading = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| `"):
            names, here, why = (cell.strip() for cell in line.strip("|").split(" | "))
            for name in re.findall("`([^`]+)`", names):
                assert name not in found.setdefault(heading, {}), f"{heading}: {name} is there twice"
                found[heading][name] = Row(here, why)
    return found


ROWS = rows()


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


def test_the_page_has_a_table_for_every_kind() -> None:
    """And no other."""
    assert list(ROWS) == list(SURFACES)


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
        if row.here == "yes":
            assert surface.have(name), name
        elif row.here == "no":
            assert not surface.have(name), name
            assert len(row.why) > 8, name
        else:
            ours = row.here.strip("`")
            assert surface.have(ours) or found_at(ours), f"{name} as {ours}"
