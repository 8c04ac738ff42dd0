"""Compare what servers really send with the contract: recorded traffic, or one call of a live endpoint.

The table has names and types, and of values only those where the contract lists values. The exit status is 1 if
there is a finding, and 2 if a file cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .document import CONTRACT, DocumentError, Json, load_document, parse_document
from .edits import AddProperty, AddValues, Edit, apply
from .observations import Finding, Observations, inferred_schema, inferred_type, is_name
from .operations import Operation
from .proposals import Proposer
from .schemas import Pointer, Schema
from .traffic import Message, TrafficError, TrafficReader


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings and return the exit status."""
    options = _parser().parse_args(arguments)
    if not options.files and not options.live:
        _parser().error("give the files to read, or --live")
    reader, observations = TrafficReader(), Observations()
    try:
        operation = Operation(load_document(options.contract))
        for path in options.files:
            for message in reader.read(path):
                observe(message, operation, observations, requests=options.requests)
        if options.live:
            from .live import call

            for message in call(reader, options.model):
                observe(message, operation, observations, requests=options.requests)
    except (DocumentError, TrafficError) as error:
        print(error, file=sys.stderr)
        return 2
    findings = observations.findings(options.min_seen, options.min_hosts)
    report = format_json if options.json else format_table
    print(report(findings, observations, reader.left_out))
    if options.patch:
        patch(options.contract, findings)
    return 1 if findings and not options.exit_zero else 0


def observe(message: Message, operation: Operation, observations: Observations, *, requests: bool) -> None:
    """Read a message by the schema that the contract has for it."""
    if message.kind == "request" and not requests:
        return
    schema: Schema | None
    match message.kind:
        case "request":
            schema = operation.request()
        case "reply":
            schema = operation.reply()
        case "event":
            schema = operation.event()
        case "error":
            schema = operation.error(message.status)
    if schema is None:
        raise DocumentError(f"the contract has no schema for what is a {message.kind} in the traffic")
    observations.read(message.value, schema, message.host)


def format_table(findings: Sequence[Finding], observations: Observations, left_out: Counter[str]) -> str:
    """Return the findings as a table."""
    rows = [("finding", "place", "what", "seen", "of", "hosts")]
    rows += [
        (
            one.kind,
            one.place,
            describe(one),
            str(one.seen),
            str(observations.objects.get(one.pointer, "")),
            str(len(one.hosts)),
        )
        for one in findings
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    counts = [f"{observations.values} values read, {len(findings)} findings"]
    counts += [f"left out: {count} x {reason}" for reason, count in sorted(left_out.items())]
    return "\n".join([*(lines if findings else []), *counts])


def format_json(findings: Sequence[Finding], observations: Observations, left_out: Counter[str]) -> str:
    """Return the findings as a JSON object."""
    listed = [
        {
            "finding": one.kind,
            "place": one.place,
            "what": describe(one),
            "seen": one.seen,
            "of": observations.objects.get(one.pointer),
            "hosts": sorted(one.hosts),
        }
        for one in findings
    ]
    report = {"values": observations.values, "left_out": dict(left_out), "findings": listed}
    return json.dumps(report, indent=2, ensure_ascii=False)


def describe(finding: Finding) -> str:
    """Return what a finding is, briefly and without values."""
    match finding.kind:
        case "unknown property":
            return inferred_type(finding)
        case "required absent":
            return "absent"
        case "wrong type" | "value not listed":
            return finding.detail


def patch(path: Path, findings: Sequence[Finding]) -> None:
    """Add the unknown properties and the values that are not listed to the contract, and print what is left to do.

    Types that differ and properties that are absent are left to a maintainer: code that uses the models relies on them.
    """
    text = path.read_text("utf-8")
    edits, left = propose(parse_document(text, str(path)), findings)
    changed = apply(text, edits)
    if changed != text:
        path.write_text(changed, "utf-8")
    print(f"Edits made in {path}: {len(edits)}. Findings left for you to decide: {len(left)}")
    if edits:
        print("Read the names and descriptions (`git diff`), then run `nox -s generate`")


def propose(document: dict[str, Json], findings: Sequence[Finding]) -> tuple[list[Edit], list[Finding]]:
    """Return the edits for findings, and the findings for which there is none."""
    proposer = Proposer(document["components"]["schemas"], {}, "observed")
    edits: list[Edit] = []
    left: list[Finding] = []
    values: dict[Pointer, list[str]] = {}
    for one in findings:
        if one.kind == "unknown property" and is_name(one.name):
            schema = Schema({}, inferred_schema(one), ("seen", one.place))
            hosts = f"{len(one.hosts)} host" + ("s" if len(one.hosts) != 1 else "")
            owner = str(one.pointer[2]) if one.pointer[:2] == ("components", "schemas") else "Reply"
            proposal = proposer.property(schema, owner, one.name, f"Not documented. Seen in replies of {hosts}.")
            edits.append(AddProperty(one.pointer, one.name, proposal))
        elif one.kind == "value not listed" and one.pointer[-1] == "enum" and one.word:
            values.setdefault(one.pointer, []).append(one.word)
        else:
            left.append(one)
    edits += [AddValues(pointer, tuple(words)) for pointer, words in values.items()]
    return edits, left


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s doctor --", description=__doc__)
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        help="cassettes, HAR, event streams, or JSON lines of replies, chunks or recorded exchanges",
    )
    parser.add_argument("--live", action="store_true", help="make one short call, plain and streamed, with your key")
    parser.add_argument("--model", help="the model of the live call; by default the server decides")
    parser.add_argument("--requests", action="store_true", help="read requests too, and not only what servers send")
    parser.add_argument("--min-seen", type=int, default=1, metavar="N", help="leave out what was seen less often")
    parser.add_argument("--min-hosts", type=int, default=1, metavar="N", help="leave out what fewer hosts send")
    parser.add_argument("--exit-zero", action="store_true", help="exit with 0 if there are findings")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--patch", action="store_true", help="add properties and values to the contract")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="the contract")
    return parser


if __name__ == "__main__":
    sys.exit(main())
