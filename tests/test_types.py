"""`opper_chat.types`: the names to annotate with."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_origin

import opper_chat
import pytest
from opper_chat import types
from opper_chat_api import models, params

OWN = {
    "AsyncBeforeCall", "AsyncEventStream", "AsyncOnEvent", "AsyncParsedStream", "AsyncParsedStreamManager",
    "AsyncRawResponse", "AsyncRawStream", "AsyncStream", "AsyncStreamManager", "AsyncStreamedResponse",
    "AsyncToolStream", "Attempt", "AudioDeltaEvent", "AudioDoneEvent", "BeforeCall", "CallArguments", "CallOptions",
    "CallRecord", "ChatCompletion", "ChunkEvent", "ClientOptions", "ContentDeltaEvent", "ContentDoneEvent",
    "CustomTool", "DoneEvent", "ErrorRequest", "ErrorResponse", "EventStream", "FunctionCallDeltaEvent",
    "FunctionCallDoneEvent", "LogprobsContentDeltaEvent", "LogprobsContentDoneEvent", "LogprobsRefusalDeltaEvent",
    "LogprobsRefusalDoneEvent", "Message", "Observer", "OnEvent", "OnToolError", "ParsedChatCompletion",
    "ParsedChatCompletionMessage", "ParsedChoice", "ParsedContentDeltaEvent", "ParsedContentDoneEvent",
    "ParsedDoneEvent", "ParsedStream", "ParsedStreamEvent", "ParsedStreamManager", "RawResponse", "RawStream",
    "ReasoningDeltaEvent", "ReasoningDoneEvent", "RefusalDeltaEvent", "RefusalDoneEvent", "ResponseLimits", "Stream",
    "StreamEvent", "StreamManager", "StreamedResponse", "Tool", "ToolCall", "ToolCallDeltaEvent", "ToolCallDoneEvent",
    "ToolContext", "ToolExecution", "ToolResultEvent", "ToolRun", "ToolRunDoneEvent", "ToolRunEvent",
    "ToolRunStepEvent", "ToolStartedEvent", "ToolStream", "TurnDoneEvent", "TurnStartedEvent", "UsageEvent",
}  # fmt: skip


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_typed_dict_and_model_and_what_the_package_adds() -> None:
    """The list is that of the contract, and this one; each name resolves."""
    assert {*models.__all__, *params.__all__, *OWN} == set(types.__all__)
    assert types.__all__ == sorted(types.__all__)
    assert [name for name in types.__all__ if not hasattr(types, name)] == []
    assert set(types.__all__) <= set(dir(types))
    assert {name for name in vars(params) if name.endswith("Param")} == set(params.__all__)


def test_type_checkers_see_the_same_names() -> None:
    """Those that are imported for them."""
    tree = ast.parse(Path(types.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    aliases = [alias for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {alias.asname for alias in aliases if alias.name != "*"} == OWN
    assert all(alias.asname == alias.name for alias in aliases if alias.name != "*")


@pytest.mark.parametrize("name", sorted(OWN & set(opper_chat.__all__)))
def test_the_names_of_the_package_are_the_same_objects(name: str) -> None:
    """Whichever way they are imported."""
    assert getattr(types, name) is getattr(opper_chat, name)


def test_the_classes_of_the_contract_are_the_same_objects() -> None:
    """But for the completion and the custom tool, which the package extends."""
    assert types.Choice is models.Choice
    assert types.ChatMessageParam is params.ChatMessageParam
    assert types.ChatCompletion is not models.ChatCompletion
    assert issubclass(types.ChatCompletion, models.ChatCompletion)
    assert types.CustomTool is not models.CustomTool
    assert issubclass(types.CustomTool, models.CustomTool)


@pytest.mark.parametrize("union", ["StreamEvent", "ParsedStreamEvent", "ToolRunEvent", "ToolRunStepEvent"])
def test_every_event_of_a_union_is_there(union: str) -> None:
    """By its own name."""
    events = get_args(getattr(types, union))
    assert events
    for event in events:
        cls = get_origin(event) or event
        assert getattr(types, cls.__name__) is cls


def test_what_is_public_is_what_types_annotates_with() -> None:
    """Every class of the package that is no error, no client and no helper."""
    helpers = {"AsyncConversation", "AsyncOpper", "Conversation", "DefaultAsyncHttpxClient", "DefaultHttpxClient"}
    helpers |= {"Model", "Opper"}
    classes = {
        name
        for name in opper_chat.__all__
        if inspect.isclass(value := getattr(opper_chat, name)) and not issubclass(value, BaseException)
    }
    assert classes - helpers <= OWN


def test_importing_it_loads_next_to_nothing() -> None:
    """Neither the contract nor attrs, until a name is asked for."""
    loaded = run("import sys, opper_chat.types; print(*sys.modules)").split()
    assert {name for name in loaded if name.startswith(("opper_chat_api", "attr", "httpx", "msgspec"))} == set()
    assert {name for name in loaded if name.startswith("opper_chat.")} == {"opper_chat.types"}
    loaded = run("import sys; from opper_chat.types import UserMessage; print(*sys.modules)").split()
    assert {name for name in loaded if name.startswith("opper_chat.")} == {"opper_chat.types"}


def test_everything_is_imported_with_a_star() -> None:
    """In a process that has loaded nothing of it."""
    done = run("from opper_chat.types import *; print(Choice.__name__, ToolRun.__name__)")
    assert done == "Choice ToolRun\n"


def test_a_name_that_is_not_there() -> None:
    """Is an error that names it."""
    for name in ("Invented", "_invented", "__wrapped__"):
        with pytest.raises(AttributeError, match=name):
            getattr(types, name)
    with pytest.raises(ImportError, match="Oper"):
        from opper_chat import Oper  # type: ignore[attr-defined]  # noqa: F401
