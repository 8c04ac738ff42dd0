"""Send a batch: a table of reviews with a prompt for each row, a cost limit, a failed row, and a second run.

Runs against a local server that this script starts.
"""

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from attrs import define
from opper_chat import Opper
from opper_chat.batch import BatchProgress, run_batch
from opper_chat.testing import LocalServer, ReceivedRequest, Reply


@define
class Review:
    """Whether a review is good."""

    mood: Literal["good", "bad"]


def answer(request: ReceivedRequest) -> Reply:
    """Reply as a model does, or fail as a server does."""
    text = request.messages[-1]["content"]
    if "???" in text:
        return Reply.json({"error": {"message": "The text is not readable."}}, status=400)
    mood = "bad" if "not" in text else "good"
    return Reply.completion(json.dumps({"mood": mood}), headers={"x-opper-cost": "0.002"})


def write_table(path: Path) -> None:
    """Write the input."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows([number, "I do not like it." if number % 3 else "I like it."] for number in range(30))
        writer.writerow(["unreadable", "???"])


def run(client: Opper, folder: Path, *, max_cost: str) -> BatchProgress:
    """Start the batch, or continue it."""
    return run_batch(
        folder / "reviews.csv",
        output=folder / "results.jsonl",
        client=client,
        template="Is this review good or bad? {text}",
        id_column="id",
        response_format=Review,
        concurrency=8,
        max_cost=max_cost,
    )


def main() -> None:
    with TemporaryDirectory() as name, LocalServer() as server:
        folder = Path(name)
        write_table(folder / "reviews.csv")
        server.always(answer)
        with Opper(api_key="local", base_url=server.base_url) as client:
            first = run(client, folder, max_cost="0.02")
            print(f"{first.succeeded} of {first.total} rows, {first.cost} dollars; stopped by {first.stopped}")
            second = run(client, folder, max_cost="1")
            print(f"{second.skipped} were done before, {second.succeeded} more succeeded, {second.failed} failed")

        lines = [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]
        print("good reviews:", sum(line["opper"]["parsed"]["mood"] == "good" for line in lines))
        for line in (folder / "results.errors.jsonl").read_text("utf-8").splitlines():
            failure = json.loads(line)
            print(failure["custom_id"], "failed:", failure["opper"]["error"]["message"])
        print("requests:", len(server.requests), "for", len(lines) + 1, "rows")


if __name__ == "__main__":
    main()
