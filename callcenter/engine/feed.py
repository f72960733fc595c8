"""Live screens: a snapshot, then numbered changes.

A change is the rows that are different after it, by kind and id (None: gone), so that applying it
needs no rule: `snapshot ⊕ changes == fresh snapshot`. Its number is that of the last fact in it, so that
a new configuration, which is no fact, shares the number of the change before it: who begins to follow
is told the changes of that number once more, which does no harm to whole rows.
Rows are made only for what a burst touched. The ring keeps the recent past; who asks for more is
told that there is a gap and takes the snapshot again. Who was slow, or looks only now and then, is told
all that is new to them as one change: of a row only the newest matters.

Some rows follow from no fact, such as alerts. They are kept here, beside the engine's own, and share the
number of the change before them too.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import islice, takewhile
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
        self._published = 0
        self._forgotten = 0  # the number of the last change that the ring no longer has
        self._more = asyncio.Event()
        self._beside: dict[str, dict[str, Row]] = {}

    def begin(self, number: int) -> None:
        """Start after a replay: nothing before `number` can be followed."""
        self._ring.clear()
        self._forgotten = number

    def publish(self, number: int, rows: Rows) -> None:
        """Tell everybody."""
        if len(self._ring) == RING:
            self._forgotten = self._ring[0][0]
        self._ring.append((number, rows))
        self._published += 1
        self._more.set()
        self._more = asyncio.Event()

    def put_beside(self, number: int, kind: str, rows: Mapping[str, Row | None]) -> None:
        """Show rows of a kind that is not the engine's, from now on; None: take it away."""
        kept = self._beside.setdefault(kind, {})
        for key, row in rows.items():
            if row is None:
                kept.pop(key, None)
            else:
                kept[key] = row
        if rows:
            self.publish(number, {kind: dict(rows)})

    def snapshot(self) -> tuple[int, dict[str, Any]]:
        """Everything as it is now, and the number it stands for."""
        number, rows = self._take_snapshot()
        return number, {**rows, **{kind: dict(kept) for kind, kept in self._beside.items()}}

    async def follow(self, after: int) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """What a snapshot with the number `after` may not hold, for ever: whatever has changed since
        the last look as one change, with the number of the newest.

        Raises:
            Gap: the ring no longer has them; take the snapshot again.
        """
        if after < self._forgotten:
            raise Gap
        seen = self._published - sum(1 for _ in self._back_to(after))
        while True:
            if seen < self._published - len(self._ring):
                raise Gap
            more = self._more
            unseen = self._published - seen
            seen = self._published
            if unseen:
                yield _together(list(islice(reversed(self._ring), unseen)))
            if seen == self._published:
                await more.wait()

    def _back_to(self, number: int) -> Iterator[tuple[int, Rows]]:
        return takewhile(lambda change: change[0] >= number, reversed(self._ring))


def _together(changes: list[tuple[int, Rows]]) -> tuple[int, Rows]:
    """Changes, the newest first, as one."""
    if len(changes) == 1:
        return changes[0]
    merged: Rows = {}
    for _, rows in reversed(changes):
        for kind, of_kind in rows.items():
            merged.setdefault(kind, {}).update(of_kind)
    return changes[0][0], merged
