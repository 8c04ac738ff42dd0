"""The result of a row, and its line in the output. No I/O.

A line has OpenAI's form, and under ``opper`` what that form cannot contain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors.api import APIError, CompletionError, InvalidCompletionError, OpperError
from .._errors.attempt import count_attempts
from .._json import codec as _json
from .._results.completion import ChatCompletion

if TYPE_CHECKING:
    from .._errors.attempt import Attempt


class TokenPrice(NamedTuple):
    """What a server charges, in US dollars for a million tokens."""

    prompt: Decimal
    completion: Decimal

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        """Return what a call costs, in US dollars."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1_000_000


class BatchResult(NamedTuple):
    """The result of a row: a completion, or the error that it failed with.

    A result whose completion does not fit ``response_format`` has both.
    """

    custom_id: str
    """The id of the row."""
    completion: ChatCompletion | None
    """The completion, or None if there was none."""
    parsed: Any
    """The value of the type, or the JSON value that fits the schema; None without ``response_format``."""
    error: OpperError | None
    """Why the row failed, or None."""
    body: object
    """The body of the response: a JSON value, or the text if it is not JSON. None if there was no response."""
    body_hash: str
    """A hash of the body of the request."""
    seconds: float
    """How long the row took, with all attempts."""
    parsed_json: object = None
    """The same as ``parsed``, as a JSON value."""
    price: TokenPrice | None = None
    """What tokens cost, if the server does not send the cost."""

    @property
    def is_failed(self) -> bool:
        """Whether the row failed."""
        return self.error is not None

    @property
    def text(self) -> str:
        """The text of the first choice, or an empty text if there is none."""
        return self.completion.text if self.completion is not None and self.completion.choices else ""

    @property
    def attempts(self) -> int:
        """How many requests were sent for it, without redirects that were followed."""
        attempts: Iterable[Attempt] = ()
        if isinstance(self.error, APIError):
            attempts = self.error.attempts
        elif self.completion is not None:
            attempts = self.completion.attempts
        return count_attempts(attempts)

    @property
    def status_code(self) -> int | None:
        """The HTTP status, or None if there was no response."""
        if isinstance(self.error, APIError):
            return self.error.status_code
        return 200 if self.completion is not None else None

    @property
    def request_id(self) -> str | None:
        """The id of the last request, which the operator of the server can look up, or None."""
        source = self.error if isinstance(self.error, APIError) else self.completion
        return None if source is None else source.request_id

    @property
    def cost(self) -> Decimal | None:
        """The cost in US dollars: the server's, else by the price; None if neither is known. 0 if nothing was sent."""
        if self.attempts and not self.completions:
            return None
        costs = [_cost(completion, self.price) for completion in self.completions]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    @property
    def tokens(self) -> tuple[int, int] | None:
        """The tokens of the prompt and of the completion, or None if the server does not send them."""
        if self.attempts and not self.completions:
            return None
        prompt = completion_tokens = 0
        for completion in self.completions:
            if completion.usage is None:
                return None
            prompt += _count(completion.usage.prompt_tokens)
            completion_tokens += _count(completion.usage.completion_tokens)
        return prompt, completion_tokens

    @property
    def completions(self) -> tuple[ChatCompletion, ...]:
        """All completions of the row. There are several if completions did not fit and it was sent again."""
        source = self.error if isinstance(self.error, APIError) else self.completion
        rejected: tuple[ChatCompletion, ...] = getattr(source, "rejected", ())
        return rejected if self.completion is None else (*rejected, self.completion)

    def to_dict(self) -> dict[str, object]:
        """Return the line of the row in the output, as a JSON object."""
        response: dict[str, object] | None = None
        if self.status_code is not None:
            response = {"status_code": self.status_code, "request_id": self.request_id, "body": self.body}
        is_status = self.status_code is not None and not 200 <= self.status_code < 300
        error = None if self.error is None else _error(self.error)
        cost, tokens = self.cost, self.tokens
        return {
            "id": line_id(self.custom_id, self.body_hash),
            "custom_id": self.custom_id,
            "response": response,
            "error": None if is_status or error is None else {"code": error["type"], "message": error["message"]},
            "opper": {
                "body_hash": self.body_hash,
                "attempts": self.attempts,
                "seconds": round(self.seconds, 3),
                "cost": None if cost is None else format(cost, "f"),
                "tokens": None if tokens is None else [*tokens],
                "served_model": self.completion.served_model if self.completion is not None else None,
                "parsed": self.parsed_json,
                "error": error,
            },
        }


class CopiedResult(NamedTuple):
    """The result of a row whose body is that of another row. Nothing was sent for it."""

    custom_id: str
    line: Mapping[str, Any]
    """The line of the other row."""

    @property
    def is_failed(self) -> bool:
        """Whether the other row failed."""
        return bool(self.line["opper"].get("error"))

    @property
    def cost(self) -> Decimal:
        """Nothing."""
        return Decimal(0)

    @property
    def tokens(self) -> tuple[int, int]:
        """None were used."""
        return 0, 0

    def to_dict(self) -> dict[str, object]:
        """Return the line of the row in the output, as a JSON object."""
        opper: dict[str, Any] = {**self.line["opper"], "attempts": 0, "seconds": 0.0, "cost": "0", "tokens": [0, 0]}
        return {
            **self.line,
            "id": line_id(self.custom_id, opper["body_hash"]),
            "custom_id": self.custom_id,
            "opper": {"copied_from": self.line["custom_id"], **opper},
        }


def line_id(custom_id: str, body_hash: str) -> str:
    """Return the id of a line. It is that of the row and its body, so it is the same in each run."""
    text = f"{custom_id}\n{body_hash}".encode("utf-8", "surrogatepass")
    return f"batch_req_{blake2b(text, digest_size=12).hexdigest()}"


def response_body(content: bytes) -> object:
    """Return a body as a JSON value, or as text if it is not JSON; None if it is empty."""
    if not content:
        return None
    try:
        return _json.decode(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def failed_completion(error: OpperError) -> ChatCompletion | None:
    """Return the completion that does not fit, or None."""
    return error.completion if isinstance(error, CompletionError) else None


def _error(error: OpperError) -> dict[str, object]:
    described: dict[str, object] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, InvalidCompletionError):
        described["problems"] = list(error.problems)
    return described


def _cost(completion: ChatCompletion, price: TokenPrice | None) -> Decimal | None:
    cost, usage = completion.cost, completion.usage
    if cost is not None or price is None or usage is None:
        return cost
    return price.cost(_count(usage.prompt_tokens), _count(usage.completion_tokens))


def _count(tokens: object) -> int:
    return tokens if isinstance(tokens, int) else 0
