"""The progress of a batch: a bar on a terminal, or a line every few seconds, on stderr; or JSON lines on stdout."""

from __future__ import annotations

from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from ..console import Console
from ..errors import UsageError

if TYPE_CHECKING:
    from opper_chat.batch import BatchProgress

LINE_SECONDS = 10.0
"""The seconds between two lines, unless the user gives others."""
UPDATE_SECONDS = 0.25
"""The seconds between two updates of a display. It can show less."""


class ProgressDisplay(Protocol):
    """Shows the progress of a batch."""

    def update(self, progress: BatchProgress) -> None:
        """Show the state of the batch."""

    def close(self, progress: BatchProgress) -> None:
        """Show the last state, and end the display."""


class NoDisplay:
    """Shows nothing."""

    def update(self, progress: BatchProgress) -> None:
        """Do nothing."""

    def close(self, progress: BatchProgress) -> None:
        """Do nothing."""


class LineDisplay:
    """Writes a line to stderr every few seconds, and at once when the batch begins to stop.

    Args:
        console: has stderr.
        interval: the seconds between two lines.
    """

    def __init__(self, console: Console, interval: float) -> None:
        self._console = console
        self._interval = interval
        self._written_at = monotonic()
        self._is_stopping = False

    def update(self, progress: BatchProgress) -> None:
        """Write a line, if it is time."""
        now = monotonic()
        stops = progress.stopped is not None and progress.in_flight and not self._is_stopping
        if stops or now - self._written_at >= self._interval:
            self._written_at = now
            self._is_stopping = progress.stopped is not None
            self._write(progress)

    def close(self, progress: BatchProgress) -> None:
        """Do nothing: a summary of the batch follows."""

    def _write(self, progress: BatchProgress) -> None:
        self._console.note(describe_progress(progress))


class JsonDisplay(LineDisplay):
    """Writes a JSON object to stdout every few seconds, when the batch begins to stop, and at the end."""

    def close(self, progress: BatchProgress) -> None:
        """Write the last state."""
        self._write(progress)

    def _write(self, progress: BatchProgress) -> None:
        import json

        self._console.write_line(json.dumps(progress_object(progress)))


class BarDisplay:
    """Shows a bar on stderr, which is a terminal, by rich."""

    def __init__(self, console: Console) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=RichConsole(file=console.stderr), auto_refresh=False)
        self._task = self._bar.add_task("", total=None)
        self._bar.start()

    def update(self, progress: BatchProgress) -> None:
        """Draw the bar again."""
        self._bar.update(
            self._task,
            total=progress.total,
            completed=progress.skipped + progress.finished,
            description=describe_progress(progress),
            refresh=True,
        )

    def close(self, progress: BatchProgress) -> None:
        """Draw the last state, and leave it there."""
        if progress.total is not None:
            self.update(progress)
        self._bar.stop()


def create_display(kind: str, interval: float | None, console: Console) -> ProgressDisplay:
    """Return the display for an option of the command.

    Args:
        kind: ``auto``, ``bar``, ``lines``, ``json`` or ``none``.
        interval: the seconds between two lines. Default: 10.
        console: has the streams.

    Raises:
        UsageError: the interval is negative, or rich, which draws the bar, is not installed.
    """
    if interval is not None and not interval >= 0:
        raise UsageError(f"--progress-interval: expected a number of seconds of at least 0, got {interval}.")
    seconds = LINE_SECONDS if interval is None else interval
    if kind == "json":
        return JsonDisplay(console, seconds)
    if kind == "none" or console.quiet:
        return NoDisplay()
    if kind == "bar" or (kind == "auto" and console.stderr_moves_cursor):
        try:
            return BarDisplay(console)
        except ImportError:
            if kind == "bar":
                hint = "Install it with: pip install 'opper-chat[cli]'."
                raise UsageError(f"--progress bar: The bar needs the package rich. {hint}") from None
    return LineDisplay(console, seconds)


def describe_progress(progress: BatchProgress) -> str:
    """Return the state of a batch as a line."""
    done = progress.skipped + progress.finished
    parts = [f"{done:,} rows" if progress.total is None else f"{done:,} of {progress.total:,} rows"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.in_flight:
        parts.append(f"{progress.in_flight:,} in flight")
    if tokens := progress.prompt_tokens + progress.completion_tokens:
        parts.append(f"{tokens:,} tokens")
    if progress.cost is None:
        parts.append("cost not known")
    elif progress.cost:
        parts.append(format_cost(progress.cost))
    if progress.finished:
        parts.append(f"{progress.rows_per_second:,.1f} rows/s")
    if progress.stopped is None and progress.remaining and progress.seconds_left is not None:
        parts.append(f"{format_seconds(progress.seconds_left)} left")
    if progress.stopped is not None and progress.in_flight:
        again = " (Ctrl-C again stops at once)" if progress.stopped == "interrupt" else ""
        parts.append(f"finishing what is in flight{again}")
    return ", ".join(parts)


def progress_object(progress: BatchProgress) -> dict[str, Any]:
    """Return the state of a batch as a JSON object."""
    left = progress.seconds_left
    return {
        **progress._asdict(),
        "cost": None if progress.cost is None else f"{progress.cost:f}",
        "limit": float(progress.limit) if isinstance(progress.limit, Decimal) else progress.limit,
        "seconds": round(progress.seconds, 3),
        "remaining": progress.remaining,
        "rows_per_second": round(progress.rows_per_second, 3),
        "seconds_left": None if left is None else round(left, 1),
    }


def format_cost(cost: Decimal) -> str:
    """Return US dollars as text, such as ``$0.0125``."""
    return f"${cost.normalize():f}"


def format_seconds(seconds: float) -> str:
    """Return a duration as text, such as ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
