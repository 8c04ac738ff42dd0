# Made from openapi.yaml by datamodel-code-generator 0.89.0. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The request as typed dicts: what a plain dict may contain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NotRequired, TypeAlias, TypedDict
from uuid import UUID

if TYPE_CHECKING:
    from .models.allowed_tool import AllowedTool
    from .models.allowed_tools import AllowedTools
    from .models.allowed_tools_choice import AllowedToolsChoice
    from .models.approximate_location import ApproximateLocation
    from .models.assistant_message import AssistantMessage
    from .models.audio_output import AudioOutput
    from .models.audio_part import AudioPart
    from .models.audio_reference import AudioReference
    from .models.chat_completion_message import ChatCompletionMessage
    from .models.custom_call import CustomCall
    from .models.custom_grammar_format import CustomGrammarFormat
    from .models.custom_text_format import CustomTextFormat
    from .models.custom_tool import CustomTool
    from .models.custom_tool_call import CustomToolCall
    from .models.custom_tool_definition import CustomToolDefinition
    from .models.developer_message import DeveloperMessage
    from .models.file_part import FilePart
    from .models.file_source import FileSource
    from .models.function_call import FunctionCall
    from .models.function_definition import FunctionDefinition
    from .models.function_message import FunctionMessage
    from .models.function_parameters import FunctionParameters
    from .models.function_tool import FunctionTool
    from .models.function_tool_call import FunctionToolCall
    from .models.grammar import Grammar
    from .models.image_part import ImagePart
    from .models.image_url import ImageUrl
    from .models.input_audio import InputAudio
    from .models.json_object_response_format import JsonObjectResponseFormat
    from .models.json_schema import JsonSchema
    from .models.json_schema_format import JsonSchemaFormat
    from .models.json_schema_response_format import JsonSchemaResponseFormat
    from .models.legacy_function import LegacyFunction
    from .models.logit_bias import LogitBias
    from .models.metadata import Metadata
    from .models.model_headers import ModelHeaders
    from .models.model_options import ModelOptions
    from .models.model_with_options import ModelWithOptions
    from .models.named_custom_tool import NamedCustomTool
    from .models.named_custom_tool_choice import NamedCustomToolChoice
    from .models.named_function import NamedFunction
    from .models.named_function_tool_choice import NamedFunctionToolChoice
    from .models.other_message import OtherMessage
    from .models.other_part import OtherPart
    from .models.other_tool import OtherTool
    from .models.other_tool_call import OtherToolCall
    from .models.prediction import Prediction
    from .models.refusal_part import RefusalPart
    from .models.stream_options import StreamOptions
    from .models.system_message import SystemMessage
    from .models.tags import Tags
    from .models.text_part import TextPart
    from .models.text_response_format import TextResponseFormat
    from .models.tool_message import ToolMessage
    from .models.user_location import UserLocation
    from .models.user_message import UserMessage
    from .models.web_search_options import WebSearchOptions
