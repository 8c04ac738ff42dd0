"""The cassette: its file, what it may record, and what it says when a test has asked for something else."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias, TypedDict, get_args

from ..._config.environment import find_base_url
from ..._errors.api import InvalidArgumentError
from .._loopback.server import LoopbackServer, extra
from .errors import RecordingError, UnmatchedRequestError, UnusedExchangeError
from .exchange import Exchange, line_of, read_lines, write_lines
from .matching import Shelf
from .scrubber import Scrub

Record: TypeAlias = Literal["none", "once", "missing", "all"]
"""What a cassette records:

- `none`: nothing, so that the network is never touched;
- `once`: everything where there is no file yet, else nothing;
- `missing`: what the file does not have, which goes to its end;
- `all`: everything, in place of the file.
"""

RECORD_VARIABLE = "OPPER_RECORD"


class CassetteSettings(TypedDict, total=False):
    """The arguments of `Cassette` that the fixture `opper_cassette` takes from `opper_cassette_settings`."""

    upstream: str | None
    record: Record | None
    speed: float
    ignore: Iterable[str]
    repeat: bool
    strict: bool
    scrub_headers: Iterable[str]
    scrub_members: Iterable[str]
    scrub: Callable[[str], Iterable[str]] | None


class Cassette(LoopbackServer):
    """A server on loopback that stands for another one: it records what that answers, and replays it from a file.

    Use it as a context manager. Any client will do whose address can be set: give it `base_url`. A request that
    nothing recorded matches is answered with status 400, which clients do not try again, and leaving the block
    raises `UnmatchedRequestError`, unless something else was raised in it. Both say where the nearest recorded request
    differs.

    A request matches one of the same method, path, query and JSON body, compared as values. Of several equal ones
    each is used once, in the order in which they were recorded; so the attempts of a client that tries again get
    what they got.

    Keys, cookies and the names of accounts are left out of the file: headers, parameters and members that hold them,
    the `extra_headers` of a model, and their values wherever else they stand, plain or in JSON, percent-encoding, hex
    or base64. The headers of a request are not recorded at all.

    Args:
        path: the file, of JSON lines.
        upstream: the address that `base_url` stands for; else the environment's `OPPER_BASE_URL`, then the
            documented `https://api.opper.ai/v2/openai`.
        record: what to record: `none`, `once`, `missing` or `all`; else what the environment's `OPPER_RECORD` says,
            then `none`.
        speed: how many times as fast as recorded the answers come: 1 for the recorded times, 10 for a tenth of
            them. By default at once.
        ignore: members of the body that are not compared: names, or paths such as `metadata.run`, in which an array
            stands for each of its items.
        repeat: whether the last of several equal exchanges is given again and again.
        strict: whether leaving the block raises `UnusedExchangeError` where a recorded exchange was not asked for.
        scrub_headers: further headers to leave out.
        scrub_members: names of members of whatever JSON object in a body whose value is not written down.
        scrub: is given the text of each body, and says which parts of it are not written down either.

    Raises:
        ImportError: the extra `testing` is not installed.
        InvalidArgumentError: an argument is wrong.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        upstream: str | None = None,
        record: Record | None = None,
        speed: float = math.inf,
        ignore: Iterable[str] = (),
        repeat: bool = False,
        strict: bool = False,
        scrub_headers: Iterable[str] = (),
        scrub_members: Iterable[str] = (),
        scrub: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        self.path: Path = Path(path)
        self._record = find_record(record)
        if not speed > 0:
            raise InvalidArgumentError("speed", "a number above 0", repr(speed))
        self._ignore = _names(ignore, "ignore")
        self._repeat = repeat
        self._strict = strict
        self._scrub = _names(scrub_headers, "scrub_headers"), _names(scrub_members, "scrub_members"), scrub
        self._old: list[bytes] = []
        self._forwards = self._record in ("missing", "all") or (self._record == "once" and not self.path.exists())
        with extra("a cassette"):
            from .recorder import Recorder

            self._app = Recorder(find_base_url(upstream) if self._forwards else None, speed)
            super().__init__(self._app, "127.0.0.1", 0)

    @property
    def base_url(self) -> str:
        """The address for a client. What it asks for below it is asked for below `upstream`."""
        return self.origin

    @property
    def records(self) -> bool:
        """Whether a request may go to the upstream."""
        return self._forwards

    def start(self) -> Self:
        """Read the file, listen, and return at once. Does nothing when it is running.

        Raises:
            CassetteFileError: the file is missing, or is not a cassette.
        """
        if self._loop is None:
            old: list[tuple[bytes, Exchange]] = []
            if not self._forwards or (self._record == "missing" and self.path.exists()):
                old = list(read_lines(self.path))
            self._old = [line for line, _ in old]
            shelf = Shelf([exchange for _, exchange in old], self._ignore, repeat=self._repeat)
            self._app.insert(shelf, Scrub(*self._scrub))
        return super().start()

    def close(self) -> None:
        """Write down what was recorded, whole or not at all, and end. May be repeated.

        What is under way gets a second to come to its end.
        """
        if self._loop is not None:
            self._loop.wait_for(self._app.finish())
            super().close()
            if self._forwards and (self._app.recorded or not self.path.exists()):
                write_lines(self.path, [*self._old, *self._new_lines()])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise what went wrong since the start. Leaving the block does it.

        Raises:
            UnmatchedRequestError: a request matched nothing that is recorded.
            RecordingError: an exchange could not be recorded.
            UnusedExchangeError: a recorded exchange was not asked for, and `strict` is set.
        """
        __tracebackhide__ = True
        if self._app.failed:
            raise RecordingError(self._told(self._app.failed))
        if self._app.unmatched:
            raise UnmatchedRequestError(self._told(self._app.unmatched))
        if self._strict and self._app.shelf.unused:
            raise UnusedExchangeError(self._told([f"{one}, was not asked for" for one in self._app.shelf.unused]))

    def _told(self, facts: list[str]) -> str:
        return f"{self.path}: {facts[0]}" if len(facts) == 1 else "\n".join([f"{self.path}:", *facts])

    def _new_lines(self) -> list[bytes]:
        readable: list[Exchange] = []
        for exchange in self._app.recorded:
            try:
                self._app.scrub.learn_answer(exchange.response)
            except RecordingError as error:
                self._app.failed.append(f"{exchange.request.method} {exchange.request.path}: {error}")
            else:
                readable.append(exchange)
        # Only now: what the last answer tells may stand in the first as well.
        return [line_of(self._app.scrub.exchange(exchange)) for exchange in readable]


def find_record(record: str | None) -> Record:
    """Return what to record, from the argument, else from the environment.

    Raises:
        InvalidArgumentError: it is none of the words.
    """
    given = os.environ.get(RECORD_VARIABLE, "").strip() or "none" if record is None else record
    words: tuple[Record, ...] = get_args(Record)
    for word in words:
        if given == word:
            return word
    source = RECORD_VARIABLE if record is None else "record"
    raise InvalidArgumentError(source, " or ".join(map(repr, words)), repr(given))


def _names(names: Iterable[str], argument: str) -> list[str]:
    if isinstance(names, str):
        # Its letters would be taken for names.
        raise InvalidArgumentError(argument, "a list of names", repr(names))
    return list(names)
