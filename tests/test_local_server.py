"""The local server over real sockets, through httpx: its life, its answers, its errors, its script."""

import asyncio
import errno
import itertools
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from http_library import httpx
from opper_chat.testing import CUT, LocalServer, NoExampleError, Pause, ReceivedRequest, Reply, chunk, example

Json = dict[str, Any]

HELLO: Json = {"messages": [{"role": "user", "content": "Good morning, server."}]}
PATH = "/chat/completions"


def parameters(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def function_tool(name: str, schema: Json | None = None) -> Json:
    return {
        "type": "function",
        "function": {"name": name, "parameters": schema or parameters(n={"type": "integer"})},
    }


def json_format(schema: Json) -> Json:
    return {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[httpx.Client]:
    server.requests.clear()
    headers = {"authorization": "Bearer some-key"}
    with httpx.Client(base_url=server.base_url, headers=headers, trust_env=False) as made:
        yield made


def ask(client: httpx.Client, **members: Any) -> Json:
    reply = client.post(PATH, json={**HELLO, **members})
    assert reply.status_code == 200, reply.text
    body: Json = reply.json()
    return body


def stream(client: httpx.Client, **members: Any) -> list[Json]:
    reply = client.post(PATH, json={**HELLO, **members, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = reply.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


def joined(chunks: list[Json], index: int = 0) -> Json:
    """Put the deltas of one choice together, without the code under test."""
    said: Json = {
        "content": "",
        "calls": "",
        "name": None,
        "id": None,
        "finish_reason": None,
        "logprobs": [],
    }
    for choice in (choice for each in chunks for choice in each["choices"] if choice["index"] == index):
        delta = choice["delta"]
        said["content"] += delta.get("content") or ""
        calls = delta.get("tool_calls") or [{"function": delta.get("function_call") or {}}]
        for call in calls:
            made = call.get("function") or call.get("custom") or {}
            said["calls"] += made.get("arguments") or made.get("input") or ""
            said["name"] = said["name"] or made.get("name")
            said["id"] = said["id"] or call.get("id")
        said["finish_reason"] = said["finish_reason"] or choice["finish_reason"]
        said["logprobs"] += (choice["logprobs"] or {}).get("content", [])
    return said


# ------------------------------------------------------------------------------------------------ answers


def test_plain_answer_repeats_the_user(client: httpx.Client) -> None:
    """The text names the local server and says what the user said."""
    completion = ask(client)
    choice = completion["choices"][0]
    assert choice["message"]["content"] == "Hello from the local server! You said: Good morning, server."
    assert choice["message"]["role"] == "assistant"
    assert choice["finish_reason"] == "stop"
    assert completion["object"] == "chat.completion"


def test_same_request_same_answer(client: httpx.Client) -> None:
    """All but the counted id is the same, on another server as well."""
    with LocalServer() as other:
        reply = httpx.post(f"{other.base_url}{PATH}", json=HELLO, headers={"authorization": "bearer k"})
    answers = [ask(client), ask(client), reply.json()]
    ids = [answer.pop("id") for answer in answers]
    assert answers[0] == answers[1] == answers[2]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("members", "content", "reason"),
    [
        ({"stop": "You"}, "Hello from the local server! ", "stop"),
        ({"stop": ["never said", "server!", "the"]}, "Hello from ", "stop"),
        (
            {"stop": ["", "never said"]},
            "Hello from the local server! You said: Good morning, server.",
            "stop",
        ),
        ({"max_tokens": 3}, "Hello from the", "length"),
        ({"max_completion_tokens": 2, "max_tokens": 9}, "Hello from", "length"),
        ({"max_tokens": 3, "stop": " the"}, "Hello from", "stop"),
        (
            {"max_tokens": 13},
            "Hello from the local server! You said: Good morning, server",
            "length",
        ),
        (
            {"max_tokens": 14},
            "Hello from the local server! You said: Good morning, server.",
            "stop",
        ),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_stop_and_limits(client: httpx.Client, members: Json, content: str, reason: str, streamed: bool) -> None:
    """The text ends before the stop text or after so many tokens, and the finish reason says which."""
    if streamed:
        said = joined(stream(client, **members))
        assert (said["content"], said["finish_reason"]) == (content, reason)
    else:
        choice = ask(client, **members)["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == (content, reason)


def test_choices_differ_and_usage_adds_up(client: httpx.Client) -> None:
    """Three choices with three texts, and usage that counts the pieces of all of them."""
    completion = ask(client, n=3)
    texts = [choice["message"]["content"] for choice in completion["choices"]]
    assert len(set(texts)) == 3
    chunks = stream(client, n=3, stream_options={"include_usage": True})
    assert [joined(chunks, index)["content"] for index in range(3)] == texts
    pieces = [c for chunk in chunks for c in chunk["choices"] if c["delta"].get("content")]
    usage = completion["usage"]
    assert usage == chunks[-1]["usage"]
    assert usage["completion_tokens"] == len(pieces)
    assert usage["total_tokens"] == usage["prompt_tokens"] + len(pieces)
    assert usage["prompt_tokens"] == 5  # Good, morning, the comma, server, the full stop


def test_stream_order(client: httpx.Client) -> None:
    """Role first, then content, then a finish reason for each choice, then usage alone."""
    chunks = stream(client, n=2, stream_options={"include_usage": True})
    kinds = []
    for each in chunks:
        if not each["choices"]:
            kinds.append("usage")
            continue
        assert each["usage"] is None
        (choice,) = each["choices"]
        role, finish = choice["delta"].get("role"), choice["finish_reason"]
        kinds.append("role" if role else "finish" if finish else "content")
    assert [(kind, len(list(group))) for kind, group in itertools.groupby(kinds)] == [
        ("role", 2),
        ("content", kinds.count("content")),
        ("finish", 2),
        ("usage", 1),
    ]
    assert all("usage" not in each for each in stream(client))
    assert {each["id"] for each in chunks} == {chunks[0]["id"]}


def test_obfuscation_pads(client: httpx.Client) -> None:
    """Padding comes with `include_obfuscation` only."""
    assert all("obfuscation" in each for each in stream(client, stream_options={"include_obfuscation": True}))
    assert all("obfuscation" not in each for each in stream(client))


def test_logprobs(client: httpx.Client) -> None:
    """One entry for each token, with as many alternatives as asked for, the same in both forms."""
    choice = ask(client, logprobs=True, top_logprobs=2)["choices"][0]
    entries = choice["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == choice["message"]["content"]
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)
    assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in entries)
    assert joined(stream(client, logprobs=True, top_logprobs=2))["logprobs"] == entries
    assert ask(client, logprobs=True)["choices"][0]["logprobs"]["content"][0]["top_logprobs"] == []
    assert ask(client)["choices"][0]["logprobs"] is None


def test_tier_and_fingerprint(client: httpx.Client) -> None:
    """The service tier is given back where one was sent, the fingerprint always."""
    assert ask(client, service_tier="flex", seed=7)["service_tier"] == "flex"
    assert stream(client, service_tier="flex")[0]["service_tier"] == "flex"
    assert "service_tier" not in ask(client)
    assert ask(client, seed=1)["system_fingerprint"] == ask(client, seed=2)["system_fingerprint"] == "fp_local"


def test_content_parts(client: httpx.Client) -> None:
    """The text parts of the last user message are said, the others are taken in silence."""
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": "here"},
    ]
    messages = [{"role": "user", "content": "before"}, {"role": "user", "content": parts}]
    assert ask(client, messages=messages)["choices"][0]["message"]["content"].endswith("You said: Look here")
    silent = [{"role": "system", "content": "Be brief."}]
    assert ask(client, messages=silent)["choices"][0]["message"]["content"] == "Hello from the local server!"


# -------------------------------------------------------------------------------------------------- tools

ADD = parameters(a={"type": "integer", "minimum": 3}, b={"enum": ["x", "y"]})
SHOUT = {"type": "custom", "custom": {"name": "shout"}}


def grammar(syntax: str, definition: str) -> Json:
    grammar = {"syntax": syntax, "definition": definition}
    return {
        "type": "custom",
        "custom": {"name": "g", "format": {"type": "grammar", "grammar": grammar}},
    }


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({}, "add"),
        ({"tool_choice": "auto"}, "add"),
        ({"tool_choice": "required"}, "add"),
        ({"tool_choice": {"type": "function", "function": {"name": "subtract"}}}, "subtract"),
        ({"tool_choice": {"type": "custom", "custom": {"name": "shout"}}}, "shout"),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [{"type": "function", "function": {"name": "subtract"}}],
                    },
                }
            },
            "subtract",
        ),
    ],
)
def test_tool_choice(client: httpx.Client, members: Json, name: str) -> None:
    """The first tool is called, or the one that is named, the same in both forms."""
    tools = [{"type": "invented"}, function_tool("add", ADD), function_tool("subtract"), SHOUT]
    choice = ask(client, tools=tools, **members)["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    made = call[call["type"]]
    assert made["name"] == name
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    said = joined(stream(client, tools=tools, **members))
    assert (said["name"], said["calls"]) == (name, made.get("arguments") or made.get("input"))
    assert said["finish_reason"] == "tool_calls"
    if name == "add":
        assert json.loads(made["arguments"]) == {"a": 3, "b": "x"}
    if name == "shout":
        assert made["input"] == "Good morning, server."


def test_streamed_tool_call_begins_with_its_name(client: httpx.Client) -> None:
    """Index, id, type, name and empty arguments come first; pieces of arguments follow with the index."""
    deltas = [c["choices"][0]["delta"] for c in stream(client, tools=[function_tool("add", ADD)])]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": None}
    (first,) = deltas[1]["tool_calls"]
    assert first["id"].startswith("call_")
    assert (first["index"], first["type"]) == (0, "function")
    assert first["function"] == {"name": "add", "arguments": ""}
    (second,) = deltas[2]["tool_calls"]
    assert set(second) == {"index", "function"}
    assert set(second["function"]) == {"arguments"}


def test_tool_choice_none_and_missing_tools(client: httpx.Client) -> None:
    """Text, where no tool may be called or the one that is named does not exist."""
    tools = [function_tool("add")]
    assert ask(client, tools=tools, tool_choice="none")["choices"][0]["message"]["content"]
    named = {"type": "function", "function": {"name": "missing"}}
    message = ask(client, tools=tools, tool_choice=named)["choices"][0]["message"]
    assert "no tool" in message["content"]
    assert "missing" in message["content"]


def test_tool_loop_ends(client: httpx.Client) -> None:
    """Once the tool's result is sent, the answer is a text that says it."""
    tools = [function_tool("add")]
    messages: list[Json] = list(HELLO["messages"])
    turns = 0
    while True:
        turns += 1
        message = ask(client, messages=messages, tools=tools)["choices"][0]["message"]
        messages.append(message)
        if not message.get("tool_calls"):
            break
        for call in message["tool_calls"]:
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": "forty-two"})
    assert turns == 2
    assert message["content"] == "Hello from the local server! The tool said: forty-two"


def test_deprecated_functions(client: httpx.Client) -> None:
    """`functions` get a `function_call`, unless refused, and their result ends the loop."""
    functions = [{"name": "first"}, {"name": "second", "parameters": ADD}]
    choice = ask(client, functions=functions)["choices"][0]
    assert choice["message"]["function_call"] == {"name": "first", "arguments": "{}"}
    assert choice["finish_reason"] == "function_call"
    said = joined(stream(client, functions=functions, function_call={"name": "second"}))
    assert (said["name"], said["calls"]) == ("second", '{"a":3,"b":"x"}')
    assert ask(client, functions=functions, function_call="none")["choices"][0]["message"]["content"]
    result = [*HELLO["messages"], {"role": "function", "name": "first", "content": "done"}]
    assert ask(client, messages=result, functions=functions)["choices"][0]["message"]["content"].endswith("done")


def test_custom_grammars(client: httpx.Client) -> None:
    """A regex gets a text it matches; for lark the input says that it is not followed."""

    def input_of(tool: Json) -> str:
        call = ask(client, tools=[tool])["choices"][0]["message"]["tool_calls"][0]
        return str(call["custom"]["input"])

    assert input_of(grammar("regex", "^[a-c]{2}-[0-9]+$")) == "aa-00"
    assert "does not follow" in input_of(grammar("lark", 'start: "x"'))


# ------------------------------------------------------------------------------------------- JSON answers


def test_json_object(client: httpx.Client) -> None:
    """A JSON object that holds the words."""
    content = ask(client, response_format={"type": "json_object"})["choices"][0]["message"]["content"]
    assert json.loads(content) == {"message": "Hello from the local server! You said: Good morning, server."}


def test_json_schema(client: httpx.Client) -> None:
    """JSON that fits the schema, the same in both forms."""
    response_format = json_format(ADD)
    content = ask(client, response_format=response_format)["choices"][0]["message"]["content"]
    assert json.loads(content) == {"a": 3, "b": "x"}
    assert joined(stream(client, response_format=response_format))["content"] == content


@pytest.mark.parametrize("schema", [{"type": "nothing"}, {"type": "string", "minLength": 2, "maxLength": 1}])
def test_impossible_schema(client: httpx.Client, schema: Json) -> None:
    """400 with the vendor's `StructuredGenerationError`, rather than JSON that does not fit."""
    for members in (
        {"response_format": json_format(schema)},
        {"tools": [function_tool("f", parameters(x=schema))]},
    ):
        reply = client.post(PATH, json={**HELLO, **members})
        assert (reply.status_code, reply.json()["type"]) == (400, "StructuredGenerationError")


NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "left": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value", "left", "children"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "empty": {},
    "true": True,
    "long text": {"type": "string", "minLength": 30, "maxLength": 31},
    "short text": {"type": "string", "maxLength": 1},
    "pattern": {"type": "string", "pattern": r"^[A-Z]{2}-\d{4}(-x)?$"},
    "pattern with lookahead": {"type": "string", "pattern": r"^(?=.*\d)[a-z\d]+$", "minLength": 8},
    "pattern with branches": {"pattern": "^(foo|bar)[^a-z]$"},
    "pattern with group": {"pattern": r"^(\w)-\1$"},
    "enum": {"enum": ["a", 1, None]},
    "const": {"const": {"a": [1]}},
    "integer bounds": {"type": "integer", "minimum": 5, "maximum": 6},
    "exclusive bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 3},
    "sevens": {"type": "integer", "multipleOf": 7, "minimum": 50},
    "negative": {"type": "integer", "maximum": -3},
    "nullable": {"type": ["null", "string"]},
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "anyOf": {"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]},
    "oneOf that overlaps": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "oneOf by kind": {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ]
    },
    "allOf": {
        "$defs": {"Base": parameters(id={"type": "string", "format": "uuid"})},
        "allOf": [{"$ref": "#/$defs/Base"}, parameters(x={"type": "boolean"}), {"maxProperties": 2}],
    },
    "allOf of one member": {
        "allOf": [parameters(a={"type": "string"}), parameters(a={"minLength": 9}, b={"type": "integer"})]
    },
    "tree": {"$defs": {"Node": NODE}, "$ref": "#/$defs/Node"},
    "itself": {**parameters(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]}), "additionalProperties": False},
    "sum or number": {
        "$defs": {
            "Term": {"anyOf": [{"$ref": "#/$defs/Sum"}, {"type": "number"}]},
            "Sum": parameters(left={"$ref": "#/$defs/Term"}, right={"$ref": "#/$defs/Term"}),
        },
        "$ref": "#/$defs/Term",
    },
    "escaped pointer": {"definitions": {"a/b": {"type": "integer"}}, **parameters(x={"$ref": "#/definitions/a~1b"})},
    "different texts": {
        "type": "array",
        "items": {"type": "string", "maxLength": 2},
        "minItems": 12,
        "uniqueItems": True,
    },
    "different words": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    "pair of draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "string"}, {"type": "integer"}],
        "additionalItems": False,
        "minItems": 2,
    },
    "contains": {"type": "array", "contains": {"const": 7}, "minItems": 3, "items": {"type": "integer"}},
    "map": {
        "type": "object",
        "minProperties": 3,
        "additionalProperties": {"type": "boolean"},
        "propertyNames": {"pattern": "^[a-z]+$"},
    },
    "map by pattern": {
        "type": "object",
        "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "if": {
        **parameters(k={"enum": ["a", "b"]}),
        "if": {"properties": {"k": {"const": "a"}}},
        "then": {"required": ["z"]},
    },
    "dependent": {**parameters(a={"type": "string"}), "dependentRequired": {"a": ["b"]}},
    "not": {"type": "string", "not": {"const": "text"}},
    "few members": {"type": "object", "properties": {"a": {}, "b": {}}, "maxProperties": 1},
    "wrong default": {"type": "integer", "default": "x"},
    **{
        name: {"type": "string", "format": name}
        for name in ("date-time", "date", "email", "ipv4", "ipv6", "uuid", "regex", "uri", "hostname")
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_fit(name: str) -> None:
    """A value that fits the schema, the same each time."""
    schema = SCHEMAS[name]
    value = example(schema)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    kind(schema, format_checker=kind.FORMAT_CHECKER).validate(value)
    assert value == example(schema)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "nothing"},
        {"properties": 5},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/missing"},
        {"$ref": "#"},
        {"type": "array", "minItems": 10**9},
        {
            "$defs": {"N": parameters(a={"$ref": "#/$defs/N"}, b={"$ref": "#/$defs/N"})},
            "$ref": "#/$defs/N",
        },
        {"pattern": r"\p{L}"},
        {"$schema": []},
    ],
)
def test_no_example(schema: Any) -> None:
    """`NoExampleError` for what is no schema, leads out of it, or fits nothing."""
    with pytest.raises(NoExampleError):
        example(schema)


