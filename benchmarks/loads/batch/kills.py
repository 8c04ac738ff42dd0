"""Kill a batch at random moments, start it again, and count the rows in its files and at the server.

Usage: `python -m benchmarks.loads.batch.kills [KILLS] [SEED]`. Exits with 1 if a row is lost or there twice, or if more
requests were repeated than were in flight at the kills.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from opper_chat.testing import LocalServer, ReceivedRequest, Reply

CONCURRENCY = 16
ROWS_PER_KILL = 60
POISON = 20
"""One row in so many is refused by the server."""

PROGRAM = """
import asyncio, sys
from opper_chat.batch import async_run_batch, run_batch
kind, requests, output, concurrency = sys.argv[1:]
options = {"output": output, "concurrency": int(concurrency)}
if kind == "sync":
    run_batch(requests, **options)
else:
    asyncio.run(async_run_batch(requests, **options))
"""


def reply(request: ReceivedRequest) -> Reply:
    """Refuse poison, and answer the others after a moment."""
    number = int(str(request.messages[0]["content"]).split()[1])
    if number % POISON == 0:
        return Reply.json({"error": {"message": "Poison."}}, status=400)
    return Reply.completion(f"row {number}", delay=0.001 * (number % 5))


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    chance = random.Random(seed)
    total = ROWS_PER_KILL * kills
    with tempfile.TemporaryDirectory() as folder, LocalServer() as server:
        requests, output = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        with requests.open("w") as file:
            for number in range(total):
                body = {"messages": [{"role": "user", "content": f"row {number}"}]}
                print(json.dumps({"custom_id": f"r{number}", "body": body}), file=file)
        server.always(reply)
        environment = {**os.environ, "OPPER_API_KEY": "key", "OPPER_BASE_URL": server.base_url}

        def start() -> subprocess.Popen[bytes]:
            kind = chance.choice(["sync", "async"])
            command = [sys.executable, "-c", PROGRAM, kind, str(requests), str(output), str(CONCURRENCY)]
            return subprocess.Popen(command, env=environment)

        torn = 0
        for kill in range(kills):
            process, seen = start(), len(server.requests)
            enough = seen + chance.randrange(ROWS_PER_KILL)
            while len(server.requests) < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.02)
            process.kill()
            process.wait()
            torn += output.exists() and not output.read_bytes().endswith(b"\n")
            print(f"kill {kill + 1}: {len(server.requests)} requests", flush=True)
        last = start()
        if last.wait(timeout=600):
            print("The last run failed.")
            return 1
        errors = output.with_name("out.errors.jsonl")
        lines = [json.loads(line) for path in (output, errors) for line in path.read_bytes().splitlines()]
        sent = Counter(str(request.messages[0]["content"]) for request in server.requests)
    rows = Counter(line["custom_id"] for line in lines)
    expected = {f"r{number}" for number in range(total)}
    wrong = [
        line["custom_id"]
        for line in lines
        if line["response"]["status_code"] == 200
        and line["response"]["body"]["choices"][0]["message"]["content"] != f"row {line['custom_id'][1:]}"
    ]
    repeated = sum(sent.values()) - len(sent)
    print(
        f"seed {seed}: {kills} kills, {total} rows; {len(lines)} lines, {len(expected - rows.keys())} lost, "
        f"{len(lines) - len(rows)} there twice, {len(wrong)} with another row's answer; {repeated} requests repeated "
        f"(at most {kills * CONCURRENCY}), {torn} torn lines after kills"
    )
    good = rows.keys() == expected and len(lines) == total and not wrong and repeated <= kills * CONCURRENCY
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
