"""The ways out of a queue for whom nobody has served yet: after a while, at closing time, or by a key.

Each leads into another queue, where the wait goes on counting, or into a flow, which may say something,
take an answer, and let the caller wait again: in the same place, if it is the same queue. A phone that
rings for them is rung to its end first; a key is an answer by itself, and ends the ringing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from callcenter.core.calendar import Calendar
from callcenter.core.facts.calls import LeftBy
from callcenter.core.ids import FlowId, QueueId


@dataclass(frozen=True, slots=True)
class WayOut:
    """When, one of: `after` so long in this queue, when the caller presses `key`, when the hours of
    `calendar` end. Where to, one of: `queue`, `flow`."""

    after: timedelta | None = None
    key: str = ""
    calendar: str = ""
    queue: QueueId | None = None
    flow: FlowId | None = None

    @property
    def why(self) -> LeftBy:
        """What is said of those who take it."""
        if self.key:
            return LeftBy.KEY
        return LeftBy.CLOSING if self.calendar else LeftBy.TIMEOUT


def first_way_out(
    ways: Iterable[WayOut], joined_at: datetime, calendars: Mapping[str, Calendar]
) -> tuple[datetime, WayOut] | None:
    """The first that opens by itself for who joined then, and when; of two at once the one that is listed
    first."""
    found: tuple[datetime, WayOut] | None = None
    for way in ways:
        when = _opens(way, joined_at, calendars)
        if when is not None and (found is None or when < found[0]):
            found = when, way
    return found


def _opens(way: WayOut, joined_at: datetime, calendars: Mapping[str, Calendar]) -> datetime | None:
    if way.after is not None:
        return joined_at + way.after
    # A calendar that was deleted since closes nothing.
    hours = calendars.get(way.calendar)
    return hours.next_close(joined_at) if hours is not None else None


def way_by_key(ways: Iterable[WayOut], key: str) -> WayOut | None:
    """The way that this key opens."""
    return next((way for way in ways if way.key == key), None)