# ------------------------------------------------------------------------------------------------- errors


def refused(client: httpx.Client, status: int, kind: str, **request: Any) -> Json:
    reply = client.post(**{"url": PATH, "json": HELLO, **request})
    assert (reply.status_code, reply.json()["type"]) == (status, kind), reply.text
    assert reply.headers["x-request-id"]
    body: Json = reply.json()
    return body


@pytest.mark.parametrize("key", ["", "Bearer", "Basic abc", "Bearer bad-key"])
def test_wrong_key(client: httpx.Client, key: str) -> None:
    """401 `UnauthorizedError` without a bearer key, or with one that starts with `bad`."""
    refused(client, 401, "UnauthorizedError", headers={"authorization": key})


def test_listed_keys_models_and_spans() -> None:
    """Only what is listed is known, and the first model answers where none is named."""
    span = "6f1f4e9c-7a55-4f5e-9c55-0d3a4ac2b6c1"
    with LocalServer(keys=["k1"], models=["a/one", "a/two"], spans=[span]) as server:
        url = server.base_url + PATH

        def post(key: str = "k1", **members: Any) -> httpx.Response:
            return httpx.post(url, json={**HELLO, **members}, headers={"authorization": f"Bearer {key}"})

        assert post("k2").status_code == 401
        assert post().json()["model"] == "a/one"
        assert post(model="a/two").json()["model"] == "a/two"
        assert post(model="a/three").status_code == 404
        assert post(parent_span_id=span.upper()).status_code == 200
        assert post(parent_span_id="00000000-0000-4000-8000-000000000000").status_code == 404


