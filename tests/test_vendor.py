"""This vendor's own: fallbacks with `Model`, and what an answer says of its model, its cost and its trace."""

import copy
import pickle
from decimal import Decimal
from typing import Any

import pytest
from attrs.exceptions import FrozenAttributeError
from flavours import HELLO, Flavour
from hypothesis import given
from hypothesis import strategies as st
from opper_chat import ChatCompletion, InvalidArgumentError, Model
from opper_chat.testing import LocalServer, Reply, chunk
from opper_chat_api.models import ModelWithOptions

SECOND = Model("b/large", options={"temperature": 0, "stop": ["x"]}, extra_headers={"X-Api-Key": "sk-1", "x-team": "a"})
WRITTEN = {
    "name": "b/large",
    "options": {"temperature": 0, "stop": ["x"]},
    "extra_headers": {"X-Api-Key": "sk-1", "x-team": "a"},
}
TRACE = "fc4f2e087c8489f03378446f61e799e7"

ANSWER: dict[str, Any] = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "asked/for",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
}


def test_fallbacks_are_sent_in_their_order(server: LocalServer, flavour: Flavour) -> None:
    """Texts, `Model`, typed dicts and generated models side by side, each as its JSON object."""
    third = ModelWithOptions(name="c")
    flavour.create(server.base_url, model=["a", SECOND, {"name": "d", "options": {"seed": 1}}, third], messages=HELLO)
    assert server.requests[-1].body["model"] == ["a", WRITTEN, {"name": "d", "options": {"seed": 1}}, {"name": "c"}]


def test_a_model_alone(server: LocalServer, flavour: Flavour) -> None:
    """An object, not a list of one."""
    flavour.create(server.base_url, model=Model("a", options={}), messages=HELLO)
    assert server.requests[-1].body["model"] == {"name": "a", "options": {}}


def test_credentials_of_a_model_do_not_show() -> None:
    """Not in its repr, nor in a pickle's bytes; the other headers arrive there."""
    assert "sk-1" not in repr(SECOND)
    assert repr(SECOND).startswith("Model('b/large', options={'temperature': 0")
    assert "X-Api-Key" in repr(SECOND)
    assert repr(Model("a")) == "Model('a')"
    pickled = pickle.dumps(SECOND)
    assert b"sk-1" not in pickled
    assert pickle.loads(pickled) == Model("b/large", options=WRITTEN["options"], extra_headers={"x-team": "a"})
    assert pickle.loads(pickle.dumps(Model("a"))) == Model("a")


def test_a_model_is_frozen_and_copies() -> None:
    """Attributes stay; a deep copy is equal, credentials included, and shares nothing."""
    with pytest.raises(FrozenAttributeError):
        SECOND.name = "c"
    deep = copy.deepcopy(SECOND)
    assert deep == SECOND
    assert deep.to_dict() == WRITTEN
    assert deep.options is not None
    deep.options["temperature"] = 1
    assert SECOND.to_dict() == WRITTEN
    assert copy.copy(SECOND) is SECOND


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": ""}, "name: expected the name of a model"),
        ({"name": 3}, "name: expected the name of a model"),
        ({"name": "a", "options": [1]}, "options: expected a dict, got [1]."),
        ({"name": "a", "extra_headers": "sk-1"}, "extra_headers: expected a dict of strings, got a string (not shown)"),
    ],
)
def test_what_is_no_model(arguments: dict[str, Any], said: str) -> None:
    """Refused where it is made, and no header is shown."""
    with pytest.raises(InvalidArgumentError) as caught:
        Model(**arguments)
    assert str(caught.value).startswith(said)
    assert "sk-1" not in str(caught.value)


def test_a_mistake_inside_a_model_is_named_by_its_place(server: LocalServer, flavour: Flavour) -> None:
    """Which of the models, and where in it; nothing is sent."""
    wrong: list[tuple[Any, str]] = [
        (Model("a", options={"x": {1}}), "model[1].options.x"),
        (Model("a", extra_headers={"authorization": 3}), "model[1].extra_headers.authorization"),  # type: ignore[dict-item]
    ]
    for model, place in wrong:
        with pytest.raises(InvalidArgumentError) as caught:
            flavour.create(server.base_url, model=["b", model], messages=HELLO)
        assert caught.value.argument == place
    assert not server.requests


