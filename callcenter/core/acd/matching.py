"""Who could serve whom: waiting callers and free agents, kept in order so that the next pair is found soon.

Callers of one queue who want the same are one demand; a line keeps its demands in the order of their heads,
and its free agents as its strategy orders them. So the caller for an agent is the first head that they fit,
and the agent for a caller the first of the free who fits: a few looks, unless nearly nobody fits.

Between two changes nobody waits beside somebody free who could serve them, so only who is new has to be
looked at: agents who became free, and demands that somebody joined. A pair is made only where each is the
best for the other: the agent comes first among the free for this caller, and the caller has the best place
of all whom this agent could serve, in whatever queue. That is found by asking in turns, from one who is
new; each turn leads to a better place, so there is an end.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from sortedcontainers import SortedKeyList

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.acd.queue import Line, Place, QueueEntry, place_of
from callcenter.core.acd.strategy import (
    BY_CHANCE,
    REASONS,
    Draw,
    Standing,
    Strategy,
    choose,
    standing,
)
from callcenter.core.acd.want import Want
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import Candidate, OfferReason
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.core.skills import NO_NEED, text_of

# How many of the free an offer's reason names.
TOLD: Final = 5


class Demand:
    """The callers of one queue who want the same."""

    def __init__(self, line: Line, want: Want) -> None:
        self.line = line
        self.want = want
        self.waiting: SortedKeyList[QueueEntry, Place] = SortedKeyList(key=place_of)

    @property
    def head(self) -> Place:
        """The best place; there is one as long as it is listed."""
        return self.waiting[0].place

    def fits(self, agent: AgentRow) -> bool:
        """Whether the agent may serve these callers."""
        return self.want.tier_of(agent, self.line.rules.id) is not None


@dataclass(frozen=True, slots=True)
class Pair:
    """A caller and the agent whom they are to be offered to, and why that one."""

    entry: QueueEntry
    agent: AgentId
    why: str
    reason: OfferReason


@dataclass(frozen=True, slots=True)
class Help:
    """Somebody could serve this caller, if so many steps were taken, and they waited for nobody in
    particular."""

    entry: QueueEntry
    steps: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best agent for a demand's head, the first of those compared, and what chance said."""

    agent: Standing
    told: tuple[Standing, ...]
    passed_over: int
    drawn: int | None


