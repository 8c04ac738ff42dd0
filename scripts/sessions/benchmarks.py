"""Speed, loads and faults."""

from __future__ import annotations

from pathlib import Path

import nox

from .common import NO_KEY


@nox.session
def bench(session: nox.Session) -> None:
    """Compare this client with its peers, each in an environment of its own; `--quick` takes two minutes at most."""
    session.install(".", "trustme", "uv")
    if "--transports" in session.posargs:
        session.install("httpx-aiohttp", "pyreqwest", "uvloop")
    peers = str(Path(session.create_tmp()) / "peers")
    session.run("python", "-m", "benchmarks.speed", "--environments", peers, *session.posargs, env=NO_KEY)


@nox.session(name="bench-cli")
def bench_cli(session: nox.Session) -> None:
    """Compare the command `opper-chat` with `llm`: starting, and a piped question to its first token."""
    session.install(".[testing]", "uv")
    session.run("python", "-m", "benchmarks.command_line", *session.posargs, env=NO_KEY)


@nox.session
def soak(session: nox.Session) -> None:
    """Run ten thousand streams with every fault and with cancellations through a pool of ten connections."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.soak_streams", *session.posargs, env=NO_KEY)


@nox.session(name="soak-calls")
def soak_calls(session: nox.Session) -> None:
    """Make twenty thousand calls over a network that misbehaves, and count every attempt on both sides."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.soak_calls", *session.posargs, env=NO_KEY)


@nox.session
def interrupts(session: nox.Session) -> None:
    """Interrupt calls at every point and by five thousand signals, and look for lost permits and connections."""
    session.install(".[testing]")
    if session.posargs:
        session.run("python", "-m", "benchmarks.loads.interrupts", *session.posargs, env=NO_KEY)
        return
    for arguments in (["points"], ["points", "--kept", "--step", "5"], ["signals"]):
        session.run("python", "-m", "benchmarks.loads.interrupts", *arguments, env=NO_KEY)


@nox.session
def faults(session: nox.Session) -> None:
    """Run this client and the openai package through the table of fault scenarios, and print both columns."""
    session.install(".[testing]", "openai")
    session.run("python", "-m", "benchmarks.loads.faults", *session.posargs, env=NO_KEY)


@nox.session
def storm(session: nox.Session) -> None:
    """Let many callers loose on a server that limits its rate, with and without the adaptive limiter."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.storm", *session.posargs, env=NO_KEY)


@nox.session(name="batch-kills")
def batch_kills(session: nox.Session) -> None:
    """Kill a batch fifty times at random moments, and count the rows in its files and at the server."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.batch.kills", *session.posargs, env=NO_KEY)


@nox.session(name="batch-million")
def batch_million(session: nox.Session) -> None:
    """Send a million rows, and measure memory and rate; a number of rows can be given."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.batch.million", *session.posargs, env=NO_KEY)
