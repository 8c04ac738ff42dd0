# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The models of the contract. Each is loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .allowed_tool import AllowedTool
    from .allowed_tools import AllowedTools
    from .allowed_tools_choice import AllowedToolsChoice
    from .allowed_tools_mode import AllowedToolsMode
    from .annotation import Annotation
    from .annotation_type import AnnotationType
    from .approximate_location import ApproximateLocation
    from .assistant_message import AssistantMessage
    from .audio_output import AudioOutput
    from .audio_output_format import AudioOutputFormat
    from .audio_part import AudioPart
    from .audio_reference import AudioReference
    from .audio_reply import AudioReply
    from .chat_completion import ChatCompletion
    from .chat_completion_chunk import ChatCompletionChunk
    from .chat_completion_chunk_object import ChatCompletionChunkObject
    from .chat_completion_message import ChatCompletionMessage
    from .chat_completion_object import ChatCompletionObject
    from .chat_completion_request import ChatCompletionRequest
    from .choice import Choice
    from .choice_delta import ChoiceDelta
    from .choice_logprobs import ChoiceLogprobs
    from .chunk_choice import ChunkChoice
    from .completion_tokens_details import CompletionTokensDetails
    from .completion_usage import CompletionUsage
    from .custom_call import CustomCall
    from .custom_call_delta import CustomCallDelta
    from .custom_grammar_format import CustomGrammarFormat
    from .custom_text_format import CustomTextFormat
    from .custom_tool import CustomTool
    from .custom_tool_call import CustomToolCall
    from .custom_tool_definition import CustomToolDefinition
    from .developer_message import DeveloperMessage
    from .error_object import ErrorObject
    from .file_part import FilePart
    from .file_source import FileSource
    from .finish_reason import FinishReason
    from .flat_error_body import FlatErrorBody
    from .function_call import FunctionCall
    from .function_call_delta import FunctionCallDelta
    from .function_call_mode import FunctionCallMode
    from .function_definition import FunctionDefinition
    from .function_message import FunctionMessage
    from .function_parameters import FunctionParameters
    from .function_tool import FunctionTool
    from .function_tool_call import FunctionToolCall
    from .grammar import Grammar
    from .grammar_syntax import GrammarSyntax
    from .image_detail import ImageDetail
    from .image_part import ImagePart
    from .image_url import ImageUrl
    from .input_audio import InputAudio
    from .input_audio_format import InputAudioFormat
    from .json_object_response_format import JsonObjectResponseFormat
    from .json_schema import JsonSchema
    from .json_schema_format import JsonSchemaFormat
    from .json_schema_response_format import JsonSchemaResponseFormat
    from .legacy_function import LegacyFunction
    from .logit_bias import LogitBias
    from .metadata import Metadata
    from .modality import Modality
    from .model_headers import ModelHeaders
    from .model_options import ModelOptions
    from .model_with_options import ModelWithOptions
    from .named_custom_tool import NamedCustomTool
    from .named_custom_tool_choice import NamedCustomToolChoice
    from .named_function import NamedFunction
    from .named_function_tool_choice import NamedFunctionToolChoice
    from .nested_error_body import NestedErrorBody
    from .other_message import OtherMessage
    from .other_part import OtherPart
    from .other_tool import OtherTool
    from .other_tool_call import OtherToolCall
    from .prediction import Prediction
    from .prompt_tokens_details import PromptTokensDetails
    from .reasoning_effort import ReasoningEffort
    from .refusal_part import RefusalPart
    from .reply_role import ReplyRole
    from .search_context_size import SearchContextSize
    from .service_tier import ServiceTier
    from .stream_options import StreamOptions
    from .system_message import SystemMessage
    from .tags import Tags
    from .text_part import TextPart
    from .text_response_format import TextResponseFormat
    from .token_logprob import TokenLogprob
    from .tool_call_delta import ToolCallDelta
    from .tool_call_type import ToolCallType
    from .tool_choice_mode import ToolChoiceMode
    from .tool_message import ToolMessage
    from .top_logprob import TopLogprob
    from .url_citation import UrlCitation
    from .user_location import UserLocation
    from .user_message import UserMessage
    from .validation_error_entry import ValidationErrorEntry
    from .verbosity import Verbosity
    from .web_search_options import WebSearchOptions

