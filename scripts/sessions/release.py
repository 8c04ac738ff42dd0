"""What a release needs: its archives, built and checked. The upload is in `.github/workflows/release.yml`."""

from __future__ import annotations

import argparse
from pathlib import Path

import nox

from .checks import build_archives, run_demo_from_wheel
from .common import NO_KEY, ROOT


@nox.session
def release(session: nox.Session) -> None:
    """Build and check what a release uploads: `-- --dry-run` at any time, `-- --tag v1.2.3` for the release itself."""
    parser = argparse.ArgumentParser(prog="nox -s release --")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--dry-run", action="store_true", help="need no tag, and leave no archives; the default")
    chosen.add_argument("--tag", help="the tag of the release; the archives are left in dist/")
    tag = parser.parse_args(session.posargs).tag
    session.install(".[testing]", "build[uv]", "pytest>=8", "twine>=6.1")
    session.run("python", "scripts/release.py", "versions", *(("--tag", tag) if tag else ()))
    temporary = Path(session.create_tmp())
    folder, again = ROOT / "dist" if tag else temporary / "dist", temporary / "again"
    build_archives(session, folder)
    build_archives(session, again)
    session.run("python", "scripts/release.py", "archives", str(folder), str(again))
    session.run("twine", "check", "--strict", *sorted(map(str, folder.iterdir())))
    run_demo_from_wheel(session, folder)
    session.run("pytest", "tests/release", env=NO_KEY)
