"""Draw the figures of each question as an SVG bar chart, with the least and the most of the rounds."""

from __future__ import annotations

from html import escape

from .environments import OURS
from .goals import Rounds
from .report import QUESTIONS, client_figure, clients_of, number

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 720, 150, 120, 44, 16, 6
FONT = 'font-family="sans-serif" font-size="12" role="img"'
COLOURS = {"ours": "#2f6f4f", "limit": "#b9b9b9", "others": "#7c8ea8"}


def picture(rounds: Rounds, question: str) -> str | None:
    """Draw a question, or return None if no client was measured."""
    title, _, rate = QUESTIONS[question]
    bars = [
        (client, layer, figure)
        for layer in ("sync", "async")
        for client in clients_of(rounds)
        if (figure := client_figure(rounds, question, client, layer)) is not None
    ]
    if not bars:
        return None
    most = max(figure.most for _, _, figure in bars)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + len(bars) * (BAR + GAP) + 2 * GAP
    label = escape(title.replace("`", ""))
    made = max(figure.rounds for _, _, figure in bars)
    caption = f"{'more' if rate else 'less'} is better; median, least and most of {made} rounds"
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" {FONT} aria-label="{label}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="10" y="18" font-size="14" font-weight="bold">{label}</text>',
        f'<text x="10" y="34" fill="#666">{caption}</text>',
    ]
    for row, (client, layer, figure) in enumerate(bars):
        y = TOP + row * (BAR + GAP)
        kind = "ours" if client == OURS else client if client == "limit" else "others"
        middle = y + BAR / 2
        least, end = LEFT + figure.least * scale, LEFT + figure.most * scale
        drawn += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(client)}, {layer}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{figure.median * scale:.1f}" height="{BAR}" fill="{COLOURS[kind]}"/>',
            f'<path d="M{least:.1f} {middle}H{end:.1f}M{least:.1f} {y + 4}v8M{end:.1f} {y + 4}v8" stroke="#111"/>',
            f'<text x="{end + 6:.1f}" y="{y + 12}">{number(figure.median)}</text>',
        ]
    return "\n".join([*drawn, "</svg>", ""])
