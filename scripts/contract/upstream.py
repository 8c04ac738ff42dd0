"""Compare the vendor's published contract with ours, property by property, and propose the edits.

Only the chat completions operation is compared. The exit status is 1 if there is a difference, and 2 if the document
cannot be read. The network is used only if you give a URL.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from .comparison import DIFFERENCE_KINDS, Comparison
from .document import CONTRACT, DocumentError, Json, load_document, parse_document
from .edits import Edit, apply, format_edit
from .operations import Operation

SOURCE = "upstream"
"""The `x-source` of properties that are taken from the vendor's document."""

MAX_BYTES = 20_000_000
TIMEOUT = 30.0
"""Seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences and the proposed edits, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        theirs = Operation(read(options.document), options.path)
        contract = load_document(options.contract)
        comparison = Comparison()
        comparison.compare(theirs, Operation(contract))
        edits = comparison.edits(SOURCE, contract["components"]["schemas"])
        if options.patch and edits:
            text = options.contract.read_text("utf-8")
            options.contract.write_text(apply(text, edits), "utf-8")
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    print(format_json(comparison, edits) if options.json else format_report(comparison, edits, patched=options.patch))
    return 1 if comparison.differences else 0


def read(source: str) -> dict[str, Json]:
    """Return the document at a URL or in a file.

    Raises:
        DocumentError: It cannot be fetched or read.
    """
    if not source.startswith(("http://", "https://")):
        return load_document(Path(source))
    try:
        with httpx.stream("GET", source, follow_redirects=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise DocumentError(f"{source} has more than {MAX_BYTES} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DocumentError(f"{source} cannot be fetched: {error or type(error).__name__}") from None
    return parse_document(content.decode("utf-8", "replace"), source)


def format_report(comparison: Comparison, edits: Sequence[Edit], *, patched: bool) -> str:
    """Return the differences by kind, and the edits as YAML."""
    lines: list[str] = []
    for kind in DIFFERENCE_KINDS:
        found = [one for one in comparison.differences if one.kind == kind]
        if found:
            lines.append(f"{kind} ({len(found)})")
            lines += [f"  {one.place}: {one.description}" for one in found]
    if not lines:
        return "No difference."
    if patched:
        lines += ["", f"{len(edits)} edits are made. Read them (`git diff`), then run `nox -s generate`."]
        lines.append("What is gone or different is left to you: adopting it breaks users of the models.")
    elif edits:
        lines += ["", "Proposed edits of openapi.yaml (--patch makes them):", *(format_edit(edit) for edit in edits)]
    return "\n".join(lines)


def format_json(comparison: Comparison, edits: Sequence[Edit]) -> str:
    """Return the differences and the edits as a JSON object."""
    differences = [
        {"difference": one.kind, "place": one.place, "what": one.description} for one in comparison.differences
    ]
    return json.dumps({"differences": differences, "edits": [format_edit(edit) for edit in edits]}, indent=2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s upstream --", description=__doc__)
    parser.add_argument("document", help="a file or URL with an OpenAPI document of version 3.0 or 3.1")
    parser.add_argument("--path", help="the path of the operation there, if several end in /chat/completions")
    parser.add_argument("--patch", action="store_true", help="add what is new to the contract")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="the contract")
    return parser


if __name__ == "__main__":
    sys.exit(main())
