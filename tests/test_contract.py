"""The contract: all of the documentation page, in components with names and descriptions."""

import ast
import copy
import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import opper_chat_api
import pytest
import yaml
from corpus import CORPUS
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from opper_chat import APIError, APIStatusError, AsyncOpper, AsyncStream, CallOptions, Opper, Stream
from opper_chat.testing import LocalServer, Reply
from opper_chat_api import models
from opper_chat_api.models import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    FlatErrorBody,
    NestedErrorBody,
)
from opper_chat_api.params import ChatCompletionParametersParam, ChatCompletionRequestParam, ChatCompletionSettingsParam

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "openapi.yaml").read_text("utf-8"))
ERROR_BODY = "#/components/schemas/ErrorBody"
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]

PARAMETERS: dict[str, Any] = SCHEMAS["ChatCompletionRequest"]["properties"]

EXAMPLES: dict[str, Any] = {name: example["value"] for name, example in CONTRACT["components"]["examples"].items()}
OF_THE_PAGE = EXAMPLES["completion_of_the_page"]
REQUIRED = {
    "ChatCompletion": ["id", "choices", "created", "model", "object"],
    "Choice": ["finish_reason", "index", "message"],
    "ChatCompletionMessage": ["role"],
    "Annotation": ["type", "url_citation"],
    "UrlCitation": ["end_index", "start_index", "title", "url"],
    "AudioReply": ["id", "data", "expires_at", "transcript"],
    "TokenLogprob": ["token", "logprob", "top_logprobs"],
    "TopLogprob": ["token", "logprob"],
    "CompletionUsage": ["completion_tokens", "prompt_tokens", "total_tokens"],
    "FunctionToolCall": ["id", "type", "function"],
    "FunctionCall": ["name", "arguments"],
}


def test_the_contract_is_valid() -> None:
    """No error, by the validator of the OpenAPI standard."""
    validate(CONTRACT)


def test_the_generated_package_has_the_version_of_the_contract() -> None:
    """`info.version`, without loading the client."""
    assert CONTRACT["info"]["version"] == opper_chat_api.CONTRACT_VERSION
    assert opper_chat_api.__all__ == ("CONTRACT_VERSION", "AuthenticatedClient", "Client")


def test_address_and_security() -> None:
    """The documented address, path and bearer key."""
    assert CONTRACT["servers"][0]["url"] == "https://api.opper.ai/v2/openai"
    assert CONTRACT["paths"]["/chat/completions"]["post"]["operationId"] == "createChatCompletion"
    assert CONTRACT["security"] == [{"bearer": []}]
    assert CONTRACT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_parameter_is_in_the_contract_the_model_and_create() -> None:
    """The same names in all four, and `None` for every one that may be left out."""
    model = {field.name for field in attrs.fields(ChatCompletionRequest)}
    assert model - {"additional_properties", "_absent"} == set(PARAMETERS)
    assert set(get_type_hints(ChatCompletionRequestParam)) == set(PARAMETERS) - {"stream"}
    parameters = set(PARAMETERS) - {"messages", "stream"}
    assert set(get_type_hints(ChatCompletionParametersParam)) == parameters
    assert set(get_type_hints(ChatCompletionSettingsParam)) == parameters - {"response_format", "tools"}
    for name, hint in get_type_hints(ChatCompletionParametersParam).items():
        assert type(None) in get_args(hint), name


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
def test_create_takes_its_keywords_from_the_contract(client: Any) -> None:
    """`create()` names `stream`, and its other keywords are those of the typed dict and the options of a call."""
    with_key = client(api_key="key")
    # The streams are loaded by those who read them.
    streams = {"Stream": Stream, "AsyncStream": AsyncStream}
    hints = get_type_hints(with_key.chat.completions.create, localns=streams)
    assert "stream" in hints
    (unpacked,) = hints["arguments"].__args__
    assert set(unpacked.__annotations__) == {*ChatCompletionRequestParam.__annotations__, *CallOptions.__annotations__}


def page() -> str:
    """Return the documentation page."""
    file = CORPUS.parent / "endpoint" / "chat-completions.txt"
    if not file.exists():
        pytest.skip("the documentation page is not beside this checkout")
    return file.read_text("utf-8")


def test_the_page_lists_the_same_parameters() -> None:
    """The names on the documentation page are those that the contract has from there."""
    lines = page().splitlines()
    body = lines[lines.index("application/json", lines.index("Body")) + 1 : lines.index("Response")]
    kind = re.compile(r"^(object|number|integer|boolean|string|enum|\w+ · array|Function · object)\b")
    words = (
        "required|deprecated|Available options:|none|auto|required|minimal|low|medium|high|default|flex|scale|priority"
    )
    names = [line.rstrip(",") for line in body if line and not kind.match(line)]
    of_the_page = {name for name, schema in PARAMETERS.items() if schema["x-source"] == "page"}
    assert {name for name in names if not re.fullmatch(words, name)} - {"Allowed value"} == of_the_page


