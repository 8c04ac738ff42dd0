"""Estimate the tokens of messages, and choose the messages to drop so that the rest fits. No I/O, no tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._errors.api import InvalidArgumentError
from .._json.codec import is_array, is_object

CHARACTERS_PER_TOKEN = 4
"""For English text: https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them."""

TOKENS_PER_MESSAGE = 4
"""For the role and the delimiters of a message."""

IMAGE_TOKENS = 765
"""For an image of 1024 by 1024 pixels: four tiles of 170 tokens, and 85 for the whole.

Source: https://platform.openai.com/docs/guides/images-vision, "Calculating costs".
"""

LOW_IMAGE_TOKENS = 85
"""For an image of any size with ``detail`` ``low``. Source: the same page."""

AUDIO_BYTES_PER_TOKEN = {"mp3": 1600, "wav": 4800}
"""One token for each tenth of a second (https://platform.openai.com/docs/guides/realtime-costs), in MP3 at 128 kbit/s
and in WAV at 24 kHz with 16 bits."""

FILE_TOKENS = 2000
"""For a file of any size that is not text. A text file counts as text."""

_NOT_COUNTED = frozenset({"role", "type", "id", "tool_call_id"})

_INSTRUCTION_ROLES = ("system", "developer")


def estimate_tokens(message: Mapping[str, object]) -> int:
    """Estimate the number of tokens of a message, without a tokenizer.

    Counts one token for every four characters of text, tool calls and reasoning included, and four for the message. An
    image counts as 765 tokens, or 85 with low detail, audio as one for each tenth of a second, and a file that is not
    text as 2,000. Languages other than English, and code, can take up to twice as many.

    Args:
        message: the message, as a plain dict.

    Returns:
        The number of tokens.
    """
    characters, tokens = 0, TOKENS_PER_MESSAGE
    pending: list[object] = [value for name, value in message.items() if name not in _NOT_COUNTED]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            characters += len(value)
        elif is_array(value):
            pending.extend(value)
        elif is_object(value):
            if (cost := _media_tokens(value)) is not None:
                tokens += cost
            else:
                pending.extend(item for name, item in value.items() if name not in _NOT_COUNTED)
    # Rounded up.
    return tokens - (-characters // CHARACTERS_PER_TOKEN)


def _media_tokens(value: Mapping[str, object]) -> int | None:
    """Return the tokens of an image, audio or a file, or None for anything else."""
    kind = value.get("type")
    body = value.get(kind) if isinstance(kind, str) else value
    if not is_object(body):
        return None
    if kind == "image_url":
        return LOW_IMAGE_TOKENS if body.get("detail") == "low" else IMAGE_TOKENS
    data = body.get("data")
    if isinstance(data, str) and (kind == "input_audio" or "transcript" in body):  # of the user, or of the model
        rate = AUDIO_BYTES_PER_TOKEN["mp3" if body.get("format") == "mp3" else "wav"]
        return -(-_decoded_length(data) // rate)
    if kind == "file":
        content = body.get("file_data")
        if isinstance(content, str) and content.startswith("data:text/"):
            return -(-_decoded_length(content) // CHARACTERS_PER_TOKEN)
        return FILE_TOKENS
    return None


def _decoded_length(data: str) -> int:
    return len(data) * 3 // 4


def messages_to_drop(messages: Sequence[Mapping[str, object]], sizes: Sequence[int], budget: int) -> set[int]:
    """Return the indexes of the messages to drop, so that the sizes of the rest are within the budget.

    Drops the oldest first: whole turns, from one user message to the next; then, if the last turn is too large, its
    rounds except the last. A round is a message of the model together with the results of its tool calls. Never drops
    the instructions, the last user message and the last round after it. A budget that is too small for them is refused.
    """
    total = sum(sizes)
    dropped: set[int] = set()
    for group in _droppable_groups(messages):
        if total <= budget:
            break
        dropped.update(group)
        total -= sum(sizes[index] for index in group)
    if total > budget:
        hint = "The instructions, the last user message and the last messages after it are never left out."
        raise InvalidArgumentError("max_tokens", f"at least {total}", str(budget), hint)
    return dropped


def _droppable_groups(messages: Sequence[Mapping[str, object]]) -> Iterator[list[int]]:
    """Yield groups of messages that can be dropped, oldest first, as the indexes of the messages."""
    turns = _turns(messages)
    for turn in turns[:-1]:
        yield [index for round_ in turn for index in round_]
    if turns:
        last = turns[-1]
        # Not the user message, with which the turn begins, and not the last round, which the model continues.
        yield from last[1 if messages[last[0][0]].get("role") == "user" else 0 : -1]


def _turns(messages: Sequence[Mapping[str, object]]) -> list[list[list[int]]]:
    """Return the turns, as lists of rounds, which are lists of indexes. No turn contains the instructions."""
    turns: list[list[list[int]]] = []
    round_of_call: dict[tuple[str, object], list[int]] = {}
    for index, message in enumerate(messages):
        role = message.get("role")
        if role in _INSTRUCTION_ROLES:
            continue
        if role == "user" or not turns:
            turns.append([])
        # A result belongs to the round of its call, also if other messages are between them.
        round_ = round_of_call.get((str(role), message.get("name" if role == "function" else "tool_call_id")))
        if role in ("tool", "function") and round_ is not None:
            round_.append(index)
            continue
        round_ = [index]
        turns[-1].append(round_)
        for call in _calls(message):
            round_of_call[call] = round_
    return turns


def _calls(message: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the calls of a message: the role of the message with the result, and the id or name that it repeats."""
    calls = message.get("tool_calls")
    for call in calls if is_array(calls) else ():
        if is_object(call):
            yield "tool", _string(call.get("id"))
    function = message.get("function_call")
    if is_object(function):
        yield "function", _string(function.get("name"))


def _string(value: object) -> object:
    return value if isinstance(value, str) else None
