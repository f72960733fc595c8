"""Reads the segment files of a journal while another process may be writing them.

Only whole bursts are handed out: what a dying writer left half-written is cut off at its next start,
and its numbers are given to other facts.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from callcenter.adapters.journal.lines import (
    CARRIED,
    MORE,
    Entry,
    decode,
    decode_header,
    read_fact,
)
from callcenter.ports.journal import Numbered

SUFFIX: Final = ".jsonl"
DIGITS: Final = 16
# As many facts are kept for somebody who does not come to read them: about 150 MB.
MOST_KEPT: Final = 1_000_000

Place = tuple[int, int, int]  # segment, byte offset, line


def segment_path(folder: Path, first: int) -> Path:
    """The file of the segment whose first own fact is numbered `first`."""
    return folder / f"facts-{first:0{DIGITS}d}{SUFFIX}"


def segments(folder: Path) -> list[int]:
    """The first numbers of all segments, oldest first; the last is the head."""
    return sorted(
        int(path.stem.removeprefix("facts-"))
        for path in folder.glob(f"facts-{'[0-9]' * DIGITS}{SUFFIX}")
    )


class SegmentReader:
    """Follows the journal in `folder` by number. Each reader keeps its own place.

    `also_read` says how far somebody else has read what this reader may let be forgotten.
    """

    def __init__(self, folder: Path, *, also_read: Callable[[], int] | None = None) -> None:
        self._folder = folder
        self._also_read = also_read
        self._id: str | None = None
        # Everything before `_place`, which is between two bursts, is numbered `_number` or less.
        self._place: Place | None = None
        self._number = 0

    @property
    def journal_id(self) -> str | None:
        """Which journal this is; None before it was begun. Raises: DamagedJournal."""
        found = segments(self._folder)
        if not found:
            return None
        path = segment_path(self._folder, found[-1])
        with path.open("rb") as file:
            journal_id = decode_header(path, file.readline())
        if journal_id != self._id:
            self._id, self._place = journal_id, None
        return journal_id

    def read_after(self, number: int) -> Iterator[Numbered]:
        """Every fact with a greater number that is there now, in order, without those carried over.

        Starts with the oldest that is left, should some have been forgotten. Raises: DamagedJournal.
        """
        # The list is taken first: what is written to a segment that was not yet the last one then
        # is read before its successor is begun.
        found = segments(self._folder)
        place = self._place
        if place is None or self._number > number or place[0] not in found:
            place = None
        first = place[0] if place else _holding(found, number + 1)
        for segment in found:
            if first is None or segment < first:
                continue
            at = place if place and place[0] == segment else (segment, 0, 0)
            yield from self._burst_by_burst(at, number)

    def forget(self, before: int) -> int:
        """Delete closed segments whose facts are all numbered below `before`; how many."""
        if self._also_read is not None:
            before = min(before, max(self._also_read() + 1, before - MOST_KEPT))
        found = segments(self._folder)
        done = [own for own, following in pairwise(found) if following <= before]
        for segment in done:
            segment_path(self._folder, segment).unlink(missing_ok=True)
        return len(done)

    def _burst_by_burst(self, at: Place, after: int) -> Iterator[Numbered]:
        for place, burst in read_bursts(self._folder, at, after):
            yield from burst
            if burst:
                self._number, self._place = burst[-1][0], place


def read_bursts(folder: Path, at: Place, after: int) -> Iterator[tuple[Place, list[Numbered]]]:
    """The whole bursts from a place on, and the place behind each; carried facts are left out."""
    segment, offset, line_number = at
    path = segment_path(folder, segment)
    burst: list[Numbered] = []
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            line_number += 1
            if line_number == 1:
                decode_header(path, line)
                continue
            entry = decode(path, line_number, line)
            if entry[3] != CARRIED and entry[0] > after:
                burst.append((entry[0], read_fact(path, line_number, entry)))
            if entry[3] != MORE:
                yield (segment, offset, line_number), burst
                burst = []


def read_head(path: Path) -> Iterator[tuple[int, Entry]]:
    """Every line of a head after its first, as line number and plain data. Raises: DamagedJournal."""
    with path.open("rb") as file:
        for line_number, line in enumerate(file, 1):
            if line_number == 1:
                decode_header(path, line)
            else:
                yield line_number, decode(path, line_number, line)


def carried_into(folder: Path) -> Iterator[Numbered]:
    """What the oldest segment that is left began with: whoever reads from there needs it first.
    Raises: DamagedJournal."""
    found = segments(folder)
    if found:
        path = segment_path(folder, found[0])
        for line_number, entry in read_head(path):
            if entry[3] != CARRIED:
                return
            yield entry[0], read_fact(path, line_number, entry)


def _holding(found: list[int], number: int) -> int | None:
    """The segment in which `number` is or will be; the oldest one if it was forgotten."""
    older = [first for first in found if first <= number]
    return older[-1] if older else (found[0] if found else None)
