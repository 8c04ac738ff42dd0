"""What of a conversation is left out so that the rest fits into a number of tokens. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._errors.api import InvalidArgumentError
from .._json.codec import is_array, is_object

CHARACTERS_A_TOKEN = 4
"""Of English text: https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them."""

TOKENS_A_MESSAGE = 4
"""For the role and the bounds of a message, which every format of a conversation writes somehow."""

IMAGE_TOKENS = 765
"""A picture of 1024 by 1024: four tiles of 170 tokens, and 85 for the whole.

https://platform.openai.com/docs/guides/images-vision, Calculating costs.
"""

LOW_IMAGE_TOKENS = 85
"""A picture of any size whose ``detail`` is ``low``. The same page."""

SOUND_BYTES_A_TOKEN = {"mp3": 1600, "wav": 4800}
"""A token for each tenth of a second (https://platform.openai.com/docs/guides/realtime-costs), of MP3 at 128 kbit/s or
of WAV at 24 kHz with 16 bits."""

FILE_TOKENS = 2000
"""A file that is no text: what is in it cannot be told from outside. Text counts as text."""

_UNSAID = frozenset({"role", "type", "id", "tool_call_id"})

_KEPT = ("system", "developer")


def estimate_tokens(message: Mapping[str, object]) -> int:
    """Return about how many tokens a message takes, without a tokenizer.

    A token for every four characters of whatever text is in it, tool calls and reasoning included, and four for the
    message itself. A picture counts as 765 tokens, or 85 where its detail is low, sound as one for each tenth of a
    second, a file that is no text as 2,000. Other languages than English, and code, take up to twice as many.

    Args:
        message: as a plain dict.
    """
    characters, tokens = 0, TOKENS_A_MESSAGE
    waiting: list[object] = [value for name, value in message.items() if name not in _UNSAID]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            characters += len(value)
        elif is_array(value):
            waiting.extend(value)
        elif is_object(value):
            if (cost := _medium(value)) is not None:
                tokens += cost
            else:
                waiting.extend(item for name, item in value.items() if name not in _UNSAID)
    return tokens - (-characters // CHARACTERS_A_TOKEN)


def _medium(value: Mapping[str, object]) -> int | None:
    """What a picture, a sound or a file takes; None for anything else."""
    kind = value.get("type")
    said = value.get(kind) if isinstance(kind, str) else value
    if not is_object(said):
        return None
    if kind == "image_url":
        return LOW_IMAGE_TOKENS if said.get("detail") == "low" else IMAGE_TOKENS
    data = said.get("data")
    if isinstance(data, str) and (kind == "input_audio" or "transcript" in said):  # sent, or spoken by the model
        rate = SOUND_BYTES_A_TOKEN["mp3" if said.get("format") == "mp3" else "wav"]
        return -(-_decoded_length(data) // rate)
    if kind == "file":
        content = said.get("file_data")
        if isinstance(content, str) and content.startswith("data:text/"):
            return -(-_decoded_length(content) // CHARACTERS_A_TOKEN)
        return FILE_TOKENS
    return None


def _decoded_length(data: str) -> int:
    return len(data) * 3 // 4


def to_drop(messages: Sequence[Mapping[str, object]], sizes: Sequence[int], budget: int) -> set[int]:
    """Return the places of the messages to leave out, so that the sizes of the rest are within the budget.

    Oldest first, in pieces: whole turns, from one message of the user's to the next; where the turn that goes on is
    itself too large, the rounds of it but for the last. A round is a message of the model's, with the answers to the
    tools that it called. What is never left out are the instructions, the last message of the user's, and the last
    round after it.

    Raises:
        InvalidArgumentError: what is never left out is too large.
    """
    left = sum(sizes)
    dropped: set[int] = set()
    for piece in _pieces(messages):
        if left <= budget:
            break
        dropped.update(piece)
        left -= sum(sizes[place] for place in piece)
    if left > budget:
        kept = "The instructions, the last message of the user's and what followed it are never left out."
        raise InvalidArgumentError("max_tokens", f"at least {left}", str(budget), kept)
    return dropped


def _pieces(messages: Sequence[Mapping[str, object]]) -> Iterator[list[int]]:
    """Find what may be left out, oldest first, each piece as the places of its messages."""
    turns = _turns(messages)
    for turn in turns[:-1]:
        yield [place for exchange in turn for place in exchange]
    if turns:
        last = turns[-1]
        yield from last[1 if messages[last[0][0]].get("role") == "user" else 0 : -1]


def _turns(messages: Sequence[Mapping[str, object]]) -> list[list[list[int]]]:
    """Find the turns: lists of rounds, which are lists of places. Instructions are in none."""
    turns: list[list[list[int]]] = []
    asked: dict[tuple[str, object], list[int]] = {}
    for place, message in enumerate(messages):
        role = message.get("role")
        if role in _KEPT:
            continue
        if role == "user" or not turns:
            turns.append([])
        # An answer belongs to its call, wherever it stands.
        called = asked.get((str(role), message.get("name" if role == "function" else "tool_call_id")))
        if role in ("tool", "function") and called is not None:
            called.append(place)
            continue
        exchange = [place]
        turns[-1].append(exchange)
        for call in _calls(message):
            asked[call] = exchange
    return turns


def _calls(message: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Find the calls that a message makes: the role of the message that answers each, and what names the call there."""
    calls = message.get("tool_calls")
    for call in calls if is_array(calls) else ():
        if is_object(call):
            yield "tool", _hashable(call.get("id"))
    function = message.get("function_call")
    if is_object(function):
        yield "function", _hashable(function.get("name"))


def _hashable(value: object) -> object:
    return value if isinstance(value, str) else None
