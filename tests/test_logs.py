"""The lines of the log: what they say, what they never say, and who shows them."""

import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import Attempt, CallRecord, InvalidArgumentError, Opper, RateLimitError
from opper_chat._config.environment import find_log_settings
from opper_chat._errors.api import APIConnectionError
from opper_chat._observability import logging as _logs
from opper_chat._observability import observers as _observers
from opper_chat.testing import CUT, SCENARIOS, LocalServer, Pause, Reply, chunk

KEY = "sk-" + "sesame" * 3

SECRET_TEXT = "the launch code is 0000"

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": SECRET_TEXT}]

WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": SECRET_TEXT, "parameters": {"type": "object"}},
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting up that an earlier test did, and none that this one leaves."""
    for name in ("OPPER_LOG", "OPPER_LOG_CONTENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_logs, "_set_up", False)
    monkeypatch.setattr(_logs.log, "content", False)
    logger, handlers, level = _logs.logger, _logs.logger.handlers[:], _logs.logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def debug(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "opper_chat")
    return caplog


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "opper_chat"]


def shown(caplog: pytest.LogCaptureFixture) -> str:
    """Everything that a handler could show of the records: the lines and the attributes."""
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in ours(caplog))


def test_a_call_is_one_line(server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO: model, status, outcome, tokens, attempts, duration, finish reason and request id."""
    caplog.set_level(logging.INFO, "opper_chat")
    completion = flavour.create(server.base_url, messages=MESSAGES, model="openai/gpt-4o-mini")
    (record,) = ours(caplog)
    assert record.levelno == logging.INFO
    assert completion.usage is not None
    assert re.fullmatch(
        rf"call model=openai/gpt-4o-mini served_model={completion.model} status=200 outcome=complete "
        rf"prompt_tokens={completion.usage.prompt_tokens} completion_tokens={completion.usage.completion_tokens} "
        r"attempts=1 duration=\d+(\.\d+)?(e-\d+)? finish=stop request_id=req_\d+",
        record.getMessage(),
    )