def test_the_page_shows_the_same_examples() -> None:
    """The request and the reply on the documentation page, which leaves the `top_logprobs` empty."""
    lines = page().splitlines()
    ends = [at for at, line in enumerate(lines) if line == "}"]
    start = lines.index("payload = {")
    request = ast.literal_eval("\n".join(["{", *lines[start + 1 : ends[0] + 1]]))
    assert request == EXAMPLES["question_of_the_page"]
    start = lines.index("{")
    reply = json.loads("\n".join(lines[start : lines.index("}", start) + 1]))
    shown = copy.deepcopy(OF_THE_PAGE)
    for token in (*shown["choices"][0]["logprobs"]["content"], *shown["choices"][0]["logprobs"]["refusal"]):
        token["top_logprobs"] = [{}]
    assert reply == shown
    assert ChatCompletion.from_dict(reply).to_dict() == reply


def media_types() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return each example of the operations: its content type, and the schema that it must fit."""
    methods = ("get", "post", "put", "patch", "delete")
    operations = [path[method] for path in CONTRACT["paths"].values() for method in methods if method in path]
    bodies = [body for one in operations for body in (one.get("requestBody", {}), *one["responses"].values())]
    contents = [body.get("content", {}) for body in bodies]
    return {
        reference["$ref"].rsplit("/", 1)[1]: (kind, media["schema"])
        for content in contents
        for kind, media in content.items()
        for reference in media.get("examples", {}).values()
    }


def test_every_example_is_used() -> None:
    """By the request or a response of an operation."""
    assert set(media_types()) == set(EXAMPLES)


def without_nulls(value: Any) -> Any:
    """Return the same JSON, with null and absent as one."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def events(name: str) -> list[str]:
    """Return the data of the events of a stream that is an example."""
    blocks = [block for block in EXAMPLES[name].removesuffix("\n\n").split("\n\n") if not block.startswith(":")]
    assert all(block.startswith("data: ") for block in blocks)
    return [block.removeprefix("data: ") for block in blocks]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_fits_its_schema(name: str) -> None:
    """Requests, replies and error bodies as a whole; of a stream each event but the last."""
    kind, schema = media_types()[name]
    validator = Draft202012Validator({**schema, "components": CONTRACT["components"]})
    if kind != "text/event-stream":
        validator.validate(EXAMPLES[name])
        return
    *chunks, last = events(name)
    assert len(chunks) > 0
    for chunk in chunks:
        validator.validate(json.loads(chunk))
        assert ChatCompletionChunk.from_dict(json.loads(chunk)).to_dict() == without_nulls(json.loads(chunk))
    if last != "[DONE]":
        Draft202012Validator({"$ref": ERROR_BODY, "components": CONTRACT["components"]}).validate(json.loads(last))


@pytest.mark.parametrize("name", [name for name, (_, schema) in media_types().items() if "Error" in str(schema)])
def test_an_error_body_is_read(server: LocalServer, name: str) -> None:
    """By the client as an error with the message, by the models as one of the two shapes, with nothing lost."""
    body = EXAMPLES[name]
    server.reply(Reply.json(body, status=418))
    with Opper(api_key="key", base_url=server.base_url) as client, pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(messages=[{"role": "user", "content": "x"}])
    said = body.get("error", body)
    assert (said.get("message") or said["detail"][0]["msg"]) in str(caught.value)
    model = NestedErrorBody if "error" in body else FlatErrorBody
    assert without_nulls(model.from_dict(body).to_dict()) == without_nulls(body)


