"""Signatures: what `help()`, `inspect.signature()` and editors show of a call lists every argument by its name."""

import copy
import inspect
import pickle
import pydoc
import subprocess
import sys
import traceback
from typing import Any, Unpack, get_type_hints

import pytest
from opper_chat import (
    AsyncConversation,
    AsyncOpper,
    CallOptions,
    ClientOptions,
    Conversation,
    Opper,
    UnknownArgumentError,
)
from opper_chat._config.environment import NOT_GIVEN
from opper_chat._config.options import CONSTRUCTOR_OPTIONS, RequestOptions
from opper_chat._requests.parameters import CallArguments
from opper_chat._requests.tool_options import ToolLoopOptions
from opper_chat.types import AsyncStream, ChatCompletion, Stream
from opper_chat_api.params import ChatCompletionRequestParam

PARAMETERS = [*ChatCompletionRequestParam.__annotations__, "stream"]
OPTIONS = [*CallOptions.__annotations__]
METHODS: dict[str, set[str]] = {
    "create": {"stream"},
    "parse": {"retries_on_invalid", "strict"},
    "stream": {"strict"},
    "run_tools": {
        "max_turns", "max_parallel", "max_repeats", "max_total_tokens", "on_tool_error", "before_call", "on_event",
        "context", "strict",
    },
    "stream_tools": {
        "max_turns", "max_parallel", "max_repeats", "max_total_tokens", "on_tool_error", "before_call", "context",
        "strict",
    },
    "with_raw_response.create": {"stream"},
    "with_streaming_response.create": {"stream"},
}  # fmt: skip
"""What each method takes beside the parameters of the contract and the options of a call."""
CLIENTS: dict[str, Any] = {"sync": Opper(api_key="key"), "async": AsyncOpper(api_key="key")}


def method(flavour: str, name: str) -> Any:
    found: Any = CLIENTS[flavour].chat.completions
    for step in name.split("."):
        found = getattr(found, step)
    return found


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("flavour", CLIENTS)
def test_every_argument_is_in_the_signature(flavour: str, name: str) -> None:
    """By keyword, of which messages alone are required, and no `**arguments`."""
    parameters = inspect.signature(method(flavour, name)).parameters
    assert set(parameters) == {*PARAMETERS, *OPTIONS, *METHODS[name]} - ({"stream"} - METHODS[name])
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert [one.name for one in parameters.values() if one.default is inspect.Parameter.empty] == ["messages"]
    assert next(iter(parameters)) == "messages"


@pytest.mark.parametrize("name", METHODS)
def test_both_flavours_have_the_same_parameters(name: str) -> None:
    """But for what is given to the functions of a run."""
    sync, other = (list(inspect.signature(method(flavour, name)).parameters) for flavour in CLIENTS)
    assert sync == other


def test_what_is_said_of_an_argument() -> None:
    """Its type without what a typed dict adds; None where None leaves it out; NOT_GIVEN where the client decides."""
    parameters = inspect.signature(CLIENTS["sync"].chat.completions.create).parameters
    assert parameters["temperature"].annotation == "float | None"
    assert parameters["messages"].annotation == "Sequence[ChatMessageParam]"
    assert parameters["temperature"].default is None
    assert parameters["timeout"].default is NOT_GIVEN
    assert str(parameters["timeout"]) == "timeout: 'AnyTimeout' = NOT_GIVEN"
    assert parameters["stream"].annotation == "bool | None"
    assert inspect.signature(CLIENTS["sync"].chat.completions.create).return_annotation == "ChatCompletion | Stream"
    streamed = inspect.signature(CLIENTS["sync"].chat.completions.stream).parameters["response_format"]
    assert streamed.annotation.startswith("TypeForm[Any] | TextResponseFormatParam")
    for parameter in parameters.values():
        assert "Required[" not in str(parameter.annotation)


@pytest.mark.parametrize("name", ["run_tools", "stream_tools"])
@pytest.mark.parametrize("flavour", CLIENTS)
def test_the_defaults_of_a_tool_loop(flavour: str, name: str) -> None:
    """Those that apply, and not NOT_GIVEN, which stands for a setting of the client."""
    parameters = inspect.signature(method(flavour, name)).parameters
    assert {option: parameters[option].default for option in METHODS[name]} == {
        "max_turns": 8, "max_parallel": 8, "max_repeats": 3, "max_total_tokens": None, "on_tool_error": "report",
        "context": None, "before_call": None, "strict": True, **({"on_event": None} if name == "run_tools" else {}),
    }  # fmt: skip
    assert parameters["max_repeats"].annotation == "int | None"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("flavour", CLIENTS)
def test_help_shows_every_argument(flavour: str, name: str) -> None:
    """With its type."""
    text = pydoc.plain(pydoc.render_doc(method(flavour, name)))
    for parameter in inspect.signature(method(flavour, name)).parameters:
        assert f"{parameter}: " in text
    assert "messages: 'Sequence[ChatMessageParam]'" in text


