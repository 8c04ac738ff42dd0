"""Writing what was generated, and comparing it with what is there.

Files are replaced one by one, each by a rename, so that none is ever half-written, and files that are not generated any
more go last. Ctrl-C and a request to end wait until that is done; an error puts everything back. If the process is
killed in between, which takes a few milliseconds, some files are new and some are old, none is missing, and `nox -s
drift` says which.
"""

from __future__ import annotations

import difflib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MOST_LINES = 60
"""How many lines of a file's difference are printed."""
MOST_FILES = 20
"""How many files' differences are printed. The others are named."""
ENDING = ".generated"
"""What the name of a file ends with until it replaces the one that is there."""


def list_files(root: Path, outputs: list[Path]) -> set[Path]:
    """Return the generated files below a root: those in the folders of `outputs`, and the files among them."""
    paths = [path for output in outputs for path in ((root / output).rglob("*"), [root / output])]
    found = {path.relative_to(root) for group in paths for path in group if path.is_file()}
    return {path for path in found if "__pycache__" not in path.parts and path.suffix != ENDING}


def replace_files(made: Path, root: Path, outputs: list[Path]) -> list[Path]:
    """Make the outputs below `root` what they are below `made`. Files that are the same are left alone.

    Returns:
        The paths that were written or removed, relative to the root.

    Raises:
        OSError: a file cannot be written, replaced or removed. Everything is as it was.
    """
    expected, present = list_files(made, outputs), list_files(root, outputs)
    new = {path: (made / path).read_bytes() for path in sorted(expected)}
    old = {path: (root / path).read_bytes() for path in sorted(present)}
    changed = [path for path in new if old.get(path) != new[path]]
    staged = [(root / path).with_name(path.name + ENDING) for path in changed]
    done: list[Path] = []
    with _uninterrupted():
        try:
            for path, source in zip(changed, staged, strict=True):
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(new[path])
            for path, source in zip(changed, staged, strict=True):
                os.replace(source, root / path)  # noqa: PTH105  # its name says what it does
                done.append(path)
            for path in sorted(present - expected):
                (root / path).unlink()
                done.append(path)
        except BaseException:
            _restore(root, done, old)
            raise
        finally:
            for source in staged:
                source.unlink(missing_ok=True)
    for path in (path for output in outputs for path in (root / output).rglob(f"*{ENDING}")):
        path.unlink()  # of a run that was killed
    for path in sorted({path.parent for path in present - expected}, reverse=True):
        folder = root / path
        if {found.name for found in folder.iterdir()} <= {"__pycache__"}:
            _remove_folder(folder)
    return done


def _restore(root: Path, paths: list[Path], old: dict[Path, bytes]) -> None:
    for path in paths:
        if path in old:
            (root / path).write_bytes(old[path])
        else:
            (root / path).unlink(missing_ok=True)


def _remove_folder(folder: Path) -> None:
    """Remove a folder that has only compiled modules."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C and requests to end until the block is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def keep(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, keep) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for pending in received:
            signal.raise_signal(pending)


def describe_differences(made: Path, root: Path, outputs: list[Path]) -> list[str]:
    """Return what `replace_files` would change, file by file, as unified diffs of bounded length."""
    expected, present = list_files(made, outputs), list_files(root, outputs)
    lines = [f"missing: {path}" for path in sorted(expected - present)]
    lines += [f"not made by the generator: {path}" for path in sorted(present - expected)]
    shown = 0
    for path in sorted(expected & present):
        new, old = (made / path).read_bytes(), (root / path).read_bytes()
        if new == old:
            continue
        lines.append(f"differs: {path}")
        shown += 1
        if shown <= MOST_FILES:
            lines += _diff(str(path), old.decode(errors="replace"), new.decode(errors="replace"))
    return lines


def _diff(name: str, old: str, new: str) -> list[str]:
    if old.splitlines() == new.splitlines():
        return ["  (only the ends of lines differ)"]
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"{name} (as it is)", f"{name} (as generated)", n=2, lineterm=""
    )
    listed = [f"  {line}" for line in lines]
    more = len(listed) - MOST_LINES
    return [*listed[:MOST_LINES], f"  ... and {more} more lines"] if more > 0 else listed
