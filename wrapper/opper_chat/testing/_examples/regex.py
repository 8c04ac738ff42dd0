"""A text that a regular expression matches, always the same one.

Written here because the small libraries for this draw at random, from sets whose order changes with
each process, and would make the same request get another answer.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

# The parser behind `re`, which has no public name since `sre_parse` was deprecated.
_parse: Callable[[str], Iterable[tuple[object, Any]]] = import_module("re._parser").parse

_READABLE = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_ .,:;/@+#!?()=*&%$<>[]{}'\""
_LONGEST_RANGE = 100
_LONGEST_TEXT = 10_000


def matching(pattern: str, shortest: int = 0, longest: int | None = None) -> Iterator[str]:
    """Yield texts that `pattern` is found in, of `shortest` to `longest` characters.

    None where the pattern is not one of Python's, or asks for more than this can do.
    """
    try:
        parsed = list(_parse(pattern))
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return
    limit = _LONGEST_TEXT if longest is None else longest
    seen: set[str] = set()
    # How often to repeat what may be repeated, beyond the least: once reads best. Not often, unless
    # length is asked for: nested repeats grow fast, and so does the time that `search` may take.
    for extra in dict.fromkeys((1, 0, 2, 3, shortest // 2, shortest)):
        for turn in range(16):
            text = _Writer(extra, turn).write(parsed)
            # A pattern without anchors may stand anywhere in a longer text.
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


class _Writer:
    """Writes one text; `extra` repeats more, `turn` picks other characters and branches."""

    def __init__(self, extra: int, turn: int) -> None:
        self._extra = extra
        self._turn = turn
        self._groups: dict[object, str] = {}

    def write(self, parsed: Iterable[tuple[object, Any]]) -> str:
        return "".join([self._one(str(code), value) for code, value in parsed])

    def _one(self, code: str, value: Any) -> str:
        match code:
            case "LITERAL":
                return chr(value)
            case "ANY":
                return self._pick(_READABLE)
            case "NOT_LITERAL":
                return self._pick(_READABLE.replace(chr(value), ""))
            case "IN":
                return self._pick(_members(value))
            case "BRANCH":
                return self.write(value[1][self._turn % len(value[1])])
            case "SUBPATTERN":
                text = self._groups[value[0]] = self.write(value[3])
                return text
            case "GROUPREF":
                return self._groups.get(value, "")
            case "ATOMIC_GROUP":
                return self.write(value)
            case "ASSERT":
                return self.write(value[1])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = value
                times = min(least + self._extra, most, max(least, _LONGEST_TEXT))
                return "".join([self.write(inner) for _ in range(min(times, _LONGEST_TEXT))])
            case _:
                return ""

    def _pick(self, choices: str) -> str:
        return choices[self._turn % len(choices)] if choices else ""


def _members(items: Iterable[tuple[object, Any]]) -> str:
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
