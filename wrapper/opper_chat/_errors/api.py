"""The exceptions of this package. No I/O, no HTTP library.

OpperError
├── InvalidArgumentError (also ValueError)    an argument is wrong; nothing was sent
│   └── UnknownArgumentError (also TypeError) no argument has this name
├── MissingKeyError                           there is no API key; nothing was sent
└── APIError                                  the server or the network failed the call
    ├── APIConnectionError                    no response, or only a part of it
    │   └── APITimeoutError                   a timeout expired
    ├── APIResponseValidationError            a response that does not fit the contract
    │   └── CompletionError                   a completion without a value of the requested type
    │       ├── InvalidCompletionError        it does not fit the type
    │       ├── RefusalError                  the model refused
    │       ├── LengthFinishReasonError       it was cut off
    │       └── ContentFilterFinishReasonError  a content filter removed it
    ├── ResponseTooLargeError                 a response exceeds a limit of the client
    ├── StreamTruncatedError                  a stream ended before the completion was complete
    └── APIStatusError                        a response with a status that is not 2xx
        ├── BadRequestError                   400
        ├── AuthenticationError               401
        ├── PermissionDeniedError             403
        ├── NotFoundError                     404
        ├── ConflictError                     409
        ├── UnprocessableEntityError          422
        ├── RateLimitError                    429
        └── InternalServerError               500 and above

The names below APIError are those of the OpenAI SDK. The errors of tools are in `tools`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .bodies import is_success_code, message_with_path, read_error_body
from .excerpts import LONGEST_TEXT, one_line
from .response import ErrorRequest, ErrorResponse
from .response_headers import ResponseHeaders, request_id
from .retryable import RETRYABLE_TIMEOUTS, is_retryable_disconnect, is_retryable_status, read_should_retry

if TYPE_CHECKING:
    from .._errors.attempt import Attempt
    from .._results.completion import ChatCompletion
    from .._tools.run import ToolRun

_PACKAGE = __name__.partition(".")[0]

_LONGEST_FIELD = 200
"""The maximum number of characters of an error type, and of a request id, in the text of an error."""


class OpperError(Exception):
    """The base class of all exceptions of this package.

    Its text is one line of at most 2,000 characters. The attributes are not cut.
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
    """An argument is wrong. It is raised before anything is sent.

    Attributes:
        argument: the argument, or the path to a value in it, such as ``messages[0].role``.
        expected: what is accepted there.
        received: the value as text, cut to a readable length.
        run: what the tool loop has done until then, or None outside of one.
    """

    def __init__(self, argument: str, expected: str, received: str, hint: str = "") -> None:
        message = f"{argument}: expected {expected}, got {received}"
        super().__init__(f"{message}. {hint}".rstrip())
        self.argument = argument
        self.expected = expected
        self.received = received
        self.run: ToolRun[object] | None = None


class UnknownArgumentError(InvalidArgumentError, TypeError):
    """No argument has this name. It is raised before anything is sent."""

    def __init__(self, argument: str, received: str, near: str | None, hint: str, function: str = "create()") -> None:
        super().__init__(argument, f"{near!r}" if near else "the name of a parameter", received)
        sentences = [f"{function} has no parameter {argument!r} (given: {received})."]
        sentences += [f"Did you mean {near!r}?"] if near else []
        self.args: tuple[Any, ...] = (" ".join([*sentences, hint]).rstrip(),)


class MissingKeyError(OpperError):
    """No API key was given, and no environment variable has one.

    Attributes:
        variables: the environment variables that were read, in order.
    """

    def __init__(self, variables: tuple[str, ...]) -> None:
        super().__init__(
            f"There is no API key. Pass api_key=..., or set the environment variable {' or '.join(variables)} "
            "(read in this order; all are unset or empty)."
        )
        self.variables = variables