@pytest.mark.parametrize("name", ["completion", "tool_call", "completion_of_the_page"])
def test_a_completion_is_read(server: LocalServer, name: str) -> None:
    """The same JSON again."""
    server.reply(Reply.json(EXAMPLES[name]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        completion = client.chat.completions.create(messages=[{"role": "user", "content": "x"}])
    assert completion.to_dict() == without_nulls(EXAMPLES[name])


@pytest.mark.parametrize("name", ["question", "question_with_tool", "question_of_the_page"])
def test_a_request_is_accepted_and_sent(server: LocalServer, name: str) -> None:
    """By the client and the local server, with the same members; a role that is not listed as it is."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        with client.chat.completions.with_streaming_response.create(**EXAMPLES[name]) as response:
            response.read()
    assert server.last_request.body == {"stream": False, **EXAMPLES[name]}


@pytest.mark.parametrize("name", ["stream", "stream_with_error"])
def test_a_stream_is_read(server: LocalServer, name: str) -> None:
    """To its end, or to the error that is its last event."""
    headers = {"content-type": "text/event-stream"}
    server.reply(Reply(status=200, headers=headers, body=EXAMPLES[name].encode()))
    with Opper(api_key="key", base_url=server.base_url) as client:
        stream = client.chat.completions.create(messages=[{"role": "user", "content": "x"}], stream=True)
        if name == "stream":
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            assert text == EXAMPLES["completion"]["choices"][0]["message"]["content"]
        else:
            with pytest.raises(APIError, match=r"The model stopped responding\.") as caught:
                list(stream)
            assert caught.value.partial is not None
            assert caught.value.partial.text == "About"


def _walk(schema: Any, path: str) -> Any:
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _walk(value, f"{path}[{index}]")


def test_every_object_is_a_component() -> None:
    """No schema with properties inside another one: it would get a name like `Type0`."""
    inline = [path for name, schema in SCHEMAS.items() for path, at in _walk(schema, name) if "properties" in at]
    assert [path for path in inline if path not in SCHEMAS and not path.endswith(".properties")] == []


def test_everything_is_described() -> None:
    """A description on every component and on every member, also one that is another component."""
    bare = [name for name, schema in SCHEMAS.items() if not schema.get("description")]
    for name, schema in SCHEMAS.items():
        for member, at in schema.get("properties", {}).items():
            if not at.get("description"):
                bare.append(f"{name}.{member}")
    assert bare == []


def test_every_property_says_where_it_is_known_from() -> None:
    """The page, the vendor's SDK or recorded replies; the reply that the page shows is from the page."""
    sources = {
        f"{name}.{member}": at.get("x-source")
        for name, schema in SCHEMAS.items()
        for member, at in schema.get("properties", {}).items()
    }
    assert {name for name, source in sources.items() if source not in ("page", "sdk", "observed")} == set()
    assert {sources[f"ChatCompletion.{name}"] for name in OF_THE_PAGE} == {"page"}
    assert sources["FlatErrorBody.detail"] == "sdk"
    assert sources["ChoiceDelta.content"] == "observed"


def test_what_the_documentation_requires_is_required_and_not_null() -> None:
    """By the page and the vendor's SDK; what the models read where a server leaves it out is said beside it."""
    for name, members in REQUIRED.items():
        schema = SCHEMAS[name]
        assert set(schema["required"]) == set(members), name
        for member in members:
            assert "null" not in str(schema["properties"][member].get("type")), (name, member)
            assert {"type": "null"} not in schema["properties"][member].get("oneOf", []), (name, member)
    marked = {name for name, schema in SCHEMAS.items() if "x-when-absent" in str(schema.get("properties"))}
    for name in marked:
        for member, at in SCHEMAS[name]["properties"].items():
            assert "x-when-absent" not in at or member in SCHEMAS[name]["required"], (name, member)


def test_descriptions_have_their_colons() -> None:
    """No dash where YAML would have taken a colon for its own."""
    texts = [(path, at["description"]) for path, at in _walk(CONTRACT, "") if isinstance(at.get("description"), str)]
    assert [(path, text) for path, text in texts if " - " in text] == []
    assert "`Authorization: Bearer <key>`" in CONTRACT["components"]["securitySchemes"]["bearer"]["description"]
    assert '{"type": "function", "function": {"name": "add"}}' in SCHEMAS["AllowedTool"]["description"]


def test_received_unions_end_in_an_open_arm() -> None:
    """`Other...` last in every union of objects that is told apart by a word and can be received."""
    for name in ("ToolCall", "ChatMessage", "UserPart", "AssistantPart", "Tool"):
        assert SCHEMAS[name]["oneOf"][-1]["$ref"].rsplit("/", 1)[1].startswith("Other"), name
        assert "discriminator" not in SCHEMAS[name], "it would leave no value to the last one"


def open_enums() -> dict[str, list[str]]:
    """Return the listed values of each component that is an enum."""
    return {name: schema["anyOf"][0]["enum"] for name, schema in SCHEMAS.items() if "enum" in str(schema.get("anyOf"))}


def test_every_enum_is_open() -> None:
    """Any other string is accepted beside the listed ones; a list of values alone stands in a `not` only."""
    assert len(open_enums()) > 10
    for name, schema in SCHEMAS.items():
        for path, at in _walk(schema, name):
            if "enum" in at and not path.endswith(".not"):
                assert path == f"{name}.anyOf[0]"
                assert schema["anyOf"] == [{"type": "string", "enum": at["enum"]}, {"type": "string"}]


@pytest.mark.parametrize("name", open_enums())
def test_models_name_the_values_of_an_enum_in_order(name: str) -> None:
    """The order of the contract, and any string."""
    listed, other = get_args(getattr(models, name))
    assert get_args(listed) == tuple(open_enums()[name])
    assert other is str


def test_deprecated_parameters_are_marked() -> None:
    """The parameters that others have replaced."""
    request = SCHEMAS["ChatCompletionRequest"]["properties"]
    marked = {name for name, schema in request.items() if schema.get("deprecated")}
    assert marked == {"function_call", "functions", "max_tokens", "user"}
