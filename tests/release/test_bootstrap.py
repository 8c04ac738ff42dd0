"""`python3 noxfile.py` for those who have no nox: it is installed once, and failures say what to do."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that installing nox needs, in a folder without `.nox`."""
    folder = tmp_path / "clone"
    (folder / "scripts" / "sessions").mkdir(parents=True)
    shutil.copy(ROOT / "noxfile.py", folder)
    for name in ("__init__.py", "bootstrap.py"):
        shutil.copy(ROOT / "scripts" / "sessions" / name, folder / "scripts" / "sessions")
    return folder


@pytest.fixture
def without(tmp_path: Path) -> str:
    """A folder for PYTHONPATH in which nox and ensurepip cannot be imported, as on Debian without python3-venv."""
    folder = tmp_path / "without"
    folder.mkdir()
    for name in ("nox", "ensurepip"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name={name!r})\n")
    return str(folder)


def test_without_ensurepip(clone: Path, without: str) -> None:
    """The package of Debian that has it; nothing is left behind."""
    done = run(sys.executable, str(clone / "noxfile.py"), PYTHONPATH=without)
    assert done.returncode == 1
    assert done.stdout == ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt install python{version}-venv" in done.stderr
    assert sys.executable in done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone / ".nox").exists()


NOX = """\
import sys
print("nox got", sys.argv[1:])
sys.exit(7)
"""
"""A module that stands for nox, which the tests need not download."""


def pack_nox(folder: Path) -> None:
    """Write a wheel of the name nox."""
    folder.mkdir()
    info = "nox-2099.1.1.dist-info"
    with zipfile.ZipFile(folder / "nox-2099.1.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("nox/__init__.py", "")
        wheel.writestr("nox/__main__.py", NOX)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nox\nVersion: 2099.1.1\nProvides-Extra: uv\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_nox_is_installed_once(clone: Path, tmp_path: Path) -> None:
    """With a line for each step and pip's own error if it fails; later runs print what nox prints, and nothing else.

    Takes seconds, because it makes a virtual environment.
    """
    command = (sys.executable, "-S", str(clone / "noxfile.py"), "-s", "demo")  # -S: no nox of this environment
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    failed = run(*command, **offline)
    assert failed.returncode == 1
    assert "No matching distribution found for nox" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("nox could not be installed; pip says why above.")
    assert "Traceback" not in failed.stderr

    pack_nox(tmp_path / "wheels")
    first = run(*command, **offline)
    lines = first.stdout.splitlines()
    assert first.stderr == ""
    assert [line[:4] for line in lines] == ["nox ", "1/2 ", "2/2 ", "Done", "nox "]
    said = f"nox got {['-f', str(clone / 'noxfile.py'), '-s', 'demo']}"
    assert lines[-1] == said
    assert first.returncode == 7

    later = run(*command, **offline)
    assert (later.returncode, later.stdout, later.stderr) == (7, f"{said}\n", "")
