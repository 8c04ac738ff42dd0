"""Scenarios of tool calls: how servers identify the call of a fragment, and calls that are cut short."""

from collections.abc import Mapping
from typing import Any

from .._replies.completion import chunk
from .._replies.reply import CUT, ReplyEvent
from .builders import DONE, HEL, LO, ScenarioGroup, event
from .scenario import ScenarioToolCall

CALLS = ScenarioGroup("tool calls")

_CITY, _OSLO = '{"city": ', '"Oslo"}'
_ZONE, _CET = '{"zone": ', '"CET"}'
_WEATHER: ScenarioToolCall = ("call_1", "get_weather", _CITY + _OSLO)
_TIME: ScenarioToolCall = ("call_2", "get_time", _ZONE + _CET)
_BOTH = (_WEATHER, _TIME)
_HALF: ScenarioToolCall = ("call_1", "get_weather", _CITY)
_END = chunk(finish_reason="tool_calls")


def _tool(name: str, argument: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {argument: {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


_REQUEST = {"tools": [_tool("get_weather", "city"), _tool("get_time", "zone")]}


def _part(**properties: Any) -> dict[str, Any]:
    """Return a fragment of a tool call with these properties. `name` and `arguments` are those of its function."""
    function = {name: properties.pop(name) for name in ("name", "arguments") if name in properties}
    return {**properties, "function": function} if function else properties


def _tool_call_chunk(*parts: dict[str, Any]) -> dict[str, object]:
    return chunk(delta={"tool_calls": list(parts)})


def _complete(
    name: str,
    why: str,
    *events: ReplyEvent,
    calls: tuple[ScenarioToolCall, ...] = _BOTH,
    text: str = "",
    request: Mapping[str, Any] = _REQUEST,
) -> None:
    content = [*events, _END, DONE]
    CALLS.complete(name, why, content, text, tool_calls=calls, finish_reasons=("tool_calls",), request=request)


_complete(
    "calls-as-documented",
    "Id and name come first, with an index, and the arguments follow.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments="")),
    _tool_call_chunk(_part(index=0, arguments=_CITY)),
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments="")),
    _tool_call_chunk(_part(index=1, arguments=_ZONE)),
    _tool_call_chunk(_part(index=1, arguments=_CET)),
)
_complete(
    "calls-all-index-0",
    "Some servers give every call the index 0, and only the id differs.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    _tool_call_chunk(_part(index=0, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=0, arguments=_CET)),
)
_complete(
    "calls-of-one-tool-all-index-0",
    "As above, whole, and of the same tool.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO)),
    _tool_call_chunk(_part(index=0, id="call_2", type="function", name="get_weather", arguments='{"city": "Rome"}')),
    calls=(_WEATHER, ("call_2", "get_weather", '{"city": "Rome"}')),
)
_complete(
    "calls-without-index",
    "Some servers leave the index out.",
    _tool_call_chunk(_part(id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(arguments=_OSLO)),
    _tool_call_chunk(_part(id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(arguments=_CET)),
)
_complete(
    "calls-index-null",
    "Some servers send null for the index.",
    _tool_call_chunk(_part(index=None, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO)),
    _tool_call_chunk(_part(index=None, id="call_2", type="function", name="get_time", arguments=_ZONE + _CET)),
)
_complete(
    "calls-index-from-1",
    "Some servers count from 1.",
    _tool_call_chunk(_part(index=1, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=1, arguments=_OSLO)),
    _tool_call_chunk(_part(index=2, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=2, arguments=_CET)),
)
_complete(
    "calls-id-resent",
    "Some servers send the id with every part.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, id="call_1", type="function", arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", arguments=_CET)),
)
_complete(
    "calls-name-resent",
    "Some servers send id and name with every part.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_CET)),
)
_complete(
    "calls-name-in-parts",
    "Some servers send the name as they send the arguments, part by part.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_", arguments="")),
    _tool_call_chunk(_part(index=0, name="weather", arguments="")),
    _tool_call_chunk(_part(index=0, arguments=_CITY + _OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_")),
    _tool_call_chunk(_part(index=1, id="call_2", name="time")),
    _tool_call_chunk(_part(index=1, id="call_2", arguments=_ZONE + _CET)),
)
_complete(
    "calls-id-empty",
    "Some servers send an empty id and name with what follows.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, id="", type="", name="", arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=1, id="", type="", name="", arguments=_CET)),
)
_complete(
    "calls-id-null",
    "Some servers send null for id and name with what follows.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, id=None, type=None, name=None, arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE)),
    _tool_call_chunk(_part(index=1, id=None, type=None, name=None, arguments=_CET)),
)
_complete(
    "calls-without-id",
    "Some servers name no call.",
    _tool_call_chunk(_part(index=0, type="function", name="get_weather", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    calls=((None, *_WEATHER[1:]),),
)
_complete(
    "calls-id-in-a-later-chunk",
    "Some servers know the id only after the first part.",
    _tool_call_chunk(_part(index=0, type="function", name="get_weather", arguments="")),
    _tool_call_chunk(_part(index=0, id="call_1", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    calls=(_WEATHER,),
)
_complete(
    "calls-new-id-in-every-chunk",
    "Some servers send a new id with every part, and only the first has a name.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments="")),
    _tool_call_chunk(_part(index=0, id="call_7", type="function", arguments=_CITY)),
    _tool_call_chunk(_part(index=0, id="call_8", type="function", arguments=_OSLO)),
    calls=(_WEATHER,),
)
_complete(
    "calls-whole",
    "Some servers send each call in one part.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE + _CET)),
)
_complete(
    "calls-whole-in-one-chunk",
    "Some servers send all calls at once, without index.",
    _tool_call_chunk(
        _part(id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO),
        _part(id="call_2", type="function", name="get_time", arguments=_ZONE + _CET),
    ),
)
_complete(
    "calls-whole-in-one-chunk-all-index-0",
    "Some servers send all calls at once, with the same index.",
    _tool_call_chunk(
        _part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO),
        _part(index=0, id="call_2", type="function", name="get_time", arguments=_ZONE + _CET),
    ),
)
_complete(
    "calls-interleaved",
    "Parts of several calls arrive in turns.",
    _tool_call_chunk(
        _part(index=0, id="call_1", type="function", name="get_weather", arguments=""),
        _part(index=1, id="call_2", type="function", name="get_time", arguments=""),
    ),
    _tool_call_chunk(_part(index=1, arguments=_ZONE)),
    _tool_call_chunk(_part(index=0, arguments=_CITY)),
    _tool_call_chunk(_part(index=1, arguments=_CET), _part(index=0, arguments=_OSLO)),
)
for _name, _form, _index in (("text", "texts", str), ("fraction", "fractions", float)):
    _complete(
        f"calls-index-as-{_name}",
        f"As above, and the indexes are {_form}.",
        _tool_call_chunk(
            _part(index=_index(0), id="call_1", type="function", name="get_weather", arguments=""),
            _part(index=_index(1), id="call_2", type="function", name="get_time", arguments=""),
        ),
        _tool_call_chunk(_part(index=_index(1), arguments=_ZONE)),
        _tool_call_chunk(_part(index=_index(0), arguments=_CITY)),
        _tool_call_chunk(_part(index=_index(1), arguments=_CET)),
        _tool_call_chunk(_part(index=_index(0), arguments=_OSLO)),
    )
_complete(
    "calls-out-of-order",
    "The second call comes first.",
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE + _CET)),
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO)),
)
_complete(
    "calls-arguments-malformed",
    "A model writes arguments that are not JSON.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments="{'city': 'Oslo'}")),
    calls=(("call_1", "get_weather", "{'city': 'Oslo'}"),),
)
_complete(
    "calls-arguments-null",
    "Some servers begin with arguments that are null.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=None)),
    _tool_call_chunk(_part(index=0, arguments=_CITY)),
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    calls=(_WEATHER,),
)
_complete(
    "calls-arguments-as-object",
    "Some servers send the arguments as JSON and not as text.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments={"city": "Oslo"})),
    calls=(_WEATHER,),
)
_complete(
    "calls-without-arguments",
    "A tool may take none, and servers send an empty text.",
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments="")),
    calls=(("call_1", "get_weather", ""),),
)
_complete(
    "calls-after-text",
    "A model may write a text first.",
    HEL,
    LO,
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments=_CITY + _OSLO)),
    calls=(_WEATHER,),
    text="Hello",
)
_complete(
    "call-of-a-custom-tool",
    "A custom tool takes a text that is not JSON.",
    _tool_call_chunk({"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "run", "input": ""}}),
    _tool_call_chunk({"index": 0, "custom": {"input": "print("}}),
    _tool_call_chunk({"index": 0, "custom": {"input": "1)"}}),
    calls=(("call_1", "run", "print(1)"),),
    request={"tools": [{"type": "custom", "custom": {"name": "run"}}]},
)

# Cut short
_BEGUN: list[ReplyEvent] = [
    _tool_call_chunk(_part(index=0, id="call_1", type="function", name="get_weather", arguments="")),
    _tool_call_chunk(_part(index=0, arguments=_CITY)),
]
_SECOND: list[ReplyEvent] = [
    *_BEGUN,
    _tool_call_chunk(_part(index=0, arguments=_OSLO)),
    _tool_call_chunk(_part(index=1, id="call_2", type="function", name="get_time", arguments=_ZONE)),
]
_SECOND_HALF: tuple[ScenarioToolCall, ...] = (_WEATHER, ("call_2", "get_time", _ZONE))

CALLS.cut("call-cut", "The server was killed inside a call.", [*_BEGUN, CUT], tool_calls=(_HALF,), request=_REQUEST)
CALLS.truncated("call-truncated", "The body ends inside a call.", _BEGUN, tool_calls=(_HALF,), request=_REQUEST)
CALLS.truncated(
    "second-call-truncated", "One call is whole, the next is not.", _SECOND, tool_calls=_SECOND_HALF, request=_REQUEST
)
CALLS.error(
    "call-then-error",
    "The server fails inside a call.",
    [*_BEGUN, event({"error": {"message": "The model is busy"}})],
    tool_calls=(_HALF,),
    error_message="The model is busy",
    request=_REQUEST,
)
CALLS.invalid(
    "call-then-garbage", "Garbage comes inside a call.", [*_BEGUN, event("oops")], tool_calls=(_HALF,), request=_REQUEST
)
CALLS.complete(
    "call-then-length",
    "The limit of tokens was reached inside a call.",
    [*_BEGUN, chunk(finish_reason="length"), DONE],
    "",
    tool_calls=(_HALF,),
    finish_reasons=("length",),
    request=_REQUEST,
)
CALLS.complete(
    "call-then-done",
    "A server sends [DONE] inside a call.",
    [*_BEGUN, DONE],
    "",
    tool_calls=(_HALF,),
    finish_reasons=(None,),
    request=_REQUEST,
)
