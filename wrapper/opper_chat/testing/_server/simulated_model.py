"""Simulate a model: the completion of a request, always the same for equal requests. No HTTP and no JSON."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeAlias

import msgspec

from .._examples.generator import NoExampleError, example_for_message
from .._examples.regex import matching_texts
from .._json import JsonObject, is_object
from .._replies.tokens import message_text, tokenize

Body: TypeAlias = JsonObject
"""A request body that is valid by the contract."""

Kind: TypeAlias = Literal["text", "function", "custom", "legacy"]

_GREETING = "Hello from the local server!"


class UnsatisfiableFormatError(ValueError):
    """No completion can have the format that the request requires."""


@dataclass(frozen=True, slots=True)
class SimulatedChoice:
    """The message of one choice."""

    kind: Kind
    """Text, a call of a function or custom tool, or a call of one of the deprecated `functions`."""

    tokens: tuple[str, ...]
    """The tokens of the text, the arguments or the input."""

    finish_reason: str

    name: str = ""
    """The name of the called function or tool."""

    call_id: str = ""
    """The id of the tool call."""

    @property
    def text(self) -> str:
        """The text, the arguments or the input."""
        return "".join(self.tokens)


@dataclass(frozen=True, slots=True)
class Completion:
    """The completion of one request."""

    id: str
    model: str
    choices: tuple[SimulatedChoice, ...]
    prompt_tokens: int
    service_tier: str | None
    top_logprobs: int | None
    """How many top log probabilities each token has, or None for no log probabilities."""

    @property
    def completion_tokens(self) -> int:
        """The number of tokens of all choices."""
        return sum(len(choice.tokens) for choice in self.choices)


def simulate_completion(body: Body, model: str, number: int) -> Completion:
    """Return the completion of a request.

    Args:
        body: The request.
        model: The model of the completion.
        number: The number of the completion, from which the ids are made.

    Raises:
        UnsatisfiableFormatError: A schema in the request is not valid, or no value fits it.
    """
    count = int(body.get("n") or 1)
    call = _choose_call(body)
    choices: list[SimulatedChoice] = []
    for index in range(count):
        if call is not None:
            kind, name, text = call
            finish = "function_call" if kind == "legacy" else "tool_calls"
            tokens, cut = _apply_token_limit(text, body)
            call_id = "" if kind == "legacy" else f"call_{number:06}_{index}"
            choices.append(SimulatedChoice(kind, tokens, "length" if cut else finish, name, call_id))
        else:
            tokens, cut = _apply_token_limit(_apply_stop(_text(body, index), body.get("stop")), body)
            choices.append(SimulatedChoice("text", tokens, "length" if cut else "stop"))
    return Completion(
        id=f"chatcmpl-{number:06}",
        model=model,
        choices=tuple(choices),
        prompt_tokens=sum(len(tokenize(message_text(message))) for message in body["messages"]),
        service_tier=body.get("service_tier"),
        top_logprobs=int(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
    )


def _apply_token_limit(text: str, body: Body) -> tuple[tuple[str, ...], bool]:
    """Return the tokens up to the limit of the request, and whether there are more."""
    given = [body.get("max_tokens"), body.get("max_completion_tokens")]
    limits = [int(limit) for limit in given if limit is not None]
    tokens = tokenize(text)
    cut = bool(limits) and len(tokens) > min(limits)
    return (tokens[: min(limits)], True) if cut else (tokens, False)


def _apply_stop(text: str, stop: str | list[str] | None) -> str:
    stops = [stop] if isinstance(stop, str) else stop or []
    positions = [text.find(word) for word in stops if word]
    return text[: min([position for position in positions if position >= 0], default=len(text))]


def _text(body: Body, index: int) -> str:
    response_format: Body = body.get("response_format") or {}
    text = _default_text(body) if index == 0 else f"{_default_text(body)} (choice {index + 1})"
    match response_format.get("type"):
        case "json_schema":
            schema = response_format["json_schema"].get("schema")
            if schema is not None:
                return _json(schema, "response_format.json_schema.schema")
            return _encode({"message": text})
        case "json_object":
            return _encode({"message": text})
        case _:
            return text


def _default_text(body: Body) -> str:
    messages: list[Body] = body["messages"]
    if _follows_tool_result(body):
        return f"{_GREETING} The tool said: {message_text(messages[-1])}"
    choice = body.get("tool_choice")
    if is_object(choice) and choice.get("type") in ("function", "custom"):
        # Reached only if there is no such tool. Otherwise it is called.
        return f"{_GREETING} There is no tool for this tool_choice: {_encode(choice)}"
    user_text = _last_user_text(body)
    return f"{_GREETING} You said: {user_text}" if user_text else _GREETING


def _last_user_text(body: Body) -> str:
    """Return the text of the last user message."""
    messages: list[Body] = body["messages"]
    texts = [message_text(message) for message in messages if message.get("role") == "user"]
    return texts[-1] if texts else ""


def _follows_tool_result(body: Body) -> bool:
    return body["messages"][-1].get("role") in ("tool", "function")


def _choose_call(body: Body) -> tuple[Kind, str, str] | None:
    """Return the kind, name and arguments of the tool call in the response, or None if there is none."""
    tool = _chosen_tool(body)
    if tool is not None:
        kind: Literal["function", "custom"] = tool["type"]
        definition: Body = tool[kind]
        if kind == "custom":
            return kind, definition["name"], _custom_input(definition, body)
        return kind, definition["name"], _arguments(definition, body)
    function = _chosen_function(body)
    return None if function is None else ("legacy", function["name"], _arguments(function, body))


def _chosen_tool(body: Body) -> Body | None:
    choice = body.get("tool_choice", "auto")
    tools = [tool for tool in body.get("tools") or () if tool["type"] in ("function", "custom")]
    forced = choice == "required"
    if is_object(choice):
        allowed: list[Any] = [choice]
        forced = True
        if choice["type"] == "allowed_tools":
            allowed = choice["allowed_tools"]["tools"]
            forced = choice["allowed_tools"]["mode"] == "required"
        # Of several tools with one name, the first counts.
        by_name = {_tool_name(tool): tool for tool in reversed(tools)}
        tools = [by_name[name] for name in map(_tool_name, allowed) if name in by_name]
    if not tools or choice == "none" or (_follows_tool_result(body) and not forced):
        return None
    first: Body = tools[0]
    return first


def _tool_name(tool: Body) -> tuple[str, str]:
    """Return the kind and name of a tool or of a `tool_choice`, in any of its formats."""
    kind = str(tool.get("type"))
    named = tool.get(kind)
    return kind, str(named.get("name")) if is_object(named) else ""


def _chosen_function(body: Body) -> Body | None:
    choice = body.get("function_call", "auto")
    functions: list[Body] = body.get("functions") or []
    if is_object(choice):
        return next((f for f in functions if f["name"] == choice["name"]), None)
    return None if not functions or choice == "none" or _follows_tool_result(body) else functions[0]


def _arguments(function: Body, body: Body) -> str:
    # Arguments are an object even if the schema does not say so.
    schema = {"type": "object", **function.get("parameters", {})}
    return _json(schema, f"the parameters of {function['name']!r}", _last_user_text(body))


def _custom_input(tool: Body, body: Body) -> str:
    custom_format: Body = tool.get("format") or {"type": "text"}
    if custom_format["type"] == "grammar":
        grammar: Body = custom_format["grammar"]
        if grammar["syntax"] == "regex":
            for text in islice(matching_texts(grammar["definition"]), 1):
                return text
        return f"{_GREETING} It does not follow this grammar."
    return _last_user_text(body) or _GREETING


def _json(schema: object, path: str, message: str = "") -> str:
    try:
        return _encode(example_for_message(schema, message))
    except NoExampleError as error:
        raise UnsatisfiableFormatError(f"{path}: {error}") from error


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
