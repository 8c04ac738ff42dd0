"""Generate texts that match a regular expression, always the same ones. No I/O."""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

# The parser of `re`. It has no public name since `sre_parse` is deprecated.
_parse: Callable[[str], Iterable[tuple[object, Any]]] = import_module("re._parser").parse

_READABLE = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_ .,:;/@+#!?()=*&%$<>[]{}'\""
_LONGEST_RANGE = 100
_LONGEST_TEXT = 10_000


def matching_texts(pattern: str, shortest: int = 0, longest: int | None = None) -> Iterator[str]:
    """Yield texts that match a pattern.

    Args:
        pattern: A regular expression. Nothing is yielded if Python does not support it, or if it is too complex.
        shortest: The least number of characters.
        longest: The most characters, or None for no limit.
    """
    try:
        parsed = list(_parse(pattern))
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return
    limit = _LONGEST_TEXT if longest is None else longest
    seen: set[str] = set()
    # How many more repetitions than the minimum: one reads best. Only as many as the length needs, because nested
    # repetitions grow fast, and with them the time of `search`.
    for extra in dict.fromkeys((1, 0, 2, 3, shortest // 2, shortest)):
        for turn in range(16):
            text = _TextBuilder(extra, turn).build(parsed)
            # A pattern without anchors can match anywhere in a longer text.
            for candidate in (
                text,
                text.ljust(shortest, "a"),
                text.rjust(shortest, "a"),
                f"{text}{turn}",
            ):
                fits = shortest <= len(candidate) <= limit and candidate not in seen
                if fits and found.search(candidate):
                    seen.add(candidate)
                    yield candidate


class _TextBuilder:
    """Build one text of a parsed pattern.

    Args:
        extra: How many more repetitions than the minimum.
        turn: Selects other characters and branches.
    """

    def __init__(self, extra: int, turn: int) -> None:
        self._extra = extra
        self._turn = turn
        self._groups: dict[object, str] = {}

    def build(self, parsed: Iterable[tuple[object, Any]]) -> str:
        return "".join([self._build_node(str(code), value) for code, value in parsed])

    def _build_node(self, code: str, value: Any) -> str:
        match code:
            case "LITERAL":
                return chr(value)
            case "ANY":
                return self._pick(_READABLE)
            case "NOT_LITERAL":
                return self._pick(_READABLE.replace(chr(value), ""))
            case "IN":
                return self._pick(_class_characters(value))
            case "BRANCH":
                return self.build(value[1][self._turn % len(value[1])])
            case "SUBPATTERN":
                text = self._groups[value[0]] = self.build(value[3])
                return text
            case "GROUPREF":
                return self._groups.get(value, "")
            case "ATOMIC_GROUP":
                return self.build(value)
            case "ASSERT":
                return self.build(value[1])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = value
                times = min(least + self._extra, most, max(least, _LONGEST_TEXT))
                return "".join([self.build(inner) for _ in range(min(times, _LONGEST_TEXT))])
            case _:
                return ""

    def _pick(self, choices: str) -> str:
        return choices[self._turn % len(choices)] if choices else ""


def _class_characters(items: Iterable[tuple[object, Any]]) -> str:
    """Return the characters of a class such as `[a-f0-9]`, readable ones first."""
    negated = False
    own: list[str] = []
    tests: list[Callable[[str], bool]] = []
    for code, value in items:
        match str(code):
            case "NEGATE":
                negated = True
            case "LITERAL":
                own.append(chr(value))
            case "RANGE":
                first, last = value
                own += map(chr, range(first, min(last, first + _LONGEST_RANGE) + 1))
                tests.append(_between(first, last))
            case "CATEGORY":
                tests.append(_category(str(value)))
            case _:
                pass

    def inside(character: str) -> bool:
        return character in own or any(test(character) for test in tests)

    readable = [character for character in _READABLE if inside(character) != negated]
    return "".join(readable if negated else dict.fromkeys([*readable, *own]))


def _between(first: int, last: int) -> Callable[[str], bool]:
    return lambda character: first <= ord(character) <= last


def _category(name: str) -> Callable[[str], bool]:
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
    expression = re.compile("\\" + (letter.upper() if "_NOT_" in name else letter))
    return lambda character: expression.match(character) is not None
