"""Read stdin where it belongs to the prompt, without waiting for one that is open and stays silent.

Such a stdin is usual in scheduled jobs, in containers and under editors. If nothing else has a prompt, or ``-`` is
given, the command waits for stdin as long as it takes. Otherwise it waits a few seconds for the first byte.
"""

from __future__ import annotations

import errno
import os
import queue
import threading

from .console import Console
from .errors import UsageError

MAX_BYTES = 100_000_000
"""The largest stdin, which is more than models read. One without an end would fill the memory."""
SILENT_SECONDS = 5.0
"""How long to wait for the first byte if stdin may be silent."""
_NOTE_SECONDS = 0.5
"""How long to wait before a note says so."""


def read_stdin(console: Console, *, is_required: bool) -> bytes | None:
    """Return the bytes of stdin up to its end, or None if it is a terminal, is closed, or stays silent.

    Args:
        console: has stdin, and gets a note if the command waits, or goes on without it.
        is_required: whether to wait without a limit, also for a terminal.

    Raises:
        UsageError: it cannot be read, or is larger than `MAX_BYTES`.
    """
    stdin = console.stdin
    if stdin is None or stdin.closed:
        return None
    if console.stdin_is_terminal and not is_required:
        return None
    try:
        content = stdin.buffer.read(MAX_BYTES + 1) if is_required else _read_unless_silent(console, stdin.fileno())
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror or error}.") from None
    if content is not None and len(content) > MAX_BYTES:
        raise UsageError(f"stdin: expected at most {MAX_BYTES:,} bytes, got more.")
    return content


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
    chunks: queue.SimpleQueue[bytes | OSError] = queue.SimpleQueue()
    threading.Thread(target=_read_into, args=(descriptor, chunks), daemon=True).start()
    try:
        chunk = _first_chunk(console, chunks)
    except queue.Empty:
        console.note(
            f"stdin was silent for {SILENT_SECONDS:g} seconds, and is not a part of the prompt. "
            "To wait for it, add `-` to the prompt."
        )
        return None
    if isinstance(chunk, OSError) and chunk.errno == errno.EBADF:
        return None  # nohup gives a stdin that cannot be read
    content = bytearray()
    while chunk:
        if isinstance(chunk, OSError):
            raise chunk
        content += chunk
        if len(content) > MAX_BYTES:
            break
        chunk = chunks.get()
    return bytes(content)


def _first_chunk(console: Console, chunks: queue.SimpleQueue[bytes | OSError]) -> bytes | OSError:
    brief = min(_NOTE_SECONDS, SILENT_SECONDS)
    try:
        return chunks.get(timeout=brief)
    except queue.Empty:
        console.note(f"Waiting {SILENT_SECONDS:g} seconds for stdin. If it has nothing for the prompt: < {os.devnull}")
        return chunks.get(timeout=SILENT_SECONDS - brief)


def _read_into(descriptor: int, chunks: queue.SimpleQueue[bytes | OSError]) -> None:
    """Put what a file has into a queue. An empty chunk stands for its end, and so does an error."""
    size = 0
    chunk = b"-"
    while chunk and size <= MAX_BYTES:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError as error:
            chunks.put(error)
            return
        chunks.put(chunk)
        size += len(chunk)
