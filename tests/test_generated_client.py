"""What a person gets who uses the generated client alone, over a real socket."""

import asyncio
import copy
import json
from typing import Any, get_type_hints

import httpx
import pytest
from flavours import HELLO
from opper_chat.testing import LocalServer, Reply
from opper_chat_api import AuthenticatedClient, Client
from opper_chat_api.api.chat import create_chat_completion
from opper_chat_api.errors import DecodeError, UnexpectedContentType, UnexpectedStatus
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


@pytest.mark.parametrize("status", [201, 302, 418, 429, 503, 529])
def test_a_status_that_the_contract_does_not_list_raises_where_that_is_asked_for(
    server: LocalServer, status: int
) -> None:
    """UnexpectedStatus with the body; without the setting the body is read as that of any failure."""
    body = {"error": {"message": "M"}}
    for strict in (True, False):
        server.reply(Reply.json(body, status=status))
        with AuthenticatedClient(base_url=server.base_url, token="key", raise_on_unexpected_status=strict) as client:
            if strict:
                with pytest.raises(UnexpectedStatus, match=f"status {status}") as caught:
                    create_chat_completion.sync(client=client, body=DICT)
                assert json.loads(caught.value.content) == body
            else:
                assert isinstance(create_chat_completion.sync(client=client, body=DICT), NestedErrorBody)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_status_that_the_contract_lists_is_expected(server: LocalServer, status: int) -> None:
    """The body, also where other statuses raise."""
    server.reply(Reply.json({"detail": "M"}, status=status))
    with AuthenticatedClient(base_url=server.base_url, token="key", raise_on_unexpected_status=True) as client:
        assert create_chat_completion.sync(client=client, body=DICT) == FlatErrorBody(detail="M")


def test_a_copy_has_connections_of_its_own(server: LocalServer) -> None:
    """The settings and the token of the original, which goes on working."""
    headers = {"X-More": "1"}
    with AuthenticatedClient(base_url=server.base_url, token="key", headers=headers) as client:
        for copied in (copy.copy(client), copy.deepcopy(client)):
            assert copied == client
            assert copied.get_httpx_client() is not client.get_httpx_client()
            with copied:
                assert isinstance(create_chat_completion.sync(client=copied, body=DICT), ChatCompletion)
            assert server.last_request.headers["x-more"] == "1"
        copied.with_headers({"X-Other": "1"})
        assert isinstance(create_chat_completion.sync(client=client, body=DICT), ChatCompletion)


def test_the_default_timeout_leaves_a_model_time() -> None:
    """As that of the wrapper: 5 seconds to connect, 600 for the others. None waits for ever."""
    with Client(base_url="http://127.0.0.1:9").get_httpx_client() as client:
        assert client.timeout == httpx.Timeout(600.0, connect=5.0)
    with Client(base_url="http://127.0.0.1:9", timeout=None).get_httpx_client() as client:
        assert client.timeout == httpx.Timeout(None)


@pytest.mark.parametrize("documented", [Client, AuthenticatedClient, Response, Client.__init__, Client.with_timeout])
def test_hints_can_be_read_at_run_time(documented: Any) -> None:
    """By `typing.get_type_hints`, as frameworks do."""
    assert get_type_hints(documented)
