"""Messages → the form in which OpenTelemetry's conventions for models want them. No I/O, no HTTP library.

A message is a role and a list of parts: the JSON schemas ``gen-ai-input-messages.json`` and
``gen-ai-output-messages.json`` of github.com/open-telemetry/semantic-conventions-genai. What they do not know is a
part of its own type, which they allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from .._json import codec as _json
from .._json.codec import is_array, is_object

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletion

Part: TypeAlias = dict[str, object]

FINISH_REASONS = {"tool_calls": "tool_call", "function_call": "tool_call"}
"""The conventions' words for the endpoint's; the others are the same."""

MISSING = "error"
"""The finish reason of an answer that ended before its own came."""


def input_messages(body: Mapping[str, object]) -> list[Part]:
    """Return the messages of a request."""
    messages = body.get("messages")
    return [_message(message) for message in messages if is_object(message)] if is_array(messages) else []


def output_messages(completion: ChatCompletion) -> list[Part]:
    """Return the choices of an answer, one message each."""
    found: list[Part] = []
    for choice in completion.choices:
        reason = choice.finish_reason or MISSING
        message = {"role": "assistant", **choice.message.to_dict()}
        found.append({**_message(message), "finish_reason": FINISH_REASONS.get(reason, reason)})
    return found


def tool_definitions(body: Mapping[str, object]) -> list[Part]:
    """Return the tools that a request offers, by type and name: the rest is large, and not recommended."""
    tools = body.get("tools")
    found: list[Part] = []
    for tool in tools if is_array(tools) else ():
        if is_object(tool):
            said = tool.get(str(tool.get("type")))
            name = said.get("name") if is_object(said) else tool.get("name")
            found.append({"type": str(tool.get("type")), "name": str(name)})
    return found


def _message(message: Mapping[str, object]) -> Part:
    role = message.get("role")
    if role in ("tool", "function"):
        response = {"id": message.get("tool_call_id"), "response": message.get("content")}
        parts: list[Part] = [{"type": "tool_call_response", **response}]
    else:
        parts = list(_parts(message))
    made: Part = {"role": str(role), "parts": parts}
    if isinstance(name := message.get("name"), str):
        made["name"] = name
    return made


def _parts(message: Mapping[str, object]) -> Iterator[Part]:
    for member in ("reasoning_content", "reasoning"):
        if isinstance(thought := message.get(member), str) and thought:
            yield {"type": "reasoning", "content": thought}
            break
    content = message.get("content")
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    for part in content if is_array(content) else ():
        yield _part(part) if is_object(part) else {"type": "unknown", "content": part}
    if isinstance(refusal := message.get("refusal"), str):
        yield {"type": "refusal", "content": refusal}
    if is_object(audio := message.get("audio")):
        yield from _spoken(audio)
    calls = message.get("tool_calls")
    for call in calls if is_array(calls) else ():
        if is_object(call):
            yield _call(call)
    if is_object(function := message.get("function_call")):
        yield _call({"function": function})


def _part(part: Mapping[str, object]) -> Part:
    kind = str(part.get("type", "unknown"))
    said = part.get(kind)
    if kind in ("text", "refusal"):
        return {"type": kind, "content": str(said)}
    if is_object(said):
        if kind == "image_url" and isinstance(url := said.get("url"), str):
            return _by_address("image", url)
        if kind == "input_audio" and isinstance(data := said.get("data"), str):
            return {"type": "blob", "modality": "audio", "mime_type": f"audio/{said.get('format')}", "content": data}
        if kind == "file" and isinstance(file_id := said.get("file_id"), str):
            return {"type": "file", "modality": "document", "file_id": file_id}
        if kind == "file" and isinstance(data := said.get("file_data"), str):
            if data.startswith("data:"):
                return _by_address("document", data)
            return {"type": "blob", "modality": "document", "content": data}
    return {**part, "type": kind}


def _by_address(modality: str, address: str) -> Part:
    """A part that is somewhere else, or in the address itself (RFC 2397)."""
    head, comma, data = address.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        mime_type = head.removeprefix("data:").partition(";")[0] or None
        return {"type": "blob", "modality": modality, "mime_type": mime_type, "content": data}
    return {"type": "uri", "modality": modality, "uri": address}


def _spoken(audio: Mapping[str, object]) -> Iterator[Part]:
    """What the model said, or the id of what it said earlier."""
    if isinstance(data := audio.get("data"), str):
        yield {"type": "blob", "modality": "audio", "content": data}
    elif isinstance(audio_id := audio.get("id"), str):
        yield {"type": "file", "modality": "audio", "file_id": audio_id}
    if isinstance(transcript := audio.get("transcript"), str):
        yield {"type": "text", "content": transcript}


def _call(call: Mapping[str, object]) -> Part:
    custom = call.get("custom")
    said = custom if is_object(custom) else call.get("function")
    if not is_object(said):
        return {**call, "type": str(call.get("type"))}
    arguments = said.get("input", said.get("arguments"))
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": str(said.get("name")),
        "arguments": arguments if is_object(custom) else _decoded(arguments),
    }


def _decoded(arguments: object) -> object:
    """Arguments as a value where they are JSON: a model may have written anything."""
    try:
        return _json.decode(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments
