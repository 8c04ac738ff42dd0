"""Markdown on a terminal: what is on the screen is what the whole text looks like, and the work is linear."""

import io
import random
import re

import pytest

pytest.importorskip("rich", reason="Markdown needs the extra cli")

from opper_chat.cli.markdown import MarkdownWriter, Size
from opper_chat.cli.markdown_blocks import Block, BlockRenderer

TEXT = """\
# Colours

The **first** paragraph has `code`, a [link](https://example.com/a_b), *stress* and 色 wide 文字.
It goes on in a second line, which is long enough to be broken at the end of the terminal, twice or so.

- one
- two
  - nested
  - nested too

  more of two
- three

7. seven
1. eight, whatever it is called
1. nine

| name | value |
|------|------:|
| a    |     1 |
| averyveryverylongwordthatdoesnotfitintoacolumnofthistable | 22 |

```python
def f(x: int) -> str:

    return f"<{x}>"  # 文字


```

> a quote
> of two lines

<b>HTML</b> and ![an image](https://example.com/b.png)

---
#hashtag is no heading
The end.
"""


class Screen(io.StringIO):
    """A terminal: it keeps what scrolled out, and moves the cursor."""

    def __init__(self, columns: int = 60, lines: int = 12) -> None:
        super().__init__()
        self.size = Size(columns, lines)
        self.rows = [""]
        self.row = 0

    def write(self, text: str) -> int:
        for part in re.split(r"(\x1b\[[0-9;]*[A-Za-z]|\n|\r)", text):
            if part == "\n":
                self.row += 1
                self.rows[self.row :] = [*self.rows[self.row :]] or [""]
            elif moved := re.fullmatch(r"\x1b\[(\d+)A", part):
                assert int(moved[1]) < self.size.lines, "the cursor cannot leave the screen"
                self.row -= int(moved[1])
            elif part == "\x1b[J":
                self.rows[self.row :] = [""]
            elif part and part[0] not in "\x1b\r":
                self.rows[self.row] += part
        return len(text)

    @property
    def text(self) -> str:
        """What is on it, without spaces at the end of lines."""
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n")


class CountingRenderer(BlockRenderer):
    """Counts what it renders."""

    characters = 0

    def render(self, block: Block, width: int) -> list[str]:
        lines = super().render(block, width)
        self.characters += sum(map(len, lines))
        return lines


def show(pieces: list[str], screen: Screen | None = None, renderer: BlockRenderer | None = None) -> str:
    """Return what is on a terminal after a text came in pieces."""
    screen = screen or Screen()
    writer = MarkdownWriter(screen.write, renderer or BlockRenderer(None), lambda: screen.size)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return screen.text


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize(("size", "lines"), [(1, 12), (3, 5), (7, 200), (40, 5)])
def test_pieces_make_no_difference(size: int, lines: int) -> None:
    """Finished blocks stay, and the unfinished one is replaced, wherever the text is cut."""
    assert show(cut(TEXT, size), Screen(lines=lines)) == show([TEXT], Screen(lines=200))


def test_nothing_is_left_out() -> None:
    """Not HTML, addresses, long words in tables, empty lines of code, or numbers of items."""
    shown = show(cut(TEXT, 5))
    for text in (
        "<b>HTML</b>", "https://example.com/b.png", "https://example.com/a_b", "#hashtag", " 7 seven", " 8 eight",
        " 9 nine", 'def f(x: int) -> str:\n\n    return f"<{x}>"  # 文字\n', "▌ a quote", "• nested too",
    ):  # fmt: skip
        assert text in shown, text
    assert "averyveryverylongwordthatdoesnotfitintoacolumnofthistable" in re.sub(r"\s|\b22\b", "", shown)


def test_no_line_is_wider_than_the_terminal() -> None:
    """Wide characters count twice."""
    screen = Screen(columns=20)
    shown = show(cut(TEXT + "文字" * 30 + "\n", 9), screen)
    assert max(BlockRenderer.width(row) for row in shown.split("\n")) <= 20
    assert shown.count("文字") + shown.count("文\n字") >= 30


