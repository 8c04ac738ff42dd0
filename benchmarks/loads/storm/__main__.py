"""Measure many callers against a server that refuses requests with 429: `python -m benchmarks.loads.storm`.

Prints three tables, for threads and for tasks. The server is a process of its own that sends only 200 and 429.

- `limits`: the server accepts R requests a second. Prints the successes a second as a share of R, the share of 429
  among all responses and among those to requests that were sent after the first 429 arrived, and the least and most
  successes of a caller. A run is good with at least 95 % of R, and at most 2 % of 429 after the first one.
- `healthy`: the server refuses a single request, or a random share of them, at any rate. Prints the successes a
  second with the limiter and without it. A run is good if no call fails, and if it takes at most 2 seconds longer (a
  single refusal) or reaches at least 80 % of the throughput (a share of up to 5 %).
- `processes`: two and eight processes share a limit of R. Printed only.

Exits with 1 if a run is not good.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

from .callers import Limits, Measurement, storm
from .server import KINDS, SINGLE, serving


def run(kind: str, rate: float, runner: str, options: argparse.Namespace, *, adaptive: bool = True) -> bool:
    """Make one run against a limit, print a line, and return whether it was good."""
    limits = Limits(
        max_concurrency=options.concurrency if adaptive else None, adaptive_rate_limit=adaptive, max_retries=100
    )
    with serving(kind, rate, options.latency) as url:
        result = storm(Measurement(options.seconds), url, runner, options.callers, limits)
    share, refused, after = result.successes() / rate, result.refused(), result.refused(result.first_refusal())
    waits = [1000 * wait for wait in statistics.quantiles(result.waits, n=100)]
    print(
        f"{kind:14s} {rate:5g} {runner:7s} {'yes' if adaptive else 'no':7s} {share:7.1%} {refused:7.2%} {after:7.2%} "
        f"{waits[49]:9.0f} {waits[98]:7.0f} {1000 * max(result.waits):7.0f} "
        f"{min(result.successes_by_caller):9d} {max(result.successes_by_caller):4d}",
        flush=True,
    )
    return share >= 0.95 and after <= 0.02


def run_healthy(kind: str, value: float, retry_after: str, runner: str, options: argparse.Namespace) -> bool:
    """Make one run without the limiter and one with it, print a line, and return whether they were good."""
    runs = []
    for adaptive in (False, True):
        result = (
            Measurement(120.0, calls=1000.0 if value == 300 else 300.0)
            if kind == SINGLE
            else Measurement(options.healthy_seconds)
        )
        limits = Limits(max_concurrency=50, adaptive_rate_limit=adaptive, max_retries=3)
        with serving(kind, value, 0.05 if kind == SINGLE else 0.2, retry_after) as url:
            runs.append(storm(result, url, runner, 50, limits))
    durations = [run.ended_at - run.started_at for run in runs]
    rates = [sum(run.successes_by_caller) / seconds for run, seconds in zip(runs, durations, strict=True)]
    print(
        f"{kind:16s} {value:5g} {retry_after or '-':>11s} {runner:7s} {durations[0]:8.2f} {durations[1]:8.2f} "
        f"{rates[0]:8.0f} {rates[1]:8.0f} {rates[1] / rates[0]:7.0%} {runs[0].failed:9d} {runs[1].failed:7d}",
        flush=True,
    )
    good = durations[1] <= durations[0] + 2 if kind == SINGLE else rates[1] >= 0.8 * rates[0] or value > 0.05
    return good and (value > 0.05 or not runs[1].failed)


def run_processes(kind: str, rate: float, processes: int, options: argparse.Namespace) -> None:
    """Have processes share a limit, and print a line."""
    with serving(kind, rate, options.latency) as url:
        command = [
            sys.executable,
            "-m",
            "benchmarks.loads.storm",
            "--client",
            url,
            "--seconds",
            str(options.process_seconds),
        ]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        clients: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(processes)]
        for client in clients:
            client.stdout.readline()  # it has made its first call, and loaded what that needs
        for client in clients:
            client.stdin.close()
        result = [json.loads(client.stdout.read()) for client in clients]
    accepted = [each["accepted"] for each in result]
    refused = sum(each["refused"] for each in result)
    share = sum(accepted) / options.process_seconds / rate
    print(
        f"{kind:14s} {rate:5g} {processes:9d} {share:7.1%} {refused / (refused + sum(accepted)):7.2%} "
        f"{min(accepted):6d} {max(accepted):5d}",
        flush=True,
    )


def be_client(url: str, options: argparse.Namespace) -> int:
    """Be one of the processes, and print what it saw."""
    storm(
        Measurement(60.0, calls=1),
        url,
        "tasks",
        1,
        Limits(max_concurrency=None, adaptive_rate_limit=False, max_retries=100),
    )
    print("ready", flush=True)
    sys.stdin.read()
    limits = Limits(max_concurrency=options.concurrency, adaptive_rate_limit=True, max_retries=100)
    result = storm(Measurement(options.seconds), url, "tasks", options.callers, limits)
    statuses = [response.status for response in result.responses]
    print(json.dumps({"accepted": statuses.count(200), "refused": statuses.count(429)}))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", metavar="URL", help=argparse.SUPPRESS)
    tables = ["limits", "healthy", "processes"]
    parser.add_argument("--tables", nargs="+", choices=tables, default=tables)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["bucket", "fixed window"])
    parser.add_argument("--rates", nargs="+", type=float, default=[50, 100, 200])
    parser.add_argument("--runners", nargs="+", choices=["threads", "tasks"], default=["threads", "tasks"])
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=16, help="calls in flight, with the limiter")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each run against a limit")
    parser.add_argument("--healthy-seconds", type=float, default=12.0, help="of each run with stray 429")
    parser.add_argument("--process-seconds", type=float, default=20.0, help="of each run of several processes")
    options = parser.parse_args()
    if options.client:
        return be_client(options.client, options)
    good = print_limits(options) if "limits" in options.tables else []
    good += print_healthy(options) if "healthy" in options.tables else []
    if "processes" in options.tables:
        print(f"\n{'limit':14s} {'R':>5s} {'processes':>9s} {'of R':>7s} {'429':>7s} {'least':>6s} {'most':>5s}")
        for kind in options.kinds:
            run_processes(kind, 100.0, 2, options)
            run_processes(kind, 100.0, 8, options)
    print(f"{good.count(True)} of {len(good)} runs are good")
    return 0 if all(good) else 1


def print_limits(options: argparse.Namespace) -> list[bool]:
    print(
        f"{options.callers} callers, {options.concurrency} in flight, {options.seconds:g} s each, "
        f"latency {1000 * options.latency:g} ms. Waits for a permit in ms; successes of the callers.\n"
        f"{'limit':14s} {'R':>5s} {'callers':7s} limiter {'of R':>7s} {'429':>7s} {'then':>7s} "
        f"{'wait: 50%':>9s} {'99%':>7s} {'100%':>7s} {'least':>9s} most"
    )
    for runner in options.runners:
        short = argparse.Namespace(**{**vars(options), "seconds": min(options.seconds, 6.0)})
        run(options.kinds[0], options.rates[-1], runner, short, adaptive=False)
    return [
        run(kind, rate, runner, options)
        for kind in options.kinds for rate in options.rates for runner in options.runners
    ]  # fmt: skip


def print_healthy(options: argparse.Namespace) -> list[bool]:
    print(
        "\n50 callers, 50 in flight, latency 50 ms (single) or 200 ms, max_retries=3; without and with the limiter.\n"
        f"{'server':16s} {'value':>5s} {'retry-after':>11s} {'callers':7s} {'s: no':>8s} {'yes':>8s} {'rate: no':>8s} "
        f"{'yes':>8s} {'share':>7s} {'fail: no':>9s} {'yes':>7s}"
    )
    rows = [(SINGLE, number, "") for number in (1.0, 2.0, 25.0, 60.0, 300.0)]
    rows += [("stray 429 share", share, after) for share in (0.01, 0.02, 0.05, 0.1) for after in ("", "1")]
    return [run_healthy(*row, runner, options) for runner in options.runners for row in rows]


if __name__ == "__main__":
    sys.exit(main())
