"""What tests of batches share: rows, runs of both kinds, and what is in the files."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from opper_chat import AsyncOpper, Opper
from opper_chat.batch import BatchProgress, async_run_batch, run_batch
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

Lines = list[dict[str, Any]]


class Runner:
    """Runs batches, sync or async, in a folder."""

    def __init__(self, kind: str, folder: Path, base_url: str) -> None:
        self.kind = kind
        self.folder = folder
        self.base_url = base_url
        self.output = folder / "out.jsonl"
        self.errors = folder / "out.errors.jsonl"

    def __call__(self, requests: Any, *, client: dict[str, Any] | None = None, **options: Any) -> BatchProgress:
        """Run a batch to the output. Its client tries once, unless a test says otherwise."""
        settings: Any = {"api_key": "key-of-a-test", "base_url": self.base_url, "max_retries": 0, **(client or {})}
        options = {"output": self.output, **options}
        if self.kind == "sync":
            with Opper(**settings) as opper:
                return run_batch(requests, client=opper, **options)

        async def run() -> BatchProgress:
            async with AsyncOpper(**settings) as opper:
                return await async_run_batch(requests, client=opper, **options)

        return asyncio.run(run())

    def input(self, rows: Iterable[object], name: str = "in.jsonl") -> Path:
        """Write rows to a file of JSON lines; texts as they are."""
        path = self.folder / name
        path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
        return path

    def succeeded(self) -> Lines:
        """The lines of the output."""
        return read(self.output)

    def failed(self) -> Lines:
        """The lines of the errors file."""
        return read(self.errors)

    def assert_once(self, ids: Iterable[str]) -> None:
        """Assert that each id is there once, in one of the files, and no other."""
        found = Counter(line["custom_id"] for line in [*self.succeeded(), *self.failed()])
        assert found == Counter(ids)


def read(path: Path) -> Lines:
    """Read a file of JSON lines."""
    content = path.read_bytes()
    assert not content or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def row(custom_id: str, text: str | None = None, **parameters: Any) -> dict[str, Any]:
    """A line of OpenAI's batch files."""
    body = {"messages": [{"role": "user", "content": custom_id if text is None else text}], **parameters}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}


def rows(count: int) -> Lines:
    """Lines with the ids r0, r1 and so on."""
    return [row(f"r{number}") for number in range(count)]


def texts(server: LocalServer) -> list[str]:
    """The texts that were sent."""
    return [str(request.messages[-1]["content"]) for request in server.requests]


def reply_by_text(replies: dict[str, Reply]) -> Callable[[ReceivedRequest], Reply]:
    """Reply to the requests with these texts, and to others with their own text."""

    def reply(request: ReceivedRequest) -> Reply:
        text = str(request.messages[-1]["content"])
        return replies.get(text) or Reply.completion(text)

    return reply


def error_reply(status: int, message: str = "No.") -> Reply:
    """An error of the server."""
    return Reply.json({"error": {"message": message, "type": "SomeError"}}, status=status)


PRICED = {"headers": {"x-opper-cost": "0.01"}}
"""Arguments of a completion that costs a cent."""

__all__ = ["PRICED", "Runner", "error_reply", "pytest", "read", "reply_by_text", "row", "rows", "texts"]