def test_unknown_model(client: httpx.Client) -> None:
    """404 `NotFoundError` when no model of the request is known; else the first known one answers."""
    assert (
        "acme/unknown-1" in refused(client, 404, "NotFoundError", json={**HELLO, "model": "acme/unknown-1"})["message"]
    )
    refused(client, 404, "NotFoundError", json={**HELLO, "model": [{"name": "unknown"}, "also-unknown"]})
    assert ask(client, model="acme/model")["model"] == "acme/model"
    assert ask(client, model={"name": "acme/model", "options": {"x": 1}})["model"] == "acme/model"
    assert ask(client, model=["unknown", {"name": "acme/second"}, "acme/third"])["model"] == "acme/second"
    assert stream(client, model=["unknown", "acme/second"])[0]["model"] == "acme/second"
    assert ask(client)["model"] == "local/test-model"


def test_parent_span(client: httpx.Client) -> None:
    """404 for the nil UUID, 422 for what is no UUID."""
    nil = "00000000-0000-0000-0000-000000000000"
    refused(client, 404, "NotFoundError", json={**HELLO, "parent_span_id": nil})
    body = refused(client, 422, "RequestValidationError", json={**HELLO, "parent_span_id": "nonsense"})
    assert body["detail"][0]["loc"] == ["body", "parent_span_id"]
    assert ask(client, parent_span_id=nil[:-1] + "1", tags={"a": 1})


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({}, ["messages"], "missing"),
        ([], [], "type"),
        ({"messages": []}, ["messages"], "minItems"),
        ({"messages": [{"content": "x"}]}, ["messages", 0, "role"], "missing"),
        ({"messages": [{"role": "user"}]}, ["messages", 0, "content"], "missing"),
        ({"messages": [{"role": "user", "content": 5}]}, ["messages", 0, "content"], "oneOf"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            ["messages", 0, "content", 0, "image_url", "url"],
            "missing",
        ),
        ({**HELLO, "temperature": 3}, ["temperature"], "maximum"),
        ({**HELLO, "service_tier": 5}, ["service_tier"], "anyOf"),
        (
            {**HELLO, "web_search_options": {"search_context_size": 5}},
            ["web_search_options", "search_context_size"],
            "anyOf",
        ),
        ({**HELLO, "n": "two"}, ["n"], "type"),
        (
            {**HELLO, "tools": [{"type": "function", "function": {}}]},
            ["tools", 0, "function", "name"],
            "missing",
        ),
    ],
)
def test_invalid_body(client: httpx.Client, body: Any, loc: list[Any], kind: str) -> None:
    """422 `RequestValidationError`, whose detail names the place, the rule and the input."""
    detail = refused(client, 422, "RequestValidationError", json=body)["detail"]
    assert (["body", *loc], kind) in [(entry["loc"], entry["type"]) for entry in detail]
    assert all(set(entry) == {"loc", "msg", "type", "input"} for entry in detail)


