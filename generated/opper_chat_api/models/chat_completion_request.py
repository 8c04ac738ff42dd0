# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from uuid import UUID

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
    Reader,
    list_reader,
    read_str,
    read_uuid,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import keep_float as _keep_float
from ..types import keep_int as _keep_int
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class ChatCompletionRequest(OpenModel[JsonValue]):
    """The parameters of one call. Only `messages` is required. A parameter that is absent has the default
    of the server or of the model."""

    messages: list[
        AssistantMessage
        | DeveloperMessage
        | FunctionMessage
        | OtherMessage
        | SystemMessage
        | ToolMessage
        | UserMessage
    ]
    """ The conversation so far, oldest message first. """
    model: list[ModelWithOptions | str] | ModelWithOptions | str | None = None
    """ The model: a name in the form `provider/model`, a name with its own options, or a list of these in
    the order of fallback. If absent, the route of the account decides. """
    audio: AudioOutput | None = None
    """ The voice and the encoding of audio output. Required if `modalities` contains `audio`. """
    frequency_penalty: float | None = None
    """ From -2 to 2, 0 by default. Above 0, tokens become less likely the more often they have occurred,
    which makes verbatim repetition rarer. """
    function_call: FunctionCallMode | NamedFunction | None = None
    """ Deprecated in favor of `tool_choice`. Whether the model calls one of `functions`, and which. """
    functions: list[LegacyFunction] | None = None
    """ Deprecated in favor of `tools`. The functions that the model can call. """
    logit_bias: LogitBias | None = None
    """ Makes selected tokens more or less likely. """
    logprobs: bool | None = None
    """ Whether to return the log probability of each output token. False by default. """
    max_completion_tokens: int | None = None
    """ The maximum number of tokens to generate, including reasoning tokens. """
    max_tokens: int | None = None
    """ Deprecated in favor of `max_completion_tokens`, which reasoning models require. The maximum number
    of tokens to generate. """
    metadata: Metadata | None = None
    """ Labels to store with the completion. """
    modalities: list[Modality] | None = None
    """ The types of output to generate. Only text by default. """
    n: int | None = None
    """ The number of choices to generate, 1 by default. Every choice is billed. """
    parallel_tool_calls: bool | None = None
    """ Whether the model can make several tool calls in one completion. True by default. """
    prediction: Prediction | None = None
    """ Text that most of the completion is expected to match, which makes it faster. """
    presence_penalty: float | None = None
    """ From -2 to 2, 0 by default. Above 0, tokens that have occurred at all become less likely, which
    moves the model to new topics. """
    prompt_cache_key: str | None = None
    """ Requests with the same key and the same beginning are routed to where that prompt is cached. """
    reasoning_effort: ReasoningEffort | None = None
    """ How much a reasoning model thinks before it responds. Less is faster and cheaper. """
    response_format: (
        JsonObjectResponseFormat | JsonSchemaResponseFormat | TextResponseFormat | None
    ) = None
    """ The format of the completion. Free text by default. """
    safety_identifier: str | None = None
    """ A stable identifier of the end user, by which misuse can be traced. Hash what would identify a
    person. """
    seed: int | None = None
    """ Requests with the same seed and parameters return the same completion, as far as the backend can. If
    `system_fingerprint` changes, the backend has changed. """
    service_tier: ServiceTier | None = None
    """ The service tier, which determines price and latency. `auto` by default. """
    stop: list[str] | None | str = None
    """ One string, or up to four, at which generation stops. The string itself is not returned. """
    store: bool | None = None
    """ Whether the completion is stored for later use by the account. False by default. """
    stream_options: StreamOptions | None = None
    """ Options of the stream. Only if `stream` is true. """
    temperature: float | None = None
    """ From 0 to 2, 1 by default. Low values make the completion focused and repeatable, high values
    varied. Change this or `top_p`, not both. """
    tool_choice: (
        AllowedToolsChoice | NamedCustomToolChoice | NamedFunctionToolChoice | ToolChoiceMode | None
    ) = None
    """ Whether the model calls tools, and which. `auto` by default if there are tools, otherwise `none`. """
    tools: list[CustomTool | FunctionTool | OtherTool] | None = None
    """ The tools that the model can call. """
    top_logprobs: int | None = None
    """ The number of most likely tokens to return at each position, 0 to 20. Requires `logprobs`. """
    top_p: float | None = None
    """ From 0 to 1, 1 by default. Only the most likely tokens that together have this probability are
    considered. Change this or `temperature`, not both. """
    user: str | None = None
    """ Deprecated in favor of `safety_identifier` and `prompt_cache_key`. Identifies the end user. """
    verbosity: Verbosity | None = None
    """ How long the completion is. `medium` by default. """
    web_search_options: WebSearchOptions | None = None
    """ Lets the model search the web before it responds. Options of the search. """
    stream: bool | None = False
    """ Whether the completion arrives in chunks while it is generated. False by default. """
    tags: Tags | None = None
    """ Your own labels, which are stored with the trace of this call. """
    parent_span_id: UUID | None = None
    """ The id of the parent span of this call in the trace. The server responds with 404 if it does not
    exist. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "messages": "messages",
        "model": "model",
        "audio": "audio",
        "frequency_penalty": "frequency_penalty",
        "function_call": "function_call",
        "functions": "functions",
        "logit_bias": "logit_bias",
        "logprobs": "logprobs",
        "max_completion_tokens": "max_completion_tokens",
        "max_tokens": "max_tokens",
        "metadata": "metadata",
        "modalities": "modalities",
        "n": "n",
        "parallel_tool_calls": "parallel_tool_calls",
        "prediction": "prediction",
        "presence_penalty": "presence_penalty",
        "prompt_cache_key": "prompt_cache_key",
        "reasoning_effort": "reasoning_effort",
        "response_format": "response_format",
        "safety_identifier": "safety_identifier",
        "seed": "seed",
        "service_tier": "service_tier",
        "stop": "stop",
        "store": "store",
        "stream_options": "stream_options",
        "temperature": "temperature",
        "tool_choice": "tool_choice",
        "tools": "tools",
        "top_logprobs": "top_logprobs",
        "top_p": "top_p",
        "user": "user",
        "verbosity": "verbosity",
        "web_search_options": "web_search_options",
        "stream": "stream",
        "tags": "tags",
        "parent_span_id": "parent_span_id",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChatCompletionRequest", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _messages_ = _take_required(_rest, "messages", "ChatCompletionRequest", _read_messages)

        _model_ = _rest.pop("model", None)
        if _model_ is not None:
            try:
                _model_ = _read_model(_model_)
            except DecodeError:
                _rest["model"] = _model_
                _model_ = None

        _audio_ = _rest.pop("audio", None)
        if _audio_ is not None:
            try:
                _audio_ = AudioOutput.from_dict(_audio_)
            except DecodeError:
                _rest["audio"] = _audio_
                _audio_ = None

        _frequency_penalty_ = _rest.pop("frequency_penalty", None)
        if type(_frequency_penalty_) is not float and _frequency_penalty_ is not None:
            _frequency_penalty_ = _keep_float(_rest, "frequency_penalty", _frequency_penalty_)

        _function_call_ = _rest.pop("function_call", None)
        if _function_call_ is not None:
            try:
                _function_call_ = _read_function_call(_function_call_)
            except DecodeError:
                _rest["function_call"] = _function_call_
                _function_call_ = None

        _functions_ = _rest.pop("functions", None)
        if _functions_ is not None:
            try:
                _functions_ = _read_functions(_functions_)
            except DecodeError:
                _rest["functions"] = _functions_
                _functions_ = None

        _logit_bias_ = _rest.pop("logit_bias", None)
        if _logit_bias_ is not None:
            try:
                _logit_bias_ = LogitBias.from_dict(_logit_bias_)
            except DecodeError:
                _rest["logit_bias"] = _logit_bias_
                _logit_bias_ = None

        _logprobs_ = _rest.pop("logprobs", None)
        if _logprobs_ is not None and not isinstance(_logprobs_, bool):
            _rest["logprobs"] = _logprobs_
            _logprobs_ = None

        _max_completion_tokens_ = _rest.pop("max_completion_tokens", None)
        if type(_max_completion_tokens_) is not int and _max_completion_tokens_ is not None:
            _max_completion_tokens_ = _keep_int(
                _rest, "max_completion_tokens", _max_completion_tokens_
            )

        _max_tokens_ = _rest.pop("max_tokens", None)
        if type(_max_tokens_) is not int and _max_tokens_ is not None:
            _max_tokens_ = _keep_int(_rest, "max_tokens", _max_tokens_)

        _metadata_ = _rest.pop("metadata", None)
        if _metadata_ is not None:
            try:
                _metadata_ = Metadata.from_dict(_metadata_)
            except DecodeError:
                _rest["metadata"] = _metadata_
                _metadata_ = None

        _modalities_ = _rest.pop("modalities", None)
        if _modalities_ is not None:
            try:
                _modalities_ = _read_modalities(_modalities_)
            except DecodeError:
                _rest["modalities"] = _modalities_
                _modalities_ = None

        _n_ = _rest.pop("n", None)
        if type(_n_) is not int and _n_ is not None:
            _n_ = _keep_int(_rest, "n", _n_)

        _parallel_tool_calls_ = _rest.pop("parallel_tool_calls", None)
        if _parallel_tool_calls_ is not None and not isinstance(_parallel_tool_calls_, bool):
            _rest["parallel_tool_calls"] = _parallel_tool_calls_
            _parallel_tool_calls_ = None

        _prediction_ = _rest.pop("prediction", None)
        if _prediction_ is not None:
            try:
                _prediction_ = Prediction.from_dict(_prediction_)
            except DecodeError:
                _rest["prediction"] = _prediction_
                _prediction_ = None

        _presence_penalty_ = _rest.pop("presence_penalty", None)
        if type(_presence_penalty_) is not float and _presence_penalty_ is not None:
            _presence_penalty_ = _keep_float(_rest, "presence_penalty", _presence_penalty_)

        _prompt_cache_key_ = _rest.pop("prompt_cache_key", None)
        if _prompt_cache_key_ is not None and not isinstance(_prompt_cache_key_, str):
            _rest["prompt_cache_key"] = _prompt_cache_key_
            _prompt_cache_key_ = None

        _reasoning_effort_ = _rest.pop("reasoning_effort", None)
        if _reasoning_effort_ is not None and not isinstance(_reasoning_effort_, str):
            _rest["reasoning_effort"] = _reasoning_effort_
            _reasoning_effort_ = None

        _response_format_ = _rest.pop("response_format", None)
        if _response_format_ is not None:
            try:
                _response_format_ = _read_response_format(_response_format_)
            except DecodeError:
                _rest["response_format"] = _response_format_
                _response_format_ = None

        _safety_identifier_ = _rest.pop("safety_identifier", None)
        if _safety_identifier_ is not None and not isinstance(_safety_identifier_, str):
            _rest["safety_identifier"] = _safety_identifier_
            _safety_identifier_ = None

        _seed_ = _rest.pop("seed", None)
        if type(_seed_) is not int and _seed_ is not None:
            _seed_ = _keep_int(_rest, "seed", _seed_)

        _service_tier_ = _rest.pop("service_tier", None)
        if _service_tier_ is not None and not isinstance(_service_tier_, str):
            _rest["service_tier"] = _service_tier_
            _service_tier_ = None

        _stop_ = _rest.pop("stop", None)
        if _stop_ is not None:
            try:
                _stop_ = _read_stop(_stop_)
            except DecodeError:
                _rest["stop"] = _stop_
                _stop_ = None

        _store_ = _rest.pop("store", None)
        if _store_ is not None and not isinstance(_store_, bool):
            _rest["store"] = _store_
            _store_ = None

        _stream_options_ = _rest.pop("stream_options", None)
        if _stream_options_ is not None:
            try:
                _stream_options_ = StreamOptions.from_dict(_stream_options_)
            except DecodeError:
                _rest["stream_options"] = _stream_options_
                _stream_options_ = None

        _temperature_ = _rest.pop("temperature", None)
        if type(_temperature_) is not float and _temperature_ is not None:
            _temperature_ = _keep_float(_rest, "temperature", _temperature_)

        _tool_choice_ = _rest.pop("tool_choice", None)
        if _tool_choice_ is not None:
            try:
                _tool_choice_ = _read_tool_choice(_tool_choice_)
            except DecodeError:
                _rest["tool_choice"] = _tool_choice_
                _tool_choice_ = None

        _tools_ = _rest.pop("tools", None)
        if _tools_ is not None:
            try:
                _tools_ = _read_tools(_tools_)
            except DecodeError:
                _rest["tools"] = _tools_
                _tools_ = None

        _top_logprobs_ = _rest.pop("top_logprobs", None)
        if type(_top_logprobs_) is not int and _top_logprobs_ is not None:
            _top_logprobs_ = _keep_int(_rest, "top_logprobs", _top_logprobs_)

        _top_p_ = _rest.pop("top_p", None)
        if type(_top_p_) is not float and _top_p_ is not None:
            _top_p_ = _keep_float(_rest, "top_p", _top_p_)

        _user_ = _rest.pop("user", None)
        if _user_ is not None and not isinstance(_user_, str):
            _rest["user"] = _user_
            _user_ = None

        _verbosity_ = _rest.pop("verbosity", None)
        if _verbosity_ is not None and not isinstance(_verbosity_, str):
            _rest["verbosity"] = _verbosity_
            _verbosity_ = None

        _web_search_options_ = _rest.pop("web_search_options", None)
        if _web_search_options_ is not None:
            try:
                _web_search_options_ = WebSearchOptions.from_dict(_web_search_options_)
            except DecodeError:
                _rest["web_search_options"] = _web_search_options_
                _web_search_options_ = None

        _stream_ = _rest.pop("stream", None)
        if _stream_ is not None and not isinstance(_stream_, bool):
            _rest["stream"] = _stream_
            _stream_ = None
        if _stream_ is None:
            _stream_ = False
            _absent.append("stream")

        _tags_ = _rest.pop("tags", None)
        if _tags_ is not None:
            try:
                _tags_ = Tags.from_dict(_tags_)
            except DecodeError:
                _rest["tags"] = _tags_
                _tags_ = None

        _parent_span_id_ = _rest.pop("parent_span_id", None)
        if _parent_span_id_ is not None:
            try:
                _parent_span_id_ = read_uuid(_parent_span_id_)
            except DecodeError:
                _rest["parent_span_id"] = _parent_span_id_
                _parent_span_id_ = None

        return cls(
            _messages_,
            _model_,
            _audio_,
            _frequency_penalty_,
            _function_call_,
            _functions_,
            _logit_bias_,
            _logprobs_,
            _max_completion_tokens_,
            _max_tokens_,
            _metadata_,
            _modalities_,
            _n_,
            _parallel_tool_calls_,
            _prediction_,
            _presence_penalty_,
            _prompt_cache_key_,
            _reasoning_effort_,
            _response_format_,
            _safety_identifier_,
            _seed_,
            _service_tier_,
            _stop_,
            _store_,
            _stream_options_,
            _temperature_,
            _tool_choice_,
            _tools_,
            _top_logprobs_,
            _top_p_,
            _user_,
            _verbosity_,
            _web_search_options_,
            _stream_,
            _tags_,
            _parent_span_id_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["messages"] = _write(self.messages)
        if self.model is not None:
            _properties["model"] = _write(self.model)
        if self.audio is not None:
            _properties["audio"] = _write(self.audio)
        if self.frequency_penalty is not None:
            _properties["frequency_penalty"] = self.frequency_penalty
        if self.function_call is not None:
            _properties["function_call"] = _write(self.function_call)
        if self.functions is not None:
            _properties["functions"] = _write(self.functions)
        if self.logit_bias is not None:
            _properties["logit_bias"] = _write(self.logit_bias)
        if self.logprobs is not None:
            _properties["logprobs"] = self.logprobs
        if self.max_completion_tokens is not None:
            _properties["max_completion_tokens"] = self.max_completion_tokens
        if self.max_tokens is not None:
            _properties["max_tokens"] = self.max_tokens
        if self.metadata is not None:
            _properties["metadata"] = _write(self.metadata)
        if self.modalities is not None:
            _properties["modalities"] = _write(self.modalities)
        if self.n is not None:
            _properties["n"] = self.n
        if self.parallel_tool_calls is not None:
            _properties["parallel_tool_calls"] = self.parallel_tool_calls
        if self.prediction is not None:
            _properties["prediction"] = _write(self.prediction)
        if self.presence_penalty is not None:
            _properties["presence_penalty"] = self.presence_penalty
        if self.prompt_cache_key is not None:
            _properties["prompt_cache_key"] = self.prompt_cache_key
        if self.reasoning_effort is not None:
            _properties["reasoning_effort"] = self.reasoning_effort
        if self.response_format is not None:
            _properties["response_format"] = _write(self.response_format)
        if self.safety_identifier is not None:
            _properties["safety_identifier"] = self.safety_identifier
        if self.seed is not None:
            _properties["seed"] = self.seed
        if self.service_tier is not None:
            _properties["service_tier"] = self.service_tier
        if self.stop is not None:
            _properties["stop"] = _write(self.stop)
        if self.store is not None:
            _properties["store"] = self.store
        if self.stream_options is not None:
            _properties["stream_options"] = _write(self.stream_options)
        if self.temperature is not None:
            _properties["temperature"] = self.temperature
        if self.tool_choice is not None:
            _properties["tool_choice"] = _write(self.tool_choice)
        if self.tools is not None:
            _properties["tools"] = _write(self.tools)
        if self.top_logprobs is not None:
            _properties["top_logprobs"] = self.top_logprobs
        if self.top_p is not None:
            _properties["top_p"] = self.top_p
        if self.user is not None:
            _properties["user"] = self.user
        if self.verbosity is not None:
            _properties["verbosity"] = self.verbosity
        if self.web_search_options is not None:
            _properties["web_search_options"] = _write(self.web_search_options)
        if "stream" not in self._absent or self.stream != False:
            _properties["stream"] = self.stream
        if self.tags is not None:
            _properties["tags"] = _write(self.tags)
        if self.parent_span_id is not None:
            _properties["parent_span_id"] = _write(self.parent_span_id)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.allowed_tools_choice import AllowedToolsChoice
from ..models.assistant_message import AssistantMessage
from ..models.audio_output import AudioOutput
from ..models.custom_tool import CustomTool
from ..models.developer_message import DeveloperMessage
from ..models.function_call_mode import FunctionCallMode
from ..models.function_message import FunctionMessage
from ..models.function_tool import FunctionTool
from ..models.json_object_response_format import JsonObjectResponseFormat
from ..models.json_schema_response_format import JsonSchemaResponseFormat
from ..models.legacy_function import LegacyFunction
from ..models.logit_bias import LogitBias
from ..models.metadata import Metadata
from ..models.modality import Modality
from ..models.model_with_options import ModelWithOptions
from ..models.named_custom_tool_choice import NamedCustomToolChoice
from ..models.named_function import NamedFunction
from ..models.named_function_tool_choice import NamedFunctionToolChoice
from ..models.other_message import OtherMessage
from ..models.other_tool import OtherTool
from ..models.prediction import Prediction
from ..models.reasoning_effort import ReasoningEffort
from ..models.service_tier import ServiceTier
from ..models.stream_options import StreamOptions
from ..models.system_message import SystemMessage
from ..models.tags import Tags
from ..models.text_response_format import TextResponseFormat
from ..models.tool_choice_mode import ToolChoiceMode
from ..models.tool_message import ToolMessage
from ..models.user_message import UserMessage
from ..models.verbosity import Verbosity
from ..models.web_search_options import WebSearchOptions

_add_names(ChatCompletionRequest, globals())
_read_messages: Reader[
    list[
        AssistantMessage
        | DeveloperMessage
        | FunctionMessage
        | OtherMessage
        | SystemMessage
        | ToolMessage
        | UserMessage
    ]
] = list_reader(
    union_reader(
        DeveloperMessage.from_dict,
        SystemMessage.from_dict,
        UserMessage.from_dict,
        AssistantMessage.from_dict,
        ToolMessage.from_dict,
        FunctionMessage.from_dict,
        OtherMessage.from_dict,
    )
)
_read_model: Reader[list[ModelWithOptions | str] | ModelWithOptions | str] = union_reader(
    read_str,
    ModelWithOptions.from_dict,
    list_reader(union_reader(read_str, ModelWithOptions.from_dict)),
)
_read_function_call: Reader[FunctionCallMode | NamedFunction] = union_reader(
    read_str, NamedFunction.from_dict
)
_read_functions: Reader[list[LegacyFunction]] = list_reader(LegacyFunction.from_dict)
_read_modalities: Reader[list[Modality]] = list_reader(read_str)
_read_response_format: Reader[
    JsonObjectResponseFormat | JsonSchemaResponseFormat | TextResponseFormat
] = union_reader(
    TextResponseFormat.from_dict,
    JsonObjectResponseFormat.from_dict,
    JsonSchemaResponseFormat.from_dict,
)
_read_stop: Reader[list[str] | str] = union_reader(read_str, list_reader(read_str))
_read_tool_choice: Reader[
    AllowedToolsChoice | NamedCustomToolChoice | NamedFunctionToolChoice | ToolChoiceMode
] = union_reader(
    read_str,
    NamedFunctionToolChoice.from_dict,
    NamedCustomToolChoice.from_dict,
    AllowedToolsChoice.from_dict,
)
_read_tools: Reader[list[CustomTool | FunctionTool | OtherTool]] = list_reader(
    union_reader(FunctionTool.from_dict, CustomTool.from_dict, OtherTool.from_dict)
)
