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
A tool by kind and name, such as `{"type": "function", "function": {"name": "add"}}`.
"""


AllowedToolsModeParam: TypeAlias = Literal["auto", "required"] | str
"""
`auto` leaves it to the model whether to call one, `required` makes it call at least one.
"""


class AllowedToolsParam(TypedDict):
    """
    The tools that may be called, and whether one must be.
    """

    mode: AllowedToolsModeParam
    """
    Whether one of them must be called.
    """
    tools: Sequence[AllowedToolParam | AllowedTool]
    """
    The tools by kind and name, as in `tool_choice`.
    """


class ApproximateLocationParam(TypedDict):
    """
    A rough place.
    """

    city: NotRequired[str]
    """
    The city, in free text.
    """
    country: NotRequired[str]
    """
    The country as two letters of ISO 3166-1.
    """
    region: NotRequired[str]
    """
    The region, in free text.
    """
    timezone: NotRequired[str]
    """
    The time zone as an IANA name, such as `Europe/Stockholm`.
    """


AudioOutputFormatParam: TypeAlias = Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"] | str
"""
The encoding of sound that is received.
"""


class AudioOutputParam(TypedDict):
    """
    How spoken output sounds and how it is encoded.
    """

    format: AudioOutputFormatParam
    """
    The encoding of the sound.
    """
    voice: str
    """
    The name of the voice.
    """


class AudioReferenceParam(TypedDict):
    """
    Names spoken output that the model gave before.
    """

    id: str
    """
    The `audio.id` of the earlier answer.
    """


class CustomCallParam(TypedDict):
    """
    The custom tool that the model asks to call, and with what.
    """

    name: str
    """
    The name of the tool.
    """
    input: str
    """
    The text that the model wrote for it. Empty where a server gives none.
    """


class CustomTextFormatParam(TypedDict):
    """
    Input of any text.
    """

    type: Literal["text"]
    """
    The kind of format.
    """


class CustomToolCallParam(TypedDict):
    """
    A call of a custom tool.
    """

    id: str
    """
    Names the call; the tool message that answers it repeats the id. Empty where a server gives none.
    """
    type: Literal["custom"]
    """
    The kind of tool.
    """
    custom: CustomCallParam | CustomCall
    """
    The custom tool to call, and with what.
    """


class FileSourceParam(TypedDict):
    """
    A file by its content or by the id of an upload.
    """

    file_data: NotRequired[str]
    """
    The content in base64.
    """
    file_id: NotRequired[str]
    """
    The id of a file uploaded earlier.
    """
    filename: NotRequired[str]
    """
    The name that the model sees.
    """


FunctionCallModeParam: TypeAlias = Literal["none", "auto"] | str
"""
`none` calls no function, `auto` leaves it to the model.
"""


class FunctionCallParam(TypedDict):
    """
    The function that the model asks to call, and with what.
    """

    name: str
    """
    The name of the function.
    """
    arguments: str
    """
    The arguments as JSON text, as the model wrote it: it may be invalid, or not fit the schema. Empty where a server gives none.
    """


class FunctionMessageParam(TypedDict):
    """
    The result of a function call. Deprecated in favour of the tool message.
    """

    role: Literal["function"]
    """
    Who speaks.
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
A JSON Schema of the arguments of a function.
"""


class FunctionToolCallParam(TypedDict):
    """
    A call of a function.
    """

    id: str
    """
    Names the call; the tool message that answers it repeats the id. Empty where a server gives none.
    """
    type: Literal["function"]
    """
    The kind of tool.
    """
    function: FunctionCallParam | FunctionCall
    """
    The function to call, and with what.
    """


GrammarSyntaxParam: TypeAlias = Literal["lark", "regex"] | str
"""
The language of a grammar.
"""


ImageDetailParam: TypeAlias = Literal["auto", "low", "high"] | str
"""
How many tokens the model spends on looking at a picture. `auto` by default.
"""


class ImageUrlParam(TypedDict):
    """
    Where a picture is and how closely to look at it.
    """

    url: str
    """
    The address of the picture, or the picture itself as a `data` URL in base64.
    """
    detail: NotRequired[ImageDetailParam]
    """
    How closely to look at it. `auto` by default.
    """


InputAudioFormatParam: TypeAlias = Literal["wav", "mp3"] | str
"""
The encoding of sound that is sent.
"""


class InputAudioParam(TypedDict):
    """
    Sound as base64 text, and its encoding.
    """

    data: str
    """
    The sound in base64.
    """
    format: InputAudioFormatParam
    """
    The encoding of the sound.
    """


class JsonObjectResponseFormatParam(TypedDict):
    """
    Any JSON object. The conversation must ask for JSON as well.
    """

    type: Literal["json_object"]
    """
    The kind of format.
    """


JsonSchemaParam: TypeAlias = Mapping[str, object]
"""
A JSON Schema.
"""


class LegacyFunctionParam(TypedDict):
    """
    What the model knows of a function, in the form before tools.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    Tells the model when and how to call it.
    """
    parameters: NotRequired[FunctionParametersParam | FunctionParameters]
    """
    A JSON Schema of the arguments. Left out, the function takes none.
    """


LogitBiasParam: TypeAlias = Mapping[str, int]
"""
From token id to a number between -100 (never) and 100 (always), added to the token's logit before sampling.
"""


MetadataParam: TypeAlias = Mapping[str, str]
"""
Up to 16 labels; a key has up to 64 characters, a value up to 512.
"""


ModalityParam: TypeAlias = Literal["text", "audio"] | str
"""
A kind of output.
"""


ModelHeadersParam: TypeAlias = Mapping[str, str]
"""
HTTP headers passed on to the provider of this model.
"""


ModelOptionsParam: TypeAlias = Mapping[str, object]
"""
Parameters passed on to this model as they are.
"""


class ModelWithOptionsParam(TypedDict):
    """
    A model and what is particular to it.
    """

    name: str
    """
    The model in the form `provider/model`.
    """
    options: NotRequired[ModelOptionsParam | ModelOptions]
    """
    Parameters that go to this model and to no other of the list.
    """
    extra_headers: NotRequired[ModelHeadersParam | ModelHeaders]
    """
    HTTP headers that go to the provider of this model only.
    """


class NamedCustomToolParam(TypedDict):
    """
    A custom tool by its name.
    """

    name: str
    """
    The name of the tool.
    """


class NamedFunctionParam(TypedDict):
    """
    A function by its name.
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
    The kind of tool.
    """
    function: NamedFunctionParam | NamedFunction
    """
    The function that must be called.
    """


ReasoningEffortParam: TypeAlias = Literal["minimal", "low", "medium", "high"] | str
"""
How much a reasoning model thinks before it answers.
"""


class RefusalPartParam(TypedDict):
    """
    A piece of a refusal.
    """

    type: Literal["refusal"]
    """
    The kind of part.
    """
    refusal: str
    """
    What the model said.
    """


SearchContextSizeParam: TypeAlias = Literal["low", "medium", "high"] | str
"""
How much of what was found the model reads. `medium` by default.
"""


ServiceTierParam: TypeAlias = Literal["auto", "default", "flex", "scale", "priority"] | str
"""
A class of processing.
"""


StopSequencesParam: TypeAlias = Sequence[str]
"""
Up to four texts at which generation ends.
"""


class StreamOptionsParam(TypedDict):
    """
    What a stream carries besides the answer.
    """

    include_usage: NotRequired[bool]
    """
    Whether a last chunk without choices carries the usage of the whole call.
    """
    include_obfuscation: NotRequired[bool]
    """
    Whether chunks are padded so that their length tells an eavesdropper nothing.
    """


TagsParam: TypeAlias = Mapping[str, object]
"""
Labels of the caller's own, of any JSON value.
"""


class TextPartParam(TypedDict):
    """
    A piece of text.
    """

    type: Literal["text"]
    """
    The kind of part.
    """
    text: str
    """
    The text.
    """


TextPartsParam: TypeAlias = Sequence[TextPartParam | TextPart]
"""
Text in several pieces.
"""


class TextResponseFormatParam(TypedDict):
    """
    Free text.
    """

    type: Literal["text"]
    """
    The kind of format.
    """


ToolCallParam: TypeAlias = (
    FunctionToolCallParam | FunctionToolCall | CustomToolCallParam | CustomToolCall | OtherToolCall
)
"""
A tool call that the model asks for.
"""


ToolChoiceModeParam: TypeAlias = Literal["none", "auto", "required"] | str
"""
`none` calls no tool, `auto` leaves it to the model, `required` makes it call at least one.
"""


class ToolMessageParam(TypedDict):
    """
    The result of a tool call.
    """

    role: Literal["tool"]
    """
    Who speaks.
    """
    content: str | TextPartsParam
    """
    The result, as one text or as text parts.
    """
    tool_call_id: str
    """
    The `id` of the call that this answers.
    """


class UserLocationParam(TypedDict):
    """
    Where the user is.
    """

    type: Literal["approximate"]
    """
    How exact the place is.
    """
    approximate: ApproximateLocationParam | ApproximateLocation
    """
    The place, as exactly as it is known.
    """


VerbosityParam: TypeAlias = Literal["low", "medium", "high"] | str
"""
How long an answer is.
"""


class WebSearchOptionsParam(TypedDict):
    """
    Lets the model search the web, and says how.
    """

    search_context_size: NotRequired[SearchContextSizeParam]
    """
    How much of what is found the model reads. `medium` by default.
    """
    user_location: NotRequired[UserLocationParam | UserLocation | None]
    """
    Where the user is, as far as that matters to the search.
    """


class AllowedToolsChoiceParam(TypedDict):
    """
    Narrows the tools that may be called without changing the list of tools.
    """

    type: Literal["allowed_tools"]
    """
    The kind of choice.
    """
    allowed_tools: AllowedToolsParam | AllowedTools
    """
    The tools that may be called, and whether one must be.
    """


AssistantPartParam: TypeAlias = (
    TextPartParam | TextPart | RefusalPartParam | RefusalPart | OtherPart
)
"""
One piece of what the model said.
"""


AssistantPartsParam: TypeAlias = Sequence[AssistantPartParam]
"""
What the model said, in several pieces.
"""


class AudioPartParam(TypedDict):
    """
    A piece of sound.
    """

    type: Literal["input_audio"]
    """
    The kind of part.
    """
    input_audio: InputAudioParam | InputAudio
    """
    The sound and its encoding.
    """


class DeveloperMessageParam(TypedDict):
    """
    Instructions that the model follows whatever the user says. Newer models read these, not `system`.
    """

    role: Literal["developer"]
    """
    Who speaks.
    """
    content: str | TextPartsParam
    """
    The instructions, as one text or as text parts.
    """
    name: NotRequired[str]
    """
    Tells participants of the same role apart.
    """


class FilePartParam(TypedDict):
    """
    A file.
    """

    type: Literal["file"]
    """
    The kind of part.
    """
    file: FileSourceParam | FileSource
    """
    The file, by its content or by the id of an upload.
    """


class FunctionDefinitionParam(TypedDict):
    """
    What the model knows of a function.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    Tells the model when and how to call it.
    """
    parameters: NotRequired[FunctionParametersParam | FunctionParameters]
    """
    A JSON Schema of the arguments. Left out, the function takes none.
    """
    strict: NotRequired[bool | None]
    """
    Whether the arguments fit the schema exactly. False by default.
    """


class FunctionToolParam(TypedDict):
    """
    A function that takes JSON arguments.
    """

    type: Literal["function"]
    """
    The kind of tool.
    """
    function: FunctionDefinitionParam | FunctionDefinition
    """
    The function, as the model is told of it.
    """


class GrammarParam(TypedDict):
    """
    A grammar and the language it is written in.
    """

    definition: str
    """
    The grammar.
    """
    syntax: GrammarSyntaxParam
    """
    The language that the grammar is written in.
    """


class ImagePartParam(TypedDict):
    """
    A picture.
    """

    type: Literal["image_url"]
    """
    The kind of part.
    """
    image_url: ImageUrlParam | ImageUrl
    """
    The picture, by its address or in itself.
    """


class JsonSchemaFormatParam(TypedDict):
    """
    A schema, its name and how strictly it is followed.
    """

    name: str
    """
    A name of letters, digits, underscores and dashes, up to 64 characters.
    """
    description: NotRequired[str]
    """
    Tells the model what the format is for.
    """
    schema: NotRequired[JsonSchemaParam | JsonSchema]
    """
    The JSON Schema. Left out, any JSON object fits.
    """
    strict: NotRequired[bool | None]
    """
    Whether the answer fits the schema exactly. False by default.
    """


class JsonSchemaResponseFormatParam(TypedDict):
    """
    JSON that fits a schema.
    """

    type: Literal["json_schema"]
    """
    The kind of format.
    """
    json_schema: JsonSchemaFormatParam | JsonSchemaFormat
    """
    The schema that the answer must fit.
    """


ModelChoiceParam: TypeAlias = str | ModelWithOptionsParam | ModelWithOptions
"""
A model by name, or with options of its own.
"""


ModelFallbacksParam: TypeAlias = Sequence[ModelChoiceParam]
"""
Models in the order in which to fall back.
"""


class NamedCustomToolChoiceParam(TypedDict):
    """
    Makes the model call this custom tool.
    """

    type: Literal["custom"]
    """
    The kind of tool.
    """
    custom: NamedCustomToolParam | NamedCustomTool
    """
    The custom tool that must be called.
    """


class PredictionParam(TypedDict):
    """
    Text that the answer is expected to contain for the most part.
    """

    type: Literal["content"]
    """
    The kind of prediction.
    """
    content: str | TextPartsParam
    """
    The expected text, as one text or as text parts.
    """


class SystemMessageParam(TypedDict):
    """
    Instructions that the model follows whatever the user says.
    """

    role: Literal["system"]
    """
    Who speaks.
    """
    content: str | TextPartsParam
    """
    The instructions, as one text or as text parts.
    """
    name: NotRequired[str]
    """
    Tells participants of the same role apart.
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
One piece of what a user says or shows.
"""


UserPartsParam: TypeAlias = Sequence[UserPartParam]
"""
What a user says or shows, in several pieces.
"""


class AssistantMessageParam(TypedDict):
    """
    What the model said earlier in the conversation.
    """

    role: Literal["assistant"]
    """
    Who speaks.
    """
    content: NotRequired[str | AssistantPartsParam | None]
    """
    One text or a list of parts. May be null when the message calls tools.
    """
    name: NotRequired[str]
    """
    Tells participants of the same role apart.
    """
    refusal: NotRequired[str | None]
    """
    What the model said instead of an answer that it refused to give.
    """
    audio: NotRequired[AudioReferenceParam | AudioReference | None]
    """
    Refers to spoken output that the model gave before.
    """
    function_call: NotRequired[FunctionCallParam | FunctionCall | None]
    """
    Deprecated in favour of `tool_calls`. The function that the model asked to call.
    """
    tool_calls: NotRequired[Sequence[ToolCallParam]]
    """
    The tools that the model asked to call.
    """


class ChatCompletionSettingsParam(TypedDict):
    """
    How the model answers: all parameters but for the conversation, and the schemas of answers and tools.
    """

    model: NotRequired[str | ModelWithOptionsParam | ModelWithOptions | ModelFallbacksParam | None]
    """
    Which model answers: a name in the form `provider/model`, the same with options of its own, or a list of either in the order in which to fall back. Left out, the route of the account decides.
    """
    audio: NotRequired[AudioOutputParam | AudioOutput | None]
    """
    Voice and encoding of spoken output. Needed when `modalities` contains `audio`.
    """
    frequency_penalty: NotRequired[float | None]
    """
    From -2 to 2, 0 by default. Above 0, tokens become less likely the more often they have occurred, which makes verbatim repetition rarer.
    """
    function_call: NotRequired[FunctionCallModeParam | NamedFunctionParam | NamedFunction | None]
    """
    Deprecated in favour of `tool_choice`. Whether one of `functions` is called, and which.
    """
    functions: NotRequired[Sequence[LegacyFunctionParam | LegacyFunction] | None]
    """
    Deprecated in favour of `tools`. The functions that the model may ask to call.
    """
    logit_bias: NotRequired[LogitBiasParam | LogitBias | None]
    """
    Makes chosen tokens more or less likely.
    """
    logprobs: NotRequired[bool | None]
    """
    Whether to return the log probability of each output token. False by default.
    """
    max_completion_tokens: NotRequired[int | None]
    """
    The most tokens to generate, counting those spent on reasoning.
    """
    max_tokens: NotRequired[int | None]
    """
    Deprecated in favour of `max_completion_tokens`, which reasoning models need. The most tokens to generate.
    """
    metadata: NotRequired[MetadataParam | Metadata | None]
    """
    Labels to store with the completion.
    """
    modalities: NotRequired[Sequence[ModalityParam] | None]
    """
    The kinds of output wanted. Text alone by default.
    """
    n: NotRequired[int | None]
    """
    How many choices to generate, 1 by default. Every choice is paid for.
    """
    parallel_tool_calls: NotRequired[bool | None]
    """
    Whether the model may ask for several tool calls in one answer. True by default.
    """
    prediction: NotRequired[PredictionParam | Prediction | None]
    """
    Text that the answer is expected to contain for the most part, which makes it faster.
    """
    presence_penalty: NotRequired[float | None]
    """
    From -2 to 2, 0 by default. Above 0, tokens that have occurred at all become less likely, which moves the model to new topics.
    """
    prompt_cache_key: NotRequired[str | None]
    """
    Requests with the same key and the same beginning are sent where its prompt is cached.
    """
    reasoning_effort: NotRequired[ReasoningEffortParam | None]
    """
    How much a reasoning model thinks before it answers. Less is faster and cheaper.
    """
    safety_identifier: NotRequired[str | None]
    """
    A stable name for the end user, by which misuse can be traced. Hash what would identify a person.
    """
    seed: NotRequired[int | None]
    """
    Equal requests with equal seeds give equal answers as far as the backend manages. A changed `system_fingerprint` says that the backend changed.
    """
    service_tier: NotRequired[ServiceTierParam | None]
    """
    The class of processing, which decides price and latency. `auto` by default.
    """
    stop: NotRequired[str | StopSequencesParam | None]
    """
    One text, or up to four, at which generation ends. The text itself is not returned.
    """
    store: NotRequired[bool | None]
    """
    Whether the completion is stored for later use by the account. False by default.
    """
    stream_options: NotRequired[StreamOptionsParam | StreamOptions | None]
    """
    What the stream carries besides the answer. Only with `stream` true.
    """
    temperature: NotRequired[float | None]
    """
    From 0 to 2, 1 by default. Low values make the answer focused and repeatable, high ones varied. Change this or `top_p`, not both.
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
    Whether the model calls tools, and which. `auto` by default when there are tools, `none` otherwise.
    """
    top_logprobs: NotRequired[int | None]
    """
    How many of the likeliest tokens to return at each position, 0 to 20. Needs `logprobs`.
    """
    top_p: NotRequired[float | None]
    """
    From 0 to 1, 1 by default. Only the likeliest tokens that together have this probability are considered. Change this or `temperature`, not both.
    """
    user: NotRequired[str | None]
    """
    Deprecated in favour of `safety_identifier` and `prompt_cache_key`. A name for the end user.
    """
    verbosity: NotRequired[VerbosityParam | None]
    """
    How long the answer is. `medium` by default.
    """
    web_search_options: NotRequired[WebSearchOptionsParam | WebSearchOptions | None]
    """
    Lets the model search the web before it answers, and says how.
    """
    tags: NotRequired[TagsParam | Tags | None]
    """
    Labels of the caller's own, kept with the trace of this call.
    """
    parent_span_id: NotRequired[str | UUID | None]
    """
    The trace span under which this call is filed. An id that does not exist is answered with 404.
    """


class CustomGrammarFormatParam(TypedDict):
    """
    Input that a grammar accepts.
    """

    type: Literal["grammar"]
    """
    The kind of format.
    """
    grammar: GrammarParam | Grammar
    """
    The grammar that the input must fit.
    """


class CustomToolDefinitionParam(TypedDict):
    """
    What the model knows of a tool that takes free text.
    """

    name: str
    """
    The name of the tool.
    """
    description: NotRequired[str]
    """
    Tells the model when and how to call it.
    """
    format: NotRequired[
        CustomTextFormatParam | CustomTextFormat | CustomGrammarFormatParam | CustomGrammarFormat
    ]
    """
    The form of the input. Free text by default.
    """


class CustomToolParam(TypedDict):
    """
    A tool that takes free text.
    """

    type: Literal["custom"]
    """
    The kind of tool.
    """
    custom: CustomToolDefinitionParam | CustomToolDefinition
    """
    The tool, as the model is told of it.
    """


ToolParam: TypeAlias = FunctionToolParam | FunctionTool | CustomToolParam | CustomTool | OtherTool
"""
Something that the model may ask to call.
"""


class UserMessageParam(TypedDict):
    """
    What the user says or shows.
    """

    role: Literal["user"]
    """
    Who speaks.
    """
    content: str | UserPartsParam
    """
    One text, or a list of parts: text, images, audio and files.
    """
    name: NotRequired[str]
    """
    Tells participants of the same role apart.
    """


class ChatCompletionParametersParam(ChatCompletionSettingsParam):
    """
    Everything that can be asked of the model in one call but for the conversation itself.
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
    The form that the answer must have. Free text by default.
    """
    tools: NotRequired[Sequence[ToolParam] | None]
    """
    The tools that the model may ask to call.
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
One message of a conversation. Its `role` says who speaks.
"""


class ChatCompletionRequestParam(ChatCompletionParametersParam):
    """
    Everything that can be asked of the model in one call. Only `messages` is required; a parameter left out takes the default of the server or of the model.
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
