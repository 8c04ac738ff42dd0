"""The generated models: what they read, what they keep, and what it costs to load them."""

import copy
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import opper_chat_api
import pytest
from opper_chat_api import AuthenticatedClient, Client, models
from opper_chat_api.errors import DecodeError
from opper_chat_api.models import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionRequest,
    Choice,
    ChoiceLogprobs,
    CustomToolCall,
    FlatErrorBody,
    FunctionCall,
    FunctionMessage,
    FunctionToolCall,
    OtherPart,
    OtherToolCall,
    TextPart,
    TokenLogprob,
    TopLogprob,
    UrlCitation,
    UserMessage,
    ValidationErrorEntry,
)

PACKAGE = Path(opper_chat_api.__file__).parent


def completion(**message: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"message": message}]}


def test_absent_and_null_read_as_none() -> None:
    """None, for a member that is not there and for one that is null; they are equal, and a required null is kept."""
    absent = ChatCompletion.from_dict({"choices": []})
    null = ChatCompletion.from_dict({"choices": [], "id": None, "usage": None, "created": None, "model": None})
    assert absent == null
    assert (absent.id, absent.created, absent.model, absent.object, absent.usage) == (None,) * 5
    assert absent.to_dict() == {"choices": []}
    assert null.to_dict() == {"choices": [], "id": None, "created": None, "model": None}


def test_there_is_no_sentinel() -> None:
    """No file of the package speaks of UNSET."""
    assert [path.name for path in PACKAGE.rglob("*.py") if "unset" in path.read_text("utf-8").lower()] == []


def test_invented_words_are_kept() -> None:
    """A finish reason, a tier and a role that no list names, unchanged."""
    source = completion(role="robot", content="x") | {"service_tier": "on_demand"}
    source["choices"][0]["finish_reason"] = "tired"
    read = ChatCompletion.from_dict(source)
    assert (read.choices[0].finish_reason, read.service_tier) == ("tired", "on_demand")
    assert read.choices[0].message.role == "robot"
    assert read.to_dict() == source


def test_unknown_members_survive_at_every_level() -> None:
    """All of them in additional_properties, and back in the JSON."""
    source = completion(role="assistant", content="x", reasoning="because") | {"x_groq": {"id": "r"}}
    source["choices"][0]["seed"] = 7
    read = ChatCompletion.from_dict(source)
    assert read["x_groq"] == {"id": "r"}
    assert read.choices[0].message.additional_properties == {"reasoning": "because"}
    assert read.to_dict() == source


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("content", [{"type": "text", "text": "x"}]),
        ("content", 5),
        ("tool_calls", {"id": "x"}),
        ("tool_calls", ["x"]),
        ("tool_calls", [None]),
        ("function_call", "get"),
        ("audio", {"id": "only"}),
        ("annotations", [1]),
    ],
)
def test_a_misfit_is_kept_and_its_attribute_is_none(member: str, value: object) -> None:
    """None where the annotation promises something else, with the value in additional_properties."""
    source = completion(role="assistant", **{member: value})
    message = ChatCompletion.from_dict(source).choices[0].message
    assert getattr(message, member) is None
    assert message.additional_properties == {member: value}
    assert message.to_dict() == source["choices"][0]["message"]


def test_an_unknown_kind_of_tool_call_survives() -> None:
    """The open arm, with every member, and its word as the type."""
    call = {"id": "c", "type": "mcp", "server": {"label": "s"}}
    read = ChatCompletion.from_dict(completion(tool_calls=[call])).choices[0].message.tool_calls
    assert read is not None
    assert isinstance(read[0], OtherToolCall)
    assert (read[0].type, read[0].id, read[0]["type"]) == ("mcp", "c", "mcp")
    assert read[0].additional_keys == ["server"]
    assert read[0].to_dict() == call
    assert attrs.evolve(read[0], id="d").to_dict() == {**call, "id": "d"}
    for odd in ({"id": "c"}, {"id": "c", "type": None}, {"id": "c", "type": 5}):
        other = OtherToolCall.from_dict(odd)
        assert other.type is None
        assert other.to_dict() == {name: value for name, value in odd.items() if value is not None}


def test_a_required_member_that_is_not_there_is_not_written() -> None:
    """None for each, not in the JSON of what is made here, and a null where one was read."""
    made = Choice(message=ChatCompletionMessage(content="x"))
    assert (made.finish_reason, made.index, made.message.role) == (None, None, None)
    assert made.to_dict() == {"message": {"content": "x"}}
    source = {"message": {"role": None}, "finish_reason": None, "index": 0}
    assert Choice.from_dict(source).to_dict() == source
    assert attrs.evolve(Choice.from_dict(source), finish_reason="stop").to_dict() == source | {"finish_reason": "stop"}
    assert ChatCompletion(choices=[]).to_dict() == {"choices": []}