_MODULES = {
    "AllowedTool": ".allowed_tool",
    "AllowedTools": ".allowed_tools",
    "AllowedToolsChoice": ".allowed_tools_choice",
    "AllowedToolsMode": ".allowed_tools_mode",
    "Annotation": ".annotation",
    "AnnotationType": ".annotation_type",
    "ApproximateLocation": ".approximate_location",
    "AssistantMessage": ".assistant_message",
    "AudioOutput": ".audio_output",
    "AudioOutputFormat": ".audio_output_format",
    "AudioPart": ".audio_part",
    "AudioReference": ".audio_reference",
    "AudioReply": ".audio_reply",
    "ChatCompletion": ".chat_completion",
    "ChatCompletionChunk": ".chat_completion_chunk",
    "ChatCompletionChunkObject": ".chat_completion_chunk_object",
    "ChatCompletionMessage": ".chat_completion_message",
    "ChatCompletionObject": ".chat_completion_object",
    "ChatCompletionRequest": ".chat_completion_request",
    "Choice": ".choice",
    "ChoiceDelta": ".choice_delta",
    "ChoiceLogprobs": ".choice_logprobs",
    "ChunkChoice": ".chunk_choice",
    "CompletionTokensDetails": ".completion_tokens_details",
    "CompletionUsage": ".completion_usage",
    "CustomCall": ".custom_call",
    "CustomCallDelta": ".custom_call_delta",
    "CustomGrammarFormat": ".custom_grammar_format",
    "CustomTextFormat": ".custom_text_format",
    "CustomTool": ".custom_tool",
    "CustomToolCall": ".custom_tool_call",
    "CustomToolDefinition": ".custom_tool_definition",
    "DeveloperMessage": ".developer_message",
    "ErrorObject": ".error_object",
    "FilePart": ".file_part",
    "FileSource": ".file_source",
    "FinishReason": ".finish_reason",
    "FlatErrorBody": ".flat_error_body",
    "FunctionCall": ".function_call",
    "FunctionCallDelta": ".function_call_delta",
    "FunctionCallMode": ".function_call_mode",
    "FunctionDefinition": ".function_definition",
    "FunctionMessage": ".function_message",
    "FunctionParameters": ".function_parameters",
    "FunctionTool": ".function_tool",
    "FunctionToolCall": ".function_tool_call",
    "Grammar": ".grammar",
    "GrammarSyntax": ".grammar_syntax",
    "ImageDetail": ".image_detail",
    "ImagePart": ".image_part",
    "ImageUrl": ".image_url",
    "InputAudio": ".input_audio",
    "InputAudioFormat": ".input_audio_format",
    "JsonObjectResponseFormat": ".json_object_response_format",
    "JsonSchema": ".json_schema",
    "JsonSchemaFormat": ".json_schema_format",
    "JsonSchemaResponseFormat": ".json_schema_response_format",
    "LegacyFunction": ".legacy_function",
    "LogitBias": ".logit_bias",
    "Metadata": ".metadata",
    "Modality": ".modality",
    "ModelHeaders": ".model_headers",
    "ModelOptions": ".model_options",
    "ModelWithOptions": ".model_with_options",
    "NamedCustomTool": ".named_custom_tool",
    "NamedCustomToolChoice": ".named_custom_tool_choice",
    "NamedFunction": ".named_function",
    "NamedFunctionToolChoice": ".named_function_tool_choice",
    "NestedErrorBody": ".nested_error_body",
    "OtherMessage": ".other_message",
    "OtherPart": ".other_part",
    "OtherTool": ".other_tool",
    "OtherToolCall": ".other_tool_call",
    "Prediction": ".prediction",
    "PromptTokensDetails": ".prompt_tokens_details",
    "ReasoningEffort": ".reasoning_effort",
    "RefusalPart": ".refusal_part",
    "ReplyRole": ".reply_role",
    "SearchContextSize": ".search_context_size",
    "ServiceTier": ".service_tier",
    "StreamOptions": ".stream_options",
    "SystemMessage": ".system_message",
    "Tags": ".tags",
    "TextPart": ".text_part",
    "TextResponseFormat": ".text_response_format",
    "TokenLogprob": ".token_logprob",
    "ToolCallDelta": ".tool_call_delta",
    "ToolCallType": ".tool_call_type",
    "ToolChoiceMode": ".tool_choice_mode",
    "ToolMessage": ".tool_message",
    "TopLogprob": ".top_logprob",
    "UrlCitation": ".url_citation",
    "UserLocation": ".user_location",
    "UserMessage": ".user_message",
    "ValidationErrorEntry": ".validation_error_entry",
    "Verbosity": ".verbosity",
    "WebSearchOptions": ".web_search_options",
}


