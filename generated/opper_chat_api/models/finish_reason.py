# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

FinishReason: TypeAlias = (
    Literal["stop", "length", "tool_calls", "content_filter", "function_call"] | str
)
""" Why the model stopped: `stop` at its natural end or at a stop string, `length` at the token limit,
`tool_calls` or `function_call` to call a tool or function, `content_filter` because content was
withheld. """
