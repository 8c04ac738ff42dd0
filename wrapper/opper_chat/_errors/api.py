"""Every exception of this package, and which of them a failed call becomes. No I/O, no HTTP library.

OpperError
├── InvalidArgumentError (also ValueError)    an argument is wrong; nothing was sent
│   └── UnknownArgumentError (also TypeError) no argument has this name
├── MissingKeyError                           there is no API key; nothing was sent
└── APIError                                  whatever the server or the network causes
    ├── APIConnectionError                    no answer, or not the whole of it
    │   └── APITimeoutError                   a timeout expired
    ├── APIResponseValidationError            an answer that is not what the contract says
    │   └── AnswerError                       no value of the type that was asked for; has the completion
    │       ├── InvalidAnswerError            it does not fit
    │       ├── RefusalError                  the model refused
    │       ├── LengthFinishReasonError       it was cut off
    │       └── ContentFilterFinishReasonError  it was withheld
    ├── ResponseTooLargeError                 a response exceeds a limit of the client
    ├── StreamTruncatedError                  a stream ended before the answer did
    └── APIStatusError                        an answer with a status that is not 2xx
        ├── BadRequestError                   400
        ├── AuthenticationError               401
        ├── PermissionDeniedError             403
        ├── NotFoundError                     404
        ├── ConflictError                     409
        ├── UnprocessableEntityError          422
        ├── RateLimitError                    429
        └── InternalServerError               500 and above

The names below APIError are those of the OpenAI SDK. Those of tools are in `_tool_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .answer_headers import AnswerHeaders, request_id
from .bodies import is_success_code, read_error_body, with_place
from .excerpts import LONGEST_TEXT, one_line
from .response import ErrorRequest, ErrorResponse
from .retryable import RETRIED_TIMEOUTS, is_retried_cut, is_retried_status, read_should_retry

if TYPE_CHECKING:
    from .._observability.record import Attempt
    from .._results.completion import ChatCompletion
    from .._tools.run import ToolRun

_PACKAGE = __name__.partition(".")[0]

_LONGEST_FACT = 200
"""The most characters of a server's name for an error, and of a request id, in an error's text."""


class OpperError(Exception):
    """The root: catching it catches everything that this package raises on purpose.

    Its text is one line of at most 2,000 characters; the attributes have the data whole.
    """

    __module__ = _PACKAGE
    """Tracebacks show the name by which an exception is imported."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(f"{_PACKAGE}."):
            cls.__module__ = cls.__module__.partition("._")[0]  # the public package of a private module

    def __str__(self) -> str:
        return one_line(super().__str__())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions unpickle by calling the class with `args`; keyword-only arguments do not survive that.
        return (_restore, (type(self), self.args, self.__dict__))


def _restore(cls: type[OpperError], args: tuple[object, ...], state: dict[str, object]) -> OpperError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidArgumentError(OpperError, ValueError):
    """An argument is wrong. Raised before anything is sent.

    Attributes:
        argument: the argument, or the path into it, such as ``messages[0].role``.
        expected: what is accepted there, in words.
        received: what was given, as text, cut to a readable length.
        run: inside of a run of tools, what was done before, else None.
    """

    def __init__(self, argument: str, expected: str, received: str, hint: str = "") -> None:
        message = f"{argument}: expected {expected}, got {received}"
        super().__init__(f"{message}. {hint}".rstrip())
        self.argument = argument
        self.expected = expected
        self.received = received
        self.run: ToolRun[object] | None = None


class UnknownArgumentError(InvalidArgumentError, TypeError):
    """No argument has this name. Raised before anything is sent."""

    def __init__(self, argument: str, received: str, near: str | None, hint: str, function: str = "create()") -> None:
        super().__init__(argument, f"{near!r}" if near else "the name of a parameter", received)
        said = [f"{function} has no parameter {argument!r} (given: {received})."]
        said += [f"Did you mean {near!r}?"] if near else []
        self.args: tuple[Any, ...] = (" ".join([*said, hint]).rstrip(),)


class MissingKeyError(OpperError):
    """No API key was given and no environment variable holds one.

    Attributes:
        variables: the environment variables that were looked at, in order.
    """

    def __init__(self, variables: tuple[str, ...]) -> None:
        super().__init__(
            f"No API key: pass api_key=..., or set one of the environment variables {' or '.join(variables)} "
            "(looked at in this order; all are unset or empty)."
        )
        self.variables = variables