def test_a_tool_call_without_type_is_told_by_its_members() -> None:
    """A function call and a custom call, and no type in the JSON that had none."""
    calls = [
        {"id": "1", "function": {"name": "f", "arguments": "{}"}},
        {"id": "2", "custom": {"name": "g", "input": "x"}},
    ]
    read = ChatCompletion.from_dict(completion(tool_calls=calls)).choices[0].message.tool_calls
    assert read is not None
    assert [type(call) for call in read] == [FunctionToolCall, CustomToolCall]
    assert [call.type for call in read] == ["function", "custom"]
    assert [call.to_dict() for call in read] == calls


def test_arguments_that_are_not_there_read_as_empty() -> None:
    """An empty text, which the JSON does not get."""
    source = {"name": "f", "arguments": None}
    read = FunctionCall.from_dict(source)
    assert read.arguments == ""
    assert read.to_dict() == {"name": "f"}
    read.arguments = "{}"
    assert read.to_dict() == {"name": "f", "arguments": "{}"}
    assert FunctionCall.from_dict({"name": "f", "arguments": ""}).to_dict() == {"name": "f", "arguments": ""}


@pytest.mark.parametrize(
    "source",
    [
        {"choices": [{"index": 0}]},
        {"choices": [{"index": 0, "delta": {}}]},
        {"choices": [{"index": 0, "delta": {"content": "x", "token_id": 5}}]},
        {"choices": []},
        {},
        {"choices": [], "usage": {"prompt_tokens": 5}},
    ],
)
def test_chunks_with_gaps_survive(source: dict[str, Any]) -> None:
    """A delta and choices to look into whatever is missing, and the same JSON again."""
    chunk = ChatCompletionChunk.from_dict(source)
    assert all(choice.delta.content in (None, "x") for choice in chunk.choices)
    assert chunk.to_dict() == source


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"error": {"message": "no"}}, "ChatCompletion.choices"),
        ({"choices": None}, "ChatCompletion.choices"),
        ({"choices": {}}, "ChatCompletion.choices"),
        ({"choices": ["x"]}, "ChatCompletion.choices"),
        ([], "ChatCompletion"),
        ("x", "ChatCompletion"),
        (None, "ChatCompletion"),
        (5, "ChatCompletion"),
    ],
)
def test_what_is_no_completion_raises_one_clear_error(value: Any, place: str) -> None:
    """DecodeError, which names the place."""
    with pytest.raises(DecodeError, match=rf"^{place}: expected .+, found \w+$"):
        ChatCompletion.from_dict(value)


def test_decode_errors_pickle_and_name_no_content() -> None:
    """The same text after a pickle, without the value that was refused."""
    with pytest.raises(DecodeError) as caught:
        ChatCompletion.from_dict({"choices": "secret"})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_unknown_part_and_an_unknown_role_survive() -> None:
    """The open arms on the way in, beside the known ones."""
    source = {
        "messages": [
            {"role": "critic", "content": "no"},
            {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "video", "video": {"id": 1}}]},
        ],
        "stream": False,
    }
    read = ChatCompletionRequest.from_dict(source)
    assert read.to_dict() == source
    user = read.messages[1]
    assert isinstance(user, UserMessage)
    assert isinstance(user.content, list)
    assert [type(part) for part in user.content] == [TextPart, OtherPart]


def test_discriminators_need_not_be_given() -> None:
    """The role and the type of a model are there without being said."""
    assert UserMessage(content=[TextPart(text="x")]).to_dict() == {
        "role": "user",
        "content": [{"type": "text", "text": "x"}],
    }


def test_a_wrong_discriminator_is_refused() -> None:
    """DecodeError: a system message is no user message."""
    with pytest.raises(DecodeError, match=r"UserMessage\.role"):
        UserMessage.from_dict({"role": "system", "content": "x"})


def test_a_required_null_is_written() -> None:
    """The null that the contract requires of a function message without result, made here or read."""
    source = {"role": "function", "content": None, "name": "f"}
    assert FunctionMessage(content=None, name="f").to_dict() == source
    assert FunctionMessage.from_dict(source).to_dict() == source
    assert FunctionMessage.from_dict({"role": "function", "name": "f"}).to_dict() == {"role": "function", "name": "f"}
    misfit = {"role": "function", "content": 5, "name": "f"}
    assert FunctionMessage.from_dict(misfit).to_dict() == misfit


@pytest.mark.parametrize("value", [12, 12.0, 1e15])
def test_a_whole_number_reads_as_an_int(value: float) -> None:
    """An int, however the JSON writes it, and an equal number again."""
    read = ChatCompletionChunk.from_dict({"created": value})
    assert (type(read.created), read.created) == (int, value)
    assert read.to_dict() == {"created": value}
    citation = {"end_index": value, "start_index": 0, "title": "t", "url": "u"}
    assert type(UrlCitation.from_dict(citation).end_index) is int
    assert TopLogprob.from_dict({"bytes": [value]}).bytes == [value]


