"""The log: the observer that writes a line for each event of a call. No HTTP library.

A line is the name of the event and fields after it, ``name=value``, for people and programs to read. The same fields
are attributes of the `logging.LogRecord`, with ``opper_`` before the name. Messages and completions are written only if
the user asks for content. Nothing that a server sends can end a line, begin another one, or add a field.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from threading import Lock

from .._config.environment import find_log_settings
from .._errors.api import APIConnectionError, InvalidArgumentError, OpperError, StreamTruncatedError
from .._errors.attempt import Attempt, count_attempts
from .._errors.excerpts import one_line
from .._errors.redaction import REMOVED
from .._errors.secret_names import is_secret_header
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .record import CallRecord

logger = logging.getLogger("opper_chat")

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

MAX_LENGTH = 200
"""The most characters of a value, unless its field has a limit of its own."""

MAX_LENGTHS = {"headers": 2000, "reason": 1000, "content": 8000, "traceback": 8000}

LOGGED_PARAMETERS = frozenset({
    "frequency_penalty", "logprobs", "max_completion_tokens", "max_tokens", "n", "parallel_tool_calls",
    "presence_penalty", "reasoning_effort", "seed", "service_tier", "store", "temperature", "top_logprobs", "top_p",
    "verbosity",
})  # fmt: skip
"""The parameters whose values are logged. Of the others, which may hold content or a credential, the name is logged."""

CREDENTIAL = re.compile(r"(?i)\b(bearer|basic)(\s+)\S{8,}|\b(key)([:=]\s*)\S+|\b(?:sk|pk|op|gsk|xai)-[\w-]{8,}")
"""What looks like a credential in a text. Servers repeat the key that they reject."""

LogFields = dict[str, object]


class Log:
    """The observer that writes to the logger ``opper_chat``.

    At INFO it writes the end of each call and each wait before another attempt, at DEBUG more. A failed call is
    logged at INFO, not at WARNING or ERROR, because its exception reaches the caller.

    Attributes:
        content: whether to write messages, completions and the messages of a server's errors.
    """

    content = False

    def on_call_start(self, call: CallRecord) -> None:
        """Write the request, at DEBUG."""
        fields: LogFields = {"model": model_name(call.body), "base_url": call.base_url, "stream": call.stream}
        fields |= _parameters(call.body)
        if self.content:
            fields["content"] = _text({name: call.body[name] for name in ("messages", "tools") if name in call.body})
        _write(logging.DEBUG, "begin", fields)

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Write an attempt that another one follows, at INFO, and any other attempt, at DEBUG."""
        waits = attempt.wait > 0
        level = logging.INFO if waits else logging.DEBUG
        if not logger.isEnabledFor(level):
            return
        fields: LogFields = {
            "model": model_name(call.body),
            "attempt": count_attempts(call.attempts) + attempt.is_redirect or 1,
            "status": attempt.status_code,
            "error": _class_name(attempt.error),
            "wait": round(attempt.wait, 3) if waits else None,
            "duration": round(attempt.seconds, 3),
            "request_id": attempt.request_id,
        }
        if logger.isEnabledFor(logging.DEBUG) and call.headers:
            fields["headers"] = _headers(call.headers)
        _write(level, "retry" if waits else "attempt", fields)

    def on_call_end(self, call: CallRecord) -> None:
        """Write the end of the call, at INFO."""
        completion = call.completion
        usage = completion.usage if completion is not None else None
        reasons = [choice.finish_reason or "none" for choice in completion.choices] if completion is not None else []
        fields: LogFields = {
            "model": model_name(call.body),
            "served_model": completion.model if completion is not None else None,
            "status": call.status_code,
            "outcome": call.outcome,
            "prompt_tokens": usage.prompt_tokens if usage is not None else None,
            "completion_tokens": usage.completion_tokens if usage is not None else None,
            "attempts": count_attempts(call.attempts),
            "first_token": None if call.first_token is None else round(call.first_token, 3),
            "duration": None if call.duration is None else round(call.duration, 3),
            "finish": ",".join(reasons) or None,
            "request_id": call.request_id,
        }
        if call.error is not None:
            fields["error"] = type(call.error).__name__
            fields["reason"] = reason(call.error, content=self.content)
        if self.content and completion is not None:
            fields["content"] = _text([choice.message.to_dict() for choice in completion.choices])
        _write(logging.INFO, "call", fields)


log = Log()


def log_tool_failure(tool: str, call_id: str, error: Exception) -> None:
    """Write that a tool failed: at WARNING, or at INFO if the model made the mistake or reads the message.

    The message of the exception is written only with content, and the arguments never. At DEBUG the traceback is
    written: its frames, and the class of the exception.
    """
    is_expected = isinstance(error, OpperError) and not isinstance(error, InvalidArgumentError)
    level = logging.INFO if is_expected else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    fields: LogFields = {"tool": tool, "call_id": call_id or None, "error": type(error).__name__}
    if log.content:
        fields["reason"] = str(error)
    _write(level, "tool", fields, _traceback(error))


