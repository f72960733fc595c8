"""A queue: its rules, who waits in it and in which order.

One order: a caller's place is `arrival in the queue - priority`, the queue's head start included, so that
priority is a head start in seconds and nobody starves. Ties fall to who joined first. An entry that is
being offered stays where it is and keeps its place; it is only not offered a second time meanwhile.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sortedcontainers import SortedKeyList, SortedList

from callcenter.core.acd.agent_state import ON_THEIR_SIDE, AgentRow, Rests
from callcenter.core.acd.strategy import Standing, Strategy, standing
from callcenter.core.acd.want import ANYBODY, Ease, Want, eased
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import OfferEnded
from callcenter.core.ids import AgentId, CallId, QueueId

if TYPE_CHECKING:
    from callcenter.core.acd.matching import Demand

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What an admin sets for a queue. Times are durations; `announce_every` None: say nothing; `wrap_up`
    None: until the agent says that they are done; `head_start`: of its callers over those of other
    queues."""

    id: QueueId
    ring_for: timedelta = timedelta(seconds=20)
    wrap_up: timedelta | None = timedelta(seconds=10)
    misses_allowed: int = 2
    announce_first: timedelta = timedelta(seconds=4)
    announce_every: timedelta | None = timedelta(seconds=30)
    # With the position, between what the wait that is left will be.
    announce_estimate: bool = False
    # When an agent answers, before the two hear each other: the caller hears the agent's number, the agent
    # hears the queue and how long the caller waited.
    greets_with_number: bool = False
    briefs_agent: bool = False
    # Music starts only after this: a caller who is answered at once never pays for it.
    quiet_for: timedelta = timedelta(milliseconds=800)
    # Empty plays nothing, for measuring: in service, nobody may be left in silence.
    music: str = "default"
    service_level_within: timedelta = timedelta(seconds=20)
    strategy: Strategy = Strategy.LONGEST_IDLE
    # In order of time.
    easing: tuple[Ease, ...] = ()
    # How long each tier has a caller for itself, where the strategy goes down them.
    tier_for: timedelta = timedelta(seconds=15)
    head_start: timedelta = timedelta()
    ways_out: tuple[WayOut, ...] = ()
    rest_no_answer: timedelta = Rests().no_answer
    rest_rejected: timedelta = Rests().rejected
    rest_unreachable: timedelta = Rests().unreachable
    # So long a caller waits for the agent whom they know, who may be the one that talked with them last, if
    # that was within `known_within`; none: they take whoever comes.
    known_for: timedelta = timedelta()
    known_within: timedelta = timedelta(days=30)
    # Who gave up and calls again within this takes the old place.
    resume_within: timedelta = timedelta(seconds=60)

    @property
    def rests(self) -> Rests:
        """How long agents are left alone after an offer from here that came to nothing."""
        return Rests(self.rest_no_answer, self.rest_rejected, self.rest_unreachable)


@dataclass(slots=True)
class Round:
    """From the first phone that rings for a caller to the last. Where all are rung at once, all of the same
    `rank` (tier and preferred skills lacking) are, each of them once. `again`: of those, too, who did not
    take the call before, since nobody else is there."""

    rank: tuple[int, int]
    again: bool
    asked: set[AgentId] = field(default_factory=set)


@dataclass(slots=True)
class QueueEntry:
    """One caller waiting. `offers` counts the offers made so far, `rung` are the agents whose phones ring,
    by offer, in this `round` of offers; `failed_with` are those on whose side an offer came to nothing;
    `told` is the position last said, and `told_until` when the wait would be over at the latest, as was
    said at `told_at`. `want` is what they came with, and `steps` how many steps of its easing have been
    taken; until `alone_until` they wait for one agent only."""

    call: CallId
    queue: QueueId
    enqueued_at: datetime
    priority: float
    place: Place
    offers: int = 0
    rung: dict[int, AgentId] = field(default_factory=dict)
    round: "Round | None" = None
    failed_with: set[AgentId] = field(default_factory=set)
    told: int | None = None
    told_at: datetime | None = None
    told_until: datetime | None = None
    announce_at: datetime | None = None
    want: Want = ANYBODY
    alone_until: datetime | None = None
    steps: int = 0
    ease_at: datetime | None = None
    demand: "Demand | None" = None
    # When they came into this queue, when a way out of it opens, and when to see whether the wait will be
    # too long.
    joined_at: datetime | None = None
    leave_at: datetime | None = None
    look_at: datetime | None = None
    # Nobody is on the line: they will be called back.
    is_kept: bool = False

    def rings(self, agent: AgentId, offer: int, rank: tuple[int, int]) -> None:
        """The agent's phone is rung: the first of a round, or beside others."""
        if self.round is None:
            self.round = Round(rank, agent in self.failed_with)
        self.round.asked.add(agent)
        self.rung[offer], self.offers = agent, offer

    def takes_back(self, offer: OfferEnded) -> None:
        """Wait on after an offer, unless other phones ring still."""
        del self.rung[offer.offer]
        if not self.rung:
            self.round = None
        if offer.why in ON_THEIR_SIDE:
            self.failed_with.add(offer.agent)


