"""Files of JSON lines: written whole or not at all, and read line by line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Write values, one a line. A file that is there is replaced when the new one is whole, and stays as it was else.

    Args:
        path: the file.
        values: JSON values. An iterator may raise for one that cannot be written.

    Raises:
        OSError: the file cannot be written.
    """
    from tempfile import mkstemp

    path = path.resolve()  # what a link points to is replaced, not the link
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for value in values:
                file.write(_json.encode(value) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(path))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_lines(path: Path) -> Iterator[tuple[str, object]]:
    """Read values, and where each stands, in words. Blank lines are none.

    Raises:
        InvalidArgumentError: a line is no JSON; the error names the line.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = f"{path}, line {number}"
            try:
                # Only what is UTF-8 through and through: a text with holes would be sent as if it were whole.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                value = _json.decode_with_surrogates(text)  # not replaced by U+FFFD: whoever checks it refuses them
            except ValueError as error:
                given = f"{describe(line.decode('utf-8', 'replace').strip())}: {error}"
                raise InvalidArgumentError(place, "one message as JSON", given) from None
            yield place, value


def _mode(path: Path) -> int:
    """What the file was allowed to be, or what a new one is. A temporary one is for its owner alone."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
