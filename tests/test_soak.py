"""The soak of calls, small: that it runs, and finds nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_small_soak() -> None:
    """Nothing wrong with a few hundred calls, and every attempt accounted for."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loads.soak_calls", "300", "5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 calls, seed 5" in done.stdout
    assert done.stdout.rstrip().endswith(": 0 wrong")
    assert "files left: 0\nthreads left: 0\n" in done.stdout