else:
    from .types import OpenModel

    AllowedTool = type("AllowedTool", (OpenModel,), {})
    AllowedTools = type("AllowedTools", (OpenModel,), {})
    AllowedToolsChoice = type("AllowedToolsChoice", (OpenModel,), {})
    ApproximateLocation = type("ApproximateLocation", (OpenModel,), {})
    AssistantMessage = type("AssistantMessage", (OpenModel,), {})
    AudioOutput = type("AudioOutput", (OpenModel,), {})
    AudioPart = type("AudioPart", (OpenModel,), {})
    AudioReference = type("AudioReference", (OpenModel,), {})
    ChatCompletionMessage = type("ChatCompletionMessage", (OpenModel,), {})
    CustomCall = type("CustomCall", (OpenModel,), {})
    CustomGrammarFormat = type("CustomGrammarFormat", (OpenModel,), {})
    CustomTextFormat = type("CustomTextFormat", (OpenModel,), {})
    CustomTool = type("CustomTool", (OpenModel,), {})
    CustomToolCall = type("CustomToolCall", (OpenModel,), {})
    CustomToolDefinition = type("CustomToolDefinition", (OpenModel,), {})
    DeveloperMessage = type("DeveloperMessage", (OpenModel,), {})
    FilePart = type("FilePart", (OpenModel,), {})
    FileSource = type("FileSource", (OpenModel,), {})
    FunctionCall = type("FunctionCall", (OpenModel,), {})
    FunctionDefinition = type("FunctionDefinition", (OpenModel,), {})
    FunctionMessage = type("FunctionMessage", (OpenModel,), {})
    FunctionParameters = type("FunctionParameters", (OpenModel,), {})
    FunctionTool = type("FunctionTool", (OpenModel,), {})
    FunctionToolCall = type("FunctionToolCall", (OpenModel,), {})
    Grammar = type("Grammar", (OpenModel,), {})
    ImagePart = type("ImagePart", (OpenModel,), {})
    ImageUrl = type("ImageUrl", (OpenModel,), {})
    InputAudio = type("InputAudio", (OpenModel,), {})
    JsonObjectResponseFormat = type("JsonObjectResponseFormat", (OpenModel,), {})
    JsonSchema = type("JsonSchema", (OpenModel,), {})
    JsonSchemaFormat = type("JsonSchemaFormat", (OpenModel,), {})
    JsonSchemaResponseFormat = type("JsonSchemaResponseFormat", (OpenModel,), {})
    LegacyFunction = type("LegacyFunction", (OpenModel,), {})
    LogitBias = type("LogitBias", (OpenModel,), {})
    Metadata = type("Metadata", (OpenModel,), {})
    ModelHeaders = type("ModelHeaders", (OpenModel,), {})
    ModelOptions = type("ModelOptions", (OpenModel,), {})
    ModelWithOptions = type("ModelWithOptions", (OpenModel,), {})
    NamedCustomTool = type("NamedCustomTool", (OpenModel,), {})
    NamedCustomToolChoice = type("NamedCustomToolChoice", (OpenModel,), {})
    NamedFunction = type("NamedFunction", (OpenModel,), {})
    NamedFunctionToolChoice = type("NamedFunctionToolChoice", (OpenModel,), {})
    OtherMessage = type("OtherMessage", (OpenModel,), {})
    OtherPart = type("OtherPart", (OpenModel,), {})
    OtherTool = type("OtherTool", (OpenModel,), {})
    OtherToolCall = type("OtherToolCall", (OpenModel,), {})
    Prediction = type("Prediction", (OpenModel,), {})
    RefusalPart = type("RefusalPart", (OpenModel,), {})
    StreamOptions = type("StreamOptions", (OpenModel,), {})
    SystemMessage = type("SystemMessage", (OpenModel,), {})
    Tags = type("Tags", (OpenModel,), {})
    TextPart = type("TextPart", (OpenModel,), {})
    TextResponseFormat = type("TextResponseFormat", (OpenModel,), {})
    ToolMessage = type("ToolMessage", (OpenModel,), {})
    UserLocation = type("UserLocation", (OpenModel,), {})
    UserMessage = type("UserMessage", (OpenModel,), {})
    WebSearchOptions = type("WebSearchOptions", (OpenModel,), {})


AllowedToolParam: TypeAlias = Mapping[str, object]
"""
A tool by type and name, such as `{"type": "function", "function": {"name": "add"}}`.
"""


AllowedToolsModeParam: TypeAlias = Literal["auto", "required"] | str
"""
`auto`: the model decides whether to call one. `required`: it must call at least one.
"""


class AllowedToolsParam(TypedDict):
    """
    The tools that can be called, and whether the model must call one.
    """

    mode: AllowedToolsModeParam
    """
    Whether the model must call one of them.
    """
    tools: Sequence[AllowedToolParam | AllowedTool]
    """
    The tools by type and name, as in `tool_choice`.
    """


class ApproximateLocationParam(TypedDict):
    """
    An approximate location.
    """

    city: NotRequired[str]
    """
    The city, in free text.
    """
    country: NotRequired[str]
    """
    The country, as a two-letter code of ISO 3166-1.
    """
    region: NotRequired[str]
    """
    The region, in free text.
    """
    timezone: NotRequired[str]
    """
    The time zone, as an IANA name such as `Europe/Stockholm`.
    """


AudioOutputFormatParam: TypeAlias = Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"] | str
"""
The encoding of audio output.
"""


class AudioOutputParam(TypedDict):
    """
    The voice and the encoding of audio output.
    """

    format: AudioOutputFormatParam
    """
    The encoding of the audio.
    """
    voice: str
    """
    The name of the voice.
    """


class AudioReferenceParam(TypedDict):
    """
    Refers to earlier audio output of the model.
    """

    id: str
    """
    The `audio.id` of the earlier completion.
    """


class CustomCallParam(TypedDict):
    """
    The custom tool that the model calls, and its input.
    """

    name: str
    """
    The name of the tool.
    """
    input: str
    """
    The input that the model wrote. Empty if the server sent none.
    """


