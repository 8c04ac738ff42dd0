"""The lines of the log: what of a call is written down, and what never is. No HTTP library.

A line is a word and facts after it, ``name=value``, so that it can be read by a person and cut up by a program; the
same facts are attributes of the record, with ``opper_`` before the name. Texts are not content unless they are asked
for, and nothing that comes from a server can end a line, begin another, or add a fact.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from .._config.environment import find_log_settings
from .._errors.api import APIConnectionError, InvalidArgumentError, OpperError, StreamTruncatedError
from .._errors.excerpts import one_line
from .._errors.redaction import REMOVED
from .._errors.secret_names import is_secret_header
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .record import Attempt, CallRecord

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletion

logger = logging.getLogger("opper_chat")

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"

LONGEST = 200
"""The most characters of a value, unless it has a length of its own."""

LENGTHS = {"headers": 2000, "reason": 1000, "content": 8000, "traceback": 8000}

SHOWN = frozenset({
    "frequency_penalty", "logprobs", "max_completion_tokens", "max_tokens", "n", "parallel_tool_calls",
    "presence_penalty", "reasoning_effort", "seed", "service_tier", "store", "temperature", "top_logprobs", "top_p",
    "verbosity",
})  # fmt: skip
"""The parameters whose values are shown: they say how to answer. Of the others, which may hold what a person wrote,
or a credential, there is the name."""

KEY = re.compile(r"(?i)\b(bearer|basic)(\s+)\S{8,}|\b(key)([:=]\s*)\S+|\b(?:sk|pk|op|gsk|xai)-[\w-]{8,}")
"""What looks like a credential in a text: servers repeat the key that they do not like."""

Facts = dict[str, object]


class Log:
    """The observer that writes lines under the logger ``opper_chat``.

    One for the end of each call and one for each wait before another attempt at INFO, more at DEBUG. A call that
    failed is a line like any other and not a warning: its exception tells the caller, who decides how grave it is.

    Attributes:
        content: whether messages, answers and the words of errors are written too.
    """

    content = False

    def on_call_start(self, call: CallRecord) -> None:
        """Write what is asked, at DEBUG."""
        facts: Facts = {"model": model_name(call.body), "base_url": call.base_url, "stream": call.stream}
        facts |= _parameters(call.body)
        if self.content:
            facts["content"] = _text({name: call.body[name] for name in ("messages", "tools") if name in call.body})
        _write(logging.DEBUG, "begin", facts)

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Write that there will be another attempt, at INFO; and any attempt at DEBUG, with the answer's headers."""
        waits = attempt.wait > 0
        level = logging.INFO if waits else logging.DEBUG
        if not logger.isEnabledFor(level):
            return
        facts: Facts = {
            "model": model_name(call.body),
            "attempt": len(call.attempts) or 1,
            "status": attempt.status_code,
            "error": _class_name(attempt.error),
            "wait": round(attempt.wait, 3) if waits else None,
            "duration": round(attempt.seconds, 3),
            "request_id": attempt.request_id,
        }
        if logger.isEnabledFor(logging.DEBUG) and call.headers:
            facts["headers"] = _headers(call.headers)
        _write(level, "retry" if waits else "attempt", facts)

    def on_call_end(self, call: CallRecord) -> None:
        """Write how the call ended, at INFO."""
        completion = call.completion
        usage = completion.usage if completion is not None else None
        reasons = [choice.finish_reason or "none" for choice in completion.choices] if completion is not None else []
        facts: Facts = {
            "model": model_name(call.body),
            "served": completion.model if completion is not None else None,
            "status": call.status_code,
            "outcome": call.outcome,
            "prompt_tokens": usage.prompt_tokens if usage is not None else None,
            "completion_tokens": usage.completion_tokens if usage is not None else None,
            "attempts": len(call.attempts),
            "first_token": None if call.first_token is None else round(call.first_token, 3),
            "duration": None if call.duration is None else round(call.duration, 3),
            "finish": ",".join(reasons) or None,
            "request_id": call.request_id,
        }
        if call.error is not None:
            facts["error"] = type(call.error).__name__
            facts["reason"] = reason(call.error, content=self.content)
        if self.content and completion is not None:
            facts["content"] = _answer(completion)
        _write(logging.INFO, "call", facts)


log = Log()
"""The one of this process."""


def log_tool_failure(tool: str, call_id: str, error: Exception) -> None:
    """Write that a call of a tool failed: at WARNING, or at INFO where the model made the mistake or is told of it.

    Neither arguments nor the message of the exception are written, unless content is asked for. At DEBUG the traceback
    is: its frames, and the class of the exception.
    """
    told = isinstance(error, OpperError) and not isinstance(error, InvalidArgumentError)
    level = logging.INFO if told else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    facts: Facts = {"tool": tool, "call_id": call_id or None, "error": type(error).__name__}
    if log.content:
        facts["reason"] = str(error)
    _write(level, "tool", facts, _traceback(error))


