"""Moments at which something on the floor is due.

The truth is the field of the row that holds the deadline (`wrap_until`, `announce_at` …). This is
only an index over those fields: whoever pops an item compares it with the row and drops what no
longer holds, so a deadline is changed by changing the row and pushing again.
"""

import heapq
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


@dataclass(slots=True)
class Deadlines:
    """A heap of (when, what, whose)."""

    _heap: list[tuple[datetime, int, Due, AgentId | CallId]] = field(default_factory=list)
    _pushed: int = 0

    def push(self, when: datetime, due: Due, whose: AgentId | CallId) -> None:
        """Remember to look at `whose` row at `when`."""
        self._pushed += 1
        heapq.heappush(self._heap, (when, self._pushed, due, whose))

    def first(self) -> tuple[datetime, Due, AgentId | CallId] | None:
        """The earliest item, or None."""
        if not self._heap:
            return None
        when, _, due, whose = self._heap[0]
        return when, due, whose

    def drop(self) -> None:
        """Forget the earliest item: its row says something else by now."""
        heapq.heappop(self._heap)

    def pop(self, now: datetime) -> tuple[datetime, Due, AgentId | CallId] | None:
        """The earliest item that is due, or None."""
        if not self._heap or self._heap[0][0] > now:
            return None
        when, _, due, whose = heapq.heappop(self._heap)
        return when, due, whose
