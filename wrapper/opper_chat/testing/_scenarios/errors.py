"""Scenarios of errors from servers: by their status, or in the body of a 200."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .._replies.completion import chunk
from .._replies.reply import Reply
from .builders import DONE, HEL, LO, STOP, ErrorFacts, ScenarioGroup, event

ERRORS_IN_STREAMS = ScenarioGroup("errors in a stream")
STATUSES = ScenarioGroup("error statuses")
_in_stream, _status = ERRORS_IN_STREAMS.error, STATUSES.error

_BUSY = "The model is busy"


class _Body(NamedTuple):
    why: str
    body: dict[str, Any]
    facts: ErrorFacts


_BODIES = {
    "flat": _Body(
        "This vendor's older service sends errors flat.",
        {"type": "ServiceUnavailableError", "message": _BUSY, "detail": None},
        {"error_message": _BUSY, "error_type": "ServiceUnavailableError"},
    ),
    "nested": _Body(
        "This vendor's newer service nests code and message.",
        {"error": {"code": "ServiceUnavailableError", "message": _BUSY, "details": {"after": 3}}},
        {"error_message": _BUSY, "error_code": "ServiceUnavailableError"},
    ),
    "typed": _Body(
        "Most servers nest message, type, param and code.",
        {"error": {"message": _BUSY, "type": "server_error", "param": None, "code": "overloaded"}},
        {"error_message": _BUSY, "error_type": "server_error", "error_code": "overloaded"},
    ),
    "numbered": _Body(
        "Gateways give the status of the server behind them as code.",
        {"error": {"code": 503, "message": _BUSY, "metadata": {"provider": "p"}}},
        {"error_message": _BUSY, "error_code": 503},
    ),
    "text": _Body("Inference servers send only a text.", {"error": _BUSY}, {"error_message": _BUSY}),
    "detail": _Body("Web frameworks call the text a detail.", {"detail": _BUSY}, {"error_message": _BUSY}),
}
_USED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_FAILED: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": None}
_PROBLEMS: list[dict[str, Any]] = [
    {"loc": ["body", "messages"], "msg": "Field required", "type": "missing", "input": {}}
]
_TYPED, _TYPED_FACTS = _BODIES["typed"].body, _BODIES["typed"].facts

for _name, _body in _BODIES.items():
    for _prefix, _kind in (("error", None), ("error-event", "error")):
        _event = event(_body.body, _kind)
        _named = " As `event: error`." if _kind else ""
        _in_stream(f"{_prefix}-{_name}-first", f"{_body.why}{_named}", [_event], **_body.facts)
        _in_stream(f"{_prefix}-{_name}-later", f"{_body.why}{_named}", [HEL, _event], "Hel", **_body.facts)

_in_stream(
    "error-event-plain-text",
    "Proxies put plain text where JSON should be.",
    [HEL, event("upstream connect error", "error")],
    "Hel",
    error_message="upstream connect error",
)
_in_stream("error-event-empty", "A server reports a failure without any detail.", [HEL, event({}, "error")], "Hel")
_in_stream(
    "error-event-late",
    "A backend fails after a long part of the stream.",
    [*[chunk("a")] * 94, event(_TYPED, "error")],
    "a" * 94,
    **_TYPED_FACTS,
)
_in_stream(
    "error-then-done",
    "Servers close a failed stream as they close a good one.",
    [HEL, event(_TYPED), DONE],
    "Hel",
    **_TYPED_FACTS,
)
_in_stream(
    "error-after-finish-reason",
    "The completion arrived, and what follows it failed.",
    [HEL, LO, STOP, event(_TYPED)],
    "Hello",
    finish_reasons=("stop",),
    **_TYPED_FACTS,
)
_in_stream(
    "error-with-choices",
    "Gateways send a chunk that ends the choice and has the error.",
    [HEL, chunk("", finish_reason="error", **_TYPED)],
    "Hel",
    finish_reasons=("error",),
    **_TYPED_FACTS,
)
_in_stream(
    "error-with-text",
    "As above, and the chunk has the last part of the text.",
    [HEL, chunk("lo", finish_reason="error", **_TYPED)],
    "Hello",
    finish_reasons=("error",),
    **_TYPED_FACTS,
    chunks=None,
)
_in_stream(
    "error-with-no-choices",
    "Gateways send an error in the envelope of a chunk.",
    [HEL, chunk(choices=[], **_TYPED)],
    "Hel",
    **_TYPED_FACTS,
)
_in_stream(
    "error-inside-choice",
    "Gateways send the error in the choice that it ended.",
    [HEL, event(chunk(choices=[{**_FAILED, **_TYPED}]))],
    "Hel",
    **_TYPED_FACTS,
)
_in_stream(
    "finish-reason-error",
    "Gateways report that a choice failed, without the reason.",
    [HEL, chunk(finish_reason="error"), DONE],
    "Hel",
    finish_reasons=("error",),
    chunks=None,
)
ERRORS_IN_STREAMS.complete(
    "error-of-nulls",
    "Some servers have an error in every chunk, whose values are null.",
    [{**each, "error": {"message": None, "code": None}} for each in (HEL, LO, STOP)] + [DONE],
    chunks=3,
)
ERRORS_IN_STREAMS.complete(
    "success-code",
    "Some servers send a code of success with the usage.",
    [HEL, LO, STOP, {**chunk(choices=[], usage=_USED), "code": 200, "message": "success"}, DONE],
    usage_total=5,
)
ERRORS_IN_STREAMS.complete(
    "error-null",
    "Some servers have an error in every chunk, which is null.",
    [{**each, "error": None} for each in (HEL, LO, STOP)] + [DONE],
    chunks=3,
)


def _json(status: int, body: object) -> Callable[[], Reply]:
    return lambda: Reply.json(body, status=status)


_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

for _name, _body in _BODIES.items():
    _status(f"status-200-{_name}", f"{_body.why} With status 200.", _json(200, _body.body), **_body.facts)

for _code, _name, _why in (
    (400, "nested", "The request is not valid."),
    (401, "flat", "The key is missing or wrong."),
    (403, "detail", "The key may not do this."),
    (404, "typed", "There is no such model."),
    (409, "flat", "The request collides with another."),
    (429, "typed", "There were too many requests."),
    (500, "text", "The server failed."),
    (503, "numbered", "The server is overloaded."),
):
    _body = _BODIES[_name]
    _status(f"status-{_code}", _why, _json(_code, _body.body), status=_code, **_body.facts)

_status(
    "status-400-in-a-list",
    "Some vendors wrap the error in a list.",
    _json(400, [_TYPED]),
    status=400,
    **_TYPED_FACTS,
)
_status(
    "status-422",
    "Web frameworks list the paths in a body that are not valid.",
    _json(422, {"detail": _PROBLEMS}),
    status=422,
    error_message="Field required",
)
_status("status-500-empty", "The server failed and sends no body.", lambda: Reply(500), status=500)
_status(
    "status-500-as-stream",
    "The server sends the error of its status as an event.",
    lambda: Reply.sse([event(_TYPED)], status=500),
    status=500,
    **_TYPED_FACTS,
)
_status(
    "status-502-html",
    "The proxy responds for a server that is down.",
    lambda: Reply(502, {"content-type": "text/html"}, _HTML),
    status=502,
)
_status(
    "status-529",
    "A status that is in no register: the model is overloaded.",
    _json(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    status=529,
    error_message="Overloaded",
    error_type="overloaded_error",
)
