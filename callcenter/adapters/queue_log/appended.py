"""A file that is only ever added to, while others read along and turn it over.

Readers follow it as it grows, so that nothing in it may be taken back. Whoever dies in the middle of adding
adds the same again: what is there of it already is left out. A file that was renamed meanwhile is known
by its inode; what was begun in it is ended in it, and the next goes to a new one.
"""

import glob
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

Write = Callable[[int, bytes], int]

# Reporting tools are other users of this machine: whoever is in the file's group may read it.
_MODE: Final = 0o640


@dataclass(frozen=True, slots=True)
class End:
    """Which file it was, whatever it is called now, and how much of it was ours to remember."""

    inode: int = 0
    length: int = 0


class AppendedFile:
    """Adds whole lines to the file at `path`, from `end` on: what stands behind it was added by somebody
    who died before they could say so. Close it. Raises: OSError."""

    def __init__(self, path: Path, end: End, write: Write = os.write) -> None:
        self._path = path
        self._write = write
        self._begun = b""
        self._length = 0
        self._file = self._find(end)

    def where(self) -> End:
        """Where the next lines go: to be remembered before they are added. Raises: OSError."""
        if not self._begun:
            self._go_where_the_name_is()
        return self._end()

    def append(self, lines: bytes) -> End:
        """Add these; where the file ends now.

        Raises: OSError; some of it may be there, and whoever takes the file up again finds out.
        """
        there, rest = _shared(self._begun, lines)
        if there < len(self._begun) and rest:
            logger.warning("somebody else writes to queue_log", extra={"file": str(self._path)})
            there, rest = len(self._begun), _on_a_new_line(self._begun, rest)
        self._begun = self._begun[there:]
        self._length += there
        if rest:
            if self._write(self._file, rest) != len(rest):
                raise OSError("the file is full")
            os.fdatasync(self._file)
        return self._end()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)

    def _end(self) -> End:
        now = os.fstat(self._file)
        if not self._begun:
            self._length = now.st_size
        return End(now.st_ino, self._length)

    def _find(self, end: End) -> int:
        older = self._path.parent.glob(f"{glob.escape(self._path.name)}*")
        for path in (self._path, *sorted(older)):
            if end.inode and path.exists() and path.stat().st_ino == end.inode:
                self._begun, self._length = _behind(path, end.length), end.length
                return os.open(path, os.O_WRONLY | os.O_APPEND)
        return _open(self._path)

    def _go_where_the_name_is(self) -> None:
        try:
            is_there = os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            is_there = False
        if not is_there:
            new = _open(self._path)
            os.close(self._file)
            self._file = new


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
        os.fchmod(file, _MODE)  # whatever the umask says
        return file


def _behind(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(length)
        return file.read()


def _shared(begun: bytes, lines: bytes) -> tuple[int, bytes]:
    """How much of what was begun these lines are, and what of them is not there yet."""
    if begun.startswith(lines):
        return len(lines), b""
    if lines.startswith(begun):
        return len(begun), lines[len(begun) :]
    return 0, lines


def _on_a_new_line(before: bytes, lines: bytes) -> bytes:
    return lines if before.endswith(b"\n") else b"\n" + lines
