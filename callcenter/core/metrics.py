"""What the figures of a centre mean: one formula each, from counts that add up.

Counts are summed first and divided last; a rate without anything to count is None, not 0. Where the field
knows several variants, the one that is named here is meant everywhere: service level is answered in time of
those who were answered or gave up, short abandons left out (Genesys Cloud's with "include short abandons"
off), the abandon rate leaves them out on both sides (Google CCAI's).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

SHORT_ABANDON: Final = timedelta(seconds=5)
"""Who gives up within it was hardly waiting."""


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Of those who entered a queue: `in_time` were answered within its limit; `short` of the abandoned gave
    up within `SHORT_ABANDON`. Sums are of waits."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    short: int = 0
    answered_wait: timedelta = timedelta()
    longest_wait: timedelta = timedelta()

    def __add__(self, other: "QueueCounts") -> "QueueCounts":
        return QueueCounts(
            self.offered + other.offered,
            self.answered + other.answered,
            self.in_time + other.in_time,
            self.abandoned + other.abandoned,
            self.short + other.short,
            self.answered_wait + other.answered_wait,
            max(self.longest_wait, other.longest_wait),
        )


@dataclass(frozen=True, slots=True)
class AgentTimes:
    """What agents did while they were ready to serve or served: talk, after-call work, being rung, and
    waiting for a call."""

    talk: timedelta = timedelta()
    wrap: timedelta = timedelta()
    ring: timedelta = timedelta()
    idle: timedelta = timedelta()

    def __add__(self, other: "AgentTimes") -> "AgentTimes":
        return AgentTimes(
            self.talk + other.talk,
            self.wrap + other.wrap,
            self.ring + other.ring,
            self.idle + other.idle,
        )


def service_level(counts: QueueCounts) -> float | None:
    """Answered in time of all who were answered or gave up, without short abandons."""
    return _share(counts.in_time, counts.answered + counts.abandoned - counts.short)


def abandon_rate(counts: QueueCounts) -> float | None:
    """Gave up of all who entered, short abandons left out of both."""
    return _share(counts.abandoned - counts.short, counts.offered - counts.short)


def average_speed_of_answer(counts: QueueCounts) -> timedelta | None:
    """The mean wait of those who were answered."""
    return counts.answered_wait / counts.answered if counts.answered else None


def occupancy(times: AgentTimes) -> float | None:
    """The share of talk and after-call work in it and in waiting for calls; ringing counts as neither."""
    worked = times.talk + times.wrap
    whole = worked + times.idle
    return worked / whole if whole else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
