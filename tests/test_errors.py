"""The tree of errors, and what each carries for every shape of body in use."""

import copy
import json
import logging
import pickle
import time
import traceback
import typing
from typing import Any

import opper_chat
import pytest
from flavours import HELLO, Flavour
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    InvalidArgumentError,
    MissingKeyError,
    NotFoundError,
    Opper,
    OpperError,
    PermissionDeniedError,
    RateLimitError,
    StreamTruncatedError,
    UnknownArgumentError,
    UnprocessableEntityError,
)
from opper_chat._streaming.completion_reader import read_completion
from opper_chat.testing import CUT, LocalServer, Reply, chunk

STATUSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    502: InternalServerError,
    503: InternalServerError,
    529: InternalServerError,
    599: InternalServerError,
    302: APIStatusError,
    402: APIStatusError,
    408: APIStatusError,
    418: APIStatusError,
}

PLACES = [{"loc": ["body", "messages", 0], "msg": "Field required", "type": "missing", "input": {}}]
PAGE = b"""<html><head><title>Oh  no</title><style>p { x: y }</style></head><!-- a > b --><body
class='x'><script>if (a < b) {}</script ><p>Come&nbsp;back
&amp; try</p></html>"""
PLACE = "body.messages.0: Field required"


def failure(status: int, body: Any, headers: dict[str, str] | None = None) -> APIError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(APIError) as caught:
        read_completion(status, headers or {}, content)
    return caught.value


def test_the_tree_is_the_one_drawn_in_the_docstring() -> None:
    """Parent and child as in the drawing, for every exception that is public."""
    assert opper_chat.ToolError  # which loads its module
    drawing = f"{opper_chat._errors.api.__doc__}\n{opper_chat._errors.tools.__doc__}"
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in drawing.splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        if not words.strip() or not words.split()[0].endswith("Error"):
            continue
        depth, name = len(words) - len(words.lstrip()), words.split()[0]
        stack = [entry for entry in stack if entry[0] < depth]
        parents[name] = stack[-1][1] if stack else "Exception"
        stack.append((depth, name))
    public = {name for name in vars(opper_chat)["__all__"] if name.endswith("Error")}
    assert set(parents) == public
    for name, parent in parents.items():
        assert getattr(opper_chat, name).__bases__[0].__name__ == parent


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_a_status_chooses_the_class(status: int, kind: type[APIStatusError]) -> None:
    """Exactly that class, with the status, the headers and the raw body."""
    body = {"type": "SomeError", "message": "No.", "detail": "Because."}
    error = failure(status, body, {"X-Request-Id": "req_1"})
    assert type(error) is kind
    assert (error.status_code, error.request_id) == (status, "req_1")
    assert (error.type, error.message, error.detail) == ("SomeError", "No.", "Because.")
    assert error.raw_body == json.dumps(body).encode()
    assert error.body == body
    assert str(error) == f"{status} SomeError: No. [request id req_1]"


