"""For the tests of the generator: its modules, which this makes importable, and copies of the tree."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
PARTS = (
    "openapi.yaml",
    "generator-config.yaml",
    "generator-templates",
    "generated",
    "wrapper",
    "scripts",
    "pyproject.toml",
)


class Tree:
    """A copy of what is generated and what it is generated from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.contract = path / "openapi.yaml"

    def __truediv__(self, part: str) -> Path:
        return self.path / part

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], cwd=self.path, capture_output=True, text=True, check=False)

    def generate(self) -> subprocess.CompletedProcess[str]:
        return self.run("scripts/generate.py")

    def check(self) -> subprocess.CompletedProcess[str]:
        return self.run("scripts/generate.py", "--check")

    def files(self) -> dict[str, bytes]:
        """Every file of what is generated."""
        found = [path for part in ("generated", "wrapper") for path in (self / part).rglob("*") if path.is_file()]
        return {str(path.relative_to(self.path)): path.read_bytes() for path in found if path.suffix != ".pyc"}


def copy_tree(path: Path) -> Tree:
    """Copy what is generated, and what it is generated from, into a folder."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, path / part)
    return Tree(path)
