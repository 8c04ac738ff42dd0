"""Convert messages to the format of OpenTelemetry's semantic conventions for generative AI.

A message is a role and a list of parts: see the JSON schemas ``gen-ai-input-messages.json`` and
``gen-ai-output-messages.json`` of github.com/open-telemetry/semantic-conventions-genai. A part that they do not list
keeps its own type, which they allow.
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
"""The finish reasons that the conventions call by another name."""

MISSING_FINISH_REASON = "error"
"""The finish reason of a choice whose own did not arrive."""


def input_messages(body: Mapping[str, object]) -> list[Part]:
    """Return the messages of a request."""
    messages = body.get("messages")
    return [_message(message) for message in messages if is_object(message)] if is_array(messages) else []


def output_messages(completion: ChatCompletion) -> list[Part]:
    """Return the choices of a completion, one message each."""
    found: list[Part] = []
    for choice in completion.choices:
        reason = choice.finish_reason or MISSING_FINISH_REASON
        message = {"role": "assistant", **choice.message.to_dict()}
        found.append({**_message(message), "finish_reason": FINISH_REASONS.get(reason, reason)})
    return found


def tool_definitions(body: Mapping[str, object]) -> list[Part]:
    """Return the tools of a request by type and name. The conventions do not recommend the rest, which may be large."""
    tools = body.get("tools")
    found: list[Part] = []
    for tool in tools if is_array(tools) else ():
        if is_object(tool):
            definition = tool.get(str(tool.get("type")))
            name = definition.get("name") if is_object(definition) else tool.get("name")
            found.append({"type": str(tool.get("type")), "name": str(name)})
    return found


def _message(message: Mapping[str, object]) -> Part:
    role = message.get("role")
    if role in ("tool", "function"):
        response = {"id": message.get("tool_call_id"), "response": message.get("content")}
        parts: list[Part] = [{"type": "tool_call_response", **response}]
    else:
        parts = list(_parts(message))
    converted: Part = {"role": str(role), "parts": parts}
    if isinstance(name := message.get("name"), str):
        converted["name"] = name
    return converted


def _parts(message: Mapping[str, object]) -> Iterator[Part]:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(reasoning := message.get(name), str) and reasoning:
            yield {"type": "reasoning", "content": reasoning}
            break
    content = message.get("content")
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    for part in content if is_array(content) else ():
        yield _part(part) if is_object(part) else {"type": "unknown", "content": part}
    if isinstance(refusal := message.get("refusal"), str):
        yield {"type": "refusal", "content": refusal}
    if is_object(audio := message.get("audio")):
        yield from _audio_parts(audio)
    calls = message.get("tool_calls")
    for call in calls if is_array(calls) else ():
        if is_object(call):
            yield _tool_call(call)
    if is_object(function := message.get("function_call")):
        yield _tool_call({"function": function})


def _part(part: Mapping[str, object]) -> Part:
    kind = str(part.get("type", "unknown"))
    value = part.get(kind)
    if kind in ("text", "refusal"):
        return {"type": kind, "content": str(value)}
    if is_object(value):
        if kind == "image_url" and isinstance(url := value.get("url"), str):
            return _media_part("image", url)
        if kind == "input_audio" and isinstance(data := value.get("data"), str):
            return {"type": "blob", "modality": "audio", "mime_type": f"audio/{value.get('format')}", "content": data}
        if kind == "file" and isinstance(file_id := value.get("file_id"), str):
            return {"type": "file", "modality": "document", "file_id": file_id}
        if kind == "file" and isinstance(data := value.get("file_data"), str):
            if data.startswith("data:"):
                return _media_part("document", data)
            return {"type": "blob", "modality": "document", "content": data}
    return {**part, "type": kind}


def _media_part(modality: str, url: str) -> Part:
    """Return the part of media at a URL, which may be a data URL (RFC 2397)."""
    head, comma, data = url.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        mime_type = head.removeprefix("data:").partition(";")[0] or None
        return {"type": "blob", "modality": modality, "mime_type": mime_type, "content": data}
    return {"type": "uri", "modality": modality, "uri": url}


def _audio_parts(audio: Mapping[str, object]) -> Iterator[Part]:
    """Return the parts of audio: its data, or the id of audio from an earlier turn, and its transcript."""
    if isinstance(data := audio.get("data"), str):
        yield {"type": "blob", "modality": "audio", "content": data}
    elif isinstance(audio_id := audio.get("id"), str):
        yield {"type": "file", "modality": "audio", "file_id": audio_id}
    if isinstance(transcript := audio.get("transcript"), str):
        yield {"type": "text", "content": transcript}


def _tool_call(call: Mapping[str, object]) -> Part:
    custom = call.get("custom")
    function = custom if is_object(custom) else call.get("function")
    if not is_object(function):
        return {**call, "type": str(call.get("type"))}
    arguments = function.get("input", function.get("arguments"))
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": str(function.get("name")),
        "arguments": arguments if is_object(custom) else _decode_arguments(arguments),
    }


def _decode_arguments(arguments: object) -> object:
    """Return arguments as a value, or as they are if they are no JSON: a model may have written anything."""
    try:
        return _json.decode(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments
