"""The checks of a release: in a repository of the same files, with a tag and without, and in archives."""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = "9.8.7"
SOURCE = "https://git.example.com/someone/opper-chat"
CHANGELOG = f"""\
# Changelog

## Unreleased

## {VERSION} - 2031-02-03

### Added

- All.

## 9.8.6 - 2031-01-01

- Old.
"""
METADATA = f"Metadata-Version: 2.4\nName: opper-chat\nVersion: {VERSION}\n\n[Calls](https://example.com/calls.md)\n"


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-C", str(root), *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that is ready to be released, with the tag."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "opper-chat"\nversion = "{VERSION}"\n[project.urls]\nSource = "{SOURCE}"\n'
    )
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    (root / ".gitignore").write_text("dist/\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Release")
    git(root, "tag", f"v{VERSION}")
    return root


def check(root: Path, *arguments: str, **environment: str) -> list[str]:
    """Return the lines that a command prints, and compare its status with them."""
    command = [sys.executable, str(ROOT / "scripts" / "release.py"), "--root", str(root), *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    done = subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert done.returncode == (0 if "nothing wrong" in lines[-1] or arguments == ("notes",) else 1)
    return lines


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_version_that_is_ready(project: Path) -> None:
    """Nothing is wrong: with the tag, also in the repository of the addresses; the notes are the section."""
    right = [f"Version {VERSION}: nothing wrong with the versions"]
    assert check(project, "versions") == right
    assert check(project, "versions", "--tag", f"v{VERSION}") == right
    actions = {"GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_REPOSITORY": "someone/opper-chat"}
    assert check(project, "versions", "--tag", f"v{VERSION}", **actions) == right
    assert check(project, "notes") == ["### Added", "", "- All."]


def test_another_repository(project: Path) -> None:
    """A fork, whose links would lead elsewhere."""
    (problem,) = check(project, "versions", "--tag", f"v{VERSION}", GITHUB_REPOSITORY="other/opper-chat")
    assert "https://github.com/other/opper-chat" in problem
    assert SOURCE in problem


@pytest.mark.parametrize(
    ("old", "new", "without_tag", "with_tag"),
    [
        (f"## {VERSION} - 2031-02-03", "## 1.2.3 - 2031-02-03", "no section '## 9.8.7 - DATE'", "no section"),
        (" - 2031-02-03", " - unreleased", "nothing wrong", "has no date of release"),
        ("### Added\n\n- All.\n", "", "is empty", "is empty"),
        ("## Unreleased\n", "## Unreleased\n\n- Later.\n", "nothing wrong", "'## Unreleased' has entries"),
    ],
)
def test_a_changelog_that_is_not_ready(project: Path, old: str, new: str, without_tag: str, with_tag: str) -> None:
    """Each mistake by its name; a dry run needs no date."""
    replace(project / "CHANGELOG.md", old, new)
    git(project, "commit", "--quiet", "--all", "--message", "Change")
    git(project, "tag", "--force", f"v{VERSION}")
    assert without_tag in check(project, "versions")[0]
    assert with_tag in check(project, "versions", "--tag", f"v{VERSION}")[0]


def test_a_tag_that_is_not_of_the_version_and_commit(project: Path) -> None:
    """Another version, a tag on an older commit or that does not exist, and changes in the working tree."""
    (project / "new.txt").touch()
    assert "has changes: ?? new.txt" in check(project, "versions", "--tag", f"v{VERSION}")[0]
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "More")
    assert re.search("not at the current commit [0-9a-f]{12}", check(project, "versions", "--tag", f"v{VERSION}")[0])
    problems = check(project, "versions", "--tag", "v9.9.9")
    assert "expected tag v9.8.7" in problems[0]
    assert problems[1].endswith("but at none")


def test_pages_that_say_that_there_is_no_release(project: Path) -> None:
    """Are to be changed before the first one."""
    (project / "README.md").write_text("It is not on PyPI yet.\n")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Read me")
    git(project, "tag", "--force", f"v{VERSION}")
    assert check(project, "versions", "--tag", f"v{VERSION}") == ["these pages say 'not on PyPI yet': README.md"]


def pack(folder: Path, *files: str, metadata: str = METADATA) -> Path:
    """Write an sdist with files, and a wheel."""
    folder.mkdir()
    with tarfile.open(folder / f"opper_chat-{VERSION}.tar.gz", "w:gz") as sdist:
        for name in files:
            sdist.addfile(tarfile.TarInfo(f"opper_chat-{VERSION}/{name}"), io.BytesIO())
    with zipfile.ZipFile(folder / f"opper_chat-{VERSION}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"opper_chat-{VERSION}.dist-info/METADATA", metadata)
    return folder


def test_archives(project: Path, tmp_path: Path) -> None:
    """The files of the repository and no others, absolute links, the version, and the same bytes again."""
    files = ("CHANGELOG.md", "pyproject.toml", "PKG-INFO", ".gitignore")
    folder = pack(tmp_path / "dist", *files)
    shutil.copytree(folder, tmp_path / "again")
    right = [f"Version {VERSION}: nothing wrong with the archives"]
    assert check(project, "archives", str(folder), str(tmp_path / "again")) == right

    other = pack(
        tmp_path / "other", "pyproject.toml", "secret.env", metadata=METADATA.replace("https://example.com/", "")
    )
    lines = check(project, "archives", str(other), str(folder))
    assert lines[:3] == [
        f"opper_chat-{VERSION}.tar.gz lacks CHANGELOG.md",
        f"opper_chat-{VERSION}.tar.gz has secret.env, which is not in git",
        "the description on PyPI would have the relative link '](calls.md'",
    ]
    assert [line.partition(" has other bytes: ")[0] for line in lines[3:]] == [
        f"a second build of opper_chat-{VERSION}-py3-none-any.whl", f"a second build of opper_chat-{VERSION}.tar.gz",
    ]  # fmt: skip

    old = pack(tmp_path / "old", *files, metadata=METADATA.replace(VERSION, "9.8.6"))
    assert check(project, "archives", str(old)) == ["the wheel has version 9.8.6, and pyproject.toml 9.8.7"]
    next(old.glob("*.whl")).unlink()
    assert "expected ['opper_chat-9.8.7-py3-none-any.whl'" in check(project, "archives", str(old))[0]


def test_the_address_of_the_repository_is_in_one_file() -> None:
    """All of it begins with the address of the source, so that one replacement in pyproject.toml changes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    source = project["project"]["urls"]["Source"]
    assert all(url.startswith(source) for url in project["project"]["urls"].values())
    substitutions = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]
    name = source.removeprefix("https://github.com/")
    assert [f"/{name}/" in entry["replacement"] for entry in substitutions] == [True, True]
    command = ["git", "-C", str(ROOT), "grep", "--files-with-matches", f"github.com/{name}"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout.split() == ["pyproject.toml"]
