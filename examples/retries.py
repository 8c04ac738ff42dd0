"""A busy server, one that asks for more time than there is, and one that says nothing: what is tried again, and when.

Runs against a local server of its own.
"""

import time
from collections.abc import Iterable

from opper_chat import APIError, Attempt, Opper
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


def busy(status: int, headers: dict[str, str] | None = None) -> Reply:
    """Make the answer of a server that has too much to do."""
    return Reply.json({"type": "Busy", "message": "Come back later."}, status=status, headers=headers)


def show(attempts: Iterable[Attempt]) -> None:
    """Say how each attempt ended, and how long was waited after it."""
    for number, attempt in enumerate(attempts, 1):
        kind = (attempt.error or "no error").partition(":")[0]
        print(f"  attempt {number}: {attempt.status_code}, {kind}, then waited {attempt.wait:.2f} s")


def ask(client: Opper) -> None:
    """Make a call, and print its result and its duration."""
    began = time.monotonic()
    try:
        completion = client.chat.completions.create(messages=MESSAGES)
    except APIError as error:
        print("  raised:   ", error)
        show(error.attempts)
    else:
        print("  answered: ", completion.choices[0].message.content)
        show(completion.attempts)
    print(f"  after {time.monotonic() - began:.2f} s")


def main() -> None:
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url, deadline=30) as client:
        print("The server is busy twice; the second time it says for how long:")
        server.reply(busy(503), busy(429, {"retry-after-ms": "200"}))
        ask(client)

        print("The server asks for more time than there is, so nothing is waited for:")
        server.reply(busy(429, {"retry-after": "10"}))
        ask(client.with_options(deadline=5))

        print("The server says nothing: three attempts of 0.3 s, and waits of at most 0.5 and 1 s:")
        server.reply(*[Reply.json({}, delay=60)] * 3)
        ask(client.with_options(timeout=0.3, max_retries=2))

        print("A stream that breaks before it brought anything is asked for again:")
        server.reply(Reply.sse([CUT]))
        with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
            print("  answered: ", stream.get_final_text())
            show(stream.attempts)

        print("One that breaks later is not, since half of it was handed out:")
        server.reply(Reply.sse([chunk("One, "), chunk("two, "), CUT]))
        try:
            with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
                for text in stream.text_stream:
                    print("  text:     ", repr(text))
        except APIError as error:
            show(error.attempts)


if __name__ == "__main__":
    main()
