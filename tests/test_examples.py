"""Every example runs as it stands, without a key, on the local server that it starts itself."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    """At least the demo."""
    assert "demo.py" in {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(path: Path) -> None:
    """It ends well, says something, and warns of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""


def test_the_demo_shows_all_three() -> None:
    """A plain completion, a stream, and a tool call with the completion that follows."""
    demo = next(path for path in EXAMPLES if path.name == "demo.py")
    said = subprocess.run([sys.executable, str(demo)], capture_output=True, text=True, timeout=60, check=True).stdout
    for word in ("plain:", "streamed:", "the model calls get_weather(", "response:"):
        assert word in said


def test_the_picture_in_the_readme_shows_the_demo() -> None:
    """Every line that it prints after the address. Draw it again with `nox -s recording`."""
    demo = next(path for path in EXAMPLES if path.name == "demo.py")
    said = subprocess.run([sys.executable, str(demo)], capture_output=True, text=True, timeout=60, check=True).stdout
    picture = (demo.parents[1] / "docs" / "images" / "demo.svg").read_text("utf-8")
    drawn = "".join(html.unescape(re.sub(r"<[^>]*>", "", picture)).split())
    assert said.splitlines()[1:]
    assert [line for line in said.splitlines()[1:] if "".join(line.split()) not in drawn] == []