def _traceback(error: Exception) -> str:
    if not (log.content or logger.isEnabledFor(logging.DEBUG)) or error.__traceback__ is None:
        return ""
    from traceback import format_exception, format_tb

    if log.content:
        lines = format_exception(error)
    else:
        lines = [*format_tb(error.__traceback__), f"{type(error).__qualname__}\n"]
    return CREDENTIAL.sub(_redact, "".join(lines))[-MAX_LENGTHS["traceback"] :]


_lock = Lock()
_set_up = False


def set_up_logging() -> None:
    """Set up logging by the environment, once in a process. The clients call it.

    With ``OPPER_LOG=info``, ``debug`` or ``warning``, the logger ``opper_chat`` writes to stderr. No other logger is
    changed. Without it, nothing is written unless the program sets up logging.

    Raises:
        InvalidArgumentError: a variable has a value that is not known.
    """
    global _set_up  # noqa: PLW0603
    with _lock:
        if _set_up:
            return
        settings = find_log_settings()
        log.content = settings.content
        if settings.level is not None:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter(FORMAT))
            logger.addHandler(handler)
            logger.setLevel(settings.level)
        _set_up = True


def _write(level: int, event: str, fields: Mapping[str, object], traceback: str = "") -> None:
    """Write a line, and a traceback below it. Fields without a value are left out."""
    known = {name: clean(value, name) for name, value in fields.items() if value is not None}
    line = " ".join([event, *(f"{name}={_quoted(value)}" for name, value in known.items())])
    if "content" not in known:  # content may be long
        line = one_line(line)
    if traceback:
        known["traceback"] = traceback
        line = f"{line}\n{traceback.rstrip()}"
    # The line is an argument, so that a percent sign in it means nothing.
    logger.log(level, "%s", line, extra={f"opper_{name}": value for name, value in known.items()})


def clean(value: object, name: str = "") -> object:
    """Return a value that can be logged: a text on one line, without credentials, cut to a length."""
    if not isinstance(value, str):
        return value
    longest = MAX_LENGTHS.get(name, MAX_LENGTH)
    # Cut before, so that no endless text is searched, and after, because escapes are longer than what they stand for.
    text = CREDENTIAL.sub(_redact, value[: 2 * longest])
    text = "".join(
        character if character.isprintable() and character != "\\" else ascii(character)[1:-1] for character in text
    )  # escapes what ends lines, and what terminals obey
    return text if len(text) <= longest else f"{text[:longest]}..."


def _redact(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groups())) + REMOVED


def _quoted(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if text and not any(character in ' "=\\' for character in text):
        return text
    escaped = text.replace('"', '\\"')  # backslashes are escaped already
    return f'"{escaped}"'


def reason(error: BaseException, *, content: bool) -> str | None:
    """Return the message of an error with its notes, or None if it may repeat content that is not to be shown."""
    # This package writes the messages of these errors, and the server those of the others.
    own = isinstance(error, APIConnectionError | StreamTruncatedError)
    notes: list[str] = getattr(error, "__notes__", [])
    return " ".join(filter(None, [str(error), *notes])) or None if own or content else None


def model_name(body: Mapping[str, object]) -> str | None:
    """Return the name of the model that a request prefers, or None if it names none."""
    model = body.get("model")
    if is_array(model):
        model = model[0] if model else None
    if is_object(model):
        model = model.get("name")
    return model if isinstance(model, str) else None


def _parameters(body: Mapping[str, object]) -> LogFields:
    """Return the parameters of a request without content: harmless values, and names, counts and sizes."""
    names = sorted(LOGGED_PARAMETERS & body.keys())
    fields: LogFields = {name: body[name] for name in names if isinstance(body[name], str | int | float)}
    messages = body.get("messages")
    if is_array(messages):
        fields["messages"] = len(messages)
        # Of the last ones, because these differ from call to call.
        fields["sizes"] = ",".join(_size(message) for message in messages[-8:])
    tools = body.get("tools")
    if is_array(tools):
        fields["tools"] = ",".join(_tool_name(tool) for tool in tools)
    rest = body.keys() - fields.keys() - {"model", "stream", "messages", "tools"}
    fields["others"] = ",".join(sorted(rest)) or None
    return fields


def _size(message: object) -> str:
    if not is_object(message):
        return "?"
    content = message.get("content")
    size = len(content) if isinstance(content, str) else 0 if content is None else len(_json.encode(content))
    return f"{message.get('role')}:{size}"


def _tool_name(tool: object) -> str:
    if not is_object(tool):
        return "?"
    definition = tool.get(str(tool.get("type")), tool)
    return str(definition.get("name", tool.get("type"))) if is_object(definition) else "?"


def _headers(headers: Mapping[str, str]) -> str:
    shown = (f"{name}: {REMOVED if is_secret_header(name) else value}" for name, value in headers.items())
    return "; ".join(shown)


def _class_name(error: str | None) -> str | None:
    """Return the class of an attempt's error, without the message, which the server may have written."""
    found = re.match(r"\w+", error) if error else None
    return found[0] if found else None


def _text(value: object) -> str:
    return _json.encode(value).decode()
