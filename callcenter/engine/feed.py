"""Live screens: a snapshot, then numbered changes.

A change is the rows that are different after it, by kind and id (None: gone), so that applying it
needs no rule: `snapshot ⊕ changes == fresh snapshot`. Its number is that of the last fact in it.
Rows are made only for what a burst touched. The ring keeps the recent past; who asks for more is
told that there is a gap and takes the snapshot again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from callcenter.ports.feed import Gap

Row = dict[str, Any]
Rows = dict[str, dict[str, Row | None]]
RING: Final = 8192


class Feed:
    """The ring of recent changes, and those who wait for the next."""

    def __init__(self, take_snapshot: Callable[[], tuple[int, dict[str, Any]]]) -> None:
        self._take_snapshot = take_snapshot
        self._ring: deque[tuple[int, Rows]] = deque(maxlen=RING)
        self._forgotten = 0  # the number of the last change that the ring no longer has
        self._last = 0
        self._more = asyncio.Event()

    def begin(self, number: int) -> None:
        """Start after a replay: nothing before `number` can be followed."""
        self._ring.clear()
        self._forgotten = self._last = number

    def publish(self, number: int, rows: Rows) -> None:
        """Tell everybody."""
        if len(self._ring) == RING:
            self._forgotten = self._ring[0][0]
        self._ring.append((number, rows))
        self._last = number
        self._more.set()
        self._more = asyncio.Event()

    def snapshot(self) -> tuple[int, dict[str, Any]]:
        """Everything as it is now, and the number it stands for."""
        return self._take_snapshot()

    async def follow(self, after: int) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """Every change with a greater number, for ever.

        Raises:
            Gap: the ring no longer has them; take the snapshot again.
        """
        while True:
            if after < self._forgotten:
                raise Gap
            more = self._more
            for number, rows in self._since(after):
                yield number, rows
                after = number
            if after >= self._last:
                await more.wait()

    def _since(self, after: int) -> list[tuple[int, Rows]]:
        recent: list[tuple[int, Rows]] = []
        for change in reversed(self._ring):
            if change[0] <= after:
                break
            recent.append(change)
        recent.reverse()
        return recent
