"""A clock that is moved by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class HandClock:
    """Stands still until `move`; alarms on the way ring at their own moment, in order."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._alarm: tuple[datetime, Callable[[], None]] | None = None

    def now(self) -> datetime:
        """The moment it was moved to."""
        return self._now

    @property
    def alarm_at(self) -> datetime | None:
        """When the alarm rings; None if there is none."""
        return self._alarm[0] if self._alarm else None

    def not_before(self, moment: datetime) -> None:
        """See `ports.clock`."""
        self._now = max(self._now, moment)

    def wake_at(self, when: datetime | None, call: Callable[[], None]) -> None:
        """See `ports.clock`."""
        self._alarm = None if when is None else (when, call)

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        until = self._now + by
        while self._alarm is not None and self._alarm[0] <= until:
            when, call = self._alarm
            self._alarm = None
            self._now = max(self._now, when)
            call()
        self._now = until
