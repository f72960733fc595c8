"""Moments at which something on the floor is due.

The truth is the field of the row that holds the deadline (`wrap_until`, `announce_at` …). This is
only an index over those fields: an item of which the row says something else by now (`Stands`) is
dropped, so a deadline is changed by changing the row and pushing again.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from callcenter.core.ids import AgentId, CallId


class Due(Enum):
    """What is due."""

    LEASE = 1
    WRAP = 2
    REST = 3
    ANNOUNCEMENT = 4


Stands = Callable[[datetime, Due, AgentId | CallId], bool]


@dataclass(slots=True)
class Deadlines:
    """A heap of (when, what, whose)."""

    _heap: list[tuple[datetime, int, Due, AgentId | CallId]] = field(default_factory=list)
    _pushed: int = 0

    def push(self, when: datetime, due: Due, whose: AgentId | CallId) -> None:
        """Remember to look at `whose` row at `when`."""
        self._pushed += 1
        heapq.heappush(self._heap, (when, self._pushed, due, whose))

    def next(self, stands: Stands) -> datetime | None:
        """When to look again: the earliest moment that still stands."""
        while self._heap:
            when, _, due, whose = self._heap[0]
            if stands(when, due, whose):
                return when
            heapq.heappop(self._heap)
        return None

    def due(self, now: datetime, stands: Stands) -> Iterator[tuple[Due, AgentId | CallId]]:
        """Take what is due and still stands, the earliest first."""
        while self._heap and self._heap[0][0] <= now:
            when, _, due, whose = heapq.heappop(self._heap)
            if stands(when, due, whose):
                yield due, whose
