"""The check of the glossary, `scripts/prose.py`."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import prose  # noqa: E402  # pyright: ignore[reportMissingImports]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    return tmp_path


def found(root: Path, name: str, text: str) -> list[str]:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return [problem.removeprefix(f"{name}:").split(": use ")[0] for problem in prose.problems(path)]


def test_markdown(root: Path) -> None:
    """Words outside code are found with their lines, also across a line end."""
    text = "The server\nanswers.\n\n```python\nanswer = 1\n```\n`answer`, `more\nanswers`, [x](answer.md) to\nbe had."
    assert found(root, "page.md", text) == ["2: 'answers'", "8: 'to be had'"]


def test_python(root: Path) -> None:
    """Docstrings, comments and texts are found, and names only in the wrapper."""
    text = '"""The answer."""\n\nanswer_text = "x"  # it was told\nraise_ = f"The clock {answer_text} ran out."\n'
    assert found(root, "script.py", text) == ["1: 'answer'", "4: 'clock'", "4: 'ran out'", "3: 'told'"]
    assert "3: 'answer'" in found(root, "wrapper/module.py", text)


@pytest.mark.parametrize("text", ["a member of an enum", "a gzip\nmember", "Run it in a shell.", "a monotonic clock"])
def test_terms_of_the_field(root: Path, text: str) -> None:
    """A word in its usual meaning is accepted."""
    assert found(root, "page.md", text) == []


def test_every_rule_finds_what_its_exceptions_accept() -> None:
    """An exception that contains none of the words of its rule is of no use, and each has a reason."""
    for rule in prose.RULES["rule"]:
        for exception in rule.get("except", []):
            assert exception["why"]
            parts = [part for part in re.split(r"\W+", rule["word"]) if len(part) > 2]
            assert any(part[:4] in exception["text"] for part in parts), exception
