"""One short call of a live endpoint, plain and streamed, whose bodies are read as recorded ones are.

The key and the base URL are found as every client finds them, in the environment. Calls are not retried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from opper_chat import APIStatusError, Opper, OpperError

from .traffic import Message, TrafficError, TrafficReader

MAX_TOKENS = 16
TIMEOUT = 60.0
"""Seconds for each of the two calls."""


def call(reader: TrafficReader, model: str | None = None) -> Iterator[Message]:
    """Yield the messages of the replies.

    Args:
        reader: What reads the bodies, and counts what cannot be read.
        model: The model. By default, the server decides.

    Raises:
        TrafficError: No key is set, or there is no response.
    """
    try:
        with Opper(max_retries=0, deadline=TIMEOUT) as client:
            for stream in (False, True):
                yield from _call(client, reader, model, stream=stream)
    except OpperError as error:
        raise TrafficError(f"the live call failed: {error}") from None


def _call(client: Opper, reader: TrafficReader, model: str | None, *, stream: bool) -> Iterator[Message]:
    host = urlsplit(str(client.base_url)).hostname or "unknown"
    completions = client.chat.completions.with_streaming_response
    chosen: dict[str, Any] = {"model": model} if model else {}
    try:
        with completions.create(
            messages=[{"role": "user", "content": "Say hello."}],
            max_completion_tokens=MAX_TOKENS,
            stream=stream,
            **chosen,
        ) as response:
            status, content = response.status_code, response.read()
    except APIStatusError as error:
        status, content = error.status_code, error.raw_body or b""
    yield from reader.body(content.decode("utf-8", "replace"), status, host)
