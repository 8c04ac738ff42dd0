# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from typing import Literal, TypeAlias

FinishReason: TypeAlias = (
    Literal["stop", "length", "tool_calls", "content_filter", "function_call"] | str
)
""" Why the model stopped: `stop` at a natural end or a stop text, `length` at the token limit,
`tool_calls` or `function_call` to have something called, `content_filter` because content was
withheld. """
