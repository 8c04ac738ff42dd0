"""What makes the build of the site fail: links to pages, anchors and names that do not exist.

Each build has one page and the home page, and a part of the reference.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from scripts.docs import build

ROOT = Path(__file__).resolve().parents[2]


def build_site(folder: Path, text: str, reference: str = "") -> subprocess.CompletedProcess[str]:
    """Build a site of a page with this text, strictly, with the settings of the project."""
    settings = build.load_settings()
    project = settings["project"]
    project |= {
        "docs_dir": "docs",
        "site_dir": "site",
        "site_url": "https://example.com/",
        "nav": [{"Home": "index.md"}, {"Page": "page.md"}, {"Reference": "reference.md"}],
    }
    handler = project["plugins"]["mkdocstrings"]["handlers"]["python"]
    handler["paths"] = [str(ROOT / path) for path in handler["paths"]]
    handler["options"]["extensions"] = [str(build.FOLDER / "docstrings.py")]
    shutil.copytree(build.FOLDER / "assets", folder / "docs" / "assets")
    pages = {"index.md": "# Home\n", "page.md": f"# Page\n\n{text}\n", "reference.md": f"# Reference\n\n{reference}"}
    for name, content in pages.items():
        (folder / "docs" / name).write_text(content)
    (folder / build.SETTINGS).write_bytes(tomli_w.dumps(settings).encode())
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(folder / build.SETTINGS)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_site_without_mistakes_is_built(tmp_path: Path) -> None:
    """With links to a page, to an anchor and to a name."""
    text = "[home](index.md), [part](#part), [name][opper_chat.Attempt]\n\n## Part"
    done = build_site(tmp_path, text, "::: opper_chat.Attempt\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    assert 'href="../reference/#opper_chat.Attempt"' in (tmp_path / "site" / "page" / "index.html").read_text()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[dead](none.md)", "page does not exist"),
        ("[dead](index.md#none)", "anchor does not exist"),
        ("[dead](#none)", "anchor does not exist"),
        ("[dead][opper_chat.None]", "unresolved"),
        ("[`dead`][opper_chat.None]", "unresolved"),
    ],
)
def test_a_dead_link_fails_the_build(tmp_path: Path, text: str, problem: str) -> None:
    done = build_site(tmp_path, text)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert problem in output
    assert "page.md" in output
    assert "1 issue found" in output


def test_a_name_that_does_not_exist_fails_the_build(tmp_path: Path) -> None:
    """In the reference itself."""
    done = build_site(tmp_path, "", "::: opper_chat.NoSuchName\n")
    assert done.returncode != 0
    assert "opper_chat.NoSuchName" in done.stdout + done.stderr
