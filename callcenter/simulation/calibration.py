"""How true the estimates of waits are: what callers of made-up days were told, beside what came of it.

The days that are counted have other seeds than those that were learned from. Beside it stands what
app_queue would have said at the same moments: an average of the waits of those who were answered, in whole
seconds, of which what the caller has waited is taken off, rounded to minutes, the same at every position.
It names one number; here it is given as much room around that as an estimate may have at most.

Who gives up before their bracket ends has proved nothing, and counts for neither side; who waits longer
than was said, whatever becomes of them, was told wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from callcenter.core.acd.learned import Learned
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    OfferEnded,
    PositionReached,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId, QueueId
from callcenter.simulation.scenario import Scenario
from callcenter.simulation.world import World


@dataclass(frozen=True, slots=True)
class Truth:
    """Of what was said, or not: `inside` of `judged` callers were served within it; `width` sums up
    seconds."""

    occasions: int = 0
    spoken: int = 0
    judged: int = 0
    inside: int = 0
    width: float = 0.0

    def __add__(self, other: "Truth") -> "Truth":
        return Truth(
            self.occasions + other.occasions,
            self.spoken + other.spoken,
            self.judged + other.judged,
            self.inside + other.inside,
            self.width + other.width,
        )

    @property
    def share_inside(self) -> float | None:
        """Of what could be judged."""
        return self.inside / self.judged if self.judged else None

    @property
    def share_silent(self) -> float | None:
        """Of the moments at which something might have been said."""
        return 1 - self.spoken / self.occasions if self.occasions else None

    @property
    def mean_width(self) -> float | None:
        """In seconds."""
        return self.width / self.spoken if self.spoken else None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the estimates of a scenario were worth, and what app_queue would have said."""

    ours: Truth = Truth()
    app_queue: Truth = Truth()

    def __add__(self, other: "Calibration") -> "Calibration":
        return Calibration(self.ours + other.ours, self.app_queue + other.app_queue)


Said = tuple[float, float]
"""From and to, in seconds of the wait that is left."""


class AppQueue:
    """Its average of a queue, over the days."""

    def __init__(self) -> None:
        self._average: dict[QueueId, int] = {}

    def answered(self, queue: QueueId, waited: float) -> None:
        """Somebody was, after so many seconds."""
        self._average[queue] = (3 * self._average.get(queue, 0) + int(waited)) // 4

    def says(self, queue: QueueId, waited: float) -> Said | None:
        """To somebody who has waited so long. Of no minutes it says nothing."""
        minutes = abs(self._average.get(queue, 0) + 30 - int(waited)) // 60
        if not minutes:
            return None
        middle = 60.0 * minutes
        return max(0.0, min(middle - 60, middle * 2 / 3)), max(middle + 60, middle * 4 / 3)


class Listener:
    """Hears the facts of one day, in order."""

    def __init__(self, app_queue: AppQueue) -> None:
        self._app_queue = app_queue
        self._joined: dict[CallId, tuple[QueueId, datetime]] = {}
        self._rung: dict[CallId, int] = {}
        self._said: dict[CallId, list[tuple[datetime, Said | None, Said | None]]] = {}
        self.found = Calibration()

    def hear(self, fact: Fact) -> None:
        """One more."""
        match fact:
            case QueueJoined(at=at, call=call, queue=queue):
                self._joined[call] = queue, at
            case AgentOffered(call=call):
                self._rung[call] = self._rung.get(call, 0) + 1
            case OfferEnded(call=call):
                self._rung[call] = self._rung.get(call, 1) - 1
            case PositionReached(better=True) if not self._rung.get(fact.call):
                self._told(fact)
            case AgentAnswered(at=at, call=call) if call in self._joined:
                queue, since = self._joined[call]
                self._app_queue.answered(queue, (at - since).total_seconds())
                self._over(call, at, served=True)
            case CallEnded(at=at, call=call) if call in self._joined:
                self._over(call, at, served=False)

    def _told(self, fact: PositionReached) -> None:
        ours: Said | None = None
        if fact.least_seconds is not None and fact.most_seconds is not None:
            ours = fact.least_seconds, fact.most_seconds
        queue, since = self._joined[fact.call]
        theirs = self._app_queue.says(queue, (fact.at - since).total_seconds())
        self._said.setdefault(fact.call, []).append((fact.at, ours, theirs))

    def _over(self, call: CallId, at: datetime, *, served: bool) -> None:
        del self._joined[call]
        self._rung.pop(call, None)
        for when, ours, theirs in self._said.pop(call, ()):
            waited = (at - when).total_seconds()
            self.found += Calibration(
                _judged(ours, waited, served=served), _judged(theirs, waited, served=served)
            )


def calibrate(
    scenario: Scenario,
    learn: Iterable[int],
    judge: Iterable[int],
    progress: Callable[[float], None] = lambda share: None,
) -> Calibration:
    """Learn from the days with some seeds, and judge what is said on those with others."""
    learned, app_queue = Learned(), AppQueue()
    for seed in learn:
        World(scenario, seed, Listener(app_queue).hear, learned=learned).run(progress)
    return sum(_days(scenario, judge, learned, app_queue, progress), Calibration())


def _days(
    scenario: Scenario,
    seeds: Iterable[int],
    learned: Learned,
    app_queue: AppQueue,
    progress: Callable[[float], None],
) -> Iterator[Calibration]:
    for seed in seeds:
        listener = Listener(app_queue)
        World(scenario, seed, listener.hear, learned=learned).run(progress)
        yield listener.found


def _judged(said: Said | None, waited: float, *, served: bool) -> Truth:
    if said is None:
        return Truth(occasions=1)
    least, most = said
    is_judged = served or waited > most
    inside = served and least <= waited <= most
    return Truth(1, 1, int(is_judged), int(inside), most - least)