class CustomTextFormatParam(TypedDict):
    """
    Free text.
    """

    type: Literal["text"]
    """
    The type of the format.
    """


class CustomToolCallParam(TypedDict):
    """
    A call of a custom tool.
    """

    id: str
    """
    The id of the call, for the tool message with its result. Empty if the server sent none.
    """
    type: Literal["custom"]
    """
    The type of the tool.
    """
    custom: CustomCallParam | CustomCall
    """
    The custom tool and its input.
    """


class FileSourceParam(TypedDict):
    """
    A file, as its content or as the id of an upload.
    """

    file_data: NotRequired[str]
    """
    The content in base64.
    """
    file_id: NotRequired[str]
    """
    The id of a file that was uploaded earlier.
    """
    filename: NotRequired[str]
    """
    The name that the model sees.
    """


FunctionCallModeParam: TypeAlias = Literal["none", "auto"] | str
"""
`none`: the model calls no function. `auto`: the model decides.
"""


class FunctionCallParam(TypedDict):
    """
    The function that the model calls, and its arguments.
    """

    name: str
    """
    The name of the function.
    """
    arguments: str
    """
    The arguments, as JSON text that the model wrote. It can be invalid, or not fit the schema. Empty if the server sent none.
    """


class FunctionMessageParam(TypedDict):
    """
    The result of a function call. Deprecated in favor of the tool message.
    """

    role: Literal["function"]
    """
    The role of the author.
    """
    content: str | None
    """
    The result of the call.
    """
    name: str
    """
    The name of the function that was called.
    """


FunctionParametersParam: TypeAlias = Mapping[str, object]
"""
The JSON Schema of the arguments of a function.
"""


class FunctionToolCallParam(TypedDict):
    """
    A call of a function.
    """

    id: str
    """
    The id of the call, for the tool message with its result. Empty if the server sent none.
    """
    type: Literal["function"]
    """
    The type of the tool.
    """
    function: FunctionCallParam | FunctionCall
    """
    The function and its arguments.
    """


GrammarSyntaxParam: TypeAlias = Literal["lark", "regex"] | str
"""
The language of a grammar.
"""


ImageDetailParam: TypeAlias = Literal["auto", "low", "high"] | str
"""
The level of detail of an image, which determines how many tokens it costs. `auto` by default.
"""


class ImageUrlParam(TypedDict):
    """
    The URL of an image, and its level of detail.
    """

    url: str
    """
    The URL of the image, or the image itself as a `data` URL in base64.
    """
    detail: NotRequired[ImageDetailParam]
    """
    The level of detail. `auto` by default.
    """


InputAudioFormatParam: TypeAlias = Literal["wav", "mp3"] | str
"""
The encoding of audio input.
"""


class InputAudioParam(TypedDict):
    """
    Audio data in base64, and its encoding.
    """

    data: str
    """
    The audio data in base64.
    """
    format: InputAudioFormatParam
    """
    The encoding of the audio.
    """


class JsonObjectResponseFormatParam(TypedDict):
    """
    Any JSON object. The messages must ask for JSON as well.
    """

    type: Literal["json_object"]
    """
    The type of the format.
    """


JsonSchemaParam: TypeAlias = Mapping[str, object]
"""
A JSON Schema.
"""


class LegacyFunctionParam(TypedDict):
    """
    The definition of a function, in the format that preceded tools.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    When and how to call it, for the model.
    """
    parameters: NotRequired[FunctionParametersParam | FunctionParameters]
    """
    The JSON Schema of the arguments. If absent, the function has no parameters.
    """


LogitBiasParam: TypeAlias = Mapping[str, int]
"""
A number between -100 (never) and 100 (always) by token id. It is added to the logit of the token before sampling.
"""


MetadataParam: TypeAlias = Mapping[str, str]
"""
Up to 16 labels. A key has up to 64 characters, a value up to 512.
"""


ModalityParam: TypeAlias = Literal["text", "audio"] | str
"""
A type of output.
"""


ModelHeadersParam: TypeAlias = Mapping[str, str]
"""
HTTP headers that are passed to the provider of this model.
"""


ModelOptionsParam: TypeAlias = Mapping[str, object]
"""
Parameters that are passed to this model unchanged.
"""


class ModelWithOptionsParam(TypedDict):
    """
    A model with its own options and headers.
    """

    name: str
    """
    The model in the form `provider/model`.
    """
    options: NotRequired[ModelOptionsParam | ModelOptions]
    """
    Parameters for this model only.
    """
    extra_headers: NotRequired[ModelHeadersParam | ModelHeaders]
    """
    HTTP headers for the provider of this model only.
    """


