"""The ASGI application of the local server: it records requests, and sends scripted replies or the usual responses."""

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

from .._loopback.asgi import read_body, receive_request
from .._loopback.received_request import ReceivedRequest
from .._replies.reply import Reply, ReplySource
from .._replies.sender import send_reply
from .._replies.validation import check_function_result
from .access import AccessRules, model_names
from .request_validation import validation_errors
from .responses import completion_body, error_body, stream_events
from .simulated_model import Body, UnsatisfiableFormatError, simulate_completion

logger = logging.getLogger("opper_chat.testing")

PATHS = ("/chat/completions", "/v2/openai/chat/completions", "/v3/compat/chat/completions")

_ERROR_TYPES = {400: "BadRequestError", 401: "UnauthorizedError", 404: "NotFoundError",
          405: "MethodNotAllowedError", 415: "UnsupportedMediaTypeError",
          422: "RequestValidationError"}  # fmt: skip


class EndpointError(Exception):
    """An error of the endpoint, which is sent as a response."""

    def __init__(self, status: int, message: str, *, error_type: str | None = None, detail: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type or _ERROR_TYPES[status]
        self.detail = detail


class LocalApp:
    """Record and number requests. A scripted reply takes precedence over the usual response."""

    def __init__(self, rules: AccessRules) -> None:
        self.requests: list[ReceivedRequest] = []
        self.queued_replies: deque[ReplySource] = deque()
        self.default_reply: ReplySource | None = None
        self._numbers = itertools.count(1)
        self._endpoint = _endpoint(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await read_body(receive)
        if content is None:
            return
        received = receive_request(scope, content)
        self.requests.append(received)
        request_id = f"req_{next(self._numbers):06}"
        try:
            reply = self._scripted_reply(received)
        except Exception as error:
            logger.exception("A function of a test that makes a reply failed.")
            reply = _failed_reply(error, received)
        if reply is not None:
            await send_reply(reply, request_id, scope["state"]["connection"], receive, send)
            return
        scope["state"]["received"] = received
        await self._endpoint(scope, receive, _with_request_id(send, request_id))

    def _scripted_reply(self, received: ReceivedRequest) -> Reply | None:
        scripted = self.queued_replies.popleft() if self.queued_replies else self.default_reply
        reply = scripted if isinstance(scripted, Reply | None) else scripted(received)
        if not isinstance(scripted, Reply | None):
            check_function_result(reply, scripted, Reply)
        return reply if reply is None or reply.adapt is None else reply.adapt(received)


def _failed_reply(error: Exception, received: ReceivedRequest) -> Reply:
    """Return the reply if a function of the test raised: an error with its text, which clients do not retry."""
    own = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if own not in Path(frame.filename).parents]
    location = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    message = f"The function that makes the reply failed{location}: {type(error).__name__}: {error}"
    version = 3 if received.path.startswith("/v3/") else 2
    return Reply.json(
        error_body(version, "ReplyFunctionError", message.encode("utf-8", "backslashreplace").decode()),
        status=500,
        headers={"x-should-retry": "false"},
    )


def _endpoint(rules: AccessRules) -> Starlette:
    numbers = itertools.count(1)

    async def create(request: Request) -> Response:
        body = _validate_body(request, rules)
        model = rules.find_model(body.get("model"))
        if model is None:
            names = ", ".join(model_names(body["model"]))
            raise EndpointError(404, f"No such model: {names}")
        span = body.get("parent_span_id")
        if span is not None and not rules.has_span(span):
            raise EndpointError(404, f"No such parent span: {span}")
        try:
            completion = simulate_completion(body, model, next(numbers))
        except UnsatisfiableFormatError as error:
            raise EndpointError(400, str(error), error_type="StructuredGenerationError") from error
        headers = {"x-opper-cost": "0"} if _version(request) == 3 else {}
        if body.get("stream"):
            stream = _iterate(stream_events(completion, body.get("stream_options") or {}))
            return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
        return _json(completion_body(completion), 200, headers)

    app = Starlette(
        routes=[Route(path, create, methods=["POST"]) for path in PATHS],
        exception_handlers={EndpointError: _error_response, HTTPException: _error_response},
    )
    app.router.redirect_slashes = False
    return app


def _validate_body(request: Request, rules: AccessRules) -> Body:
    received: ReceivedRequest = request.state.received
    if not rules.accepts_key(request.headers.get("authorization")):
        raise EndpointError(401, "The API key is missing or not valid")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise EndpointError(415, f"The body must be application/json, not {media_type or 'untyped'}")
    try:
        body = msgspec.json.decode(received.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EndpointError(400, f"The body is not JSON: {error}") from error
    detail = validation_errors(body)
    if detail:
        raise EndpointError(422, "The request is not valid", detail=detail)
    validated: Body = body
    return validated


async def _iterate(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0)  # so that the server can see that the client disconnected


async def _error_response(request: Request, error: Exception) -> Response:
    """Return the response of an error: of the endpoint, or 404 and 405 of the routing."""
    version = _version(request)
    if isinstance(error, EndpointError):
        body = error_body(version, error.error_type, str(error), error.detail)
        headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
        return _json(body, error.status, headers)
    if isinstance(error, HTTPException):
        message = f"{request.method} {request.url.path}: {error.detail}"
        body = error_body(version, _ERROR_TYPES.get(error.status_code, "HTTPError"), message)
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
