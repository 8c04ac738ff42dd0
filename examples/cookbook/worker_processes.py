"""Calls from a pool of processes, for programs that compute a lot around each call.

`python worker_processes.py FILE...` summarizes text files. It needs `OPPER_API_KEY`.
"""

import atexit
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from opper_chat import APIError, Opper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")
PROCESSES = 4


@cache
def shared_client() -> Opper:
    """Return the client of this process. It is created by the first call, and closed when the process ends."""
    client = Opper(deadline=60)
    atexit.register(client.close)
    return client


def summarize(path: Path) -> str:
    """Summarize a file. Runs in a process of the pool."""
    text = " ".join(path.read_text("utf-8").split())  # your computation
    completion = shared_client().chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Summarize the text."}, {"role": "user", "content": text}],
    )
    return completion.text


def main() -> int:
    paths = [Path(name) for name in sys.argv[1:]]
    if not paths:
        print("usage: python worker_processes.py FILE...", file=sys.stderr)
        return 2
    failed = 0
    # "spawn" starts each process from nothing, on every platform: no thread, lock or connection is copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(PROCESSES, len(paths)), mp_context=context) as pool:
        futures = {pool.submit(summarize, path): path for path in paths}
        for future in as_completed(futures):
            try:
                print(f"{futures[future].name}: {future.result()}")
            except APIError as error:  # it comes from the other process with all its attributes
                failed += 1
                print(f"{futures[future].name}: failed after {len(error.attempts)} attempts: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
