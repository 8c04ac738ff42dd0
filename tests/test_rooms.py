"""The house: rooms import only from rooms above them, importing the package is light, both shells are alike."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import opper_chat
import pytest
from opper_chat import (
    AsyncConversation,
    AsyncEventStream,
    AsyncOpper,
    AsyncRawResponse,
    AsyncRawStream,
    AsyncStream,
    AsyncStreamedResponse,
    AsyncToolStream,
    Conversation,
    EventStream,
    Opper,
    RawResponse,
    RawStream,
    Stream,
    StreamedResponse,
    ToolStream,
)

WRAPPER = Path(opper_chat.__file__).parent

ROOMS = [
    "_json",
    "_values",
    "_nesting",
    "_error_bodies",
    "_answer_headers",
    "_excerpts",
    "_redaction",
    "_error_response",
    "_retryable",
    "_errors",
    "_error_redaction",
    "_response_limits",
    "_content_coding",
    "_record",
    "_options",
    "_proxies",
    "_library",
    "_logs",
    "_observers",
    "_clocks",
    "_scalar_checks",
    "_checks",
    "_misfits",
    "_bounds",
    "_hints",
    "_docs",
    "_shapes",
    "_open_shapes",
    "_pydantic",
    "_fields",
    "_schema_errors",
    "_schemas",
    "_headers",
    "_scopes",
    "_settings",
    "_lenient_values",
    "_partial_json",
    "_content",
    "_surrogates",
    "_pieces",
    "_assistant_messages",
    "_argument_hints",
    "_requests",
    "_call_signatures",
    "_model",
    "_served",
    "_media",
    "_trim",
    "messages",
    "_tool_calls",
    "_tool_errors",
    "_asks",
    "_tool_results",
    "_signatures",
    "_tools",
    "_results",
    "_parsed",
    "_markdown_fences",
    "_answers",
    "_json_lines",
    "_transcript",
    "_sse",
    "_responses",
    "_repeats",
    "_chunks",
    "_accumulator",
    "_said",
    "_events",
    "_event_maker",
    "_parsed_events",
    "_tool_run",
    "_tool_jobs",
    "_tool_threads",
    "_tool_plan",
    "_parts",
    "_flow",
    "_redirects",
    "_completion_reader",
    "_retries",
    "_refusals",
    "_limits",
    "_permits",
    "_sent",
    "_call",
    "_watchdog",
    "_transport",
    "_wait",
    "_async_wait",
    "_async_body",
    "_async_bell",
    "_async_gate",
    "_async_limiter",
    "_async_reply",
    "_heads",
    "_framing",
    "_network",
    "_async_library_body",
    "_async_borrowed",
    "_async_pool",
    "_loop_stream",
    "_async_network",
    "_async_connection",
    "_async_sender",
    "_async_http",
    "_async_calls",
    "_async_stream",
    "_async_event_stream",
    "_async_parsing",
    "_async_raw",
    "_async_workers",
    "_async_run",
    "_async_completions",
    "_async_client",
    "_async_conversation",
    "_body",
    "_bell",
    "_gate",
    "_limiter",
    "_reply",
    "_library_body",
    "_borrowed",
    "_pool",
    "_connection",
    "_sender",
    "_http",
    "_calls",
    "_stream",
    "_event_stream",
    "_parsing",
    "_raw",
    "_workers",
    "_run",
    "_completions",
    "_client",
    "_conversation",
    "telemetry",
    "types",
]
"""In the order in which data moves, but for the leaves at the top."""

SEES_THE_CONTRACT = {
    "_assistant_messages", "_requests", "_call_signatures", "_model", "_results", "_parsed", "_completion_reader",
    "_repeats", "_chunks", "_accumulator", "_said", "_events", "_event_maker", "_tools", "_tool_run", "_transcript",
    "messages", "types",
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """The modules that a file imports, relative ones by their name alone; not those that only hints need."""
    found: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name not in ROOMS}
        elif isinstance(node, ast.ImportFrom) and (node.level or node.module not in ROOMS):  # `types` is Python's own
            found |= {node.module} if node.module else {alias.name for alias in node.names}
    return found


def test_every_room_has_its_place() -> None:
    """The files of the package are the rooms."""
    assert {path.stem for path in WRAPPER.glob("*.py")} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above(room: str) -> None:
    """No room further down; the contract only where it belongs, and an HTTP library nowhere: `_library` finds it."""
    found = imports(WRAPPER / f"{room}.py")
    assert {name for name in found if name in ROOMS} <= set(ROOMS[: ROOMS.index(room)])
    assert any(name.startswith("opper_chat_api") for name in found) == (room in SEES_THE_CONTRACT)
    assert not found & {"httpx", "httpx2"}


@pytest.mark.parametrize("path", sorted(WRAPPER.rglob("*.py")), ids=lambda path: str(path.relative_to(WRAPPER)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """A docstring, and no more than one room's worth of lines."""
    source = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 400


