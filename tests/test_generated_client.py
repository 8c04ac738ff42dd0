"""What a person gets who uses the generated client alone, over a real socket."""

import asyncio
from typing import Any

import httpx
import pytest
from flavours import HELLO
from opper_chat.testing import LocalServer, Reply
from opper_chat_api import AuthenticatedClient
from opper_chat_api.api.chat import create_chat_completion
from opper_chat_api.errors import DecodeError, UnexpectedContentType
from opper_chat_api.models import (
    ChatCompletion,
    ChatCompletionRequest,
    FlatErrorBody,
    NestedErrorBody,
    UserMessage,
)
from opper_chat_api.params import ChatCompletionRequestParam
from opper_chat_api.types import Response

DICT: ChatCompletionRequestParam = {"messages": [{"role": "user", "content": "Hello"}]}


def call(server: LocalServer, body: Any = DICT, token: str = "key") -> Response[Any]:
    """Call both functions, and see that they give the same."""
    with AuthenticatedClient(base_url=server.base_url, token=token) as client:
        one = create_chat_completion.sync_detailed(client=client, body=body)

    async def run() -> Response[Any]:
        async with AuthenticatedClient(base_url=server.base_url, token=token) as client:
            return await create_chat_completion.asyncio_detailed(client=client, body=body)

    other = asyncio.run(run())
    assert type(one.parsed) is type(other.parsed)
    assert one.status_code == other.status_code
    return one


def test_a_dict_and_a_model_ask_the_same(server: LocalServer) -> None:
    """A completion for each, for the same request."""
    assert isinstance(call(server, {**DICT, "stream": False}).parsed, ChatCompletion)
    assert isinstance(
        call(server, ChatCompletionRequest(messages=[UserMessage(content="Hello")])).parsed, ChatCompletion
    )
    bodies = [request.body for request in server.requests]
    assert bodies == [{"messages": HELLO, "stream": False}] * 4


def test_the_short_forms_return_the_model(server: LocalServer) -> None:
    """A completion, without the response around it."""

    async def run() -> object:
        async with AuthenticatedClient(base_url=server.base_url, token="key") as client:
            return await create_chat_completion.asyncio(client=client, body=DICT)

    with AuthenticatedClient(base_url=server.base_url, token="key") as client:
        assert isinstance(create_chat_completion.sync(client=client, body=DICT), ChatCompletion)
    assert isinstance(asyncio.run(run()), ChatCompletion)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503, 529, 599])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "T", "message": "M", "detail": None}, FlatErrorBody),
        ({"error": {"code": "c", "message": "M"}}, NestedErrorBody),
        ({"detail": "M"}, FlatErrorBody),
        ({"error": "M"}, FlatErrorBody),
        ([], None),
    ],
)
def test_a_failure_is_read_where_it_can_be(server: LocalServer, status: int, body: Any, kind: type | None) -> None:
    """The model of the body, or None; the status whatever number it is; never an exception."""
    server.reply(Reply.json(body, status=status))
    with AuthenticatedClient(base_url=server.base_url, token="key") as client:
        response = create_chat_completion.sync_detailed(client=client, body=DICT)
    assert response.status_code == status
    assert response.parsed is None if kind is None else isinstance(response.parsed, kind)


def test_a_page_in_place_of_a_failure_is_no_surprise(server: LocalServer) -> None:
    """None, with the page as content."""
    server.reply(Reply(status=502, headers={"content-type": "text/html"}, body=b"<html>"))
    with AuthenticatedClient(base_url=server.base_url, token="key") as client:
        response = create_chat_completion.sync_detailed(client=client, body=DICT)
    assert (response.parsed, response.content) == (None, b"<html>")


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"[1]"])
def test_a_success_that_is_no_completion_raises_one_clear_error(server: LocalServer, body: bytes) -> None:
    """DecodeError, whatever is wrong with the body."""
    server.reply(Reply(status=200, headers={"content-type": "application/json"}, body=body))
    with AuthenticatedClient(base_url=server.base_url, token="key") as client, pytest.raises(DecodeError):
        create_chat_completion.sync(client=client, body=DICT)


def test_a_stream_is_refused_by_name(server: LocalServer) -> None:
    """UnexpectedContentType, which says that a stream came, and carries it."""
    body = ChatCompletionRequest(messages=[UserMessage(content="Hello")], stream=True)
    with (
        AuthenticatedClient(base_url=server.base_url, token="key") as client,
        pytest.raises(UnexpectedContentType, match="text/event-stream") as caught,
    ):
        create_chat_completion.sync(client=client, body=body)
    assert caught.value.content.endswith(b"data: [DONE]\n\n")


def test_no_answer_raises_what_httpx_raises() -> None:
    """httpx.ConnectError, from a port that nobody listens on."""
    with AuthenticatedClient(base_url="http://127.0.0.1:9", token="key") as client, pytest.raises(httpx.ConnectError):
        create_chat_completion.sync(client=client, body=DICT)
