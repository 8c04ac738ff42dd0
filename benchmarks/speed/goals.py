"""The goals: what is compared, the required and the desired figure, and how a figure is computed from rounds."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .environments import OURS

BOTH = ("sync", "async")
Metric = Literal["wall", "cpu", "bytes"]


class Figure(NamedTuple):
    """The median, the least and the most of the rounds."""

    median: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, values: list[float]) -> Figure | None:
        return cls(statistics.median(values), min(values), max(values), len(values)) if values else None


class Record(NamedTuple):
    """The measurement of one question for one client in one round."""

    client: str
    layer: str
    question: str
    units: int
    cpu: float
    wall: float
    bytes: int | None = None

    def per_unit(self, metric: Metric) -> float:
        """Return the seconds for one unit of work, or the total bytes."""
        if metric == "bytes":
            return float(self.bytes or 0)
        return (self.cpu if metric == "cpu" else self.wall) / self.units


Rounds = list[list[Record]]


def load_rounds(results: dict[str, object]) -> Rounds:
    """Return the rounds in results."""
    given = results["rounds"]
    assert isinstance(given, list)
    return [[Record(**record) for record in records] for records in given]


@dataclass(frozen=True)
class Goal:
    """One line of the table.

    Attributes:
        title: what is compared, and with what.
        question: the question of this client, up to its number: ``concurrent:1000``, ``memory-stream``.
        must: the figure that must be reached.
        aim: the figure that is aimed at.
        against: the other client, or this one, or None for a figure that is compared with nothing.
        metric: what is compared.
        more: whether more is better: how many times as fast, not how much of the cost.
        layers: of the sync client, the async client, or both.
        other: the question of the other side, if it is another one.
        scale: the factor of a figure that is compared with nothing.
        unit: of the figure.
    """

    title: str
    question: str
    must: float
    aim: float
    against: str | None = "openai"
    metric: Metric = "wall"
    more: bool = False
    layers: tuple[str, ...] = BOTH
    other: str | None = None
    scale: float = 1.0
    unit: str = "×"  # noqa: RUF001  # it is one

    def figure(self, rounds: Rounds, layer: str, metric: Metric | None = None) -> Figure | None:
        """Compare within each round. Return None if one of the sides is not measured."""
        return Figure.of(list(self._values(rounds, layer, metric or self.metric)))

    def _values(self, rounds: Rounds, layer: str, metric: Metric) -> Iterator[float]:
        for records in rounds:
            mine = cost(records, OURS, layer, self.question, metric)
            if self.against is None:
                other: float | None = 1 / self.scale
            else:
                other = cost(records, self.against, layer, self.other or self.question, metric)
            if mine is not None and other:
                yield other / mine if self.more else mine / other

    def reached(self, figure: Figure | None) -> str:
        """Say in a word how far a figure is."""
        if figure is None:
            return "not measured"
        sign = -1 if self.more else 1
        if sign * figure.median <= sign * self.aim:
            return "aim"
        return "must" if sign * figure.median <= sign * self.must else "**missing**"


def cost(records: list[Record], client: str, layer: str, question: str, metric: Metric) -> float | None:
    """Return the cost of a unit in a round, or None where it was not measured."""
    for record in records:
        if (record.client, record.layer) == (client, layer) and question in {
            record.question, record.question.partition(":")[0],
        }:  # fmt: skip
            return record.per_unit(metric)
    return None


def _streams(goals: dict[str, tuple[float, float]]) -> list[Goal]:
    titles = {
        "own": "streaming, one event per HTTP chunk, a write each",
        "coalesced": "streaming, one event per HTTP chunk, 32 in a write",
        "many": "streaming, 32 events per HTTP chunk",
    }
    return [Goal(f"{titles[question]}: speed vs openai", question, *goals[question], more=True) for question in titles]


MB = 1e-6
GOALS: list[Goal] = [
    *_streams(dict.fromkeys(("own", "coalesced", "many"), (16, 18))),
    Goal("streaming, with another number in each chunk: speed vs openai", "varied", 11, 12, more=True),
    Goal("streaming, each chunk comes alone, with pauses: by CPU vs openai", "paced", 6, 15, metric="cpu", more=True),
    Goal("plain call, small reply: CPU vs openai", "small", 0.33, 0.25, metric="cpu"),
    Goal("plain call, small reply: CPU vs bare httpx + json", "small", 1.05, 0.9, "httpx", "cpu"),
    Goal("plain call, 52 KB reply with logprobs: CPU vs openai", "large", 0.30, 0.18, metric="cpu"),
    Goal("the same, and every log probability is read: CPU vs openai", "logprobs", 0.30, 0.18, metric="cpu"),
    Goal("first chunk on a warm connection: speed vs openai", "first", 3.7, 5, more=True),
    Goal("1,000 streams at once: speed vs openai", "concurrent:1000", 11, 12, more=True, layers=("async",)),
    Goal(
        "CPU per chunk at 1,000 streams vs at 100",
        "concurrent:1000",
        1.15,
        1.0,
        OURS,
        "cpu",
        layers=("async",),
        other="concurrent:100",
    ),
    Goal("`import opper_chat` vs `import openai`, net: CPU", "import", 0.03, 0.02, metric="cpu", layers=("sync",)),
    Goal("import, client, first reply vs openai, net: CPU", "cold", 0.35, 0.22, metric="cpu"),
    Goal("the same over TLS vs openai, net: CPU", "cold-tls", 0.35, 0.22, metric="cpu"),
    Goal("second client, made and closed", "second", 1.0, 0.2, None, scale=1e3, unit=" ms"),
    Goal("memory: a stream of 1,000,000 chunks", "memory-stream:1000000", 5, 3, None, "bytes", scale=MB, unit=" MB"),
    Goal("memory: 5,000 calls", "memory-calls:5000", 0.5, 0.2, None, "bytes", scale=MB, unit=" MB"),
    Goal("memory: 200 clients, one after another", "memory-clients:200", 1, 0.2, None, "bytes", scale=MB, unit=" MB"),
    Goal(
        "completion of a 16,000-delta stream: accumulating vs decoding, CPU",
        "accumulate",
        0.3,
        0.1,
        OURS,
        "cpu",
        layers=("sync",),
        other="decode",
    ),
]
