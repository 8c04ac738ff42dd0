"""Models as mappings: whatever is made of `dict(model)` has every property of the JSON object."""

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Annotated, Any

import attrs
import httpx
import pytest
from corpus import Exchange, needs_corpus, recorded
from fastapi import Body, FastAPI
from opper_chat import ChatCompletion, Opper, tool
from opper_chat.testing import LocalServer
from opper_chat_api import models
from opper_chat_api.errors import DecodeError
from opper_chat_api.types import OpenModel

MESSAGES: Any = [{"role": "user", "content": "Hi"}]
WHOLE: dict[str, Any] = {
    "id": "a",
    "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "Hi", "mood": "ok"}}],
    "created": 5,
    "model": "a/b",
    "object": "chat.completion",
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "x_cost": {"total": 1},
}


def every_model(value: object) -> Iterator[OpenModel[Any]]:
    """A model and the models in it."""
    if isinstance(value, OpenModel):
        yield value
        for field in attrs.fields(type(value)):
            yield from every_model(getattr(value, field.name))
    elif isinstance(value, list):
        for item in value:
            yield from every_model(item)


def is_its_object(model: OpenModel[Any]) -> None:
    written = model.to_dict()
    assert dict(model) == {**model} == written
    assert list(model) == list(model.keys()) == list(written)
    for name, value in written.items():
        assert name in model
        assert model[name] == value == model.get(name)


async def get(app: FastAPI) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        return await client.get("/")


def test_fastapi_returns_a_model_whole(opper: Opper) -> None:
    """The completion, its message and its usage, as an endpoint returns them."""
    import asyncio

    completion = opper.chat.completions.create(messages=MESSAGES)
    with opper.chat.completions.stream(messages=MESSAGES) as stream:
        streamed = stream.get_final_completion()
    parsed = opper.chat.completions.parse(messages=MESSAGES, response_format=int)
    assert completion.usage
    for value in (completion, completion.message, completion.usage, streamed, parsed, parsed.choices[0]):
        app = FastAPI()
        app.get("/", response_model=None)(lambda value=value: value)
        assert asyncio.run(get(app)).json() == value.to_dict()


