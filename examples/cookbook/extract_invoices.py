"""Structured data from a folder of documents: each text file becomes a row of a table.

`python extract_invoices.py FOLDER OUTPUT.jsonl`. It needs `OPPER_API_KEY`. If it is interrupted, run it again: it goes
on with the documents that are left.
"""

import csv
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from opper_chat import Opper
from opper_chat.batch import BatchProgress, run_batch

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


@dataclass
class Item:
    """One item of an invoice."""

    description: str
    amount: Decimal


@dataclass
class Invoice:
    """An invoice."""

    number: str
    seller: str
    issued: date
    items: list[Item]
    total: Decimal

    def __post_init__(self) -> None:
        """Check what a schema cannot describe. The text of the error tells the model what to correct."""
        if (found := sum(item.amount for item in self.items)) != self.total:
            raise ValueError(f"the items add up to {found}, not to the total of {self.total}")


def read_documents(folder: Path) -> Iterator[dict[str, str]]:
    """Yield a row for each document."""
    for path in sorted(folder.glob("*.txt")):
        yield {"file": path.name, "text": path.read_text("utf-8")}


def extract(client: Opper, folder: Path, output: Path) -> BatchProgress:
    """Send each document, check what the model found in it, and write a line for it."""
    return run_batch(
        read_documents(folder),
        output=output,
        client=client,
        template=[
            {"role": "system", "content": "Extract the invoice. Copy texts and amounts exactly as they are."},
            {"role": "user", "content": "{text}"},
        ],
        id_column="file",
        defaults={"model": MODEL, "temperature": 0},
        response_format=Invoice,
        retries_on_invalid=1,
        concurrency=16,
        max_errors=0.1,
    )


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of an output."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_table(output: Path) -> Path:
    """Write the invoices as a table, in the order of the documents."""
    lines = sorted(read_lines(output), key=lambda line: str(line["custom_id"]))
    table = output.with_suffix(".csv")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "number", "seller", "issued", "items", "total"])
        for line in lines:
            invoice = line["opper"]["parsed"]
            facts = (invoice[name] for name in ("number", "seller", "issued"))
            writer.writerow([line["custom_id"], *facts, len(invoice["items"]), invoice["total"]])
    return table


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python extract_invoices.py FOLDER OUTPUT.jsonl", file=sys.stderr)
        return 2
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    with Opper(adaptive_rate_limit=True, deadline=120) as client:
        progress = extract(client, folder, output)
    print(f"{progress.succeeded} extracted, {progress.failed} failed, {progress.skipped} done before")
    print("table:", write_table(output))
    errors = output.with_suffix(f".errors{output.suffix}")
    for line in read_lines(errors):
        print(f"{line['custom_id']}: {line['opper']['error']['message']}")
    return 1 if progress.failed or progress.remaining else 0


if __name__ == "__main__":
    sys.exit(main())
