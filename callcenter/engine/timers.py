"""When calls want to be woken, and one alarm for everything. After a restart the calls are asked again."""

from collections.abc import Callable, Mapping
from datetime import datetime

from callcenter.core.calls.phases import Call, deadline
from callcenter.core.deadlines import Deadlines
from callcenter.core.facts.calls import DeadlinePassed
from callcenter.core.ids import CallId
from callcenter.ports.clock import Clock


class Timers:
    """The deadlines of `calls`, which the owner keeps."""

    def __init__(
        self, clock: Clock, calls: Mapping[CallId, Call], wake: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._wake = wake
        self._deadlines = Deadlines[CallId](self._stands)
        self._armed: datetime | None = None

    def watch(self, call: Call) -> None:
        """Remember when this call wants to be woken."""
        when = deadline(call)
        if when is not None:
            self._deadlines.push(when, call.id)

    def due(self, now: datetime) -> list[DeadlinePassed]:
        """The calls whose moment has come, each once."""
        return [DeadlinePassed(now, call) for call in self._deadlines.due(now)]

    def rebuild(self) -> None:
        """Make the index again from the calls."""
        self._deadlines.clear()
        for call in self._calls.values():
            self.watch(call)

    def arm(self, floor: datetime | None) -> None:
        """Set the alarm for whatever is due first: a call, or the floor's own `floor`."""
        first = self._deadlines.next()
        self.arm_at(min((moment for moment in (first, floor) if moment is not None), default=None))

    def arm_at(self, when: datetime | None) -> None:
        """Set the alarm for `when`, whatever the calls want."""
        if when != self._armed:
            self._armed = when
            self._clock.wake_at(when, self._ring)

    def _stands(self, when: datetime, call_id: CallId) -> bool:
        call = self._calls.get(call_id)
        return call is not None and deadline(call) == when

    def _ring(self) -> None:
        self._armed = None  # a clock rings once: the same moment may be asked for again
        self._wake()
