"""Find values in a message that a model would likely pass to a tool: quoted text, names, numbers, emails and dates.

The rules are the same for all languages. They know nothing of JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)")
_WORD = re.compile("[^\\W\\d_][\\w'\u2019-]*")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w]|\.\d)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,63}")
_DATE = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")
_SENTENCE_END = re.compile(r"[.!?:\n]")
_PREPOSITIONS = frozenset(("at", "for", "from", "in", "near", "to"))
"""The words before the name of a place."""

_PLACE_NAME = re.compile(
    r"(?:^|[^a-z])(?:address|airport|area|city|cities|country|countries|destination|location|origin|place|region|"
    r"station|town|venue)s?(?:$|[^a-z])"
)
_LONGEST = 20_000
"""The most characters of a message that are searched."""


@dataclass(slots=True)
class MessageValues:
    """The values in a message, in their order."""

    message: str = ""
    texts: list[str] = field(default_factory=list[str])
    numbers: list[int | float] = field(default_factory=list[int | float])
    formatted: list[str] = field(default_factory=list[str])
    """Email addresses and ISO dates, for schemas with a `format`."""
    places: list[str] = field(default_factory=list[str])
    """The texts that follow a word such as "in", which may be places."""

    @classmethod
    def find(cls, message: str) -> MessageValues:
        """Return the values in a message."""
        message = message[:_LONGEST]
        numbers = [float(text) if "." in text else int(text) for text in _NUMBER.findall(message)]
        emails = _EMAIL.findall(message)
        formatted = [*emails, *_DATE.findall(message)]
        names, places = _names(_QUOTED.sub(" , ", message))
        texts = [*emails, *_quoted(message), *names]
        return cls(message, list(dict.fromkeys(texts)), list(dict.fromkeys(numbers)), formatted, places)

    def mentions(self, value: object) -> bool:
        """Return whether a value is a word of the message, in any case."""
        if not isinstance(value, str) or not value:
            return False
        return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", self.message, re.IGNORECASE) is not None

    def copy(self) -> MessageValues:
        """Return a copy from which values can be removed."""
        copies = self.texts.copy(), self.numbers.copy(), self.formatted.copy()
        return MessageValues(self.message, *copies, self.places)

    def exclude_places(self, values: Iterable[str]) -> None:
        """Remove texts from the places: "in Fahrenheit" is not a place if the schema has an enum with it."""
        others = {value.lower() for value in values}
        self.places = [place for place in self.places if place.lower() not in others]

    def sort_for(self, argument: str, place_arguments: int) -> None:
        """Put the texts for an argument first: the last places of the message for a place, the others for another.

        Args:
            argument: the name of the argument.
            place_arguments: how many arguments are places, and so how many of the last places are for them.
        """
        places = [place for place in self.places if place in self.texts]
        places = places[max(0, len(places) - place_arguments) :]
        self.texts.sort(key=lambda text: (text in places) != is_place(argument))

    def remove(self, value: object) -> None:
        """Remove a value that is used."""
        if isinstance(value, str) and value in self.formatted:
            self.formatted.remove(value)
        if isinstance(value, str) and value in self.texts:
            self.texts.remove(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and value in self.numbers:
            self.numbers.remove(value)


def _quoted(message: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTED.findall(message)]


def is_place(argument: str) -> bool:
    """Return whether an argument is a place by its name: `city`, `origin_airport`, `homeTown`."""
    return _PLACE_NAME.search(re.sub("(?<=[a-z])(?=[A-Z])", "_", argument).lower()) is not None


def _names(message: str) -> tuple[list[str], list[str]]:
    """Return the capitalized words, and those of them that follow a preposition.

    Adjacent words are one name. The first word of a sentence is left out.
    """
    names: list[str] = []
    places: list[int] = []
    words = list(_WORD.finditer(message))
    begins, end, was_name, before = True, 0, False, ""
    for found in words:
        word, between = found[0], message[end : found.start()]
        begins = begins or _SENTENCE_END.search(between) is not None
        # The first word of a sentence has a capital letter in any case, unless the message is this word alone.
        is_name = word[0].isupper() and word[:2] not in ("I", "I'") and (not begins or len(words) == 1)
        if is_name and was_name and between == " ":
            names[-1] += f" {word}"
        elif is_name:
            if before.lower() in _PREPOSITIONS and between == " ":
                places.append(len(names))
            names.append(word)
        begins, end, was_name, before = False, found.end(), is_name, word
    names = [re.sub("['\u2019]s$", "", name) for name in names]
    return names, [names[index] for index in places]
