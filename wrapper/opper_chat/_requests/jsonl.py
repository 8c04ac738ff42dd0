"""Write files of JSON lines as a whole or not at all, and read them line by line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json


def write_json_lines(path: Path, values: Iterable[object]) -> None:
    """Write JSON values, one on each line. An existing file is replaced when the new one is complete.

    If the iterable raises, or the file cannot be written (OSError), the existing file stays as it was.
    """
    from tempfile import mkstemp

    path = path.resolve()  # replace the target of a link, not the link
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for value in values:
                file.write(_json.encode(value) + b"\n")
            file.flush()
            os.fsync(file.fileno())  # before the replacement, so that a crash does not leave an empty file
        Path(name).chmod(_mode(path))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json_lines(path: Path) -> Iterator[tuple[str, object]]:
    """Yield the values of a file, each with its location as text. Blank lines are skipped.

    A line that is not JSON is an InvalidArgumentError that names it.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            location = f"{path}, line {number}"
            try:
                # Strict: text with replacement characters would be sent as if it were the original.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                value = _json.decode_with_surrogates(text)  # lone surrogates stay, and the caller refuses them
            except ValueError as error:
                received = f"{describe(line.decode('utf-8', 'replace').strip())}: {error}"
                raise InvalidArgumentError(location, "one message as JSON", received) from None
            yield location, value


def _mode(path: Path) -> int:
    """Return the permissions of a file, or those of a new one. A temporary file has only those of its owner."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
