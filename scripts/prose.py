"""Check the words of the project's prose against `glossary.toml`: a private word fails, with the term to use.

`python scripts/prose.py [FILE ...]` reads Markdown outside code; the docstrings, comments and texts of Python files,
among which are the messages of errors and of the log; and the contract. In the wrapper it reads the words of the names
that a file defines as well. It changes nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = tomllib.loads((ROOT / "scripts" / "glossary.toml").read_text("utf-8"))
CODE = re.compile(
    r"(?ms)^( *)(`{3,}|~{3,}).*?^\1\2|``[^`]+``|`[^`\n]+(?:\n[^`\n]+)?`|<!--.*?-->|\]\([^)\s]+\)|https?://[^\s)>]+"
)
NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
Text = tuple[int, str]


@cache
def expression(*patterns: str) -> re.Pattern[str]:
    """Compile patterns of the rules. A space in them also matches the end of a line."""
    return re.compile(rf"\b(?:{'|'.join(patterns) or '(?!)'})\b".replace(" ", r"(?:\s|#)+"), re.IGNORECASE)


ANY = expression(*(rule["word"] for rule in RULES["rule"]))
"""What any rule finds. Nearly all texts have none of it."""


def hide(pattern: re.Pattern[str], text: str) -> str:
    """Replace what a pattern matches by spaces. Lines stay."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def texts(path: Path) -> Iterator[Text]:
    """Yield the texts of a file with the numbers of their first lines."""
    if path.suffix != ".py":
        yield 1, path.read_text("utf-8")
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def names(path: Path) -> Iterator[Text]:
    """Yield the words of each name that a file defines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        name = getattr(node, "name", None) or getattr(node, "arg", None)
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            name = node.id if isinstance(node, ast.Name) else node.attr
        if isinstance(name, str):
            yield getattr(node, "lineno", 1), " ".join(NAME.findall(name))


def problems(path: Path) -> Iterator[str]:
    prose = [(line, hide(CODE, text), False) for line, text in texts(path)]
    if path.suffix == ".py" and "wrapper" in path.parts:
        prose += [(line, text, True) for line, text in names(path)]
    for line, text, is_name in prose:
        for rule in RULES["rule"] if ANY.search(text) else ():
            if is_name and not rule.get("names"):
                continue
            shown = hide(expression(*(one["text"] for one in rule.get("except", []))), text)
            for found in expression(rule["word"]).finditer(shown):
                place = f"{path.relative_to(ROOT)}:{line + shown.count(chr(10), 0, found.start())}"
                yield f"{place}: {' '.join(found[0].split())!r}: use {rule['use']}"


def main(arguments: list[str]) -> int:
    command = ["git", "ls-files", "--", *RULES["files"]]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    paths = [Path(name).resolve() for name in arguments] or [ROOT / name for name in tracked]
    found = [problem for path in paths for problem in problems(path)]
    print(*found, f"{len(found)} private words in {len(paths)} files", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
