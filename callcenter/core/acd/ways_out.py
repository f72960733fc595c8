"""The ways out of a queue for whom nobody has served yet: after a while, at closing time, by a key, when
the wait would be too long, or when nobody is left to serve them.

Each leads into another queue, where the wait goes on counting, or into a flow, which may say something,
take an answer, and let the caller wait again: in the same place, if it is the same queue. A phone that
rings for them is rung to its end first; a key is an answer by itself, and ends the ringing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.calendar import Calendar
from callcenter.core.facts.calls import LeftBy
from callcenter.core.ids import FlowId, QueueId

# So long nobody is signed in before callers are sent away: a sign-in at another desk is no desertion.
DESERTED_FOR: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class WayOut:
    """When, one of: `after` so long in this queue, when the caller presses `key`, when the hours of
    `calendar` end, when the wait that is left is `expected` to be longer than this, when `nobody` is signed
    in any more. Where to, one of: `queue`, `flow`."""

    after: timedelta | None = None
    key: str = ""
    calendar: str = ""
    queue: QueueId | None = None
    flow: FlowId | None = None
    expected: timedelta | None = None
    nobody: bool = False

    @property
    def why(self) -> LeftBy:
        """What is said of those who take it."""
        if self.key:
            return LeftBy.KEY
        if self.expected is not None:
            return LeftBy.EXPECTED
        if self.nobody:
            return LeftBy.NOBODY
        return LeftBy.CLOSING if self.calendar else LeftBy.TIMEOUT


def first_way_out(
    ways: Iterable[WayOut],
    joined_at: datetime,
    calendars: Mapping[str, Calendar],
    deserted_at: datetime | None = None,
) -> tuple[datetime, WayOut] | None:
    """The first that opens by itself for who joined then, and when; of two at once the one that is listed
    first. `deserted_at`: since when nobody is signed in who serves the queue, if so."""
    found: tuple[datetime, WayOut] | None = None
    for way in ways:
        when = _opens(way, joined_at, calendars, deserted_at)
        if when is not None and (found is None or when < found[0]):
            found = when, way
    return found


def _opens(
    way: WayOut,
    joined_at: datetime,
    calendars: Mapping[str, Calendar],
    deserted_at: datetime | None,
) -> datetime | None:
    if way.after is not None:
        return joined_at + way.after
    if way.nobody:
        return None if deserted_at is None else max(joined_at, deserted_at) + DESERTED_FOR
    # A calendar that was deleted since closes nothing.
    hours = calendars.get(way.calendar)
    return hours.next_close(joined_at) if hours is not None else None


def way_by_key(ways: Iterable[WayOut], key: str) -> WayOut | None:
    """The way that this key opens."""
    return next((way for way in ways if way.key == key), None)


def way_by_expected(ways: Iterable[WayOut], expected: timedelta) -> WayOut | None:
    """The way that is open to whom so long a wait is expected for still."""
    return next((way for way in ways if way.expected is not None and expected > way.expected), None)
