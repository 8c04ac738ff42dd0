# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The errors of this package."""

from __future__ import annotations


class DecodeError(ValueError):
    """A JSON value is not what a model stands for.

    Attributes:
        model: the name of the model, or None where no model is concerned.
        member: the name of the member, or the path to it, or None for the object as a whole.
        expected: what is accepted there.
        found: the name of the JSON type that was found. The value itself is not kept: it may be large or private.
    """

    def __init__(self, model: str | None, member: str | None, expected: str, value: object) -> None:
        super().__init__(model, member, expected)
        self.model = model
        self.member = member
        self.expected = expected
        self.found = "nothing" if value is None else type(value).__name__

    def within(self, model: str, member: str) -> DecodeError:
        """The same error, told from the object that contains this one."""
        path = member if self.member is None else f"{member}.{self.member}"
        error = DecodeError(model, path, self.expected, None)
        error.found = self.found
        return error

    def __str__(self) -> str:
        place = ".".join(part for part in (self.model, self.member) if part) or "value"
        return f"{place}: expected {self.expected}, found {self.found}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.model, self.member, self.expected, self.found))


def _restore(model: str | None, member: str | None, expected: str, found: str) -> DecodeError:
    error = DecodeError(model, member, expected, None)
    error.found = found
    return error


class UnexpectedStatus(Exception):
    """The server answered with a status that the contract does not document."""

    def __init__(self, status_code: int, content: bytes) -> None:
        super().__init__(status_code, content)
        self.status_code = status_code
        self.content = content

    def __str__(self) -> str:
        return f"status {self.status_code}: {self.content[:500].decode(errors='replace')}"


class UnexpectedContentType(Exception):
    """The body of a successful answer is not of the type that this function reads."""

    def __init__(self, content_type: str, content: bytes) -> None:
        super().__init__(content_type, content)
        self.content_type = content_type
        self.content = content

    def __str__(self) -> str:
        return f"content type {self.content_type!r}: {self.content[:500].decode(errors='replace')}"


__all__ = ["DecodeError", "UnexpectedContentType", "UnexpectedStatus"]
