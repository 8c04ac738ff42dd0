"""`python3 noxfile.py` under an old version of Python, and where its sessions are listed and run.

`tests/release` has what it does for those who have no nox.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOXFILE = ROOT / "noxfile.py"
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
FOUND = [
    *(shutil.which(name) for name in ("python2", "python3.8", "python3.9", "python3.10")),
    *(str(path / "bin" / "python") for pattern in ("2.*", "3.?.*", "3.10.*") for path in PYENV.glob(pattern)),
]


def old_version(python: str) -> str:
    """Return the version of a Python that is older than 3.11, or an empty string if it cannot run."""
    code = "import sys; sys.stdout.write('%d.%d' % tuple(sys.version_info[:2]) if sys.version_info < (3, 11) else '')"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout


OLD = {version: python for python in FOUND if python and (version := old_version(python))}
"""The old versions on this machine."""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("python", OLD.values(), ids=OLD)
def test_an_old_python_says_what_is_needed(python: str) -> None:
    """The version that is needed, its own, and what to run instead; no traceback."""
    done = run(python, str(NOXFILE), "-s", "demo")
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("opper-chat needs Python 3.11 or newer. This is Python ")
    assert "uv run noxfile.py" in lines[-1]
    assert len(lines) == 3


def test_the_version_is_compared_first() -> None:
    """Before anything is imported that an old version lacks."""
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 4, 'final', 0); sys.modules['nox'] = None\n"
        f"runpy.run_path({str(NOXFILE)!r}, run_name='__main__')"
    )
    done = run(sys.executable, "-c", code)
    assert done.returncode == 1
    assert "This is Python 3.10.4 (" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_syntax_is_that_of_python_2() -> None:
    """No f-strings, annotations, or other newer syntax, so that Python 2 reaches the message."""
    text = NOXFILE.read_text("utf-8")
    assert text.isascii()
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Starred, ast.AsyncFunctionDef, ast.Await, ast.Nonlocal)
    nodes = list(ast.walk(ast.parse(text)))
    assert [ast.unparse(node) for node in nodes if isinstance(node, newer)] == []
    assert [ast.unparse(node) for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))] == []
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    assert "print" not in calls


def test_a_nox_without_extras_is_enough() -> None:
    """If nox lacks something that its file requires, it installs it at each run and shows pip's log."""
    block = re.search(r"^# /// script\n(.*?)^# ///$", NOXFILE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert block
    script = tomllib.loads(re.sub("^# ?", "", block[1], flags=re.MULTILINE))
    needed = re.search(r'^nox.needs_version = "(.*)"$', NOXFILE.read_text("utf-8"), re.MULTILINE)
    assert needed
    assert script["dependencies"] == [f"nox{needed[1]}"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert script["requires-python"] == project["requires-python"]


WORKFLOWS = ROOT / ".github" / "workflows"
BY_HAND = {"demo", "bench", "bench-cli", "batch-million", "breaking", "doctor"}
"""Sessions that no workflow runs: for a look, for a quiet machine, or with arguments."""


def sessions() -> set[str]:
    """Return the names of the sessions in `scripts/sessions`."""
    found: set[str] = set()
    for path in (ROOT / "scripts" / "sessions").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if ast.unparse(decorator).startswith("nox.session"):
                        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                        names = [ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg == "name"]
                        found.add(names[0] if names else node.name)
    return found


def test_contributing_lists_every_session() -> None:
    """Once each, in its tables of sessions."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tables = text[text.index("### Sessions") :].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", tables, re.MULTILINE)) == sorted(sessions())


@pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="An sdist has no workflows.")
def test_every_session_is_run_by_a_workflow() -> None:
    """The default ones for each change, and the others once a week or for a release."""
    default = re.search(r"^nox.options.sessions = (.*)$", NOXFILE.read_text("utf-8"), re.MULTILINE)
    assert default
    texts = {path.stem: path.read_text("utf-8") for path in WORKFLOWS.glob("*.yml")}
    assert re.search(r"run: python noxfile\.py$", texts["checks"], re.MULTILINE)
    weekly = set(re.findall(r"^ {10}- ([\w-]+)$", texts["weekly"], re.MULTILINE))
    named = {name for text in texts.values() for name in re.findall(r"noxfile\.py -s ([\w-]+)", text)}
    assert weekly
    assert (weekly | named) - sessions() == set()
    assert sessions() - set(ast.literal_eval(default[1])) - weekly - named == BY_HAND