@pytest.mark.parametrize("content", [b"", b"{", b"NaN", b"\xff", b'"\\ud800"', b"[" * 100_000, b"1e999"])
def test_malformed_json(client: httpx.Client, content: bytes) -> None:
    """400 `BadRequestError`."""
    headers = {"content-type": "application/json"}
    refused(client, 400, "BadRequestError", content=content, json=None, headers=headers)


def test_other_paths_methods_and_types(client: httpx.Client, server: LocalServer) -> None:
    """404 elsewhere, 405 with Allow for another method, 415 for another content type."""
    assert client.post("/completions", json=HELLO).json()["type"] == "NotFoundError"
    assert client.post(PATH + "/", json=HELLO).status_code == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
        reply = client.request(method, PATH)
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
        assert reply.headers["x-request-id"]
    refused(client, 415, "UnsupportedMediaTypeError", json=None, data={"a": "b"})
    assert client.post(f"{server.origin}/chat/completions", json=HELLO).status_code == 200


def test_version_3(client: httpx.Client, server: LocalServer) -> None:
    """Errors nested as version 3 has them, and the cost in a header."""
    url = f"{server.origin}/v3/compat/chat/completions"
    reply = client.post(url, json=HELLO)
    assert reply.json()["choices"][0]["message"]["content"]
    assert reply.headers["x-opper-cost"]
    assert client.post(url, json={**HELLO, "stream": True}).headers["x-opper-cost"]
    error = client.post(url, json={}).json()["error"]
    assert error["code"] == "RequestValidationError"
    assert error["details"][0]["loc"] == ["body", "messages"]
    assert set(client.post(url, json={**HELLO, "model": "unknown"}).json()["error"]) == {
        "code",
        "message",
    }
    assert set(client.get(url).json()) == {"error"}


