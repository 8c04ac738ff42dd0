"""A user's tests with this package's fixtures, checked strictly by mypy and pyright and never run."""

from typing import Any, assert_type
from unittest.mock import ANY

import pytest
from opper_chat import AsyncOpper, Opper
from opper_chat.testing import (
    SCENARIOS,
    Cassette,
    CassetteSettings,
    LocalServer,
    ReceivedRequest,
    Reply,
    Scenario,
    UnmatchedRequestError,
    example,
)


def test_sync(opper: Opper, opper_server: LocalServer) -> None:
    opper_server.reply(Reply.json({}), lambda request: Reply.json(request.body))
    opper.chat.completions.create(messages=[{"role": "user", "content": "Hi"}])
    request = opper_server.assert_sent(model="a/b", messages=[{"role": "user", "content": ANY}])
    assert_type(request, ReceivedRequest)
    assert_type(opper_server.last_request.messages, list[dict[str, Any]])
    assert_type(opper_server.last_request.body, dict[str, Any])
    assert opper_server.last_request.body["messages"][0]["content"] == "Hi"
    assert_type(opper_server.requests, list[ReceivedRequest])
    assert request.messages[0]["content"] == "Hi"
    assert request.model == "a/b"


async def test_async(async_opper: AsyncOpper, opper_server: LocalServer) -> None:
    await async_opper.chat.completions.create(messages=[{"role": "user", "content": "Hi"}])
    assert_type(opper_server.play("whole"), Scenario)


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios(opper_server: LocalServer, name: str) -> None:
    assert opper_server.play(name).outcome.text is not None


@pytest.fixture
def opper_cassette_settings() -> CassetteSettings:
    return {"ignore": ["user"], "scrub": lambda text: [text[:2]], "speed": 1, "record": "none"}


def test_cassette(opper_cassette: Cassette) -> None:
    with Opper() as client:
        client.chat.completions.create(messages=[{"role": "user", "content": "Hi"}])
    assert_type(opper_cassette.base_url, str)
    assert_type(opper_cassette.last_request, ReceivedRequest)


def test_answers(opper_server: LocalServer) -> None:
    opper_server.reply(
        Reply.completion("Hi"),
        Reply.completion(tool_calls=[("get_weather", {"city": "Oslo"}), ("get_weather", "{")], finish_reason="length"),
        Reply.completion(message={"refusal": "No."}, model="m", usage={"total_tokens": 3}, headers={"a": "b"}, delay=1),
    )
    opper_server.always(Reply.completion("Hi"))
    opper_server.always(lambda request: Reply.completion(str(request.body["messages"])))
    opper_server.always(None)
    assert_type(Reply.completion("Hi"), Reply)


def by_hand() -> object:
    with pytest.raises(UnmatchedRequestError):
        with Cassette(
            "weather.jsonl", upstream="https://api.opper.ai/v2/openai", record="missing", speed=2
        ) as cassette:
            assert_type(cassette, Cassette)
            cassette.check()
    return example({"type": "string"})
