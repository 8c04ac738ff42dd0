"""The attributes of a call by OpenTelemetry's semantic conventions for generative AI.

They are listed at https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, those of OpenAI's API at
https://opentelemetry.io/docs/specs/semconv/gen-ai/openai/. The names are written out here: the package
``opentelemetry-semantic-conventions`` has them in a module for incubating ones, which may change with any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeGuard
from urllib.parse import urlsplit

from opentelemetry.util.types import AttributeValue

from .._errors.attempt import count_attempts
from .._json.codec import is_array, is_object
from .._observability.logging import clean, model_name
from .._observability.record import CallRecord
from ._messages import MISSING_FINISH_REASON

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletion

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.41.1"
"""The version of the conventions. It is the first with all names that are used."""

DURATION_BUCKETS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""The bucket boundaries of durations, in seconds."""

TOKEN_BUCKETS: Final = (
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
)  # fmt: skip
"""The bucket boundaries of numbers of tokens."""

NUMBERS: Final[Mapping[str, tuple[str, type[int | float]]]] = {
    "frequency_penalty": ("gen_ai.request.frequency_penalty", float),
    "presence_penalty": ("gen_ai.request.presence_penalty", float),
    "temperature": ("gen_ai.request.temperature", float),
    "top_p": ("gen_ai.request.top_p", float),
    "top_k": ("gen_ai.request.top_k", float),  # not in the contract; many servers accept it in `extra_body`
    "seed": ("gen_ai.request.seed", int),
    "max_tokens": ("gen_ai.request.max_tokens", int),
    "max_completion_tokens": (
        "gen_ai.request.max_tokens",
        int,
    ),  # wins over the deprecated `max_tokens`
}
"""The attributes of parameters that are numbers, and their types: a backend may keep one type for each name."""

_MAX_INT = 2**63 - 1
"""OTLP has integers of 64 bits. An exporter that meets a larger one drops all spans that it would send with it."""

OUTPUT_TYPES: Final = {"json_object": "json", "json_schema": "json", "text": "text"}
"""``gen_ai.output.type`` by the type of ``response_format``."""

PROVIDERS: Final = {
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
"""``gen_ai.provider.name`` by host. At any other host, the API is that of OpenAI."""

_OPENAI: Final = "openai"

Attributes = dict[str, AttributeValue]


def common_attributes(call: CallRecord) -> Attributes:
    """Return the attributes that the span and the metrics of a call share. Samplers see them as well."""
    address = urlsplit(call.base_url)
    host = address.hostname or ""
    is_opper = host == "opper.ai" or host.endswith(".opper.ai")
    attributes: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "opper" if is_opper else PROVIDERS.get(host, _OPENAI),
        "server.address": host,
        "server.port": address.port or (80 if address.scheme == "http" else 443),
    }
    if model := model_name(call.body):
        attributes["gen_ai.request.model"] = model
    return attributes


def request_attributes(call: CallRecord, common: Attributes) -> Attributes:
    """Return the attributes of the parameters of a request.

    Args:
        call: the call.
        common: its common attributes.
    """
    body = call.body
    attributes: Attributes = {}
    if common["gen_ai.provider.name"] == _OPENAI:  # other providers "are not expected to include openai.* attributes"
        attributes["openai.api.type"] = "chat_completions"
        tier = body.get("service_tier")
        if isinstance(tier, str) and tier != "auto":
            attributes["openai.request.service_tier"] = tier
    for parameter, (attribute, kind) in NUMBERS.items():
        value = body.get(parameter)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_INT:
            converted = kind(value)
            if converted == value:  # not a seed of 1.5, which is no integer
                attributes[attribute] = converted
    if call.stream:
        attributes["gen_ai.request.stream"] = True
    n = body.get("n")
    if is_count(n) and n != 1:
        attributes["gen_ai.request.choice.count"] = n
    stop = body.get("stop")
    if isinstance(stop, str):
        attributes["gen_ai.request.stop_sequences"] = [stop]
    elif is_array(stop):
        attributes["gen_ai.request.stop_sequences"] = [text for text in stop if isinstance(text, str)]
    response_format, modalities = body.get("response_format"), body.get("modalities")
    if is_object(response_format) and (output := OUTPUT_TYPES.get(str(response_format.get("type")))):
        attributes["gen_ai.output.type"] = output
    elif is_array(modalities) and "audio" in modalities:
        attributes["gen_ai.output.type"] = "speech"
    return attributes


def response_attributes(call: CallRecord, completion: ChatCompletion | None, common: Attributes) -> Attributes:
    """Return the attributes of what a call received.

    Args:
        call: the call.
        completion: the completion, which may be a part of one, or None.
        common: the common attributes of the call.
    """
    attributes: Attributes = {}
    if call.outcome is not None:
        attributes["opper_chat.outcome"] = call.outcome
    if (attempts := count_attempts(call.attempts)) > 1:
        attributes["opper_chat.attempts"] = attempts
    if call.request_id is not None:
        attributes["opper_chat.request_id"] = str(clean(call.request_id))
    if call.first_token is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = call.first_token
    if completion is None:
        return attributes
    if completion.model:
        attributes["gen_ai.response.model"] = str(clean(completion.model))
    if completion.id:
        attributes["gen_ai.response.id"] = str(clean(completion.id))
    if common["gen_ai.provider.name"] == _OPENAI:
        for name in ("service_tier", "system_fingerprint"):
            if value := getattr(completion, name):
                attributes[f"openai.response.{name}"] = str(clean(value))
    if completion.choices:
        reasons = [str(clean(choice.finish_reason or MISSING_FINISH_REASON)) for choice in completion.choices]
        attributes["gen_ai.response.finish_reasons"] = reasons
    return {**attributes, **dict(_usage_attributes(completion))}


def _usage_attributes(completion: ChatCompletion) -> Iterator[tuple[str, int]]:
    usage = completion.usage
    if usage is None:
        return
    prompt, output = usage.prompt_tokens_details, usage.completion_tokens_details
    counts = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": prompt.cached_tokens if prompt is not None else None,
        "gen_ai.usage.reasoning.output_tokens": output.reasoning_tokens if output is not None else None,
    }
    for name, count in counts.items():
        if is_count(count):
            yield name, count


def is_count(value: object) -> TypeGuard[int]:
    """Return whether a value that a server or a caller sent is a number of things."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_INT
