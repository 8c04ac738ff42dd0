"""Runs of tools: what is carried out, what the model is told, and every way in which a run ends."""

import asyncio
import contextvars
import copy
import dataclasses
import pickle
import threading
import time
from typing import Any

import pytest
from opper_chat import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncOpper,
    InvalidArgumentError,
    InvalidCompletionError,
    Opper,
    OpperError,
    RateLimitError,
    RepeatedCallError,
    TokenBudgetError,
    ToolArgumentsError,
    ToolCall,
    ToolContext,
    ToolError,
    ToolExecution,
    ToolFailedError,
    ToolResultError,
    ToolRun,
    ToolRunError,
    ToolRunTimeoutError,
    TooManyTurnsError,
    UnknownArgumentError,
    custom_tool,
    tool,
)
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk
from opper_chat_api.models import FunctionToolCall
from tool_runs import HI, USAGE, WAYS, Way, answer, call, custom, gathered, play, roles, told


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


@tool
def double(number: int, times: int = 1) -> int:
    """Double a number."""
    return number * 2**times


@tool
def fail(number: int) -> int:
    if number:
        raise ToolError("too large")
    raise ValueError("secret: hunter2")


@tool
async def double_soon(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


def outcomes(run: ToolRun[Any]) -> list[tuple[str, str, str]]:
    """What became of each call, and what the model was told."""
    return [(execution.call.id, execution.outcome, execution.content) for execution in run.calls]


def test_a_run(way: Way, server: LocalServer) -> None:
    """Turns until there is an answer, all that was done, and a conversation that can be continued."""
    play(server, [call("double", '{"number": 1}')], [call("double", '{"number": 3, "times": 2}')], "Done.")
    run = way.run(server, [double], model="some/model", temperature=0)
    assert (run.text, run.turns, run.completion.choices[0].finish_reason) == ("Done.", 3, "stop")
    assert roles(run) == ["user", "assistant", "1.0", "assistant", "2.0", "assistant"]
    assert outcomes(run) == [("1.0", "succeeded", "2"), ("2.0", "succeeded", "12")]
    first, second = run.calls
    assert (first.arguments, first.result, first.error, first.turn, second.turn) == ({"number": 1}, 2, None, 1, 2)
    assert second.arguments == {"number": 3, "times": 2}
    assert first.duration is not None
    assert 0 <= first.duration < 1
    assert run.usage is not None
    assert run.usage.total_tokens == 45
    assert run.usage.prompt_tokens_details is not None
    assert run.usage.prompt_tokens_details.cached_tokens == 12
    assert (run.pending, run.parsed) == ([], None)
    assert len(server.requests) == 3
    for request in server.requests:
        assert request.body["tools"] == [double.to_dict()]
        assert (request.model, request.body["temperature"]) == ("some/model", 0)
        assert ("stream_options" in request.body) == way.streamed
    play(server, "Again.")
    more = way.run(server, [double], messages=[*run.messages, {"role": "user", "content": "And?"}])
    assert (more.text, roles(more)) == ("Again.", [*roles(run), "user", "assistant"])
    again = pickle.loads(pickle.dumps(run))
    assert again.messages == run.messages
    assert again.calls == run.calls


def test_no_tools_and_no_calls(way: Way, server: LocalServer) -> None:
    """A plain answer, without the member `tools`."""
    play(server, "Hello.")
    run = way.run(server, [])
    assert (run.text, run.turns, run.calls) == ("Hello.", 1, [])
    assert "tools" not in server.requests[0].body


def test_an_answer_without_choices_or_usage(way: Way, server: LocalServer) -> None:
    """A typed error, with the run that it ended."""
    server.reply(Reply.json({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": []}))
    with pytest.raises(APIResponseValidationError) as caught:
        way.run(server, [double])
    assert caught.value.run is not None
    assert (caught.value.run.usage, roles(caught.value.run)) == (None, ["user"])


@pytest.mark.parametrize("costs", [(0.5, {"total_cost": 0.25}), ({"total_cost": 0.25}, 0.5)])
def test_usages_of_different_forms(way: Way, server: LocalServer, costs: tuple[Any, Any]) -> None:
    """The number counts where the turns of a run differ, as behind a gateway with several providers."""
    turns = (
        {"role": "assistant", "tool_calls": [call("double", '{"number": 1}')]},
        {"role": "assistant", "content": "Done."},
    )
    for message, cost in zip(turns, costs, strict=True):
        server.reply(answer(message, usage={**USAGE, "cost": cost}))
    usage: Any = way.run(server, [double]).usage
    assert (usage.total_tokens, usage.additional_properties) == (30, {"cost": 0.5})


def test_the_steps(way: Way, server: LocalServer) -> None:
    """Each told once and in order, with what is known of it."""
    play(server, [call("double", '{"number": 1}'), call("nope")], "Done.")
    seen: list[Any] = []
    way.run(server, [double], on_event=lambda event: seen.append((event.type, event)), parallel_tool_calls=False)
    steps = [(kind, event) for kind, event in seen if kind.startswith(("turn.", "tool.", "run."))]
    assert [kind for kind, _ in steps] == [
        "turn.started", "tool.result", "tool.started", "tool.result", "turn.done",
        "turn.started", "turn.done", "run.done",
    ]  # fmt: skip
    assert [steps[at][1].turn for at in (0, 1, 2, 4, 5, 6)] == [1, 1, 1, 1, 2, 2]
    assert (steps[1][1].call.name, steps[3][1].content, steps[3][1].execution.result) == ("nope", "2", 2)
    assert steps[4][1].completion.tool_calls[0].name == "double"
    assert steps[-1][1].run.text == "Done."
    if way.streamed:
        kinds = [kind for kind, _ in seen]
        assert kinds.index("tool_call.done") < kinds.index("tool.started")
        assert kinds.count("done") == 2
        assert "content.delta" in kinds[kinds.index("turn.done") :]


def test_what_goes_wrong_is_told_to_the_model(way: Way, server: LocalServer) -> None:
    """Arguments, exceptions and unknown tools; each call once, in its order."""
    calls = [
        call("double", '{"number": "x"}'), call("double", '{"number": '), call("fail", '{"number": 1}'),
        call("fail", '{"number": 0}'), call("nope"), call("double", '{"number": 4}'),
    ]  # fmt: skip
    play(server, calls, "Done.")
    run = way.run(server, [double, fail])
    assert [outcome for _, outcome, _ in outcomes(run)] == [*["failed"] * 5, "succeeded"]
    contents = [content for _, _, content in outcomes(run)]
    assert "number: " in contents[0]
    assert "not JSON" in contents[1]
    assert contents[2:] == [
        "Error: too large", "Error: the tool failed (ValueError).",
        "Error: there is no tool 'nope'. There are: double, fail.", "8",
    ]  # fmt: skip
    assert [type(execution.error) for execution in run.calls[:4]] == [
        ToolArgumentsError, ToolArgumentsError, ToolError, ValueError,
    ]  # fmt: skip
    assert told(server) == [(f"1.{at}", content) for at, content in enumerate(contents)]
    assert "hunter2" not in str(server.requests[-1].body)


@pytest.mark.parametrize(
    ("bad", "cause"),
    [(call("fail", '{"number": 0}'), ValueError), (call("fail", "{"), ToolArgumentsError), (call("nope"), ToolError)],
)
def test_what_goes_wrong_can_end_the_run(way: Way, server: LocalServer, bad: Any, cause: type[Exception]) -> None:
    """An error with its cause, the call and the run, in which every call has an answer."""
    play(server, [call("double", '{"number": 1}'), bad, call("double", '{"number": 2}')])
    with pytest.raises(ToolFailedError) as raised:
        way.run(server, [double, fail], on_tool_error="raise", parallel_tool_calls=False)
    error = raised.value
    assert isinstance(error.__cause__, cause)
    assert error.call.id == "1.1"
    assert roles(error.run) == ["user", "assistant", "1.0", "1.1", "1.2"]
    assert error.run.calls[2].outcome == "not_run"
    assert len(server.requests) == 1


def test_what_goes_wrong_in_words_of_ones_own(way: Way, server: LocalServer) -> None:
    """The text that the function returns; what it raises ends the run as it is."""
    play(server, [call("fail", '{"number": 0}')], "Done.", [call("fail", '{"number": 0}')])
    run = way.run(server, [fail], on_tool_error=lambda call, error: f"{call.name}: {type(error).__name__}, sorry")
    assert told(server) == [("1.0", "fail: ValueError, sorry")]
    assert run.calls[0].outcome == "failed"

    def refuse(_: ToolCall, error: Exception) -> str:
        raise KeyError from error

    with pytest.raises(KeyError):
        way.run(server, [fail], on_tool_error=refuse)


def test_max_turns(way: Way, server: LocalServer) -> None:
    """As many requests; the calls of the last answer are not carried out, and say so."""
    play(server, *([call("double", f'{{"number": {at}}}')] for at in range(3)))
    with pytest.raises(TooManyTurnsError, match="max_turns=3") as raised:
        way.run(server, [double], max_turns=3)
    run = raised.value.run
    assert len(server.requests) == run.turns == 3
    assert [outcome for _, outcome, _ in outcomes(run)] == ["succeeded", "succeeded", "not_run"]
    assert roles(run) == ["user", *("assistant", "1.0"), *("assistant", "2.0"), *("assistant", "3.0")]
    play(server, "Done.")
    assert way.run(server, [double], messages=run.messages).text == "Done."
    assert told(server)[-1][1].startswith("Error: the call was not run")


def test_max_repeats(way: Way, server: LocalServer) -> None:
    """The same call with the same answer so often, however its arguments are written; not one whose answer changes."""
    texts = ['{"number": 1, "times": 2}', '{"times":2,"number":1}', '{"number": 1,"times": 2 }']
    play(server, *([call("double", text)] for text in texts))
    with pytest.raises(RepeatedCallError, match="max_repeats=2") as raised:
        way.run(server, [double], max_repeats=2)
    assert (raised.value.call.id, len(server.requests)) == ("3.0", 3)
    assert [execution.outcome for execution in raised.value.run.calls] == ["succeeded", "succeeded", "not_run"]
    counted = iter(range(10))

    @tool
    def changing() -> int:
        return next(counted)

    play(server, *([call("changing")] for _ in range(4)), "Done.")
    assert way.run(server, [changing], max_repeats=2).text == "Done."
    play(server, *([call("double", '{"number": 1}')] for _ in range(5)), "Done.")
    assert way.run(server, [double], max_repeats=None).turns == 6


def test_max_total_tokens(way: Way, server: LocalServer) -> None:
    """No more tools once they are spent, but an answer is an answer."""
    play(server, [call("double", '{"number": 1}')], [call("double", '{"number": 2}')])
    with pytest.raises(TokenBudgetError, match="30 tokens") as raised:
        way.run(server, [double], max_total_tokens=20)
    assert [execution.outcome for execution in raised.value.run.calls] == ["succeeded", "not_run"]
    assert roles(raised.value.run)[-2:] == ["assistant", "2.0"]
    play(server, [call("double", '{"number": 1}')], "Done.")
    assert way.run(server, [double], max_total_tokens=30).text == "Done."


def test_the_errors_are_a_family() -> None:
    """Caught at once, and they pickle with the run."""
    run: ToolRun[Any] = ToolRun(HI)
    one = ToolCall("1", "f", "{}")
    errors = [
        TooManyTurnsError("a", run), TokenBudgetError("a", run), ToolRunTimeoutError("a", run),
        RepeatedCallError("a", run, one), ToolFailedError("a", run, one),
    ]  # fmt: skip
    for error in errors:
        assert isinstance(error, ToolRunError)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.run.messages) == (type(error), "a", HI)
    assert isinstance(errors[2], TimeoutError)
    with pytest.raises(LookupError):
        _ = run.completion


class Unloadable(Exception):
    """As httpx.HTTPStatusError: pickled with its text alone, without which argument it cannot be created."""

    def __init__(self, text: str, *, lock: object) -> None:
        super().__init__(text)
        self.lock = lock


def test_a_deep_copy_shares_no_model() -> None:
    model = FunctionToolCall.from_dict({"id": "i", "type": "function", "function": {"name": "n", "arguments": "{}"}})
    execution = ToolExecution(ToolCall("i", "n", "{}", model=model), 1, {"a": [1]}, "succeeded", [1])
    copied = copy.deepcopy(execution)
    assert copied == execution
    assert copied.call.model is not model


def test_an_exception_that_is_raised_again_stops_no_other_tool(server: LocalServer) -> None:
    """Its traceback has a frame of the workers, from the first time, and in that frame another tool runs now."""
    failure = RuntimeError("no token")

    def key() -> str:
        raise failure

    async def run() -> list[str]:
        async with (
            AsyncOpper(api_key=key, base_url=server.base_url) as inner,
            AsyncOpper(api_key="key-12345678", base_url=server.base_url) as client,
        ):

            @tool
            async def ask(number: float) -> str:
                await asyncio.sleep(number)
                return "waited" if number == 0.3 else (await inner.chat.completions.create(messages=HI)).text

            play(server, [call("ask", f'{{"number": {number}}}', f"c{number}") for number in (0.01, 0.1, 0.3)], "done")
            run = await client.chat.completions.run_tools(messages=HI, tools=[ask], max_parallel=2)
            return [execution.outcome for execution in run.calls]

    assert asyncio.run(run()) == ["failed", "failed", "succeeded"]


def test_an_error_with_values_that_cannot_be_pickled(server: LocalServer) -> None:
    """It comes out of a pickle with the rest of the run; a copy has all of it."""

    @tool
    def lock(name: str) -> dict[str, object]:
        if name == "fail":
            raise Unloadable("no lock", lock=None)
        return {"state": f"{name} is locked"}

    play(server, [call("lock", '{"name": "door"}')], [call("lock", '{"name": "fail"}')], [call("lock", "{}")])
    with pytest.raises(TooManyTurnsError) as raised, Opper(api_key="key", base_url=server.base_url) as client:
        client.chat.completions.run_tools(messages=HI, tools=[lock], max_turns=3)  # type: ignore[list-item]
    held = threading.Lock()
    done, failed, _ = raised.value.run.calls
    done.result, done.arguments = held, {"name": "door", "by": held}
    for same in (copy.copy(raised.value), copy.deepcopy(raised.value)):
        assert same.run.calls[0] == done
        assert same.run.calls[1].error is failed.error
    assert copy.copy(done) == done
    assert copy.copy(done) is not done
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    first, second, third = again.run.calls
    assert (first.result, first.arguments, first.content) == (None, {"name": "door", "by": None}, done.content)
    assert (type(second.error), str(second.error)) == (OpperError, f"{__name__}.Unloadable: no lock")
    assert third == raised.value.run.calls[2]
    assert again.run.messages == raised.value.run.messages


def hanging(released: threading.Event) -> Any:
    @tool
    def hang() -> str:
        released.wait(10)
        return "late"

    return hang


def test_a_deadline_while_a_tool_hangs(way: Way, server: LocalServer) -> None:
    """Ends in time although the function goes on; what it returns is dropped."""
    released = threading.Event()
    play(server, [call("double", '{"number": 1}'), call("hang")])
    began = time.monotonic()
    try:
        with pytest.raises(ToolRunTimeoutError, match="hang") as raised:
            way.run(server, [double, hanging(released)], deadline=0.3)
        assert 0.25 < time.monotonic() - began < 2
    finally:
        released.set()
    run = raised.value.run
    time.sleep(0.02)
    assert [execution.outcome for execution in run.calls] == ["succeeded", "not_run"]
    assert roles(run) == ["user", "assistant", "1.0", "1.1"]


def test_a_deadline_of_the_client_bounds_the_run(way: Way, server: LocalServer) -> None:
    """All turns together; a call of the model that it ends is a timeout of the call, with the run."""

    @tool
    def nap() -> None:
        time.sleep(0.15)

    play(server, [call("nap")])
    server.reply(Reply.json({}, delay=5))
    began = time.monotonic()
    with pytest.raises(APITimeoutError) as raised:
        way.run(server, [nap], settings={"deadline": 0.4})
    assert 0.35 < time.monotonic() - began < 2
    assert raised.value.timeout_kind == "deadline"
    assert raised.value.run is not None
    assert roles(raised.value.run) == ["user", "assistant", "1.0"]
    play(server, [call("nap")], "Done.")
    assert way.run(server, [nap], settings={"deadline": 0.1}, deadline=None).text == "Done."


def test_a_call_of_the_model_that_fails(way: Way, server: LocalServer) -> None:
    """The error itself, with what was done before it."""
    play(server, [call("double", '{"number": 1}')])
    server.reply(Reply.json({"message": "Slow down.", "type": "RateLimitError"}, status=429))
    with pytest.raises(RateLimitError) as raised:
        way.run(server, [double])
    assert raised.value.run is not None
    assert outcomes(raised.value.run) == [("1.0", "succeeded", "2")]
    assert roles(raised.value.run) == ["user", "assistant", "1.0"]


def test_retries_inside_a_run(way: Way, server: LocalServer) -> None:
    """A call of the model is tried again; its tools are not run again."""
    ran: list[int] = []

    @tool
    def count(number: int) -> int:
        ran.append(number)
        return number

    play(server, [call("count", '{"number": 1}')])
    server.reply(Reply.json({}, status=503, headers={"retry-after-ms": "1"}))
    play(server, "Done.")
    run = way.run(server, [count], settings={"max_retries": 1})
    assert (run.text, ran, len(server.requests), len(run.completion.attempts)) == ("Done.", [1], 3, 2)


def test_a_stream_that_breaks_in_a_run(server: LocalServer) -> None:
    """An error with its part of the answer, and with the run."""
    play(server, [call("double", '{"number": 1}')])
    server.reply(Reply.sse([chunk("Hel"), CUT]))
    with pytest.raises(APIConnectionError) as raised:
        Way("sync-streamed").run(server, [double])
    assert raised.value.partial is not None
    assert raised.value.run is not None
    assert raised.value.run.turns == 1


def test_calls_at_once(way: Way, server: LocalServer) -> None:
    """As many as are allowed and no more; their answers in the order of the calls."""
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=5)

    @tool
    def meet(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        time.sleep(0.01 * (4 - number))
        with lock:
            running -= 1
        return number

    play(server, [call("meet", f'{{"number": {at}}}') for at in range(4)], "Done.")
    run = way.run(server, [meet], max_parallel=2)
    assert most == 2
    assert told(server) == [(f"1.{at}", str(at)) for at in range(4)]
    assert [execution.result for execution in run.calls] == [0, 1, 2, 3]


@pytest.mark.parametrize("more", [{"parallel_tool_calls": False}, {"max_parallel": 1}])
@pytest.mark.parametrize("deadline", [None, 10])
def test_calls_in_order(way: Way, server: LocalServer, more: Any, deadline: float | None) -> None:
    """One begins when the one before has ended."""
    seen: list[str] = []

    @tool
    def note(number: int) -> None:
        seen.append(f"{number} begins")
        time.sleep(0.002)
        seen.append(f"{number} ends")

    play(server, [call("note", f'{{"number": {at}}}') for at in range(4)], "Done.")
    way.run(server, [note], deadline=deadline, **more)
    assert seen == [f"{at} {what}" for at in range(4) for what in ("begins", "ends")]


def test_async_tools(server: LocalServer) -> None:
    """Tasks of one event loop, at once; the sync client refuses them before anything is sent."""
    both = asyncio.Barrier(3)

    @tool
    async def meet() -> str:
        async with asyncio.timeout(5):
            await both.wait()
        return "met"

    @tool
    def returns_a_coroutine() -> Any:
        return double_soon(3)

    play(server, [call("meet"), call("meet"), call("meet"), call("returns_a_coroutine")], "Done.")
    run = Way("async").run(server, [meet, returns_a_coroutine])
    assert [execution.content for execution in run.calls] == ["met", "met", "met", "6"]
    with pytest.raises(InvalidArgumentError, match="meet"):
        Way("sync").run(server, [meet])
    assert len(server.requests) == 2
    play(server, [call("returns_a_coroutine")], "Done.")
    with pytest.raises(ToolResultError, match=r"returns_a_coroutine\(\): .*Use AsyncOpper"):
        Way("sync").run(server, [returns_a_coroutine])


def test_the_context_of_the_caller(way: Way, server: LocalServer) -> None:
    """Tools see its context variables, and what the run was given; the model does not."""
    variable = contextvars.ContextVar("variable", default="none")

    @tool
    def look(number: int, where: ToolContext[dict[str, str]]) -> str:
        return f"{variable.get()} {where.context['user']} {where.call.id} {len(where.run.messages)} {number}"

    play(server, [call("look", '{"number": 1}')], "Done.")
    token = variable.set("seen")
    try:
        run = way.run(server, [look], context={"user": "Ann"})
    finally:
        variable.reset(token)
    assert run.calls[0].content == "seen Ann 1.0 1 1"
    assert run.calls[0].arguments == {"number": 1}


def test_custom_tools(way: Way, server: LocalServer) -> None:
    """A text in and a text out."""

    @custom_tool
    def shout(text: str) -> str:
        return text.upper()

    play(server, [custom("shout", "hello", "1"), custom("double", "hello", "2"), call("shout", "{}", "3")], "Done.")
    run = way.run(server, [shout, double])
    assert outcomes(run)[0] == ("1", "succeeded", "HELLO")
    assert [execution.outcome for execution in run.calls] == ["succeeded", "failed", "failed"]
    assert run.calls[0].arguments == {"text": "hello"}
    assert server.requests[0].body["tools"] == [shout.to_dict(), double.to_dict()]


def test_before_call_gives_a_custom_tool_one_string(way: Way, server: LocalServer) -> None:
    """Under the key `input`, or under the name of the parameter; another value is an error of the program."""

    @custom_tool
    def shout(text: str) -> str:
        return text.upper()

    for key in ("input", "text"):
        play(server, [custom("shout", "hello", "1")], "Done.")
        run = way.run(server, [shout], before_call=lambda _, key=key: {key: "other"})
        assert run.calls[0].content == "OTHER"
    play(server, [custom("shout", "hello", "1")])
    with pytest.raises(InvalidArgumentError, match=r"takes one string, under the key 'input'\.$") as raised:
        way.run(server, [shout], before_call=lambda _: {"input": 5})
    assert raised.value.received == "a dict with the key 'input'"


def test_calls_that_are_handed_back(way: Way, server: LocalServer) -> None:
    """Calls of definitions end the run, answered by whoever gets them; those of functions are answered."""
    definition = {"type": "function", "function": {"name": "ask_user", "parameters": {"type": "object"}}}
    play(server, [call("ask_user", '{"q": 1}'), call("double", '{"number": 1}')])
    run = way.run(server, [definition, double], max_turns=1)
    assert [(one.name, one.parsed) for one in run.pending] == [("ask_user", {"q": 1})]
    assert roles(run) == ["user", "assistant", "1.1"]
    play(server, "Done.")
    from opper_chat import tool_result

    more = way.run(server, [definition, double], messages=[*run.messages, tool_result(run.pending[0], "yes")])
    assert (more.text, more.pending) == ("Done.", [])
    assert told(server) == [("1.1", "2"), ("1.0", "yes")]


def test_before_a_call(way: Way, server: LocalServer) -> None:
    """Passed, changed or refused, one after the other and before any is carried out."""
    seen: list[str] = []
    verdicts: dict[str, Any] = {"1.0": None, "1.1": True, "1.2": {"number": 5}, "1.3": False, "1.4": "Not today."}

    def before(asked: ToolCall) -> Any:
        seen.append(asked.id)
        return verdicts[asked.id]

    async def before_soon(asked: ToolCall) -> Any:
        await asyncio.sleep(0)
        return before(asked)

    play(server, [call("double", '{"number": 1}')] * 5 + [call("nope")], "Done.")
    run = way.run(server, [double], before_call=before_soon if way.is_async else before)
    assert seen == list(verdicts)
    assert [content for _, content in told(server)[:5]] == [
        "2", "2", "10", "Error: the call was denied.", "Error: the call was denied. Not today.",
    ]  # fmt: skip
    assert [execution.outcome for execution in run.calls] == [
        "succeeded",
        "succeeded",
        "succeeded",
        "denied",
        "denied",
        "failed",
    ]
    assert run.calls[2].arguments == {"number": 5}
    assert run.calls[2].call.parsed == {"number": 1}


@pytest.mark.parametrize("verdict", [3, {"number": "x"}, {}])
def test_before_a_call_something_else(way: Way, server: LocalServer, verdict: Any) -> None:
    """An error: the mistake is the caller's."""
    play(server, [call("double", '{"number": 1}')])
    with pytest.raises(InvalidArgumentError, match="before_call") as raised:
        way.run(server, [double], before_call=lambda _: verdict)
    assert raised.value.run is not None
    assert roles(raised.value.run) == ["user", "assistant", "1.0"]


class Slotted(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        if name == "run":
            raise TypeError("takes no run")
        super().__setattr__(name, value)


@pytest.mark.parametrize("raised", [KeyError("mine"), Slotted()], ids=["marked", "unmarked"])
@pytest.mark.parametrize("place", ["before_call", "on_tool_error", "on_event"])
def test_an_exception_of_the_callers_own_has_the_run(
    way: Way, server: LocalServer, place: str, raised: Exception
) -> None:
    """Raised as it is; what was done until then is its attribute, if it takes one."""

    def broken(*given: Any) -> str:
        if place == "on_event" and given[0].type != "tool.result":
            return ""
        raise raised

    play(server, [call("fail", '{"number": 1}')])
    more: dict[str, Any] = {place: broken}
    with pytest.raises(type(raised)) as caught:
        way.run(server, [fail], **more)
    assert caught.value is raised
    if isinstance(raised, KeyError) and not (way.streamed and place == "on_event"):
        assert roles(raised.run) == ["user", "assistant", "1.0"]  # type: ignore[attr-defined]


def test_lone_surrogates(way: Way, server: LocalServer) -> None:
    """Names of files, as Python reads them, reach the model as escapes, wherever they stand."""

    @tool
    def names(where: str) -> object:
        if where == "error":
            raise ToolError("no caf\udce9.txt")
        return "caf\udce9.txt" if where == "text" else {"names": ["å", "caf\udce9.txt"]}

    calls = [call("names", f'{{"where": "{where}"}}') for where in ("text", "list", "error", "refused", "told")]
    play(server, [*calls, call("nope")], "Done.")
    run = way.run(
        server,
        [names],
        before_call=lambda asked: "not \udce9" if "refused" in asked.arguments else None,
        on_tool_error=lambda _, error: str(error),
    )
    assert run.text == "Done."
    contents = [content for _, content in told(server)]
    assert contents[0] == "caf\\udce9.txt"
    assert contents[1] == '{"names":["å","caf\\udce9.txt"]}'
    assert contents[2:4] == ["no caf\\udce9.txt", "Error: the call was denied. not \\udce9"]
    assert [execution.content for execution in run.calls] == contents


def test_a_demanded_call_is_demanded_once(way: Way, server: LocalServer) -> None:
    """`tool_choice` holds for the first turn; what may be called stays."""
    named = {"type": "function", "function": {"name": "double"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    later = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named]}}
    for choice, then in [("required", "auto"), (named, "auto"), (allowed, later), ("auto", "auto")]:
        play(server, [call("double", '{"number": 1}')], "Done.")
        way.run(server, [double], tool_choice=choice)
        assert [request.body["tool_choice"] for request in server.requests[-2:]] == [choice, then]


def test_calls_without_ids_of_their_own(way: Way, server: LocalServer) -> None:
    """Each is given one, so that its answer is its own."""
    calls = [call("double", f'{{"number": {at}}}', "same") for at in range(3)]
    if way.streamed:  # where they are told apart by their indexes
        calls = [{**one, "id": None} for one in calls]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    server.reply(answer(message))
    play(server, "Done.")
    way.run(server, [double])
    ids = [call_id for call_id, _ in told(server)]
    assert len(set(ids)) == 3
    assert [content for _, content in told(server)] == ["0", "2", "4"]
    asked: Any = server.requests[-1].messages[1]["tool_calls"]
    assert [one["id"] for one in asked] == ids


@pytest.mark.parametrize("ids", [[5, 6], [0, 1], [True, "x"], [[], "x"], [{}, {}]], ids=str)
def test_ids_of_calls_that_are_no_strings(way: Way, server: LocalServer, ids: list[Any]) -> None:
    """They are replaced, in the message and in the results: a request can only have strings."""
    calls = [{**call("double", f'{{"number": {at}}}'), "id": call_id} for at, call_id in enumerate(ids)]
    server.reply(answer({"role": "assistant", "content": None, "tool_calls": calls}))
    play(server, "Done.")
    assert way.run(server, [double]).text == "Done."
    sent = [call_id for call_id, _ in told(server)]
    assert sent == [one["id"] for one in server.requests[-1].messages[1]["tool_calls"]]
    assert len(set(sent)) == 2
    assert all(isinstance(each, str) for each in sent)
    assert [content for _, content in told(server)] == ["0", "2"]


def test_an_answer_that_was_cut(way: Way, server: LocalServer) -> None:
    """Half arguments are never carried out, nor those whose end nothing marks."""

    @tool
    def empty() -> str:
        return "ran"

    @custom_tool
    def shout(text: str) -> str:
        return text.upper()

    calls = [call("double", '{"number": 1}'), call("empty", ""), custom("shout", "he"), call("double", '{"num')]
    play(server, calls, reason="length")
    play(server, "Done.")
    run = way.run(server, [double, empty, shout])
    assert [execution.outcome for execution in run.calls] == ["succeeded", "failed", "failed", "failed"]
    assert all("ended early (length)" in execution.content for execution in run.calls[1:])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"max_turns": 0}, "max_turns"), ({"max_parallel": "x"}, "max_parallel"), ({"max_repeats": 0}, "max_repeats"),
        ({"max_total_tokens": -1}, "max_total_tokens"), ({"on_tool_error": "ignore"}, "on_tool_error"),
        ({"n": 2}, "n"), ({"temperature": "x"}, "temperature"), ({"messages": "Hi"}, "messages"),
        ({"messages": []}, "messages"), ({"tools": [double, double]}, r"tools\[1\]"), ({"tools": "double"}, "tools"),
        ({"tools": [print]}, r"tools\[0\]"), ({"deadline": -1}, "deadline"), ({"stream": True}, "stream"),
    ],
)  # fmt: skip
def test_arguments_that_are_wrong(way: Way, server: LocalServer, wrong: Any, named: str) -> None:
    """An error that names them, before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=named):
        way.run(server, **{"tools": [double], **wrong})
    assert server.requests == []


def test_a_misspelled_argument(server: LocalServer) -> None:
    """Named, as everywhere."""
    with pytest.raises(UnknownArgumentError):
        Way("sync").run(server, [double], max_turn=3)


@dataclasses.dataclass
class Sum:
    total: int


def test_an_answer_of_a_type(way: Way, server: LocalServer) -> None:
    """A value of it, whose schema every turn is sent; an error with the run where the last answer does not fit."""
    play(server, [call("double", '{"number": 2}')], '{"total": 4}')
    run: Any = way.run(server, [double], response_format=Sum)
    assert (run.parsed, run.turns) == (Sum(4), 2)
    for request in server.requests:
        assert request.body["response_format"]["json_schema"]["strict"] is True  # type: ignore[index]
    play(server, [call("double", '{"number": 2}')], '{"total": "four"}')
    with pytest.raises(InvalidCompletionError, match="total") as raised:
        way.run(server, [double], response_format=Sum)
    assert raised.value.run is not None
    assert roles(raised.value.run) == ["user", "assistant", "1.0", "assistant"]
    with pytest.raises(LookupError):
        _ = raised.value.run.parsed
    with pytest.raises(InvalidArgumentError, match="response_format"):
        way.run(server, [double], response_format=dict[str, int])


class Things:
    @tool
    def method(self, number: int) -> int:
        """Double."""
        return number * 2


def test_methods(way: Way, server: LocalServer) -> None:
    """Of an object they are tools; of its class they are not yet."""
    play(server, [call("method", '{"number": 2}')], "Done.")
    assert way.run(server, [Things().method]).calls[0].result == 4
    with pytest.raises(InvalidArgumentError, match="a method of an instance, got the method 'method' of a class"):
        way.run(server, [Things.method])


def test_what_is_no_failure_ends_the_run(way: Way, server: LocalServer) -> None:
    """SystemExit and its like pass as they are."""

    @tool
    def leave() -> None:
        raise SystemExit(3)

    play(server, [call("leave")])
    with pytest.raises(SystemExit):
        way.run(server, [leave])


def test_in_the_callers_own_thread(server: LocalServer) -> None:
    """Where calls run in order and nothing bounds them, so that what belongs to the thread can be used."""

    @tool
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    for more, here in [({"max_parallel": 1}, "true"), ({}, "false"), ({"max_parallel": 1, "deadline": 5}, "false")]:
        play(server, [call("where")], "Done.")
        assert Way("sync").run(server, [where], **more).calls[0].content == here


async def cancelled(client: AsyncOpper, started: asyncio.Event, *, streamed: bool, tools: Any) -> None:
    """Begin a run, and cancel it once it says that it has started."""

    async def run() -> None:
        if streamed:
            async with client.chat.completions.stream_tools(messages=HI, tools=tools) as stream:
                await stream.until_done()
        else:
            await client.chat.completions.run_tools(messages=HI, tools=tools)

    task = asyncio.create_task(run())
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("streamed", [False, True])
def test_cancelling_a_run_cancels_its_tools(server: LocalServer, streamed: bool) -> None:
    """All that run, with their cleaning up done, and no task is left behind."""
    ended: list[str] = []

    async def scenario() -> None:
        started = asyncio.Event()

        @tool
        async def hang(number: int) -> None:
            try:
                if number == 2:
                    started.set()
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.01)
                ended.append(f"{number}")

        released = threading.Event()
        play(server, [call("hang", f'{{"number": {at}}}') for at in range(3)] + [call("hang_on")])

        @tool
        def hang_on() -> None:
            released.wait(10)

        try:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                await cancelled(client, started, streamed=streamed, tools=[hang, hang_on])
        finally:
            released.set()

    gathered(scenario())
    assert sorted(ended) == ["0", "1", "2"]


def test_leaving_a_streamed_run_early(server: LocalServer) -> None:
    """Cancels its tools, leaves no task, and the conversation is whole."""
    ended: list[str] = []

    @tool
    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("hang")

    async def scenario() -> None:
        play(server, [call("hang"), call("double", '{"number": 1}')])
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            async with client.chat.completions.stream_tools(messages=HI, tools=[hang, double]) as stream:
                async for event in stream:
                    if event.type == "tool.result":
                        break
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        assert [execution.outcome for execution in stream.run.calls] == ["not_run", "succeeded"]
        assert roles(stream.run) == ["user", "assistant", "1.0", "1.1"]

    gathered(scenario())
    assert ended == ["hang"]


def test_leaving_while_the_answer_is_written(server: LocalServer) -> None:
    """Closes its connection: the server sees the client leave."""
    server.reply(Reply.sse([chunk("a"), chunk("b"), Pause(30)]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        with client.chat.completions.stream_tools(messages=HI, tools=[double]) as stream:
            for event in stream:
                if event.type == "content.delta":
                    break
        assert roles(stream.run) == ["user"]


def test_an_exception_of_the_readers_own(server: LocalServer) -> None:
    """Passes as it is, in no group, and cancels the tools."""

    @tool
    async def hang() -> None:
        await asyncio.sleep(60)

    async def scenario() -> None:
        play(server, [call("hang")])
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            with pytest.raises(KeyError, match="mine"):
                async with client.chat.completions.stream_tools(messages=HI, tools=[hang]) as stream:
                    async for event in stream:
                        if event.type == "tool.started":
                            raise KeyError("mine")

    gathered(scenario())


def test_a_tool_that_awaits_what_was_cancelled(server: LocalServer) -> None:
    """A failure of that tool, and of no other."""

    @tool
    async def unlucky() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    @tool
    async def suicidal() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    for more in ({}, {"max_parallel": 1}):
        play(server, [call("unlucky"), call("suicidal"), call("double_soon", '{"number": 1}')], "Done.")
        run = Way("async").run(server, [unlucky, suicidal, double_soon], **more)
        assert [execution.outcome for execution in run.calls] == ["failed", "failed", "succeeded"]


def test_a_deadline_while_somebody_is_asked(server: LocalServer) -> None:
    """Ends the run; nothing is carried out."""

    async def ponder(_: ToolCall) -> bool:
        await asyncio.sleep(60)
        return True

    async def give_up(_: ToolCall) -> bool:
        raise TimeoutError("mine")

    play(server, [call("double_soon", '{"number": 1}')])
    with pytest.raises(ToolRunTimeoutError) as raised:
        Way("async").run(server, [double_soon], before_call=ponder, deadline=0.2)
    assert roles(raised.value.run) == ["user", "assistant", "1.0"]
    play(server, [call("double_soon", '{"number": 1}')])
    with pytest.raises(TimeoutError, match="mine"):
        Way("async").run(server, [double_soon], before_call=give_up, deadline=5)


def test_asked_again_after_an_error(server: LocalServer) -> None:
    """The same error; and a stream is to be entered, once."""
    play(server, [call("double", '{"number": 1}')])
    with Opper(api_key="key", base_url=server.base_url) as client:
        stream = client.chat.completions.stream_tools(messages=HI, tools=[double], max_turns=1)
        with pytest.raises(RuntimeError, match="with"):
            next(stream)
        with stream:
            for _ in range(2):
                with pytest.raises(TooManyTurnsError):
                    stream.until_done()
        with pytest.raises(RuntimeError, match="once"), stream:
            pass


def test_the_text_of_a_streamed_run(server: LocalServer) -> None:
    """That of all turns."""
    server.reply(
        answer({"role": "assistant", "content": "Let me see. ", "tool_calls": [call("double", '{"number": 1}', "1")]})
    )
    play(server, "Two.")
    with Opper(api_key="key", base_url=server.base_url) as client:
        with client.chat.completions.stream_tools(messages=HI, tools=[double]) as stream:
            assert "".join(stream.text_stream) == "Let me see. Two."


@pytest.mark.parametrize("streamed", [False, True])
def test_trio(server: LocalServer, streamed: bool) -> None:
    """The same: tools at once, a deadline that cancels, leaving early."""
    import trio

    ended: list[str] = []

    @tool
    async def hang() -> None:
        try:
            await trio.sleep(60)
        finally:
            ended.append("hang")

    meeting = threading.Barrier(2, timeout=5)

    @tool
    def meet() -> str:
        meeting.wait()
        return "met"

    async def run(client: AsyncOpper, tools: Any, **more: Any) -> ToolRun[None]:
        if not streamed:
            return await client.chat.completions.run_tools(messages=HI, tools=tools, **more)
        async with client.chat.completions.stream_tools(messages=HI, tools=tools, **more) as stream:
            return await stream.get_final_run()

    async def scenario() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            play(server, [call("meet"), call("meet")], "Done.")
            done = await run(client, [meet])
            assert [execution.content for execution in done.calls] == ["met", "met"]
            play(server, [call("hang"), call("double", '{"number": 1}')])
            with pytest.raises(ToolRunTimeoutError) as raised:
                await run(client, [hang, double], deadline=0.3)
            assert sorted(execution.outcome for execution in raised.value.run.calls) == ["not_run", "succeeded"]
            play(server, [call("hang")])
            with trio.move_on_after(0.2) as scope:
                await run(client, [hang])
            assert scope.cancelled_caught

    trio.run(scenario)
    assert ended == ["hang", "hang"]


def test_a_run_shows_no_conversation() -> None:
    """Its repr is short, and has none of what was said."""
    run: ToolRun[Any] = ToolRun([{"role": "user", "content": "private"}])
    run.calls.append(ToolExecution(ToolCall("1", "f", "{}"), 1))
    assert "private" not in repr(run)
    assert "'f'" in repr(run)
