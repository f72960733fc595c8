"""How long one caller will still wait: from those who serve them, what these are busy with and those ahead.

The agents are looked at as one flow. Each is done with what it does after a time of which the spread is
known, given how long it has lasted; then it serves the next, for as long as calls last. So the number who
become free by any moment has a mean and a variance, and the caller is served once it exceeds those ahead,
of whom some give up meanwhile. What comes out is the probability to be served by each moment, and of that
the narrowest bracket that is worth saying. Nothing is drawn by chance.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, pairwise
from math import erf, sqrt
from operator import mul
from typing import Final

from callcenter.core.acd.learned import Patience, Recent

_POINTS: Final = 32
_GROUPS: Final = 8
# How far the mean may be from the truth, besides what few calls leave open: staff come and go, and the
# next hour's calls are not the last one's.
_DOUBT: Final = 0.05
_LIKELY: Final = 0.85
"""So often the caller should be served inside what they are told."""
_LEAST_LIKELY: Final = 0.6
"""A bracket that is likely enough would be too wide: rather a narrower one, but none below this."""
WIDEST: Final = 120.0
_GRAINS: Final = ((300.0, 30.0), (1200.0, 60.0), (7200.0, 300.0))
"""Up to which end brackets begin and end at multiples of what: nobody says 4 minutes 17."""
LONGEST: Final = _GRAINS[-1][0]
_FINEST: Final = 10.0
"""For an end that was said before, of which time has passed."""
_TOO_SHORT: Final = 0.07
"""So often at most should the wait be longer than was said: to be served early hurts nobody."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """The caller will be served within these; of the wait that is left, in whole seconds."""

    least: timedelta
    most: timedelta

    @property
    def middle(self) -> timedelta:
        """How long the wait is expected to be, in one word."""
        return (self.least + self.most) / 2


@dataclass(frozen=True, slots=True)
class Busy:
    """An agent who has been doing something for `since` seconds, of a kind of which `lasts` tells how long,
    and is free `then` seconds after its end."""

    lasts: Recent
    since: float
    then: float = 0.0


@dataclass(frozen=True, slots=True)
class Served:
    """A share of the calls that are served next, how long they last, and what comes before and after."""

    share: float
    talk: Recent
    besides: float = 0.0

    @property
    def mean(self) -> float:
        """Of the whole."""
        return self.talk.mean + self.besides


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the wait of one caller depends on. `agents` are those who will come to them, of whom `busy` and
    `due` (free after so many seconds, for certain) are examples; `ahead` come before them, have waited for
    `waited` seconds, and will be served as in `calls`. `open_after`: before that none of these agents may
    serve the caller. `delay`: from an offer to its answer. `doubt`: the variance of the number of agents,
    as a share of its square, where only some were looked at."""

    agents: float
    busy: Sequence[Busy]
    due: Sequence[float]
    ahead: float
    calls: Sequence[Served]
    patience: Patience
    waited: float = 0.0
    open_after: float = 0.0
    delay: float = 0.0
    doubt: float = 0.0

    @property
    def cycle(self) -> float:
        """What a call takes of an agent, on average."""
        return max(1.0, sum(one.share * one.mean for one in self.calls))

    @property
    def variation(self) -> float:
        """The variance of that, as a share of its square."""
        squares = (
            one.share * ((one.talk.variation * one.talk.mean) ** 2 + one.mean**2)
            for one in self.calls
        )
        return max(0.0, sum(squares) / self.cycle**2 - 1)

    @property
    def mean(self) -> float:
        """The wait, about."""
        return (self.ahead + 1) * self.cycle / self.agents


