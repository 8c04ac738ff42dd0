"""Set timeouts for a server that stops sending in the middle of a stream.

Runs against a local server, because it needs one that stalls.
"""

import math
import time

from opper_chat import APITimeoutError, Opper
from opper_chat.testing import LocalServer, Pause, Reply, chunk
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Tell me a story."}]


def tell(error: APITimeoutError) -> None:
    """Print what the error of a timeout has."""
    print("  error:    ", error)
    print("  timeout:  ", error.timeout_kind, "set to", error.seconds, "s")
    print("  received: ", error.chunks_received, "chunks")
    if error.partial is not None:
        print("  partial:  ", repr(error.partial.choices[0].message.content))


def main() -> None:
    pings = [piece for _ in range(100) for piece in (b": ping\n\n", Pause(0.05))]
    with (
        LocalServer() as server,
        # Every call of this client has these timeouts, unless it is given others.
        Opper(
            api_key="local", base_url=server.base_url, first_token_timeout=5, idle_timeout=0.5, deadline=30
        ) as client,
    ):
        print("The server sends two tokens, and then only pings:")
        server.reply(Reply.sse([chunk("Once "), chunk("upon "), *pings]))
        try:
            with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
                for text in stream.text_stream:
                    print("  text:     ", repr(text))
        except APITimeoutError as error:
            tell(error)

        print("The server accepts the call, and the model never starts:")
        server.reply(Reply.sse([chunk(delta={"role": "assistant"}), Pause(math.inf)]))
        try:
            with client.chat.completions.create(messages=MESSAGES, stream=True, first_token_timeout=0.3) as stream:
                stream.until_done()
        except APITimeoutError as error:
            tell(error)

        print("The caller takes longer than idle_timeout for every token, which does not count:")
        server.reply(Reply.sse([chunk("Once "), chunk("upon "), chunk("a time", finish_reason="stop"), "[DONE]"]))
        with client.chat.completions.create(messages=MESSAGES, stream=True, idle_timeout=0.1) as stream:
            for text in stream.text_stream:
                time.sleep(0.2)
                print("  text:     ", repr(text))


if __name__ == "__main__":
    main()
