"""Measure what the command `opper-chat` costs, beside `llm`: `python -m benchmarks.command_line`.

Both commands are installed in environments of their own, without extras, and ask the same local server. Every figure is
the least of several rounds that take turns. CPU time is that of the process of the command, from the kernel; "first
token" is read when the first byte of the completion has arrived in a pipe, while the server waits. Needs uv, and Linux.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from opper_chat.testing import LocalServer, Pause, ReceivedRequest, Reply, chunk

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "Why is the sky blue?"
CLIENT = (
    "import sys\n"
    "from opper_chat import Opper\n"
    "with Opper() as client:\n"
    "    messages = [{'role': 'user', 'content': sys.stdin.read()}]\n"
    "    with client.chat.completions.create(messages=messages, stream=True) as stream:\n"
    "        for text in stream.text_stream:\n"
    "            print(text, end='', flush=True)\n"
)
"""A piped question with the client alone."""

START_BUDGET = 40.0
"""Milliseconds of CPU for `--version` and `--help` above the interpreter."""
ASK_BUDGET = 30.0
"""Milliseconds of CPU for `ask` above the client."""


class Program:
    """A program whose processes are measured.

    Args:
        command: the program and its arguments.
        environment: the environment variables.
        question: whether a question is piped to it.
    """

    def __init__(self, *command: str, environment: dict[str, str], question: bool = False) -> None:
        self._command = command
        self._environment = environment
        self._question = question
        self.cpu = self.wall = self.first_cpu = self.first_wall = float("inf")

    def measure(self) -> None:
        """Run it once, and keep the least figures, in milliseconds."""
        began = time.perf_counter()
        process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        if self._question:
            process.stdin.write(PROMPT.encode())
        process.stdin.close()
        if self._question and process.stdout.read(1):
            self.first_wall = min(self.first_wall, (time.perf_counter() - began) * 1e3)
            self.first_cpu = min(self.first_cpu, cpu_so_far(process.pid))
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode:
            sys.exit(f"{' '.join(self._command)} failed with exit code {process.returncode}")
        self.wall = min(self.wall, (time.perf_counter() - began) * 1e3)
        self.cpu = min(self.cpu, (used.ru_utime + used.ru_stime) * 1e3)


def cpu_so_far(pid: int) -> float:
    """Return the milliseconds of CPU that the threads of a process have used."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e6


def reply(_request: ReceivedRequest) -> Reply:
    """Return a stream that waits after its first token, so that the CPU time until then can be read."""

    def events() -> Iterator[object]:
        yield chunk("Because ")
        yield Pause(0.3)
        yield chunk("it is.")
        yield chunk("", finish_reason="stop")
        yield "[DONE]"

    return Reply.sse(list(events()))  # type: ignore[arg-type]


def install(folder: Path, *requirements: str) -> Path:
    """Create an environment, and return the folder of its commands."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit(
            "The commands are installed with uv, which is not installed: run `nox -s bench-cli`, or pip install uv."
        )
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *requirements], check=True
    )
    return folder / "bin"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, LocalServer() as server:
        server.always(reply)
        folder = Path(name)
        ours, theirs = install(folder / "ours", str(ROOT)), install(folder / "llm", "llm")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "OPPER_API_KEY": "key",
            "OPPER_BASE_URL": server.base_url,
            "LLM_USER_PATH": name,
        }
        (folder / "extra-openai-models.yaml").write_text(
            f"- model_id: local\n  model_name: local\n  api_base: {server.base_url}\n  api_key_name: none\n"
        )
        llm = (str(theirs / "llm"), "--key", "key", "-m", "local")
        programs = {
            "interpreter": Program(str(ours / "python"), "-c", "pass", environment=environment),
            "version": Program(str(ours / "opper-chat"), "--version", environment=environment),
            "help": Program(str(ours / "opper-chat"), "--help", environment=environment),
            "client": Program(str(ours / "python"), "-c", CLIENT, environment=environment, question=True),
            "ask": Program(str(ours / "opper-chat"), environment=environment, question=True),
            "llm version": Program(str(theirs / "llm"), "--version", environment=environment),
            "llm": Program(*llm, environment=environment, question=True),
        }
        for _ in range(options.rounds + 1):  # the first one compiles modules
            for program in programs.values():
                program.measure()
    report(programs, options.rounds)


def report(programs: dict[str, Program], rounds: int) -> None:
    """Print the figures, and fail if a budget is exceeded."""
    start, client, ask, llm = (programs[name] for name in ("interpreter", "client", "ask", "llm"))
    print(f"Least of {rounds + 1} rounds; milliseconds of CPU time, with the interpreter's {start.cpu:.0f}.\n")
    print("| | CPU | wall | first token, CPU | first token, wall |")
    print("|---|---|---|---|---|")
    for name, program in programs.items():
        first = f"{program.first_cpu:.0f} | {program.first_wall:.0f}" if program.first_cpu < float("inf") else "- | -"
        print(f"| {name} | {program.cpu:.0f} | {program.wall:.0f} | {first} |")
    goals = [
        ("--version above the interpreter", programs["version"].cpu - start.cpu, START_BUDGET),
        ("--help above the interpreter", programs["help"].cpu - start.cpu, START_BUDGET),
        ("ask above the client", ask.cpu - client.cpu, ASK_BUDGET),
    ]
    print(f"\nCPU to the first token, as a share of that of llm: {ask.first_cpu / llm.first_cpu:.0%}")
    for name, value, budget in goals:
        print(f"{name}: {value:.0f} ms (at most {budget:.0f} ms){'' if value <= budget else '  EXCEEDED'}")
    sys.exit(any(value > budget for _, value, budget in goals))


if __name__ == "__main__":
    main()
