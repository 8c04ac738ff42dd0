"""Keep a conversation: turns, a streamed turn, a fork, trimming to a number of tokens, saving and loading.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import asyncio
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from opper_chat import APIError, AsyncConversation, AsyncOpper, Conversation, Opper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


def turns(client: Opper, path: Path) -> None:
    """Send messages, and save the conversation to a file."""
    conversation = Conversation(client, system="Answer in one sentence.", model=MODEL)
    print("model:   ", conversation.send("Name a colour of the rainbow.").text)

    print("streamed: ", end="")
    with conversation.stream("And why is it in there?") as events:
        for event in events:
            if event.type == "content.delta":
                print(event.delta, end="", flush=True)
    print()

    try:
        conversation.send("Does this fail?", model="unknown/model")
    except APIError as error:
        print("failed:  ", error.status_code, "and still there are", len(conversation), "messages")

    fork = conversation.fork()
    fork.send("What would a physicist say?")
    print("fork:    ", len(fork), "messages there and", len(conversation), "here")

    print("tokens:  ", conversation.usage.total_tokens, "consumed")
    left_out = conversation.trim(60)
    print("trimmed: ", len(left_out), "messages left out,", len(conversation), "kept")
    conversation.save(path)


async def go_on(base_url: str, key: str | None, path: Path) -> None:
    """Continue the conversation from its file, in another program."""
    async with AsyncOpper(api_key=key, base_url=base_url) as client:
        conversation = AsyncConversation.load(client, path, model=MODEL)
        print("loaded:  ", *(message["role"] for message in conversation))
        print("model:   ", (await conversation.send("Thank you!")).text)


def main() -> None:
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()), "talk.jsonl")
        key: str | None = None
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            key = "local"
            server = stack.enter_context(LocalServer(models=[MODEL]))
            client = stack.enter_context(Opper(api_key=key, base_url=server.base_url))
        print("Talking to", client.base_url)
        turns(client, path)
        asyncio.run(go_on(client.base_url, key, path))


if __name__ == "__main__":
    main()