# ------------------------------------------------------------------------------------------------- script


def test_requests_are_written_down(client: httpx.Client, server: LocalServer) -> None:
    """Method, path, query, headers without the key, and the body, parsed and as sent."""
    client.post(PATH + "?a=1&b", json=HELLO, headers={"X-Mine": "yes"})
    client.get("/nowhere")
    first, second = server.requests
    assert (first.method, first.path, first.query) == (
        "POST",
        "/v2/openai/chat/completions",
        "a=1&b",
    )
    assert first.headers["x-mine"] == "yes"
    assert first.headers["authorization"] == "***"
    assert "some-key" not in repr(first)
    assert first.body == json.loads(first.content) == HELLO
    assert (second.method, second.body, second.content) == ("GET", {}, b"")


def test_replies_first_in_first_out(client: httpx.Client, server: LocalServer) -> None:
    """Each request takes the next reply; then the usual answers come again."""
    server.reply(
        Reply(status=529, headers={"retry-after": "1"}, body=b"busy"),
        Reply.json({"a": 1}, status=201),
    )
    first = client.get("/anything")
    assert (first.status_code, first.headers["retry-after"], first.content) == (529, "1", b"busy")
    second = client.post(PATH, json=[])
    assert (second.status_code, second.json()) == (201, {"a": 1})
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert ask(client)["object"] == "chat.completion"