class APIError(OpperError):
    """The server or the network failed the call.

    Its text has the status, unless that is one of success, the server's name for the error, the message, how many
    attempts were made if more than one, how many redirects were followed if any, and the request id. Its notes
    (PEP 678) say why it was not retried, or where a redirect leads.

    Attributes:
        message: what went wrong, for a person to read; the server's own words where it said any.
        status_code: the HTTP status, or None where there was no answer.
        request_id: the id by which the server's people find the call, or None.
        headers: the headers of the answer, by their names in upper or lower case.
        raw_body: the body of the answer as it came, as far as it came.
        body: the same as a JSON value, or None where it is not JSON.
        type: the server's name for the error, such as ``NotFoundError``, or None.
        detail: what else the server said, of any JSON form; for an invalid body the places, in a list.
        code: the server's code for the error, where it gives one beside the name.
        param: the parameter that the server says the error is about, or None.
        partial: of a stream, the completion as far as it came, or None if nothing did.
        chunks_received: of a stream, how many chunks came.
        attempts: the requests of the call, the last one included; each has ``status_code``, ``error`` and ``wait``.
        rejected: the completions before it whose answers did not fit, where ``retries_on_invalid`` asked again.
        run: of a call inside of a run of tools, what was done before it, else None.
        request: the HTTP request, without the key; of an error before the first request, the one that was to be sent.
            None if the error is not about a request, such as an answer that does not fit its type.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
        raw_body: bytes = b"",
        body: object = None,
    ) -> None:
        said = read_error_body(body)
        self.message: str = self._compose(message, with_place(said))
        self.status_code = status_code
        self.headers: Mapping[str, str] = AnswerHeaders(headers)
        self.request_id: str | None = request_id(self.headers)
        self.raw_body: bytes = raw_body
        self.body: object = body
        self.type: str | None = said.type
        self.detail: object = said.detail
        self.code: str | int | None = said.code
        self.param: str | None = said.param
        self.partial: ChatCompletion | None = None
        self.chunks_received = 0
        self.attempts: tuple[Attempt, ...] = ()
        self.rejected: tuple[ChatCompletion, ...] = ()
        self.run: ToolRun[object] | None = None
        self.request: ErrorRequest | None = None
        super().__init__(self.message)

    def _compose(self, message: str, words: str | None) -> str:
        return words or message

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed if it is sent again soon. The client retries these errors and no others.

        An ``x-should-retry`` header of the response decides; without one, the kind of the error and the status.
        """
        asked = read_should_retry(self.headers)
        return self._may_pass() if asked is None else asked

    def _may_pass(self) -> bool:
        return is_retried_status(self.status_code, self.code)

    @property
    def response(self) -> ErrorResponse | None:
        """The HTTP response, by the names of httpx, or None where there was none."""
        if self.status_code is None:
            return None
        return ErrorResponse(self.status_code, self.headers, self.raw_body, self.request)

    def __str__(self) -> str:
        status = None if self.status_code is not None and 200 <= self.status_code < 300 else self.status_code
        named = None if is_success_code(self.type or self.code) else self.type or self.code
        facts = [one_line(str(fact), _LONGEST_FACT) for fact in (status, named) if fact is not None]
        redirects = sum(attempt.is_redirect for attempt in self.attempts)
        tried = len(self.attempts) - redirects
        counts = [f"{tried} attempts"] if tried > 1 else []
        counts += [f"{redirects} redirect{'s' if redirects > 1 else ''}"] if redirects else []
        came = [f"after {' and '.join(counts)}"] if counts else []
        if self.request_id:
            came.append(f"request id {one_line(self.request_id, _LONGEST_FACT)}")
        head = f"{' '.join(facts)}: " if facts else ""
        tail = f" [{', '.join(came)}]" if came else ""
        return f"{head}{one_line(self.message, max(0, LONGEST_TEXT - len(head) - len(tail)))}{tail}"


class APIConnectionError(APIError):
    """There was no answer, or not the whole of it."""

    if TYPE_CHECKING:
        request: ErrorRequest  # pyright: ignore[reportIncompatibleVariableOverride]  # known of every call

    _is_permanent = False

    def _may_pass(self) -> bool:
        return not self._is_permanent and is_retried_cut(self.status_code)