def test_fastapi_takes_models_as_types() -> None:
    """As the return type and the body of an endpoint, and in its OpenAPI document."""
    import asyncio

    app = FastAPI()

    def answer() -> ChatCompletion:
        return ChatCompletion.from_dict(WHOLE)

    def receive(completion: Annotated[ChatCompletion, Body()]) -> models.ChatCompletionMessage:
        return completion.message

    app.get("/")(answer)
    app.post("/")(receive)

    async def post(body: object) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return await client.post("/", json=body)

    assert asyncio.run(get(app)).json() == WHOLE
    assert asyncio.run(post(WHOLE)).json() == WHOLE["choices"][0]["message"]
    assert asyncio.run(post({"choices": 5})).status_code == 422
    assert (
        app.openapi()["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]["schema"]["type"] == "object"
    )


@pytest.mark.parametrize("name", models.__all__)
def test_pydantic_takes_every_model_as_a_type(name: str) -> None:
    """An instance is kept; what is not an object is an error of pydantic's own."""
    from pydantic import TypeAdapter, ValidationError

    model: Any = getattr(models, name)
    if not hasattr(model, "from_dict"):
        return
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    assert adapter.json_schema()["type"] == "object"
    with pytest.raises(ValidationError, match=name):
        adapter.validate_python(5)


def test_pydantic_reads_and_writes_models(opper: Opper) -> None:
    """In a model of pydantic's; also the classes of this package, and those with a type argument."""
    from pydantic import BaseModel, TypeAdapter

    parsed = opper.chat.completions.parse(messages=MESSAGES, response_format=int)

    class Saved(BaseModel):
        completion: ChatCompletion
        messages: list[models.ChatCompletionMessage]

    message = WHOLE["choices"][0]["message"]
    saved = Saved.model_validate({"completion": WHOLE, "messages": [message]})
    assert type(saved.completion) is ChatCompletion
    assert saved.completion == ChatCompletion.from_dict(WHOLE)
    assert json.loads(saved.model_dump_json()) == saved.model_dump() == {"completion": WHOLE, "messages": [message]}
    adapter: TypeAdapter[Any] = TypeAdapter(type(parsed)[int])
    assert adapter.validate_python(parsed) is parsed
    assert adapter.dump_python(parsed) == parsed.to_dict()


def test_a_model_reads_as_its_json_object() -> None:
    """By the names of the properties, whether the class declares them or not."""
    completion = ChatCompletion.from_dict(WHOLE)
    assert completion["id"] == "a"
    assert completion["usage"]["total_tokens"] == 3  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    assert completion["x_cost"] is completion.additional_properties["x_cost"]
    assert completion.message["content"] == "Hi"
    assert completion.message.get("mood") == "ok"
    assert json.loads(json.dumps(dict(completion))) == WHOLE
    for model in every_model(completion):
        is_its_object(model)


def test_what_is_not_there() -> None:
    """A declared property reads as None and is not contained; of others it is a KeyError."""
    message = ChatCompletion.from_dict(WHOLE).message
    assert message["refusal"] is None
    assert message.get("refusal") is None
    assert message.get("refusal", "no") == "no"
    assert "refusal" not in message
    assert "invented" not in message
    assert message.get("invented", 5) == 5
    with pytest.raises(KeyError, match="invented"):
        message["invented"]
    with pytest.raises(KeyError, match="invented"):
        del message["invented"]
    call = models.FunctionToolCall.from_dict({"id": "a", "function": {"name": "f"}})
    assert "type" not in call
    assert call["type"] == call.type == "function"


def test_what_does_not_have_the_declared_type() -> None:
    """It is what came."""
    parts = [{"type": "text", "text": "Hi"}]
    message = models.ChatCompletionMessage.from_dict({"content": parts})
    assert message.content is None
    assert message["content"] == parts
    assert "content" in message
    is_its_object(message)


def test_a_property_is_set_and_deleted_by_its_name() -> None:
    """A declared one is the attribute."""
    message = models.ChatCompletionMessage.from_dict({"content": [1], "mood": "ok"})
    message["content"] = "Hello"
    assert message.content == "Hello"
    message["mood"] = "better"
    assert message.to_dict() == {"content": "Hello", "mood": "better"}
    del message["content"], message["mood"]
    assert message.to_dict() == {}
    assert message


def test_a_model_without_declared_properties() -> None:
    """Its properties are all there is."""
    tags = models.Tags.from_dict({"team": "search", "keys": 1})
    assert dict(tags) == {"team": "search", "keys": 1}
    is_its_object(tags)
    assert models.Tags()


def test_copies_pickles_and_equality_stay() -> None:
    """They are those of the attributes."""
    completion = ChatCompletion.from_dict(WHOLE)
    for other in (copy.deepcopy(completion), copy.copy(completion), pickle.loads(pickle.dumps(completion))):
        assert other == completion
        assert dict(other) == WHOLE
    assert completion != WHOLE
    assert attrs.evolve(completion, id="b")["id"] == "b"


def test_a_run_of_tools(opper: Opper, opper_server: LocalServer) -> None:
    """The completions of a run and their calls."""

    @tool
    def get_weather(city: str) -> str:
        """Get the weather."""
        return f"Sunny in {city}."

    run = opper.chat.completions.run_tools(messages=MESSAGES, tools=[get_weather])
    for model in every_model(run.completion):
        is_its_object(model)
    assert opper_server.requests


@pytest.mark.parametrize("name", models.__all__)
def test_every_class_knows_its_properties(name: str) -> None:
    """No attribute is without a property, and no method is hidden by one."""
    cls: Any = getattr(models, name)
    if isinstance(cls, type):
        fields = {field.name for field in attrs.fields(cls)} - {"additional_properties", "_absent"}
        assert set(cls._attributes.values()) == fields
        assert fields.isdisjoint(dir(OpenModel))


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("json")])
def test_a_recorded_completion(exchange: Exchange) -> None:
    """With every model in it."""
    try:
        completion = ChatCompletion.from_dict(json.loads(exchange["response_body"]))
    except (DecodeError, ValueError):
        pytest.skip("no completion")
    for model in every_model(completion):
        is_its_object(model)
