"""The ASGI application: what was received is written down, then scripted or answered. No sockets here."""

from __future__ import annotations

import asyncio
import itertools
import logging
import traceback
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from .._loopback.asgi import read_content, read_request
from .._replies.reply import ReceivedRequest, Reply, Scripted
from .._replies.sender import play
from .._replies.validation import check_result
from .access import Rules, model_names
from .request_validation import departures
from .responses import completion_body, error_body, events
from .simulated_model import Body, UnanswerableError, complete

logger = logging.getLogger("opper_chat.testing")

PATHS = ("/chat/completions", "/v2/openai/chat/completions", "/v3/compat/chat/completions")

_KINDS = {400: "BadRequestError", 401: "UnauthorizedError", 404: "NotFoundError",
          405: "MethodNotAllowedError", 415: "UnsupportedMediaTypeError",
          422: "RequestValidationError"}  # fmt: skip


class RefusalError(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str, *, kind: str | None = None, detail: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or _KINDS[status]
        self.detail = detail


class LocalApp:
    """Writes requests down, numbers them, and puts scripted replies before the endpoint's answers."""

    def __init__(self, rules: Rules) -> None:
        self.requests: list[ReceivedRequest] = []
        self.script: deque[Scripted] = deque()
        self.standing: Scripted | None = None
        self._numbers = itertools.count(1)
        self._endpoint = _endpoint(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await read_content(receive)
        if content is None:
            return
        received = read_request(scope, content)
        self.requests.append(received)
        request_id = f"req_{next(self._numbers):06}"
        try:
            reply = self._scripted(received)
        except Exception as error:
            logger.exception("A function of a test that makes a reply failed.")
            reply = _failed_reply(error, received)
        if reply is not None:
            await play(reply, request_id, scope["state"]["connection"], receive, send)
            return
        scope["state"]["received"] = received
        await self._endpoint(scope, receive, _with_request_id(send, request_id))

    def _scripted(self, received: ReceivedRequest) -> Reply | None:
        scripted = self.script.popleft() if self.script else self.standing
        reply = scripted if isinstance(scripted, Reply | None) else scripted(received)
        if not isinstance(scripted, Reply | None):
            check_result(reply, scripted, Reply)
        return reply if reply is None or reply.adapt is None else reply.adapt(received)


def _failed_reply(error: Exception, received: ReceivedRequest) -> Reply:
    """Return what the client gets if a function of the test failed: an error that says so, and is not retried."""
    own = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if own not in Path(frame.filename).parents]
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    message = f"The function that makes the reply failed{place}: {type(error).__name__}: {error}"
    version = 3 if received.path.startswith("/v3/") else 2
    return Reply.json(
        error_body(version, "ReplyFunctionError", message.encode("utf-8", "backslashreplace").decode()),
        status=500,
        headers={"x-should-retry": "false"},
    )


def _endpoint(rules: Rules) -> Starlette:
    numbers = itertools.count(1)

    async def create(request: Request) -> Response:
        body = _checked_body(request, rules)
        model = rules.served_model(body.get("model"))
        if model is None:
            names = ", ".join(model_names(body["model"]))
            raise RefusalError(404, f"No such model: {names}")
        span = body.get("parent_span_id")
        if span is not None and not rules.knows_span(span):
            raise RefusalError(404, f"No such parent span: {span}")
        try:
            completion = complete(body, model, next(numbers))
        except UnanswerableError as error:
            raise RefusalError(400, str(error), kind="StructuredGenerationError") from error
        headers = {"x-opper-cost": "0"} if _version(request) == 3 else {}
        if body.get("stream"):
            stream = _one_by_one(events(completion, body.get("stream_options") or {}))
            return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
        return _json(completion_body(completion), 200, headers)

    app = Starlette(
        routes=[Route(path, create, methods=["POST"]) for path in PATHS],
        exception_handlers={RefusalError: _refused, HTTPException: _refused},
    )
    app.router.redirect_slashes = False
    return app


def _checked_body(request: Request, rules: Rules) -> Body:
    received: ReceivedRequest = request.state.received
    if not rules.accepts_key(request.headers.get("authorization")):
        raise RefusalError(401, "The API key is missing or not valid")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusalError(415, f"The body must be application/json, not {media_type or 'untyped'}")
    try:
        body = msgspec.json.decode(received.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusalError(400, f"The body is not JSON: {error}") from error
    detail = departures(body)
    if detail:
        raise RefusalError(422, "The request is not valid", detail=detail)
    fitting: Body = body
    return fitting


async def _one_by_one(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)  # whether the client has left is seen between two turns of the loop


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what the endpoint refuses, and 404 and 405, which the routing raises."""
    version = _version(request)
    if isinstance(error, RefusalError):
        body = error_body(version, error.kind, str(error), error.detail)
        headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
        return _json(body, error.status, headers)
    if isinstance(error, HTTPException):
        message = f"{request.method} {request.url.path}: {error.detail}"
        body = error_body(version, _KINDS.get(error.status_code, "HTTPError"), message)
        return _json(body, error.status_code, dict(error.headers or {}))
    raise error


def _version(request: Request) -> int:
    return 3 if request.url.path.startswith("/v3/") else 2


def _json(body: dict[str, object], status: int, headers: dict[str, str]) -> Response:
    content = msgspec.json.encode(body)
    return Response(content, status, headers=headers, media_type="application/json")


def _with_request_id(send: Send, request_id: str) -> Send:
    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = (b"x-request-id", request_id.encode())
            message = {**message, "headers": [*message["headers"], named]}
        await send(message)

    return send_named
