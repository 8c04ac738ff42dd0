"""A file of JSON lines to which whole lines are appended. One process has it at a time.

A line is one write. A thread flushes the file to the disk each second: what was written survives the death of the
process at once, and a power cut after a second.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from threading import Event, Lock, Thread

from .._errors import BatchFileError
from .lines import LINE_START

SYNC_SECONDS = 1.0

_sync = getattr(os, "fdatasync", os.fsync)


class AppendFile:
    """A file that is created with permissions for its owner only, locked, and appended to.

    Args:
        path: the file.

    Raises:
        BatchFileError: another process has locked it, or it is a device or a pipe, which cannot be read again.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._lock = Lock()
        self._file: FileIO | None = None
        self._is_dirty = False
        self._error: OSError | None = None
        """Why nothing can be appended any more, or None."""
        self._stop = Event()
        is_new = not path.exists()
        self._file = FileIO(path, "ab+", opener=_open_private)
        try:
            _check_regular(self._file, path)
            _lock_file(self._file, path)
            if is_new:
                _sync_folder(path.parent)
        except BaseException:
            self._file.close()
            raise
        # Only now: before the lock, another run may have appended lines.
        self.size = os.fstat(self._file.fileno()).st_size
        self._thread = Thread(target=self._keep_synced, name="opper_chat batch file", daemon=True)
        self._thread.start()

    def is_same_file(self, path: Path) -> bool:
        """Return whether a path leads to this file."""
        return path.exists() and path.samefile(self.path)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the number, the offset and the bytes of each whole line.

        A last line without its end, which a process or a machine that died has left, is cut off at the end.

        Raises:
            BatchFileError: what is cut off is not the beginning of a line of a batch.
        """
        number = offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    self._cut(offset, line)
                    return
                yield number, offset, line
                offset += len(line)

    def _cut(self, offset: int, fragment: bytes) -> None:
        # After a power cut, a file system can leave zeros where data was not written.
        start = fragment.rstrip(b"\0")[: len(LINE_START)]
        if not LINE_START.startswith(start):
            raise BatchFileError(
                str(self.path), "The last line was not written by a batch. Name another file, or move this one away."
            )
        assert self._file is not None  # noqa: S101  # it is open until close()
        os.ftruncate(self._file.fileno(), offset)
        _sync(self._file.fileno())
        self.size = offset

    def move(self, path: Path) -> None:
        """Give the file another name, and close it.

        Raises:
            OSError: it cannot be renamed.
        """
        if sys.platform == "win32":
            self.close()  # an open file cannot be renamed there
        self.path.rename(path)  # elsewhere it is still locked, so no other run writes to it meanwhile
        _sync_folder(path.parent)
        self.close()

    def append(self, line: bytes) -> int:
        """Write a line, and return its offset.

        Args:
            line: the line with its end.

        Raises:
            OSError: it could not be written, or what was written before could not be flushed to the disk. What was
                written of it is removed.
            ValueError: the file is closed.
        """
        with self._lock:
            if self._file is None:
                raise ValueError("the file is closed")
            if self._error is not None:
                raise self._error
            offset, rest = self.size, memoryview(line)
            try:
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]
            except BaseException:
                try:
                    os.ftruncate(self._file.fileno(), offset)
                except OSError as error:
                    self._error = error  # a line after the rest of this one could not be read
                raise
            self.size += len(line)
            self._is_dirty = True
            return offset

    def read_line(self, offset: int) -> bytes:
        """Return the line at an offset."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.readline()

    def close(self) -> None:
        """Flush the file to the disk, unlock and close it. Closing twice does nothing.

        Raises:
            OSError: the file could not be flushed.
        """
        self._stop.set()
        with self._lock:
            file, self._file = self._file, None
        if file is None:
            return
        self._thread.join()
        try:
            _sync(file.fileno())
        finally:
            file.close()  # which unlocks it

    def _keep_synced(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            file = self._file
            if file is None or not self._is_dirty:
                continue
            self._is_dirty = False
            try:
                _sync(file.fileno())
            except OSError as error:
                # The kernel may have dropped what it could not write, so a later flush would succeed without it.
                self._error = error
                return


def _open_private(path: str, flags: int) -> int:
    # The mode is that of a new file: between open() and chmod() others could open it.
    return os.open(path, flags, 0o600)


def _check_regular(file: FileIO, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise BatchFileError(str(path), "It is a device or a pipe, so a batch cannot be resumed from it. Name a file.")


def _sync_folder(folder: Path) -> None:
    """Flush the name of a new file to the disk. Windows has no such thing."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock_file(file: FileIO, path: Path) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            # Other processes cannot read what is locked, so this is a byte that the file will not have.
            file.seek(1 << 62)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise BatchFileError(str(path), "Another run writes to this file. Wait for its end, or name another.") from None
    # Between opening and locking, another run may have renamed the file, which `move` then unlocks.
    if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
        raise BatchFileError(str(path), "Another run has renamed this file. Run this again, or name another.")
