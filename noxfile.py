"""The project's tasks. `python3 noxfile.py` needs nothing but Python: it fetches nox into `.nox/` and goes on.

With nox at hand, `nox` does the same; `nox -l` lists the sessions, which are in `scripts/sessions/`.
"""

# /// script
# dependencies = ["nox[uv]"]
# ///

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))


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

if __name__ == "__main__":
    nox.main()  # which loads this file again, as a module
else:
    from scripts.sessions import benchmarks, checks, contract, documentation, other_packages  # noqa: F401
