"""Validate request bodies against the contract.

`contract.json` of this package is made from openapi.yaml by `nox -s generate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry


@cache
def _validator() -> Validator:
    schema = msgspec.json.decode(files("opper_chat.testing").joinpath("contract.json").read_bytes())
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(schema, registry=Registry(), format_checker=checker)


def validation_errors(body: Any) -> list[dict[str, object]]:
    """Return the errors of a body, as in the `detail` of a 422. Empty if it is valid."""
    return [_error_detail(inner) for error in _validator().iter_errors(body) for inner in _select_arm(error)]


def _select_arm(error: ValidationError) -> Iterator[ValidationError]:
    """Yield the errors inside the intended arm of a union: the one whose `role` or `type` fits."""
    arms: dict[object, list[ValidationError]] = {}
    for inner in error.context or ():
        arms.setdefault(inner.schema_path[0], []).append(inner)
    objects = [arm for arm in arms.values() if not any(_wrong_type(inner) for inner in arm)]
    intended = [arm for arm in objects if not any(_wrong_discriminator(inner) for inner in arm)]
    if len(intended) == 1:
        for inner in intended[0]:
            yield from _select_arm(inner)
    elif len(objects) > 1 and all(_lacks_discriminator(arm) for arm in objects):
        yield next(inner for inner in objects[0] if _lacks_discriminator([inner]))
    else:
        yield error


def _wrong_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _wrong_discriminator(error: ValidationError) -> bool:
    path = list(error.relative_path)
    return path in (["role"], ["type"]) and error.validator in ("const", "not")


def _lacks_discriminator(arm: list[ValidationError]) -> bool:
    return any(inner.message.startswith(("'role' is a req", "'type' is a req")) for inner in arm)


def _error_detail(error: ValidationError) -> dict[str, object]:
    loc: list[object] = ["body", *error.absolute_path]
    kind, message = str(error.validator), error.message
    if kind == "required":
        # There is one error for each missing property. Only its message has the name.
        names: Any = error.validator_value
        loc += [n for n in names if message == f"{n!r} is a required property"]
        kind, message = "missing", "Field required"
    elif kind in ("oneOf", "anyOf"):
        message = "The value matches none of the accepted schemas"
        if not error.context:  # of a oneOf
            message = "The value matches more than one of the accepted schemas"
    return {"loc": loc, "msg": message, "type": kind, "input": error.instance}