@pytest.mark.parametrize(
    "unit",
    [
        "A sentence of some words, **stressed**. ",
        "- item of a list\n",
        "| a cell of some words | and another one |\n",
        "\n\nA paragraph.",
    ],
)
def test_the_work_is_linear(unit: str) -> None:
    """8 KB in 200 pieces, of one paragraph or of many blocks: each character is rendered a few times and not 100."""
    head = "| a | b |\n|---|---|\n" if unit[0] == "|" else ""
    text = (head + unit * (8192 // len(unit) + 1))[:8192]
    renderer = CountingRenderer(None)
    show(cut(text, 41), Screen(columns=80, lines=24), renderer)
    assert renderer.characters < 30 * len(text)


def test_code_that_never_ends() -> None:
    """Its lines scroll as they come. Only a screen of them is drawn again."""
    code = "".join(f"x{number} = {number}  # line\n" for number in range(400))
    renderer = CountingRenderer(None)
    screen = Screen(columns=80, lines=24)
    shown = show(cut(f"Look:\n\n```python\n{code}", 41), screen, renderer)
    assert shown == f"Look:\n\n{code}".rstrip("\n")
    assert renderer.characters < 30 * len(code)


def test_the_unfinished_block_is_drawn_as_it_comes() -> None:
    """Also if it is higher than the screen, of which it fills all lines but one."""
    screen = Screen(columns=40, lines=5)
    writer = MarkdownWriter(screen.write, BlockRenderer(None), lambda: screen.size)
    for number in range(12):
        writer.write(f"word{number}  \n")
        assert screen.text.endswith(f"word{number}")
    assert len(screen.rows) <= 5
    writer.finish()
    assert screen.text == "\n".join(f"word{number}" for number in range(12))


def test_a_terminal_that_becomes_narrower_is_cleared() -> None:
    """It has broken the lines that were drawn, so there are more to erase."""
    sizes = [Size(40, 10), Size(20, 10)]
    file = io.StringIO()
    writer = MarkdownWriter(file.write, BlockRenderer(None), lambda: sizes[0])
    writer.write("a" * 39)
    sizes.pop(0)
    writer.write("b")
    assert "\x1b[2A" in file.getvalue()


def test_lines_have_no_spaces_at_their_ends() -> None:
    """rich fills them up to the width of the terminal, and they would be copied with the text."""
    renderer = BlockRenderer("truecolor")
    lines = [line for block in renderer.parse(TEXT) for line in renderer.render(block, 60)]
    assert len(lines) > 25
    for line in lines:
        assert not re.sub(r"\x1b\[[0-9;]*m", "", line).endswith(" "), line
        styles = re.findall(r"\x1b\[[0-9;]*m", line)
        assert styles[-1:] in ([], ["\x1b[0m"]), "the style ends with the line"


def test_control_characters_do_not_reach_the_terminal() -> None:
    """A model could otherwise write to the clipboard, or move the cursor."""
    assert show(["a\x1b]52;c;aGk=\x07b\x9b2Jc\r\nd"]) == "a\u241b]52;c;aGk=\u2407b\ufffd2Jc d"


def test_random_texts() -> None:
    """Of all kinds of lines, in all orders: the same, however they are cut."""
    lines = [
        *TEXT.split("\n"),
        "",
        "",
        "```",
        "1) x",
        "  - y",
        "    code",
        "***",
        "|",
        "\t",
        "===",
        "[a]: b",
        "* *",
        "[ref]: https://example.com/ref",
        "[name][ref]",
    ]
    random_ = random.Random(7)
    for _ in range(15):
        text = "\n".join(random_.choices(lines, k=14))
        whole = show([text], Screen(columns=1000, lines=500))
        for word in re.findall(r"[a-z]{3,}", text.replace("```python", "")):
            assert word in whole, (word, text)
        assert show(cut(text, random_.randrange(1, 9))) == show(cut(text, 10_000), Screen(lines=500)), text


def test_a_pipe_gets_finished_blocks_and_no_cursor_movement() -> None:
    """With FORCE_COLOR, as for a pager."""
    file = io.StringIO()
    writer = MarkdownWriter(file.write, BlockRenderer("standard"), lambda: Size(60, 12), redraws=False)
    seen: list[str] = []
    for piece in cut("## A\n\nOne **two**\n\n- three\n", 1):
        writer.write(piece)
        if file.getvalue() not in seen[-1:]:
            seen.append(file.getvalue())
    writer.finish()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
    assert [line.strip() for line in shown.split("\n")] == ["A", "", "One two", "", "\u2022 three", ""]
    assert "\x1b[1mtwo" in file.getvalue()
    assert not re.search(r"\x1b\[\d*[AJ]", file.getvalue())
    assert len(seen) == 3
