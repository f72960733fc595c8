"""The time, and one alarm."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Aware UTC, never going backwards and never jumping while the engine lives."""

    def now(self) -> datetime: ...

    def not_before(self, moment: datetime) -> None:
        """Go on from `moment`, if that is later than now: what has been written is past."""
        ...

    def wake_at(self, when: datetime | None, call: Callable[[], None]) -> None:
        """Call once at `when`; replaces the alarm set before. None: no alarm."""
        ...
