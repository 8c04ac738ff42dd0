"""A batch from the command line: a dry run, a sample with an estimate, a limit on the cost, and what is in the files.

Runs against a local server of its own. In a shell, write `opper-chat` for `sys.executable, "-m", "opper_chat"`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from opper_chat.testing import LocalServer, ReceivedRequest, Reply


def reply(request: ReceivedRequest) -> Reply:
    """Reply as a model would, or fail, as servers do."""
    text = request.messages[-1]["content"]
    if "???" in text:
        return Reply.json({"error": {"message": "The text is not readable."}}, status=400)
    return Reply.completion('{"mood": "good"}', headers={"x-opper-cost": "0.002"})


def main() -> None:
    with TemporaryDirectory() as name, LocalServer() as server:
        server.always(reply)
        folder = Path(name)
        texts = [f"Review {number}" for number in range(1, 40)]
        (folder / "reviews.csv").write_text("\n".join(["id,text", *(f"{text[7:]},{text}" for text in texts), "40,???"]))

        def run(*arguments: str) -> None:
            """Run the command, and print what it writes."""
            done = subprocess.run(
                [sys.executable, "-m", "opper_chat", "batch", *arguments],
                cwd=folder,
                env={**os.environ, "OPPER_API_KEY": "local", "OPPER_BASE_URL": server.base_url},
                capture_output=True,
                text=True,
                check=False,
            )
            print(f"$ opper-chat batch {' '.join(arguments)}\n{done.stdout}{done.stderr}exit code {done.returncode}\n")

        batch = [
            "reviews.csv", "-o", "moods.jsonl", "--id-column", "id", "--schema", "mood",
            "--template", "Is this review good or bad? {text}",
        ]  # fmt: skip
        run(*batch, "--dry-run")
        run(*batch, "--sample", "4")
        run(*batch, "--max-cost", "0.05", "--concurrency", "4")
        run(*batch)  # goes on where the limit stopped it
        run("status", "moods.jsonl")

        line = json.loads((folder / "moods.jsonl").read_text("utf-8").splitlines()[0])
        print("the first line:", line["custom_id"], line["opper"]["parsed"])
        print("requests:", len(server.requests), "for 40 rows")


if __name__ == "__main__":
    main()
