"""The project's tasks. `python3 noxfile.py` needs only Python: it installs nox into `.nox/` and runs it.

If you have nox, `nox` does the same; `nox -l` lists the sessions, which are in `scripts/sessions/`. Old versions of
Python can read this file too, Python 2 included, so that they can say which version is needed.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.5.1"]
# ///

import os
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "opper-chat needs Python 3.11 or newer. This is Python %d.%d.%d (%s).\n"
        "Use a newer one:           python3.13 noxfile.py\n"
        "or let uv download it:     uv run noxfile.py" % (tuple(sys.version_info[:3]) + (sys.executable,))
    )

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

try:
    import nox
except ImportError:
    if __name__ != "__main__":
        raise
    from scripts.sessions.bootstrap import run_in_own_environment

    sys.exit(run_in_own_environment(sys.argv[1:]))

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "drift", "docs", "tests", "wheel"]
nox.options.error_on_missing_interpreters = False

if __name__ == "__main__":
    nox.main()  # loads this file again, as a module
else:
    from scripts.sessions import benchmarks, checks, contract, documentation, other_packages, release  # noqa: F401
