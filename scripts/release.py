"""Check that a version can be released. `nox -s release` runs these commands before and after it builds.

`versions` compares `pyproject.toml`, `CHANGELOG.md` and, with `--tag`, the tag, the working tree and the repository in
which it runs. `archives` looks into the sdist and the wheel in a folder: their files, their metadata, and whether a
second build has the same bytes. Both list all problems, and exit with status 1 if there are any. `notes` prints the
section of the version. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY_ONLY = (".ci/", ".github/", ".gitattributes", ".gitignore", ".pre-commit-config.yaml")
"""Files and folders that the sdist leaves out."""

SECTION = re.compile(r"^## (?P<version>\d+\.\d+\.\d+|Unreleased)(?: - (?P<date>\S+))?$", re.MULTILINE)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
RELATIVE_LINK = re.compile(r"\]\((?!https?://|#|mailto:)[^)\s]+|\b(?:src|srcset|href)=\"(?!https?://|#)[^\"]+")


def main() -> int:
    """Run a command, and return 1 if it finds a problem."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    commands = parser.add_subparsers(dest="command", required=True)
    versions = commands.add_parser("versions", help="compare the version everywhere")
    versions.add_argument(
        "--tag", help="the tag of the release, such as v1.2.3; without it, neither tag nor date is needed"
    )
    archives = commands.add_parser("archives", help="look into the sdist and the wheel")
    archives.add_argument("folder", type=Path)
    archives.add_argument("again", type=Path, nargs="?", help="a second build")
    commands.add_parser("notes", help="print the section of the version in CHANGELOG.md")
    options = parser.parse_args()
    version, repository = read_project(options.root)
    if options.command == "notes":
        print(sections(options.root).get(version, ("", ""))[1])
        return 0
    if options.command == "versions":
        problems = [*changelog_problems(options.root, version, options.tag)]
        if options.tag:
            problems += tag_problems(options.root, version, options.tag, repository)
    else:
        problems = [*archive_problems(options.root, version, options.folder)]
        if options.again:
            problems += byte_differences(options.folder, options.again)
    print("\n".join(problems) or f"Version {version}: nothing wrong with the {options.command}", flush=True)
    return 1 if problems else 0


def read_project(root: Path) -> tuple[str, str]:
    """Return the version and the address of the repository in pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return project["version"], project["urls"]["Source"]


def sections(root: Path) -> dict[str, tuple[str, str]]:
    """Return the date and the text of each version in CHANGELOG.md, and of "Unreleased"."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    heads = [*SECTION.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return {
        head["version"]: (head["date"] or "", text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    }


def changelog_problems(root: Path, version: str, tag: str | None) -> Iterator[str]:
    """Yield what is missing in CHANGELOG.md."""
    found = sections(root)
    date, text = found.get(version, ("", ""))
    if version not in found:
        yield f"CHANGELOG.md has no section '## {version} - DATE', and pyproject.toml has version {version}"
    elif not text:
        yield f"CHANGELOG.md: the section of {version} is empty"
    elif tag and not DATE.fullmatch(date):
        yield f"CHANGELOG.md: '## {version}' has no date of release; write '## {version} - YYYY-MM-DD'"
    if tag and found.get("Unreleased", ("", ""))[1]:
        yield f"CHANGELOG.md: '## Unreleased' has entries; move them to '## {version}', or release without them"


def tag_problems(root: Path, version: str, tag: str, repository: str) -> Iterator[str]:
    """Yield where the tag, the working tree and the repository are not those of a release."""
    if tag != f"v{version}":
        yield f"the tag is {tag}, and pyproject.toml has version {version}; expected tag v{version}"
    if pages := git(root, "grep", "--name-only", "not on PyPI yet", "--", "README.md", "docs"):
        yield f"these pages say 'not on PyPI yet': {', '.join(pages.splitlines())}"
    head, tagged = git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}")
    if head != tagged:
        yield f"the tag {tag} is not at the current commit {head[:12]}, but at {tagged[:12] or 'none'}"
    if changed := git(root, "status", "--porcelain"):
        yield f"the working tree has changes: {changed.splitlines()[0].strip()}"
    # GitHub Actions sets both variables.
    if name := os.environ.get("GITHUB_REPOSITORY"):
        running = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
        if running != repository:
            yield f"this runs in {running}, but 'Source' of [project.urls] is {repository}: links on PyPI would be dead"


def git(root: Path, *arguments: str) -> str:
    """Return what a command of git prints, or an empty string if it fails."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def archive_problems(root: Path, version: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the sdist and the wheel in a folder."""
    names = sorted(path.name for path in folder.iterdir())
    expected = [f"opper_chat-{version}-py3-none-any.whl", f"opper_chat-{version}.tar.gz"]
    if names != expected:
        yield f"{folder} has {names}; expected {expected}"
        return
    yield from sdist_problems(root, version, folder / expected[1])
    with zipfile.ZipFile(folder / expected[0]) as wheel:
        text = wheel.read(f"opper_chat-{version}.dist-info/METADATA")
    yield from metadata_problems(email.message_from_bytes(text), version)


def sdist_problems(root: Path, version: str, sdist: Path) -> Iterator[str]:
    """Yield files that the sdist lacks, and files in it that are not in git; nothing outside a clone."""
    if not (root / ".git").exists():
        return  # an unpacked sdist
    top = f"opper_chat-{version}/"
    with tarfile.open(sdist) as archive:
        members = [member.name for member in archive.getmembers() if member.isfile()]
    packed = {name.removeprefix(top) for name in members} - {"PKG-INFO", ".gitignore"}  # the build adds both
    kept = {name for name in git(root, "ls-files").splitlines() if not name.startswith(REPOSITORY_ONLY)}
    yield from (f"{sdist.name} lacks {name}" for name in sorted(kept - packed))
    yield from (f"{sdist.name} has {name}, which is not in git" for name in sorted(packed - kept))


def metadata_problems(metadata: Message, version: str) -> Iterator[str]:
    """Yield what PyPI would show wrong."""
    if metadata["Version"] != version:
        yield f"the wheel has version {metadata['Version']}, and pyproject.toml {version}"
    description = metadata.get_payload()
    assert isinstance(description, str)
    for link in RELATIVE_LINK.findall(description):
        yield f"the description on PyPI would have the relative link {link!r}"


def byte_differences(folder: Path, again: Path) -> Iterator[str]:
    """Yield the archives of which a second build has other bytes."""
    for path in sorted(folder.iterdir()):
        first, second = (hashlib.sha256(place.read_bytes()).hexdigest() for place in (path, again / path.name))
        if first != second:
            yield f"a second build of {path.name} has other bytes: {first[:12]} and {second[:12]}"


if __name__ == "__main__":
    sys.exit(main())
