"""Recorded replies through the generated models and the wrapper's readers: nothing lost, nothing invented."""

import json
from typing import Any

import attrs
import pytest
from corpus import Exchange, needs_corpus, recorded
from opper_chat import APIError, APIStatusError, InvalidArgumentError
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._http.sse import EventDecoder
from opper_chat._requests.prepare import prepare
from opper_chat._streaming.completion_reader import read_completion
from opper_chat._streaming.state import StreamState
from opper_chat_api.errors import DecodeError
from opper_chat_api.models import ChatCompletion, ChatCompletionChunk, ChatCompletionRequest

pytestmark = needs_corpus


def without_nulls(value: Any) -> Any:
    """The same JSON, with null and absent as one."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def exchanges(kind: Any) -> Any:
    return pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded(kind)])


def events(exchange: Exchange) -> list[str]:
    """The data of a recorded stream's events."""
    return [event.data for event in EventDecoder().feed(exchange["response_body"].encode())]


@exchanges("json")
def test_a_reply_survives(exchange: Exchange) -> None:
    """The same JSON after a way through the model, or one clear error for what is no completion."""
    body = parsed(exchange["response_body"])
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        with pytest.raises(DecodeError):
            ChatCompletion.from_dict(body)
        with pytest.raises(APIError) as caught:
            read_completion(exchange["status"], exchange["response_headers"], exchange["response_body"].encode())
        assert caught.value.raw_body == exchange["response_body"].encode()
        return
    assert without_nulls(ChatCompletion.from_dict(body).to_dict()) == without_nulls(body)
    read = read_completion(exchange["status"], {}, exchange["response_body"].encode())
    assert without_nulls(read.to_dict()) == without_nulls(body)


@exchanges("stream")
def test_every_chunk_survives(exchange: Exchange) -> None:
    """The same JSON after a way through the model, event by event."""
    for data in events(exchange):
        body = parsed(data)
        if isinstance(body, dict) and "error" not in body:
            assert without_nulls(ChatCompletionChunk.from_dict(body).to_dict()) == without_nulls(body)


@exchanges("stream")
def test_a_stream_is_read_alike_however_it_is_cut(exchange: Exchange) -> None:
    """The same chunks in pieces of 1, 2, 3 and 7 bytes, and cut once at every seventh byte of the first 3,000."""

    def read(pieces: list[bytes]) -> tuple[list[dict[str, Any]], dict[str, Any], str | None]:
        state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0))
        chunks: list[dict[str, Any]] = []
        for piece in [*pieces, b""]:
            state.receive(piece)
            while (chunk := state.next_chunk()) is not None:
                chunks.append(chunk.model.to_dict())
        failure = state.conclude()
        return chunks, state.accumulator.snapshot().to_dict(), failure and str(failure)

    body = exchange["response_body"].encode()
    whole = read([body])
    assert whole[0]
    for size in (1, 2, 3, 7):
        assert read([body[at : at + size] for at in range(0, len(body), size)]) == whole
    head = body[:3000]
    expected = read([head])
    for cut in range(1, len(head), 7):
        assert read([head[:cut], head[cut:]]) == expected


@exchanges("error")
def test_an_error_is_told(exchange: Exchange) -> None:
    """A status error with the server's own words, type and code."""
    body = parsed(exchange["response_body"])["error"]
    with pytest.raises(APIStatusError) as caught:
        read_completion(exchange["status"], exchange["response_headers"], exchange["response_body"].encode())
    error = caught.value
    assert (error.message, error.type, error.param) == (body["message"], body["type"], body["param"])
    assert error.code == body["code"]
    assert error.status_code == exchange["status"]


@exchanges("json")
def test_a_recorded_request_is_accepted_or_refused_by_name(exchange: Exchange) -> None:
    """The same members after a way through the model; and `create()` sends them, or names what it does not know."""
    body = exchange["request_body"]
    if not isinstance(body, dict):
        pytest.skip("the request was not recorded")
    assert without_nulls(ChatCompletionRequest.from_dict(body).to_dict()) == without_nulls(body)
    fields = {field.name for field in attrs.fields(ChatCompletionRequest)}
    params = {name: value for name, value in body.items() if name in fields - {"stream"}}
    rest = {name: value for name, value in body.items() if name not in fields}
    try:
        sent = prepare(params, stream=body.get("stream"), extra_body=rest)
    except InvalidArgumentError as error:
        # Parts that only one vendor accepts: the message says how to send them, or the documented form.
        whole = {name: value for name, value in body.items() if name != "stream"}
        sent = prepare({}, stream=body.get("stream"), extra_body=whole)
        advice = "Did you mean {'url': " if error.argument.endswith(".image_url") else "extra_body"
        assert advice in str(error)  # noqa: PT017
    assert without_nulls(json.loads(sent.content)) == without_nulls(body) | {"stream": bool(body.get("stream"))}
