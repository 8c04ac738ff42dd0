"""Edits of `openapi.yaml` that keep every other line as it is, comments included."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from .document import DocumentError, Json, get
from .proposals import Proposal
from .schemas import Pointer

COMPONENTS: Pointer = ("components", "schemas")


@dataclass(frozen=True, slots=True)
class AddProperty:
    """Add a property to the object at a place."""

    pointer: Pointer
    name: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class AddValues:
    """Add values to the `enum` at a place."""

    pointer: Pointer
    values: tuple[Json, ...]


Edit: TypeAlias = AddProperty | AddValues


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the text of a contract with edits.

    Raises:
        DocumentError: A place is not there, or writing the contract would change other lines.
    """
    editor = _yaml()
    document = editor.load(text)
    for number, (line, written) in enumerate(zip_longest(text.split("\n"), _dump(editor, document).split("\n")), 1):
        if line != written:
            raise DocumentError(
                f"the contract cannot be edited in place, because line {number} would change from {line!r} to "
                f"{written!r}. Indent by two, lists by two more, and wrap at 120 characters"
            )
    components: dict[str | int, dict[str, Json]] = {}
    for edit in edits:
        match edit:
            case AddProperty():
                _add_property(document, edit)
                neighbour = _component(edit.pointer) or next(reversed(get(document, COMPONENTS)))
                components.setdefault(neighbour, {}).update(edit.proposal.components)
            case AddValues():
                _add_values(get(document, edit.pointer), edit.values)
    for neighbour, added in components.items():
        _add_components(get(document, COMPONENTS), neighbour, added)
    return _dump(editor, document)


def format_edit(edit: Edit) -> str:
    """Return an edit as YAML to paste, with the place in a comment."""
    editor = _yaml()
    place = "/".join(str(part) for part in edit.pointer)
    match edit:
        case AddValues():
            return f"# add to {place}\n" + _dump(editor, _styled(list(edit.values)))
        case AddProperty():
            parts = [f"# add to {place}/properties\n" + _dump(editor, _styled({edit.name: edit.proposal.schema}))]
            if edit.proposal.components:
                parts.append(f"# add to {'/'.join(map(str, COMPONENTS))}\n")
                parts.append(_dump(editor, _styled(edit.proposal.components)))
            return "".join(parts)


def _add_property(document: Json, edit: AddProperty) -> None:
    properties = get(document, edit.pointer).setdefault("properties", CommentedMap())
    # Before the last one, to which the comment and the empty line that follow belong.
    properties.insert(max(len(properties) - 1, 0), _styled(edit.name), _styled(edit.proposal.schema))


def _component(pointer: Pointer) -> str | int | None:
    section, kind, *names = pointer
    return names[0] if (section, kind) == COMPONENTS and names else None


def _add_components(components: CommentedMap, neighbour: str | int, added: dict[str, Json]) -> None:
    """Add components before their neighbour, with an empty line after each."""
    for number, (name, schema) in enumerate(added.items()):
        components.insert(list(components).index(neighbour), name, _styled(schema))
        if number:
            components.yaml_set_comment_before_after_key(name, before="\n")
    if added:
        components.yaml_set_comment_before_after_key(neighbour, before="\n")


def _add_values(values: CommentedSeq, added: Sequence[Json]) -> None:
    for value in added:
        if value not in values:
            place = len(values) if values.fa.flow_style() else max(len(values) - 1, 0)
            values.insert(place, _styled(value))


def _styled(value: Json) -> Json:
    """Return a value in the style of the contract: short lists in one line, double quotes where they are needed."""
    if isinstance(value, dict):
        return CommentedMap({_styled(key): _styled(item) for key, item in value.items()})
    if isinstance(value, list):
        styled = CommentedSeq(_styled(item) for item in value)
        if not any(isinstance(item, dict | list) for item in value):
            styled.fa.set_flow_style()
        return styled
    if isinstance(value, str) and not _is_plain(value):
        return DoubleQuotedScalarString(value)
    return value


def _is_plain(text: str) -> bool:
    """Return whether a text needs no quotes. PyYAML reads more words as booleans, numbers and times than ruamel."""
    try:
        return bool(yaml.safe_load(f"- {text}\n") == [text] and yaml.safe_load(f"[{text}]") == [text])
    except yaml.YAMLError:
        return False


class _Representer(RoundTripRepresenter):
    """Writes null as the contract does."""


_Representer.add_representer(
    type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def _yaml() -> YAML:
    editor = YAML()
    editor.Representer = _Representer
    editor.width = 120
    editor.indent(mapping=2, sequence=4, offset=2)
    editor.preserve_quotes = True
    # It would write nothing in the place of a null.
    editor.representer.add_representer(type(None), lambda to, _: to.represent_scalar("tag:yaml.org,2002:null", "null"))
    return editor


def _dump(editor: YAML, value: Json) -> str:
    stream = io.StringIO()
    editor.dump(value, stream)
    return stream.getvalue()
