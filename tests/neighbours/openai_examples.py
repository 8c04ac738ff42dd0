"""Run the chat examples of the openai package with the import changed, and say which ran and which were left out.

``python openai_examples.py SDIST`` takes the archive that PyPI has of it. Nothing of it is kept. Each example runs
against the local server, in a process of its own, with a bound on its time. Ends with 1 where one that should run does
not.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from opper_chat.testing import LocalServer

SECONDS = 60

CHANGED = (
    (re.compile(r"^from openai import OpenAI, AsyncOpenAI$", re.MULTILINE),
     "from opper_chat import Opper as OpenAI, AsyncOpper as AsyncOpenAI"),
    (re.compile(r"^from openai import OpenAI$", re.MULTILINE), "from opper_chat import Opper as OpenAI"),
    (re.compile(r"^from openai import AsyncOpenAI$", re.MULTILINE), "from opper_chat import AsyncOpper as AsyncOpenAI"),
    (re.compile(r"^from openai\.types\.chat import ChatCompletion$", re.MULTILINE),
     "from opper_chat import ChatCompletion"),
)  # fmt: skip
"""The lines that are changed, and nothing else."""

LEFT_OUT = (
    ("azure", "is of Azure's own client"),
    ("bedrock", "is of Bedrock's own client"),
    (
        "pydantic_function_tool",
        "makes tools by a function of that package",
    ),
    (r"^openai\.(api_key|base_url)", "configures the module itself, which holds one client for everybody"),
)
"""What is in an example that is not run, and why."""


def reason(source: str) -> str | None:
    """Say why an example is left out, or None for one that runs."""
    if "chat.completions" not in source:
        return "uses no chat completions"
    found = (why for sign, why in LEFT_OUT if re.search(sign, source, re.IGNORECASE | re.MULTILINE))
    return next(found, None)


def changed(source: str) -> str:
    """Return an example with its imports changed."""
    for old, new in CHANGED:
        source = old.sub(new, source)
    return source


def run(name: str, source: str, server: LocalServer, folder: Path) -> str | None:
    """Run an example, and return what went wrong, or None."""
    path = folder / name
    path.write_text(source, "utf-8")
    environment = {**os.environ, "OPPER_API_KEY": "local", "OPPER_BASE_URL": server.base_url}
    seen = len(server.requests)
    try:
        done = subprocess.run(
            [sys.executable, str(path)],
            env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"did not end within {SECONDS} s"
    if done.returncode:
        return done.stderr.strip()
    if not done.stdout.strip() or len(server.requests) == seen:
        return "said nothing, or asked for nothing"
    print(f"  ran       {name}: {len(server.requests) - seen} requests, {len(done.stdout.splitlines())} lines")
    return None


def main() -> int:
    failures = 0
    elsewhere: list[str] = []
    with tarfile.open(sys.argv[1]) as archive, LocalServer() as server, tempfile.TemporaryDirectory() as folder:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            parts = Path(member.name).parts
            if len(parts) != 3 or parts[1] != "examples" or not parts[2].endswith(".py"):
                continue
            file = archive.extractfile(member)
            source = file.read().decode("utf-8") if file else ""
            if (why := reason(source)) == "uses no chat completions":
                elsewhere.append(parts[2])
            elif why is not None:
                print(f"  left out  {parts[2]}: {why}")
            elif wrong := run(parts[2], changed(source), server, Path(folder)):
                failures += 1
                print(f"  FAILED    {parts[2]}: {wrong}")
    print(f"  left out  {len(elsewhere)} that use no chat completions: {', '.join(elsewhere)}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