def place_of(entry: QueueEntry) -> Place:
    """What orders a queue."""
    return entry.place


def _head_of(demand: "Demand") -> Place:
    return demand.head


@dataclass(slots=True)
class Line:
    """A queue at work: entries in order, its agents who are signed in, and those of them who are free, as
    its strategy orders them. Whoever waits stands in `demands` by what they want, and these in `heads` by
    who has the best place in them."""

    rules: QueueRules
    entries: SortedKeyList[QueueEntry, Place] = field(
        default_factory=lambda: SortedKeyList(key=place_of)
    )
    staff: dict[AgentId, AgentRow] = field(default_factory=dict)
    free: SortedList[Standing] = field(default_factory=SortedList)
    # Since when nobody is signed in who serves it; what it was before anybody was is not known.
    deserted_at: datetime | None = None
    tiers: tuple[int, ...] = ()
    demands: dict[Want, "Demand"] = field(default_factory=dict)
    heads: SortedKeyList["Demand", Place] = field(
        default_factory=lambda: SortedKeyList(key=_head_of)
    )
    _standings: dict[AgentId, Standing] = field(default_factory=dict)
    _eased_by: tuple[Ease, ...] = ()

    def add_free(self, agent: AgentRow) -> None:
        """List one of its agents as free."""
        tier = agent.talents.tiers.get(self.rules.id, 1)
        place = self._standings[agent.id] = standing(self.rules.strategy, agent, tier)
        self.free.add(place)

    def drop_free(self, agent: AgentId) -> None:
        """List them as free no longer, if they were."""
        place = self._standings.pop(agent, None)
        if place is not None:
            self.free.remove(place)

    def clear(self) -> None:
        """Forget who is there and who wants what; who waits stays in `entries`."""
        self.staff.clear()
        self.free.clear()
        self._standings.clear()
        self.demands.clear()
        self.heads.clear()
        for entry in self.entries:
            entry.demand = None

    def position(self, entry: QueueEntry) -> int:
        """1 for the head of the queue."""
        return int(self.entries.bisect_key_left(entry.place)) + 1

    def look(self) -> tuple[int, int, int]:
        """Callers who wait, agents who are signed in, and those of them who take calls."""
        ready = sum(agent.presence is Presence.READY for agent in self.staff.values())
        return len(self.entries), len(self.staff), ready

    def place_of(self, entry: QueueEntry) -> Place:
        """Where the caller belongs by now; whoever joined earlier is first of those alike."""
        ahead = timedelta(seconds=entry.priority) + self.rules.head_start
        return entry.enqueued_at - ahead, entry.place[1]

    def in_order(self) -> list[QueueEntry]:
        """Everybody who waits, put in order anew: the head start may be another."""
        entries = list(self.entries)
        for entry in entries:
            entry.place = self.place_of(entry)
        self.entries = SortedKeyList(entries, key=place_of)
        return entries

    @property
    def easing(self) -> tuple[Ease, ...]:
        """The steps by which what callers want is eased, in order of time."""
        steps = self.rules.easing
        if self.rules.strategy is Strategy.TOP_DOWN and len(self.tiers) > 1:
            down = enumerate(self.tiers[1:], start=1)
            opened = tuple(Ease(n * self.rules.tier_for, tier=tier) for n, tier in down)
            steps = tuple(sorted(steps + opened, key=lambda step: step.after))
        return steps

    def eases_anew(self) -> bool:
        """Whether the steps are others than when this was asked last."""
        before, self._eased_by = self._eased_by, self.easing
        return self._eased_by != before

    def eased(self, want: Want, steps: int) -> Want:
        """What somebody who came with `want` wants after so many steps. Where the strategy goes down the
        tiers, it begins with the highest alone."""
        if self.rules.strategy is Strategy.TOP_DOWN and self.tiers:
            want = Want(want.requires, want.prefers, want.agent, want.added, self.tiers[0])
        return eased(want, self.easing[:steps]) if steps else want
