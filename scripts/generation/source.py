"""The contract as a document whose places are known: each has a JSON pointer and a line.

Reads `openapi.yaml` and finds what YAML itself allows and a contract must not have: syntax errors, a key that is there
twice, a key that is not text. It does not look at what the document says; `generation.checks` does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

MOST_PROBLEMS = 20
"""How many problems a message lists."""


class Problem(NamedTuple):
    """One mistake in the contract.

    Attributes:
        pointer: where it is, as a JSON pointer.
        wrong: what is wrong there.
        write: what to write instead.
    """

    pointer: str
    wrong: str
    write: str


class ContractError(ValueError):
    """The contract says something that no client can be generated from. The message lists every problem."""

    def __init__(self, *problems: Problem, path: str = "openapi.yaml", lines: dict[str, int] | None = None) -> None:
        super().__init__(*problems)
        self.problems = problems
        self.path = path
        self.lines = lines or {}

    def __str__(self) -> str:
        listed = [self._describe(problem) for problem in self.problems[:MOST_PROBLEMS]]
        if more := len(self.problems) - MOST_PROBLEMS:
            listed += [f"... and {more} more problems"] if more > 0 else []
        return "\n".join(listed)

    def _describe(self, problem: Problem) -> str:
        line = self.lines.get(problem.pointer)
        place = f"{self.path}:{line}" if line else self.path
        return f"{place}: #{problem.pointer}: {problem.wrong}. {problem.write}."


class Contract:
    """The document, and the line of each of its places.

    Args:
        path: the file.

    Attributes:
        document: what the file says.

    Raises:
        ContractError: the file is not YAML, or has a key twice, or a key that is not text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document: dict[str, Any] = {}
        try:
            text = path.read_text("utf-8")
            self._root = yaml.compose(text, yaml.CSafeLoader)
        except UnicodeDecodeError as error:
            raise self.error(Problem("", f"the file is not UTF-8 ({error.reason})", "Save it as UTF-8")) from None
        except RecursionError:
            raise self.error(Problem("", "the document is nested too deeply", "Use components")) from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            raise ContractError(
                Problem("", f"this is not YAML: {getattr(error, 'problem', None) or error}", "Correct the syntax"),
                path=path.name,
                lines={"": mark.line + 1} if mark else {},
            ) from None
        if not isinstance(self._root, yaml.MappingNode):
            raise self.error(Problem("", "the document is not an object", "Begin with `openapi: 3.1.0`"))
        if problems := list(_keys(self._root, "", set())):
            raise self.error(*problems)
        self.document = yaml.load(text, yaml.CSafeLoader)  # it is the safe loader

    def error(self, *problems: Problem) -> ContractError:
        """Return the error that lists these problems, in the order of the file."""
        lines = {problem.pointer: self.line(problem.pointer) for problem in problems}
        unique = sorted(dict.fromkeys(problems), key=lambda problem: lines[problem.pointer])
        return ContractError(*unique, path=self.path.name, lines=lines)

    def line(self, pointer: str) -> int:
        """Return the line of a place, or of the nearest place above it that the file has."""
        node, line = getattr(self, "_root", None), 1
        for escaped in pointer.split("/")[1:]:
            part = escaped.replace("~1", "/").replace("~0", "~")
            if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
                node = node.value[int(part)]
                line = node.start_mark.line + 1
                continue
            found = dict(_members(node)).get(part) if isinstance(node, yaml.MappingNode) else None
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def escape(key: object) -> str:
    """Return a key as one part of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def join(pointer: str, *keys: object) -> str:
    """Return the pointer of a place below another."""
    return "/".join([pointer, *map(escape, keys)])


def _members(node: yaml.MappingNode) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            yield key.value, (key, value)


def _keys(node: yaml.Node, pointer: str, seen: set[int]) -> Iterator[Problem]:
    if id(node) in seen:  # an alias: looked at where its anchor stands
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _keys(item, join(pointer, index), seen)
    if not isinstance(node, yaml.MappingNode):
        return
    names: dict[Hashable, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(pointer, f"line {line} has a key that is a list or an object", "Write a name")
            continue
        place = join(pointer, key.value)
        if key.tag == "tag:yaml.org,2002:merge":
            yield Problem(
                place, "`<<` merges objects, which readers of OpenAPI do not", "Write the keys, or use `$ref`"
            )
        elif key.tag != "tag:yaml.org,2002:str":
            kind = key.tag.rpartition(":")[2]
            yield Problem(place, f"YAML reads the key {key.value} as {kind}", f'Write "{key.value}" in quotes')
        elif key.value in names:
            first = names[key.value]
            yield Problem(place, f"the key {key.value!r} is there twice, on lines {first} and {line}", "Remove one")
        names.setdefault(key.value, line)
        yield from _keys(value, place, seen)
