"""The look at all rows of a run before the first is sent: ids are there once, and rows that are done did not change."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import BatchInputError
from .._journal.row_table import DONE, SEEN, RowTable, hash_number
from .._options import BatchSettings
from .._progress import BatchProgress
from .._request import hash_request, is_in_shard
from .rows import NumberedRow


def check_rows(source: Iterable[NumberedRow], settings: BatchSettings, rows: RowTable) -> BatchProgress:
    """Check the rows of a shard, and return how many there are, and how many are done.

    Args:
        source: the rows of the input.
        settings: those of the batch.
        rows: the rows that are done. The others are added, as seen.

    Raises:
        BatchInputError: an id is there twice, or a row that is done has another body than it had.
    """
    total = skipped = 0
    for row, default_id in source:
        request = settings.reader.read(row, default_id)
        custom_id = request.custom_id
        if not is_in_shard(custom_id, settings.shard):
            continue
        total += 1
        number, flags = rows.find(custom_id) or (0, 0)
        if flags & SEEN:
            hint = "Nothing was sent. Give each row an id of its own."
            raise BatchInputError("requests", "each id once", f"{custom_id!r} twice", hint, custom_id)
        if flags & DONE:
            skipped += 1
            if number != hash_number(hash_request(request, settings.hash_key)):
                raise BatchInputError(
                    "requests",
                    f"the row {custom_id!r} as it was sent",
                    "another body",
                    "Nothing was sent. Write the output to another file, or give the row another id.",
                    custom_id,
                )
        rows.put(custom_id, number, flags | SEEN)
    return BatchProgress(total=total, skipped=skipped)
