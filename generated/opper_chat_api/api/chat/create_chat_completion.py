# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import DecodeError, UnexpectedContentType, UnexpectedStatus
from ...types import (
    Reader,
    Response,
    union_reader,
    write,
)

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.chat_completion import ChatCompletion
    from ...models.chat_completion_request import ChatCompletionRequest
    from ...models.flat_error_body import FlatErrorBody
    from ...models.nested_error_body import NestedErrorBody
    from ...params import ChatCompletionRequestParam

_T = TypeVar("_T")


def _get_kwargs(
    *,
    body: ChatCompletionRequest | ChatCompletionRequestParam,
) -> dict[str, Any]:
    _headers: dict[str, Any] = {}
    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/chat/completions",
    }
    _kwargs["json"] = write(body)
    _headers["Content-Type"] = "application/json"

    _kwargs["headers"] = _headers
    return _kwargs


def _read_json(response: httpx.Response) -> Any:
    if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
        raise UnexpectedContentType("text/event-stream", response.content)
    try:
        return json.loads(response.content)
    except ValueError:
        raise DecodeError(
            "ChatCompletion | FlatErrorBody | NestedErrorBody", None, "JSON", response.content
        ) from None


def _read_failure(response: httpx.Response, read: Reader[_T]) -> _T | None:
    try:
        return read(_read_json(response))
    except (DecodeError, UnexpectedContentType):
        return None


def _parse_response(
    *, client: Client, response: httpx.Response
) -> ChatCompletion | FlatErrorBody | NestedErrorBody | None:
    from ...models.chat_completion import ChatCompletion
    from ...models.flat_error_body import FlatErrorBody
    from ...models.nested_error_body import NestedErrorBody

    _read_response_default: Reader[FlatErrorBody | NestedErrorBody] = union_reader(
        NestedErrorBody.from_dict, FlatErrorBody.from_dict
    )
    if response.status_code == 200:
        return ChatCompletion.from_dict(_read_json(response))
    if client.raise_on_unexpected_status and response.status_code not in [
        400,
        401,
        403,
        404,
        409,
        422,
    ]:
        raise UnexpectedStatus(response.status_code, response.content)
    return _read_failure(response, _read_response_default)


def _build_response(
    *, client: Client, response: httpx.Response
) -> Response[ChatCompletion | FlatErrorBody | NestedErrorBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ChatCompletionRequest | ChatCompletionRequestParam,
) -> Response[ChatCompletion | FlatErrorBody | NestedErrorBody]:
    """Create a chat completion

    Send a conversation and receive the model's next message. If `stream` is true, the completion
    arrives as `text/event-stream`: the data of each event is one `ChatCompletionChunk`, and the data of
    the last event is the text `[DONE]`.

    Returns:
        The status, headers and body, and the body as a model where it could be read.

    Raises:
        errors.DecodeError: the body of a successful response does not fit the contract.
        errors.UnexpectedContentType: it is a stream of events, which this function does not read.
        errors.UnexpectedStatus: the status is not documented, and the client is set to raise.
        httpx.HTTPError: there was no response.
    """
    _response = client.get_httpx_client().request(
        **_get_kwargs(
            body=body,
        )
    )
    return _build_response(client=client, response=_response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: ChatCompletionRequest | ChatCompletionRequestParam,
) -> ChatCompletion | FlatErrorBody | NestedErrorBody | None:
    """Create a chat completion

    Send a conversation and receive the model's next message. If `stream` is true, the completion
    arrives as `text/event-stream`: the data of each event is one `ChatCompletionChunk`, and the data of
    the last event is the text `[DONE]`.

    Returns:
        The body as a model; None for a failure whose body fits no documented schema.

    Raises:
        errors.DecodeError: the body of a successful response does not fit the contract.
        errors.UnexpectedContentType: it is a stream of events, which this function does not read.
        errors.UnexpectedStatus: the status is not documented, and the client is set to raise.
        httpx.HTTPError: there was no response.
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ChatCompletionRequest | ChatCompletionRequestParam,
) -> Response[ChatCompletion | FlatErrorBody | NestedErrorBody]:
    """Create a chat completion

    Send a conversation and receive the model's next message. If `stream` is true, the completion
    arrives as `text/event-stream`: the data of each event is one `ChatCompletionChunk`, and the data of
    the last event is the text `[DONE]`.

    Returns:
        The status, headers and body, and the body as a model where it could be read.

    Raises:
        errors.DecodeError: the body of a successful response does not fit the contract.
        errors.UnexpectedContentType: it is a stream of events, which this function does not read.
        errors.UnexpectedStatus: the status is not documented, and the client is set to raise.
        httpx.HTTPError: there was no response.
    """
    _response = await client.get_async_httpx_client().request(
        **_get_kwargs(
            body=body,
        )
    )
    return _build_response(client=client, response=_response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: ChatCompletionRequest | ChatCompletionRequestParam,
) -> ChatCompletion | FlatErrorBody | NestedErrorBody | None:
    """Create a chat completion

    Send a conversation and receive the model's next message. If `stream` is true, the completion
    arrives as `text/event-stream`: the data of each event is one `ChatCompletionChunk`, and the data of
    the last event is the text `[DONE]`.

    Returns:
        The body as a model; None for a failure whose body fits no documented schema.

    Raises:
        errors.DecodeError: the body of a successful response does not fit the contract.
        errors.UnexpectedContentType: it is a stream of events, which this function does not read.
        errors.UnexpectedStatus: the status is not documented, and the client is set to raise.
        httpx.HTTPError: there was no response.
    """
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
