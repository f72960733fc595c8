"""What a floor has learned of its queues: how long callers are served, how soon agents answer, and how long
callers wait before they give up.

Nothing here reads a clock or keeps more than a bounded number of figures, so that a fact costs as much on
the last day as on the first. All of it comes from facts: whoever replays them knows the same.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from math import exp, sqrt
from typing import Final

from callcenter.core.ids import QueueId

KEPT: Final = 400
"""So many of the last of a kind are remembered: an afternoon is not a morning."""
ENOUGH: Final = 20
"""With fewer served than this, nothing is known."""
_WAITS: Final = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
"""Where the stretches of a wait end, in seconds, in each of which callers give up at one rate."""
_FADES: Final = 0.998
"""What counts of callers who left, with each one who leaves after them."""


class Recent:
    """The last durations of a kind, in seconds."""

    def __init__(self) -> None:
        self._in_order: list[float] = []
        self._by_age: deque[float] = deque()
        self._sum = self._squares = 0.0

    def __len__(self) -> int:
        return len(self._by_age)

    def add(self, lasted: timedelta) -> None:
        """One more; the oldest is forgotten once there are enough."""
        seconds = max(0.0, lasted.total_seconds())
        if len(self._by_age) >= KEPT:
            oldest = self._by_age.popleft()
            del self._in_order[bisect_left(self._in_order, oldest)]
            self._sum, self._squares = self._sum - oldest, self._squares - oldest**2
        self._by_age.append(seconds)
        insort(self._in_order, seconds)
        self._sum, self._squares = self._sum + seconds, self._squares + seconds**2

    @property
    def mean(self) -> float:
        """0 where there is none."""
        return self._sum / len(self._by_age) if self._by_age else 0.0

    @property
    def variation(self) -> float:
        """The standard deviation as a share of the mean."""
        mean = self.mean
        if not mean:
            return 0.0
        return sqrt(max(0.0, self._squares / len(self._by_age) - mean**2)) / mean

    def longer_than(self, seconds: Sequence[float]) -> list[float]:
        """The share that lasts longer than each; beyond the longest one that was seen, ever fewer."""
        known, order = len(self._by_age), self._in_order
        if not known:
            return [0.0 if one > 0 else 1.0 for one in seconds]
        longest, rate = order[-1], 1 / max(1.0, self.mean)
        found = []
        for one in seconds:
            if one < longest:
                found.append((known - bisect_right(order, one) + 0.5) / (known + 1))
            else:
                found.append(0.5 / (known + 1) * exp(rate * (longest - one)) if one > 0 else 1.0)
        return found


class Patience:
    """At which rate callers give up, by how long they have waited: those who did, over the time that all
    of them waited. Who was served, or went elsewhere, waited too."""

    def __init__(self) -> None:
        self._waited = [0.0] * (len(_WAITS) + 1)
        self._gave_up = [0.0] * (len(_WAITS) + 1)

    def left(self, after: timedelta, *, gave_up: bool) -> None:
        """Somebody waits no longer."""
        seconds = max(0.0, after.total_seconds())
        self._waited = [_FADES * one for one in self._waited]
        self._gave_up = [_FADES * one for one in self._gave_up]
        last, began = bisect_right(_WAITS, seconds), 0.0
        for place in range(last):
            self._waited[place] += _WAITS[place] - began
            began = _WAITS[place]
        self._waited[last] += seconds - began
        self._gave_up[last] += gave_up

    @property
    def rate(self) -> float:
        """Of all together: who gives up in a second."""
        waited = sum(self._waited)
        return sum(self._gave_up) / waited if waited else 0.0

    def rate_at(self, waited: float) -> float:
        """Who gives up in a second after so long a wait; near the rate of all where few waited so long."""
        place = bisect_right(_WAITS, waited)
        own, mean = self._waited[place], self.rate
        if not mean:
            return 0.0
        borrowed = 5 / mean  # as if five more had given up at the rate of all
        return (self._gave_up[place] + 5) / (own + borrowed)


class Experience:
    """Of one queue. `served` counts for `talk`, `wrap` the work after it; `delay` is from an offer to its
    answer."""

    def __init__(self) -> None:
        self.talk = Recent()
        self.wrap = Recent()
        self.delay = Recent()
        self.patience = Patience()

    @property
    def is_thin(self) -> bool:
        """Whether too little is known."""
        return len(self.talk) < ENOUGH


class Learned:
    """Of all queues."""

    def __init__(self) -> None:
        self._queues: dict[QueueId, Experience] = {}

    def of(self, queue: QueueId) -> Experience:
        """Of one of them; of a new one, nothing yet."""
        return self._queues.get(queue) or self._queues.setdefault(queue, Experience())

    def forget_but(self, queues: frozenset[QueueId]) -> None:
        """Keep no others."""
        self._queues = {queue: one for queue, one in self._queues.items() if queue in queues}
