"""Every fault scenario through both clients: what they hand out, how they end, and what they leave behind."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    Opper,
    StreamTruncatedError,
)
from opper_chat.testing import SCENARIOS, LocalServer, Outcome, Scenario
from opper_chat_api.models import ChatCompletion

ENDINGS: dict[type[Exception], str] = {
    StreamTruncatedError: "truncated",
    APIConnectionError: "cut",
    APIResponseValidationError: "invalid",
    APITimeoutError: "timeout",
    APIError: "error",
}

LIMITS = httpx.Limits(max_connections=1)
TIMEOUT = httpx.Timeout(20, pool=1)
"""Whoever does not get the only connection soon fails."""


@dataclass
class Run:
    """What a client made of a scenario."""

    handed: list[Any] = field(default_factory=list)
    """The chunks or events."""
    status: int | None = None
    final: ChatCompletion | None = None
    error: APIError | None = None
    again: APIError | None = None
    """What asking for the final completion raised after the error."""
    after: ChatCompletion | None = None
    """A plain answer, made while the stream is at hand and not closed."""

    @property
    def outcome(self) -> Outcome:
        chunks = sum(getattr(one, "type", "chunk") == "chunk" for one in self.handed)
        facts: dict[str, Any] = {"chunks": chunks, "status": self.status}
        if self.error is None:
            assert self.final is not None
            return Outcome.of("complete", self.final.to_dict(), **facts)
        error: Any = self.error
        kind = APIError if isinstance(error, APIStatusError) else type(error)
        facts |= {"status": error.status_code, "timeout_kind": getattr(error, "timeout_kind", None)}
        facts |= {"error_message": error.message, "error_type": error.type, "error_code": error.code}
        partial = error.partial and error.partial.to_dict()
        return Outcome.of(ENDINGS[kind], partial, **facts)  # type: ignore[arg-type]


def run(kind: str, server: LocalServer, scenario: Scenario, *, events: bool) -> Run:
    """Run a scenario and, before its stream is closed, a plain call through the same pool of one connection."""
    server.reply(scenario.reply())
    params: Any = {"messages": HELLO, **scenario.request, **scenario.settings}
    return run_sync(server, params, events) if kind == "sync" else asyncio.run(run_async(server, params, events))


def run_sync(server: LocalServer, params: Any, events: bool) -> Run:
    result = Run()
    with httpx.Client(limits=LIMITS, timeout=TIMEOUT, verify=False) as own:
        client = Opper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
        completions = client.chat.completions
        stream: Any = None
        try:
            stream = completions.stream(**params).__enter__() if events else completions.create(stream=True, **params)
            result.status = stream.response.status_code
            for one in stream:
                result.handed.append(one)
            result.final = stream.get_final_completion()
        except APIError as error:
            result.error = error
        result.after = completions.create(messages=HELLO)  # type: ignore[arg-type]
        if stream is not None:
            try:
                stream.get_final_completion()
            except APIError as error:
                result.again = error
            stream.close()
    return result


async def run_async(server: LocalServer, params: Any, events: bool) -> Run:
    result = Run()
    async with httpx.AsyncClient(limits=LIMITS, timeout=TIMEOUT, verify=False) as own:
        client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
        completions = client.chat.completions
        stream: Any = None
        try:
            if events:
                stream = await completions.stream(**params).__aenter__()
            else:
                stream = await completions.create(stream=True, **params)
            result.status = stream.response.status_code
            async for one in stream:
                result.handed.append(one)
            result.final = await stream.get_final_completion()
        except APIError as error:
            result.error = error
        result.after = await completions.create(messages=HELLO)  # type: ignore[arg-type]
        if stream is not None:
            try:
                await stream.get_final_completion()
            except APIError as error:
                result.again = error
            await stream.close()
    return result


def joined(handed: list[Any]) -> str:
    """The text of the first choice, from chunks."""
    choices = [choice for chunk in handed for choice in chunk.choices if not choice.index]
    text = "".join(text_of(choice.delta.to_dict().get("content")) for choice in choices)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def text_of(content: Any) -> str:
    """The text of a content, which some servers send in parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return "" if content is None else str(content)