def test_reply_from_a_function(client: httpx.Client, server: LocalServer) -> None:
    """A function makes the reply of the request, or leaves it to the server with None."""

    def mirror(request: ReceivedRequest) -> Reply:
        return Reply.json({"n": request.body["n"]}, headers={"x-request-id": "mine"})

    server.reply(mirror, lambda request: None)
    reply = client.post(PATH, json={"n": 7})
    assert (reply.json(), reply.headers["x-request-id"]) == ({"n": 7}, "mine")
    assert ask(client)["object"] == "chat.completion"


def test_scripted_stream(client: httpx.Client, server: LocalServer) -> None:
    """Events of dicts, texts and bytes, on a connection that is kept."""
    events = [
        chunk("Hel", delta={"role": "assistant"}),
        Pause(0.01),
        b": ping\n\n",
        "two\nlines",
        "[DONE]",
    ]
    server.reply(Reply.sse(events), Reply.sse([chunk("lo", finish_reason="stop", usage={"x": 1})]))
    text = client.post(PATH).text
    first = json.loads(text.split("\n\n")[0].removeprefix("data: "))
    assert first["choices"] == [{"index": 0, "delta": {"content": "Hel", "role": "assistant"}, "finish_reason": None}]
    assert text.endswith("\n\n: ping\n\ndata: two\ndata: lines\n\ndata: [DONE]\n\n")
    second = json.loads(client.post(PATH).text.removeprefix("data: "))
    assert (second["usage"], second["choices"][0]["finish_reason"]) == ({"x": 1}, "stop")


