"""Removal of secrets from errors of the API. It does not decide what is a secret."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .api import APIError
from .bodies import read_error_body
from .redaction import redact, redact_bytes, redact_json


def redact_error(error: APIError, forms: Sequence[str]) -> None:
    """Remove a secret from an error, because some servers repeat the key.

    Args:
        error: the error, changed in place.
        forms: the forms of the secret, as `_redaction.spellings` returns them.
    """
    body, raw_body = redact_json(error.body, forms), redact_bytes(error.raw_body, forms)
    message = redact(error.message, forms)
    if body is error.body and raw_body == error.raw_body and message == error.message:
        cause = str(error.__cause__)
        if redact(cause, forms) == cause:
            return
    if body is not error.body and raw_body == error.raw_body:
        raw_body = json.dumps(body).encode()  # the body spells it with escapes; half a surrogate pair is fine here
    error.message, error.raw_body, error.body = message, raw_body, body
    error.args = (message,)
    said = read_error_body(error.body)
    error.type, error.detail, error.code, error.param = said.type, said.detail, said.code, said.param
    # What it was raised from may say it too, and so may the variables of the frames that it passed.
    error.__cause__ = error.__context__ = error.__traceback__ = None
