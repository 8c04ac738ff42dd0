"""Chunks → the typed events of a stream. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from opper_chat_api.models import ChatCompletionChunk, ChoiceLogprobs, FunctionCall

from .._json.codec import is_array, is_object
from .._json.lenient import ENDED_WELL, is_finish_reason, may_go_on
from .._results.content import split_content
from .accumulator import Accumulator
from .deltas import piece_of, reasoning_of
from .events import (
    AudioDeltaEvent,
    AudioDoneEvent,
    ChunkEvent,
    ContentDeltaEvent,
    ContentDoneEvent,
    DoneEvent,
    FunctionCallDeltaEvent,
    FunctionCallDoneEvent,
    LogprobsContentDeltaEvent,
    LogprobsContentDoneEvent,
    LogprobsDeltaEvent,
    LogprobsDoneEvent,
    LogprobsRefusalDeltaEvent,
    LogprobsRefusalDoneEvent,
    ReasoningDeltaEvent,
    ReasoningDoneEvent,
    RefusalDeltaEvent,
    RefusalDoneEvent,
    StreamEvent,
    TextDeltaEvent,
    TextDoneEvent,
    ToolCallDeltaEvent,
    ToolCallDoneEvent,
    UsageEvent,
)
from .said import Said, SaidAudio, call_model
from .tool_calls import ToolCall, ToolCalls


class EventMaker:
    """Turns each chunk of a stream into its events. Whoever wants chunks alone makes none and pays nothing."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: ChatCompletionChunk, value: dict[str, object]) -> list[StreamEvent]:
        """Return the events of a chunk, which the accumulator already has and which was read from a JSON object.

        First the chunk, then choice by choice what it adds and what it ends, then usage.
        """
        events: list[StreamEvent] = [ChunkEvent(self._accumulator, chunk)]
        items = choices if is_array(choices := value.get("choices")) else []
        for place, item in enumerate(items):
            if is_object(item):
                number = item.get("index")
                index = number if type(number) is int else place
                choice = self._choices.get(index)
                if choice is None:
                    choice = self._choices[index] = _Choice(index)
                logprobs = chunk.choices[place].logprobs if len(chunk.choices) == len(items) else None
                events.extend(choice.add(item, logprobs))
        if chunk.usage is not None:
            events.append(UsageEvent(self._accumulator, chunk.usage))
        return events

    def finish(self) -> list[StreamEvent]:
        """Return the events that close a complete stream: what is not done yet, then the completion."""
        events: list[StreamEvent] = []
        for _, choice in sorted(self._choices.items()):
            events.extend(choice.close(complete=True))
        return [*events, DoneEvent(self._accumulator.snapshot())]


