"""Build the typed events of a stream from its chunks. No I/O.

The accumulator merges the stream, and events are built from what each chunk added to it. The builder keeps no text of
its own, except where the text of an event is not a text of the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from opper_chat_api.models import ChoiceLogprobs, FunctionCall

from .._json.codec import is_array, is_object
from .._json.lenient import UNCUT_REASONS, is_finish_reason, may_continue
from .._json.text_buffer import COMPACT_SIZE, TextBuffer, joined_text, text_length
from .._json.values import copy_json
from .._results.content import split_content, split_parts
from .._results.tool_calls import nonempty_text
from . import events as ev
from .accumulator import Accumulator
from .choice import ChoiceAccumulator
from .chunk_templates import DecodedChunk
from .deltas import THINKING_TYPES
from .events import StreamEvent
from .tool_calls import Fragment, PartialToolCall


class EventBuilder:
    """Builds the events of each chunk of a stream."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._choices: dict[int, _ChoiceEvents] = {}

    def build(self, chunk: DecodedChunk) -> list[StreamEvent]:
        """Return the events of the chunk that was added to the accumulator last.

        First comes the chunk, then for each choice what the chunk added and what it ended, then the usage.
        """
        model = chunk.model
        events: list[StreamEvent] = [ev.ChunkEvent(self._accumulator, model)]
        template = chunk.template
        if chunk.only_adds_text and template is not None:
            if chunk.text:
                events += self._choice(template.index).add_text(template.name, chunk.text)
            return events
        additions = self._accumulator.additions
        # They differ if an item of the list is not an object. Then no choice of the model belongs to an addition.
        choices = model.choices if len(model.choices) == len(additions) else ()
        for position, (index, item, delta, fragments) in enumerate(additions):
            logprobs = choices[position].logprobs if choices else None
            events += self._choice(index).add(item, delta, fragments, logprobs)
        if model.usage is not None:
            events.append(ev.UsageEvent(self._accumulator, model.usage))
        return events

    def finish(self) -> list[StreamEvent]:
        """Return the events at the end of a complete stream: the done events that are missing, then the completion."""
        events: list[StreamEvent] = []
        for _, choice in sorted(self._choices.items()):
            events += choice.close(complete=True)
        return [*events, ev.DoneEvent(self._accumulator.snapshot())]

    def _choice(self, index: int) -> _ChoiceEvents:
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _ChoiceEvents(index, self._accumulator.choice(index))
        return choice


class _TextProgress:
    """How much of a text the events of a choice have covered.

    Attributes:
        buffer: the text. It is the accumulator's, as long as that one has the same length, and else a copy.
        length: the length of the text in the delta events so far.
        done: the length of the text in the done events so far.
    """

    __slots__ = ("_is_copy", "buffer", "delta_event", "done", "done_event", "length")

    def __init__(
        self,
        delta_event: type[ev.TextDeltaEvent],
        done_event: type[ev.ContentDoneEvent | ev.RefusalDoneEvent | ev.ReasoningDoneEvent],
    ) -> None:
        self.delta_event = delta_event
        self.done_event = done_event
        self.buffer = TextBuffer()
        self._is_copy = False
        self.length = 0
        self.done = 0

    def add(self, delta: str, accumulated: object) -> bool:
        """Add a delta, which the accumulator has added to a text of the message, if any.

        Returns:
            Whether the buffer is the accumulator's.
        """
        before = self.length
        self.length += len(delta)
        if not self._is_copy:
            is_same = accumulated is self.buffer or not before
            if is_same and isinstance(accumulated, TextBuffer) and accumulated.length == self.length:
                self.buffer = accumulated
                return True
            self.buffer = TextBuffer.of(self.buffer.joined()[:before])
            self._is_copy = True
        self.buffer.append(delta)
        if self.buffer.tell() >= COMPACT_SIZE:
            self.buffer.compact()
        return False