class APIError(OpperError):
    """The server or the network failed the call.

    Its text has the status unless it is 2xx, the type of the error, the message, the number of attempts and redirects
    if there are several, and the request id. Its notes (PEP 678) say why it was not retried, or where a redirect
    leads.

    Attributes:
        message: the message of the server, or of the client if the server sent none.
        status_code: the HTTP status, or None if there was no response.
        request_id: the id that the server has for the request, or None.
        headers: the headers of the response. Case is ignored in names.
        raw_body: the bytes of the body that were received.
        body: the same as a JSON value, or None if it is not JSON.
        type: the server's name for the error, such as ``NotFoundError``, or None.
        detail: what else the server sent about the error, any JSON value; for an invalid request a list of problems.
        code: the server's code for the error, or None.
        param: the parameter that the error is about, or None.
        partial: of a stream, the completion that was received until then, or None.
        chunks_received: of a stream, the number of chunks that were received.
        attempts: the requests of the call with the last one; each has ``status_code``, ``error`` and ``wait``.
        rejected: the earlier completions that did not fit the type, if ``retries_on_invalid`` is set.
        run: what the tool loop has done until then, or None outside of one.
        request: the HTTP request, without the key; if none was sent, the one that was to be sent. None if the error is
            not about a request, such as a completion that does not fit its type.
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
        fields = read_error_body(body)
        self.message: str = self._compose(message, message_with_path(fields))
        self.status_code = status_code
        self.headers: Mapping[str, str] = ResponseHeaders(headers)
        self.request_id: str | None = request_id(self.headers)
        self.raw_body: bytes = raw_body
        self.body: object = body
        self.type: str | None = fields.type
        self.detail: object = fields.detail
        self.code: str | int | None = fields.code
        self.param: str | None = fields.param
        self.partial: ChatCompletion | None = None
        self.chunks_received = 0
        self.attempts: tuple[Attempt, ...] = ()
        self.rejected: tuple[ChatCompletion, ...] = ()
        self.run: ToolRun[object] | None = None
        self.request: ErrorRequest | None = None
        super().__init__(self.message)

    def _compose(self, message: str, server_message: str | None) -> str:
        return server_message or message

    @property
    def is_retryable(self) -> bool:
        """Whether the request can succeed if it is sent again soon. The client retries these errors and no others.

        The header ``x-should-retry`` of the response decides. Without it, the class of the error and the status do.
        """
        should_retry = read_should_retry(self.headers)
        return self._is_temporary() if should_retry is None else should_retry

    def _is_temporary(self) -> bool:
        return is_retryable_status(self.status_code, self.code)

    @property
    def response(self) -> ErrorResponse | None:
        """The HTTP response, with the attributes of httpx, or None if there was none."""
        if self.status_code is None:
            return None
        return ErrorResponse(self.status_code, self.headers, self.raw_body, self.request)

    def __str__(self) -> str:
        # The status of a success, such as 200 with an error in the body, is left out: it would mislead.
        status = None if self.status_code is not None and 200 <= self.status_code < 300 else self.status_code
        name = None if is_success_code(self.type or self.code) else self.type or self.code
        start = [one_line(str(field), _LONGEST_FIELD) for field in (status, name) if field is not None]
        redirects = sum(attempt.is_redirect for attempt in self.attempts)
        attempts = len(self.attempts) - redirects
        counts = [f"{attempts} attempts"] if attempts > 1 else []
        counts += [f"{redirects} redirect{'s' if redirects > 1 else ''}"] if redirects else []
        end = [f"after {' and '.join(counts)}"] if counts else []
        if self.request_id:
            end.append(f"request id {one_line(self.request_id, _LONGEST_FIELD)}")
        head = f"{' '.join(start)}: " if start else ""
        tail = f" [{', '.join(end)}]" if end else ""
        return f"{head}{one_line(self.message, max(0, LONGEST_TEXT - len(head) - len(tail)))}{tail}"


class APIConnectionError(APIError):
    """There was no response, or only a part of it."""

    if TYPE_CHECKING:
        request: ErrorRequest  # pyright: ignore[reportIncompatibleVariableOverride]  # every call has one

    _is_permanent = False

    def _is_temporary(self) -> bool:
        return not self._is_permanent and is_retryable_disconnect(self.status_code)


def set_permanent(error: APIConnectionError) -> None:
    """Mark an error as not retryable, because it would happen again, such as that of an invalid certificate."""
    error._is_permanent = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class APITimeoutError(APIConnectionError):
    """A timeout expired.

    Attributes:
        timeout_kind: ``connect``, ``read``, ``write`` or ``pool`` of httpx, which bound single operations; or
            ``first_token``, ``idle`` or ``deadline``, for ``first_token_timeout``, ``idle_timeout`` and ``deadline`` of
            this client.
        seconds: the value that it was set to, or None if that is not known.
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

    def _is_temporary(self) -> bool:
        return self.timeout_kind in RETRYABLE_TIMEOUTS and super()._is_temporary()


class APIResponseValidationError(APIError):
    """The response does not fit the contract: it is not JSON, or JSON but not a chat completion."""

    def _compose(self, message: str, server_message: str | None) -> str:
        return f"{message.rstrip('.')}: {server_message}" if server_message else message


class ResponseTooLargeError(APIError):
    """A response exceeds a limit of the client. Its connection is closed, and the call is not retried.

    Attributes:
        limit: the field of `ResponseLimits` that it exceeds, such as ``max_body_bytes``.
        maximum: the value of the field.
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


class CompletionError(APIResponseValidationError):
    """The completion has no value of the requested type.

    Attributes:
        completion: the completion.
        index: the choice that the error is about, counted from 0.
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
        self.body = body  # not passed to the root class, which reads error messages from it
        self.attempts: tuple[Attempt, ...] = completion.attempts
        self.completion = completion
        self.index = index


class InvalidCompletionError(CompletionError):
    """The completion is not JSON, or JSON that does not fit the requested type.

    Attributes:
        problems: the problems with their paths, such as ``rows[2].name: is missing``.
    """

    problems: tuple[str, ...] = ()


class RefusalError(CompletionError):
    """The model refused the request. ``completion.choices[index].message.refusal`` has the reason."""


class LengthFinishReasonError(CompletionError):
    """The completion was cut off at the maximum number of tokens."""


class ContentFilterFinishReasonError(CompletionError):
    """A content filter removed content of the completion."""


class StreamTruncatedError(APIError):
    """The stream ended without ``[DONE]``, and not every choice has a finish reason."""

    def _is_temporary(self) -> bool:
        return True


class APIStatusError(APIError):
    """The response has a status that is not 2xx."""

    status_code: int
    """The HTTP status."""

    if TYPE_CHECKING:
        request: ErrorRequest  # pyright: ignore[reportIncompatibleVariableOverride]  # every call has one

    @property
    def response(self) -> ErrorResponse:
        """The HTTP response, with the attributes of httpx."""
        return ErrorResponse(self.status_code, self.headers, self.raw_body, self.request)


class BadRequestError(APIStatusError):
    """400: the request is invalid."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the key does not have the permission."""


class NotFoundError(APIStatusError):
    """404: the model, the parent span or the URL does not exist."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of a resource."""


class UnprocessableEntityError(APIStatusError):
    """422: the body does not fit the schema of the server. ``detail`` lists the problems."""


class RateLimitError(APIStatusError):
    """429: there are too many requests, or the quota is used up."""


class InternalServerError(APIStatusError):
    """500 and above: the server, or a server behind it, failed."""
