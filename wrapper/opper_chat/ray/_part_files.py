"""The files of an output: each has the results of a batch, and is there whole or not at all.

A worker writes a file as soon as its batch is finished. The name depends on the rows, so a batch that an engine starts
again finds what was written, and replaces nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ._columns import import_pyarrow

UNFINISHED = "_unfinished-"
"""How the names of files begin that are not whole. Readers of Parquet folders ignore them."""


def part_path(folder: Path, custom_ids: Iterable[str]) -> Path:
    """Return the path of the file for the results of a batch."""
    hashed = blake2b(digest_size=12)
    for custom_id in custom_ids:
        hashed.update(custom_id.encode("utf-8", "surrogatepass") + b"\0")
    return folder / f"part-{hashed.hexdigest()}.parquet"


def write_part(path: Path, table: Any) -> None:
    """Write a file, with permissions for its owner only.

    Raises:
        OSError: it cannot be written.
    """
    parquet = import_pyarrow("pyarrow.parquet")
    # The process id, because Ray may start a batch again while the first worker, taken for dead, still writes.
    unfinished = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            parquet.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def read_part(path: Path) -> Any:
    """Return what a file has, or None if it does not exist."""
    if not path.exists():
        return None
    return import_pyarrow("pyarrow.parquet").read_table(path, partitioning=None)


def remove_unfinished(folder: Path) -> None:
    """Remove what workers that died have left. No other run may write to the folder."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)
