"""The tree of errors, and what each carries for every shape of body in use."""

import copy
import json
import pickle
from typing import Any

import opper_chat
import pytest
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    InvalidArgumentError,
    MissingKeyError,
    NotFoundError,
    OpperError,
    PermissionDeniedError,
    RateLimitError,
    StreamTruncatedError,
    UnknownArgumentError,
    UnprocessableEntityError,
)
from opper_chat._responses import read_completion

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
PLACE = "body.messages.0: Field required"


def failure(status: int, body: Any, headers: dict[str, str] | None = None) -> APIError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(APIError) as caught:
        read_completion(status, headers or {}, content)
    return caught.value


def test_the_tree_is_the_one_drawn_in_the_docstring() -> None:
    """Parent and child as in the drawing, for every exception that is public."""
    drawing = f"{opper_chat._errors.__doc__}\n{opper_chat._tool_errors.__doc__}"
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
    public = {name for name in opper_chat.__all__ if name.endswith("Error")}
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
        ({}, "The server answered 400 (Bad Request).", None, None, None, None),
        ({"error": {}}, "The server answered 400 (Bad Request).", None, None, None, None),
        ({"error": {"message": {"deep": 1}}}, "The server answered 400 (Bad Request).", None, None, None, None),
        (b"", "The server answered 400 (Bad Request).", None, None, None, None),
        (b"[" * 100_000, "The server answered 400 (Bad Request) with a body of text/html.", None, None, None, None),
        (b"<html>", "The server answered 400 (Bad Request) with a body of text/html.", None, None, None, None),
        (b"\xff\xfe", "The server answered 400 (Bad Request) with a body of text/html.", None, None, None, None),
        (None, "The server answered 400 (Bad Request) with a body of text/html.", None, None, None, None),
    ],
)
def test_every_shape_of_body(body: Any, message: str, type_: Any, detail: Any, code: Any, param: Any) -> None:
    """What the server says, wherever it says it; and the body as it came."""
    error = failure(400, body, {"content-type": "text/html"})
    assert (error.message, error.type, error.detail, error.code, error.param) == (message, type_, detail, code, param)


def test_an_unregistered_status_is_no_surprise() -> None:
    """A message for a number that no registry lists."""
    assert "unregistered" in failure(799, b"").message


def test_a_redirect_is_told_and_not_followed() -> None:
    """Where it leads."""
    assert "https://elsewhere" in failure(307, b"", {"location": "https://elsewhere"}).message


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
    """NaN, a lone surrogate and a byte order mark are no reason to lose an answer."""
    body = b'\xef\xbb\xbf{"choices": [{"message": {"content": "\\ud83d"}, "score": NaN}]}'
    read = read_completion(200, {}, body)
    assert read.choices[0].message.content == "\ud83d"
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
