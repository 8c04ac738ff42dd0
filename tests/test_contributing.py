"""CONTRIBUTING.md describes the package that is there."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from tree import PACKAGE, PAGE, updated  # noqa: E402  # pyright: ignore[reportMissingImports]


def test_the_tree_lists_the_packages_and_modules() -> None:
    """Run `python scripts/tree.py` after you add, rename or remove a module."""
    text = PAGE.read_text("utf-8")
    assert text == updated(text), "Run `python scripts/tree.py`."


def test_every_package_is_in_the_table() -> None:
    """With the packages of the import contract, by its name."""
    text = PAGE.read_text("utf-8")
    table = text[text.index("| package | what belongs there |") : text.index("Where common changes go:")]
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders - set(re.findall(r"`(\w+)/`", table)) == set()


def test_every_module_that_is_named_exists() -> None:
    """A module in backquotes, such as `_http/timeouts`, is a file or a folder of the package."""
    named = set(re.findall(r"`((?:_\w+|testing|telemetry)/[\w/]+?)/?`", PAGE.read_text("utf-8")))
    assert named
    assert {name for name in named if not (PACKAGE / f"{name}.py").is_file() and not (PACKAGE / name).is_dir()} == set()
