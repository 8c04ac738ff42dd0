"""Schemas in the form that `openapi.yaml` has, made from those of another document or from values that were seen.

Every object, and every list of values, becomes a component with a name of its own. What is proposed is a draft: a
maintainer reads the names and descriptions before it is committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .document import Json
from .schemas import Arm, Pointer, Schema, arms_of

NOT_DESCRIBED = "Not described."
_ANNOTATIONS = ("deprecated", "default")


@dataclass(slots=True)
class Proposal:
    """A schema, and the components that it needs."""

    schema: dict[str, Json]
    components: dict[str, dict[str, Json]] = field(default_factory=dict)


class Proposer:
    """Makes proposals for one contract.

    Args:
        taken: The names of components that the contract has.
        known: The components of the contract for schemas of the other document, by the places of those.
        source: The `x-source` of what is proposed: where it is known from.
    """

    def __init__(self, taken: Iterable[str], known: dict[Pointer, str], source: str) -> None:
        self._taken = set(taken)
        self._known = dict(known)
        self._source = source

    def property(self, schema: Schema, owner: str, name: str, description: str = "") -> Proposal:
        """Return the proposal for a property.

        Args:
            schema: Its schema in the other document.
            owner: The component that gets it.
            name: Its name.
            description: A description, if the schema has none.
        """
        proposal = Proposal({})
        # A parameter names its component alone, as `reasoning_effort` does `ReasoningEffort`.
        prefix = "" if owner.endswith("Request") else owner
        converted = self._convert(schema, _component_name(prefix, name), proposal.components)
        annotations = {key: schema.value[key] for key in _ANNOTATIONS if key in schema.value}
        first = {key: value for key, value in converted.items() if key in ("$ref", "type")}
        proposal.schema = {
            **first,
            "description": _description(schema) or description or NOT_DESCRIBED,
            **annotations,
            **{key: value for key, value in converted.items() if key not in first},
            "x-source": self._source,
        }
        return proposal

    def _convert(self, schema: Schema, name: str, components: dict[str, dict[str, Json]]) -> dict[str, Json]:
        arms = arms_of(schema)
        if not arms or any(arm.type == "any" for arm in arms):
            return {}
        null = [arm for arm in arms if arm.type == "null"]
        values = [arm for arm in arms if arm.enum is not None]
        plain = [arm for arm in arms if arm.enum is None and arm.type not in ("null", "object", "array")]
        is_open = any(arm.type == value.type for arm in plain for value in values)
        if is_open:
            plain = [arm for arm in plain if arm.type != values[0].type]
        others = [arm for arm in arms if arm.type in ("object", "array")]
        converted: list[dict[str, Json]] = []
        if plain:
            converted.append(_plain(plain))
        if values:
            converted.append(self._values(values, schema, name, components, is_open=is_open))
        for number, arm in enumerate(others):
            arm_name = name if len(others) == 1 else f"{name}{_arm_suffix(arm, number)}"
            converted.append(self._structure(arm, arm_name, components))
        if not converted:
            return {}  # null, and perhaps something else another time
        if len(converted) == 1 and not null:
            return converted[0]
        if len(converted) == 1 and "type" in converted[0]:
            types = converted[0]["type"] if isinstance(converted[0]["type"], list) else [converted[0]["type"]]
            return {**converted[0], "type": [*dict.fromkeys([*types, "null"])]}
        return {"oneOf": [*converted, *([{"type": "null"}] if null else [])]}

    def _values(
        self, arms: list[Arm], schema: Schema, name: str, components: dict[str, dict[str, Json]], *, is_open: bool
    ) -> dict[str, Json]:
        listed = list(dict.fromkeys(value for arm in arms for value in arm.enum or ()))
        if len(listed) == 1 and not is_open:
            return {"type": arms[0].type, "const": listed[0]}
        known = self._known.get(arms[0].pointer)
        if known is None:
            known = self._known[arms[0].pointer] = self._free(name)
            components[known] = value_list(arms[0].type, listed, _description(schema) or NOT_DESCRIBED)
        return _reference(known)

    def _structure(self, arm: Arm, name: str, components: dict[str, dict[str, Json]]) -> dict[str, Json]:
        if arm.type == "array":
            items = self._convert(arm.items, f"{name}Item", components) if arm.items else {}
            return {"type": "array", **arm.bounds, "items": items}
        known = self._known.get(arm.pointer)
        if known is not None:
            return _reference(known)
        # Known before its properties are converted, because one of them may be of the same kind.
        known = self._known[arm.pointer] = self._free(name)
        component: dict[str, Json] = {"type": "object", "description": _one_line(arm.description) or NOT_DESCRIBED}
        components[known] = component
        if arm.is_map:
            component["additionalProperties"] = (
                self._convert(arm.additional, f"{known}Value", components) if arm.additional else True
            )
            return _reference(known)
        if arm.required:
            component["required"] = [key for key in arm.properties if key in arm.required]
        component["properties"] = {}
        for key, child in arm.properties.items():
            proposal = self.property(child, known, key)
            components.update(proposal.components)
            component["properties"][key] = proposal.schema
        return _reference(known)

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self._taken:
            free, number = f"{name}{number}", number + 1
        self._taken.add(free)
        return free


def value_list(kind: str, values: list[Json], description: str) -> dict[str, Json]:
    """Return a list of values as the contract writes it: open, so that any other value of the type is accepted."""
    return {"description": description, "anyOf": [{"type": kind, "enum": values}, {"type": kind}]}


def _plain(arms: list[Arm]) -> dict[str, Json]:
    types = list(dict.fromkeys(arm.type for arm in arms))
    bounds = {key: value for arm in arms for key, value in arm.bounds.items()}
    return {"type": types[0] if len(types) == 1 else types, **bounds}


def _reference(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}


def _component_name(owner: str, name: str) -> str:
    return owner + "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _arm_suffix(arm: Arm, number: int) -> str:
    for values in arm.kinds().values():
        return _component_name("", str(values[0]))
    return "List" if arm.type == "array" else str(number + 1)


def _description(schema: Schema) -> str:
    """Return the description of a schema, or of the one kind of value that it has, or its title."""
    own = schema.value if isinstance(schema.value, dict) else {}
    kinds = [arm.description for arm in arms_of(schema) if arm.type != "null"]
    return _one_line(own.get("description") or (kinds[0] if len(kinds) == 1 else "") or own.get("title"))


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())