@pytest.mark.parametrize(
    ("body", "message", "type_", "detail", "code", "param"),
    [
        ({"type": "T", "message": "M", "detail": None}, "M", "T", None, None, None),
        ({"type": "T", "message": "M.", "detail": PLACES}, f"M: {PLACE}", "T", PLACES, None, None),
        ({"error": {"code": "c", "message": "M", "details": {"a": 1}}}, "M", "c", {"a": 1}, "c", None),
        ({"error": {"message": "M", "type": "T", "param": "p", "code": 7}}, "M", "T", None, 7, "p"),
        ({"error": {"message": "M", "type": None, "param": None, "code": None}}, "M", None, None, None, None),
        ({"error": "M"}, "M", None, None, None, None),
        ({"error": "T", "message": "M"}, "M", None, None, None, None),
        ({"detail": "M"}, "M", None, "M", None, None),
        ({"detail": PLACES}, "body.messages.0: Field required", None, PLACES, None, None),
        ([{"error": {"message": "M", "code": 400}}], "M", None, None, 400, None),
        ("M", "M.", None, None, None, None),
        ({}, "The server responded with 400 (Bad Request): {}", None, None, None, None),
        ({"error": {}}, 'The server responded with 400 (Bad Request): {"error": {}}', None, None, None, None),
        (
            {"error": {"message": {"deep": 1}}},
            'The server responded with 400 (Bad Request): {"error": {"message": {"deep": 1}}}',
            None, None, None, None,
        ),
        (
            {"object": "error", "message": {"detail": PLACES}, "type": "T", "code": 7},
            "body.messages.0: Field required", "T", PLACES, 7, None,
        ),
        ({"errors": [{"message": "M", "code": 7}], "success": False}, "M", None, None, 7, None),
        ({"errors": ["M"]}, "M", None, None, None, None),
        ({"Message": "M"}, "M", None, None, None, None),
        ({"base_resp": {"status_code": 1008, "status_msg": "M"}}, "M", None, None, 1008, None),
        ({"fault": {"faultstring": "M"}}, "M", None, None, None, None),
        ({"error": "T", "error_description": "M"}, "M", None, None, None, None),
        ({"type": "about:blank", "title": "M", "status": 400}, "M", None, None, None, None),
        (
            {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "The model 'x' does not exist"},
            "Bad Request: The model 'x' does not exist", None, "The model 'x' does not exist", None, None,
        ),
        ({"type": "https://x/credit", "title": "T.", "detail": "D"}, "T: D", "https://x/credit", "D", None, None),
        ({"title": "M", "detail": "M"}, "M", None, "M", None, None),
        ({"title": "T", "detail": PLACES}, f"T: {PLACE}", None, PLACES, None, None),
        ({"title": "T", "errors": [{"detail": "D", "pointer": "#/a"}]}, "T: #/a: D", None, None, None, None),
        ({"title": "T", "errors": {"a": ["D", "E"]}, "traceId": "t"}, "T: a: D", None, None, None, None),
        ({"title": "T", "errors": ["D"]}, "T: D", None, None, None, None),
        ({"title": "T", "errors": {}}, "T", None, None, None, None),
        ({"errors": [{"status": "400", "title": "T", "detail": "D"}]}, "T: D", None, "D", None, None),
        ({"error": "E", "title": "T", "detail": "D"}, "T: D", None, "D", None, None),
        ({"error": {"title": "T", "detail": "D"}}, "T: D", None, "D", None, None),
        ({"message": "M", "title": "T", "detail": "D"}, "M", None, "D", None, None),
        (b"", "The server responded with 400 (Bad Request).", None, None, None, None),
        (
            b"[" * 100_000,
            f"The server responded with 400 (Bad Request) and a body of text/html: {'[' * 497}...",
            None, None, None, None,
        ),
        (b"<html>", "The server responded with 400 (Bad Request) and a body of text/html.", None, None, None, None),
        (
            PAGE,
            "The server responded with 400 (Bad Request) and a body of text/html: Oh no Come back & try",
            None, None, None, None,
        ),
        (b"\xff\xfe", "The server responded with 400 (Bad Request) and a body of text/html.", None, None, None, None),
        (None, "The server responded with 400 (Bad Request) and a body of text/html: null", None, None, None, None),
    ],
)  # fmt: skip
def test_every_shape_of_body(body: Any, message: str, type_: Any, detail: Any, code: Any, param: Any) -> None:
    """What the server says, wherever it says it; and the body as it came."""
    error = failure(400, body, {"content-type": "text/html"})
    assert (error.message, error.type, error.detail, error.code, error.param) == (message, type_, detail, code, param)


def test_a_problem_is_printed_with_its_reason() -> None:
    """RFC 9457: without the type that says nothing."""
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "No model 'x'"}
    assert str(failure(400, problem)) == "400: Bad Request: No model 'x'"


@pytest.mark.parametrize(
    "body",
    [
        {"base_resp": {"status_code": 0, "status_msg": "success"}, "choices": None},
        {"code": 0, "message": "success", "choices": None, "usage": {}},
        {"code": 200, "msg": "OK", "choices": None},
        {"code": "success", "message": "Success.", "choices": None},
    ],
)
def test_a_code_of_success_is_not_printed_as_an_error(body: dict[str, Any]) -> None:
    """Nor the message that comes with it; the attributes have the code."""
    error = failure(200, body)
    assert type(error) is APIResponseValidationError
    assert str(error).startswith("The body is ")
    assert str(error).endswith(f"found nothing): {json.dumps(body)}")
    assert error.code in (0, 200, "success")


def test_an_unregistered_status_is_no_surprise() -> None:
    """A message for a number that no registry lists."""
    assert "unregistered" in failure(799, b"").message


