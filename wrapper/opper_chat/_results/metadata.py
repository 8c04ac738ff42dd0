"""What a server says beside an answer: which model gave it, what it cost, and in which trace it is. No I/O.

None of it is in the contract. The names of headers and members are those that servers were seen to send: Opper those
with ``x-opper-``, LiteLLM, OpenRouter, Perplexity and others the rest.
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

LONGEST_COST = 40
"""How many characters an amount may have."""


def served_model(headers: Mapping[str, str], model: str | None) -> str | None:
    """Return the name of the model that answered, or None: a header says more than the body, which may repeat ours."""
    return next((name for name in map(headers.get, MODEL_HEADERS) if name), model or None)


def cost(headers: Mapping[str, str], members: Mapping[str, object], usage: object) -> Decimal | None:
    """Return what an answer cost, or None where nothing says so.

    Args:
        headers: of the answer.
        members: those of the completion that no class declares.
        usage: those of its usage, or whatever was sent in its place.
    """
    in_usage = usage.get("cost") if is_object(usage) else None
    if is_object(in_usage):
        in_usage = in_usage.get("total_cost")
    said = [*map(headers.get, COST_HEADERS), in_usage, members.get("cost")]
    return next((amount for amount in map(_amount, said) if amount is not None), None)


def trace_id(headers: Mapping[str, str]) -> str | None:
    """Return the id of the trace that an answer is in, or None."""
    for name in TRACE_HEADERS:
        if value := headers.get(name):
            if name == "traceparent":  # version-trace-span-flags: W3C Trace Context section 3.2
                value = value.split("-")[1] if value.count("-") >= 3 else ""
            if value := value.partition("/")[0]:
                return value
    return None


def _amount(said: object) -> Decimal | None:
    """Read an amount of money, exactly as it was written; nothing that is none."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    from decimal import Decimal, InvalidOperation

    text = str(said)
    try:
        amount = Decimal(text) if len(text) <= LONGEST_COST else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() and amount >= 0 else None