def test_facts_are_attributes_too(server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """The same, as values, under names that no attribute of a record has."""
    caplog.set_level(logging.INFO, "opper_chat")
    completion = flavour.create(server.base_url, messages=MESSAGES, model="m")
    (record,) = ours(caplog)
    said = {name: value for name, value in vars(record).items() if name.startswith("opper_")}
    assert completion.usage is not None
    assert said["opper_prompt_tokens"] == completion.usage.prompt_tokens
    assert said["opper_status"] == 200
    assert isinstance(said["opper_duration"], float)
    plain = logging.LogRecord("x", 10, "x", 1, "x", None, None)
    assert not said.keys() & {*vars(plain), "message", "asctime"}


def test_a_streamed_call_is_one_line(server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """With the time to its first token."""
    caplog.set_level(logging.INFO, "opper_chat")
    flavour.chunks(server.base_url, messages=MESSAGES, stream_options={"include_usage": True})
    (record,) = ours(caplog)
    assert " outcome=complete prompt_tokens=" in record.getMessage()
    assert " first_token=" in record.getMessage()


def test_a_failed_call_is_one_line(server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO, with the class of the error and not the server's words."""
    caplog.set_level(logging.INFO, "opper_chat")
    server.reply(lambda _request: Reply.json({"error": {"message": SECRET_TEXT, "type": "bad"}}, status=400))
    with pytest.raises(Exception, match="launch"):
        flavour.create(server.base_url, messages=MESSAGES)
    (record,) = ours(caplog)
    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    assert " status=400 outcome=failed " in record.getMessage()
    assert record.getMessage().endswith(" error=BadRequestError")
    assert SECRET_TEXT not in shown(caplog)


def test_a_broken_connection_says_why(flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """The words of this package, in quotes."""
    caplog.set_level(logging.INFO, "opper_chat")
    with pytest.raises(APIConnectionError):
        flavour.create("http://127.0.0.1:9", {"max_retries": 0}, messages=MESSAGES)
    line = ours(caplog)[-1].getMessage()
    assert ' error=APIConnectionError reason="There was no response (POST http://127.0.0.1:9/' in line


def test_a_retry_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO, with what was wrong and how long the wait is; the last attempt is one at DEBUG alone."""
    caplog.set_level(logging.INFO, "opper_chat")
    call = CallRecord("http://127.0.0.1:1", {"model": "m", "messages": MESSAGES}, 0.0, stream=False)
    for attempt in (
        Attempt(429, f"RateLimitError: 429: {SECRET_TEXT}", 1.5, 0.25, "req_1"),
        Attempt(200, None, 0.0, 0.25, "req_2"),
    ):
        call.attempts.append(attempt)
        _observers.notify_attempt_end(call, attempt)
    (record,) = ours(caplog)
    expected = "retry model=m attempt=1 status=429 error=RateLimitError wait=1.5 duration=0.25 request_id=req_1"
    assert record.getMessage() == expected


def test_a_retried_call_is_two_lines(server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """The retry, and the call with the number of its attempts."""
    caplog.set_level(logging.INFO, "opper_chat")
    server.reply(Reply.json({"type": "X", "message": SECRET_TEXT}, status=429, headers={"retry-after": "0.05"}))
    flavour.create(server.base_url, {"max_retries": 2}, messages=MESSAGES)
    retry, call = (record.getMessage() for record in ours(caplog))
    assert retry.startswith("retry attempt=1 status=429 error=RateLimitError wait=0.")
    assert " outcome=complete " in call
    assert " attempts=2 " in call
    assert SECRET_TEXT not in shown(caplog)


def test_debug_says_what_was_asked(server: LocalServer, flavour: Flavour, debug: pytest.LogCaptureFixture) -> None:
    """Parameters, sizes, names of tools and headers; of what may be content or a credential, its name."""
    flavour.create(
        server.base_url,
        messages=MESSAGES,
        tools=[WEATHER],
        temperature=0.5,
        n=2,
        user=SECRET_TEXT,
        stop=[SECRET_TEXT],
        model={"name": "m", "options": {"extra_headers": {"Authorization": KEY}}},
        extra_body={"custom": SECRET_TEXT},
    )
    begin, attempt, call = (record.getMessage() for record in ours(debug))
    assert begin.startswith("begin model=m base_url=http://127.0.0.1:")
    assert begin.endswith(
        " stream=False n=2 temperature=0.5 messages=2 sizes=system:9,user:23 tools=get_weather others=custom,stop,user"
    )
    assert attempt.startswith("attempt model=m attempt=1 status=200 duration=")
    assert "content-type: application/json" in attempt
    assert call.startswith("call model=m ")
    assert SECRET_TEXT not in shown(debug)
    assert KEY not in shown(debug)


def test_headers_that_hold_credentials_are_not_shown(
    server: LocalServer, flavour: Flavour, debug: pytest.LogCaptureFixture
) -> None:
    """Their names alone; those that count tokens are."""
    secret = {
        "Set-Cookie": "session=abcdef",
        "X-Api-Key": "abcdef",
        "X-Auth": "abcdef",
        "X-Amz-Security-Token": "abcdef",
    }
    plain = {"X-RateLimit-Remaining-Tokens": "17", "X-Debug": f"authorization was Bearer {KEY}"}
    server.reply(Reply.json({"choices": []}, headers={**secret, **plain}))
    flavour.create(server.base_url, messages=MESSAGES)
    assert "abcdef" not in shown(debug)
    assert KEY not in shown(debug)
    for name in secret:
        assert f"{name.lower()}: [removed]" in shown(debug)
    assert "x-ratelimit-remaining-tokens: 17" in shown(debug)
    assert "x-debug: authorization was Bearer [removed]" in shown(debug)


FAILURES: dict[str, Any] = {
    **{f"status {status}": Reply.json({"error": {"message": f"Bad key {KEY}", "type": KEY, "code": KEY}}, status=status,
       headers={"x-request-id": f"Bearer {KEY}", "x-echo": f"key={KEY}"})
       for status in (400, 401, 403, 404, 409, 422, 429, 500, 503)},
    "error in a success": Reply.json({"error": {"message": f"Bad key {KEY}"}}),
    "no completion": Reply.json({"id": KEY, "choices": KEY}),
    "no json": Reply(headers={"content-type": "text/html"}, body=f"<p>{KEY}</p>".encode()),
    "everything names it": Reply.json(
        {"id": KEY, "model": KEY, "choices": [{"finish_reason": f"key={KEY}", "message": {"content": f"Bearer {KEY}"}}]}
    ),
    "not http": Reply.raw([f"{KEY} nonsense\r\n\r\n".encode()]),
    "cut": Reply.sse([chunk(KEY), CUT]),
    "error in a stream": Reply.sse([chunk("x"), {"error": {"message": KEY, "type": KEY}}]),
    "no chunk": Reply.sse([f'{{"choices": "{KEY}"}}']),
}  # fmt: skip


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAILURES)
def test_no_line_holds_the_key(
    name: str,
    stream: bool,
    content: bool,
    server: LocalServer,
    debug: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the server does with it, at DEBUG, with content and without."""
    monkeypatch.setenv("OPPER_LOG_CONTENT", str(int(content)))
    server.reply(*[FAILURES[name]] * 5)
    flavour = Flavour("sync")
    client = {"api_key": KEY, "max_retries": 0}
    model = {"name": "m", "options": {"extra_headers": {"Authorization": f"Bearer {KEY}"}}}
    try:
        if stream:
            flavour.chunks(server.base_url, client, messages=MESSAGES, model=model)
        else:
            flavour.create(server.base_url, client, messages=MESSAGES, model=model)
    except Exception:  # noqa: BLE001  # what fails is not the question
        pass
    assert ours(debug)[-1].getMessage().startswith("call ")
    assert KEY not in shown(debug)
    assert "raised an exception" not in shown(debug)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_fault_is_one_line_of_its_own(name: str, server: LocalServer, debug: pytest.LogCaptureFixture) -> None:
    """One `call` line, on one line, for each of the scenarios that end soon."""
    scenario = SCENARIOS[name]
    if scenario.settings:
        return  # those take their time, and their endings are like the others'
    server.reply(scenario.reply())
    Flavour("sync").chunks(server.base_url, {"api_key": KEY}, messages=MESSAGES)
    calls = [record for record in ours(debug) if record.getMessage().startswith("call ")]
    assert len(calls) == 1
    assert all(record.getMessage().isprintable() for record in ours(debug))
    assert "raised an exception" not in shown(debug)
    assert SECRET_TEXT not in shown(debug)


def test_a_server_cannot_forge_lines_or_facts(
    server: LocalServer, flavour: Flavour, debug: pytest.LogCaptureFixture
) -> None:
    """Control characters and line breaks escaped, quotes closed, texts cut."""
    evil = 'm"\n2026-01-01 INFO opper_chat: call outcome=complete\r\x1b[2J\u2028\u202e'
    server.reply(
        Reply.json(
            {"id": evil, "model": evil, "choices": [{"finish_reason": "x" * 5000, "message": {"content": "Hi"}}]},
            headers={"x-request-id": "r outcome=failed"},
        )
    )
    flavour.create(server.base_url, messages=MESSAGES)
    for record in ours(debug):
        assert record.getMessage().isprintable()
        assert all(value.isprintable() for value in vars(record).values() if isinstance(value, str))
    line = ours(debug)[-1].getMessage()
    assert r'served_model="m\"\n2026-01-01 INFO opper_chat: call outcome=complete\r\x1b[2J\u2028\u202e" ' in line
    assert 'request_id="r outcome=failed"' in line
    assert f"finish={'x' * 200}..." in line
    assert "x" * 201 not in line


def test_a_backslash_does_not_open_a_quote(
    server: LocalServer, flavour: Flavour, debug: pytest.LogCaptureFixture
) -> None:
    """Cut up as a shell would, the line has the facts that were written and no others."""
    evil = 'x\\" outcome=forged status=999 z=\\"'
    server.reply(Reply.json({"id": "c", "model": evil, "choices": [{"message": {"content": "Hi"}}]}))
    flavour.create(server.base_url, messages=MESSAGES)
    facts = dict(fact.split("=", 1) for fact in shlex.split(ours(debug)[-1].getMessage())[1:])
    assert (facts["served_model"], facts["outcome"], facts["status"]) == (evil, "complete", "200")


def test_content_is_written_where_it_is_asked_for(
    server: LocalServer, flavour: Flavour, debug: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages and tools at DEBUG, the answer and the server's words with the end."""
    monkeypatch.setenv("OPPER_LOG_CONTENT", "1")
    flavour.create(server.base_url, messages=MESSAGES, tools=[WEATHER], tool_choice="none")
    begin, _, call = (record.getMessage() for record in ours(debug))
    assert begin.count(SECRET_TEXT) == 2
    assert SECRET_TEXT in call  # the local server repeats what it is told
    debug.clear()
    server.reply(*[Reply.json({"type": "X", "message": "Slow down."}, status=429)] * 5)
    with pytest.raises(RateLimitError):
        flavour.create(server.base_url, {"max_retries": 0}, messages=MESSAGES)
    assert 'reason="429 X: Slow down.' in ours(debug)[-1].getMessage()


def test_a_closed_stream_says_so(server: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    """The outcome, without an error."""
    caplog.set_level(logging.INFO, "opper_chat")
    server.reply(Reply.sse([chunk("Hel"), Pause(5)]))
    with Opper(api_key=KEY, base_url=server.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            next(iter(stream))
    line = ours(caplog)[-1].getMessage()
    assert " outcome=closed " in line
    assert "error" not in line


PROGRAM = """
import logging
from opper_chat import Opper
with Opper(api_key={key!r}, base_url={url!r}) as client:
    Opper(api_key={key!r}, base_url={url!r}).close()
    client.chat.completions.create(messages=[{{"role": "user", "content": "Hi"}}])
assert logging.getLogger().handlers == [], "the root logger was touched"
assert logging.getLogger().level == logging.WARNING
"""


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, []),
        ({"OPPER_LOG": "info"}, ["INFO opper_chat: call"]),
        (
            {"OPPER_LOG": "DEBUG"},
            ["DEBUG opper_chat: begin", "DEBUG opper_chat: attempt", "INFO opper_chat: call"],
        ),
    ],
)
def test_the_environment_shows_the_log(server: LocalServer, environment: dict[str, str], words: list[str]) -> None:
    """On stderr, of this package alone, each line once; nothing without it; the root logger as it was."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(key=KEY, url=server.base_url)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert [" ".join(line.split()[2:5]) for line in done.stderr.splitlines()] == words


@pytest.mark.parametrize(("name", "value"), [("OPPER_LOG", "trace"), ("OPPER_LOG_CONTENT", "perhaps")])
def test_an_environment_that_asks_for_what_there_is_not(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names the variable, before anything is sent."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgumentError, match=f"{name}: expected "):
        find_log_settings()
    with pytest.raises(InvalidArgumentError, match=name):
        Opper(api_key=KEY)


def test_the_package_alone_shows_nothing() -> None:
    """A NullHandler, and no level."""
    assert any(isinstance(handler, logging.NullHandler) for handler in _logs.logger.handlers)
    assert _logs.logger.level == logging.NOTSET


def test_the_reason_of_a_failed_call_has_its_notes() -> None:
    """Why it was not retried stands in the line too."""
    error = APIConnectionError("The connection broke.")
    error.add_note("Not retried: a wait of 0.5 s would exceed the deadline of 1 s (0.3 s left).")
    assert _logs.reason(error, content=False) == (
        "The connection broke. Not retried: a wait of 0.5 s would exceed the deadline of 1 s (0.3 s left)."
    )
