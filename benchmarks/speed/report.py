"""Write the rounds as Markdown tables: the goals, every client's figures, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from .environments import OURS, transport_of
from .goals import GOALS, Figure, Goal, Metric, Rounds, cost

QUESTIONS: dict[str, tuple[str, Metric, bool]] = {
    "own": ("Streaming, one event per HTTP chunk, a write each: chunks per second", "wall", True),
    "coalesced": ("Streaming, one event per HTTP chunk, 32 in a write: chunks per second", "wall", True),
    "many": ("Streaming, 32 events per HTTP chunk: chunks per second", "wall", True),
    "paced": ("Streaming, each chunk comes alone, with pauses: µs of CPU per chunk", "cpu", False),
    "varied": ("The same as 32 in a write, with another number in each chunk: chunks per second", "wall", True),
    "text": ("The same as 32 in a write, by `text_stream`: chunks per second", "wall", True),
    "events": ("The same as 32 in a write, as typed events: chunks per second", "wall", True),
    "small": ("Plain call, small reply: µs of CPU", "cpu", False),
    "large": ("Plain call, 52 KB reply with logprobs: µs of CPU", "cpu", False),
    "logprobs": ("The same, and every log probability is read: µs of CPU", "cpu", False),
    "first": ("First chunk on a warm connection: µs", "wall", False),
    "concurrent:1000": ("1,000 async streams at once: chunks per second", "wall", True),
    "concurrent:100": ("100 async streams at once: chunks per second", "wall", True),
    "import": ("Import, net of the interpreter: ms of CPU", "cpu", False),
    "cold": ("Import, client, first reply, net of the interpreter: ms of CPU", "cpu", False),
    "cold-tls": ("The same over TLS: ms of CPU", "cpu", False),
    "second": ("Second client, made and closed: µs", "wall", False),
}
"""Each question: its title, its metric, and whether it is shown as a rate a second."""

ON_TRANSPORTS = {
    "own": "a write each: chunks per second",
    "many": "32 events per HTTP chunk: the same",
    "paced": "with pauses: µs of CPU per chunk",
    "small": "plain call: µs of CPU",
    "first": "first chunk: µs",
    "concurrent:1000": "1,000 streams: chunks per second",
}
"""The questions for which transports are compared, and their titles in that table."""

MILLISECONDS = {"import", "cold", "cold-tls"}


def number(value: float) -> str:
    """Return a figure with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(figure: Figure | None, unit: str = "") -> str:
    """Return a figure with the range of its rounds."""
    if figure is None:
        return "-"
    if figure.rounds == 1:
        return f"{number(figure.median)}{unit}"
    return f"{number(figure.median)}{unit} ({number(figure.least)}-{number(figure.most)})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return an aligned Markdown table."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def lines(rounds: Rounds) -> Iterator[tuple[Goal, str, Figure | None]]:
    """Yield each goal for sync and async, with its figure."""
    for goal in GOALS:
        for layer in goal.layers:
            yield goal, layer, goal.figure(rounds, layer)


def goals(rounds: Rounds) -> str:
    """Return the table of the goals."""
    rows: list[list[str]] = []
    for goal, layer, figure in lines(rounds):
        better = "≥" if goal.more else "≤"
        by_cpu = spread(goal.figure(rounds, layer, "cpu"), goal.unit) if goal.metric == "wall" and goal.against else ""
        rows.append([
            goal.title, layer, f"{better} {goal.must:g}{goal.unit}", f"{better} {goal.aim:g}{goal.unit}",
            spread(figure, goal.unit), by_cpu, goal.reached(figure),
        ])  # fmt: skip
    return table(["goal", "", "must", "aim", "measured", "by CPU", "reached"], rows)


def missing(rounds: Rounds) -> str:
    """Return the goals that are not reached, and those that were not measured."""
    unreached: dict[str, list[str]] = {"must": [], "aim": [], "": []}
    for goal, layer, figure in lines(rounds):
        if figure is None:
            unreached[""].append(f"- {goal.title} ({layer}): not measured.")
        elif (word := goal.reached(figure)) != "aim":
            short, bound = ("aim", goal.aim) if word == "must" else ("must", goal.must)
            figures = f"{number(figure.median)}{goal.unit}, {short} {bound:g}{goal.unit}"
            unreached[short].append(f"- {goal.title} ({layer}): {figures}.")
    return "\n".join([
        "Of what must be:\n", *(unreached["must"] or ["- Nothing."]),
        "\nOf what is aimed at:\n", *(unreached["aim"] or ["- Nothing."]), *unreached[""],
    ])  # fmt: skip


def client_figure(rounds: Rounds, question: str, client: str, layer: str) -> Figure | None:
    """Return the figure of a client in the unit of its question."""
    _, metric, rate = QUESTIONS[question]
    costs = [found for records in rounds if (found := cost(records, client, layer, question, metric))]
    return Figure.of([1 / cost if rate else cost * (1e3 if question in MILLISECONDS else 1e6) for cost in costs])


def clients_of(rounds: Rounds) -> list[str]:
    """Return the clients with their own transports, this one first and the limit last."""
    found = {record.client for records in rounds for record in records if transport_of(record.client) is None}
    return sorted(found, key=lambda name: (name == "limit", name != OURS, name))


def transports(rounds: Rounds) -> str:
    """Return the table of this client with other transports, next to its own and openai."""
    found = sorted({record.client for records in rounds for record in records if transport_of(record.client)})
    rows: list[list[str]] = []
    for layer in ("sync", "async") if found else ():
        for client in (OURS, *found, "openai"):
            figures = [client_figure(rounds, question, client, layer) for question in ON_TRANSPORTS]
            if any(figures):
                rows.append([layer, client, *map(spread, figures)])
    return table(["", "", *ON_TRANSPORTS.values()], rows) if rows else "Not measured."


def all_clients(rounds: Rounds) -> str:
    """Return the table of all clients."""
    rows: list[list[str]] = []
    names = clients_of(rounds)
    for question, (title, _, _) in QUESTIONS.items():
        for layer in ("sync", "async"):
            figures = [client_figure(rounds, question, client, layer) for client in names]
            if any(figures):
                rows.append([title, layer, *map(spread, figures)])
    memory = {record.question for records in rounds for record in records if record.bytes is not None}
    for question in sorted(memory):
        for layer in ("sync", "async"):
            grown = [
                [
                    size / 1e6
                    for records in rounds
                    if (size := cost(records, client, layer, question, "bytes")) is not None
                ]
                for client in names
            ]
            cells = [f"{median(sizes):.2f} ({min(sizes):.2f}-{max(sizes):.2f})" if sizes else "-" for sizes in grown]
            kind, _, count = question.partition(":")
            title = f"Growth of the peak of memory over {int(count):,} {kind.partition('-')[2]}: MB"
            rows.append([title.replace("stream:", "chunks of a stream:"), layer, *cells])
    return table(["", "", *names], rows)
