"""Checks of names: what becomes a class, an attribute or an argument must be one, and be the only one of its name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Any

from generation.schemas import mapping, roots, walk
from generation.source import Problem, join

TAKEN = frozenset({
    "Any", "ClassVar", "DecodeError", "File", "JsonValue", "Literal", "Mapping", "NotRequired", "OpenModel", "Reader",
    "Response", "Self", "TypeAlias", "TypedDict", "UUID",
})  # fmt: skip
"""Names that the generated modules import."""


def check_names(document: dict[str, Any]) -> Iterator[Problem]:
    """Find names that Python or the generated modules cannot have, and two that become one."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    classes: dict[str, str] = {}
    for name in schemas:
        pointer = join("", "components", "schemas", name)
        folded = re.sub(r"[^a-z0-9]", "", name.lower())
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            yield Problem(pointer, f"{name!r} is not the name of a class", "Write it as in 'ChatMessage'")
        elif class_name(name) != name:
            yield Problem(pointer, f"the class of {name!r} is called {class_name(name)}", "Write the name so")
        elif name in TAKEN or keyword.iskeyword(name):
            yield Problem(pointer, f"the generated modules use the name {name!r} themselves", "Choose another name")
        elif folded in classes:
            wrong = f"{name!r} and {classes[folded]!r} become the same module"
            yield Problem(pointer, wrong, "Choose another name")
        elif name.endswith("Param") and name.removesuffix("Param") in schemas:
            wrong = f"the typed dict of {name.removesuffix('Param')} has the name {name!r}"
            yield Problem(pointer, wrong, "Choose a name that does not end in 'Param'")
        classes.setdefault(folded, name)
    for place in (place for root in roots(document) for place in walk(root.value, root.pointer)):
        attributes: dict[str, str] = {}
        for name in mapping(place.value.get("properties")):
            pointer = join(place.pointer, "properties", name)
            attribute = attribute_name(name)
            if not attribute:
                wrong = f"{name!r} has no letter or digit that a name in Python may have"
                yield Problem(pointer, wrong, "Leave it out; models keep properties that are not described")
            elif attribute in attributes:
                wrong = f"{name!r} and {attributes[attribute]!r} become the same attribute, {attribute}"
                yield Problem(pointer, wrong, "Leave one out; models keep properties that are not described")
            attributes.setdefault(attribute, name)


def attribute_name(name: str) -> str:
    """Return a name in lower case with underscores between words, as the generated classes write it."""
    return "_".join(word.lower() for word in _words(name))


def class_name(name: str) -> str:
    """Return a name as the generated classes have it."""
    return "".join(word if word.isupper() else word.capitalize() for word in _words(name))


def _words(name: str) -> list[str]:
    if any(letter.isupper() for letter in name):
        name = " ".join(re.split("([A-Z]?[a-z]+)", name))
    return re.findall(r"[^\W_]+", name)
