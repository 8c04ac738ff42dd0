"""Draw the picture of the README: the CPU time of this client beside openai's, for a few questions.

`python -m benchmarks.speed.summary` draws it again from `docs/benchmarks/results.json`.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from .environments import OURS
from .goals import Figure, Goal, Rounds, cost, load_rounds
from .report import number

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"
NAME = "summary.svg"
PEER = "openai"
QUESTIONS = {
    "coalesced": ("Streamed token, in a burst", 1e6, "µs"),
    "paced": ("Streamed token, alone", 1e6, "µs"),
    "small": ("Plain call", 1e6, "µs"),
    "cold": ("Import, client, first call", 1e3, "ms"),
}
"""Each question: its title, the factor from seconds to its unit, and the unit. All are of the sync client."""

WIDTH, LEFT, FULL, TOP, ROW, BAR = 720, 196, 330, 64, 44, 15
STYLE = """\
rect.page { fill: #ffffff; stroke: #d0d7de }
text { fill: #1f2328; font: 13px system-ui, sans-serif }
text.title { font-size: 15px; font-weight: 600 }
text.note { fill: #59636e; font-size: 12px }
text.ratio { fill: #1a7f37; font-weight: 600 }
.ours { fill: #1a7f37 }
.peer { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  rect.page { fill: #0d1117; stroke: #3d444d }
  text { fill: #f0f6fc }
  text.note { fill: #9198a1 }
  text.ratio { fill: #3fb950 }
  .ours { fill: #3fb950 }
  .peer { fill: #656c76 }
}"""


def picture(rounds: Rounds, version: str) -> str | None:
    """Draw the picture, or return None if one of the clients was not measured."""
    rows = [(title, figures(rounds, question, factor), unit) for question, (title, factor, unit) in QUESTIONS.items()]
    height = TOP + ROW * len(rows) + 8
    title = f"CPU time beside {PEER} {version}"
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    note = f"Shorter is better. Medians of {len(rounds)} rounds on one machine, with the same local server."
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text class="note" x="16" y="46">{note}</text>',
        '<rect class="ours" x="544" y="16" width="12" height="12"/><text x="562" y="26">opper-chat</text>',
        f'<rect class="peer" x="642" y="16" width="12" height="12"/><text x="660" y="26">{PEER}</text>',
    ]
    for row, (label, measured, unit) in enumerate(rows):
        if measured is None:
            return None
        ours, peer, ratio = measured
        less = f"{ratio.median:.1f} times less"
        y = TOP + ROW * row
        drawn += [
            f'<text x="16" y="{y + BAR + 4}">{label}</text>',
            f'<rect class="ours" x="{LEFT}" y="{y}" width="{FULL / ratio.median:.1f}" height="{BAR}"/>',
            f'<rect class="peer" x="{LEFT}" y="{y + BAR + 1}" width="{FULL}" height="{BAR}"/>',
            f'<text x="{LEFT + FULL / ratio.median + 8:.1f}" y="{y + 12}">{number(ours.median)} {unit}</text>',
            f'<text class="note" x="{LEFT + FULL + 8}" y="{y + BAR + 13}">{number(peer.median)} {unit}</text>',
            f'<text class="ratio" x="{WIDTH - 16}" y="{y + BAR + 4}" text-anchor="end">{less}</text>',
        ]
    return "\n".join([*drawn, "</svg>", ""])


def figures(rounds: Rounds, question: str, factor: float) -> tuple[Figure, Figure, Figure] | None:
    """Return the cost of this client and of its peer in the unit of the question, and the ratio within the rounds."""
    ours, peer = (
        Figure.of([value * factor for records in rounds if (value := cost(records, client, "sync", question, "cpu"))])
        for client in (OURS, PEER)
    )
    ratio = Goal("", question, 1, 1, PEER, "cpu", more=True).figure(rounds, "sync")
    return (ours, peer, ratio) if ours and peer and ratio else None


def draw(results: dict[str, object]) -> str | None:
    """Draw the picture of the results of a run."""
    versions = results["versions"]
    assert isinstance(versions, dict)
    found = [package.partition("==")[2] for package in versions.get(PEER, ()) if package.startswith(f"{PEER}==")]
    return picture(load_rounds(results), found[0]) if found else None


if __name__ == "__main__":
    (FOLDER / NAME).write_text(draw(json.loads((FOLDER / "results.json").read_text("utf-8"))) or "", "utf-8")