def _traceback(error: Exception) -> str:
    if not (log.content or logger.isEnabledFor(logging.DEBUG)) or error.__traceback__ is None:
        return ""
    from traceback import format_exception, format_tb

    if log.content:
        lines = format_exception(error)
    else:
        lines = [*format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
    return KEY.sub(_without_key, "".join(lines))[-LENGTHS["traceback"] :]


_lock = Lock()
_set_up = False


def set_up_logging() -> None:
    """Do what the environment asks for, once in a process: to be called when a client is made.

    ``OPPER_LOG=info`` or ``debug`` writes to stderr what the logger ``opper_chat`` is told; no other logger is
    touched. Without it nothing is shown unless the program sets logging up.

    Raises:
        InvalidArgumentError: the environment asks for what there is not.
    """
    global _set_up  # noqa: PLW0603
    with _lock:
        if _set_up:
            return
        settings = find_log_settings()
        log.content = settings.content
        if settings.level is not None:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter(LINE))
            logger.addHandler(handler)
            logger.setLevel(settings.level)
        _set_up = True


def _write(level: int, word: str, facts: Mapping[str, object], traceback: str = "") -> None:
    """Write a line, and a traceback below it; facts that are not known are left out."""
    known = {name: clean(value, name) for name, value in facts.items() if value is not None}
    line = " ".join([word, *(f"{name}={_quoted(value)}" for name, value in known.items())])
    if "content" not in known:  # which was asked for
        line = one_line(line)
    if traceback:
        known["traceback"] = traceback
        line = f"{line}\n{traceback.rstrip()}"
    # The line is an argument, so that a percent sign in it means nothing.
    logger.log(level, "%s", line, extra={f"opper_{name}": value for name, value in known.items()})


def clean(value: object, name: str = "") -> object:
    """Return a value as it can be written: texts on one line, without credentials, cut to a length."""
    if not isinstance(value, str):
        return value
    longest = LENGTHS.get(name, LONGEST)
    # Cut before and after: an endless text is not to be searched, and escapes are longer than what they stand for.
    text = KEY.sub(_without_key, value[: 2 * longest])
    text = "".join(
        character if character.isprintable() and character != "\\" else ascii(character)[1:-1] for character in text
    )  # not what ends lines, nor what terminals obey or show the wrong way round
    return text if len(text) <= longest else f"{text[:longest]}..."


def _without_key(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groups())) + REMOVED


def _quoted(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if text and not any(character in ' "=\\' for character in text):
        return text
    escaped = text.replace('"', '\\"')  # backslashes are escaped already
    return f'"{escaped}"'


def reason(error: BaseException, *, content: bool) -> str | None:
    """Return the words of an error, or None where they may repeat content and that is not asked for."""
    # The words of these are this package's own; those of the others are the server's.
    own = isinstance(error, APIConnectionError | StreamTruncatedError)
    notes: list[str] = getattr(error, "__notes__", [])
    return " ".join(filter(None, [str(error), *notes])) or None if own or content else None


def model_name(body: Mapping[str, object]) -> str | None:
    """Return the model that a request asks for first, without its options; None where it leaves the choice."""
    model = body.get("model")
    if is_array(model):
        model = model[0] if model else None
    if is_object(model):
        model = model.get("name")
    return model if isinstance(model, str) else None


def _parameters(body: Mapping[str, object]) -> Facts:
    """The parameters of a request, without content: values where they are harmless, else names, counts and sizes."""
    scalar = (str, int, float)
    facts: Facts = {name: body[name] for name in sorted(SHOWN & body.keys()) if isinstance(body[name], scalar)}
    messages = body.get("messages")
    if is_array(messages):
        facts["messages"] = len(messages)
        # The last ones are the ones that change from call to call.
        facts["sizes"] = ",".join(_size(message) for message in messages[-8:])
    tools = body.get("tools")
    if is_array(tools):
        facts["tools"] = ",".join(_tool_name(tool) for tool in tools)
    rest = body.keys() - facts.keys() - {"model", "stream", "messages", "tools"}
    facts["others"] = ",".join(sorted(rest)) or None
    return facts


def _size(message: object) -> str:
    if not is_object(message):
        return "?"
    content = message.get("content")
    size = len(content) if isinstance(content, str) else 0 if content is None else len(_json.encode(content))
    return f"{message.get('role')}:{size}"


def _tool_name(tool: object) -> str:
    if not is_object(tool):
        return "?"
    said = tool.get(str(tool.get("type")), tool)
    return str(said.get("name", tool.get("type"))) if is_object(said) else "?"


def _headers(headers: Mapping[str, str]) -> str:
    shown = (f"{name}: {REMOVED if is_secret_header(name) else value}" for name, value in headers.items())
    return "; ".join(shown)


def _class_name(error: str | None) -> str | None:
    """The class of an attempt's error, without its message, which may be the server's."""
    found = re.match(r"\w+", error) if error else None
    return found[0] if found else None


def _answer(completion: ChatCompletion) -> str:
    return _text([choice.message.to_dict() for choice in completion.choices])


def _text(value: object) -> str:
    return _json.encode(value).decode()
