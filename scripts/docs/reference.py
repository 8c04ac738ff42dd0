"""Write the pages of the reference, which mkdocstrings fills from the code. `reference.toml` lists them.

Each public name is on one page, the sync and the async one of a pair in tabs. A page of types has the models and the
typed dicts of components of the contract.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from textwrap import indent
from typing import Any, NamedTuple

import yaml

from . import tables
from .names import SiteError, public_names

ROOT = Path(__file__).resolve().parents[2]
FRONT_MATTER = "---\ngenerated: true\n---\n\n"
"""It leaves out the link to the source of a page."""

LIST = Path(__file__).resolve().parent / "reference.toml"


class Entry(NamedTuple):
    """A name, and its async counterpart, or a model, and its typed dict."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    """The titles of the tabs, if there are two names."""
    heading: str = ""
    """The heading, if it is not the name."""
    is_type: bool = False
    """Whether it is a component of the contract."""


class Page(NamedTuple):
    """A page of the reference."""

    file: str
    group: str
    title: str
    text: str
    tables: tuple[str, ...]
    options: Mapping[str, object]
    """Options of mkdocstrings for all entries."""
    entries: tuple[Entry, ...]


def list_pages() -> list[Page]:
    """Return the pages, by `reference.toml`.

    Raises:
        SiteError: a public name is on no page, or the list has a pattern that matches nothing.
    """
    remaining = dict.fromkeys(public_names())
    components = component_references()
    listed: list[Page] = []
    for page in tomllib.loads(LIST.read_text("utf-8"))["page"]:
        entries = [entry for pattern in page.get("names", ()) for entry in _entries(pattern, remaining)]
        entries += _types(page.get("contract", ()), components, remaining)
        tables = tuple(page.get("tables", ()))
        listed.append(
            Page(page["file"], page["group"], page["title"], page["text"], tables, page.get("options", {}), (*entries,))
        )
    if remaining:
        raise SiteError(f"{LIST.name} has no page for these names: {', '.join(remaining)}.")
    return listed


def _entries(pattern: str, remaining: dict[str, None]) -> Iterator[Entry]:
    """Yield the entries of the names that a pattern matches, and remove these from those that remain.

    Raises:
        SiteError: it matches none.
    """
    name, _, title = pattern.partition(" as ")
    if "._sync." in name:
        module, _, last = name.replace("._sync.", "._async.").rpartition(".")
        yield Entry((name, f"{module}.Async{last}"), ("Sync", "Async"), title)
        return
    if name.startswith("opper_chat_api.types."):
        yield Entry((name,), (), title)
        return
    found = [one for one in remaining if fnmatchcase(one, name) and one.count(".") == name.count(".")]
    if not found:
        raise SiteError(f"{LIST.name}: {name} is no public name, or an earlier page has it.")
    others = {one: other for one in found if (other := _async_name(one)) in remaining}
    for one in found:
        if one not in others.values():
            names = (one, others[one]) if one in others else (one,)
            for taken in names:
                del remaining[taken]
            yield Entry(names, ("Sync", "Async"), title)


def _async_name(name: str) -> str | None:
    """Return the name of the async counterpart of a public name, if there is one."""
    module, _, last = name.rpartition(".")
    candidates = (f"Async{last}", f"async_{last}", last.replace("Default", "DefaultAsync", 1))
    exported = dir(import_module(module))
    return next((f"{module}.{one}" for one in candidates if one != last and one in exported), None)


def _types(
    roots: Iterable[str], components: Mapping[str, Sequence[str]], remaining: dict[str, None]
) -> Iterator[Entry]:
    """Yield the entries of components of the contract and of those that they refer to, in the order of the contract."""
    reachable: set[str] = set()
    waiting = [*roots]
    while waiting:
        if (component := waiting.pop()) not in reachable:
            reachable.add(component)
            waiting += components[component]
    for component in components:
        names = [f"opper_chat.types.{component}{suffix}" for suffix in ("", "Param")]
        found = [name for name in names if component in reachable and name in remaining]
        for name in found:
            del remaining[name]
        if found:
            yield Entry((*found,), ("Model", "Typed dict"), is_type=True)


def component_references() -> dict[str, list[str]]:
    """Return the components of the contract, each with those that it refers to."""

    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                yield reference.rpartition("/")[2]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    text = (ROOT / "openapi.yaml").read_text("utf-8")
    contract = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe loader
    schemas = contract["components"]["schemas"]
    return {name: [*references(schema)] for name, schema in schemas.items()}


def navigation(pages: Iterable[Page]) -> list[Any]:
    """Return the entries of the navigation."""
    groups: dict[str, list[Any]] = {}
    for page in pages:
        groups.setdefault(page.group, []).append({page.title: f"reference/{page.file}"})
    return [{"Overview": "reference/index.md"}, *({group: entries} for group, entries in groups.items())]


def write_pages(pages: Sequence[Page], folder: Path) -> list[str]:
    """Write the pages into a folder, and return their paths in the site."""
    folder.mkdir(parents=True)
    for page in pages:
        (folder / page.file).write_text("\n\n".join(_page_text(page)) + "\n", "utf-8")
    (folder / "index.md").write_text("\n".join(_index(pages)) + "\n", "utf-8")
    return [f"reference/{file}" for file in ("index.md", *(page.file for page in pages))]


def _index(pages: Iterable[Page]) -> Iterator[str]:
    yield from (
        f"{FRONT_MATTER}# Reference",
        "",
        "Every public name, from the code. Import a name from the module that its page names.",
        "",
    )
    yield from ("| page | names |", "|---|---|")
    for page in pages:
        names = ", ".join(f"[`{_last(name)}`][{name}]" for entry in page.entries for name in entry.names)
        yield f"| [{page.title}]({page.file}) | {names} |"


def _page_text(page: Page) -> Iterator[str]:
    yield f"{FRONT_MATTER}# {page.title}"
    yield page.text
    for table in page.tables:
        yield getattr(tables, table)()
    for entry in page.entries:
        if len(entry.names) == 1:
            yield _directive(entry.names[0], page, entry)
            continue
        for name, title in zip(entry.names, entry.titles, strict=True):
            yield f'==={"!" if name == entry.names[0] else ""} "{title}"'
            yield indent(_directive(name, page, entry), "    ")


def _directive(name: str, page: Page, entry: Entry) -> str:
    """Return what mkdocstrings replaces by the documentation of a name."""
    options = {**page.options}
    if entry.heading:
        heading = entry.heading if name == entry.names[0] else f"{entry.heading} (async)"
        options |= {"heading": heading, "toc_label": heading}
    if entry.is_type:
        options |= {"members": False, "inherited_members": False}
    lines = [f"::: {name}", *(["    options:"] if options else [])]
    return "\n".join([*lines, *(f"      {option}: {json.dumps(value)}" for option, value in options.items())])


def _last(name: str) -> str:
    return name.rpartition(".")[2]