class NamedCustomToolParam(TypedDict):
    """
    A custom tool, by its name.
    """

    name: str
    """
    The name of the tool.
    """


class NamedFunctionParam(TypedDict):
    """
    A function, by its name.
    """

    name: str
    """
    The name of the function.
    """


class NamedFunctionToolChoiceParam(TypedDict):
    """
    Makes the model call this function.
    """

    type: Literal["function"]
    """
    The type of the tool.
    """
    function: NamedFunctionParam | NamedFunction
    """
    The function that must be called.
    """


ReasoningEffortParam: TypeAlias = Literal["minimal", "low", "medium", "high"] | str
"""
How much a reasoning model thinks before it responds.
"""


class RefusalPartParam(TypedDict):
    """
    A part with a refusal.
    """

    type: Literal["refusal"]
    """
    The type of the part.
    """
    refusal: str
    """
    The text of the refusal.
    """


SearchContextSizeParam: TypeAlias = Literal["low", "medium", "high"] | str
"""
How much of the search results the model reads. `medium` by default.
"""


ServiceTierParam: TypeAlias = Literal["auto", "default", "flex", "scale", "priority"] | str
"""
A service tier.
"""


StopSequencesParam: TypeAlias = Sequence[str]
"""
Up to four strings at which generation stops.
"""


class StreamOptionsParam(TypedDict):
    """
    Options of a stream.
    """

    include_usage: NotRequired[bool]
    """
    Whether the stream ends with a chunk that has no choices and the usage of the whole call.
    """
    include_obfuscation: NotRequired[bool]
    """
    Whether chunks are padded, so that their length reveals nothing to an eavesdropper.
    """


TagsParam: TypeAlias = Mapping[str, object]
"""
Your own labels, with any JSON values.
"""


class TextPartParam(TypedDict):
    """
    A text part.
    """

    type: Literal["text"]
    """
    The type of the part.
    """
    text: str
    """
    The text.
    """


TextPartsParam: TypeAlias = Sequence[TextPartParam | TextPart]
"""
Text in parts.
"""


class TextResponseFormatParam(TypedDict):
    """
    Free text.
    """

    type: Literal["text"]
    """
    The type of the format.
    """


ToolCallParam: TypeAlias = (
    FunctionToolCallParam | FunctionToolCall | CustomToolCallParam | CustomToolCall | OtherToolCall
)
"""
A tool call of the model.
"""


ToolChoiceModeParam: TypeAlias = Literal["none", "auto", "required"] | str
"""
`none`: the model calls no tool. `auto`: the model decides. `required`: it must call at least one.
"""


class ToolMessageParam(TypedDict):
    """
    The result of a tool call.
    """

    role: Literal["tool"]
    """
    The role of the author.
    """
    content: str | TextPartsParam
    """
    The result, as a string or as text parts.
    """
    tool_call_id: str
    """
    The `id` of the tool call.
    """


class UserLocationParam(TypedDict):
    """
    The location of the user.
    """

    type: Literal["approximate"]
    """
    The precision of the location.
    """
    approximate: ApproximateLocationParam | ApproximateLocation
    """
    The location, as far as it is known.
    """


VerbosityParam: TypeAlias = Literal["low", "medium", "high"] | str
"""
How long a completion is.
"""


class WebSearchOptionsParam(TypedDict):
    """
    Lets the model search the web. Options of the search.
    """

    search_context_size: NotRequired[SearchContextSizeParam]
    """
    How much of the search results the model reads. `medium` by default.
    """
    user_location: NotRequired[UserLocationParam | UserLocation | None]
    """
    The location of the user, for the search.
    """


class AllowedToolsChoiceParam(TypedDict):
    """
    Restricts which tools can be called, without changing the list of tools.
    """

    type: Literal["allowed_tools"]
    """
    The type of the choice.
    """
    allowed_tools: AllowedToolsParam | AllowedTools
    """
    The tools that can be called, and whether the model must call one.
    """


AssistantPartParam: TypeAlias = (
    TextPartParam | TextPart | RefusalPartParam | RefusalPart | OtherPart
)
"""
A part of a message of the model.
"""


AssistantPartsParam: TypeAlias = Sequence[AssistantPartParam]
"""
The content of a message of the model, in parts.
"""


