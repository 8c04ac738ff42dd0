"""Markdown on a terminal while it streams: finished blocks are rendered once, the unfinished one is drawn again.

A block is finished when the next one begins: a paragraph, a heading, an item of a list, a table, a block of code. Only
the lines of the unfinished one are erased and drawn again, as many as fit on the screen. To render the whole text with
each fragment would be quadratic. Links by reference (``[text][name]``) are shown as they are written.

This needs rich, of the extra ``cli``. It does not decide when a text is formatted: `output` does.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from typing import NamedTuple, Self

from .console import Console, printable
from .markdown_blocks import Block, BlockRenderer

FREE_CHARACTERS = 512
"""An unfinished block of this size is drawn again with each fragment."""
GROWTH = 8
"""A larger one is drawn again when it has grown by this part of its size, so that the work stays linear."""

_STYLES = re.compile("\x1b\\[[0-9;]*m")


class Size(NamedTuple):
    """The size of a terminal."""

    columns: int
    lines: int


class MarkdownWriter:
    """Writes Markdown to a terminal fragment by fragment.

    Args:
        write: writes to the terminal at once.
        renderer: renders blocks.
        size: returns the size of the terminal, which may change.
        redraws: whether the unfinished block is shown, which a pipe cannot.
    """

    def __init__(
        self, write: Callable[[str], object], renderer: BlockRenderer, size: Callable[[], Size], *, redraws: bool = True
    ) -> None:
        self._write = write
        self._renderer = renderer
        self._size = size
        self._redraws = redraws
        self._open = ""
        """The text of the blocks that are not finished, as it was drawn."""
        self._new: list[str] = []
        """The text after it."""
        self._new_size = 0
        self._next_number: int | None = None
        """The number of the next item, if the text begins inside a list with numbers."""
        self._needs_gap = False
        """Whether an empty line comes before the next block."""
        self._has_new_line = False
        """Whether a line has ended since finished blocks were looked for."""
        self._drawn: list[str] = []
        """The lines of the unfinished text that are on the screen."""

    @classmethod
    def for_console(cls, console: Console) -> Self:
        """Return a writer to stdout."""
        return cls(
            console.write_sequences,
            BlockRenderer("auto" if console.uses_color else None),
            lambda: Size(*shutil.get_terminal_size()),
            redraws=console.stdout_is_terminal,
        )

    def write(self, text: str) -> None:
        """Write a fragment of the text. It may end anywhere."""
        text = printable(text)
        if not text:
            return
        self._new.append(text)
        self._new_size += len(text)
        self._has_new_line = self._has_new_line or "\n" in text
        if self._new_size >= (len(self._open) + self._new_size - FREE_CHARACTERS) // GROWTH:
            self._draw(is_end=False)

    def finish(self) -> None:
        """Write what is left. More text begins a new block."""
        if self._open or self._new:
            self._draw(is_end=True)
        self._open, self._needs_gap, self._next_number = "", False, None

    def _draw(self, *, is_end: bool) -> None:
        self._open += "".join(self._new)
        self._new.clear()
        self._new_size = 0
        size = self._size()
        finished = self._take_finished(size, is_end=is_end) if is_end or self._has_new_line else []
        self._has_new_line = False
        unfinished: list[str] = []
        if self._redraws and self._open.strip():
            unfinished = self._render(self._parse(self._open), size, self._needs_gap)
        output = [self._erase(size), *(f"{line}\n" for line in finished)]
        self._drawn = unfinished[-max(1, size.lines - 1) :]
        output += (f"{line}\n" for line in self._drawn)
        self._write("".join(output))

    def _take_finished(self, size: Size, *, is_end: bool) -> list[str]:
        """Remove the finished blocks from the text, and return their lines."""
        whole = self._open if is_end else self._open[: self._open.rfind("\n") + 1]
        blocks = self._parse(whole)
        if not blocks:
            return []
        last = blocks[-1]
        if is_end or last.is_closed_fence:
            finished, rest = blocks, self._open[len(whole) :]
        elif last.is_open_fence and last.content.count("\n") >= max(2, size.lines - 2):
            # More than a screen of code: its whole lines are finished, and the rest is a block of the same kind.
            finished, rest = blocks, f"{last.first_line}\n{self._open[len(whole) :]}"
        else:
            finished, rest = blocks[:-1], self._open[_offset(whole, last.start) :]
        if not finished:
            return []
        lines = self._render(finished, size, self._needs_gap)
        is_split_fence = last.is_open_fence and finished is blocks and not is_end
        following = None if finished is blocks else last
        self._needs_gap = not is_split_fence if following is None else following.needs_gap
        self._next_number = None if following is None else following.number
        self._open = rest
        return lines

    def _parse(self, text: str) -> list[Block]:
        return self._renderer.parse(text, self._next_number)

    def _render(self, blocks: list[Block], size: Size, needs_gap: bool) -> list[str]:
        lines: list[str] = []
        for index, block in enumerate(blocks):
            rendered = self._renderer.render(block, size.columns)
            if rendered and (block.needs_gap if index else needs_gap):
                lines.append("")
            lines += rendered
        return lines

    def _erase(self, size: Size) -> str:
        """Return the sequence that erases the drawn lines. A terminal that became narrower has broken them."""
        widths = (self._renderer.width(_STYLES.sub("", line)) for line in self._drawn)
        rows = sum(max(1, -(-width // size.columns)) for width in widths)
        return f"\x1b[{min(rows, size.lines - 1)}A\r\x1b[J" if rows else ""


def _offset(text: str, line: int) -> int:
    """Return the offset of the beginning of a line."""
    offset = 0
    for _ in range(line):
        offset = text.index("\n", offset) + 1
    return offset
