"""Write the packages and modules of the wrapper into CONTRIBUTING.md, as a tree of two levels.

`python scripts/tree.py` writes the block between `BEGIN` and `END`. `tests/test_contributing.py` fails where
it differs from the folders.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "wrapper" / "opper_chat"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN = "<!-- tree: written by `python scripts/tree.py` -->\n```text\n"
END = "```\n<!-- end of tree -->"
WIDTH = 120


def tree() -> str:
    """Return a line for each package, with its modules and packages."""
    folders = sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())
    lines = wrap(f"opper_chat/  {_names(PACKAGE)}", WIDTH, subsequent_indent=" " * 13, break_on_hyphens=False)
    for folder in folders:
        names = "as in _async/" if folder.name == "_sync" else _names(folder)
        head = f"├── {folder.name + '/':<17}"
        indent = "│" + " " * (len(head) - 1)
        lines += wrap(f"{head}{names}", WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def _names(folder: Path) -> str:
    modules = [path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "__main__")]
    packages = [f"{path.name}/" for path in folder.iterdir() if (path / "__init__.py").is_file()]
    return " ".join(sorted(modules) + ([] if folder == PACKAGE else sorted(packages)))


def updated(text: str) -> str:
    """Return the text of the page with the tree of the folders."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tree()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