class Reach:
    """The probability that the caller is served by a moment."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        need = outlook.ahead + 1
        span = outlook.mean * (1.5 + 4 / sqrt(need))
        for _ in range(4):
            self._step = max(1.0, span) / _POINTS
            self._served = self._by_moments()
            if self._served[-1] > 0.97:
                break
            span *= 2.5

    def by(self, seconds: float) -> float:
        """From now on."""
        outlook = self._outlook
        if seconds < outlook.open_after:
            return 0.0
        point = (seconds - outlook.delay) / self._step
        place = int(point)
        if point < 0:
            return 0.0
        if place >= _POINTS:
            return self._served[-1]
        before, after = self._served[place], self._served[place + 1]
        return before + (point - place) * (after - before)

    def _by_moments(self) -> list[float]:
        outlook, agents, step = self._outlook, self._outlook.agents, self._step
        first, unsure = self._first_done()
        done = self._done(first)
        variation = outlook.variation
        doubt = (
            _DOUBT**2
            + outlook.doubt
            + variation / max(1, sum(len(one.talk) for one in outlook.calls))
        )
        left, before, served = outlook.ahead, 0.0, []
        gone = 0.0
        for place, (mean, once, open_) in enumerate(zip(done, first, unsure, strict=True)):
            if place and left > 0:
                rate = outlook.patience.rate_at(outlook.waited + place * step)
                gives_up = left * min(1.0, rate * step)
                gone += gives_up
                left = max(0.0, left - gives_up - agents * (mean - before))
            before = mean
            free = agents * mean
            spread = agents * (open_ + min(1.0, variation) * max(0.0, mean - once))
            spread += doubt * free**2
            all_gone = _reaches(free + gone, spread + gone, outlook.ahead + 1)
            served.append(min(all_gone, _reaches(free, spread, 1.0)))
        return list(accumulate(served, max))

    def _first_done(self) -> tuple[list[float], list[float]]:
        """By each moment: the share who are done with what they do, and the variance of that."""
        moments = [place * self._step for place in range(_POINTS + 1)]
        busy, due = self._outlook.busy, sorted(self._outlook.due)
        mean, variance = [0.0] * len(moments), [0.0] * len(moments)
        whole = max(1, len(busy) + len(due))
        for count, one in _grouped(busy):
            unlike = min(1.0, one.lasts.variation**2)
            (still,) = one.lasts.longer_than((one.since,))
            early = bisect_left(moments, one.then)
            ends = one.lasts.longer_than([t - one.then + one.since for t in moments[early:]])
            weight, still = count / whole, max(still, 1e-300)
            for place, more in enumerate(ends, start=early):
                share = 1 - more / still
                mean[place] += weight * share
                variance[place] += weight * share * (1 - share + unlike * share)
        for seconds in due:
            for place in range(min(len(moments), -int(-seconds // self._step)), len(moments)):
                mean[place] += 1 / whole
        return mean, variance

    def _done(self, first: Sequence[float]) -> list[float]:
        """How many times an agent has become free by each moment, on average: once, and again after each
        call that they serve from then on (the renewal equation)."""
        within = [0.0] * (_POINTS + 1)
        for one in self._outlook.calls:
            ends = [place * self._step - one.besides for place in range(_POINTS + 1)]
            early = bisect_right(ends, 0.0)
            for place, more in enumerate(one.talk.longer_than(ends[early:]), start=early):
                within[place] += one.share * (1 - more)
        part = [after - before for before, after in pairwise(within)]
        done, halves = [first[0]], [0.0]
        for place in range(1, len(first)):
            again = sum(map(mul, part[1:place], reversed(halves[1:])))
            now = (first[place] + again + part[0] * done[-1] / 2) / (1 - part[0] / 2)
            halves.append((done[-1] + now) / 2)
            done.append(now)
        return done


def bracket_of(reaches: Sequence[Reach], most: float | None = None) -> Bracket | None:
    """The narrowest that is likely enough and seldom too short; None if none is, within how wide it may be.
    Agents may serve the caller at different times: whichever comes first. It ends by `most` seconds from
    now at the latest, and then if that is likely enough: what was said is said as long as it is true."""

    def by(seconds: float) -> float:
        return max((reach.by(seconds) for reach in reaches), default=0.0)

    edges = _edges(by, most)
    found: list[tuple[float, float, float, float]] = []
    for place, (end, likely_end) in enumerate(edges):
        kept = most is not None and place == len(edges) - 1
        for start, likely_start in reversed(edges[:place]):
            width, likely = end - start, likely_end - likely_start
            if width > max(WIDEST, end / 2):
                break
            if likely >= _LIKELY:
                found.append(
                    (-1.0 if kept else float(1 - likely_end > _TOO_SHORT), width, start, end)
                )
                break
            if likely >= _LEAST_LIKELY:
                found.append((2 - likely, width, start, end))
    if not found:
        return None
    *_, start, end = min(found)
    return Bracket(timedelta(seconds=start), timedelta(seconds=end))


def _edges(by: Callable[[float], float], most: float | None) -> list[tuple[float, float]]:
    """Where a bracket may begin and end, and how likely the caller is served by then."""
    edges, end = [(0.0, 0.0)], 0.0
    for until, grain in _GRAINS:
        while end < until and (most is None or end + grain <= most):
            end += grain
            likely = by(end)
            if likely < 0.01:
                edges.clear()
            edges.append((end, likely))
            if likely > 0.99:
                return edges
    last = _FINEST * ((most or 0.0) // _FINEST)
    if end < last <= LONGEST:
        edges.append((last, by(last)))
    return edges


def _reaches(mean: float, variance: float, need: float) -> float:
    """How likely a count is at least so much. Of a Poisson count the square root is about normal, also
    where it is small; one that is spread less or more is stretched by that."""
    if mean < 1e-9:
        return 0.0
    spread = max(1e-6, variance / mean)
    missing = sqrt(max(0.0, need - 0.5 + 0.22 * min(1.0, spread)))
    return (1 + erf(sqrt(2 / spread) * (sqrt(mean) - missing))) / 2


def _grouped(busy: Sequence[Busy]) -> list[tuple[int, Busy]]:
    """A few who stand for all, those who have been busy about as long for one another."""
    kinds: dict[tuple[int, float], list[Busy]] = {}
    for one in busy:
        kinds.setdefault((id(one.lasts), one.then), []).append(one)
    groups = []
    for alike in kinds.values():
        alike.sort(key=lambda one: one.since)
        size = max(1, -(-len(busy) // _GROUPS))
        for start in range(0, len(alike), size):
            some = alike[start : start + size]
            since = sum(one.since for one in some) / len(some)
            groups.append((len(some), Busy(some[0].lasts, since, some[0].then)))
    return groups
