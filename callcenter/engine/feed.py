"""Live screens: a snapshot, then numbered changes.

A change is the rows that are different after it, by kind and id (None: gone), so that applying it
needs no rule: `snapshot ⊕ changes == fresh snapshot`. Its number is that of the last fact in it, so that
a new configuration, which is no fact, shares the number of the change before it: who begins to follow
is told the changes of that number once more, which does no harm to whole rows.
The ring keeps which rows each of the recent changes touched; who asks for more is told that there is a gap
and takes the snapshot again. Rows are made when somebody looks, once for everybody: to make each at each
change cost a twentieth of all that a call costs. Who was slow, or looks only now and then, is told all that
is new to them as one change: of a row only the newest matters.

Some rows follow from no fact, such as alerts. They are kept here, beside the engine's own, and share the
number of the change before them too.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from itertools import islice, takewhile
from typing import Any, Final

from callcenter.ports.feed import Gap

Row = dict[str, Any]
Rows = dict[str, dict[str, Row | None]]
Touched = tuple[str, str]
"""A row by its kind and id."""
RING: Final = 8192


class Feed:
    """The ring of recent changes, and those who wait for the next."""

    def __init__(
        self,
        take_snapshot: Callable[[], tuple[int, dict[str, Any]]],
        row: Callable[[str, str], Row | None],
    ) -> None:
        """`row`: of a kind and an id as it is now; None when there is none."""
        self._take_snapshot = take_snapshot
        self._row = row
        self._made: dict[Touched, Row] = {}
        self._ring: deque[tuple[int, Collection[Touched]]] = deque(maxlen=RING)
        self._published = 0
        self._forgotten = 0  # the number of the last change that the ring no longer has
        self._more = asyncio.Event()
        self._beside: dict[str, dict[str, Row]] = {}

    def begin(self, number: int) -> None:
        """Start after a replay: nothing before `number` can be followed."""
        self._ring.clear()
        self._made.clear()
        self._forgotten = number

    def publish(self, number: int, touched: Collection[Touched]) -> None:
        """Tell everybody that these rows are different, or gone."""
        for one in touched:
            self._made.pop(one, None)
        if len(self._ring) == RING:
            self._forgotten = self._ring[0][0]
        self._ring.append((number, touched))
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
            self.publish(number, [(kind, key) for key in rows])

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
                yield self._together(list(islice(reversed(self._ring), unseen)))
            if seen == self._published:
                await more.wait()

    def _back_to(self, number: int) -> Iterator[tuple[int, Collection[Touched]]]:
        return takewhile(lambda change: change[0] >= number, reversed(self._ring))

    def _together(self, changes: list[tuple[int, Collection[Touched]]]) -> tuple[int, Rows]:
        """Changes, the newest first, as one."""
        rows: Rows = {}
        for kind, key in {one for _, touched in changes for one in touched}:
            rows.setdefault(kind, {})[key] = self._now(kind, key)
        return changes[0][0], rows

    def _now(self, kind: str, key: str) -> Row | None:
        made = self._made.get((kind, key))
        if made is None:
            beside = self._beside.get(kind)
            made = self._row(kind, key) if beside is None else beside.get(key)
            if made is not None:
                self._made[kind, key] = made
        return made
