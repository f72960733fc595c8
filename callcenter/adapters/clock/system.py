"""The machine's clock, followed without jumps.

A wall clock that is set forward by an hour would end every ringing and every wrap-up at once, and one
that is set back would leave them for ever. So the engine's time begins with the wall clock and moves with
the monotonic one; where the two have come apart it is bent towards the wall clock, a tenth faster or
slower than time really passes, as clocks are disciplined elsewhere (adjtime(3)). `not_before` keeps it
from starting earlier than the last fact that is written, whatever the wall clock says by then.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

BENT_BY: Final = 0.1
"""Of the time that passes: an hour is made up for in ten, and a ring of 20 s is 2 s off meanwhile."""


class SystemClock:
    """See `ports.clock`. The alarm needs a running event loop."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wall`: seconds since 1970 as the machine tells them; `passed`: seconds since some moment.

        Both are numbers, since the time is asked for at every event.
        """
        self._wall = wall
        self._passed = passed
        self._shown = wall()
        self._since = passed()
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """The time."""
        since, self._since = self._since, self._passed()
        went = self._since - since
        bent = went * BENT_BY
        off = self._wall() - (self._shown + went)
        self._shown += went + max(-bent, min(bent, off))
        return datetime.fromtimestamp(self._shown, UTC)

    def not_before(self, moment: datetime) -> None:
        """See `ports.clock`."""
        self._shown = max(self.now(), moment).timestamp()

    def wake_at(self, when: datetime | None, call: Callable[[], None]) -> None:
        """See `ports.clock`. While the time is bent it rings up to a tenth too early: whoever is woken
        looks at the clock."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if when is not None:
            delay = max(0.0, (when - self.now()).total_seconds())
            self._alarm = asyncio.get_running_loop().call_later(delay, call)
