"""Record the terminal while the demo runs, as the SVG in the README: `nox -s recording`.

The command runs in a pseudo-terminal against the local server, and rich draws what it printed. The port, the
seconds and the like are replaced, so that the picture changes only if the output does. With
`--check`, a picture that differs from the one in the tree is an error.
"""

from __future__ import annotations

import argparse
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "demo.svg"
COMMAND = "python3 noxfile.py -s demo"
COLUMNS, ROWS = 96, 40
REPLACED = {
    r"127\.0\.0\.1:\d+": "127.0.0.1:8080",
    r"in \d+ seconds?": "in 2 seconds",
    r"using python[\d.]* in": "using python in",
    r"\S*/uv pip": "uv pip",
}
"""What differs from run to run and from machine to machine."""

GREY, RED, GREEN, YELLOW = (72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34)
BLUE, MAGENTA, CYAN, WHITE = (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)
THEME = TerminalTheme((13, 17, 23), (230, 237, 243), [GREY, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE])
STYLE = """\
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }}
.{unique_id}-title {{ font: 14px system-ui, sans-serif }}
{styles}
</style>"""
FORMAT = f"""\
<svg viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{COMMAND}">
{STYLE}
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}"/>
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


def run_in_terminal(command: Sequence[str]) -> str:
    """Return what a command prints in a terminal, escape sequences included.

    Raises:
        SystemExit: It failed.
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    printed = io.BytesIO()
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        printed.write(data)
    os.close(ours)
    text = printed.getvalue().decode("utf-8")
    if process.wait():
        sys.exit(f"{text}\n{' '.join(command)} ended with status {process.returncode}")
    return text


def draw(printed: str) -> str:
    """Return the picture of a terminal with the command and what it printed."""
    for pattern, replacement in REPLACED.items():
        printed = re.sub(pattern, replacement, printed)
    text = Text.assemble(
        ("$ ", "bold green"), (COMMAND, "bold"), "\n", Text.from_ansi(printed.replace("\r\n", "\n").rstrip())
    )
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(text, soft_wrap=False)
    return console.export_svg(title="opper-chat", theme=THEME, code_format=FORMAT, unique_id="demo")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the picture differs")
    options = parser.parse_args()
    picture = draw(run_in_terminal(COMMAND.split()))
    if options.check:
        if picture != PICTURE.read_text("utf-8"):
            print(f"{PICTURE.relative_to(ROOT)} is not what the demo prints. Run: nox -s recording")
            return 1
        return 0
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture, "utf-8")
    print(f"Written: {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