def test_pieces_arrive_one_by_one(client: httpx.Client, server: LocalServer) -> None:
    """A piece is there before the next is sent, and a body may never end."""
    server.reply(Reply.sse([chunk("first"), Pause(math.inf)]), Reply(body=itertools.repeat(b"more" * 1000)))
    with client.stream("POST", PATH) as reply:
        assert b"first" in next(reply.iter_bytes())
    with client.stream("POST", PATH) as reply:
        received = 0
        for piece in reply.iter_bytes():
            received += len(piece)
            if received > 1_000_000:
                break
    assert ask(client)["object"] == "chat.completion"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply.sse([chunk("a"), chunk("b"), CUT, chunk("c")]), id="in a stream"),
        pytest.param(Reply(body=[CUT]), id="behind the headers"),
        pytest.param(Reply.raw([CUT]), id="before the headers"),
        pytest.param(
            Reply.raw([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf"]),
            id="in a chunk",
        ),
        pytest.param(Reply(headers={"content-length": "99"}, body=b"short"), id="by content-length"),
        pytest.param(Reply.raw([b"this is not HTTP\r\n\r\n"]), id="no HTTP"),
    ],
)
def test_cut_connections(client: httpx.Client, server: LocalServer, reply: Reply) -> None:
    """An error of the transport, and the next request is served."""
    server.reply(reply)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(PATH)
    assert ask(client)["object"] == "chat.completion"


def test_cut_comes_after_what_was_sent(client: httpx.Client, server: LocalServer) -> None:
    """All pieces before the cut arrive, none behind it."""
    server.reply(Reply.sse([chunk("a"), chunk("b"), CUT, chunk("c")]))
    received: list[bytes] = []
    with client.stream("POST", PATH) as reply, pytest.raises(httpx.RemoteProtocolError):
        received.extend(reply.iter_bytes())
    assert b"".join(received).count(b"data: ") == 2


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed(client: httpx.Client, server: LocalServer, encoding: Any) -> None:
    """Whole and streamed bodies are compressed, each piece as it is sent."""
    server.reply(Reply.json({"a": "b" * 500}, encoding=encoding))
    reply = client.post(PATH)
    assert (reply.headers["content-encoding"], reply.json()) == (encoding, {"a": "b" * 500})
    server.reply(Reply.sse([chunk("first"), Pause(math.inf)], encoding=encoding))
    with client.stream("POST", PATH) as streamed:
        assert b"first" in b"".join(itertools.islice(streamed.iter_bytes(), 1))


def test_delay(client: httpx.Client, server: LocalServer) -> None:
    """Nothing comes before the delay is over, and other requests are served meanwhile."""
    server.reply(Reply(delay=math.inf), Reply(delay=0.01, body=b"late"))
    with pytest.raises(httpx.ReadTimeout):
        client.post(PATH, timeout=0.05)
    assert client.post(PATH).content == b"late"


# --------------------------------------------------------------------------------------------------- life


def test_closes_at_once_and_leaves_nothing() -> None:
    """Streams, idle and half-sent requests are cut; thread and port are free."""
    before = threading.active_count()
    server = LocalServer().start()
    server.reply(Reply.sse([chunk("a"), Pause(math.inf)]), Reply(body=itertools.repeat(b"x" * 1000)))
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"POST /v2/openai/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
    idle = socket.create_connection(("127.0.0.1", server.port))
    with (
        half,
        idle,
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
        client.stream("POST", PATH) as quiet,
        client.stream("POST", PATH) as endless,
    ):
        parts = quiet.iter_bytes(), endless.iter_bytes()
        for part in parts:
            next(part)
        server.close()
        server.close()
        assert threading.active_count() == before
        for part in parts:
            with pytest.raises(httpx.TransportError):
                list(part)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.base_url)