class AudioPartParam(TypedDict):
    """
    An audio part.
    """

    type: Literal["input_audio"]
    """
    The type of the part.
    """
    input_audio: InputAudioParam | InputAudio
    """
    The audio data and its encoding.
    """


class DeveloperMessageParam(TypedDict):
    """
    Instructions that the model follows regardless of the user. Newer models use it instead of `system`.
    """

    role: Literal["developer"]
    """
    The role of the author.
    """
    content: str | TextPartsParam
    """
    The instructions, as a string or as text parts.
    """
    name: NotRequired[str]
    """
    The name of the participant, to distinguish participants of the same role.
    """


class FilePartParam(TypedDict):
    """
    A file.
    """

    type: Literal["file"]
    """
    The type of the part.
    """
    file: FileSourceParam | FileSource
    """
    The file, as its content or as the id of an upload.
    """


class FunctionDefinitionParam(TypedDict):
    """
    The definition of a function: what the model knows about it.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    When and how to call it, for the model.
    """
    parameters: NotRequired[FunctionParametersParam | FunctionParameters]
    """
    The JSON Schema of the arguments. If absent, the function has no parameters.
    """
    strict: NotRequired[bool | None]
    """
    Whether the arguments must follow the schema exactly. False by default.
    """


class FunctionToolParam(TypedDict):
    """
    A function that takes JSON arguments.
    """

    type: Literal["function"]
    """
    The type of the tool.
    """
    function: FunctionDefinitionParam | FunctionDefinition
    """
    The definition of the function.
    """


class GrammarParam(TypedDict):
    """
    A grammar, and the language in which it is written.
    """

    definition: str
    """
    The grammar.
    """
    syntax: GrammarSyntaxParam
    """
    The language in which the grammar is written.
    """


class ImagePartParam(TypedDict):
    """
    An image.
    """

    type: Literal["image_url"]
    """
    The type of the part.
    """
    image_url: ImageUrlParam | ImageUrl
    """
    The image, as a URL or as data.
    """


class JsonSchemaFormatParam(TypedDict):
    """
    A schema, its name, and whether it is enforced.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    The purpose of the format, for the model.
    """
    schema: NotRequired[JsonSchemaParam | JsonSchema]
    """
    The JSON Schema. If absent, any JSON object fits.
    """
    strict: NotRequired[bool | None]
    """
    Whether the completion must follow the schema exactly. False by default.
    """


class JsonSchemaResponseFormatParam(TypedDict):
    """
    JSON that fits a schema.
    """

    type: Literal["json_schema"]
    """
    The type of the format.
    """
    json_schema: JsonSchemaFormatParam | JsonSchemaFormat
    """
    The schema of the completion.
    """


ModelChoiceParam: TypeAlias = str | ModelWithOptionsParam | ModelWithOptions
"""
A model, as its name or with its own options.
"""


ModelFallbacksParam: TypeAlias = Sequence[ModelChoiceParam]
"""
Models in the order of fallback.
"""


class NamedCustomToolChoiceParam(TypedDict):
    """
    Makes the model call this custom tool.
    """

    type: Literal["custom"]
    """
    The type of the tool.
    """
    custom: NamedCustomToolParam | NamedCustomTool
    """
    The custom tool that must be called.
    """


class PredictionParam(TypedDict):
    """
    Text that most of the completion is expected to match.
    """

    type: Literal["content"]
    """
    The type of prediction.
    """
    content: str | TextPartsParam
    """
    The expected text, as a string or as text parts.
    """


class SystemMessageParam(TypedDict):
    """
    Instructions that the model follows regardless of the user's messages.
    """

    role: Literal["system"]
    """
    The role of the author.
    """
    content: str | TextPartsParam
    """
    The instructions, as a string or as text parts.
    """
    name: NotRequired[str]
    """
    The name of the participant, to distinguish participants of the same role.
    """


UserPartParam: TypeAlias = (
    TextPartParam
    | TextPart
    | ImagePartParam
    | ImagePart
    | AudioPartParam
    | AudioPart
    | FilePartParam
    | FilePart
    | OtherPart
)
"""
A part of a user message.
"""


UserPartsParam: TypeAlias = Sequence[UserPartParam]
"""
The content of a user message, in parts.
"""


