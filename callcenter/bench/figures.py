"""The arithmetic of measuring: percentiles, medians with ranges, targets. Pure."""

import math
import statistics
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed: nearest rank.

    NaN when there is none.
    """
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of one thing."""

    median: float
    least: float
    most: float
    runs: int

    def __str__(self) -> str:
        return self.text(2)

    def text(self, digits: int) -> str:
        """`2.10 (1.98-2.40)`; a dash where nothing was measured."""
        if math.isnan(self.median):
            return "-"
        median = f"{self.median:.{digits}f}"
        if self.runs < 2:
            return median
        return f"{median} ({self.least:.{digits}f}-{self.most:.{digits}f})"


def spread(values: Iterable[float]) -> Spread:
    """Median and range; NaNs (nothing measured) are left out."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Spread(math.nan, math.nan, math.nan, 0)
    return Spread(statistics.median(known), min(known), max(known), len(known))


def ratio(ours: Spread, theirs: Spread) -> float:
    """Ours divided by theirs, by medians; NaN where one is missing."""
    return ours.median / theirs.median if theirs.median else math.nan


@dataclass(frozen=True, slots=True)
class Target:
    """One promise of the issue and what became of it. `at_least`: more is better."""

    name: str
    value: float
    bound: float
    unit: str = ""
    at_least: bool = False
    runs: int = 1
    strictly: bool = False
    """The bound itself does not do ("below")."""

    @property
    def is_met(self) -> bool:
        """Whether the promise was kept; what was not measured was not."""
        if math.isnan(self.value) or math.isnan(self.bound):
            return False
        if self.value == self.bound:
            return not self.strictly
        return (self.value > self.bound) == self.at_least

    def __str__(self) -> str:
        sign = ">" if self.at_least else "<"
        sign += "" if self.strictly else "="
        asked = (
            f"{_number(self.value)} {self.unit}, target {sign} {_number(self.bound)} {self.unit}"
        )
        if math.isnan(self.value) or math.isnan(self.bound):
            return f"NOT MEASURED  {self.name}"
        word = "met   " if self.is_met else "MISSED"
        off = abs(self.value - self.bound)
        share = f" ({off / abs(self.bound):.0%})" if self.bound else ""
        gap = f"{'room' if self.is_met else 'by'} {_number(off)} {self.unit}{share}"
        return f"{word}  {self.name}: {asked}; {gap}; {self.runs} run{'s' * (self.runs != 1)}"


FOREIGN_LIMIT = 0.1
PULSE_LIMIT = 1.5


def doubts(
    *, quick: bool, rounds: int, foreign: Sequence[float], pulses: Sequence[float]
) -> list[str]:
    """Why these figures must not be judged by; none where they may.

    `foreign`: shares of the machine that others used. `pulses`: how fast it was, before each run.
    """
    found = []
    if quick:
        found.append("this was a quick run")
    if rounds < 3:
        found.append(f"{rounds} round{'s' * (rounds != 1)} of at least 3")
    if foreign and max(foreign) > FOREIGN_LIMIT:
        found.append(f"others used up to {max(foreign):.0%} of the machine")
    if pulses and max(pulses) > PULSE_LIMIT * min(pulses):
        found.append(f"the processor's pace moved ({min(pulses):.0f}-{max(pulses):.0f} ms a pulse)")
    return found


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


async def highest_passing(rates: Sequence[int], passes: Callable[[int], Awaitable[bool]]) -> int:
    """The highest of the rising `rates` that passes, by bisection; 0 when even the first does not.

    Takes for granted that what carries a rate carries the lower ones too.
    """
    good, bad = -1, len(rates)
    while bad - good > 1:
        middle = (good + bad) // 2
        if await passes(rates[middle]):
            good = middle
        else:
            bad = middle
    return rates[good] if good >= 0 else 0
