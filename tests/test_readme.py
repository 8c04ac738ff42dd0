"""The python blocks of README.md and docs/: all compile, those that are a tour run, and mypy can read them as files.

A block whose title is the name of another package is part of another program, which is not checked by mypy.
`python tests/test_readme.py --write FOLDER` writes a file for each page, its blocks one after the other.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from opper_chat.testing import LocalServer

ROOT = Path(__file__).resolve().parents[1]

PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if "```python" in page.read_text("utf-8")
]
"""The pages with Python code."""

RUN = [
    "README.md", "batch.md", "calls.md", "clients.md", "errors.md",
    "conversations.md", "index.md", "messages.md", "migration-opperai.md", "observability.md", "openai-names.md",
    "opper.md",
    "raw-responses.md", "retries.md", "streams.md", "tools.md", "structured-outputs.md",
]  # fmt: skip
"""The pages whose blocks are a program when they are put after each other. Other tests run some more."""

FOLDER = (
    "import atexit, os, shutil, tempfile\nfrom pathlib import Path\n"
    "os.chdir(folder := tempfile.mkdtemp())\natexit.register(shutil.rmtree, folder)\n"
    "Path('cat.png').write_bytes(bytes.fromhex('89504e470d0a1a0a0000000d49484452'))\n"
)
ELSEWHERE = {
    "batch.md": FOLDER,
    "conversations.md": FOLDER,
    "troubleshooting.md": FOLDER,
    "local-server.md": (
        "from collections.abc import Mapping\nfrom typing import Any\nfrom opper_chat.testing import Outcome\n"
        "def run_my_client(base_url: str, settings: Mapping[Any, float], request: Mapping[str, object]) -> Outcome:\n"
        "    raise NotImplementedError\n"
    ),
    "messages.md": FOLDER,
    "models.md": "from opper_chat import Opper\nclient = Opper(api_key='key')\njson_object: dict[str, object] = {}\n",
}
"""What the blocks of the other pages take from the reader's own program."""


BLOCK = re.compile(r'^```python(?: title="([^"\n]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
OTHER_PACKAGES = ("openai", "opperai")


def blocks(page: Path, package: str = "opper-chat") -> list[str]:
    """The python blocks of a page for a package, which the title of the block names if it is not this one."""
    found = BLOCK.findall(page.read_text("utf-8"))
    return [text for title, text in found if (title if title in OTHER_PACKAGES else "opper-chat") == package]


def program(page: Path, package: str = "opper-chat") -> str:
    """All of them, one after the other."""
    return "\n".join([ELSEWHERE.get(page.name, ""), *blocks(page, package)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_compiles(page: Path) -> None:
    """Each block, and all of them together."""
    for package in ("opper-chat", *OTHER_PACKAGES):
        for number, block in enumerate(blocks(page, package)):
            compile(block, f"{page.name}, block {number + 1} of {package}", "exec")
        compile(program(page, package), page.name, "exec")


def run(name: str, server: LocalServer, package: str = "opper-chat") -> str:
    """Run a page's blocks against a server, warnings as errors, and return what they print."""
    page = next(page for page in PAGES if page.name == name)
    code = program(page, package).replace("https://api.opper.ai/v2/openai", server.base_url)
    keys = {"OPPER_API_KEY": "local", "OPENAI_API_KEY": "local"}
    urls = {"OPPER_BASE_URL": server.base_url, "OPENAI_BASE_URL": server.base_url}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\nclient.close()\n"],
        env={**os.environ, **keys, **urls},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", [name for name in RUN if name != "README.md"])
def test_a_page_runs(name: str, server: LocalServer) -> None:
    """No error and no warning from a page's blocks in order, and at least one request."""
    run(name, server)
    assert server.requests


def test_the_tour_prints_what_it_promises(server: LocalServer) -> None:
    """The text of the completion and of the stream, a value of each type, and what the tool returned."""
    printed = run("README.md", server)
    assert "Name a colour of the rainbow." in printed
    assert printed.count("Count from one to five.") == 1
    assert re.search(r"^\S.* (True|False)$", printed, re.MULTILINE)
    assert "Sunny in Oslo" in printed


def test_the_links_of_the_readme_exist() -> None:
    """Pages, pictures and headings. The site checks those of docs/."""
    links = re.findall(r"\]\((?!https://)([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link.partition("#")[0]).is_file()] == []


def test_the_table_of_extras_is_that_of_the_package() -> None:
    """Every extra, with the packages that it installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {
        extra: [re.split(r"[^\w-]", requirement)[0] for requirement in requirements]
        for extra, requirements in project["optional-dependencies"].items()
    }
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    listed = {
        row[1]: row[2].split(", ") for row in re.finditer(r"^\| `([\w-]+)` \|.*\| ([^|]*) \|$", page, re.MULTILINE)
    }
    assert listed == declared


def write(folder: Path) -> None:
    """Write a file for each page that has blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        (folder / f"{page.stem.lower().replace('-', '_')}_blocks.py").write_text(program(page), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--write":
        sys.exit("usage: python tests/test_readme.py --write FOLDER")
    write(Path(sys.argv[2]))
