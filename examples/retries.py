"""Retry calls: a busy server, a server that requests too long a wait, and a server that does not respond.

Runs against a local server that this script starts.
"""

import time
from collections.abc import Iterable

from opper_chat import APIError, Attempt, Opper
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


def busy(status: int, headers: dict[str, str] | None = None) -> Reply:
    """Return the response of a busy server."""
    return Reply.json({"type": "Busy", "message": "Come back later."}, status=status, headers=headers)


def show(attempts: Iterable[Attempt]) -> None:
    """Print how each attempt ended, and how long the client waited after it."""
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
        print("  text:     ", completion.choices[0].message.content)
        show(completion.attempts)
    print(f"  after {time.monotonic() - began:.2f} s")


def main() -> None:
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url, deadline=30) as client:
        print("The server is busy twice, and the second time it says for how long:")
        server.reply(busy(503), busy(429, {"retry-after-ms": "200"}))
        ask(client)

        print("The server requests a longer wait than the deadline allows, so the client does not wait:")
        server.reply(busy(429, {"retry-after": "10"}))
        ask(client.with_options(deadline=5))

        print("The server does not respond: three attempts of 0.3 s, and waits of at most 0.5 and 1 s:")
        server.reply(*[Reply.json({}, delay=60)] * 3)
        ask(client.with_options(timeout=0.3, max_retries=2))

        print("A stream that breaks before its first chunk is retried:")
        server.reply(Reply.sse([CUT]))
        with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
            print("  text:     ", stream.get_final_text())
            show(stream.attempts)

        print("A stream that breaks later is not retried, because you have received a part of it:")
        server.reply(Reply.sse([chunk("One, "), chunk("two, "), CUT]))
        try:
            with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
                for text in stream.text_stream:
                    print("  text:     ", repr(text))
        except APIError as error:
            show(error.attempts)


if __name__ == "__main__":
    main()
