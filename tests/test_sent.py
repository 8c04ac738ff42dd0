"""Assertions on what was sent: what they accept, and what they say when they fail."""

from typing import Any
from unittest.mock import ANY

import pytest
from flavours import HELLO
from opper_chat import Opper
from opper_chat.testing import SCENARIOS, LocalServer, Reply
from opper_chat_api.models import UserMessage


def send(opper: Opper, *contents: str, **members: Any) -> None:
    for content in contents:
        opper.chat.completions.create(messages=[{"role": "user", "content": content}], **members)


def test_what_was_sent(opper: Opper, opper_server: LocalServer) -> None:
    """The first request that has the members, whatever others it has."""
    send(opper, "one", "two", "two", model="a/b", temperature=0.5)
    found = opper_server.assert_sent(messages=[{"role": "user", "content": "two"}], model="a/b")
    assert found is opper_server.requests[1]
    assert (found.model, found.messages) == ("a/b", [{"role": "user", "content": "two"}])
    assert opper_server.assert_sent() is opper_server.requests[0]
    assert opper_server.last_request is opper_server.requests[2]


def test_what_compares_by_itself(opper: Opper, opper_server: LocalServer) -> None:
    """Objects with an `==` of their own are asked; a model stands for what it is sent as; a tuple is an array."""
    send(opper, "Hi", temperature=0.1 + 0.2, logprobs=True)
    opper_server.assert_sent(temperature=pytest.approx(0.3), messages=ANY)
    opper_server.assert_sent(messages=[{"role": ANY, "content": "Hi"}], logprobs=ANY)
    opper_server.assert_sent(messages=(UserMessage(content="Hi"),))
    with pytest.raises(AssertionError, match="logprobs: expected 1, got True"):
        opper_server.assert_sent(logprobs=1)


def test_nothing_was_sent(opper_server: LocalServer) -> None:
    """Says so."""
    with pytest.raises(AssertionError, match="No request was received"):
        opper_server.assert_sent(model="a/b")
    with pytest.raises(AssertionError, match="No request was received"):
        _ = opper_server.last_request


def test_the_nearest_is_shown(opper: Opper, opper_server: LocalServer) -> None:
    """Each place where the request that comes nearest differs, and nothing of the members that were not asked for."""
    send(opper, "one", "two", model="a/b", stop=["x"])
    with pytest.raises(AssertionError) as raised:
        opper_server.assert_sent(
            model="a/b", messages=[{"role": "user", "content": "too"}, *HELLO], stop=["x", "y"], seed=1
        )
    assert str(raised.value) == (
        "No request has these properties. The nearest of 2 requests, requests[1], differs:\n"
        "  messages[0].content: expected 'too', got 'two'\n"
        "  messages[1]: expected {'role': 'user', 'content': 'Hello'}, got nothing\n"
        "  stop[1]: expected 'y', got nothing\n"
        "  seed: expected 1, got nothing"
    )
    send(opper, "three")
    with pytest.raises(AssertionError, match=r"nearest of 3 requests, requests\[1\], differs:\n  model: expected"):
        opper_server.assert_sent(model="c/d", messages=[{"role": "user", "content": "two"}], stop=["x"])


def test_long_texts_are_shown_where_they_part(opper: Opper, opper_server: LocalServer) -> None:
    """A few words before the place and some behind it; of many places the first five."""
    text = "All work and no play makes Jack a dull boy. " * 50
    send(opper, f"{text}The end.")
    with pytest.raises(AssertionError) as raised:
        opper_server.assert_sent(messages=[{"role": "user", "content": f"{text}An end."}])
    place, shown = str(raised.value).splitlines()[1].split(": ", 1)
    assert place == "  messages[0].content"
    assert shown == "expected '…es Jack a dull boy. An end.', got '…es Jack a dull boy. The end.'"
    with pytest.raises(AssertionError, match=r"\n  and 4 more$"):
        opper_server.assert_sent(**dict.fromkeys("abcdefghi"))


def test_messages_that_are_none(opper_server: LocalServer) -> None:
    """An empty list where there are none, an error where they are something else."""
    import httpx

    for body in ({}, {"messages": "Hi"}):
        httpx.post(f"{opper_server.base_url}/chat/completions", json=body)
    assert opper_server.requests[0].messages == []
    with pytest.raises(AssertionError, match="'Hi'"):
        _ = opper_server.requests[1].messages


def test_scenarios_by_name(opper: Opper, opper_server: LocalServer) -> None:
    """The scenario itself, whose reply comes next; near names for one that is none."""
    scenario = opper_server.play("whole")
    assert scenario is SCENARIOS["whole"]
    with opper.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
        assert "".join(stream.text_stream) == scenario.outcome.text
    with pytest.raises(ValueError, match=r"no scenario 'calls-al-index-0'.+mean calls-all-index-0"):
        opper_server.play("calls-al-index-0")
    opper_server.reply(Reply.json({"message": "still usable", "type": "x"}, status=400))