class AssistantMessageParam(TypedDict):
    """
    An earlier message of the model.
    """

    role: Literal["assistant"]
    """
    The role of the author.
    """
    content: NotRequired[str | AssistantPartsParam | None]
    """
    A string or a list of parts. Can be null if the message calls tools.
    """
    name: NotRequired[str]
    """
    The name of the participant, to distinguish participants of the same role.
    """
    refusal: NotRequired[str | None]
    """
    The refusal of the model, if it refused to respond.
    """
    audio: NotRequired[AudioReferenceParam | AudioReference | None]
    """
    Refers to earlier audio output of the model.
    """
    function_call: NotRequired[FunctionCallParam | FunctionCall | None]
    """
    Deprecated in favor of `tool_calls`. The function that the model called.
    """
    tool_calls: NotRequired[Sequence[ToolCallParam]]
    """
    The tool calls of the model.
    """


class ChatCompletionSettingsParam(TypedDict):
    """
    The parameters of one call, except the messages, and the schemas of completions and tools.
    """

    model: NotRequired[str | ModelWithOptionsParam | ModelWithOptions | ModelFallbacksParam | None]
    """
    The model: a name in the form `provider/model`, a name with its own options, or a list of these in the order of fallback. If absent, the route of the account decides.
    """
    audio: NotRequired[AudioOutputParam | AudioOutput | None]
    """
    The voice and the encoding of audio output. Required if `modalities` contains `audio`.
    """
    frequency_penalty: NotRequired[float | None]
    """
    From -2 to 2, 0 by default. Above 0, tokens become less likely the more often they have occurred, which makes verbatim repetition rarer.
    """
    function_call: NotRequired[FunctionCallModeParam | NamedFunctionParam | NamedFunction | None]
    """
    Deprecated in favor of `tool_choice`. Whether the model calls one of `functions`, and which.
    """
    functions: NotRequired[Sequence[LegacyFunctionParam | LegacyFunction] | None]
    """
    Deprecated in favor of `tools`. The functions that the model can call.
    """
    logit_bias: NotRequired[LogitBiasParam | LogitBias | None]
    """
    Makes selected tokens more or less likely.
    """
    logprobs: NotRequired[bool | None]
    """
    Whether to return the log probability of each output token. False by default.
    """
    max_completion_tokens: NotRequired[int | None]
    """
    The maximum number of tokens to generate, including reasoning tokens.
    """
    max_tokens: NotRequired[int | None]
    """
    Deprecated in favor of `max_completion_tokens`, which reasoning models require. The maximum number of tokens to generate.
    """
    metadata: NotRequired[MetadataParam | Metadata | None]
    """
    Labels to store with the completion.
    """
    modalities: NotRequired[Sequence[ModalityParam] | None]
    """
    The types of output to generate. Only text by default.
    """
    n: NotRequired[int | None]
    """
    The number of choices to generate, 1 by default. Every choice is billed.
    """
    parallel_tool_calls: NotRequired[bool | None]
    """
    Whether the model can make several tool calls in one completion. True by default.
    """
    prediction: NotRequired[PredictionParam | Prediction | None]
    """
    Text that most of the completion is expected to match, which makes it faster.
    """
    presence_penalty: NotRequired[float | None]
    """
    From -2 to 2, 0 by default. Above 0, tokens that have occurred at all become less likely, which moves the model to new topics.
    """
    prompt_cache_key: NotRequired[str | None]
    """
    Requests with the same key and the same beginning are routed to where that prompt is cached.
    """
    reasoning_effort: NotRequired[ReasoningEffortParam | None]
    """
    How much a reasoning model thinks before it responds. Less is faster and cheaper.
    """
    safety_identifier: NotRequired[str | None]
    """
    A stable identifier of the end user, by which misuse can be traced. Hash what would identify a person.
    """
    seed: NotRequired[int | None]
    """
    Requests with the same seed and parameters return the same completion, as far as the backend can. If `system_fingerprint` changes, the backend has changed.
    """
    service_tier: NotRequired[ServiceTierParam | None]
    """
    The service tier, which determines price and latency. `auto` by default.
    """
    stop: NotRequired[str | StopSequencesParam | None]
    """
    One string, or up to four, at which generation stops. The string itself is not returned.
    """
    store: NotRequired[bool | None]
    """
    Whether the completion is stored for later use by the account. False by default.
    """
    stream_options: NotRequired[StreamOptionsParam | StreamOptions | None]
    """
    Options of the stream. Only if `stream` is true.
    """
    temperature: NotRequired[float | None]
    """
    From 0 to 2, 1 by default. Low values make the completion focused and repeatable, high values varied. Change this or `top_p`, not both.
    """
    tool_choice: NotRequired[
        ToolChoiceModeParam
        | NamedFunctionToolChoiceParam
        | NamedFunctionToolChoice
        | NamedCustomToolChoiceParam
        | NamedCustomToolChoice
        | AllowedToolsChoiceParam
        | AllowedToolsChoice
        | None
    ]
    """
    Whether the model calls tools, and which. `auto` by default if there are tools, otherwise `none`.
    """
    top_logprobs: NotRequired[int | None]
    """
    The number of most likely tokens to return at each position, 0 to 20. Requires `logprobs`.
    """
    top_p: NotRequired[float | None]
    """
    From 0 to 1, 1 by default. Only the most likely tokens that together have this probability are considered. Change this or `temperature`, not both.
    """
    user: NotRequired[str | None]
    """
    Deprecated in favor of `safety_identifier` and `prompt_cache_key`. Identifies the end user.
    """
    verbosity: NotRequired[VerbosityParam | None]
    """
    How long the completion is. `medium` by default.
    """
    web_search_options: NotRequired[WebSearchOptionsParam | WebSearchOptions | None]
    """
    Lets the model search the web before it responds. Options of the search.
    """
    tags: NotRequired[TagsParam | Tags | None]
    """
    Your own labels, which are stored with the trace of this call.
    """
    parent_span_id: NotRequired[str | UUID | None]
    """
    The id of the parent span of this call in the trace. The server responds with 404 if it does not exist.
    """


