"""Compare the contract with another document of the same operation, property by property.

Names of components, references, `allOf`, unions and the version of OpenAPI make no difference: what is compared is what
is accepted. Descriptions and examples are not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .document import Json, get, name_place, parse_reference
from .edits import COMPONENTS, AddProperty, AddValues, Edit
from .operations import Operation
from .proposals import Proposer
from .schemas import Arm, Pointer, Schema, arms_of

DifferenceKind = Literal["new", "gone", "different"]
DIFFERENCE_KINDS: tuple[DifferenceKind, ...] = ("new", "gone", "different")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the other document has, lacks, or describes in another way."""

    kind: DifferenceKind
    place: str
    """The component and property of the contract."""
    description: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}: {self.description}"


@dataclass(slots=True)
class NewProperty:
    """A property that the contract lacks: its schema there, and the object that gets it here."""

    schema: Schema
    pointer: Pointer
    owner: str
    name: str


@dataclass(slots=True)
class Comparison:
    """The differences between two operations, in the order of the contract, each once."""

    differences: dict[Difference, None] = field(default_factory=dict)
    new_properties: dict[Difference, NewProperty] = field(default_factory=dict)
    new_values: dict[Difference, AddValues] = field(default_factory=dict)
    known: dict[Pointer, str] = field(default_factory=dict)
    """The components of the contract, by the places of their counterparts."""
    _compared: set[tuple[Pointer, Pointer]] = field(default_factory=set)
    _schemas: set[tuple[int, int]] = field(default_factory=set)

    def compare(self, theirs: Operation, ours: Operation) -> None:
        """Compare what two operations send and receive."""
        for part, there, here in _parts(theirs, ours):
            if there and here:
                self.compare_schemas(there, here, name_place(here.pointer)[0])
            elif there or here:
                self._add(
                    "new" if there else "gone", ours.path, f"{part} is described only {'there' if there else 'here'}"
                )

    def edits(self, differences: Iterable[Difference], source: str, taken: Iterable[str]) -> dict[Difference, Edit]:
        """Return the edits that add what is new to the contract, by the differences. Others have none.

        Args:
            differences: Those to propose edits for.
            source: The `x-source` of the properties that are added.
            taken: The names of the components of the contract.
        """
        proposer = Proposer(taken, self.known, source)
        edits: dict[Difference, Edit] = {}
        for difference in differences:
            if new := self.new_properties.get(difference):
                proposal = proposer.property(new.schema, new.owner, new.name)
                edits[difference] = AddProperty(new.pointer, new.name, proposal)
            elif values := self.new_values.get(difference):
                edits[difference] = values
        return edits

    def compare_schemas(self, theirs: Schema, ours: Schema, place: str) -> None:
        """Compare what two schemas accept.

        Args:
            theirs: The schema in the other document.
            ours: The schema in the contract.
            place: The property that has them.
        """
        pair = (id(theirs.value), id(ours.value))
        if pair in self._schemas:
            return
        self._schemas.add(pair)
        there, here = arms_of(theirs), arms_of(ours)
        if any(arm.type == "any" for arm in here):
            return
        self._compare_types(there, here, place)
        self._compare_values(there, here, place)
        self._compare_bounds(there, here, place)
        items = [next((arm.items for arm in arms if arm.items), None) for arms in (there, here)]
        if items[0] and items[1]:
            self.compare_schemas(items[0], items[1], f"{place}[]")
        self._compare_kinds(
            [arm for arm in there if arm.type == "object"], [arm for arm in here if arm.type == "object"], place
        )

    def _compare_types(self, there: Sequence[Arm], here: Sequence[Arm], place: str) -> None:
        types = [dict.fromkeys(arm.type for arm in arms) for arms in (there, here)]
        for found in types:
            if "number" in found:
                found.pop("integer", None)
        if types[0].keys() != types[1].keys():
            self._different("type", " or ".join(sorted(types[0])), " or ".join(sorted(types[1])), place)

    def _compare_values(self, there: Sequence[Arm], here: Sequence[Arm], place: str) -> None:
        lists = [[arm for arm in arms if arm.enum is not None and arm.type != "null"] for arms in (there, here)]
        values = [list(dict.fromkeys(value for arm in arms for value in arm.enum or ())) for arms in lists]
        if lists[0] and lists[1]:
            component = _component(lists[1][0].pointer)
            if component:
                self.known.update(dict.fromkeys((arm.pointer for arm in lists[0]), component))
            named = place if component is None else component
            new = [value for value in values[0] if value not in values[1]]
            gone = [value for value in values[1] if value not in values[0]]
            if new:
                difference = self._add("new", named, f"values {_join(new)}")
                if len(values[1]) > 1:
                    self.new_values[difference] = AddValues((*lists[1][0].pointer, "enum"), tuple(new))
            if gone:
                self._add("gone", named, f"values {_join(gone)}")
        elif (lists[0] or lists[1]) and not any(arm.other_than for arm in here):
            shown = [_join(listed) if arms else "any" for listed, arms in zip(values, lists, strict=True)]
            if {"any"} != {arm.type for arm in there}:
                self._different("values", shown[0], shown[1], place)

    def _compare_bounds(self, there: Sequence[Arm], here: Sequence[Arm], place: str) -> None:
        bounds = [{key: value for arm in arms for key, value in arm.bounds.items()} for arms in (there, here)]
        for key in sorted(bounds[0].keys() | bounds[1].keys()):
            if bounds[0].get(key) != bounds[1].get(key):
                self._different(key, str(bounds[0].get(key, "none")), str(bounds[1].get(key, "none")), place)

    def _compare_kinds(self, there: Sequence[Arm], here: Sequence[Arm], place: str) -> None:
        known = [arm for arm in here if not arm.excluded_kinds()]
        groups: dict[int, list[Arm]] = {}
        for arm in there:
            if arm.excluded_kinds():
                continue  # any other kind, as the contract writes it
            if (index := _counterpart(arm, known)) is not None:
                groups.setdefault(index, []).append(arm)
            elif here:
                self._add("new", place, f"a kind of object, {_describe_kind(arm)}")
        for index, arm in enumerate(known):
            if index in groups:
                self._compare_objects(groups[index], arm, place)
            elif there:
                self._add("gone", place, f"the kind {name_place(arm.pointer)[0]}")

    def _compare_objects(self, there: Sequence[Arm], here: Arm, place: str) -> None:
        merged = _union(there)
        pair = (merged.pointer, here.pointer)
        if pair in self._compared:
            return
        self._compared.add(pair)
        owner = _component(here.pointer) or place
        self.known.update(dict.fromkeys((arm.pointer for arm in there), owner))
        if merged.is_map or here.is_map:
            if merged.is_map != here.is_map:
                keys = ["any" if arm.is_map else "named" for arm in (merged, here)]
                self._different("keys", keys[0], keys[1], owner)
            elif merged.additional and here.additional:
                self.compare_schemas(merged.additional, here.additional, f"{owner}.*")
            return
        for name in dict.fromkeys([*here.properties, *merged.properties]):
            theirs, ours, named = merged.properties.get(name), here.properties.get(name), f"{owner}.{name}"
            if ours is None and theirs is not None:
                difference = self._add("new", named, _describe_types(theirs))
                self.new_properties[difference] = NewProperty(theirs, here.pointer, owner, name)
            elif theirs is None:
                self._add("gone", named, "not there")
            elif ours is not None:
                self._compare_properties(theirs, ours, named)
                required = ["required" if name in arm.required else "optional" for arm in (merged, here)]
                if required[0] != required[1]:
                    self._different("presence", required[0], required[1], named)

    def _compare_properties(self, theirs: Schema, ours: Schema, place: str) -> None:
        for key, absent in (("deprecated", False), ("default", "none")):
            there, here = (_annotation(schema, key, absent) for schema in (theirs, ours))
            if there != here:
                self._different(key, str(there), str(here), place)
        self.compare_schemas(theirs, ours, place)

    def _different(self, what: str, there: str, here: str, place: str) -> None:
        self._add("different", place, f"{what}: {there} there, {here} here")

    def _add(self, kind: DifferenceKind, place: str, description: str) -> Difference:
        difference = Difference(kind, place, description)
        self.differences.setdefault(difference)
        return difference


