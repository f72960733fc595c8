"""A copy of the journal while an engine writes it and the archive forgets what it has read.

An open file stays, whoever deletes it. So segments are opened twice, before and after the picture of the
database is taken: what the picture does not hold was still there the first time, or is there the second
time. That nothing is missing between the two is looked at, not believed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from callcenter.adapters.journal.lines import CARRIED, DamagedJournal, decode, decode_header
from callcenter.adapters.journal.reader import segment_path, segments
from callcenter.adapters.journal.segments import end_of_last_burst

_NEWLINE: Final = b"\n"


@dataclass(frozen=True, slots=True)
class SegmentCopy:
    """One segment up to its last whole burst. `facts`: how many of its own; `last`: the number it ends
    with. One that cannot be read (`damage`) is copied as it is."""

    name: str
    content: bytes
    journal: str
    first: int
    last: int
    facts: int
    damage: str = ""


class PinnedJournal:
    """Segments of the journal in `folder`, held open. Close it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, BinaryIO] = {}

    def pin(self) -> None:
        """Hold whatever is there now, besides what is held already."""
        for first in segments(self._folder):
            if first not in self._open:
                try:
                    self._open[first] = segment_path(self._folder, first).open("rb")
                except FileNotFoundError:
                    continue  # Forgotten in this very moment: the database has it.

    def copies(self) -> Iterator[SegmentCopy]:
        """What is held, oldest first, each as it is when it is read."""
        for first in sorted(self._open):
            yield self._copy(first)

    def hole(self, archived: Mapping[str, int]) -> tuple[int, int] | None:
        """Numbers that are neither held nor among those `archived` (the last one for each journal)."""
        expected: int | None = None
        for one in self.copies():
            if one.damage:
                return None  # Nothing can be said about it.
            if expected is None:
                expected = archived.get(one.journal, 0) + 1
            if one.first > expected:
                return expected, one.first - 1
            expected = max(expected, one.last + 1)
        return None

    def close(self) -> None:
        """Let go of all."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _copy(self, first: int) -> SegmentCopy:
        path = segment_path(self._folder, first)
        self._open[first].seek(0)
        content = self._open[first].read()
        whole = content[: end_of_last_burst(content)]
        try:
            return _looked_at(path, first, whole)
        except DamagedJournal as error:
            return SegmentCopy(path.name, content, "", first, first - 1, 0, str(error))


def _looked_at(path: Path, first: int, content: bytes) -> SegmentCopy:
    head, *lines = content.split(_NEWLINE)
    journal = decode_header(path, head)
    last, facts = first - 1, 0
    for number, line in enumerate(filter(None, lines), 2):
        entry = decode(path, number, line)
        if entry[3] != CARRIED:
            last, facts = entry[0], facts + 1
    return SegmentCopy(path.name, content, journal, first, last, facts)
