"""How many calls are taken in: the limits that are set, and one that is found while we are late.

A centre that takes more than it can carry serves nobody: everything is late, callers dial again, and it
stays so. So beyond a limit a new call is turned away at once, and the carrier tries its next route. To
bring a call to us only to be turned away costs the switch half of what it costs to serve one; so while
many more come than are taken in, the switch turns a `share` of them away by itself, and what it lets
through, a little more than the rate, is judged here.

Being late is measured by others (`observe`) and answered here as TCP answers loss: what is taken in is cut
to `CUT` of what it was as soon as we are late, then grows by `GROW` at each look that finds us in time, and
the limit is forgotten once nobody has been turned away for `RELIEF`. One late look is an accident, two are
strain. Rates are kept by a bucket that holds the calls of `BURST`: a burst is not punished, nor taken in
all at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

CUT: Final = 0.6
GROW: Final = 1.15
RELIEF: Final = timedelta(seconds=3)
BURST: Final = timedelta(seconds=0.5)
LET_THROUGH: Final = 1.1
"""Of the rate, by the switch: it turns away by chance, and nobody is to be idle for that."""
MOST_AWAY: Final = 0.99
LEAST_PER_SECOND: Final = 3.0
"""What is taken in however late we are: somebody must be served for it to become better."""


class Refusal(StrEnum):
    """Why a call was turned away."""

    RATE = "rate"  # more in a second than was set
    CALLS = "calls"  # as many at once as was set
    STRAIN = "strain"  # we are late already


@dataclass(frozen=True, slots=True)
class Limits:
    """0 is no limit. `calls` at once, `per_second` new ones, `waiting` in any one queue, `music` callers
    who hear it at once; `latest` is how late an answer of ours may be before we are under strain."""

    calls: int = 0
    per_second: float = 0.0
    waiting: int = 0
    music: int = 0
    latest: timedelta = timedelta(milliseconds=250)


class Admission:
    """Judges each new call; one writer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tokens: float | None = None
        self._filled_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._refused_at: datetime | None = None
        self._taken = 0
        self._came = 0
        self._late_before = False
        self._found: float | None = None
        self.share = 0.0
        """Which part of the new calls the switch should turn away by itself, 0 … `MOST_AWAY`."""

    @property
    def per_second(self) -> float | None:
        """The rate in force; None where any is fine."""
        rates = [rate for rate in (self._limits.per_second, self._found) if rate]
        return min(rates, default=None)

    @property
    def why(self) -> Refusal:
        """Why the rate in force is no higher."""
        return Refusal.RATE if self.per_second == self._limits.per_second else Refusal.STRAIN

    def turned_away(self, now: datetime) -> Refusal:
        """Hear of a call that the switch has turned away by itself; why it has."""
        self._came += 1
        self._refused_at = now
        return self.why

    def judge(self, now: datetime, calls: int) -> Refusal | None:
        """Whether one more is taken in beside `calls` that are up; why not."""
        why = self._why_not(now, calls)
        self._came += 1
        if why is None:
            self._taken += 1
        else:
            self._refused_at = now
        return why

    def observe(self, now: datetime, late: timedelta) -> None:
        """Hear how late answers have been since the last look."""
        since, self._looked_at = self._looked_at, now
        taken, self._taken = self._taken, 0
        came, self._came = self._came, 0
        if since is None or now <= since:
            return
        seconds = (now - since).total_seconds()
        self._find(now, late, taken / seconds)
        let_through = LET_THROUGH * (self.per_second or 0.0) * seconds
        is_flood = self.per_second is not None and came > max(let_through, 1)
        self.share = min(MOST_AWAY, 1 - let_through / came) if is_flood else 0.0

    def _find(self, now: datetime, late: timedelta, rate: float) -> None:
        is_late, was_late = late > self._limits.latest, self._late_before
        self._late_before = is_late
        if is_late and not was_late:
            return
        if is_late:
            base = rate if self._found is None else min(self._found, max(rate, LEAST_PER_SECOND))
            self._found = max(LEAST_PER_SECOND, base * CUT)
        elif self._found is not None:
            self._found *= GROW
            if self._refused_at is None or now - self._refused_at > RELIEF:
                self._found = None

    def _why_not(self, now: datetime, calls: int) -> Refusal | None:
        if self._limits.calls and calls >= self._limits.calls:
            return Refusal.CALLS
        rate = self.per_second
        if rate is None:
            self._tokens = None
            return None
        room = max(LEAST_PER_SECOND, rate * BURST.total_seconds())
        if self._tokens is None or self._filled_at is None:
            self._tokens = room
        else:
            past = max(timedelta(), now - self._filled_at).total_seconds()
            self._tokens = min(room, self._tokens + past * rate)
        self._filled_at = now
        if self._tokens < 1:
            return self.why
        self._tokens -= 1
        return None
