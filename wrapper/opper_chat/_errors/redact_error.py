"""Remove a secret from an API error. Which values are secret is decided elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .api import APIError
from .bodies import read_error_body
from .redaction import redact, redact_bytes, redact_json


def redact_error(error: APIError, spellings: Sequence[str]) -> None:
    """Remove a secret from an error, in place. Some servers repeat the key that they refuse.

    Args:
        error: the error.
        spellings: the spellings of the secret, from `redaction.spellings_of`.
    """
    body, raw_body = redact_json(error.body, spellings), redact_bytes(error.raw_body, spellings)
    message = redact(error.message, spellings)
    if body is error.body and raw_body == error.raw_body and message == error.message:
        cause = str(error.__cause__)
        if redact(cause, spellings) == cause:
            return
    if body is not error.body and raw_body == error.raw_body:
        raw_body = json.dumps(body).encode()  # the raw body has the secret with escapes
    error.message, error.raw_body, error.body = message, raw_body, body
    error.args = (message,)
    fields = read_error_body(error.body)
    error.type, error.detail, error.code, error.param = fields.type, fields.detail, fields.code, fields.param
    # The exceptions that it was raised from, and the variables of the frames of its traceback, can hold the secret too.
    error.__cause__ = error.__context__ = error.__traceback__ = None
