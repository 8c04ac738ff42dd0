"""What the events of a stream have told of a choice: its texts, their log probabilities, its audio, its tool calls.

No I/O.
"""

from __future__ import annotations

from typing import cast

from opper_chat_api.models import ChatCompletionMessage, TokenLogprob

from .._json.codec import is_array, is_object
from .._json.text_buffer import SETTLED_AT, Text
from .._json.values import copied
from .._results.tool_calls import AnyToolCall
from .merge import merged
from .tool_calls import ToolCall


class Said:
    """A text of a choice and its log probabilities so far, and how much of them done events have told."""

    __slots__ = ("length", "logprobs", "settles_at", "text", "told", "told_logprobs")

    def __init__(self) -> None:
        self.text = Text()
        self.length = 0
        self.told = 0
        self.logprobs: list[TokenLogprob] = []
        self.told_logprobs = 0
        self.settles_at = SETTLED_AT
        """At which length the text is to be settled. Whoever adds to it looks: a call for each token costs more."""

    def settle(self) -> None:
        """Have the text take no more memory than it is long."""
        self.settles_at = self.length + SETTLED_AT
        self.text.settle()


class SaidAudio:
    """The audio of a choice so far."""

    __slots__ = ("data", "members", "told", "transcript")

    def __init__(self) -> None:
        self.members: dict[str, object] = {}
        self.data = Said()
        self.transcript = Said()
        self.told = 0
        """Characters of both texts that done events have told."""

    @property
    def id(self) -> str | None:
        """Names the audio, or None where the server has not named it."""
        said = self.members.get("id")
        return said if isinstance(said, str) and said else None

    @property
    def length(self) -> int:
        """Characters of both texts."""
        return self.data.length + self.transcript.length

    def add(self, piece: dict[str, object]) -> tuple[str, str]:
        """Add a piece, and return what it adds to the data and to the transcript."""
        added: list[str] = []
        for name, said in (("data", self.data), ("transcript", self.transcript)):
            text = piece.get(name)
            added.append(text if isinstance(text, str) else "")
            said.text.append(added[-1])
            said.length += len(added[-1])
            if said.length >= said.settles_at:
                said.settle()
        for name, value in piece.items():
            if value is not None:
                have = self.members.get(name)
                # A text is kept aside: its member only says that there is one.
                aside = name in _AUDIO_TEXTS and isinstance(value, str) and not (is_object(have) or is_array(have))
                self.members[name] = "" if aside else merged(name, have, value)
        return added[0], added[1]

    def to_dict(self, data: int | None = None, transcript: int | None = None) -> dict[str, object]:
        """Return the audio as JSON, with no more than these lengths of its texts."""
        audio = {name: copied(member) for name, member in self.members.items()}
        for name, said, length in (("data", self.data, data), ("transcript", self.transcript, transcript)):
            if isinstance(audio.get(name), str):
                audio[name] = said.text.joined()[:length]
        return audio


_AUDIO_TEXTS = ("data", "transcript")


def call_model(call: ToolCall, length: int | None = None) -> AnyToolCall:
    """Return a tool call as a model, with no more than this length of its text."""
    message = ChatCompletionMessage.from_dict({"tool_calls": [call.to_dict(length)]})
    return cast("list[AnyToolCall]", message.tool_calls)[0]
