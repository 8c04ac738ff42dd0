"""Scenarios of deltas: the different properties that servers send in chunks, except for tool calls."""

from typing import Any

from .._replies.completion import chunk
from .builders import DONE, HEL, LO, STOP, WHOLE, ScenarioGroup, event, usage

DELTAS = ScenarioGroup("deltas")
CHOICES = ScenarioGroup("choices and usage")
_delta, _choice = DELTAS.complete, CHOICES.complete

_CITED = {
    "type": "url_citation",
    "url_citation": {"url": "https://example.org", "title": "T", "start_index": 0, "end_index": 5},
}
_FUNCTION_CALL = ("get_weather", '{"city": "Oslo"}')
_THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "Greet."}]}


def _delta_chunk(**delta: object) -> dict[str, object]:
    return chunk(delta=delta)


def _escaped(text: str) -> bytes:
    """Return the event of a text with JSON escapes, which are left as they are."""
    return event(_delta_chunk(content="TEXT")).replace(b"TEXT", text.encode())


def _text(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def _choices(*choices: Any) -> dict[str, object]:
    return chunk(choices=list(choices))


_delta(
    "role-in-every-delta",
    "Some servers send the role with every chunk.",
    [chunk("Hel", delta={"role": "assistant"}), chunk("lo", delta={"role": "assistant"}), STOP, DONE],
    message_properties={"role": "assistant"},
)
_delta(
    "role-first",
    "Most servers send the role first, with an empty text.",
    [chunk("", delta={"role": "assistant"}), *WHOLE],
    message_properties={"role": "assistant"},
)
_delta(
    "content-null-then-text",
    "Some servers begin with null.",
    [_delta_chunk(role="assistant", content=None), *WHOLE],
    message_properties={"role": "assistant"},
)
_delta(
    "content-null-in-last-delta",
    "Some servers end with null.",
    [HEL, LO, chunk(delta={"content": None}, finish_reason="stop"), DONE],
)
_delta(
    "text-beside-finish-reason", "Some servers end with the last text.", [HEL, chunk("lo", finish_reason="stop"), DONE]
)
_delta(
    "role-never",
    "Some servers never send the role.",
    message_properties={"role": "assistant"},
)
_delta(
    "content-number",
    "Some servers send a text that is a number as one.",
    [_delta_chunk(content=4), _delta_chunk(content=2), STOP, DONE],
    "42",
)
_delta(
    "character-in-two-deltas",
    "Some servers cut a character that takes two escapes, and send both.",
    [_escaped("Hi \\ud83d"), _escaped("\\ude00"), STOP, DONE],
    "Hi \U0001f600",
    chunks=3,
)
_delta(
    "half-a-character",
    "As above, and one is lost.",
    [_escaped("Hi \\ud83d"), _escaped("!"), STOP, DONE],
    "Hi \ufffd!",
    chunks=3,
)
_delta(
    "content-in-parts",
    "Some servers send the text as a list of parts.",
    [_delta_chunk(content=_text("Hel")), _delta_chunk(content=_text("lo")), STOP, DONE],
)
_delta(
    "content-in-parts-with-reasoning",
    "Some servers send thoughts among the parts.",
    [_delta_chunk(content=[_THINKING]), _delta_chunk(content=_text("Hel")), LO, STOP, DONE],
)
_delta(
    "no-delta",
    "Some servers end a choice without a delta.",
    [HEL, LO, _choices({"index": 0, "finish_reason": "stop"}), DONE],
)
_delta(
    "delta-null",
    "Some servers end a choice with a delta that is null.",
    [HEL, LO, _choices({"index": 0, "delta": None, "finish_reason": "stop"}), DONE],
)
_delta(
    "refusal",
    "A model may refuse.",
    [_delta_chunk(refusal="I can"), _delta_chunk(refusal="not."), STOP, DONE],
    "",
    refusal="I cannot.",
)
_delta(
    "reasoning",
    "Some servers send thoughts as `reasoning`.",
    [_delta_chunk(reasoning="Greet"), _delta_chunk(reasoning="."), *WHOLE],
    reasoning="Greet.",
)
_delta(
    "reasoning-content",
    "Some servers send thoughts as `reasoning_content`.",
    [_delta_chunk(reasoning_content="Greet", content=None), _delta_chunk(reasoning_content="."), *WHOLE],
    reasoning="Greet.",
)
_delta(
    "audio",
    "Audio arrives in parts of base64, with a transcript.",
    [
        _delta_chunk(audio={"id": "audio_1", "transcript": "Hel"}),
        _delta_chunk(audio={"data": "AAAA"}),
        _delta_chunk(audio={"data": "AQID", "transcript": "lo"}),
        _delta_chunk(audio={"expires_at": 9}),
        STOP,
        DONE,
    ],
    "",
    message_properties={"audio": {"id": "audio_1", "transcript": "Hello", "data": "AAAAAQID", "expires_at": 9}},
)
_delta(
    "annotations",
    "Sources arrive with the text.",
    [HEL, LO, _delta_chunk(annotations=[_CITED]), STOP, DONE],
    message_properties={"annotations": [_CITED]},
)
_delta(
    "function-call",
    "Older models call functions in the older way.",
    [
        _delta_chunk(content=None, function_call={"name": _FUNCTION_CALL[0], "arguments": ""}),
        _delta_chunk(function_call={"arguments": '{"city": '}),
        _delta_chunk(function_call={"arguments": '"Oslo"}'}),
        chunk(finish_reason="function_call"),
        DONE,
    ],
    "",
    function_call=_FUNCTION_CALL,
    finish_reasons=("function_call",),
)
_delta(
    "unknown-properties",
    "Servers add properties of their own everywhere.",
    [
        {**HEL, "provider": "p"},
        _delta_chunk(mood={"level": 3}),
        _choices({"index": 0, "delta": {"content": "lo"}, "stop_token": 7}),
        STOP,
        DONE,
    ],
    message_properties={"mood": {"level": 3}},
)

_choice(
    "two-choices",
    "Choices come in turns.",
    [HEL, chunk("Goo", index=1), LO, chunk("d", index=1), STOP, chunk(index=1, finish_reason="length"), DONE],
    other_texts=("Good",),
    finish_reasons=("stop", "length"),
    request={"n": 2},
)
_choice(
    "two-choices-in-a-chunk",
    "Choices may share a chunk.",
    [
        _choices({"index": 0, "delta": {"content": "Hello"}}, {"index": 1, "delta": {"content": "Good"}}),
        _choices(
            {"index": 1, "delta": {}, "finish_reason": "stop"}, {"index": 0, "delta": {}, "finish_reason": "stop"}
        ),
    ],
    other_texts=("Good",),
    finish_reasons=("stop", "stop"),
    request={"n": 2},
)
_choice(
    "two-choices-second-first",
    "Choices come in any order.",
    [chunk("Good", index=1), HEL, LO, STOP, chunk(index=1, finish_reason="stop"), DONE],
    other_texts=("Good",),
    finish_reasons=("stop", "stop"),
    request={"n": 2},
)
_choice(
    "no-index",
    "Some servers leave out the index of the only choice.",
    [_choices({"delta": {"content": "Hel"}}), _choices({"delta": {"content": "lo"}, "finish_reason": "stop"}), DONE],
)
_choice(
    "finish-reason-empty",
    "Some servers have an empty finish reason until there is one.",
    [chunk("Hel", finish_reason=""), chunk("lo", finish_reason=""), STOP],
)
_choice(
    "finish-reason-unknown",
    "Servers invent reasons.",
    [HEL, LO, chunk(finish_reason="eos_token"), DONE],
    finish_reasons=("eos_token",),
)
_choice("finish-reason-then-null", "Some servers go on after the finish reason.", [HEL, LO, STOP, chunk(""), DONE])
CHOICES.truncated(
    "finish-reason-empty-at-the-end", "An empty finish reason is none.", [chunk("Hel", finish_reason="")], "Hel"
)
_choice(
    "new-id-in-every-chunk",
    "Some servers give every chunk an id of its own.",
    [{**each, "id": f"c{number}"} for number, each in enumerate((HEL, LO, STOP))] + [DONE],
)
_choice(
    "id-empty",
    "Some servers give the id first, and then an empty one.",
    [HEL, {**LO, "id": ""}, {**STOP, "id": None}, DONE],
)
_choice(
    "usage-at-the-end",
    "The usage comes in a chunk without choices.",
    [*WHOLE[:3], chunk(choices=[], usage=usage(5, 2)), DONE],
    usage_total=7,
    request={"stream_options": {"include_usage": True}},
)
_choice(
    "usage-without-done",
    "As above, and then the body ends.",
    [*WHOLE[:3], chunk(choices=[], usage=usage(5, 2))],
    usage_total=7,
)
_choice(
    "usage-with-finish-reason",
    "The usage comes with the last choice.",
    [HEL, LO, {**STOP, "usage": usage(5, 2)}, DONE],
    usage_total=7,
)
_choice(
    "usage-in-every-chunk",
    "The usage so far comes with every chunk.",
    [{**HEL, "usage": usage(5, 1)}, {**LO, "usage": usage(5, 2)}, STOP, DONE],
    usage_total=7,
)
_choice(
    "usage-null",
    "The usage is null until there is one.",
    [
        {**HEL, "usage": None},
        {**LO, "usage": None},
        {**STOP, "usage": None},
        chunk(choices=[], usage=usage(5, 2)),
        DONE,
    ],
    usage_total=7,
)
_choice(
    "logprobs",
    "Log probabilities arrive with the text.",
    [
        _choices(
            {
                "index": 0,
                "delta": {"content": "Hello"},
                "logprobs": {"content": [{"token": "Hello", "logprob": -0.1, "bytes": None, "top_logprobs": []}]},
            }
        ),
        STOP,
        DONE,
    ],
    request={"logprobs": True},
)
_choice(
    "bare-chunks",
    "Some servers send the choices and nothing else.",
    [event({"choices": each["choices"]}) for each in (HEL, LO, STOP)] + [DONE],
    chunks=3,
)