def check_ending(scenario: Scenario, done: Run) -> None:
    """The truth in the completion and the error; and a connection that was free again."""
    assert scenario.outcome.differences(done.outcome) == {}
    assert done.after is not None
    if done.error is None:
        return
    assert done.error.chunks_received == done.outcome.chunks
    assert bool(done.error.headers) == (done.error.status_code is not None)
    assert done.error.request_id == done.error.headers.get("x-request-id")
    assert done.error.partial is not None or (scenario.outcome.text == "" and not done.handed)
    assert done.again is None or type(done.again) is type(done.error)
    assert isinstance(done.error, APIStatusError) == (scenario.outcome.status not in (200, None))
    if isinstance(done.error, APITimeoutError):
        kind: Any = done.error.timeout_kind
        assert (
            done.error.seconds
            == scenario.settings[{"read": "timeout", "deadline": "deadline"}.get(kind, f"{kind}_timeout")]
        )


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_chunks(server: LocalServer, kind: str, scenario: Scenario) -> None:
    """The truth: every chunk that came, then the ending."""
    done = run(kind, server, scenario, events=False)
    check_ending(scenario, done)
    said = done.final or (done.error and done.error.partial)
    text = said.choices[0].message.content or "" if said and said.choices else ""
    if scenario.outcome.chunks is None:
        assert text.startswith(joined(done.handed))  # a chunk that is an error as well is not handed out
    else:
        assert joined(done.handed) == text


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_events(server: LocalServer, kind: str, scenario: Scenario) -> None:
    """The truth in events: all of the text, each call that is whole once and no other, one end of what is complete."""
    done = run(kind, server, scenario, events=True)
    check_ending(scenario, done)
    first = [event for event in done.handed if getattr(event, "index", None) == 0]
    text = "".join(event.delta for event in first if event.type == "content.delta")
    calls = [event.tool_call.to_dict() for event in first if event.type == "tool_call.done"]
    told = Outcome.of("complete", {"choices": [{"message": {"tool_calls": calls}}]}).tool_calls
    types = [event.type for event in done.handed]
    if scenario.outcome.ends == "complete":
        assert text == scenario.outcome.text
        whole = Outcome(
            "complete", tool_calls=tuple(sorted(scenario.outcome.complete_tool_calls, key=str)), status=None
        )
        assert whole.differences(Outcome("complete", tool_calls=tuple(sorted(told, key=str)))) == {}
        assert types.count("done") == 1
        assert types[-1] == "done"
        assert done.handed[-1].completion == done.final
    else:
        assert "done" not in types
        assert "content.done" not in types or scenario.outcome.finish_reasons[0]
        assert set(told) <= set(scenario.outcome.complete_tool_calls)
        assert len(told) == len(set(told))


WHOLE = {name: scenario for name, scenario in SCENARIOS.items() if scenario.outcome.ends == "complete"}


@pytest.mark.parametrize("scenario", WHOLE.values(), ids=WHOLE)
def test_texts(server: LocalServer, flavour: Flavour, scenario: Scenario) -> None:
    """The text of the first choice, and nothing else."""
    server.reply(scenario.reply())
    params: Any = {"messages": HELLO, **scenario.request, **scenario.settings}

    def read(client: Opper) -> str:
        with client.chat.completions.create(stream=True, **params) as stream:
            return "".join(stream.text_stream)

    async def read_async(client: AsyncOpper) -> str:
        async with await client.chat.completions.create(stream=True, **params) as stream:
            return "".join([text async for text in stream.text_stream])

    settings = {"api_key": "key", "base_url": server.base_url}
    assert flavour(read if flavour.kind == "sync" else read_async, **settings) == scenario.outcome.text


def test_the_table() -> None:
    """More than ninety scenarios, told in sentences, each of its own name and of a documented group."""
    documentation = (Path(__file__).parents[1] / "docs" / "local-server.md").read_text("utf-8")
    assert len(SCENARIOS) > 90
    for name, scenario in SCENARIOS.items():
        assert name == scenario.name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[A-Z].*\.", scenario.why)
        assert f"| {scenario.group} |" in documentation
        assert (scenario.outcome.timeout_kind is not None) == (scenario.outcome.ends == "timeout")


def test_a_reply_is_made_anew() -> None:
    """The same bytes for the second run as for the first, where the reply is an iterator too."""
    for name in ("whole", "one-byte-a-write", "flood-after-done"):
        replies = [SCENARIOS[name].reply() for _ in range(2)]
        first, second = ([piece for piece, _ in zip(reply.body, range(9), strict=False)] for reply in replies)
        assert first == second != []


def test_the_truth_compares() -> None:
    """What differs, by its name; arguments by their value; nothing where the truth is not certain."""
    truth = Outcome("error", "Hel", tool_calls=(("a", "f", '{"x": 1}'),), chunks=2, error_message="busy", status=None)
    assert truth.differences(replace(truth, tool_calls=(("a", "f", '{"x":1}'),), error_message="so busy")) == {}
    assert truth.differences(replace(truth, status=200, usage_total=3, message_properties={"role": "assistant"})) == {}
    seen = Outcome("complete", "Hello", tool_calls=(("a", "f", '{"x": 2}'),))
    assert set(truth.differences(seen)) == {"ends", "text", "tool_calls", "chunks", "error_message"}
    assert truth.differences(replace(truth, text="Hello")) == {"text": "expected 'Hel', got 'Hello'"}


def test_only_whole_calls_may_be_acted_upon() -> None:
    """Those with whole arguments; all of them where the model ended by itself."""
    calls = (("a", "f", "{}"), ("b", "g", ""), ("c", "h", '{"x'))
    assert Outcome("cut", tool_calls=calls).complete_tool_calls == calls[:1]
    assert Outcome("complete", finish_reasons=("length",), tool_calls=calls).complete_tool_calls == calls[:1]
    assert Outcome("complete", finish_reasons=("tool_calls",), tool_calls=calls[:2]).complete_tool_calls == calls[:2]
