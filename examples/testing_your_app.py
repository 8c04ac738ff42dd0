"""Test an app without a network: run `python examples/testing_your_app.py`, or pytest with the same path.

The fixtures come from the pytest plugin of this package: https://docs.pytest.org/en/stable/how-to/plugins.html
"""

import asyncio
import subprocess
import sys

import pytest
from opper_chat import AsyncOpper, Opper, RateLimitError, StreamTruncatedError
from opper_chat.testing import LocalServer, Reply
from opper_chat.types import ChatMessageParam


def ask(question: str) -> str:
    """The app: it creates its own client, with the key from the environment."""
    with Opper() as client:
        messages: list[ChatMessageParam] = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": question},
        ]
        with client.chat.completions.create(model="openai/gpt-4o-mini", messages=messages, stream=True) as stream:
            return "".join(stream.text_stream)


async def ask_both(client: AsyncOpper, *questions: str) -> int:
    """Another part of the app: it gets its client as an argument."""
    create = client.chat.completions.create
    answers = await asyncio.gather(*(create(messages=[{"role": "user", "content": one}]) for one in questions))
    return len(answers)


def test_it_asks_briefly(opper_server: LocalServer) -> None:
    """The server has a default response. The test checks the request."""
    assert "Why?" in ask("Why?")
    opper_server.assert_sent(
        model="openai/gpt-4o-mini",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
    )


def test_it_asks_both(async_opper: AsyncOpper, opper_server: LocalServer) -> None:
    """Use the async client in an event loop of the test."""
    assert asyncio.run(ask_both(async_opper, "Why?", "How?")) == 2
    opper_server.assert_sent(messages=[{"role": "user", "content": "How?"}])


def test_it_shows_the_answer(opper_server: LocalServer) -> None:
    """Set the reply to every request. The app requests a stream, and gets one."""
    opper_server.always(Reply.completion("Because."))
    assert ask("Why?") == ask("And why?") == "Because."
    assert opper_server.last_request.body["messages"][1]["content"] == "And why?"


def test_it_says_when_it_is_too_much(opper_server: LocalServer) -> None:
    """A scripted reply."""
    for_good = {"x-should-retry": "false"}  # otherwise the client would retry, and succeed
    opper_server.reply(Reply.json({"type": "RateLimitError", "message": "Slow down."}, status=429, headers=for_good))
    with pytest.raises(RateLimitError, match="Slow down"):
        ask("Why?")


@pytest.mark.parametrize("name", ["no-finish-reason-no-done", "half-event"])
def test_it_takes_no_half_answers(opper_server: LocalServer, name: str) -> None:
    """Apply faults of real servers to a stream, by name."""
    opper_server.play(name)
    with pytest.raises(StreamTruncatedError):
        ask("Why?")


def test_a_failed_assertion_shows_the_difference(opper: Opper, opper_server: LocalServer) -> None:
    """Check the message: it has the path, the expected value and the received one."""
    opper.chat.completions.create(messages=[{"role": "user", "content": "Whey?"}])
    with pytest.raises(AssertionError) as raised:
        opper_server.assert_sent(messages=[{"role": "user", "content": "Why?"}])
    print(raised.value)


if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", __file__, "-q", "-rP", "-p", "no:cacheprovider"]
    sys.exit(subprocess.run(command, check=False).returncode)
