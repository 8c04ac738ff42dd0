"""Read stdin where it belongs to the prompt, without waiting for one that is open and stays silent.

Such a stdin is usual in scheduled jobs, in containers and under editors. If nothing else has a prompt, or ``-`` is
given, the command waits for stdin as long as it takes. Otherwise it waits a few seconds for the first byte.
"""

from __future__ import annotations

import os
import queue
import threading

from .console import Console
from .errors import UsageError

SILENT_SECONDS = 5.0
"""How long to wait for the first byte if stdin may be silent."""
_NOTE_SECONDS = 0.5
"""How long to wait before a note says so."""


def read_stdin(console: Console, *, is_required: bool) -> bytes | None:
    """Return the bytes of stdin up to its end, or None if it is a terminal, is closed, or stays silent.

    Args:
        console: has stdin, and gets a note if the command waits, or goes on without it.
        is_required: whether to wait without a limit, also for a terminal.
    """
    stdin = console.stdin
    if stdin is None or stdin.closed:
        return None
    if is_required:
        return stdin.buffer.read()
    if console.stdin_is_terminal:
        return None
    return _read_unless_silent(console, stdin.fileno())


def decode_stdin(content: bytes) -> str:
    """Return stdin as text, without the line ends at its end.

    Raises:
        UsageError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"stdin is not UTF-8 text (byte {error.start}). To send an image or a file, attach it: -a -."
        ) from None


def _read_unless_silent(console: Console, descriptor: int) -> bytes | None:
    """Read in a thread, since Windows cannot wait for a pipe with a timeout."""
    chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_into, args=(descriptor, chunks), daemon=True).start()
    try:
        first = _first_chunk(console, chunks)
    except queue.Empty:
        console.note(
            f"stdin was silent for {SILENT_SECONDS:g} seconds, and is not a part of the prompt. "
            "To wait for it, add `-` to the prompt."
        )
        return None
    content = [first]
    while content[-1]:
        content.append(chunks.get())
    return b"".join(content)


def _first_chunk(console: Console, chunks: queue.SimpleQueue[bytes]) -> bytes:
    brief = min(_NOTE_SECONDS, SILENT_SECONDS)
    try:
        return chunks.get(timeout=brief)
    except queue.Empty:
        console.note(f"Waiting {SILENT_SECONDS:g} seconds for stdin. If it has nothing for the prompt: < {os.devnull}")
        return chunks.get(timeout=SILENT_SECONDS - brief)


def _read_into(descriptor: int, chunks: queue.SimpleQueue[bytes]) -> None:
    """Put what a file has into a queue. An empty chunk stands for its end."""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            chunk = b""
        chunks.put(chunk)
        if not chunk:
            return
