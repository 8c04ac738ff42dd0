"""Compare the vendor's published contract with ours, property by property, and propose the edits.

Only the chat completions operation is compared. The exit status is 1 if there is a difference, and 2 if the document
cannot be read. The network is used only if you give a URL.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import httpx

from .comparison import DIFFERENCE_KINDS, Comparison, Difference
from .document import CONTRACT, DocumentError, Json, load_document, parse_document
from .edits import Edit, apply, format_edit
from .operations import Operation

SOURCE = "sdk"
"""The `x-source` of properties that are taken from the vendor's document: its SDK is generated from it."""

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
        known = read_known(options.known)
        differences = [one for one in comparison.differences if str(one) not in known]
        edits = comparison.edits(differences, SOURCE, contract["components"]["schemas"])
        if options.patch:
            patch(options.contract, edits.values())
            if options.known:
                left = [str(one) for one in comparison.differences if one not in edits]
                options.known.write_text("".join(f"{line}\n" for line in sorted(left)), "utf-8")
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(format_json(differences, list(edits.values())))
    else:
        print(format_report(differences, list(edits.values()), patched=options.patch))
    return 1 if differences and not options.exit_zero else 0


def read_known(path: Path | None) -> set[str]:
    """Return the differences that are known, each a line of the file. None if there is no file."""
    if path is None or not path.exists():
        return set()
    return {line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()}


def patch(path: Path, edits: Iterable[Edit]) -> None:
    """Make edits of the contract in place.

    Raises:
        DocumentError: The contract cannot be edited in place.
    """
    text = path.read_text("utf-8")
    changed = apply(text, edits)
    if changed != text:
        path.write_text(changed, "utf-8")


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


def format_report(differences: Sequence[Difference], edits: Sequence[Edit], *, patched: bool) -> str:
    """Return the differences by kind, and the edits as YAML."""
    if not differences:
        return "No difference."
    lines: list[str] = []
    for kind in DIFFERENCE_KINDS:
        found = [one for one in differences if one.kind == kind]
        if found:
            lines.append(f"{kind} ({len(found)})")
            lines += [f"  {one.place}: {one.description}" for one in found]
    if patched:
        lines += ["", f"Edits made: {len(edits)}. Read them (`git diff`), then run `nox -s generate`."]
        lines.append("What is gone or different is left to you: to adopt it can break users.")
    elif edits:
        lines += ["", "Proposed edits of openapi.yaml (--patch makes them):", *map(format_edit, edits)]
    return "\n".join(lines)


def format_json(differences: Sequence[Difference], edits: Sequence[Edit]) -> str:
    """Return the differences and the edits as a JSON object."""
    listed = [{"difference": one.kind, "place": one.place, "what": one.description} for one in differences]
    return json.dumps({"differences": listed, "edits": [format_edit(edit) for edit in edits]}, indent=2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s upstream --", description=__doc__)
    parser.add_argument("document", help="a file or URL with an OpenAPI document of version 3.0 or 3.1")
    parser.add_argument("--path", help="the path of the operation there, if several end in /chat/completions")
    parser.add_argument("--patch", action="store_true", help="add what is new to the contract")
    parser.add_argument(
        "--known",
        type=Path,
        metavar="FILE",
        help="leave out the differences in this file; with --patch, write those that remain into it",
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit with 0 if there are differences")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="the contract")
    return parser


if __name__ == "__main__":
    sys.exit(main())
