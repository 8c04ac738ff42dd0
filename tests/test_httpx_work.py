"""What is done here in place of httpx, because httpx takes longer for it: with the result that httpx has."""

import asyncio
from typing import Any

import pytest
from flavours import HELLO, Flavour
from hypothesis import given
from hypothesis import strategies as st
from opper_chat import AsyncOpper, DefaultAsyncHttpxClient, DefaultHttpxClient, Opper
from opper_chat._call.http_request import merge_headers
from opper_chat._http.library import httpx
from opper_chat.testing import LocalServer, Reply

PLAIN = {"id": "c", "choices": [], "created": 1, "model": "m", "object": "chat.completion"}
NAMES = ("Accept", "accept-encoding", "Content-Length", "user-agent", "X-One", "x-two")
VALUES = st.sampled_from(["", "a", "b, c"])


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(VALUES, st.just("å"))), max_size=8),
    st.dictionaries(st.sampled_from([name.lower() for name in NAMES]), VALUES),
)
def test_merged_headers(before: list[tuple[str, str]], values: dict[str, str]) -> None:
    """Those that `httpx.Headers.update` makes of them, in the same order."""
    headers = httpx.Headers([(name.encode(), value.encode()) for name, value in before])
    merged = merge_headers(headers, values)
    headers.update(values)
    assert merged.raw == headers.raw


@pytest.mark.parametrize("header", ["Set-Cookie", "set-cookie"])
def test_cookies_of_a_default_http_client(server: LocalServer, flavour: Flavour, header: str) -> None:
    """Kept and sent back, as httpx's own client does, beside those that it was made with."""
    server.reply(Reply.json(PLAIN, headers={header: "session=1; Path=/"}), Reply.json(PLAIN), Reply.json(PLAIN))

    def call(http_client: Any) -> None:
        client = Opper(api_key="key", base_url=server.base_url, http_client=http_client)
        for _ in range(2):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        http_client.cookies = {"other": "3"}
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def call_async() -> None:
        async with DefaultAsyncHttpxClient(cookies={"given": "2"}) as http_client:
            client = AsyncOpper(api_key="key", base_url=server.base_url, http_client=http_client)
            for _ in range(2):
                await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
            http_client.cookies = {"other": "3"}
            await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    if flavour.kind == "sync":
        with DefaultHttpxClient(cookies={"given": "2"}) as http_client:
            call(http_client)
    else:
        asyncio.run(call_async())
    sent = [set(request.headers.get("cookie", "").split("; ")) for request in server.requests]
    assert sent == [{"given=2"}, {"given=2", "session=1"}, {"other=3"}]