def _parts(theirs: Operation, ours: Operation) -> Iterator[tuple[str, Schema | None, Schema | None]]:
    yield "the request", theirs.request(), ours.request()
    yield "the completion", theirs.reply(), ours.reply()
    yield "the event of a stream", theirs.event(), ours.event()
    for status, schema in theirs.errors():
        yield f"the error {status}", schema, ours.error(int(status) if status.isdigit() else None)


def _counterpart(arm: Arm, candidates: Sequence[Arm]) -> int | None:
    """Return the index of the arm that is the same kind of object, or None if there is none."""
    kinds = arm.kinds()
    best: tuple[int, int] | None = None
    for index, candidate in enumerate(candidates):
        named = candidate.kinds()
        shared = kinds.keys() & named.keys()
        if any(set(kinds[name]).isdisjoint(named[name]) for name in shared):
            continue
        common = len(arm.properties.keys() & candidate.properties.keys())
        if not shared and len(candidates) > 1 and not common and not (arm.is_map and candidate.is_map):
            continue
        rank = (100 * len(shared) + common, -index)
        best = rank if best is None else max(best, rank)
    return None if best is None else -best[1]


def _union(arms: Sequence[Arm]) -> Arm:
    """Return one arm for several: with the properties of all, of which those are required that all require."""
    if len(arms) == 1:
        return arms[0]
    schemas: dict[str, list[Schema]] = {}
    for arm in arms:
        for name, schema in arm.properties.items():
            schemas.setdefault(name, []).append(schema)
    properties = {
        name: found[0]
        if all(schema.value == found[0].value for schema in found)
        else replace(found[0], value={"anyOf": [schema.value for schema in found]})
        for name, found in schemas.items()
    }
    return replace(arms[0], properties=properties, required=frozenset.intersection(*(arm.required for arm in arms)))


def _component(pointer: Pointer) -> str | None:
    """Return the component that a pointer leads to itself, or to an arm of."""
    if pointer[:2] != COMPONENTS or any(part in ("properties", "items") for part in pointer[3:]):
        return None
    return str(pointer[2]) if len(pointer) > 2 else None


def _annotation(schema: Schema, key: str, absent: Json) -> Json:
    """Return a keyword of a schema, or of what it refers to."""
    value = schema.value
    for _ in range(10):
        if not isinstance(value, dict) or key in value:
            break
        if "$ref" in value:
            value = get(schema.document, parse_reference(value["$ref"]))
        elif len(value.get("allOf", ())) == 1:
            value = value["allOf"][0]
        else:
            break
    return value.get(key, absent) if isinstance(value, dict) else absent


def _describe_types(schema: Schema) -> str:
    arms = arms_of(schema)
    values = [value for arm in arms for value in arm.enum or ()]
    types = " or ".join(dict.fromkeys(arm.type for arm in arms)) or "nothing"
    return f"{types}: {_join(values)}" if values else types


def _describe_kind(arm: Arm) -> str:
    kinds = ", ".join(f"{name} {_join(values)}" for name, values in arm.kinds().items())
    return kinds or f"with {', '.join(arm.properties) or 'any keys'}"


def _join(values: Sequence[Json]) -> str:
    return ", ".join(str(value) for value in values)
