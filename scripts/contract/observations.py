"""What JSON values have that a schema does not say: unknown properties, values not listed, wrong types, absent ones.

Names and types are kept, and never a value, except one that stands where the schema lists values and looks like a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from genson import SchemaBuilder  # type: ignore[import-untyped]

from .document import Json, name_place
from .schemas import Arm, Pointer, Schema, arms_of, fits, type_of

FindingKind = Literal["unknown property", "value not listed", "wrong type", "required absent"]
FINDING_KINDS: tuple[FindingKind, ...] = ("unknown property", "value not listed", "wrong type", "required absent")

_WORD = re.compile(r"[A-Za-z0-9]+([_.:/-][A-Za-z0-9]+)*")
_LONG_CODE = re.compile(r"(?=[A-Za-z]*\d)[A-Za-z0-9]{9,}")
_NAME = re.compile(r"[A-Za-z_$@][\w.$@-]*")
MAX_WORD = 32
"""Characters. What is longer, has a long part with digits, as keys and ids do, or is no word, is not shown."""
MAX_DEPTH = 20
"""Of an unknown property, objects and arrays that are nested more deeply are taken for empty."""

MAX_PROPERTIES = 50
"""An unknown object with more names than this is a map."""

Key: TypeAlias = tuple[FindingKind, str, str]


@dataclass(slots=True)
class Finding:
    """Something that the schema does not say, how often it was seen, and on how many hosts."""

    kind: FindingKind
    place: str
    """The component and property, such as `ChatCompletionMessage.reasoning`."""
    detail: str
    """The type, the value that is not listed, or the name of the property that is absent."""
    pointer: Pointer
    """The place of the object or list of values in the contract."""
    name: str = ""
    """The name of the property."""
    word: str = ""
    """The value that is not listed, if it is a word."""
    seen: int = 0
    hosts: set[str] = field(default_factory=set)
    builder: SchemaBuilder = field(default_factory=SchemaBuilder)
    """The inferred schema of an unknown property."""


class Observations:
    """Reads values by their schemas, and collects the findings."""

    def __init__(self) -> None:
        self.values = 0
        """How many values were read, each a whole body or event."""
        self.objects: Counter[Pointer] = Counter()
        """How many objects were read by the schema at a place."""
        self._findings: dict[Key, Finding] = {}

    def read(self, value: Json, schema: Schema, host: str) -> None:
        """Read a value that is from a host by its schema."""
        self.values += 1
        self._read(value, schema, host, name_place(schema.pointer)[0])

    def findings(self, min_seen: int = 1, min_hosts: int = 1) -> list[Finding]:
        """Return what was found, the most frequent first.

        Args:
            min_seen: How often a finding must have been seen.
            min_hosts: On how many hosts it must have been seen.
        """
        found = [one for one in self._findings.values() if one.seen >= min_seen and len(one.hosts) >= min_hosts]
        return sorted(found, key=lambda one: (FINDING_KINDS.index(one.kind), -one.seen, one.place, one.detail))

    def _read(self, value: Json, schema: Schema, host: str, place: str) -> None:
        arms = arms_of(schema)
        given = type_of(value)
        fitting = [arm for arm in arms if fits(given, arm.type)]
        if not fitting:
            accepted = " or ".join(sorted({arm.type for arm in arms}))
            self._add("wrong type", place, f"{given}, expected {accepted}", schema.pointer, host)
        elif isinstance(value, dict):
            self._read_object(value, [arm for arm in fitting if arm.type == "object"], host)
        elif isinstance(value, list):
            if items := next((arm.items for arm in fitting if arm.items), None):
                for item in value:
                    self._read(item, items, host, f"{place}[]")
        else:
            self._read_scalar(value, fitting, host, place)

    def _read_scalar(self, value: Json, arms: Sequence[Arm], host: str, place: str) -> None:
        listing = [arm for arm in arms if arm.enum is not None]
        if listing and not any(value in (arm.enum or ()) for arm in listing):
            component, rest = name_place(listing[0].pointer)
            named = component if "properties" not in rest else place
            finding = self._add("value not listed", named, show_word(value), (*listing[0].pointer, "enum"), host)
            finding.word = value if is_word(value) else ""

    def _read_object(self, value: dict[str, Json], arms: Sequence[Arm], host: str) -> None:
        if not arms:
            return
        arm = choose_arm(value, arms)
        self.objects[arm.pointer] += 1
        place = name_place(arm.pointer)[0]
        for name, item in value.items():
            if name in arm.properties:
                self._read(item, arm.properties[name], host, f"{place}.{name}")
            elif arm.additional is not None:
                self._read(item, arm.additional, host, f"{place}.*")
            elif not arm.is_map and not arm.excluded_kinds():
                finding = self._add("unknown property", f"{place}.{show_name(name)}", "", arm.pointer, host, name=name)
                finding.builder.add_object(_shallow(item))
        for name, excluded in arm.excluded_kinds().items():
            if name in value and value[name] not in excluded:
                self._add("value not listed", f"{place}.{name}", show_word(value[name]), arm.pointer, host)
        for name in sorted(arm.required - value.keys()):
            self._add("required absent", f"{place}.{name}", name, arm.pointer, host, name=name)

    def _add(
        self, kind: FindingKind, place: str, detail: str, pointer: Pointer, host: str, *, name: str = ""
    ) -> Finding:
        key = (kind, place, detail)
        finding = self._findings.get(key)
        if finding is None:
            finding = self._findings[key] = Finding(kind, place, detail, pointer, name)
        finding.seen += 1
        finding.hosts.add(host)
        return finding


def _shallow(value: Json, depth: int = MAX_DEPTH) -> Json:
    """Return a value without what is nested more deeply than a schema is worth."""
    if isinstance(value, dict):
        return {key: _shallow(item, depth - 1) for key, item in value.items()} if depth else {}
    if isinstance(value, list):
        return [_shallow(item, depth - 1) for item in value] if depth else []
    return value


def choose_arm(value: dict[str, Json], arms: Sequence[Arm]) -> Arm:
    """Return the arm that is meant: by the properties that distinguish the kinds, then by the names in common."""

    def rank(arm: Arm) -> tuple[int, int, int]:
        kinds = arm.kinds()
        matches = [value[name] in values for name, values in kinds.items() if name in value]
        excluded = any(value.get(name) in values for name, values in arm.excluded_kinds().items())
        is_other = bool(arm.excluded_kinds())
        if is_other and not any(name in value for name in arm.excluded_kinds()):
            excluded = True
        fit = 3 if matches and all(matches) else 0 if not all(matches) or excluded else 2 if is_other else 1
        return fit, len(arm.properties.keys() & value.keys()), -len(arm.required - value.keys())

    return max(arms, key=rank)


def show_word(value: Json) -> str:
    """Return a value that stands where the schema lists values, if it looks like a word; otherwise what it is."""
    if not isinstance(value, str):
        return f"a value of type {type_of(value)}"
    return repr(value) if not value or is_word(value) else f"a text of {len(value)} characters"


def is_word(value: Json) -> bool:
    """Return whether a value is a text that a list of values may have, and not one that only its sender knows."""
    if not isinstance(value, str) or len(value) > MAX_WORD:
        return False
    return bool(_WORD.fullmatch(value)) and not _LONG_CODE.search(value)


def show_name(name: str) -> str:
    """Return the name of a property, if it looks like one; otherwise its length."""
    return name if is_name(name) else f"(a name of {len(name)} characters)"


def is_name(name: str) -> bool:
    """Return whether a key looks like the name of a property, and not like data."""
    return len(name) <= 2 * MAX_WORD and bool(_NAME.fullmatch(name))


def inferred_schema(finding: Finding) -> dict[str, Json]:
    """Return the schema of an unknown property: its types, and the names in its objects, none of them required."""
    schema: dict[str, Json] = _without_data(finding.builder.to_schema())
    return schema


def _without_data(schema: Json) -> Json:
    """Drop what a few values cannot show: which properties are required, and the keys of maps."""
    if isinstance(schema, list):
        return [_without_data(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("required", "properties")}
    kept = {key: _without_data(value) for key, value in kept.items()}
    names = schema.get("properties", {})
    if names and len(names) <= MAX_PROPERTIES and all(map(is_name, names)):
        kept["properties"] = {name: _without_data(value) for name, value in names.items()}
    return kept


def inferred_type(finding: Finding) -> str:
    """Return the types of an unknown property, such as `string or null`."""
    return " or ".join(sorted(_types(finding.builder.to_schema()))) or "nothing"


def _types(schema: Json) -> Iterator[str]:
    given = schema.get("type", ())
    yield from [given] if isinstance(given, str) else given
    for arm in schema.get("anyOf", ()):
        yield from _types(arm)
