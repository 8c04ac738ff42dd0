"""Read a stream in three ways: as chunks, as text, and as a completion.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import os
from contextlib import ExitStack

from opper_chat import Opper
from opper_chat.types import ChatMessageParam

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")
MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


def chunks(client: Opper) -> None:
    """Read each chunk."""
    with client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True) as stream:
        count = 0
        for chunk in stream:
            count += 1
            for choice in chunk.choices:
                if choice.finish_reason is not None:
                    print("chunks:   the finish reason came in chunk", count, "and is", choice.finish_reason)
    print("          in all there were", count)


def text(client: Opper) -> None:
    """Print the text as it arrives."""
    print("text:     ", end="", flush=True)
    with client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True) as stream:
        for piece in stream.text_stream:
            print(piece, end="", flush=True)
    print()


def whole(client: Opper) -> None:
    """Stop after the first delta, print the completion so far, and read the rest."""
    with client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ) as stream:
        next(stream.text_stream)
        print("whole:    so far there is", repr(stream.snapshot.choices[0].message.content))
        completion = stream.get_final_completion()
    print("          and in the end", repr(completion.choices[0].message.content))
    if completion.usage is not None:
        print("          it took", completion.usage.total_tokens, "tokens")


def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
        print("Talking to", client.base_url)
        chunks(client)
        text(client)
        whole(client)


if __name__ == "__main__":
    main()
