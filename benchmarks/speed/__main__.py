"""Measure the speed and memory of this client and its peers: `python -m benchmarks.speed`.

Prints the table of the goals and the figures of every client, and writes `results.json` and a picture for each question
into a folder. With `--publish` they go into `docs/`, and the tables into `docs/benchmarks/speed.md`.

A server in a process of its own sends prepared bytes. Every client runs in processes of its own, from an environment of
its own, in rounds that take turns. A ratio is computed within each round, and shown as the median of the rounds with
the least and the most. Needs uv, for the environments of the peers, and Linux.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

from . import plots, report, summary
from .environments import OURS, PEERS, TRANSPORTS, Environment, environment, name_of
from .goals import Rounds, load_rounds
from .rounds import Plan, run
from .server import running_server

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks" / "speed.md"
FULL = Plan(5, 0.5, 2000, 100, (1_000_000, 5000, 200), 3, (OURS, *PEERS))
QUICK = Plan(3, 0.1, 1000, 20, (50_000, 1000, 50), 1, (OURS, "openai", "httpx", "limit"), 100)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="within two minutes: shorter measurements and fewer peers")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each question")
    parser.add_argument("--within", type=float, help="seconds after which no process is begun")
    parser.add_argument("--clients", nargs="+", help=f"{OURS}, {OURS}[uvloop] and the like, {list(PEERS)}")
    parser.add_argument(
        "--transports", nargs="+", default=[], choices=TRANSPORTS, help="of this client, in addition to its own"
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="QUESTION", help="such as own, small, memory-stream")
    parser.add_argument("--environments", type=Path, default=ROOT / ".nox" / "peers", help="where peers are installed")
    parser.add_argument("--out", type=Path, default=ROOT / ".nox" / "benchmarks", help="where results are written")
    parser.add_argument("--publish", action="store_true", help="write into docs/")
    parser.add_argument("--show", type=Path, metavar="JSON", help="measure nothing: show the results of another run")
    return parser.parse_args()


def make_plan(options: argparse.Namespace) -> Plan:
    """Return the plan of the options."""
    plan = QUICK if options.quick else FULL
    clients = tuple(options.clients or plan.clients)
    others = tuple(name for transport in options.transports if (name := f"{OURS}[{transport}]") not in clients)
    return dataclasses.replace(
        plan, rounds=options.rounds or plan.rounds, seconds=options.seconds or plan.seconds,
        within=options.within or plan.within,
        clients=clients[:1] + others + clients[1:], only=tuple(options.only),
    )  # fmt: skip


def machine() -> dict[str, object]:
    """Describe the machine."""
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }  # fmt: skip


def measure(plan: Plan, folder: Path) -> dict[str, object]:
    """Make a run, and return its results."""
    environments: dict[str, Environment] = {}
    for client in plan.clients:
        known = next((other for other in environments if name_of(other) == name_of(client)), None)
        environments[client] = environments[known] if known else environment(client, folder)
    before, began = machine(), time.monotonic()
    rounds: Rounds = []
    with running_server() as url:
        for records in run(plan, environments, url):
            rounds.append(records)
            print(f"Round {len(rounds)} of {plan.rounds} after {time.monotonic() - began:.0f} s", flush=True)
    return {
        "machine": {**before, "load after": machine()["load"], "seconds": round(time.monotonic() - began)},
        "plan": dataclasses.asdict(plan),
        "versions": {client: list(where.packages) for client, where in environments.items()},
        "rounds": [[record._asdict() for record in records] for records in rounds],
    }


def tables(results: dict[str, object]) -> dict[str, str]:
    """Return the sections of the page, by the names of their markers."""
    rounds, facts, plan = load_rounds(results), results["machine"], results["plan"]
    assert isinstance(facts, dict)
    assert isinstance(plan, dict)
    about = (
        f"{facts['when']}, Python {facts['python']}, {facts['system']}, {facts['cores']} cores, load "
        f"{facts['load'][0]} before and {facts['load after'][0]} after; {len(rounds)} rounds of {plan['seconds']} s "
        f"a question, streams of {plan['size']:,} chunks, many at once of {plan['at_once']} chunks each, "
        f"{facts['seconds']} s in all. Memory: "
        f"{plan['memory'][0]:,} chunks, {plan['memory'][1]:,} calls, {plan['memory'][2]:,} clients."
    )
    pictures = "\n".join(
        f"![{title}]({picture_name(question)})"
        for question, (title, _, _) in report.QUESTIONS.items()
        if plots.picture(rounds, question)
    )
    return {
        "about": about, "goals": report.goals(rounds), "missing": report.missing(rounds),
        "clients": report.all_clients(rounds), "transports": report.transports(rounds), "pictures": pictures,
        "imports": imports(),
    }  # fmt: skip


def picture_name(question: str) -> str:
    return f"{question.replace(':', '-')}.svg"


def imports() -> str:
    """Return the output of `python -X importtime` for this package."""
    code = "import opper_chat"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    start = next((index for index, line in enumerate(lines) if re.search(r"\| site\s*$", line)), 0)
    return "\n".join(["```text", lines[0], *lines[start + 1 :], "```"])


def publish(parts: dict[str, str]) -> None:
    """Replace the sections of the page between their markers."""
    page = PAGE.read_text("utf-8")
    for name, text in parts.items():
        if name == "transports":  # printed only: the published run does not have to measure them
            continue
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        assert found, name
        page = f"{before}{begin}{text}\n{end}{after}"
    PAGE.write_text(page, "utf-8")


def main() -> int:
    options = parse_arguments()
    folder = PAGE.parent if options.publish else options.out
    results = json.loads(options.show.read_text("utf-8")) if options.show else None
    if results is None:
        results = measure(make_plan(options), options.environments)
    parts, rounds = tables(results), load_rounds(results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    for question in report.QUESTIONS:
        if drawn := plots.picture(rounds, question):
            (folder / picture_name(question)).write_text(drawn, "utf-8")
    if drawn := summary.draw(results):
        (folder / summary.NAME).write_text(drawn, "utf-8")
    if options.publish:
        publish(parts)
    for name in ("about", "goals", "clients", "transports"):
        print(f"\n{parts[name]}")
    print(f"\nStill missing:\n{parts['missing']}\n\nResults and pictures: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
