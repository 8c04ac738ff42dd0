"""The operation of a document that completes chats, and the schemas of what is sent and received there."""

from __future__ import annotations

from collections.abc import Iterator

from .document import DocumentError, Json, get, parse_reference
from .schemas import Arm, Pointer, Schema

CHAT_COMPLETIONS = "/chat/completions"
"""How the path of the operation ends."""

JSON_TYPE = "application/json"
EVENT_STREAM = "text/event-stream"


class Operation:
    """The POST operation whose path ends in `/chat/completions`.

    Raises:
        DocumentError: There is none, or there are several; then the message lists their paths.
    """

    def __init__(self, document: Json, path: str | None = None) -> None:
        items = mapping(document, "paths").items()
        paths = [name for name, item in items if isinstance(item, dict) and isinstance(item.get("post"), dict)]
        found = [one for one in paths if (one == path if path else one.endswith(CHAT_COMPLETIONS))]
        if len(found) != 1:
            wanted = path or f"...{CHAT_COMPLETIONS}"
            listed = ", ".join(found or paths) or "none"
            raise DocumentError(
                f"the document has {len(found)} POST operations at {wanted}. Give --path with one of: {listed}"
            )
        self.document = document
        self._arms: dict[int, tuple[Json, list[Arm]]] = {}
        self.path = found[0]
        self._pointer: Pointer = ("paths", self.path, "post")
        self._value = document["paths"][self.path]["post"]

    def request(self) -> Schema | None:
        """Return the schema of the request body, or None if there is none."""
        return self._content(self._value.get("requestBody"), (*self._pointer, "requestBody"), JSON_TYPE)

    def reply(self) -> Schema | None:
        """Return the schema of the completion, or None if there is none."""
        return self._response("200", JSON_TYPE)

    def event(self) -> Schema | None:
        """Return the schema of the data of an event of a stream, or None if there is none."""
        return self._response("200", EVENT_STREAM)

    def error(self, status: int | None = None) -> Schema | None:
        """Return the schema of the body of an error, or None if there is none.

        Args:
            status: The status code, or None for an error within a stream.
        """
        keys = [str(status), f"{str(status)[:1]}XX"] if status else []
        return next(filter(None, (self._response(key, JSON_TYPE) for key in (*keys, "default"))), None)

    def errors(self) -> Iterator[tuple[str, Schema]]:
        """Yield each status code that has a body, and the schema of that, but those of success."""
        for status in mapping(self._value, "responses"):
            schema = None if str(status).startswith("2") else self._response(str(status), JSON_TYPE)
            if schema:
                yield str(status), schema

    def _response(self, status: str, media_type: str) -> Schema | None:
        responses = {str(key): key for key in mapping(self._value, "responses")}
        if status not in responses:
            return None
        key = responses[status]
        return self._content(self._value["responses"][key], (*self._pointer, "responses", key), media_type)

    def _content(self, value: Json, pointer: Pointer, media_type: str) -> Schema | None:
        while isinstance(value, dict) and "$ref" in value:
            pointer = tuple(parse_reference(value["$ref"]))
            value = get(self.document, pointer)
        for name, content in mapping(value, "content").items():
            media = str(name).partition(";")[0].strip().lower()
            if media == media_type and isinstance(content, dict) and "schema" in content:
                return Schema(self.document, content["schema"], (*pointer, "content", name, "schema"), self._arms)
        return None


def mapping(value: Json, key: str) -> dict[Json, Json]:
    """Return the JSON object below a key, empty if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
