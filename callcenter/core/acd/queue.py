"""A queue: its rules, who waits in it and in which order, and who of its agents is free.

One order: a caller's place is `arrival in the queue - priority`, so that priority is a head start in
seconds and nobody starves. Ties fall to who joined first. An entry that is being offered stays where it
is and keeps its place; it is only not offered a second time meanwhile.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sortedcontainers import SortedKeyList, SortedList

from callcenter.core.acd.agent_state import REST_AFTER, AgentRow
from callcenter.core.acd.strategy import REASONS, Draw, Standing, Strategy, choose, standing
from callcenter.core.facts.calls import OfferEnded
from callcenter.core.ids import AgentId, CallId, QueueId

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What an admin sets for a queue. Times are durations; `announce_every` None: say nothing."""

    id: QueueId
    ring_for: timedelta = timedelta(seconds=20)
    wrap_up: timedelta = timedelta(seconds=10)
    misses_allowed: int = 2
    announce_first: timedelta = timedelta(seconds=4)
    announce_every: timedelta | None = timedelta(seconds=30)
    # Music starts only after this: a caller who is answered at once never pays for it.
    quiet_for: timedelta = timedelta(milliseconds=800)
    # Empty plays nothing, for measuring: in service, nobody may be left in silence.
    music: str = "default"
    service_level_within: timedelta = timedelta(seconds=20)
    strategy: Strategy = Strategy.LONGEST_IDLE


@dataclass(slots=True)
class QueueEntry:
    """One caller waiting. `offers` counts the offers made so far; `failed_with` are the agents on whose
    side one of them came to nothing; `told` is the position last said."""

    call: CallId
    queue: QueueId
    enqueued_at: datetime
    priority: float
    place: Place
    offers: int = 0
    offered_to: AgentId | None = None
    failed_with: set[AgentId] = field(default_factory=set)
    told: int | None = None
    announce_at: datetime | None = None

    def takes_back(self, offer: OfferEnded) -> None:
        """Wait on after an offer."""
        self.offered_to = None
        if offer.why in REST_AFTER:
            self.failed_with.add(offer.agent)


def _place(entry: QueueEntry) -> Place:
    return entry.place


@dataclass(slots=True)
class Line:
    """A queue at work: entries in order, the ones not being offered, and its free agents as its strategy
    orders them."""

    rules: QueueRules
    entries: SortedKeyList[QueueEntry, Place] = field(
        default_factory=lambda: SortedKeyList(key=_place)
    )
    waiting: SortedKeyList[QueueEntry, Place] = field(
        default_factory=lambda: SortedKeyList(key=_place)
    )
    free: SortedList[Standing] = field(default_factory=SortedList)
    listed: Place | None = None  # of the head that the floor already knows it has to serve
    _standings: dict[AgentId, Standing] = field(default_factory=dict)

    def position(self, entry: QueueEntry) -> int:
        """1 for the head of the queue."""
        return int(self.entries.bisect_key_left(entry.place)) + 1

    def head(self) -> QueueEntry | None:
        """Who is next, if there is anybody to serve them."""
        return self.waiting[0] if self.waiting and self.free else None

    def add_free(self, agent: AgentRow) -> None:
        """List somebody who may be offered the next caller."""
        self.drop_free(agent.id)
        self._standings[agent.id] = place = standing(self.rules.strategy, agent)
        self.free.add(place)

    def drop_free(self, agent: AgentId) -> None:
        """List them no longer, if they were."""
        place = self._standings.pop(agent, None)
        if place is not None:
            self.free.remove(place)

    def choose(self, entry: QueueEntry, draw: Draw) -> tuple[AgentId, str]:
        """Who of the free is offered this caller, and why. Nobody twice while there is somebody else."""
        strategy, free = self.rules.strategy, self.free
        why = f"{REASONS[strategy]} of {len(free)} free, first of {len(self.waiting)} waiting"
        # Nearly always nobody: then nothing is copied.
        others = (
            [one for one in free if one[2] not in entry.failed_with] if entry.failed_with else []
        )
        if 0 < len(others) < len(free):
            why += f"; {len(free) - len(others)} did not take this call before"
        return choose(strategy, others or free, draw), why
