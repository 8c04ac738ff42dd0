# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The errors of this package."""

from __future__ import annotations


class DecodeError(ValueError):
    """A JSON value does not fit its model.

    Attributes:
        model: the name of the model, or None if there is none.
        path: the path to the property that does not fit, or None for the object as a whole.
        expected: what is accepted there.
        found: the name of the JSON type that was found. The value itself is not kept: it may be large or private.
    """

    def __init__(self, model: str | None, path: str | None, expected: str, value: object) -> None:
        super().__init__(model, path, expected)
        self.model = model
        self.path = path
        self.expected = expected
        self.found = "nothing" if value is None else type(value).__name__

    def within(self, model: str, name: str) -> DecodeError:
        """Return the same error with the path from the object whose property has this one."""
        path = name if self.path is None else f"{name}.{self.path}"
        error = DecodeError(model, path, self.expected, None)
        error.found = self.found
        return error

    def __str__(self) -> str:
        place = ".".join(part for part in (self.model, self.path) if part) or "value"
        return f"{place}: expected {self.expected}, found {self.found}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.model, self.path, self.expected, self.found))


def _restore(model: str | None, path: str | None, expected: str, found: str) -> DecodeError:
    error = DecodeError(model, path, expected, None)
    error.found = found
    return error


class UnexpectedStatus(Exception):
    """The server responded with a status that the contract does not document."""

    def __init__(self, status_code: int, content: bytes) -> None:
        super().__init__(status_code, content)
        self.status_code = status_code
        self.content = content

    def __str__(self) -> str:
        return f"status {self.status_code}: {self.content[:500].decode(errors='replace')}"


class UnexpectedContentType(Exception):
    """The body of a successful response is not of the type that this function reads."""

    def __init__(self, content_type: str, content: bytes) -> None:
        super().__init__(content_type, content)
        self.content_type = content_type
        self.content = content

    def __str__(self) -> str:
        return f"content type {self.content_type!r}: {self.content[:500].decode(errors='replace')}"


__all__ = ["DecodeError", "UnexpectedContentType", "UnexpectedStatus"]
