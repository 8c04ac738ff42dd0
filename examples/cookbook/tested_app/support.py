"""The application: it sorts messages of customers, and drafts replies to them."""

from collections.abc import Iterator
from typing import Literal, TypedDict

from opper_chat import APIError, Opper, tool

MODEL = "openai/gpt-4o-mini"
ORDERS = {"A1": "was sent on Monday"}


class Label(TypedDict):
    """What a message is about."""

    topic: Literal["order", "refund", "other"]
    is_urgent: bool


def sort_message(client: Opper, text: str) -> Label:
    """Return what a message is about. If the call fails, the message is urgent, so that a person reads it."""
    try:
        completion = client.chat.completions.parse(
            model=MODEL,
            messages=[{"role": "system", "content": "Sort this message."}, {"role": "user", "content": text}],
            response_format=Label,
            temperature=0,
        )
    except APIError:
        return {"topic": "other", "is_urgent": True}
    return completion.parsed


@tool
def order_status(number: str) -> str:
    """Look up the status of an order."""
    return ORDERS.get(number, "does not exist")


def draft_reply(text: str) -> str:
    """Return the draft of a reply."""
    with Opper() as client:
        run = client.chat.completions.run_tools(
            model=MODEL, messages=[{"role": "user", "content": text}], tools=[order_status]
        )
    return run.text


def stream_reply(client: Opper, text: str) -> Iterator[str]:
    """Yield the fragments of a reply, and a note if it is not complete."""
    try:
        with client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": text}], stream=True
        ) as stream:
            yield from stream.text_stream
    except APIError:
        yield "[connection lost]"