def test_starts_anew_on_its_port() -> None:
    """A closed server can be started again, where clients look for it."""
    server = LocalServer()
    ports = set()
    for _ in range(2):
        with server.start() as running:
            ports.add(running.port)
            assert httpx.get(running.origin).status_code == 404
    assert len(ports) == 1


def test_many_clients_at_once(server: LocalServer) -> None:
    """Forty requests in flight, each with the answer to its own question."""

    async def all_at_once() -> list[str]:
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=server.base_url, limits=limits, trust_env=False) as client:

            async def one(number: int) -> str:
                body = {"messages": [{"role": "user", "content": f"{number}"}]}
                reply = await client.post(PATH, json=body, headers={"authorization": "Bearer k"})
                return str(reply.json()["choices"][0]["message"]["content"])

            return await asyncio.gather(*map(one, range(40)))

    assert [text.rpartition(" ")[2] for text in asyncio.run(all_at_once())] == [str(n) for n in range(40)]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "1.1.1.1", "example.com", ""])
def test_loopback_only(host: str) -> None:
    """`ValueError` for an address that others could reach."""
    with pytest.raises(ValueError, match="loopback"):
        LocalServer(host=host)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"keys": "sk-1"},
            "keys: expected a list of keys or None, got a string (not shown). Put it in a list: keys=[...].",
        ),
        ({"models": b"m"}, "models: expected a list of models or None, got b'm'. Put it in a list: models=[b'm']."),
        ({"spans": 5}, "spans: expected a list of spans or None, got 5."),
        ({"spans": ["a"]}, "spans: expected UUIDs, got 'a'."),
    ],
)
def test_wrong_arguments(settings: Any, message: str) -> None:
    """An error that names the argument: a string is not taken for a list of its characters."""
    with pytest.raises((TypeError, ValueError)) as raised:
        LocalServer(**settings)
    assert str(raised.value) == message


def test_addresses() -> None:
    """An address for a client, in brackets where it is one of IPv6."""
    assert LocalServer(host="localhost", port=81).base_url == "http://127.0.0.1:81/v2/openai"
    assert LocalServer(host="::1", port=81).base_url == "http://[::1]:81/v2/openai"


def test_taken_port(server: LocalServer) -> None:
    """`OSError` at the start, and nothing is left behind."""
    with pytest.raises(OSError, match="in use"):
        LocalServer(port=server.port).start()


def test_a_server_that_fails_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception of its thread in the one that starts it, and neither the thread nor the port is left behind."""

    def without_descriptors() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    server = LocalServer()
    threads = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "SelectorEventLoop", without_descriptors)
        for _ in range(2):
            with pytest.raises(OSError, match="Too many open files"):
                server.start()
    assert threading.active_count() == threads
    server.close()
    with server.start():
        assert httpx.get(server.origin).status_code == 404


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "jsonschema"])
def test_missing_extra(missing: str) -> None:
    """An `ImportError` that says what to install, from the class and not from the import."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from opper_chat.testing import LocalServer, Reply\n"
        "try: LocalServer()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert "pip install 'opper-chat[testing]'" in done.stdout


def test_names_are_lazy() -> None:
    """Importing the package loads none of the extra."""
    code = (
        "import sys, opper_chat.testing as t; t.Reply; print({'uvicorn', 'starlette', 'jsonschema'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.strip() == "set()"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command(number: int) -> None:
    """The command serves at the address it prints, and a signal ends it with status 0."""
    command = [sys.executable, "-m", "opper_chat.testing", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        base_url = url.removesuffix("/chat/completions")
        assert f" OPPER_BASE_URL={base_url} " in process.stdout.readline()
        reply = httpx.post(url, json=HELLO, headers={"authorization": "Bearer k"})
        assert reply.json()["choices"][0]["finish_reason"] == "stop"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_command_refuses_other_hosts() -> None:
    """A line on stderr and status 1 for a host that is not on loopback."""
    command = [sys.executable, "-m", "opper_chat.testing", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 1
    assert "loopback" in done.stderr
    assert "Traceback" not in done.stderr


def test_answers_come_at_once(client: httpx.Client) -> None:
    """No wait for acknowledgements between the head of an answer and its body, on a connection that is kept."""
    ask(client)
    begun = time.monotonic()
    for _ in range(20):
        ask(client)
    assert time.monotonic() - begun < 20 * 0.035