class _ChoiceEvents:
    """Builds the events of one choice, and remembers which done events it has emitted."""

    def __init__(self, index: int, choice: ChoiceAccumulator) -> None:
        self._index = index
        self._choice = choice
        self._has_output = False
        self._has_ended = False
        self._has_continued = False
        self._may_continue = False
        """Whether the finish reason may not mark the end: it came with the first output, or output came after it."""
        self._texts = {
            "reasoning": _TextProgress(ev.ReasoningDeltaEvent, ev.ReasoningDoneEvent),
            "content": _TextProgress(ev.ContentDeltaEvent, ev.ContentDoneEvent),
            "refusal": _TextProgress(ev.RefusalDeltaEvent, ev.RefusalDoneEvent),
        }
        self._shared_texts: dict[str, _TextProgress] = {}
        """The texts whose buffers are the accumulator's, by the properties of the message."""
        self._logprobs_emitted = {"content": 0, "refusal": 0}
        self._logprobs_done = {"content": 0, "refusal": 0}
        self._audio_done = 0
        self._known_calls = 0
        self._latest_call: PartialToolCall | None = None
        self._calls_done: set[int] = set()
        self._function_call_done = False

    def add_text(self, name: str, delta: str) -> list[StreamEvent]:
        """Return the events of a chunk that only adds to a text of the message."""
        text = self._shared_texts.get(name)
        if text is None or self._has_ended:
            return self.add({}, {name: delta}, (), None)
        text.length += len(delta)
        return [text.delta_event(self._index, delta, text.buffer, text.length)]

    def add(
        self,
        item: dict[str, Any],
        delta: dict[str, Any],
        fragments: Sequence[Fragment],
        logprobs: ChoiceLogprobs | None,
    ) -> list[StreamEvent]:
        """Return the events of what a chunk adds. Done events come with the finish reason, or after it."""
        events = self._text_events(delta)
        if fragments:
            events += self._tool_call_events(fragments)
        if "audio" in delta and is_object(fragment := delta["audio"]) and fragment:
            events += self._audio_events(fragment)
        if "function_call" in delta and is_object(fragment := delta["function_call"]) and fragment:
            events += self._function_call_events()
        if logprobs is not None:
            events += self._logprobs_events(logprobs)
        reason = item.get("finish_reason")
        if reason is not None and not is_finish_reason(reason):
            reason = None
        if reason or self._has_ended:
            # Some servers send a finish reason with every chunk. One that comes with the first output marks the end if
            # the next chunk has no output; one that output has followed never does.
            if not self._has_ended:
                self._may_continue = bool(events) and not self._has_output and may_continue(item)
            elif events:
                self._may_continue = self._has_continued = True
            elif not self._has_continued:
                self._may_continue = False
            self._has_ended = True
            events += self._close_calls(complete=False) if self._may_continue else self.close(complete=False)
        if events:
            self._has_output = True
        return events

    def close(self, *, complete: bool) -> list[StreamEvent]:
        """Return the done events that are missing.

        Args:
            complete: whether the stream is complete, so that nothing more can come, for any finish reason.
        """
        events: list[StreamEvent] = []
        for name, text in self._texts.items():
            if text.done < text.length:
                text.done = text.length
                events.append(text.done_event(self._index, text.buffer.joined()))
            if name in _LOGPROBS and self._logprobs_done[name] < (emitted := self._logprobs_emitted[name]):
                self._logprobs_done[name] = emitted
                events.append(_LOGPROBS[name][1](self._index, self._tokens(name)[:emitted]))
        audio = self._choice.message.get("audio")
        if is_object(audio) and self._audio_done < (length := sum(_audio_lengths(audio))):
            self._audio_done = length
            texts = joined_text(audio.get("data")), joined_text(audio.get("transcript"))
            value = cast("dict[str, object]", copy_json(audio))
            events.append(ev.AudioDoneEvent(self._index, nonempty_text(audio.get("id")), *texts, value))
        return events + self._close_calls(complete=complete)

    def _text_events(self, delta: dict[str, Any]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        content, parts = split_content(delta.get("content"))
        added = [
            ("reasoning", *_reasoning_delta(delta, parts)),
            ("content", "content", content),
            ("refusal", "refusal", delta.get("refusal")),
        ]
        for name, source, fragment in added:
            if isinstance(fragment, str) and fragment:
                text = self._texts[name]
                if text.add(fragment, self._choice.message.get(source)):
                    self._shared_texts[source] = text
                else:
                    self._shared_texts = {key: other for key, other in self._shared_texts.items() if other is not text}
                events.append(text.delta_event(self._index, fragment, text.buffer, text.length))
        return events

    def _tool_call_events(self, fragments: Sequence[Fragment]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        latest = {call.tool_index: number for number, (call, _, _) in enumerate(fragments)}
        for number, (call, delta, length) in enumerate(fragments):
            before, self._latest_call = self._latest_call, call
            if call.tool_index >= self._known_calls:
                self._known_calls = call.tool_index + 1
                # Servers send calls one after another: a new call ends the one before, unless this chunk has more of
                # that one.
                if before is not None and latest.get(before.tool_index, -1) < number:
                    events += self._close_call(before, complete=False)
            deltas = ("", delta) if call.is_custom else (delta, "")
            events.append(
                ev.ToolCallDeltaEvent(self._index, call.tool_index, call.id, call.name, *deltas, call, length)
            )
        return events

    def _audio_events(self, delta: dict[str, object]) -> list[StreamEvent]:
        audio = self._choice.message.get("audio")
        if not is_object(audio):
            return []
        deltas = joined_text(delta.get("data")), joined_text(delta.get("transcript"))
        call_id = nonempty_text(audio.get("id"))
        return [ev.AudioDeltaEvent(self._index, call_id, *deltas, audio, *_audio_lengths(audio))]

    def _function_call_events(self) -> list[StreamEvent]:
        call = self._choice.function_call
        if call is None:
            return []
        return [ev.FunctionCallDeltaEvent(self._index, call.name, call.delta, call, call.length)]

    def _logprobs_events(self, logprobs: ChoiceLogprobs) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for name, delta in (("content", logprobs.content), ("refusal", logprobs.refusal)):
            tokens = self._tokens(name) if delta else []
            if delta and tokens:
                self._logprobs_emitted[name] = len(tokens)
                events.append(_LOGPROBS[name][0](self._index, delta, tokens, len(tokens)))
        return events

    def _tokens(self, name: str) -> list[object]:
        """Return the log probabilities of the tokens of a text as JSON."""
        tokens = self._choice.logprobs and self._choice.logprobs.get(name)
        return tokens if is_array(tokens) else []

    def _close_calls(self, *, complete: bool) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if self._choice.calls is not None:
            for call in self._choice.calls.calls:
                events += self._close_call(call, complete=complete)
        function_call = self._choice.function_call
        if (
            function_call is not None
            and not self._function_call_done
            and function_call.name  # a call without a name has no model
            and (whole := self._whole(function_call, complete=complete)) is not None
        ):
            self._function_call_done = True
            name, text, value, problem = whole
            model = FunctionCall.from_dict(function_call.body())
            events.append(ev.FunctionCallDoneEvent(self._index, name, text, value, model, problem))
        return events

    def _close_call(self, call: PartialToolCall, *, complete: bool) -> list[StreamEvent]:
        if call.tool_index in self._calls_done or (whole := self._whole(call, complete=complete)) is None:
            return []
        self._calls_done.add(call.tool_index)
        name, text, value, problem = whole
        return [ev.ToolCallDoneEvent(self._index, call.tool_index, name, text, value, call.to_model(), problem)]

    def _whole(self, call: PartialToolCall, *, complete: bool) -> tuple[str, str, object, str] | None:
        return call.whole(certain=complete and self._choice.finish_reason in UNCUT_REASONS)


def _reasoning_delta(delta: dict[str, Any], parts: list[object]) -> tuple[str, str]:
    """Return the reasoning in a delta.

    Servers that have two names for the reasoning send the same text under both: the first non-empty one counts.

    Args:
        delta: the delta as JSON.
        parts: the parts of its content that are not text.

    Returns:
        The property that has the reasoning, empty if it is in the parts, and the text.
    """
    for name in ("reasoning_content", "reasoning"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            return name, text
    texts: list[str] = []
    for part in parts:
        if is_object(part) and part.get("type") in THINKING_TYPES:
            thought = next((part[name] for name in ("thinking", "reasoning", "text") if part.get(name)), "")
            texts.append(split_parts(thought if is_array(thought) else [thought])[0])
    return "", "".join(texts)


def _audio_lengths(audio: dict[str, object]) -> tuple[int, int]:
    return text_length(audio.get("data")), text_length(audio.get("transcript"))


_LOGPROBS: dict[str, tuple[type[ev.LogprobsDeltaEvent], type[ev.LogprobsDoneEvent]]] = {
    "content": (ev.LogprobsContentDeltaEvent, ev.LogprobsContentDoneEvent),
    "refusal": (ev.LogprobsRefusalDeltaEvent, ev.LogprobsRefusalDoneEvent),
}
