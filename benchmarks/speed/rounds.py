"""Run the rounds: each client in a process of its own, in an order that rotates from round to round."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from .environments import OURS, PEERS, TRANSPORTS, Environment, name_of, transport_of
from .goals import Record
from .startup import program, startup_cost
from .tls_server import running_tls_server

ROOT = Path(__file__).resolve().parents[2]
PROCESS_TIMEOUT = 600.0
"""Seconds after which a process hangs."""

LAYERS = ("sync", "async")
STREAMS = ("own", "coalesced", "many", "paced", "varied")
STARTS = ("import", "cold", "cold-tls")
CALLS = ("small", "large", "logprobs", "first")
BY_TRANSPORT = {*STREAMS, "small", "first", "concurrent"}
"""The questions for other transports."""
QUESTION_CLIENTS: dict[str, frozenset[str]] = {
    "import": frozenset({OURS, *PEERS} - {"limit"}),
    "cold": frozenset({OURS, *PEERS} - {"limit", "opperai"}),
    "cold-tls": frozenset({OURS, *PEERS} - {"limit", "opperai"}),
    "events": frozenset({OURS, "openai"}),
    "text": frozenset({OURS}),
    "logprobs": frozenset({OURS, "openai"}),
    "second": frozenset({OURS, "openai"}),
    "concurrent": frozenset({OURS, "openai", "httpx", "aiohttp", "limit"}),
    "decode": frozenset({OURS}),
    "accumulate": frozenset({OURS}),
    "memory-stream": frozenset({OURS}),
    "memory-calls": frozenset({OURS}),
    "memory-clients": frozenset({OURS}),
}
"""The clients of questions that not all clients support."""


@dataclass(frozen=True)
class Plan:
    """What a run measures, and how long.

    Attributes:
        rounds: how many.
        seconds: of one question.
        size: chunks of a stream.
        at_once: chunks of each of the streams that are read at the same time.
        memory: chunks, calls and clients.
        starts: how often a program is started for one figure.
        clients: in the order of the first round; a transport is named in brackets.
        within: seconds after which no more processes are started, or None.
        only: the questions, up to their number, or all.
    """

    rounds: int
    seconds: float
    size: int
    at_once: int
    memory: tuple[int, int, int]
    starts: int
    clients: tuple[str, ...]
    within: float | None = None
    only: tuple[str, ...] = ()

    def includes(self, question: str, client: str) -> bool:
        """Return whether a question is measured for a client."""
        name = question.partition(":")[0]
        if transport_of(client) is not None and name not in BY_TRANSPORT:
            return False
        return (not self.only or name in self.only) and (
            name not in QUESTION_CLIENTS or name_of(client) in QUESTION_CLIENTS[name]
        )


class Job(NamedTuple):
    """A process to run, or programs to start."""

    client: str
    layer: str
    size: int
    questions: tuple[str, ...]


def jobs(plan: Plan, number: int) -> Iterator[Job]:
    """Yield the processes of a round."""
    clients = plan.clients[number % len(plan.clients) :] + plan.clients[: number % len(plan.clients)]
    groups = [
        (plan.size, STARTS, LAYERS),
        (plan.size, (*STREAMS, "text", "events"), LAYERS),
        (plan.size, (*CALLS, "second"), LAYERS),
        (plan.size, ("decode:16000", "accumulate:16000"), ("sync",)),
    ]
    for name, count in zip(("stream", "calls", "clients"), plan.memory, strict=True):
        groups.append((plan.size, (f"memory-{name}:{count}",), LAYERS))
    groups.append((plan.at_once, ("concurrent:1000", "concurrent:100"), ("async",)))
    for size, questions, layers in groups:
        for layer in layers:
            for client in clients:
                selected = tuple(question for question in questions if plan.includes(question, client))
                if name_of(client) == "limit" and layer == "async":  # streams alone
                    selected = tuple(question for question in selected if question not in {"small", "large"})
                supported = ("async",) if client == "aiohttp" else TRANSPORTS.get(transport_of(client) or "", LAYERS)
                if selected and layer in supported:
                    yield Job(client, layer, size, selected)


def run_job(job: Job, plan: Plan, environment: Environment, url: str) -> list[Record]:
    """Run a process and return its records."""
    settings = [job.client, job.layer, url, str(plan.seconds), str(job.size)]
    command = [environment.python, "-m", "benchmarks.speed.worker", *settings, *job.questions]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment.variables,
        capture_output=True,
        text=True,
        timeout=PROCESS_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    # Some packages print messages of their own.
    return [Record(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith('{"client"')]


def starts(job: Job, plan: Plan, environment: Environment, url: str) -> Iterator[Record]:
    """Yield the records of imports and starts."""
    with running_tls_server() if "cold-tls" in job.questions else nullcontext() as secure:
        for question in job.questions:
            where, there = url, environment
            if secure and question == "cold-tls":
                where = secure.url
                there = replace(environment, variables={**environment.variables, **secure.variables})
            code = program(question, job.client, job.layer, environment.module, f"{where}/small/1")
            if code is not None:
                yield Record(job.client, job.layer, question, 1, *startup_cost(there, code, plan.starts))


def run(plan: Plan, environments: dict[str, Environment], url: str) -> Iterator[list[Record]]:
    """Yield the records of each round. The last one is incomplete if the time is up."""
    until = inf if plan.within is None else monotonic() + plan.within
    for number in range(plan.rounds):
        records: list[Record] = []
        for job in jobs(plan, number):
            if monotonic() > until:
                break
            if job.questions[0] in STARTS:
                records += starts(job, plan, environments[job.client], url)
            else:
                records += run_job(job, plan, environments[job.client], url)
        yield records
        if monotonic() > until:
            return
