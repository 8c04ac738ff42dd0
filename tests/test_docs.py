"""What the site of the documentation needs of the pages and of the code. `nox -s docs` builds it."""

import ast
import builtins
import re
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from scripts.docs import pages, reference, tables
from scripts.docs.names import SiteError, public_names

ROOT = Path(__file__).parents[1]
PYTHON_BLOCK = re.compile(r'^```python(?: title="(\w+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
NAVIGATION: list[Any] = tomllib.loads((ROOT / pages.SETTINGS).read_text("utf-8"))["project"]["nav"]


def test_every_page_is_in_the_navigation() -> None:
    """Add a new page to `nav` in scripts/docs/zensical.toml."""
    found = [page for page in pages.list_sources(ROOT).values() if page.endswith(".md")]
    pages.check_navigation([*pages.navigation_pages(NAVIGATION)], found)


def test_async_code_needs_nothing_of_the_tab_of_sync_code() -> None:
    """The site shows one of the two tabs, so that a name has to come from the same tab or from a block before both."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        known, sync = set(dir(builtins)), set[str]()
        for title, code in PYTHON_BLOCK.findall(page.read_text("utf-8")):
            used, bound = _names(dedent(code))
            if title == "Async":
                assert not (used - bound - known) & sync, page
            (sync if title == "Sync" else known).update(bound)


def _names(code: str) -> tuple[set[str], set[str]]:
    """Return the names that a block of code uses, and those that it sets or imports."""
    used, bound = set[str](), set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else used).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return used, bound


@pytest.mark.parametrize(
    ("listed", "found", "problem"),
    [
        (["a.md"], ["a.md", "b.md"], "b.md is in no section of the navigation."),
        (["a.md", "b.md"], ["a.md"], "The navigation names b.md, which does not exist."),
        (["a.md", "a.md"], ["a.md"], "The navigation names a.md 2 times."),
    ],
)
def test_a_navigation_that_does_not_fit_is_an_error(listed: list[str], found: list[str], problem: str) -> None:
    with pytest.raises(SiteError, match=problem):
        pages.check_navigation(listed, found)


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    """Add a new name to scripts/docs/reference.toml."""
    listed = [name for page in reference.list_pages() for entry in page.entries for name in entry.names]
    assert len(listed) == len(set(listed))
    assert set(public_names()) <= set(listed)
    assert {"opper_chat.Opper", "opper_chat.types.UserMessageParam", "opper_chat.batch.run_batch"} <= set(listed)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("exceptions", "    - [`APIError`][opper_chat.APIError]: "),
        ("events", "| `content.delta` | [`ContentDeltaEvent`][opper_chat.types.ContentDeltaEvent] | "),
        ("log_fields", "| `retry` | `model`, `attempt`, "),
        ("telemetry", "| `gen_ai.client.token.usage` | `{token}` | "),
        ("fixtures", "| fixture `opper_cassette` | "),
        ("environment_variables", "### `OPPER_API_KEY`, `OPPER_HTTP_BEARER`\n\n"),
        ("extras", "| `otel` | `opentelemetry-api>=1.30` | "),
        ("command_line", "| `-m NAME`, `--model NAME` | "),
    ],
)
def test_a_table_is_derived_from_the_code(table: str, text: str) -> None:
    """An environment variable, or an extra, without a description is an error that says where to add it."""
    assert text in getattr(tables, table)()


def test_a_name_on_no_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {**public_names(), "opper_chat.something": object()}
    monkeypatch.setattr(reference, "public_names", lambda: names)
    with pytest.raises(SiteError, match=r"no page for these names: opper_chat\.something"):
        reference.list_pages()


def test_links_lead_to_pages_and_else_to_the_repository(tmp_path: Path) -> None:
    """A link to a page of the site, to another file, to nothing, and one in a code block."""
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "demo.py").touch()
    (tmp_path / "SECURITY.md").write_text("See [a page](docs/sub/page.md#part).\n")
    (tmp_path / "docs" / "sub" / "page.md").write_text(
        "[Security](../../SECURITY.md), [code](../../examples/demo.py), [all](../../examples), [none](none.md#x),\n"
        "[elsewhere](https://example.com/a.md)\n```\n[code](../../examples/demo.py)\n```\n"
    )
    assert pages.copy_pages(tmp_path, tmp_path / "site", "https://example.com/us") == ["sub/page.md", "security.md"]
    assert (tmp_path / "site" / "sub" / "page.md").read_text() == (
        "[Security](../security.md), [code](https://example.com/us/blob/main/examples/demo.py), "
        "[all](https://example.com/us/tree/main/examples), [none](none.md#x),\n"
        "[elsewhere](https://example.com/a.md)\n```\n[code](../../examples/demo.py)\n```\n"
    )
    security = "---\nedit: SECURITY.md\n---\nSee [a page](sub/page.md#part).\n"
    assert (tmp_path / "site" / "security.md").read_text() == security


def test_the_first_mention_of_a_class_in_a_section_is_a_link(tmp_path: Path) -> None:
    """But not in headings, code blocks, other code and links, and not of other names."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(
        "# `Opper`\n`Opper` and `Opper`, [an `Attempt`](page.md), ``Attempt``, `Attempt()`, `None`, `tool`\n"
        "## Next\n`Opper`\n```\n`Attempt`\n```\n"
    )
    pages.copy_pages(tmp_path, tmp_path / "site", "https://example.com/us")
    assert (tmp_path / "site" / "page.md").read_text() == (
        "# `Opper`\n[`Opper`][opper_chat.Opper] and `Opper`, [an `Attempt`](page.md), "
        "[`Attempt`][opper_chat.Attempt], `Attempt()`, `None`, `tool`\n"
        "## Next\n[`Opper`][opper_chat.Opper]\n```\n`Attempt`\n```\n"
    )


def test_a_sync_and_an_async_block_become_tabs(tmp_path: Path) -> None:
    """If they are next to each other. Blocks with other titles, or with text between them, stay as they are."""
    (tmp_path / "docs").mkdir()
    pair = '```python title="Sync"\na = 1\n\nb = 2\n```\n\n```python title="Async"\nc = 3\n```\n'
    others = (
        '```python title="Sync"\na = 1\n```\n\nText\n\n```python title="Async"\nc = 3\n```\n\n'
        '```python title="openai"\na = 1\n```\n\n```python title="opper-chat"\nc = 3\n```\n'
    )
    (tmp_path / "docs" / "page.md").write_text(f"{pair}\n{others}")
    pages.copy_pages(tmp_path, tmp_path / "site", "https://example.com/us")
    sync_tab = '=== "Sync"\n\n    ```python\n    a = 1\n\n    b = 2\n    ```\n'
    async_tab = '=== "Async"\n\n    ```python\n    c = 3\n    ```\n'
    assert (tmp_path / "site" / "page.md").read_text() == f"{sync_tab}\n{async_tab}\n\n{others}"


def test_code_in_a_table_has_no_backslash_before_a_bar(tmp_path: Path) -> None:
    """GitHub needs one there. Elsewhere it is part of the code."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("| `a \\| b` | a \\| b |\n\n`a \\| b`\n")
    pages.copy_pages(tmp_path, tmp_path / "site", "https://example.com/us")
    assert (tmp_path / "site" / "page.md").read_text() == "| `a | b` | a \\| b |\n\n`a \\| b`\n"
