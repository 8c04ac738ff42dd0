"""The workflows of GitHub Actions run sessions that exist, and together all of them."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
BY_HAND = {"demo", "bench", "bench-cli", "batch-million", "breaking", "doctor"}
"""Sessions that no workflow runs: for a look, for a quiet machine, or with arguments."""


def sessions() -> tuple[set[str], set[str]]:
    """Return the names of the default sessions and of all."""
    command = [sys.executable, "-m", "nox", "--list", "-f", str(ROOT / "noxfile.py")]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([*-]) (\S+)", listed, re.MULTILINE)
    return {name for sign, name in found if sign == "*"}, {name for _, name in found}


def test_every_session_is_run_by_a_workflow() -> None:
    """The default ones for each change, and the others once a week or for a release."""
    default, every = sessions()
    texts = {path.stem: path.read_text("utf-8") for path in WORKFLOWS.glob("*.yml")}
    assert re.search(r"run: python noxfile\.py$", texts["checks"], re.MULTILINE)
    weekly = set(re.findall(r"^ {10}- ([\w-]+)$", texts["weekly"], re.MULTILINE))
    named = {name for text in texts.values() for name in re.findall(r"noxfile\.py -s ([\w-]+)", text)}
    assert weekly
    assert (weekly | named) - every == set()
    assert every - default - weekly - named == BY_HAND


def test_contributing_lists_every_session() -> None:
    """In its table of sessions."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text[text.index("| session |") :].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == sessions()[1]