class Matching:
    """Lines, demands and the free. It knows agents only by what is told to it here."""

    def __init__(self, draw: Draw) -> None:
        self.lines: dict[QueueId, Line] = {}
        self._draw = draw
        self._free: dict[AgentId, AgentRow] = {}
        # Who is new. A demand is a key by itself, an agent by their name.
        self._joined: dict[Demand, None] = {}
        self._freed: dict[AgentId, None] = {}
        # Of other queues, whose callers this one's agents may serve too.
        self._guests: dict[QueueId, dict[Demand, None]] = {}
        self._unserved: dict[CallId, QueueEntry] = {}
        # Whose phones ring all at once: whoever else is free is rung beside them.
        self._rounds: dict[CallId, QueueEntry] = {}
        self._begun: dict[CallId, None] = {}

    # -- callers ------------------------------------------------------------------------------

    def wait(self, entry: QueueEntry) -> None:
        """The caller is to be served, in the order of their place."""
        self._rounds.pop(entry.call, None)
        line = self.lines[entry.queue]
        want = line.eased(entry.want, entry.steps)
        demand = entry.demand = line.demands.get(want) or Demand(line, want)
        self._unlist(demand)
        demand.waiting.add(entry)
        self._list(demand)
        if self._free:
            self._joined[demand] = None
        if _can_ease(entry, line) and not self._has_staff(line, want):
            self._unserved[entry.call] = entry

    def rest(self, entry: QueueEntry) -> None:
        """The caller is not to be served now: they are being offered, or gone."""
        self._unserved.pop(entry.call, None)
        self._rounds.pop(entry.call, None)
        demand, entry.demand = entry.demand, None
        if demand is None:
            return
        self._unlist(demand)
        demand.waiting.remove(entry)
        if demand.waiting:
            self._list(demand)

    def ring(self, entry: QueueEntry, agent: AgentRow, offer: int) -> None:
        """The caller, who rests, is being offered to the agent."""
        line = self.lines[entry.queue]
        want = line.eased(entry.want, entry.steps)
        tier = want.tier_of(agent, entry.queue)
        entry.rings(agent.id, offer, (1 if tier is None else tier, want.lacking(agent)))
        self.ring_on(entry)

    def ring_on(self, entry: QueueEntry) -> None:
        """The caller is being offered: where all are rung at once, to whoever else is there."""
        if self.lines[entry.queue].rules.strategy is Strategy.RING_ALL:
            self._rounds[entry.call] = entry
            self._begun[entry.call] = None

    def _list(self, demand: Demand) -> None:
        line = demand.line
        if demand.want not in line.demands:
            line.demands[demand.want] = demand
            for queue in demand.want.added:
                self._guests.setdefault(queue, {})[demand] = None
        line.heads.add(demand)

    def _unlist(self, demand: Demand) -> None:
        if demand.waiting:
            line = demand.line
            line.heads.remove(demand)
            if len(demand.waiting) == 1:
                del line.demands[demand.want]
                for queue in demand.want.added:
                    self._guests[queue].pop(demand, None)

    # -- pairs --------------------------------------------------------------------------------

    @property
    def has_pair(self) -> bool:
        """Whether `next_pair` may find one."""
        return bool(self._joined or self._freed or self._begun)

    def next_pair(self) -> Pair | None:
        """The next pair to be made, or None when nobody who waits can be served now. Who is free is rung
        beside others before anybody else is served; who becomes free, if nobody waits for them."""
        while self._begun:
            entry = self._rounds.get(next(iter(self._begun)))
            if entry is not None and (pair := self._beside(entry)) is not None:
                return pair
            del self._begun[next(iter(self._begun))]
        while self._joined:
            demand = next(iter(self._joined))
            if self._is_listed(demand) and (pair := self._pair(demand)) is not None:
                return pair
            del self._joined[demand]
        while self._freed:
            who = next(iter(self._freed))
            agent = self._free.get(who)
            best = self._best_demand(agent) if agent is not None else None
            if best is not None and (pair := self._pair(best)) is not None:
                return pair
            if agent is not None and (pair := self._rung_too(agent)) is not None:
                return pair
            del self._freed[who]
        return None

    def _beside(self, entry: QueueEntry) -> Pair | None:
        """Somebody of those who are free to be rung beside those whose phones ring for the caller, unless
        somebody with a better place waits for them."""
        line = self.lines[entry.queue]
        for one in self._fitting(line, line.eased(entry.want, entry.steps)):
            if _joins(one, entry):
                best = self._best_demand(self._free[one[-1]])
                if best is None or entry.place < best.head:
                    return self._beside_others(entry, line, one)
        return None

    def _rung_too(self, agent: AgentRow) -> Pair | None:
        """The caller with the best place of those for whom others are being rung, and this one may be."""
        for entry in sorted(self._rounds.values(), key=place_of):
            line = self.lines[entry.queue]
            want = line.eased(entry.want, entry.steps)
            tier = want.tier_of(agent, entry.queue)
            if tier is not None:
                own = standing(line.rules.strategy, agent, tier, want.lacking(agent))
                if _joins(own, entry):
                    return self._beside_others(entry, line, own)
        return None

    def _beside_others(self, entry: QueueEntry, line: Line, chosen: Standing) -> Pair:
        want, count = line.eased(entry.want, entry.steps), len(entry.rung)
        free, asked = self._count_free(line, want), (text_of(want.requires), text_of(want.prefers))
        strategy, told = line.rules.strategy.value, (_candidate(chosen),)
        reason = OfferReason(strategy, *asked, len(line.staff), free, 0, 1, told, beside=count)
        return Pair(entry, chosen[-1], f"rung beside {count}{_asked(want)}", reason)

    def _pair(self, demand: Demand) -> Pair | None:
        """Somebody of those who are free for the head of the demand, unless they could serve somebody with
        a better place: then for that one, and so on."""
        choice = self._choose(demand)
        while choice is not None:
            best = self._best_demand(self._free[choice.agent[-1]])
            if best is None or best.head >= demand.head:
                return self._reasoned(demand, choice)
            demand, choice = best, self._choose(best)
        return None

    def _choose(self, demand: Demand) -> _Choice | None:
        """Nobody is offered twice to a caller while there is somebody else."""
        line, want, failed = demand.line, demand.want, demand.waiting[0].failed_with
        strategy, fitting = line.rules.strategy, self._fitting(line, want)
        if strategy in BY_CHANCE or want.prefers != NO_NEED or want.added or failed:
            known = sorted(fitting)
            others = [one for one in known if one[-1] not in failed]
            passed = len(known) - len(others) if others else 0
            able = others or known
        else:
            able, passed = list(islice(fitting, TOLD)), 0
        if not able:
            return None
        chosen, drawn = choose(strategy, able, self._draw, lambda one: _weight(line, one))
        is_alone = strategy is not Strategy.RING_ALL  # else the others are rung too
        told = (chosen, *(one for one in able[:TOLD] if is_alone and one is not chosen))
        return _Choice(chosen, told[:TOLD], passed, drawn)

    def _reasoned(self, demand: Demand, choice: _Choice) -> Pair:
        line, want = demand.line, demand.want
        free, waiting = self._count_free(line, want), len(demand.waiting)
        reason = OfferReason(
            line.rules.strategy.value,
            text_of(want.requires),
            text_of(want.prefers),
            len(line.staff),
            free,
            choice.passed_over,
            waiting,
            tuple(map(_candidate, choice.told)),
            choice.drawn,
        )
        strategy, _ = REASONS[line.rules.strategy]
        why = f"{strategy}{_asked(want)} of {free} free, first of {waiting} waiting"
        if choice.passed_over:
            why += f"; {choice.passed_over} did not take this call before"
        return Pair(demand.waiting[0], choice.agent[-1], why, reason)

    def _fitting(self, line: Line, want: Want) -> Iterator[Standing]:
        """The free who may serve these callers, in order, except that what they prefer is not looked at
        for the order."""
        queue, strategy = line.rules.id, line.rules.strategy
        queues = [line, *(self.lines[q] for q in want.added if q in self.lines)]
        seen: set[AgentId] = set()
        for one in queues:
            for *_, who in one.free:
                agent = self._free[who]
                tier = None if who in seen else want.tier_of(agent, queue)
                if tier is not None:
                    if len(queues) > 1:
                        seen.add(who)
                    yield standing(strategy, agent, tier, want.lacking(agent))

    def _count_free(self, line: Line, want: Want) -> int:
        added = (self.lines[q] for q in want.added if q in self.lines)
        return len(line.free) + sum(len(other.free) for other in added)

    def _best_demand(self, agent: AgentRow) -> Demand | None:
        """Where the caller with the best place waits whom the agent could serve."""
        own = [self.lines[queue].heads for queue in agent.queues]
        guests = [self._guests[queue] for queue in agent.queues if self._guests.get(queue)]
        heads: Iterable[Demand] = own[0] if len(own) == 1 else heapq.merge(*own, key=_head)
        if guests:
            others = dict.fromkeys(chain(*guests))
            heads = heapq.merge(heads, sorted(others, key=_head), key=_head)
        return next((demand for demand in heads if demand.fits(agent)), None)

    def before(self, queues: Iterable[QueueId], place: Place) -> Iterator[tuple[Demand, int]]:
        """Of the callers with a better place whom agents of these queues may serve: how many there are, by
        what they want."""
        for queue in sorted(queues):
            line = self.lines.get(queue)
            for demand in line.heads if line is not None else ():
                if demand.head >= place:
                    break
                yield demand, int(demand.waiting.bisect_key_left(place))
        guests = dict.fromkeys(chain(*(self._guests.get(queue, ()) for queue in sorted(queues))))
        for demand in guests:
            if demand.line.rules.id not in queues and demand.head < place:
                yield demand, int(demand.waiting.bisect_key_left(place))

    def _is_listed(self, demand: Demand) -> bool:
        line = demand.line
        return self.lines.get(line.rules.id) is line and line.demands.get(demand.want) is demand

    # -- who is without any help ----------------------------------------------------------------

    @property
    def has_unserved(self) -> bool:
        """Whether `next_eased` may have something to say."""
        return bool(self._unserved)

    def next_eased(self) -> Help | None:
        """Somebody whom nobody who is signed in could serve, and what would help them. Each is asked about
        once, until who is signed in changes."""
        while self._unserved:
            entry = self._unserved.pop(next(iter(self._unserved)))
            line, demand = self.lines[entry.queue], entry.demand
            if demand is None or self._has_staff(line, demand.want):
                continue
            if entry.want.agent is not None:
                return Help(entry, entry.steps)
            for steps in range(entry.steps + 1, len(line.easing) + 1):
                if self._has_staff(line, line.eased(entry.want, steps)):
                    return Help(entry, steps)
        return None

    def _has_staff(self, line: Line, want: Want) -> bool:
        queue = line.rules.id
        added = (self.lines[other].staff for other in want.added if other in self.lines)
        staff = chain.from_iterable(one.values() for one in (line.staff, *added))
        return any(want.tier_of(agent, queue) is not None for agent in staff)

    def _staff_changed(self, agent: AgentRow) -> None:
        """Whoever waits for somebody like them may need help now, or may be helped."""
        for queue in agent.queues:
            line = self.lines[queue]
            has_steps = bool(line.easing)
            for demand in line.demands.values():
                can_ease = has_steps or demand.want.agent is not None
                if can_ease and not self._has_staff(line, demand.want):
                    self._unserved.update((entry.call, entry) for entry in demand.waiting)

    # -- agents -------------------------------------------------------------------------------

    def sign_in(self, agent: AgentRow) -> None:
        """Whether or not they are free, callers may wait for them from now on."""
        if agent.presence is not Presence.SIGNED_OUT and agent.queues:
            for queue in agent.queues:
                self.lines[queue].staff[agent.id] = agent
            self._staff_changed(agent)

    def sign_out(self, agent: AgentRow) -> None:
        """Nobody need wait for them any more."""
        if any([self.lines[queue].staff.pop(agent.id, None) for queue in agent.queues]):
            self._staff_changed(agent)

    def add_free(self, agent: AgentRow) -> None:
        """List somebody who may be offered the next caller."""
        self.drop_free(agent)
        if agent.queues:
            self._free[agent.id] = agent
            for queue in agent.queues:
                self.lines[queue].add_free(agent)
            self._freed[agent.id] = None

    def drop_free(self, agent: AgentRow) -> None:
        """List them no longer, if they were."""
        if self._free.pop(agent.id, None) is not None:
            for queue in agent.queues:
                self.lines[queue].drop_free(agent.id)

    def rank_tiers(self, agents: Iterable[AgentRow]) -> None:
        """Which tiers each queue has."""
        tiers: dict[QueueId, set[int]] = {queue: set() for queue in self.lines}
        for agent in agents:
            for queue in agent.queues:
                tiers[queue].add(agent.talents.tiers.get(queue, 1))
        for queue, line in self.lines.items():
            line.tiers = tuple(sorted(tiers[queue]))

    def clear(self) -> None:
        """Before a new configuration: forget what everybody wants and who could serve them."""
        for line in self.lines.values():
            line.clear()
        self._joined.clear()
        self._freed.clear()
        self._free.clear()
        self._guests.clear()
        self._unserved.clear()
        self._rounds.clear()
        self._begun.clear()


def _head(demand: Demand) -> Place:
    return demand.head


def _joins(one: Standing, entry: QueueEntry) -> bool:
    """Whether this agent, who fits, is to be rung beside the others."""
    rung, who = entry.round, one[-1]
    if rung is None or one[:2] != rung.rank or who in rung.asked:
        return False
    return rung.again or who not in entry.failed_with


def _can_ease(entry: QueueEntry, line: Line) -> bool:
    return entry.want.agent is not None or entry.steps < len(line.easing)


def _candidate(place: Standing) -> Candidate:
    tier, lacking, measure, since, agent = place
    return Candidate(agent, tier, lacking, measure, since)


def _weight(line: Line, agent: AgentId) -> int:
    row = line.staff.get(agent)
    return row.talents.weights.get(line.rules.id, 1) if row else 1


def _asked(want: Want) -> str:
    asked = f" with {text_of(want.requires)}" if want.requires != NO_NEED else ""
    return asked if want.tier is None else f"{asked} down to tier {want.tier}"