def test_a_body_without_a_content_type() -> None:
    """The text says so in words."""
    assert (
        str(failure(500, b"x"))
        == "500: The server responded with 500 (Internal Server Error) and a body without a content type: x"
    )
    assert "and a body without a content type that is not JSON" in failure(200, b"x").message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty body"),
        (b"<html><body>Gateway</body></html>", "a body of text/html"),
        (b"{", "a body of text/html"),
        (b'{"object": "list"}', "ChatCompletion.choices: expected a value"),
        (b"[1]", "ChatCompletion: expected an object, found list"),
        (b"null", "ChatCompletion: expected an object, found nothing"),
        (b'{"choices": [{"text": "x"}]}', "ChatCompletion.choices.message"),
    ],
)
def test_a_success_that_is_no_completion(content: bytes, said: str) -> None:
    """A validation error with the status and the raw body, which names what came."""
    error = failure(200, content, {"content-type": "text/html", "x-request-id": "r"})
    assert type(error) is APIResponseValidationError
    assert said in str(error)
    assert (error.status_code, error.raw_body, error.request_id) == (200, content, "r")


@pytest.mark.parametrize("body", [{"error": {"message": "M"}}, {"type": "T", "message": "M"}, {"detail": "M"}])
def test_a_success_that_is_an_error(body: Any) -> None:
    """An API error with the server's words."""
    error = failure(200, body)
    assert type(error) is APIError
    assert error.message == "M"


def test_what_another_decoder_reads_is_read() -> None:
    """NaN, a surrogate half and a byte order mark are no reason to lose an answer, which can be printed."""
    body = b'\xef\xbb\xbf{"choices": [{"message": {"content": "\\ud83d"}, "score": NaN}]}'
    read = read_completion(200, {}, body)
    assert read.choices[0].message.content == "\ufffd"
    assert str(read.choices[0]["score"]) == "nan"