class _Choice:
    """What was told about one choice. Keeps texts of its own, so that reading chunks alone need keep no more."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._begun = False
        self._finish_reason: object = None
        self._has_output = False
        self._went_on = False
        self._goes_on = False
        """Whether the latest finish reason may mark no end: it came with the first output, or output came after it."""
        self._said = {name: Said() for name in _TEXTS}
        self._calls = ToolCalls()
        self._latest: ToolCall | None = None
        self._done: set[int] = set()
        self._audio: SaidAudio | None = None
        self._function_call: ToolCall | None = None
        self._function_done = False

    def add(self, item: dict[str, object], logprobs: ChoiceLogprobs | None) -> list[StreamEvent]:
        """Return the events of a piece. What is done is told with the finish reason, or behind it."""
        events = list(self._pieces(item, logprobs))
        reason = item.get("finish_reason")
        if reason is not None and not is_finish_reason(reason):
            reason = None
        if reason or self._finish_reason:
            if not self._finish_reason:
                self._goes_on = bool(events) and not self._has_output and may_go_on(item)
            elif events:
                self._goes_on = self._went_on = True
            elif not self._went_on:
                self._goes_on = False
            self._finish_reason = reason or self._finish_reason
            events.extend(self._close_calls(complete=False) if self._goes_on else self.close(complete=False))
        if events:
            self._has_output = True
        return events

    def _pieces(self, item: dict[str, object], logprobs: ChoiceLogprobs | None) -> Iterator[StreamEvent]:
        delta = piece_of(item, not self._begun, self._said_of)
        self._begun = self._begun or any(piece is not None for piece in delta.values())
        content, parts = split_content(delta.get("content"))
        pieces = (reasoning_of(delta, parts), content, delta.get("refusal"))
        for (name, said), piece in zip(self._said.items(), pieces, strict=True):
            if isinstance(piece, str) and piece:
                said.text.append(piece)
                said.length += len(piece)
                if said.length >= said.settles_at:
                    said.settle()
                yield _TEXTS[name][0](self._index, piece, said, said.length)
        if fragments := delta.get("tool_calls"):
            for position, fragment in enumerate(fragments if is_array(fragments) else [fragments]):
                if is_object(fragment):
                    yield from self._add_fragment(fragment, position)
        if "audio" in delta and is_object(piece := delta["audio"]) and piece:
            yield self._add_audio(piece)
        if "function_call" in delta and is_object(piece := delta["function_call"]) and piece:
            yield self._add_function_call(piece)
        if logprobs is not None:
            for name, tokens in (("content", logprobs.content), ("refusal", logprobs.refusal)):
                if tokens:
                    said = self._said[name]
                    said.logprobs.extend(tokens)
                    yield _LOGPROBS[name][0](self._index, tokens, said, len(said.logprobs))

    def close(self, *, complete: bool) -> Iterator[StreamEvent]:
        """Tell what is done. What a server adds after a finish reason is told when the stream is complete."""
        for name, said in self._said.items():
            if said.told < said.length:
                said.told = said.length
                yield _TEXTS[name][1](self._index, said.text.joined())
            if said.told_logprobs < len(said.logprobs):
                said.told_logprobs = len(said.logprobs)
                yield _LOGPROBS[name][1](self._index, list(said.logprobs))
        if (audio := self._audio) is not None and audio.told < audio.length:
            audio.told = audio.length
            texts = audio.data.text.joined(), audio.transcript.text.joined()
            yield AudioDoneEvent(self._index, audio.id, *texts, audio.to_dict())
        yield from self._close_calls(complete=complete)

    def _close_calls(self, *, complete: bool) -> Iterator[StreamEvent]:
        for call in self._calls.calls:
            yield from self._close_call(call, complete=complete)
        if self._function_call is not None and not self._function_done:
            yield from self._close_function_call(self._function_call, complete=complete)

    def _said_of(self, name: str) -> object:
        """Return a member of the message so far, as JSON."""
        if name == "tool_calls":
            return [call.to_dict() for call in self._calls.in_order()]
        if name == "function_call":
            return self._function_call and self._function_call.body()
        if name == "audio":
            return self._audio and self._audio.to_dict()
        said = self._said.get("reasoning" if name == "reasoning_content" else name)
        return said.text.joined() if said else None

    def _add_audio(self, piece: dict[str, object]) -> StreamEvent:
        self._audio = audio = self._audio or SaidAudio()
        data, transcript = audio.add(piece)
        lengths = audio.data.length, audio.transcript.length
        return AudioDeltaEvent(self._index, audio.id, data, transcript, audio, *lengths)

    def _add_function_call(self, piece: dict[str, object]) -> StreamEvent:
        self._function_call = call = self._function_call or ToolCall(0, 0)
        call.add({"function": piece})
        return FunctionCallDeltaEvent(self._index, call.name, call.delta, call, call.length)

    def _add_fragment(self, fragment: dict[str, object], position: int) -> Iterator[StreamEvent]:
        before, known = self._latest, len(self._calls.calls)
        self._latest = call = self._calls.add(fragment, position)
        if before is not None and call.tool_index == known:
            yield from self._close_call(before, complete=False)
        deltas = ("", call.delta) if call.is_custom else (call.delta, "")
        yield ToolCallDeltaEvent(self._index, call.tool_index, call.id, call.name, *deltas, call, call.length)

    def _close_call(self, call: ToolCall, *, complete: bool) -> Iterator[StreamEvent]:
        certain = complete and self._finish_reason in ENDED_WELL
        if call.tool_index in self._done:
            return
        if (whole := call.whole(certain=certain)) is not None:
            self._done.add(call.tool_index)
            name, text, value, problem = whole
            yield ToolCallDoneEvent(self._index, call.tool_index, name, text, value, call_model(call), problem)

    def _close_function_call(self, call: ToolCall, *, complete: bool) -> Iterator[StreamEvent]:
        certain = complete and self._finish_reason in ENDED_WELL
        if call.name and (whole := call.whole(certain=certain)) is not None:  # one without a name is no model
            self._function_done = True
            name, text, value, problem = whole
            model = FunctionCall.from_dict(call.body())
            yield FunctionCallDoneEvent(self._index, name, text, value, model, problem)


_TEXTS: dict[str, tuple[type[TextDeltaEvent], type[TextDoneEvent]]] = {
    "reasoning": (ReasoningDeltaEvent, ReasoningDoneEvent),
    "content": (ContentDeltaEvent, ContentDoneEvent),
    "refusal": (RefusalDeltaEvent, RefusalDoneEvent),
}
_LOGPROBS: dict[str, tuple[type[LogprobsDeltaEvent], type[LogprobsDoneEvent]]] = {
    "content": (LogprobsContentDeltaEvent, LogprobsContentDoneEvent),
    "refusal": (LogprobsRefusalDeltaEvent, LogprobsRefusalDoneEvent),
}
