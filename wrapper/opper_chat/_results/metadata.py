"""Response metadata: which model wrote the completion, what it cost, and in which trace it is. No I/O.

The contract does not describe it. The names of headers and properties were seen in responses of Opper
(``x-opper-...``), LiteLLM, OpenRouter, Perplexity and other servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._json.codec import is_object

if TYPE_CHECKING:
    from decimal import Decimal

MODEL_HEADERS = ("x-opper-served-model", "x-ms-served-model")

COST_HEADERS = ("x-opper-cost", "x-litellm-response-cost")

TRACE_HEADERS = ("x-opper-trace-id", "traceparent", "x-cloud-trace-context", "x-ds-trace-id")

MAX_COST_LENGTH = 40
"""Characters of an amount. A longer one is ignored."""


def served_model(headers: Mapping[str, str], model: str | None) -> str | None:
    """Return the name of the model that wrote the completion, or None.

    A header is preferred, because the body of some servers only repeats the name in the request.
    """
    return next((name for name in map(headers.get, MODEL_HEADERS) if name), model or None)


def cost(headers: Mapping[str, str], properties: Mapping[str, object], usage: object) -> Decimal | None:
    """Return the cost of a call in US dollars, or None if the response does not have it.

    Args:
        headers: the headers of the response.
        properties: the additional properties of the completion.
        usage: the additional properties of its usage, or the value that was sent instead of a usage.
    """
    in_usage = usage.get("cost") if is_object(usage) else None
    if is_object(in_usage):
        in_usage = in_usage.get("total_cost")
    values = [*map(headers.get, COST_HEADERS), in_usage, properties.get("cost")]
    return next((amount for amount in map(_read_amount, values) if amount is not None), None)


def trace_id(headers: Mapping[str, str]) -> str | None:
    """Return the id of the trace of a response, or None."""
    for name in TRACE_HEADERS:
        if value := headers.get(name):
            if name == "traceparent":  # version-trace-span-flags: W3C Trace Context section 3.2
                value = value.split("-")[1] if value.count("-") >= 3 else ""
            if value := value.partition("/")[0]:
                return value
    return None


def _read_amount(value: object) -> Decimal | None:
    """Return an amount of money, exactly as it was written, or None if the value is not an amount."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    from decimal import Decimal, InvalidOperation

    text = str(value)
    try:
        amount = Decimal(text) if len(text) <= MAX_COST_LENGTH else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() and amount >= 0 else None
