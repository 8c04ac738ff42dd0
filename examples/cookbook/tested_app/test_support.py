"""Tests of the application. They need no key and no network: the fixtures come from the pytest plugin of opper-chat."""

from unittest.mock import ANY

from opper_chat import Opper
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from support import draft_reply, sort_message, stream_reply


def test_the_request(opper: Opper, opper_server: LocalServer) -> None:
    """If you set no reply, the server makes up one that fits the schema."""
    assert sort_message(opper, "Where is my order?")["topic"] in {"order", "refund", "other"}
    opper_server.assert_sent(temperature=0, messages=[ANY, {"role": "user", "content": "Where is my order?"}])


def test_the_result(opper: Opper, opper_server: LocalServer) -> None:
    """The reply that you set is what the model says."""
    opper_server.reply(Reply.completion('{"topic": "refund", "is_urgent": false}'))
    assert sort_message(opper, "I want my money back.") == {"topic": "refund", "is_urgent": False}


def test_a_completion_that_does_not_fit(opper: Opper, opper_server: LocalServer) -> None:
    """The application has a default."""
    opper_server.always(Reply.completion('{"topic": "weather"}'))
    assert sort_message(opper, "Nice day!") == {"topic": "other", "is_urgent": True}


def test_a_tool(opper_server: LocalServer) -> None:
    """The application creates its own client, which connects to the server as well."""
    opper_server.reply(
        Reply.completion(tool_calls=[("order_status", {"number": "A1"})]),
        Reply.completion("It was sent on Monday."),
    )
    assert draft_reply("Where is order A1?") == "It was sent on Monday."
    assert opper_server.last_request.messages[-1] == {
        "role": "tool", "tool_call_id": ANY, "content": "was sent on Monday"
    }  # fmt: skip


def test_a_stream_that_breaks(opper: Opper, opper_server: LocalServer) -> None:
    """The user sees that the text is not complete."""
    opper_server.reply(Reply.sse([chunk("Your order "), CUT]))
    assert "".join(stream_reply(opper, "Where is it?")) == "Your order [connection lost]"


def test_a_busy_server(opper: Opper, opper_server: LocalServer) -> None:
    """A client that retries gets the next reply. Those of the fixtures do not retry."""
    busy = Reply.json({"error": "busy"}, status=503, headers={"retry-after-ms": "1"})
    opper_server.reply(busy, Reply.completion('{"topic": "order", "is_urgent": true}'))
    assert sort_message(opper.with_options(max_retries=1), "Hello?")["topic"] == "order"
    assert len(opper_server.requests) == 2
