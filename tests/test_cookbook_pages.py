"""The pages of the cookbook show the programs as they are, and every program has a page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "examples" / "cookbook"
PAGES = sorted((ROOT / "docs" / "cookbook").glob("*.md"))

BLOCK = re.compile(r'^```(\w+)(?: title="([^"\n]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(\.\./\.\./(examples/[\w/.-]+\.\w+)\)")
SHOWN = ("console", "text")
"""The languages of blocks that show a terminal, not a part of a program."""


def programs(page: Path) -> dict[str, str]:
    """Return the texts of the files that a page links to, by their names. Of a notebook, the cells."""
    files = [ROOT / path for path in LINK.findall(page.read_text("utf-8"))]
    return {file.name: "".join(cells(file)) if file.suffix == ".ipynb" else file.read_text("utf-8") for file in files}


def cells(notebook: Path) -> Iterator[str]:
    """Yield the source of each cell, with a newline at its end."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        yield "".join(cell["source"]) + "\n"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "index.md"], ids=lambda page: page.stem)
def test_a_page_shows_its_program(page: Path) -> None:
    """Each block of code is, as it stands, in the file that its title names, or in one that the page links to."""
    files = programs(page)
    blocks = [block for block in BLOCK.findall(page.read_text("utf-8")) if block[0] not in SHOWN]
    assert blocks
    for _, title, text in blocks:
        places = [files[title]] if title else files.values()
        assert any(text in place for place in places), f"not in {title or sorted(files)}:\n{text}"


def test_every_program_has_a_page() -> None:
    """A page that the index lists links to it."""
    index = (ROOT / "docs" / "cookbook" / "index.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == {page.name for page in PAGES} - {"index.md"}
    linked = {path for page in PAGES for path in LINK.findall(page.read_text("utf-8"))}
    ignored = {"__pycache__", ".pytest_cache", ".ipynb_checkpoints"}
    files = [path for path in RECIPES.rglob("*") if path.is_file() and ignored.isdisjoint(path.parts)]
    assert {path for path in linked if path.startswith("examples/cookbook/")} == {
        path.relative_to(ROOT).as_posix() for path in files
    }


@pytest.mark.parametrize("notebook", sorted(RECIPES.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_has_no_outputs(notebook: Path) -> None:
    """They can contain secrets, and change with each run. In Jupyter: Edit, Clear Outputs of All Cells."""
    code = [cell for cell in json.loads(notebook.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
