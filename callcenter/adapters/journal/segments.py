"""The engine's journal: one writer, append-only segment files, one write per burst.

`append` hands the burst to the operating system and does not wait for the disk: it survives the death
of this process, which is what happens; after a power cut the calls are gone anyway. A new segment is
written beside, synced and renamed, so that at any moment exactly one file is the newest complete
segment, and a start reads that one alone. Old segments stay until their reader has archived them.
"""

import errno
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from callcenter.adapters.journal.lines import (
    CARRIED,
    ENDS_WITH_MORE,
    MORE,
    decode,
    decode_header,
    encode,
    encode_header,
    read_fact,
)
from callcenter.adapters.journal.lock import lock
from callcenter.adapters.journal.reader import SegmentReader, read_head, segment_path, segments
from callcenter.core.facts.wire import Fact
from callcenter.ports.journal import Numbered

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 4 * 2**20  # About 28,000 facts: what a start can fold well within a second.
_PRIVATE: Final = 0o600


class SegmentJournal:
    """Writes and replays the journal in `folder`; see `ports.journal`. Close it to let go of it.

    Raises:
        JournalInUse: another process (or object) holds it.
        DamagedJournal: the newest segment cannot be read.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._reader = SegmentReader(folder)
        self._id = secrets.token_hex(8)
        self._file = -1
        self._head = self._last = self._size = 0
        self._full_at = max_bytes
        self._lock = lock(folder)
        try:
            for leftover in folder.glob("*.tmp"):
                leftover.unlink()
            self._open_head()
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def journal_id(self) -> str:
        """Tells this journal from one that was begun anew in its place."""
        return self._id

    @property
    def last_number(self) -> int:
        """The number of the last fact written, 0 when there was none."""
        return self._last

    @property
    def is_full(self) -> bool:
        """Whether `turn_over` is due. What was carried over does not count."""
        return self._size >= self._full_at

    def replay(self) -> Iterator[Numbered]:
        """What a start must read. Raises: DamagedJournal, naming file and line."""
        path = segment_path(self._folder, self._head)
        for line, entry in read_head(path):
            yield entry[0], read_fact(path, line, entry)

    def append(self, facts: Sequence[Numbered]) -> None:
        """Write one burst in one write.

        Raises:
            ValueError: the numbers do not go on where the journal ends.
            OSError: it could not be written; nothing of it is left in the file, so it may be tried again.
        """
        if not facts:
            return
        if facts[0][0] != self._last + 1:
            raise ValueError(f"the journal ends at {self._last}, not before {facts[0][0]}")
        burst = b"".join(
            [encode(number, fact, MORE) for number, fact in facts[:-1]] + [encode(*facts[-1])]
        )
        self._write(burst)
        self._size += len(burst)
        self._last = facts[-1][0]

    def turn_over(self, carry: Iterable[Numbered]) -> None:
        """Begin a new segment with `carry`. If the disk refuses, the old one goes on for a while."""
        if self._last < self._head:
            return  # nothing was written since this segment was begun
        try:
            self._begin(self._last + 1, carry)
        except OSError as error:
            self._full_at = self._size + self._max_bytes // 8
            logger.error("no new journal segment, the old one goes on", extra={"why": str(error)})

    def go_on_from(self, others: Iterable[Fact]) -> None:
        """Forget how things stood when this journal was written last: a start is to read these facts of
        another one, and what is appended from now on. Raises: OSError."""
        facts = list(others)
        # Before any number that is given from now on, in their order.
        carry = [(self._last - len(facts) + place, fact) for place, fact in enumerate(facts, 1)]
        if self._last < self._head and self._size == len(encode_header(self._id)):
            lines = b"".join(
                encode(*item, CARRIED) for item in carry
            )  # It may be followed already.
            self._write(lines)
            self._size += len(lines)
            self._full_at = self._size + self._max_bytes
            return
        self._begin(self._last + 1, carry)

    def read_after(self, number: int) -> Iterator[Numbered]:
        """See `SegmentReader.read_after`."""
        return self._reader.read_after(number)

    def forget(self, before: int) -> int:
        """See `SegmentReader.forget`."""
        return self._reader.forget(before)

    def close(self) -> None:
        """Let another engine have the journal."""
        os.close(self._file)
        os.close(self._lock)

    # -- segments -------------------------------------------------------------------------------

    def _open_head(self) -> None:
        found = segments(self._folder)
        if not found:
            self._begin(1, ())
            return
        self._head = found[-1]
        path = segment_path(self._folder, self._head)
        content = path.read_bytes()
        end = end_of_last_burst(content)
        self._id = decode_header(path, content[: content.find(b"\n") + 1])
        self._last = _last_number(path, content[:end], self._head)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        if end < len(content):
            os.ftruncate(self._file, end)
            torn = {"file": str(path), "bytes": len(content) - end}
            logger.warning("a torn burst was cut off the journal", extra=torn)
        self._size = end

    def _begin(self, first: int, carry: Iterable[Numbered]) -> None:
        """Write a segment beside, and switch to it in one rename."""
        content = encode_header(self._id) + b"".join(encode(*item, CARRIED) for item in carry)
        path = segment_path(self._folder, first)
        beside = path.with_suffix(".tmp")
        file = os.open(beside, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, _PRIVATE)
        try:
            _write_all(file, content)
            os.fsync(file)
            os.rename(beside, path)
        except BaseException:
            os.close(file)
            beside.unlink(missing_ok=True)
            raise
        # From the rename on this is the head: nothing may go to the old file any more.
        old, self._file = self._file, file
        self._head, self._size = first, len(content)
        self._full_at = self._size + self._max_bytes
        if old >= 0:
            os.close(old)
        _sync_folder(self._folder)

    def _write(self, burst: bytes) -> None:
        try:
            _write_all(self._file, burst)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise


def _write_all(file: int, content: bytes) -> None:
    if os.write(file, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def end_of_last_burst(content: bytes) -> int:
    """How much of a segment counts: what follows was being written."""
    end = content.rfind(b"\n") + 1
    while content.endswith(ENDS_WITH_MORE, 0, end):
        end = content.rfind(b"\n", 0, end - 1) + 1
    return end


def _last_number(path: Path, content: bytes, first: int) -> int:
    """The number of the last own fact; the one before the segment's first if it has none."""
    start = content.rfind(b"\n", 0, len(content) - 1) + 1
    if start == 0:
        return first - 1
    entry = decode(path, content.count(b"\n"), content[start:])
    return first - 1 if entry[3] == CARRIED else entry[0]
