"""A chat in the terminal. Ctrl-C stops the completion and keeps the chat; Ctrl-C or Ctrl-D at the prompt ends it.

It needs `OPPER_API_KEY`.
"""

import os
import sys

from opper_chat import APIError, Conversation, Opper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

CONTROL_CHARACTERS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
"""All except tabs and newlines. A terminal executes them, so text of a model must not contain them."""


def print_turn(conversation: Conversation, text: str) -> None:
    """Send a message, and print the completion while the model writes it."""
    with conversation.stream(text) as events:
        for event in events:
            if event.type == "content.delta":
                print(event.delta.translate(CONTROL_CHARACTERS), end="", flush=True)
            elif event.type == "done" and event.completion.choices[0].finish_reason != "stop":
                print(f"\n(ended early: {event.completion.choices[0].finish_reason})", end="")
    print()


def chat(conversation: Conversation) -> None:
    """Send what the user types, line by line, until the user ends the chat."""
    while True:
        try:
            text = input("> ")
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if not text.strip():
            continue
        try:
            print_turn(conversation, text)
        except KeyboardInterrupt:
            print("\n(stopped; the model will not remember this turn)")
        except APIError as error:
            print(f"\n(failed: {error})", file=sys.stderr)


def main() -> None:
    with Opper(first_token_timeout=60, idle_timeout=20) as client:
        chat(Conversation(client, system="Be brief.", model=MODEL))


if __name__ == "__main__":
    main()
