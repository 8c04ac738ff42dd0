"""Blocks of Markdown, parsed by markdown-it and rendered by rich. It needs the extra ``cli``.

Unlike rich alone, nothing is left out: HTML and the addresses of images and links are shown as text, and long words in
tables are broken instead of cut off. Colors are those of the terminal, so that they fit a light and a dark one.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement, TableElement
from rich.syntax import Syntax
from rich.table import Table

ColorSystem: TypeAlias = Literal["auto", "standard", "256", "truecolor", "windows"]

_PADDING = re.compile("(?: |\x1b\\[[0-9;]*m)+$")
"""Spaces to the width of the terminal, which would be copied with the text."""

LISTS = ("bullet_list_open", "ordered_list_open")


class Block(NamedTuple):
    """A block of a text, or an item of a list, which is a list of one item."""

    tokens: list[Token]
    start: int
    """Its first line, counted from 0."""
    needs_gap: bool
    """Whether an empty line comes before it."""
    first_line: str
    number: int | None = None
    """The number of an item."""
    is_open_fence: bool = False
    """Whether it is code whose end has not come."""
    is_closed_fence: bool = False

    @property
    def content(self) -> str:
        """The code of a fence."""
        return self.tokens[0].content


class BlockRenderer:
    """Parses a text to blocks, and renders them to lines with escape sequences.

    Args:
        color_system: that of rich's console, or None for no styles.
    """

    def __init__(self, color_system: ColorSystem | None) -> None:
        # Of what rich leaves out, the source is shown: HTML, images, and the addresses of links by reference.
        parser = MarkdownIt("commonmark", {"html": False})
        self._parser = parser.enable(["table", "strikethrough"]).disable(["image", "reference"])
        self._color_system: ColorSystem | None = color_system

    def parse(self, text: str, next_number: int | None = None) -> list[Block]:
        """Return the blocks of a text.

        Args:
            text: the text.
            next_number: the number of the first item, if the text begins inside a list.
        """
        tokens = self._parser.parse(text)
        lines = text.split("\n")
        blocks: list[Block] = []
        first = 0
        for index, token in enumerate(tokens):
            if token.level == 0 and token.nesting <= 0:
                group = tokens[first : index + 1]
                number = next_number if first == 0 else None
                blocks += _items(group, lines, number) if group[0].type in LISTS else [_block(group, lines)]
                first = index + 1
        return blocks

    def render(self, block: Block, width: int) -> list[str]:
        """Return the lines of a block, each with escape sequences of its own."""
        console = Console(
            file=StringIO(), force_terminal=True, color_system=self._color_system, width=width, height=1_000_000,
            legacy_windows=False,
        )  # fmt: skip
        with console.capture() as capture:
            console.print(_Tokens(block.tokens))
        lines = [_PADDING.sub(_end_of_style, line) for line in capture.get().split("\n")[:-1]]
        if block.tokens[0].type != "fence":  # rich puts empty lines around other blocks
            while lines and not lines[-1].strip():
                lines.pop()
            while lines and not lines[0].strip():
                lines.pop(0)
        return lines

    @staticmethod
    def width(line: str) -> int:
        """Return how many columns a line without escape sequences takes."""
        return cell_len(line)


def _end_of_style(padding: re.Match[str]) -> str:
    return "\x1b[0m" if "\x1b" in padding[0] else ""


def _block(tokens: list[Token], lines: list[str]) -> Block:
    token = tokens[0]
    start, end = token.map or (0, 0)
    if token.type != "fence":
        return Block(tokens, start, needs_gap=True, first_line=lines[start])
    is_closed = token.content.count("\n") == end - start - 2
    return Block(
        tokens, start, needs_gap=True, first_line=lines[start], is_open_fence=not is_closed, is_closed_fence=is_closed
    )


def _items(tokens: list[Token], lines: list[str], next_number: int | None) -> list[Block]:
    """Return the items of a list as lists of one item."""
    head, tail = tokens[0], tokens[-1]
    number: int | None = None
    if head.type == "ordered_list_open":
        number = next_number if next_number is not None else int(head.attrs.get("start", 1))
    blocks: list[Block] = []
    first = 1
    for index, token in enumerate(tokens):
        if token.type != "list_item_close" or token.level != 1:
            continue
        item = tokens[first : index + 1]
        start = (item[0].map or (0, 0))[0]
        opening = head if number is None else head.copy(attrs={**head.attrs, "start": number})
        needs_gap = not blocks or not lines[start - 1].strip()
        blocks.append(Block([opening, *item, tail], start, needs_gap, lines[start], number))
        number = None if number is None else number + 1
        first = index + 1
    return blocks


class _Code(CodeBlock):
    """Code in the colors of the terminal, without a background. Its empty lines are kept."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.text:
            code = str(self.text).removesuffix("\n")
            yield Syntax(code, self.lexer_name, theme="ansi_dark", background_color="default", word_wrap=True)


class _Table(TableElement):
    """A table whose long words are broken."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for element in super().__rich_console__(console, options):
            if isinstance(element, Table):
                for column in element.columns:
                    column.overflow = "fold"
            yield element


class _Tokens(Markdown):
    """Markdown that is parsed already."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements, "fence": _Code, "code_block": _Code, "table_open": _Table,
    }  # fmt: skip

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__("", hyperlinks=False)
        self.parsed = tokens
