"""Get structured outputs: a class instead of a schema, a list, a dict, and retries if the completion does not fit.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Literal

from opper_chat import CompletionError, InvalidArgumentError, Opper
from opper_chat.types import ChatMessageParam

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


@dataclass
class Step:
    """One step of a recipe.

    Attributes:
        text: What to do, in one sentence.
    """

    text: str
    minutes: int = 1


@dataclass
class Recipe:
    """A recipe."""

    name: str
    difficulty: Literal["easy", "hard"]
    steps: list[Step]
    wine: Annotated[str | None, "What to drink with it, if anything."] = None


def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
        parse = client.chat.completions.parse
        messages: list[ChatMessageParam] = [{"role": "user", "content": "How do I make pancakes?"}]

        completion = parse(model=MODEL, messages=messages, response_format=Recipe, retries_on_invalid=1)
        recipe = completion.parsed
        print(recipe.name, f"({recipe.difficulty}):", sum(step.minutes for step in recipe.steps), "minutes")
        print("It took", len(completion.attempts), "requests;", len(completion.rejected), "completions did not fit.")

        for step in parse(model=MODEL, messages=messages, response_format=list[Step]).parsed:
            print("-", step.text)

        try:
            parse(model=MODEL, messages=messages, response_format=Recipe, max_completion_tokens=5)
        except CompletionError as error:  # cut off, withheld, refused, or not fitting
            print(type(error).__name__, "after", repr(error.completion.choices[0].message.content))

        try:
            parse(model=MODEL, messages=messages, response_format=list[dict[str, int]])
        except InvalidArgumentError as error:  # nothing was sent
            print(error)

        counts = parse(model=MODEL, messages=messages, response_format=dict[str, int], strict=False).parsed
        print(sum(counts.values()), "by", sorted(counts))


if __name__ == "__main__":
    main()
