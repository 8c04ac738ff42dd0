"""`Cassette`, the server that tests use: its arguments, its file, and the errors of requests that do not match."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias, TypedDict, cast, get_args

from ..._config.base_url import find_base_url
from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from .._loopback.server import LoopbackServer, explain_missing_extra
from .._replies.validation import is_instance
from .errors import RecordingError, UnmatchedRequestError, UnusedExchangeError
from .exchange import Exchange, encode_exchange, read_exchanges, write_cassette
from .matching import ExchangeStore
from .scrubber import Scrubber

RecordMode: TypeAlias = Literal["none", "once", "missing", "all"]
"""What a cassette records:

- `none`: nothing. The network is not used.
- `once`: everything if the file does not exist, otherwise nothing.
- `missing`: the requests that the file does not have. They are added at its end.
- `all`: everything. The file is replaced.
"""

RECORD_VARIABLE = "OPPER_RECORD"
"""What cassettes record: ``none`` (the default), ``once``, ``missing`` or ``all``."""


class CassetteSettings(TypedDict, total=False):
    """The arguments of `Cassette` that the fixture `opper_cassette` takes from `opper_cassette_settings`."""

    upstream: str | None
    record: RecordMode | None
    speed: float
    ignore: Iterable[str]
    repeat: bool
    strict: bool
    scrub_headers: Iterable[str]
    scrub_properties: Iterable[str]
    scrub: Callable[[str], Iterable[str]] | None


class Cassette(LoopbackServer):
    """A server on loopback that records the responses of another server in a file, and replays them.

    Use it as a context manager, and give its `base_url` to any client. A request that matches no recorded one gets an
    error with status 400, which clients do not retry, and leaving the block raises `UnmatchedRequestError`, unless
    another exception was raised in it. Both say where the nearest recorded request differs.

    A request matches a recorded one with the same method, path, query and JSON body, compared as values. Equal
    exchanges are used once each, in the order in which they were recorded. So a client that retries gets the recorded
    responses of its attempts.

    Keys, cookies and the names of accounts are not written to the file: headers, query parameters and properties that
    hold them, the `extra_headers` of a model, and their values anywhere else, plain or in JSON, percent-encoding, hex
    or base64. The headers of requests are not recorded at all.

    Args:
        path: The file, in JSON Lines.
        upstream: The URL of the server to record. Defaults to the environment variable `OPPER_BASE_URL`, then to
            `https://api.opper.ai/v2/openai`.
        record: What to record: `none`, `once`, `missing` or `all`. Defaults to the environment variable
            `OPPER_RECORD`, then to `none`.
        speed: How many times as fast as recorded the responses are replayed: 1 for the recorded times, 10 for a tenth
            of them. By default without pauses.
        ignore: Properties of the body that are not compared: names, or paths such as `metadata.run`. An array in a path
            matches each of its items.
        repeat: Whether the last of several equal exchanges can be used again.
        strict: Whether leaving the block raises `UnusedExchangeError` if a recorded exchange was not used.
        scrub_headers: Further headers that are not recorded.
        scrub_properties: Names of properties, in any JSON object of a body, whose values are not recorded.
        scrub: A function that gets the text of each body, and returns the parts of it that are not recorded.

    Raises:
        ImportError: The extra `testing` is not installed.
        InvalidArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        upstream: str | None = None,
        record: RecordMode | None = None,
        speed: float = math.inf,
        ignore: Iterable[str] = (),
        repeat: bool = False,
        strict: bool = False,
        scrub_headers: Iterable[str] = (),
        scrub_properties: Iterable[str] = (),
        scrub: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        self.path: Path = Path(path)
        self._record = find_record_mode(record)
        if not is_instance(speed, int, float) or not speed > 0:
            raise InvalidArgumentError("speed", "a number above 0", describe(speed))
        if scrub is not None and not callable(scrub):
            raise InvalidArgumentError("scrub", "a function of a text or None", describe(scrub))
        self._ignore = _check_names(ignore, "ignore")
        self._repeat = repeat
        self._strict = strict
        self._scrub = (
            _check_names(scrub_headers, "scrub_headers"),
            _check_names(scrub_properties, "scrub_properties"),
            scrub,
        )
        self._kept_lines: list[bytes] = []
        self._can_record = self._record in ("missing", "all") or (self._record == "once" and not self.path.exists())
        with explain_missing_extra("A cassette"):
            from .recorder import Recorder

            self._app = Recorder(find_base_url(upstream) if self._can_record else None, speed)
            super().__init__(self._app, "127.0.0.1", 0)

    @property
    def base_url(self) -> str:
        """The base URL for a client. Use it instead of that of `upstream`."""
        return self.origin

    @property
    def records(self) -> bool:
        """Whether requests can be forwarded to the upstream."""
        return self._can_record

    def start(self) -> Self:
        """Read the file and start to listen. Does nothing if the cassette is running.

        Returns:
            The cassette itself.

        Raises:
            CassetteFileError: The file is missing, or is not a cassette.
        """
        if not self._is_running:
            old: list[tuple[bytes, Exchange]] = []
            if not self._can_record or (self._record == "missing" and self.path.exists()):
                old = list(read_exchanges(self.path))
            self._kept_lines = [line for line, _ in old]
            store = ExchangeStore([exchange for _, exchange in old], self._ignore, repeat=self._repeat)
            self._app.load(store, Scrubber(*self._scrub))
        return super().start()

    def close(self) -> None:
        """Stop, and write the file if something was recorded. You can call it again.

        Responses that are being recorded have a second to complete. The file is written atomically.
        """
        if self._is_running:
            self._wait_for(self._app.finish())
            super().close()
            if self._can_record and (self._app.recorded or not self.path.exists()):
                write_cassette(self.path, [*self._kept_lines, *self._new_lines()])

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
        """Raise an error if something was wrong since the start. Leaving a `with` block calls this.

        Raises:
            UnmatchedRequestError: A request matches no recorded one.
            RecordingError: An exchange could not be recorded.
            UnusedExchangeError: A recorded exchange was not used, and `strict` is set.
        """
        __tracebackhide__ = True
        if self._app.failed:
            raise RecordingError(self._format_report(self._app.failed))
        if self._app.unmatched:
            raise UnmatchedRequestError(self._format_report(self._app.unmatched))
        if self._strict and self._app.store.unused:
            raise UnusedExchangeError(
                self._format_report([f"{one}, was not requested." for one in self._app.store.unused])
            )

    def _format_report(self, facts: list[str]) -> str:
        return f"{self.path}: {facts[0]}" if len(facts) == 1 else "\n".join([f"{self.path}:", *facts])

    def _new_lines(self) -> list[bytes]:
        readable: list[Exchange] = []
        for exchange in self._app.recorded:
            try:
                self._app.scrubber.learn_response(exchange.response)
            except RecordingError as error:
                self._app.failed.append(f"{exchange.request.method} {exchange.request.path}: {error}")
            else:
                readable.append(exchange)
        # Only now, because a secret that the last response has may be in the first one too.
        return [encode_exchange(self._app.scrubber.exchange(exchange)) for exchange in readable]


def find_record_mode(record: str | None) -> RecordMode:
    """Return what to record, from the argument or the environment.

    Raises:
        InvalidArgumentError: It is not one of the accepted values.
    """
    given = os.environ.get(RECORD_VARIABLE, "").strip() or "none" if record is None else record
    modes: tuple[RecordMode, ...] = get_args(RecordMode)
    for mode in modes:
        if given == mode:
            return mode
    source = RECORD_VARIABLE if record is None else "record"
    raise InvalidArgumentError(source, " or ".join(map(repr, modes)), repr(given))


def _check_names(names: object, argument: str) -> list[str]:
    # A string is an iterable of its characters, which is not what it means here.
    is_iterable = hasattr(names, "__iter__") and not is_instance(names, str)
    found: list[object] = list(cast("Iterable[object]", names)) if is_iterable else [None]
    checked = [name for name in found if isinstance(name, str)]
    if len(checked) < len(found):
        raise InvalidArgumentError(argument, "a list of names", describe(names))
    return checked
