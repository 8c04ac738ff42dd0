"""Changes between two versions: their severity, the semver word, the CHANGELOG entries, and the report.

It does not find changes: `contract_changes` and `python_changes` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["breaking", "safe", "documentation"]
SEVERITIES: tuple[Severity, ...] = ("breaking", "safe", "documentation")
"""From the worst to the mildest."""

SEMVER: dict[Severity, str] = {"breaking": "major", "safe": "minor", "documentation": "patch"}

BREAKING_ENTRY = "**Breaking:**"
"""How the bullet of a breaking change begins in `CHANGELOG.md`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: how severe it is, where it is, what it is."""

    severity: Severity
    place: str
    """The component and property, such as `ChatCompletionRequest.seed`, or the path of a Python object."""
    description: str
    names: tuple[str, ...]
    """A CHANGELOG entry that has one of these in backticks is about this change."""


def worst(severities: Iterable[Severity]) -> Severity | None:
    """Return the most severe of these, or None if there is none."""
    return min(severities, key=SEVERITIES.index, default=None)


def semver_word(changes: Sequence[Change], version: str) -> str:
    """Return the part of the version that the changes raise: `major`, `minor`, `patch` or `none`.

    Args:
        changes: All changes since the version.
        version: The version. Before 1.0, a breaking change raises the minor version (semver, section 4).
    """
    severity = worst(change.severity for change in changes)
    if severity is None:
        return "none"
    if severity == "breaking" and version.startswith("0."):
        return "minor"
    return SEMVER[severity]


def new_entries(before: str, after: str) -> list[str]:
    """Return the bullets of a CHANGELOG that its earlier version does not have, each as one line of text."""
    known = set(_bullets(before))
    return [bullet for bullet in _bullets(after) if bullet not in known]


def changes_without_entry(changes: Iterable[Change], entries: Iterable[str]) -> list[Change]:
    """Return the breaking changes that no entry is about.

    An entry is about a change if it begins with `**Breaking:**` and names the place in backticks.
    """
    named = {
        name
        for entry in entries
        if entry.startswith(BREAKING_ENTRY)
        for code in re.findall(r"`([^`]+)`", entry)
        for name in (code, code.removesuffix("()"))
    }
    return [change for change in changes if change.severity == "breaking" and named.isdisjoint(change.names)]


def format_report(changes: Sequence[Change]) -> str:
    """Return the changes as text, the breaking ones first."""
    lines: list[str] = []
    for severity in SEVERITIES:
        found = sorted((change.place, change.description) for change in changes if change.severity == severity)
        if found:
            lines.append(f"{severity} ({len(found)})")
            lines += [f"  {place}: {description}" for place, description in found]
    return "\n".join(lines) or "No change."


def _bullets(text: str) -> list[str]:
    bullets: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("- "):
            bullets.append([line[2:]])
            inside = True
        elif inside and line.startswith("  "):
            bullets[-1].append(line.strip())
        else:
            inside = False
    return [" ".join(bullet) for bullet in bullets]
