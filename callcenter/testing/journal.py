"""A journal in memory: the twin of the one in files."""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence

from callcenter.ports.journal import Numbered


class MemoryJournal:
    """Keeps what it was given. `segment_facts`: how many facts fill a segment; `refusals`: how many
    times the disk will refuse from now on."""

    journal_id = "memory"

    def __init__(self, *, segment_facts: int = 1_000_000) -> None:
        self._segment_facts = segment_facts
        self._carried: list[Numbered] = []
        self._segments: list[list[Numbered]] = [[]]
        self._last = 0
        self.refusals = 0

    @property
    def last_number(self) -> int:
        """The number of the last fact written, 0 when there was none."""
        return self._last

    @property
    def is_full(self) -> bool:
        """See `ports.journal`."""
        return len(self._segments[-1]) >= self._segment_facts

    def replay(self) -> Iterator[Numbered]:
        """See `ports.journal`."""
        return iter([*self._carried, *self._segments[-1]])

    def append(self, facts: Sequence[Numbered]) -> None:
        """See `ports.journal`. Raises ValueError when the numbers do not go on, OSError if told to."""
        if not facts:
            return
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if facts[0][0] != self._last + 1:
            raise ValueError(f"the journal ends at {self._last}, not before {facts[0][0]}")
        self._segments[-1].extend(facts)
        self._last = facts[-1][0]

    def turn_over(self, carry: Iterable[Numbered]) -> None:
        """See `ports.journal`."""
        if not self._segments[-1]:
            return
        self._carried = list(carry)
        self._segments.append([])

    def read_after(self, number: int) -> Iterator[Numbered]:
        """See `ports.journal`."""
        return iter([item for own in self._segments for item in own if item[0] > number])

    def forget(self, before: int) -> int:
        """Drop closed segments whose facts are all numbered below `before`; how many."""
        closed, head = self._segments[:-1], self._segments[-1]
        kept = [own for own in closed if own and own[-1][0] >= before]
        self._segments = [*kept, head]
        return len(closed) - len(kept)