def set_permanent(error: APIConnectionError) -> None:
    """Mark an error that would happen again, such as a certificate that does not verify: it is not retryable."""
    error._is_permanent = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class APITimeoutError(APIConnectionError):
    """A timeout expired.

    Attributes:
        timeout_kind: which one: ``connect``, ``read``, ``write`` or ``pool`` of httpx's, which bound single steps; or
            ``first_token``, ``idle`` or ``deadline``, for ``first_token_timeout``, ``idle_timeout`` and ``deadline`` of
            this client.
        seconds: what it was set to, or None where that is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        timeout_kind: str | None = None,
        seconds: float | None = None,
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, status_code=status_code, headers=headers)
        self.timeout_kind = timeout_kind
        self.seconds = seconds

    def _may_pass(self) -> bool:
        return self.timeout_kind in RETRIED_TIMEOUTS and super()._may_pass()


class APIResponseValidationError(APIError):
    """The answer is not what the contract says: not JSON, or JSON that is no chat completion."""

    def _compose(self, message: str, words: str | None) -> str:
        """Return the message: what is wrong, and then the server's words if it said any."""
        return f"{message.rstrip('.')}: {words}" if words else message


class ResponseTooLargeError(APIError):
    """A response exceeds a limit of the client. Its connection is closed, and the call is not retried.

    Attributes:
        limit: the field of `ResponseLimits` that it exceeds, such as ``max_body_bytes``.
        maximum: what the limit is set to.
    """

    def __init__(
        self,
        limit: str,
        maximum: int,
        *,
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
        raw_body: bytes = b"",
    ) -> None:
        super().__init__(
            f"The response exceeds the limit {limit}={maximum:,}. To accept it, create the client with "
            f"response_limits=ResponseLimits({limit}=...).",
            status_code=status_code,
            headers=headers,
            raw_body=raw_body,
        )
        self.limit = limit
        self.maximum = maximum


class AnswerError(APIResponseValidationError):
    """The completion is whole, and has no value of the type that was asked for.

    Attributes:
        completion: the completion. `APIError` tells how it came: its status, its body, the attempts.
        index: which of its choices the error is about, from 0.
    """

    def __init__(
        self,
        message: str,
        completion: ChatCompletion,
        index: int = 0,
        *,
        status_code: int | None = None,
        raw_body: bytes = b"",
        body: object = None,
    ) -> None:
        super().__init__(message, status_code=status_code, headers=completion.headers, raw_body=raw_body)
        self.body = body  # not for the root class, which looks for a server's own words in it
        self.attempts: tuple[Attempt, ...] = completion.attempts
        self.completion = completion
        self.index = index


class InvalidAnswerError(AnswerError):
    """The answer is no JSON, or JSON that does not fit the type that was asked for.

    Attributes:
        problems: each place that does not fit and why, such as ``rows[2].name: is missing``.
    """

    problems: tuple[str, ...] = ()


class RefusalError(AnswerError):
    """The model refused to answer: ``completion.choices[index].message.refusal`` has its words."""


class LengthFinishReasonError(AnswerError):
    """The answer was cut off at the most tokens that it may have."""


class ContentFilterFinishReasonError(AnswerError):
    """The answer was withheld by a content filter."""


class StreamTruncatedError(APIError):
    """The stream ended before the answer did: without ``[DONE]``, and not every choice has a finish reason."""

    def _may_pass(self) -> bool:
        return True


class APIStatusError(APIError):
    """The answer has a status that is not 2xx."""

    status_code: int
    if TYPE_CHECKING:
        request: ErrorRequest  # pyright: ignore[reportIncompatibleVariableOverride]  # known of every call
    """The HTTP status."""

    @property
    def response(self) -> ErrorResponse:
        """The HTTP response, by the names of httpx."""
        return ErrorResponse(self.status_code, self.headers, self.raw_body, self.request)


class BadRequestError(APIStatusError):
    """400: the request cannot be served as it stands."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: the model, the parent span or the address does not exist."""


class ConflictError(APIStatusError):
    """409: the request collides with the state of a resource."""


class UnprocessableEntityError(APIStatusError):
    """422: the body does not fit the server's schema; ``detail`` lists the places."""


class RateLimitError(APIStatusError):
    """429: too many requests, or no quota left."""


class InternalServerError(APIStatusError):
    """500 and above: the server or what stands behind it failed."""
