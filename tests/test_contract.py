"""The contract: all of the documentation page, in components with names and descriptions."""

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import opper_chat_api
import pytest
import yaml
from corpus import CORPUS
from openapi_spec_validator import validate
from opper_chat import AsyncOpper, AsyncStream, CallOptions, Opper, Stream
from opper_chat_api import models
from opper_chat_api.models import ChatCompletion, ChatCompletionRequest
from opper_chat_api.params import ChatCompletionParametersParam, ChatCompletionRequestParam, ChatCompletionSettingsParam

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "openapi.yaml").read_text("utf-8"))
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]

PARAMETERS = (
    "messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed",
    "service_tier", "stop", "store", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p",
    "user", "verbosity", "web_search_options", "stream", "tags", "parent_span_id",
)  # fmt: skip

# The documentation page's own example of an answer.
LOGPROB = {"token": "<string>", "bytes": [123], "logprob": 123, "top_logprobs": [{}]}
EXAMPLE = {
    "id": "<string>",
    "choices": [
        {
            "finish_reason": "stop",
            "index": 123,
            "logprobs": {"content": [LOGPROB], "refusal": [LOGPROB]},
            "message": {
                "content": "<string>",
                "refusal": "<string>",
                "role": "<string>",
                "annotations": [
                    {
                        "type": "<string>",
                        "url_citation": {"end_index": 123, "start_index": 123, "title": "<string>", "url": "<string>"},
                    }
                ],
                "audio": {"id": "<string>", "data": "<string>", "expires_at": 123, "transcript": "<string>"},
                "function_call": {"arguments": "<string>", "name": "<string>"},
                "tool_calls": [
                    {"id": "<string>", "function": {"arguments": "<string>", "name": "<string>"}, "type": "<string>"}
                ],
            },
        }
    ],
    "created": 123,
    "model": "<string>",
    "object": "<string>",
    "service_tier": "auto",
    "system_fingerprint": "<string>",
    "usage": {
        "completion_tokens": 123,
        "prompt_tokens": 123,
        "total_tokens": 123,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 123,
            "audio_tokens": 123,
            "reasoning_tokens": 123,
            "rejected_prediction_tokens": 123,
        },
        "prompt_tokens_details": {"audio_tokens": 123, "cached_tokens": 123},
    },
}

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
    assert list(CONTRACT["paths"]) == ["/chat/completions"]
    assert CONTRACT["security"] == [{"bearer": []}]
    assert CONTRACT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_parameter_is_in_the_contract_the_model_and_create() -> None:
    """36 names, the same in all four."""
    assert len(PARAMETERS) == 36
    assert tuple(SCHEMAS["ChatCompletionRequest"]["properties"]) == PARAMETERS
    model = {field.name for field in attrs.fields(ChatCompletionRequest)}
    assert model - {"additional_properties", "_absent"} == set(PARAMETERS)
    assert set(get_type_hints(ChatCompletionRequestParam)) == set(PARAMETERS) - {"stream"}
    parameters = set(PARAMETERS) - {"messages", "stream"}
    assert set(get_type_hints(ChatCompletionParametersParam)) == parameters
    assert set(get_type_hints(ChatCompletionSettingsParam)) == parameters - {"response_format", "tools"}


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


def test_the_page_lists_the_same_parameters() -> None:
    """The names on the documentation page are those of the contract."""
    page = CORPUS.parent / "endpoint" / "chat-completions.txt"
    if not page.exists():
        pytest.skip("the documentation page is not beside this checkout")
    lines = page.read_text("utf-8").splitlines()
    body = lines[lines.index("application/json", lines.index("Body")) + 1 : lines.index("Response")]
    kind = re.compile(r"^(object|number|integer|boolean|string|enum|\w+ · array|Function · object)\b")
    words = (
        "required|deprecated|Available options:|none|auto|required|minimal|low|medium|high|default|flex|scale|priority"
    )
    names = [line.rstrip(",") for line in body if line and not kind.match(line)]
    assert {name for name in names if not re.fullmatch(words, name)} - {"Allowed value"} == set(PARAMETERS)


def test_the_example_of_the_page_survives() -> None:
    """The page's example, unchanged by a way through the models."""
    assert ChatCompletion.from_dict(EXAMPLE).to_dict() == EXAMPLE


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
    """The page, the vendor's SDK or recorded replies; what the page shows is said to be from the page."""
    sources = {
        f"{name}.{member}": at.get("x-source")
        for name, schema in SCHEMAS.items()
        for member, at in schema.get("properties", {}).items()
    }
    assert {name for name, source in sources.items() if source not in ("page", "sdk", "observed")} == set()
    shown = ["ChatCompletionRequest." + name for name in PARAMETERS] + ["ChatCompletion." + name for name in EXAMPLE]
    assert {sources[name] for name in shown} == {"page"}
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
