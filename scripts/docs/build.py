"""Build the site of the documentation: `nox -s docs`.

This makes a folder with the pages of the repository, the reference, and the settings of zensical, which makes the site
of it. It fails if a page is in no section of the navigation, if a public name is on no page of the reference, and if a
link names a page, an anchor or a name that does not exist.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w

from . import pages, reference
from .names import SiteError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
SETTINGS = "zensical.toml"
REFERENCE = "Reference"
"""The section of the navigation to which the pages of the reference are added."""


def prepare(root: Path, folder: Path, listed: Sequence[reference.Page]) -> None:
    """Write the pages and the settings of zensical into a folder.

    Args:
        root: the repository.
        folder: where to write.
        listed: the pages of the reference.

    Raises:
        SiteError: the pages and the navigation differ, or the repository has no URL.
    """
    docs = folder / "docs"
    shutil.rmtree(docs, ignore_errors=True)
    settings = load_settings()
    project = settings["project"]
    repository = repository_url(root)
    found = pages.copy_pages(root, docs, repository)
    found += reference.write_pages(listed, docs / "reference")
    shutil.copytree(FOLDER / "assets", docs / "assets")
    add_reference(project["nav"], listed)
    pages.check_navigation([*pages.navigation_pages(project["nav"])], found)
    project |= {
        "docs_dir": "docs",
        "site_dir": "site",
        "site_url": site_url(repository),
        "repo_url": repository,
        "edit_uri": "edit/main/docs",
    }
    project["plugins"]["llmstxt"]["sections"] = {
        title: [{page: pages.summary((docs / page).read_text("utf-8"))} for page in pages.navigation_pages(entries)]
        for section in project["nav"]
        for title, entries in section.items()
    }
    project["theme"]["custom_dir"] = str(FOLDER / "templates")
    handler = project["plugins"]["mkdocstrings"]["handlers"]["python"]
    handler["paths"] = [str(root / path) for path in handler["paths"]]
    handler["options"]["extensions"] = [str(FOLDER / "docstrings.py")]
    with (folder / SETTINGS).open("wb") as file:
        tomli_w.dump(settings, file)


def load_settings() -> dict[str, Any]:
    """Return the settings of zensical as they are in the repository."""
    return tomllib.loads((FOLDER / SETTINGS).read_text("utf-8"))


def add_reference(navigation: Sequence[dict[str, list[Any]]], listed: Sequence[reference.Page]) -> None:
    """Add the pages of the reference to their section of the navigation."""
    section = next(entry[REFERENCE] for entry in navigation if REFERENCE in entry)
    section.extend(reference.navigation(listed))


def repository_url(root: Path) -> str:
    """Return the URL of the repository.

    Raises:
        SiteError: pyproject.toml has none.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    try:
        return str(project["urls"]["Source"]).rstrip("/")
    except KeyError:
        raise SiteError("pyproject.toml has no Source in [project.urls], to which the site links.") from None


def site_url(repository: str) -> str:
    """Return the URL that GitHub Pages has for a repository."""
    owner, name = urlsplit(repository).path.strip("/").split("/")
    return f"https://{owner}.github.io/{name}/"


def run_zensical(folder: Path, *arguments: str) -> int:
    """Run a command of zensical with the settings of a folder, and return its exit status."""
    command = [sys.executable, "-m", "zensical", *arguments, "--config-file", str(folder / SETTINGS)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def qualify_search_results(site: Path) -> None:
    """Write the class before an attribute or a method in the title of its search result: `Opper.timeout`.

    Many classes have attributes of the same name, so that the name alone says too little. And the search ranks a title
    that is exactly the word that you look for before all others, so that a guide would come after all of them.
    """
    file = site / "search.json"
    index: dict[str, Any] = json.loads(file.read_text("utf-8"))
    for item in index["items"]:
        path = str(item["location"]).partition("#")[2].split(".")
        if len(path) > 1 and path[-1] == item["title"] and path[-2][:1].isupper():
            item["title"] = ".".join(path[-2:])
    file.write_text(json.dumps(index), "utf-8")


def main() -> int:
    """Build the site, or show it, and return the exit status: 0, or 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="nox -s docs --", description="Build the site of the documentation.")
    parser.add_argument("action", nargs="?", choices=("build", "serve"), default="build", help="serve: show the site")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "docs", help="where to build it")
    arguments = parser.parse_args()
    try:
        prepare(ROOT, arguments.folder, reference.list_pages())
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.action == "serve":
        return run_zensical(arguments.folder, "serve")
    shutil.rmtree(arguments.folder / "site", ignore_errors=True)
    status = run_zensical(arguments.folder, "build", "--clean", "--strict")
    if status == 0:
        qualify_search_results(arguments.folder / "site")
    return status


if __name__ == "__main__":
    sys.exit(main())