class CustomGrammarFormatParam(TypedDict):
    """
    Text that matches a grammar.
    """

    type: Literal["grammar"]
    """
    The type of the format.
    """
    grammar: GrammarParam | Grammar
    """
    The grammar that the input must match.
    """


class CustomToolDefinitionParam(TypedDict):
    """
    The definition of a custom tool: what the model knows about it.
    """

    name: str
    """
    The name of the tool.
    """
    description: NotRequired[str]
    """
    When and how to call it, for the model.
    """
    format: NotRequired[
        CustomTextFormatParam | CustomTextFormat | CustomGrammarFormatParam | CustomGrammarFormat
    ]
    """
    The format of the input. Free text by default.
    """


class CustomToolParam(TypedDict):
    """
    A tool whose input is free text.
    """

    type: Literal["custom"]
    """
    The type of the tool.
    """
    custom: CustomToolDefinitionParam | CustomToolDefinition
    """
    The definition of the tool.
    """


ToolParam: TypeAlias = FunctionToolParam | FunctionTool | CustomToolParam | CustomTool | OtherTool
"""
A tool that the model can call.
"""


class UserMessageParam(TypedDict):
    """
    A message of the user.
    """

    role: Literal["user"]
    """
    The role of the author.
    """
    content: str | UserPartsParam
    """
    A string, or a list of parts: text, images, audio and files.
    """
    name: NotRequired[str]
    """
    The name of the participant, to distinguish participants of the same role.
    """


class ChatCompletionParametersParam(ChatCompletionSettingsParam):
    """
    The parameters of one call, except the messages.
    """

    response_format: NotRequired[
        TextResponseFormatParam
        | TextResponseFormat
        | JsonObjectResponseFormatParam
        | JsonObjectResponseFormat
        | JsonSchemaResponseFormatParam
        | JsonSchemaResponseFormat
        | None
    ]
    """
    The format of the completion. Free text by default.
    """
    tools: NotRequired[Sequence[ToolParam] | None]
    """
    The tools that the model can call.
    """


ChatMessageParam: TypeAlias = (
    DeveloperMessageParam
    | DeveloperMessage
    | SystemMessageParam
    | SystemMessage
    | UserMessageParam
    | UserMessage
    | AssistantMessageParam
    | AssistantMessage
    | ToolMessageParam
    | ToolMessage
    | FunctionMessageParam
    | FunctionMessage
    | OtherMessage
    | ChatCompletionMessage
)
"""
One message of a conversation. Its `role` names the author.
"""


class ChatCompletionRequestParam(ChatCompletionParametersParam):
    """
    The parameters of one call. Only `messages` is required. A parameter that is absent has the default of the server or of the model.
    """

    messages: Sequence[ChatMessageParam]
    """
    The conversation so far, oldest message first.
    """


