"""Moments at which something is due.

The truth is a field elsewhere: a call's phase, an agent's row. This is only an index over it: an item of
which the truth says something else by now (`stands`) is dropped, so a deadline is moved by changing the
truth and pushing again.
"""

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

Whose = TypeVar("Whose")


class Deadlines(Generic[Whose]):
    """A heap of (when, whose); of one moment, what was pushed first is first."""

    def __init__(self, stands: Callable[[datetime, Whose], bool]) -> None:
        self._stands = stands
        self._heap: list[tuple[datetime, int, Whose]] = []
        self._pushed = 0

    def push(self, when: datetime, whose: Whose) -> None:
        """Remember to look at `whose` at `when`."""
        self._pushed += 1
        heapq.heappush(self._heap, (when, self._pushed, whose))

    def next(self) -> datetime | None:
        """When to look again: the earliest moment that still stands."""
        while self._heap:
            when, _, whose = self._heap[0]
            if self._stands(when, whose):
                return when
            heapq.heappop(self._heap)
        return None

    def due(self, now: datetime) -> list[Whose]:
        """Take what is due and still stands, the earliest first, each once."""
        found: dict[Whose, None] = {}
        while self._heap and self._heap[0][0] <= now:
            when, _, whose = heapq.heappop(self._heap)
            if self._stands(when, whose):
                found[whose] = None
        return list(found)

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