@pytest.mark.parametrize("value", [True, 12.5, "12", float("inf")])
def test_what_is_no_whole_number_is_kept_aside(value: object) -> None:
    """None, with the value in additional_properties; DecodeError where the member is required."""
    read = ChatCompletionChunk.from_dict({"created": value})
    assert read.created is None
    assert read.to_dict() == {"created": value}
    assert read["created"] is value
    with pytest.raises(DecodeError, match=r"^UrlCitation\.end_index: expected int, found \w+$"):
        UrlCitation.from_dict({"end_index": value, "start_index": 0, "title": "t", "url": "u"})
    assert TopLogprob.from_dict({"bytes": [value]}).additional_properties == {"bytes": [value]}


def test_true_is_no_number() -> None:
    """Kept aside, where a number of any kind is expected; a whole one stays as it is."""
    assert TopLogprob.from_dict({"logprob": True}).additional_properties == {"logprob": True}
    assert TopLogprob.from_dict({"logprob": -1}).logprob == -1


def test_evolving_copying_and_pickling_lose_nothing() -> None:
    """The same JSON from each."""
    source = completion(role="assistant", content="x", reasoning="y")
    read = ChatCompletion.from_dict(source)
    for same in (attrs.evolve(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert same == read
        assert same.to_dict() == source


def test_evolving_copying_and_pickling_invent_nothing() -> None:
    """No member that was not there, and a change that was made."""
    read = ChatCompletion.from_dict({"choices": []})
    for same in (attrs.evolve(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert same.to_dict() == {"choices": []}
    assert attrs.evolve(read, id="c").to_dict() == {"id": "c", "choices": []}
    assert "absent" not in repr(read)
    assert attrs.evolve(UserMessage.from_dict({"content": "x"}), content="y").to_dict() == {"content": "y"}


def test_models_are_compared_and_shown_as_attrs_does() -> None:
    """By their class and all their fields. They can be changed, so they have no hash."""
    source = {"role": "assistant", "content": "Hello", "refusal": None, "mood": "good"}
    message, other = ChatCompletionMessage.from_dict(source), ChatCompletionMessage.from_dict(source)
    assert message == other
    assert message != source
    assert message != ChatCompletionMessage.from_dict({**source, "mood": "bad"})
    assert message != ChatCompletionMessage.from_dict({**source, "content": "Hi"})
    assert repr(message).startswith("ChatCompletionMessage(content='Hello', refusal=None, role='assistant', ")
    assert "_absent" not in repr(message)
    message.additional_properties["itself"] = message
    assert repr(message).endswith("additional_properties={'mood': 'good', 'itself': ...})")
    with pytest.raises(TypeError, match="unhashable"):
        hash(message)


def test_usage_without_one_of_its_counts_is_kept_as_it_is() -> None:
    """None, since no count is invented, with the object in additional_properties."""
    source = {"choices": [], "usage": {"prompt_tokens": 5}}
    read = ChatCompletion.from_dict(source)
    assert read.usage is None
    assert read["usage"] == {"prompt_tokens": 5}
    assert read.to_dict() == source


def test_the_places_of_an_invalid_body_are_read() -> None:
    """Entries, or whatever else a server puts there."""
    entries = [{"loc": ["body", "messages", 0], "msg": "no", "type": "missing", "input": {"a": 1}}]
    for detail in (entries, "text", {"loc": []}, [{"loc": "?"}], [*entries, 5]):
        source = {"type": "T", "message": "M", "detail": detail}
        read = FlatErrorBody.from_dict(source)
        assert read.to_dict() == source
        expected = [ValidationErrorEntry.from_dict(entry) for entry in entries] if detail is entries else detail
        assert read.detail == expected


def test_members_describe_themselves() -> None:
    """The description of the property, not of its type, follows the property."""
    assert "The level of detail." in (PACKAGE / "models" / "image_url.py").read_text("utf-8")


def test_the_token_is_in_no_repr() -> None:
    """The address is there, the token is not, also after a header was added."""
    client = AuthenticatedClient(base_url="http://127.0.0.1:1", token="sesame", headers={"X-Key": "sesame"})
    for one in (client, client.with_headers({"Authorization": "sesame"})):
        assert "127.0.0.1" in repr(one)
        assert "sesame" not in repr(one)
        one.get_httpx_client().close()
        assert "sesame" not in repr(one)


def test_copies_of_a_client_leave_it_alone() -> None:
    """The first client's headers and connections, unchanged by a copy with more."""
    client = Client(base_url="http://127.0.0.1:1")
    with client.get_httpx_client() as connections:
        other = client.with_headers({"X-More": "1"}).with_cookies({"a": "b"})
        assert "X-More" not in connections.headers
        assert not connections.cookies
        with other.get_httpx_client() as others:
            assert others is not connections
            assert others.headers["X-More"] == "1"


def test_every_file_says_that_it_is_made() -> None:
    """A banner that names the source and the command, first in every file but the contract, which wheels contain."""
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files = [path for path in files if path.name != "openapi.yaml"]
    assert len(files) > 100
    for path in files:
        first, second = path.read_text("utf-8").splitlines()[:2]
        assert first.startswith("# Made from openapi.yaml by "), path
        assert "nox -s generate" in second, path
    assert (PACKAGE / "py.typed").exists()


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_models_load_one_at_a_time() -> None:
    """One model alone, and an answer with no part of the request."""
    prefix = "opper_chat_api.models."
    one = {name for name in modules_after("from opper_chat_api.models import TextPart") if name.startswith(prefix)}
    assert one == {f"{prefix}text_part"}
    answer = modules_after("from opper_chat_api.models import ChatCompletion")
    assert len([name for name in answer if name.startswith(prefix)]) < 30
    assert f"{prefix}user_message" not in answer
    assert "httpx" not in answer


def test_every_model_can_be_imported_first_and_resolves_its_hints() -> None:
    """Each in the order of the alphabet and in reverse; all hints name something."""
    from typing import get_type_hints

    for name in models.__all__:
        model = getattr(models, name)
        if attrs.has(model):
            assert get_type_hints(model)
            assert get_type_hints(model.__init__)
    assert set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = models.Nonsense  # type: ignore[attr-defined]


def logprobs(*tokens: object) -> dict[str, Any]:
    source = completion(content="x")
    source["choices"][0]["logprobs"] = {"content": list(tokens)}
    return source


TOKEN = {"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": [{"token": "x", "logprob": -0.5, "more": 1}]}


def test_log_probabilities_are_read_when_they_are_asked_for() -> None:
    """The same list each time, which can be changed and is written as it is then."""
    read = ChatCompletion.from_dict(logprobs(TOKEN)).choices[0].logprobs
    assert read is not None
    assert read.content is not None
    assert read.content is read.content
    assert read.content[0].top_logprobs[0]["more"] == 1
    assert read.refusal is None
    read.content.append(TokenLogprob.from_dict({**TOKEN, "token": "y"}))
    assert [token["token"] for token in read.to_dict()["content"]] == ["x", "y"]
    read.content = None
    assert (read.content, read.to_dict()) == (None, {})


def test_unread_log_probabilities_are_as_any_others() -> None:
    """In repr, comparisons, copies, pickles, attrs.evolve and attrs.asdict; none of them sees the JSON."""
    source = logprobs(TOKEN)
    whole = ChatCompletion.from_dict(source)
    assert whole.choices[0].logprobs is not None
    _ = whole.choices[0].logprobs.content
    ways = (attrs.evolve, copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), lambda one: one)
    for way in ways:
        same = way(ChatCompletion.from_dict(source))
        assert repr(same) == repr(whole)
        assert same == whole
        assert attrs.asdict(same) == attrs.asdict(whole)
        assert same.to_dict() == source
    assert ChatCompletion.from_dict(logprobs(TOKEN)) != ChatCompletion.from_dict(logprobs(TOKEN, TOKEN))


def test_threads_that_ask_for_the_same_log_probabilities() -> None:
    """Get one list, so that what one of them changes is changed."""

    def ask(read: ChoiceLogprobs, begin: threading.Barrier) -> object:
        begin.wait()
        return read.content

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            for _ in range(50):
                read, begin = ChoiceLogprobs.from_dict({"content": [TOKEN] * 200}), threading.Barrier(4)
                given = [future.result() for future in [threads.submit(ask, read, begin) for _ in range(4)]]
                assert all(one is read.content for one in given)
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("content", ["x", {}, 5, [5], [TOKEN, {"token": "y"}], [[TOKEN]]])
def test_log_probabilities_that_do_not_fit_are_kept_aside(content: object) -> None:
    """None, with the value in additional_properties, whichever of the two is asked for first."""
    source = logprobs()
    kept = source["choices"][0]["logprobs"] = {"content": content, "new": 1}
    for order in (("content", "additional_properties"), ("additional_properties", "content")):
        read = ChatCompletion.from_dict(source).choices[0].logprobs
        assert read is not None
        assert [dict(getattr(read, name) or kept) for name in order] == [kept, kept]
        assert read.content is None
        assert read.to_dict() == kept
    assert ChatCompletion.from_dict(source).to_dict() == source
