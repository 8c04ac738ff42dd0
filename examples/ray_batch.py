"""A batch on a cluster: JSON lines in, Parquet out, a limit on the cost, and a second run that goes on.

Without Ray (`pip install 'opper-chat[ray]'`), the class that its workers use is called directly. Runs against a local
server of its own, and starts Ray on this machine.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from opper_chat.ray import ChatCompletions, SharedLimits, run_on_ray
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

TEMPLATE = "Is this review good or bad? {text}"


def answer(request: ReceivedRequest) -> Reply:
    """Reply as a model does, or fail as a server does."""
    text = request.messages[-1]["content"]
    if "???" in text:
        return Reply.json({"error": {"message": "The text is not readable."}}, status=400)
    return Reply.completion("bad" if "not" in text else "good", headers={"x-opper-cost": "0.002"})


def reviews() -> Iterator[dict[str, Any]]:
    """The rows of the input."""
    for number in range(200):
        text = "???" if number % 50 == 7 else "I do not like it." if number % 3 else "I like it."
        yield {"custom_id": f"review-{number}", "text": text}


def run_job(folder: Path) -> None:
    """Run a job until its cost limit, and then to its end."""
    requests, output = folder / "reviews.jsonl", folder / "moods"
    requests.write_text("".join(json.dumps(row) + "\n" for row in reviews()))
    for max_cost in ("0.2", "1"):
        progress = run_on_ray(
            requests, output=output, template=TEMPLATE, max_cost=max_cost, rows_per_file=20, concurrency=8
        )
        print(f"{progress.skipped} rows were there, {progress.succeeded} succeeded, {progress.failed} failed,", end=" ")
        print(f"for {progress.cost} dollars; stopped by {progress.stopped}")
    print(len([*output.glob("*.parquet")]), "files")


async def run_worker() -> None:
    """Send the rows in batches, as an engine does."""
    rows, limits = [*reviews()], SharedLimits(max_cost="1")
    async with ChatCompletions(template=TEMPLATE, limits=limits, concurrency=8) as completions:
        for start in range(0, len(rows), 50):
            batch = {name: [row[name] for row in rows[start : start + 50]] for name in ("custom_id", "text")}
            columns = await completions(batch)
            failures = [error["message"] for error in columns["error"] if error]
            print(f"{columns['text'].count('good')} good, {columns['text'].count('bad')} bad, failed: {failures}")
    progress = limits.progress()
    print(f"{progress.succeeded} succeeded, {progress.failed} failed, for {progress.cost} dollars")


def main() -> None:
    with TemporaryDirectory() as name, LocalServer() as server:
        server.always(answer)
        os.environ.update(OPPER_API_KEY="local", OPPER_BASE_URL=server.base_url)  # of the workers
        if find_spec("ray"):
            run_job(Path(name))
        else:
            asyncio.run(run_worker())
        print("requests:", len(server.requests))


if __name__ == "__main__":
    main()