@pytest.mark.parametrize("cls", [Conversation, AsyncConversation])
def test_a_conversation(cls: Any) -> None:
    """The parameters but for messages and `stream`."""
    turn = {*PARAMETERS, *OPTIONS} - {"messages", "stream"}
    assert set(inspect.signature(cls).parameters) == {"client", "system", *turn}
    assert set(inspect.signature(cls.load).parameters) == {"client", "path", *turn}
    for name in ("send", "stream"):
        parameters = inspect.signature(getattr(cls, name)).parameters
        assert set(parameters) == {"self", "content", *turn}
        assert parameters["content"].kind is inspect.Parameter.VAR_POSITIONAL


@pytest.mark.parametrize("name", ["with_options", "copy"])
@pytest.mark.parametrize("flavour", CLIENTS)
def test_the_settings_of_a_client(flavour: str, name: str) -> None:
    """Each that can be changed."""
    parameters = inspect.signature(getattr(CLIENTS[flavour], name)).parameters
    assert set(parameters) == set(ClientOptions.__annotations__)
    assert {str(parameter).rpartition(" = ")[2] for parameter in parameters.values()} == {"NOT_GIVEN"}


@pytest.mark.parametrize("cls", [Opper, AsyncOpper])
def test_the_options_of_a_client(cls: Any) -> None:
    """Those that a call takes too are listed as the others are, with the values that they have unless given."""
    parameters = inspect.signature(cls).parameters
    assert set(RequestOptions.__annotations__) == set(CallOptions.__annotations__) & set(ClientOptions.__annotations__)
    assert tuple(sorted(parameters)) == tuple(sorted(CONSTRUCTOR_OPTIONS))
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert str(parameters["max_retries"]) == "max_retries: 'int' = 2"
    assert str(parameters["deadline"]) == "deadline: 'float | None' = None"
    assert "deadline: 'float | None' = None" in pydoc.plain(pydoc.render_doc(cls))
    client = cls(api_key="key")
    assert client.max_retries == parameters["max_retries"].default


@pytest.mark.parametrize("cls", [Opper, AsyncOpper])
def test_an_option_that_no_client_has_is_refused(cls: Any) -> None:
    """The error names the one that is meant, and neither it nor its traceback has a key."""
    with pytest.raises(UnknownArgumentError, match=r"'timout' \(given: 5\)\. Did you mean 'timeout'\?"):
        cls(api_key="key", timout=5)
    with pytest.raises(UnknownArgumentError, match="Did you mean 'api_key'") as caught:
        cls(apikey="sk-sesame-sesame")
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    own = shown[shown.index("client.py") :]
    assert "sesame" not in own


def test_a_signature_binds_and_is_changed_and_copied() -> None:
    """As any other."""
    signature = inspect.signature(CLIENTS["sync"].chat.completions.create)
    bound = signature.bind(messages=[], temperature=1)
    assert bound.arguments == {"messages": [], "temperature": 1}
    with pytest.raises(TypeError, match="temprature"):
        signature.bind(messages=[], temprature=1)
    with pytest.raises(TypeError, match="messages"):
        signature.bind(temperature=1)
    assert pickle.loads(pickle.dumps(signature)) == copy.deepcopy(signature) == signature
    unbound = inspect.signature(type(CLIENTS["sync"].chat.completions).create)
    assert list(unbound.parameters) == ["self", *signature.parameters]
    assert list(unbound.replace(parameters=[]).parameters) == []
    assert unbound == inspect.signature(type(CLIENTS["sync"].chat.completions).create)
    assert hash(unbound)


@pytest.mark.parametrize("name", [*METHODS, "with_options"])
@pytest.mark.parametrize("flavour", CLIENTS)
def test_type_hints_are_resolved(flavour: str, name: str) -> None:
    """Of each parameter and of what is returned, as types and not as texts."""
    function = CLIENTS[flavour].with_options if name == "with_options" else method(flavour, name)
    hints = get_type_hints(function)
    assert "return" in hints
    assert set(hints) >= METHODS.get(name, set()) - {"strict", *ToolLoopOptions.__annotations__}
    assert not [hint for hint in hints.values() if isinstance(hint, str)]


def test_the_type_hints_of_a_call() -> None:
    """The classes that are public, and the typed dict that the arguments fit."""
    arguments: Any = Unpack[CallArguments]
    for flavour, stream in (("sync", Stream), ("async", AsyncStream)):
        hints = get_type_hints(method(flavour, "create"))
        assert hints == {"stream": bool | None, "arguments": arguments, "return": ChatCompletion | stream}
        assert inspect.get_annotations(method(flavour, "create")) == hints


@pytest.mark.parametrize("cls", [Conversation, AsyncConversation])
def test_the_type_hints_of_a_conversation(cls: Any) -> None:
    """Of what makes one, and of its turns."""
    for function in (cls.__init__, cls.load, cls.send, cls.stream):
        assert not [hint for hint in get_type_hints(function).values() if isinstance(hint, str)]


def test_a_signature_loads_no_types() -> None:
    """What is only needed to resolve type hints stays unloaded until they are asked for."""
    code = """
import inspect, sys, typing
from opper_chat import Opper
create = Opper(api_key="key").chat.completions.create
inspect.signature(create)
print("opper_chat.types" in sys.modules)
typing.get_type_hints(create)
print("opper_chat.types" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