ALL = [
    InvalidArgumentError("a", "b", "c", "d"),
    UnknownArgumentError("a", "1", "b", "c"),
    MissingKeyError(("A",)),
    APIConnectionError("broken"),
    APITimeoutError("late", status_code=200),
    StreamTruncatedError("cut", headers={"X-Request-Id": "r"}),
    failure(429, {"type": "T", "message": "M", "detail": [1]}, {"Retry-After": "3", "X-Request-Id": "r"}),
    failure(200, b"<html>"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_errors_pickle_and_copy(error: OpperError) -> None:
    """The same class, text and attributes."""
    for same in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert type(same) is type(error)
        assert str(same) == str(error)
        assert same.__dict__ == error.__dict__


def test_a_group_of_errors_pickles() -> None:
    """As it comes from a task group in another process: the classes, texts and attributes of all."""
    group = pickle.loads(pickle.dumps(ExceptionGroup("two tasks", ALL)))
    assert [(type(same), str(same), vars(same)) for same in group.exceptions] == [
        (type(error), str(error), vars(error)) for error in ALL
    ]
    assert group.subgroup(APIStatusError).exceptions[0].detail == [1]


# --- What is printed ---------------------------------------------------------------------------

RUDE = "a\nERROR root: forged\r\n\x1b[31mred\x07 \x00 \u202egnorw\u2066 \ud83d \x9b2J\u2028b" + "x" * 10_000


def texts_of(error: BaseException) -> list[str]:
    return [str(error), repr(error), f"{error}", "".join(traceback.format_exception_only(error)).removesuffix("\n")]


@pytest.mark.parametrize(
    "error",
    [
        failure(400, {"message": RUDE, "type": RUDE, "code": RUDE}, {"x-request-id": "r" * 5000}),
        failure(502, RUDE.encode(errors="replace")),
        failure(400, {"unknown": RUDE}),
        failure(200, {"error": {"message": RUDE}}),
        failure(200, {"message": RUDE}),
        failure(200, RUDE.encode(errors="replace"), {"content-type": "text/plain"}),
        failure(307, b"", {"location": f"/{RUDE}"}),
        APIConnectionError(RUDE),
        InvalidArgumentError("a", RUDE, RUDE, RUDE),
        UnknownArgumentError(RUDE, RUDE, None, RUDE),
        MissingKeyError((RUDE,)),
        opper_chat.ToolError(RUDE),
        opper_chat.ToolArgumentsError("f", "c", RUDE, RUDE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_printed_is_one_line_and_not_endless(error: OpperError) -> None:
    """At most 2,000 characters that are all printable, while the attributes keep what came."""
    for same in (error, pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        for text in texts_of(same):
            assert text.isprintable()
            assert len(text) < 2100
        assert len(str(same)) <= 2000
    if isinstance(error, APIStatusError) and error.status_code == 400 and error.type:
        assert error.message == error.type == RUDE.replace("\ud83d", "\ufffd")
        assert str(error).endswith(f"[request id {'r' * 197}...]")


def test_what_is_added_to_an_endless_text_is_printed() -> None:
    """The number of attempts and the request id stand after the cut."""
    error = failure(429, {"message": "m" * 9000, "type": "T"}, {"x-request-id": "req_1"})
    error.attempts = (Attempt(429, None, 0.1, 0.1, None),) * 3
    assert str(error).startswith("429 T: mmmm")
    assert str(error).endswith("mmm... [after 3 attempts, request id req_1]")
    assert len(str(error)) == 2000
    assert error.message == "m" * 9000


def test_log_lines_are_not_endless(server: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    """One line of at most 2,000 characters each, whatever the server sends; the record's attributes have the facts."""
    caplog.set_level(logging.DEBUG, "opper_chat")
    many = {f"x-{number}": "\u00e9" * 500 for number in range(20)}
    server.reply(
        Reply.json({"message": RUDE.replace("\ud83d", "")}, status=400, headers={**many, "x-request-id": "i" * 3000})
    )
    with pytest.raises(BadRequestError), Opper(api_key="key", base_url=server.base_url) as client:
        client.chat.completions.create(model="m" * 3000, messages=HELLO)  # type: ignore[arg-type]
    assert len(caplog.records) >= 3
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) <= 2000
    assert any(record.__dict__.get("opper_status") == 400 for record in caplog.records)


def test_the_number_of_attempts_is_printed(server: LocalServer, flavour: Flavour) -> None:
    """After the message, if there was more than one."""
    busy = Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1", "x-request-id": "r"})
    server.reply(busy, busy, busy)
    with pytest.raises(InternalServerError) as caught:
        flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert str(caught.value) == "503: Busy [after 3 attempts, request id r]"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert [attempt.error for attempt in caught.value.attempts] == ["InternalServerError: 503: Busy [request id r]"] * 3
    server.reply(*[Reply.sse([chunk("a"), CUT])] * 3)
    _, error = flavour.chunks(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert "attempts" not in str(error)  # a stream that was handed out is not asked for again


@pytest.mark.parametrize(
    "reply",
    [
        Reply.json({"error": {"message": "No.", "type": "T"}}),
        Reply.json({"error": {"message": "No."}}),
        Reply.json({"x": 1}),
        Reply(200, {"content-type": "text/html"}, b"<p>No."),
        Reply.sse([chunk("a"), {"error": {"message": "No."}}]),
        Reply.sse([chunk("a")]),
        Reply.sse([chunk("a"), CUT]),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_text_does_not_begin_with_a_status_of_success(
    server: LocalServer, flavour: Flavour, reply: Reply, stream: bool
) -> None:
    """Nothing is "200: ..."; the status is in `status_code`."""
    server.reply(reply)
    with pytest.raises(APIError) as caught:
        if stream:
            raise flavour.chunks(server.base_url, messages=HELLO)[1] or AssertionError("no error")
        flavour.create(server.base_url, messages=HELLO)
    assert not str(caught.value)[0].isdigit()
    assert caught.value.status_code == 200


def test_public_names_are_printed() -> None:
    """A traceback shows `opper_chat.RateLimitError`, which can be imported; classes of users keep their own module."""
    for name in (name for name in vars(opper_chat)["__all__"] if name.endswith("Error")):
        kind = getattr(opper_chat, name)
        assert (kind.__module__, kind.__qualname__) == ("opper_chat", name)
        typing.get_type_hints(kind)
    assert texts_of(failure(429, {"message": "M"}))[3] == "opper_chat.RateLimitError: 429: M"

    class OwnError(APIStatusError):
        pass

    assert OwnError.__module__ == __name__


# --- The response ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["create", "stream", "raw", "raw stream", "streaming", "parse"])
def test_an_error_has_the_response_and_the_request(server: LocalServer, flavour: Flavour, way: str) -> None:
    """By the names of httpx, as `except` blocks for the OpenAI SDK read them; pickled and copied too."""
    body = {"error": {"message": "No.", "code": "c", "given": "Key-12345678"}}
    server.reply(Reply.json(body, status=429, headers={"X-Request-Id": "r", "Retry-After": "3"}))

    def call(client: Any) -> Any:
        completions = client.chat.completions
        stream = {"stream": True} if way.endswith("stream") else {}
        if way.startswith("raw"):
            return completions.with_raw_response.create(messages=HELLO, **stream)
        if way == "parse":
            return completions.parse(messages=HELLO, response_format=int)
        return completions.create(messages=HELLO, **stream)

    def enter(client: Opper) -> None:
        with client.chat.completions.with_streaming_response.create(messages=HELLO):  # type: ignore[arg-type]
            pass

    async def enter_async(client: AsyncOpper) -> None:
        async with client.chat.completions.with_streaming_response.create(messages=HELLO):  # type: ignore[arg-type]
            pass

    entering = enter if flavour.kind == "sync" else enter_async
    settings = {"api_key": "key-12345678", "base_url": server.base_url, "default_query": {"token": "t1", "a": "b"}}
    with pytest.raises(RateLimitError) as caught:
        flavour(entering if way == "streaming" else call, **settings)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):
        response = error.response
        assert (response.status_code, response.headers["Retry-After"]) == (429, "3")
        assert response.json()["error"]["message"] == "No."
        assert json.loads(response.text) == json.loads(response.content) == response.json()
        assert "12345678" not in response.text
        request = response.request
        assert request.method == "POST"
        assert request.url.startswith(f"{server.base_url}/chat/completions?")
        assert "t1" not in request.url
        assert "a=b" in request.url
        assert request.headers["Authorization"] == "[removed]"
        assert request.headers["Content-Type"] == "application/json"
        assert error.request == request
        assert repr(response) == "<ErrorResponse [429]>"
        assert response == caught.value.response


def test_an_error_without_a_response_has_none(flavour: Flavour) -> None:
    """But the request that was sent, or was to be sent."""
    with pytest.raises(APIConnectionError) as caught:
        flavour.create("http://127.0.0.1:9/v1", messages=HELLO)
    assert caught.value.response is None
    assert caught.value.request is not None
    assert caught.value.request.url == "http://127.0.0.1:9/v1/chat/completions"


@pytest.mark.parametrize("way", ["create", "stream"])
def test_an_error_before_the_first_request_has_the_request(flavour: Flavour, way: str, server: LocalServer) -> None:
    """The one that was to be sent, so that `error.request.url` is always there; without what may be a secret."""

    def slow() -> str:
        time.sleep(0.05)
        return "key-12345678"

    settings: dict[str, Any] = {
        "api_key": slow,
        "base_url": server.base_url,
        "deadline": 0.01,
        "default_query": {"token": "sesame", "a": "b"},
        "default_headers": {"authorization-2": "sesame", "x-team": "search"},
    }
    with pytest.raises(APITimeoutError) as caught:
        flavour(lambda client: client.chat.completions.create(messages=HELLO, stream=way == "stream"), **settings)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert error.attempts == ()
        assert error.request.method == "POST"
        assert error.request.url == f"{server.base_url}/chat/completions?token=%5Bremoved%5D&a=b"
        assert (error.request.headers["X-Team"], error.request.headers["authorization-2"]) == ("search", "[removed]")
    assert server.requests == []


def test_a_response_without_a_request_raises_what_httpx_raises() -> None:
    """Of an error that was not raised by a call."""
    error = APIStatusError("No", status_code=400)
    with pytest.raises(RuntimeError, match="not known"):
        _ = error.response.request
    assert pickle.loads(pickle.dumps(error.response)) == error.response


def test_an_error_of_a_success_has_its_response(server: LocalServer, flavour: Flavour) -> None:
    """Of a broken body what came of it; `json()` of what is no JSON raises what httpx raises."""
    server.reply(Reply(200, {"content-type": "text/plain; charset=latin-1"}, "h\xe9llo".encode("latin-1")))
    with pytest.raises(APIResponseValidationError) as caught:
        flavour.create(server.base_url, messages=HELLO)
    response = caught.value.response
    assert response is not None
    assert (response.status_code, response.text) == (200, "h\xe9llo")
    with pytest.raises(json.JSONDecodeError, match="not JSON"):
        response.json()
    server.reply(Reply.sse([chunk("a"), {"error": {"message": "No."}}]))
    _, error = flavour.chunks(server.base_url, messages=HELLO)
    assert isinstance(error, APIError)
    assert error.response is not None
    assert error.response.headers["content-type"].startswith("text/event-stream")
    assert error.response.json() == {"error": {"message": "No."}}
    server.reply(Reply.json({"choices": [{"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]}))
    with pytest.raises(opper_chat.InvalidCompletionError) as invalid:
        flavour(
            lambda client: client.chat.completions.parse(messages=HELLO, response_format=int),
            api_key="key", base_url=server.base_url,
        )  # fmt: skip
    assert invalid.value.response is not None
    assert invalid.value.response.request is not None
    assert invalid.value.response.json()["choices"]