def test_importing_the_package_loads_next_to_nothing() -> None:
    """None of the libraries, none of the rooms, no model."""
    code = "import sys; before = set(sys.modules); import opper_chat; print('\\n'.join(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "opper_chat" in loaded
    heavy = {"httpx", "attrs", "attr", "msgspec", "asyncio", "ssl", "json", "typing_extensions", "dateutil"}
    assert {name for name in loaded if name.split(".")[0] in heavy | {"opper_chat_api"}} == set()
    assert {name for name in loaded if name.startswith("opper_chat.")} == set()


def test_the_public_names() -> None:
    """Each resolves, and the list is this one."""
    assert list(opper_chat.__all__) == sorted(opper_chat.__all__)
    assert set(opper_chat.__all__) == {
        "APIConnectionError", "APIError", "APIResponseValidationError", "APIStatusError", "APITimeoutError",
        "AnswerError", "AsyncConversation", "AsyncEventStream", "AsyncOpper", "AsyncParsedStream", "AsyncRawResponse",
        "AsyncRawStream", "AsyncStream", "AsyncStreamedResponse", "AsyncToolStream", "Attempt", "AuthenticationError",
        "BadRequestError", "CallOptions", "CallRecord", "ChatCompletion", "ClientOptions", "ConflictError",
        "ContentFilterFinishReasonError", "Conversation", "CustomTool", "ErrorRequest", "ErrorResponse", "EventStream",
        "InternalServerError", "InvalidAnswerError", "InvalidArgumentError", "LengthFinishReasonError",
        "MissingKeyError", "Model", "NotFoundError", "Observer", "Opper", "OpperError", "ParsedChatCompletion",
        "ParsedStream", "ParsedStreamEvent", "PermissionDeniedError", "RateLimitError", "RawResponse", "RawStream",
        "RefusalError", "RepeatedCallError", "ResponseLimits", "ResponseTooLargeError", "Stream", "StreamEvent",
        "StreamTruncatedError", "StreamedResponse", "TokenBudgetError", "TooManyTurnsError", "Tool",
        "ToolArgumentsError", "ToolCall", "ToolContext", "ToolError", "ToolExecution", "ToolFailedError",
        "ToolResultError", "ToolRun", "ToolRunError", "ToolRunEvent", "ToolRunStepEvent", "ToolRunTimeoutError",
        "ToolStream", "UnknownArgumentError", "UnprocessableEntityError", "__version__", "add_observer", "custom_tool",
        "remove_observer", "tool", "tool_result",
    }  # fmt: skip
    for name in opper_chat.__all__:
        assert getattr(opper_chat, name)
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = opper_chat.Nonsense  # type: ignore[attr-defined]


def surface(cls: type) -> dict[str, str]:
    """Public members of a class and their signatures, with the async words taken out."""
    names = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__"}
    members: dict[str, str] = {}
    for name, member in vars(cls).items():
        if name.startswith("_") and name not in names and name not in names.values() and name != "__init__":
            continue
        target: Any = member.fget if isinstance(member, property) else member
        text = str(inspect.signature(target)) if callable(target) else ""
        text = text.replace("AsyncHTTPClient", "SyncHTTPClient").replace("Async", "")
        members[names.get(name, name)] = text
    return members


@pytest.mark.parametrize(
    ("sync", "asynchronous"),
    [
        (Opper, AsyncOpper),
        (Stream, AsyncStream),
        (EventStream, AsyncEventStream),
        (Conversation, AsyncConversation),
        (RawResponse, AsyncRawResponse),
        (RawStream, AsyncRawStream),
        (StreamedResponse, AsyncStreamedResponse),
        (ToolStream, AsyncToolStream),
    ],
)
def test_both_shells_have_the_same_surface(sync: type, asynchronous: type) -> None:
    """The same members with the same signatures."""
    assert surface(sync) == surface(asynchronous)


def test_both_forms_of_create_are_alike() -> None:
    """The same arguments; one returns, the other is awaited."""
    one = Opper(api_key="key").chat.completions.create
    other = AsyncOpper(api_key="key").chat.completions.create
    assert inspect.iscoroutinefunction(other)
    assert not inspect.iscoroutinefunction(one)
    assert str(inspect.signature(one)) == str(inspect.signature(other)).replace("Async", "")
