"""Install nox and uv into `.nox/nox`, and run nox there. Needs only Python's standard library.

A finished installation is used again as long as the requirement and the version of Python are the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".nox" / "nox"
REQUIREMENT = "nox[uv]>=2025.5.1"
NO_ENSUREPIP = """\
Python at {python} cannot make virtual environments: its module `ensurepip` is missing.
On Debian and Ubuntu, install it:  apt install python{version}-venv
or, with uv:                       uv run noxfile.py"""


def run_in_own_environment(arguments: Sequence[str]) -> int:
    """Run nox in an environment of its own, which is made the first time, and return its exit status."""
    python = FOLDER / ("Scripts" if os.name == "nt" else "bin") / ("python.exe" if os.name == "nt" else "python")
    mark = FOLDER / "installed"
    wanted = f"{REQUIREMENT}\n{sys.version}\n"
    if not (python.exists() and mark.is_file() and mark.read_text("utf-8") == wanted):
        if problem := install(python):
            print(problem, file=sys.stderr)
            return 1
        mark.write_text(wanted, "utf-8")
    environment = {**os.environ, "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])}
    command = [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *arguments]
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606  # so that Ctrl-C reaches nox alone
    return subprocess.run(command, env=environment, check=False).returncode


def install(python: Path) -> str | None:
    """Make the environment and install nox, printing the steps. Return what went wrong, if something did."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        return NO_ENSUREPIP.format(python=sys.executable, version=f"{sys.version_info.major}.{sys.version_info.minor}")
    began = time.monotonic()
    say("nox is not installed. Installing it into .nox/, this time only.")
    say("1/2  Making a virtual environment ...")
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        venv.create(FOLDER, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"The virtual environment {FOLDER} could not be made: {error}"
    say("2/2  Downloading nox and uv from PyPI, about 30 MB ...")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT]
    if subprocess.run(command, check=False).returncode:
        return "nox could not be installed; pip says why above. Check the network, or pip's index and proxy settings."
    say(f"Done in {time.monotonic() - began:.0f} s.")
    return None


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)
