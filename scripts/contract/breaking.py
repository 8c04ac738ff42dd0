"""Compare the contract and the Python surface with an earlier version, and say whom the changes break.

Every change is breaking, safe or documentation. The exit status is 1 if a breaking change has no entry in
`CHANGELOG.md`: a new bullet that begins with `**Breaking:**` and names the place in backticks.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from . import contract_changes, python_changes
from .changes import BREAKING_ENTRY, changes_without_entry, format_report, new_entries, semver_word
from .document import ROOT, DocumentError, load_document

CONTRACT = "openapi.yaml"
CHANGELOG = "CHANGELOG.md"
PARTS = (CONTRACT, CHANGELOG, "pyproject.toml", *python_changes.FOLDERS)
"""What is read of each version."""


def main() -> int:
    """Print the report and return the exit status: 0, 1 as above, 2 if the versions cannot be compared."""
    parser = argparse.ArgumentParser(prog="nox -s breaking --", description=__doc__)
    parser.add_argument("ref", nargs="?", help="a tag or commit to compare with; by default the last tag")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    parser.add_argument("--node-modules", type=Path, default=ROOT / ".nox" / "api-smart-diff", metavar="FOLDER",
                        help="where api-smart-diff is installed, if it is not there yet")  # fmt: skip
    arguments = parser.parse_args()
    try:
        return compare(arguments.root, arguments.ref or last_tag(arguments.root), arguments.node_modules)
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2


def compare(root: Path, ref: str, folder: Path) -> int:
    """Print what changed since a tag or commit, and return the exit status."""
    modules = contract_changes.install(folder)
    with tempfile.TemporaryDirectory() as name:
        before = Path(name)
        extract(root, ref, before)
        changes = [
            *contract_changes.find_changes(load_document(before / CONTRACT), load_document(root / CONTRACT), modules),
            *(python_changes.find_changes(before, root) if (before / python_changes.FOLDERS[0]).is_dir() else ()),
        ]
        entries = new_entries(_read(before / CHANGELOG), _read(root / CHANGELOG))
        project = tomllib.loads(_read(before / "pyproject.toml")).get("project", {})
        version = str(project.get("version", "0"))
    print(f"Changes since {ref}, version {version}\n\n{format_report(changes)}\n")
    print(f"semver: {semver_word(changes, version)}")
    missing = changes_without_entry(changes, entries)
    if missing:
        print(f"\n{len(missing)} breaking changes have no entry in {CHANGELOG}:", file=sys.stderr)
        for change in missing:
            print(f"  {change.place}: {change.description}", file=sys.stderr)
        print(f"Add a bullet that begins with {BREAKING_ENTRY} and names the place in backticks, such as:\n"
              f"  - {BREAKING_ENTRY} `{missing[0].place}` ...", file=sys.stderr)  # fmt: skip
    return 1 if missing else 0


def last_tag(root: Path) -> str:
    """Return the last tag before the current commit.

    Raises:
        DocumentError: There is none.
    """
    done = _git(root, "describe", "--tags", "--abbrev=0")
    if done.returncode:
        raise DocumentError(
            "There is no tag, so there is no version to compare with. "
            "Give a commit that has openapi.yaml: nox -s breaking -- REF"
        )
    return done.stdout.decode().strip()


def extract(root: Path, ref: str, folder: Path) -> None:
    """Write what is read of a version into a folder.

    Raises:
        DocumentError: There is no such version, or it has no contract.
    """
    done = _git(root, "ls-tree", "--name-only", ref)
    parts = [part for part in PARTS if part in done.stdout.decode().splitlines()]
    if done.returncode == 0 and CONTRACT not in parts:
        raise DocumentError(f"{ref} cannot be compared with: it has no {CONTRACT}")
    if done.returncode == 0:
        done = _git(root, "archive", "--format=tar", ref, "--", *parts)
    if done.returncode:
        raise DocumentError(f"{ref} cannot be compared with: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S607


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