def answered(headers: dict[str, str] | None = None, **members: Any) -> ChatCompletion:
    """A completion that came with headers."""
    completion = ChatCompletion.from_dict({**ANSWER, **members})
    completion.headers = headers or {}
    return completion


def test_which_model_answered(server: LocalServer, flavour: Flavour) -> None:
    """The header's name for it, else the body's, else None."""
    server.reply(Reply.json(ANSWER, headers={"X-Opper-Served-Model": "b/large-0613"}))
    assert flavour.create(server.base_url, messages=HELLO).served_model == "b/large-0613"
    assert answered().served_model == "asked/for"
    assert answered(model=None).served_model is None


def test_what_it_cost(server: LocalServer, flavour: Flavour) -> None:
    """The header's amount, digit by digit; else the body's, wherever a server is known to put it; else None."""
    server.reply(Reply.json(ANSWER, headers={"X-Opper-Cost": "0.00012300"}))
    cost = flavour.create(server.base_url, messages=HELLO).cost
    assert str(cost) == "0.00012300"
    assert answered({"x-litellm-response-cost": "1.65e-05"}).cost == Decimal("0.0000165")
    assert answered(usage={"prompt_tokens": 1, "cost": 0.1}).cost == Decimal("0.1")
    assert answered(usage={"prompt_tokens": 1, "cost": {"total_cost": 0.00502}}).cost == Decimal("0.00502")
    assert answered(cost=2).cost == 2
    assert answered().cost is None


@given(
    st.one_of(st.text(), st.sampled_from(["NaN", "-1", "Infinity", "1e999999999", "sNaN", "", "1" * 5000])),
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists),
)
def test_garbage_for_a_cost(header: str, member: object) -> None:
    """An amount that is one, or None; never an exception."""
    for usage in (member, {"cost": member}, {"cost": {"total_cost": member}}):
        cost = answered({"x-opper-cost": header}, cost=member, usage=usage).cost
        assert cost is None or (cost.is_finite() and cost >= 0)


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"x-opper-trace-id": "7f2c"}, "7f2c"),
        (
            {"traceparent": f"00-{TRACE}-6ac1c7ca9a045c1a-00"},
            TRACE,
        ),
        ({"traceparent": "nonsense", "x-ds-trace-id": "ab"}, "ab"),
        ({"x-cloud-trace-context": f"{TRACE}/76"}, TRACE),
        ({}, None),
    ],
)
def test_the_trace_that_an_answer_is_in(headers: dict[str, str], trace: str | None) -> None:
    """The id alone, from whichever header a server has for it; None where there is none."""
    assert answered(headers).trace_id == trace


def test_the_same_of_a_stream(server: LocalServer, flavour: Flavour) -> None:
    """Its final completion has model, cost and trace; the stream itself has the trace before the first chunk."""
    chunks = [
        chunk("Hi", model="b/large", finish_reason="stop"),
        {**chunk(), "choices": [], "usage": {"prompt_tokens": 1, "cost": 0.000043}},
    ]
    server.reply(Reply.sse(chunks, headers={"x-opper-trace-id": "7f2c"}))

    def read(client: Any) -> Any:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            return stream.trace_id, stream.get_final_completion()

    async def read_async(client: Any) -> Any:
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
            return stream.trace_id, await stream.get_final_completion()

    reading = read if flavour.kind == "sync" else read_async
    trace, completion = flavour(reading, api_key="key", base_url=server.base_url)
    assert trace == completion.trace_id == "7f2c"
    assert completion.served_model == "b/large"
    assert completion.cost == Decimal("0.000043")


def test_what_is_added_is_no_member() -> None:
    """Neither in `to_dict()` nor in what makes two completions equal; it survives a pickle."""
    completion = answered({"x-opper-cost": "1"})
    assert completion.to_dict() == ANSWER
    assert pickle.loads(pickle.dumps(completion)).cost == 1
