"""The machine's clock, read once: from then on the time moves with the monotonic clock.

A wall clock that is set forward by an hour would end every ringing and every wrap-up at once, and one
that is set back would leave them for ever. So the engine's time is the wall clock of its start plus
what has really passed. `not_before` keeps it from starting earlier than the last fact that is written,
whatever the wall clock says by then.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SystemClock:
    """See `ports.clock`. The alarm needs a running event loop."""

    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._since = time.monotonic()
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """The time."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._since)

    def not_before(self, moment: datetime) -> None:
        """See `ports.clock`."""
        behind = moment - self.now()
        if behind > timedelta():
            self._anchor += behind

    def wake_at(self, when: datetime | None, call: Callable[[], None]) -> None:
        """See `ports.clock`."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if when is not None:
            delay = max(0.0, (when - self.now()).total_seconds())
            self._alarm = asyncio.get_running_loop().call_later(delay, call)
