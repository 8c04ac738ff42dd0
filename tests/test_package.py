"""The package: its modules, what importing it loads, its public names, and that both clients are alike."""

import ast
import inspect
import re
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
from opper_chat.batch import AsyncBatch, Batch

WRAPPER = Path(opper_chat.__file__).parent


@pytest.mark.parametrize("path", sorted(WRAPPER.rglob("*.py")), ids=lambda path: str(path.relative_to(WRAPPER)))
def test_every_module_has_a_docstring_and_at_most_400_lines(path: Path) -> None:
    """Generated modules included."""
    source = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 400


def test_pre_commit_has_the_pinned_ruff() -> None:
    """The version of the lint session, which formats differently in another version."""
    root = Path(__file__).parent.parent
    pinned = re.findall(r'"ruff==([0-9.]+)"', (root / "pyproject.toml").read_text("utf-8"))
    hooks = re.findall(r'"ruff==([0-9.]+)"', (root / ".pre-commit-config.yaml").read_text("utf-8"))
    assert len(hooks) == 2
    assert len({*pinned, *hooks}) == 1


def test_importing_the_package_loads_nothing_else() -> None:
    """No library, no module of the package, no model."""
    code = "import sys; before = set(sys.modules); import opper_chat; print('\\n'.join(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "opper_chat" in loaded
    heavy = {"httpx", "attrs", "attr", "msgspec", "asyncio", "ssl", "json", "typing_extensions", "dateutil"}
    assert {name for name in loaded if name.split(".")[0] in heavy | {"opper_chat_api"}} == set()
    assert {name for name in loaded if name.startswith("opper_chat.")} == set()


def test_the_public_names() -> None:
    """Each resolves, and the list is this one."""
    assert list(vars(opper_chat)["__all__"]) == sorted(vars(opper_chat)["__all__"])
    assert set(vars(opper_chat)["__all__"]) == {
        "APIConnectionError", "APIError", "APIResponseValidationError", "APIStatusError", "APITimeoutError",
        "AsyncConversation", "AsyncEventStream", "AsyncOpper", "AsyncParsedStream", "AsyncRawResponse",
        "AsyncRawStream", "AsyncStream", "AsyncStreamedResponse", "AsyncToolStream", "Attempt", "AuthenticationError",
        "BadRequestError", "CallOptions", "CallRecord", "ChatCompletion", "ClientOptions", "CompletionError",
        "ConflictError", "ContentFilterFinishReasonError", "Conversation", "CustomTool", "DefaultAsyncHttpxClient",
        "DefaultHttpxClient", "ErrorRequest", "ErrorResponse", "EventStream",
        "InternalServerError", "InvalidCompletionError", "InvalidArgumentError", "LengthFinishReasonError",
        "MissingKeyError", "Model", "NotFoundError", "Observer", "Opper", "OpperError", "ParsedChatCompletion",
        "ParsedStream", "ParsedStreamEvent", "PermissionDeniedError", "RateLimitError", "RawResponse", "RawStream",
        "RefusalError", "RepeatedCallError", "ResponseLimits", "ResponseTooLargeError", "Stream", "StreamEvent",
        "StreamTruncatedError", "StreamedResponse", "TokenBudgetError", "TooManyTurnsError", "Tool",
        "ToolArgumentsError", "ToolCall", "ToolContext", "ToolError", "ToolExecution", "ToolFailedError",
        "ToolResultError", "ToolRun", "ToolRunError", "ToolRunEvent", "ToolRunStepEvent", "ToolRunTimeoutError",
        "ToolStream", "UnknownArgumentError", "UnprocessableEntityError", "__version__", "add_observer", "custom_tool",
        "remove_observer", "tool", "tool_result",
    }  # fmt: skip
    for name in vars(opper_chat)["__all__"]:
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
        (Batch, AsyncBatch),
    ],
)
def test_both_clients_have_the_same_surface(sync: type, asynchronous: type) -> None:
    """The same members with the same signatures."""
    assert surface(sync) == surface(asynchronous)


def test_both_forms_of_create_are_alike() -> None:
    """The same arguments; one returns, the other is awaited."""
    one = Opper(api_key="key").chat.completions.create
    other = AsyncOpper(api_key="key").chat.completions.create
    assert inspect.iscoroutinefunction(other)
    assert not inspect.iscoroutinefunction(one)
    assert str(inspect.signature(one)) == str(inspect.signature(other)).replace("Async", "")