if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(module, __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})


__all__ = (
    "AllowedTool",
    "AllowedTools",
    "AllowedToolsChoice",
    "AllowedToolsMode",
    "Annotation",
    "AnnotationType",
    "ApproximateLocation",
    "AssistantMessage",
    "AudioOutput",
    "AudioOutputFormat",
    "AudioPart",
    "AudioReference",
    "AudioReply",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionChunkObject",
    "ChatCompletionMessage",
    "ChatCompletionObject",
    "ChatCompletionRequest",
    "Choice",
    "ChoiceDelta",
    "ChoiceLogprobs",
    "ChunkChoice",
    "CompletionTokensDetails",
    "CompletionUsage",
    "CustomCall",
    "CustomCallDelta",
    "CustomGrammarFormat",
    "CustomTextFormat",
    "CustomTool",
    "CustomToolCall",
    "CustomToolDefinition",
    "DeveloperMessage",
    "ErrorObject",
    "FilePart",
    "FileSource",
    "FinishReason",
    "FlatErrorBody",
    "FunctionCall",
    "FunctionCallDelta",
    "FunctionCallMode",
    "FunctionDefinition",
    "FunctionMessage",
    "FunctionParameters",
    "FunctionTool",
    "FunctionToolCall",
    "Grammar",
    "GrammarSyntax",
    "ImageDetail",
    "ImagePart",
    "ImageUrl",
    "InputAudio",
    "InputAudioFormat",
    "JsonObjectResponseFormat",
    "JsonSchema",
    "JsonSchemaFormat",
    "JsonSchemaResponseFormat",
    "LegacyFunction",
    "LogitBias",
    "Metadata",
    "Modality",
    "ModelHeaders",
    "ModelOptions",
    "ModelWithOptions",
    "NamedCustomTool",
    "NamedCustomToolChoice",
    "NamedFunction",
    "NamedFunctionToolChoice",
    "NestedErrorBody",
    "OtherMessage",
    "OtherPart",
    "OtherTool",
    "OtherToolCall",
    "Prediction",
    "PromptTokensDetails",
    "ReasoningEffort",
    "RefusalPart",
    "ReplyRole",
    "SearchContextSize",
    "ServiceTier",
    "StreamOptions",
    "SystemMessage",
    "Tags",
    "TextPart",
    "TextResponseFormat",
    "TokenLogprob",
    "ToolCallDelta",
    "ToolCallType",
    "ToolChoiceMode",
    "ToolMessage",
    "TopLogprob",
    "UrlCitation",
    "UserLocation",
    "UserMessage",
    "ValidationErrorEntry",
    "Verbosity",
    "WebSearchOptions",
)
