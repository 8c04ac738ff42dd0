"""Copy the pages of the repository into the folder that the site is built from, with links that work there.

A page stays where people read it in the repository. A link to a file that is no page becomes one to the repository.
This does not check links: the build does.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

from .names import SiteError, public_names

SETTINGS = "scripts/docs/zensical.toml"

PROJECT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Pages outside docs/, by their paths in the repository, and their paths in the site."""

SUFFIXES = {".md", ".png", ".svg"}
"""The files of docs/ that belong to the site."""

_CODE = r"((?:(?!```).*\n)*)```"
_SYNC_AND_ASYNC = re.compile(
    rf'^```python title="(Sync)"\n{_CODE}\n\n```python title="(Async)"\n{_CODE}$', re.MULTILINE
)
"""Two blocks with the same program, which become tabs. In the repository they are one after the other."""

_FENCE = re.compile(r"\s*(?:```|~~~)")
_LINK_OR_CODE = re.compile(r"\[[^\]]*\]\([^)]*\)|(`+)(?:(?P<name>[A-Z]\w+)|.*?)\1")
_INLINE_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"(?<=\]\()[^)\s]+")


def list_sources(root: Path) -> dict[str, str]:
    """Return the files of the repository that belong to the site, each with its path there."""
    docs = root / "docs"
    files = sorted(path for path in docs.rglob("*") if path.suffix in SUFFIXES)
    found = {path.relative_to(root).as_posix(): path.relative_to(docs).as_posix() for path in files}
    return found | {source: page for source, page in PROJECT_PAGES.items() if (root / source).is_file()}


def copy_pages(root: Path, folder: Path, repository: str) -> list[str]:
    """Copy the files that belong to the site, and return the paths of the pages among them.

    Args:
        root: the repository.
        folder: where to copy to.
        repository: the URL of the repository.
    """
    sources = list_sources(root)
    for source, page in sources.items():
        target = folder / page
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".md":
            text = (root / source).read_text("utf-8")
            front = f"---\nedit: {source}\n---\n" if source in PROJECT_PAGES else ""
            text = _SYNC_AND_ASYNC.sub(_tabs, text)
            target.write_text(front + "".join(_lines(text, source, sources, root, repository)), "utf-8")
        else:
            shutil.copy(root / source, target)
    return [page for page in sources.values() if page.endswith(".md")]


def _tabs(blocks: re.Match[str]) -> str:
    """Return tabs with the code of two blocks."""
    return "\n".join(
        f'=== "{title}"\n\n' + indent(f"```python\n{code}```\n", "    ")
        for title, code in zip(blocks.groups()[::2], blocks.groups()[1::2], strict=True)
    )


def _lines(text: str, source: str, sources: Mapping[str, str], root: Path, repository: str) -> Iterator[str]:
    """Yield the lines of a page, with links for the site. Code blocks stay as they are."""
    is_code = False
    linked: set[str] = set()
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            is_code = not is_code
        if line.startswith("#"):
            linked.clear()
        elif not is_code and source not in PROJECT_PAGES:
            line = _link_names(line, linked)  # noqa: PLW2901
        if line.startswith("|"):  # in a table, GitHub needs the backslash before |, and Python-Markdown shows it
            line = _INLINE_CODE.sub(lambda code: code[0].replace(r"\|", "|"), line)  # noqa: PLW2901
        yield line if is_code else _LINK.sub(lambda link: _moved(link[0], source, sources, root, repository), line)


def _link_names(line: str, linked: set[str]) -> str:
    """Return a line with a link to the reference from the first mention of each class in a section.

    Args:
        line: the line.
        linked: the classes that have a link in this section. Those of this line are added.
    """

    def link(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None or name in linked or name not in class_paths():
            return found[0]
        linked.add(name)
        return f"[`{name}`][{class_paths()[name]}]"

    return _LINK_OR_CODE.sub(link, line)


@cache
def class_paths() -> dict[str, str]:
    """Return the paths of the public classes and type aliases, by their names."""
    found: dict[str, str] = {}
    for path in public_names():
        name = path.rpartition(".")[2]
        if name[0].isupper():
            found.setdefault(name, path)
    return found


def _moved(link: str, source: str, sources: Mapping[str, str], root: Path, repository: str) -> str:
    """Return a link of a page in the repository as it is in the site."""
    path, separator, anchor = link.partition("#")
    if not path or re.match(r"[a-z]+:|/", path):
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if target in sources:
        return posixpath.relpath(sources[target], posixpath.dirname(sources[source]) or ".") + separator + anchor
    if not target.startswith("..") and (root / target).exists():
        kind = "tree" if (root / target).is_dir() else "blob"
        return f"{repository}/{kind}/main/{target}{separator}{anchor}"
    return link


def summary(text: str) -> str:
    """Return the first sentence of a page, without its links."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    paragraph = next((part for part in body.split("\n\n") if part.strip() and not part.lstrip().startswith("#")), "")
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    return re.split(r"(?<=[.:])\s", plain, maxsplit=1)[0].removesuffix(":")


def navigation_pages(entries: Iterable[Any]) -> Iterator[str]:
    """Yield the pages of a navigation: each entry is a page, or has a title and a page or entries."""
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else (entry,):
            if isinstance(value, str):
                yield value
            else:
                yield from navigation_pages(value)


def check_navigation(listed: Collection[str], found: Collection[str]) -> None:
    """Check that each page is in one section of the navigation.

    Raises:
        SiteError: it is in none, or in several, or the navigation names a page that does not exist.
    """
    problems = [f"{page} is in no section of the navigation." for page in found if page not in listed]
    problems += [f"The navigation names {page}, which does not exist." for page in listed if page not in found]
    problems += [f"The navigation names {page} {count} times." for page, count in Counter(listed).items() if count > 1]
    if problems:
        raise SiteError("\n".join([*problems, f"The navigation is `nav` in {SETTINGS}."]))