if TYPE_CHECKING:

    def request_parameters(
        *,
        messages: Sequence[ChatMessageParam],
        model: str | ModelWithOptionsParam | ModelWithOptions | ModelFallbacksParam | None = None,
        audio: AudioOutputParam | AudioOutput | None = None,
        frequency_penalty: float | None = None,
        function_call: FunctionCallModeParam | NamedFunctionParam | NamedFunction | None = None,
        functions: Sequence[LegacyFunctionParam | LegacyFunction] | None = None,
        logit_bias: LogitBiasParam | LogitBias | None = None,
        logprobs: bool | None = None,
        max_completion_tokens: int | None = None,
        max_tokens: int | None = None,
        metadata: MetadataParam | Metadata | None = None,
        modalities: Sequence[ModalityParam] | None = None,
        n: int | None = None,
        parallel_tool_calls: bool | None = None,
        prediction: PredictionParam | Prediction | None = None,
        presence_penalty: float | None = None,
        prompt_cache_key: str | None = None,
        reasoning_effort: ReasoningEffortParam | None = None,
        safety_identifier: str | None = None,
        seed: int | None = None,
        service_tier: ServiceTierParam | None = None,
        stop: str | StopSequencesParam | None = None,
        store: bool | None = None,
        stream_options: StreamOptionsParam | StreamOptions | None = None,
        temperature: float | None = None,
        tool_choice: ToolChoiceModeParam
        | NamedFunctionToolChoiceParam
        | NamedFunctionToolChoice
        | NamedCustomToolChoiceParam
        | NamedCustomToolChoice
        | AllowedToolsChoiceParam
        | AllowedToolsChoice
        | None = None,
        top_logprobs: int | None = None,
        top_p: float | None = None,
        user: str | None = None,
        verbosity: VerbosityParam | None = None,
        web_search_options: WebSearchOptionsParam | WebSearchOptions | None = None,
        tags: TagsParam | Tags | None = None,
        parent_span_id: str | UUID | None = None,
        response_format: TextResponseFormatParam
        | TextResponseFormat
        | JsonObjectResponseFormatParam
        | JsonObjectResponseFormat
        | JsonSchemaResponseFormatParam
        | JsonSchemaResponseFormat
        | None = None,
        tools: Sequence[ToolParam] | None = None,
    ) -> None:
        """The parameters of a request, for editors that do not read `Unpack`."""


__all__ = [
    "AllowedToolParam",
    "AllowedToolsChoiceParam",
    "AllowedToolsModeParam",
    "AllowedToolsParam",
    "ApproximateLocationParam",
    "AssistantMessageParam",
    "AssistantPartParam",
    "AssistantPartsParam",
    "AudioOutputFormatParam",
    "AudioOutputParam",
    "AudioPartParam",
    "AudioReferenceParam",
    "ChatCompletionParametersParam",
    "ChatCompletionRequestParam",
    "ChatCompletionSettingsParam",
    "ChatMessageParam",
    "CustomCallParam",
    "CustomGrammarFormatParam",
    "CustomTextFormatParam",
    "CustomToolCallParam",
    "CustomToolDefinitionParam",
    "CustomToolParam",
    "DeveloperMessageParam",
    "FilePartParam",
    "FileSourceParam",
    "FunctionCallModeParam",
    "FunctionCallParam",
    "FunctionDefinitionParam",
    "FunctionMessageParam",
    "FunctionParametersParam",
    "FunctionToolCallParam",
    "FunctionToolParam",
    "GrammarParam",
    "GrammarSyntaxParam",
    "ImageDetailParam",
    "ImagePartParam",
    "ImageUrlParam",
    "InputAudioFormatParam",
    "InputAudioParam",
    "JsonObjectResponseFormatParam",
    "JsonSchemaFormatParam",
    "JsonSchemaParam",
    "JsonSchemaResponseFormatParam",
    "LegacyFunctionParam",
    "LogitBiasParam",
    "MetadataParam",
    "ModalityParam",
    "ModelChoiceParam",
    "ModelFallbacksParam",
    "ModelHeadersParam",
    "ModelOptionsParam",
    "ModelWithOptionsParam",
    "NamedCustomToolChoiceParam",
    "NamedCustomToolParam",
    "NamedFunctionParam",
    "NamedFunctionToolChoiceParam",
    "PredictionParam",
    "ReasoningEffortParam",
    "RefusalPartParam",
    "SearchContextSizeParam",
    "ServiceTierParam",
    "StopSequencesParam",
    "StreamOptionsParam",
    "SystemMessageParam",
    "TagsParam",
    "TextPartParam",
    "TextPartsParam",
    "TextResponseFormatParam",
    "ToolCallParam",
    "ToolChoiceModeParam",
    "ToolMessageParam",
    "ToolParam",
    "UserLocationParam",
    "UserMessageParam",
    "UserPartParam",
    "UserPartsParam",
    "VerbosityParam",
    "WebSearchOptionsParam",
]
