"""When calls want to be woken: an index over `deadline(call)`, and one alarm for everything.

The truth is the call's phase. An item whose moment no longer stands in the phase is dropped when it
comes first, so a deadline is moved by changing the phase and nothing else, and nobody is woken for it.
After a restart the calls are asked again.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from callcenter.core.calls.phases import Call, deadline
from callcenter.core.facts.calls import DeadlinePassed
from callcenter.core.ids import CallId
from callcenter.ports.clock import Clock


class Timers:
    """A heap of (when, call)."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[datetime, CallId]] = []
        self._armed: datetime | None = None

    def watch(self, call: Call) -> None:
        """Remember when this call wants to be woken."""
        when = deadline(call)
        if when is not None:
            heapq.heappush(self._heap, (when, call.id))

    def due(self, now: datetime, calls: Mapping[CallId, Call]) -> Iterator[DeadlinePassed]:
        """The calls whose moment has come, each once."""
        seen: set[CallId] = set()
        while self._heap and self._heap[0][0] <= now:
            when, call_id = heapq.heappop(self._heap)
            if call_id not in seen and self._stands(when, call_id, calls):
                seen.add(call_id)
                yield DeadlinePassed(now, call_id)

    def rebuild(self, calls: Mapping[CallId, Call]) -> None:
        """Make the index again from the calls."""
        self._heap.clear()
        for call in calls.values():
            self.watch(call)

    def arm(self, floor: datetime | None, calls: Mapping[CallId, Call]) -> None:
        """Set the alarm for whatever is due first: a call, or the floor's own `floor`."""
        while self._heap and not self._stands(*self._heap[0], calls):
            heapq.heappop(self._heap)
        first = self._heap[0][0] if self._heap else None
        self.arm_at(min((moment for moment in (first, floor) if moment is not None), default=None))

    def arm_at(self, when: datetime | None) -> None:
        """Set the alarm for `when`, whatever the calls want."""
        if when != self._armed:
            self._armed = when
            self._clock.wake_at(when, self._ring)

    @staticmethod
    def _stands(when: datetime, call_id: CallId, calls: Mapping[CallId, Call]) -> bool:
        call = calls.get(call_id)
        return call is not None and deadline(call) == when

    def _ring(self) -> None:
        self._armed = None  # a clock rings once: the same moment may be asked for again
        self._wake()
