"""Who could serve whom: waiting callers and free agents, kept in order so that the next pair is found
without a search.

Callers of one queue who want the same are one demand, which holds them in order of their places and the
free agents who may serve them as the queue's strategy orders them. `_heads` holds the demands that have
both. A demand is looked at only when somebody joined it or became free, so a pair costs the logarithm of
what waits and the number of different wants, not a scan. A shared agent goes to the caller with the best
place among the demands that were touched, which is the global order, since a demand that was not touched
has nobody to serve or nobody free.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from sortedcontainers import SortedKeyList, SortedList

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.acd.queue import Line, Place, QueueEntry, place_of
from callcenter.core.acd.skills import NO_NEED, text_of
from callcenter.core.acd.strategy import REASONS, Draw, Standing, choose, standing
from callcenter.core.acd.want import Want
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import Candidate, OfferReason
from callcenter.core.ids import AgentId, CallId, QueueId

# Wants for which nobody waits are kept, since the next caller mostly wants what one before them did.
KEPT: Final = 16
# How many of the free an offer's reason names.
TOLD: Final = 5


class Demand:
    """The callers of one queue who want the same, and who could serve them."""

    def __init__(self, line: Line, want: Want) -> None:
        self.line = line
        self.want = want
        self.waiting: SortedKeyList[QueueEntry, Place] = SortedKeyList(key=place_of)
        self.free: SortedList[Standing] = SortedList()
        self.listed: Place | None = None  # of the head that is known to have to be served
        self.staffed = 0  # of those signed in, how many could serve them at all

    def tier_of(self, agent: AgentRow) -> int | None:
        """The tier in which the agent may serve these callers, if they may."""
        return self.want.tier_of(agent, self.line.rules.id)

    def standing_of(self, agent: AgentRow) -> Standing | None:
        """The agent's place among the free, if they may serve these callers."""
        tier = self.tier_of(agent)
        if tier is None:
            return None
        lacking = self.want.lacking(agent) if self.want.prefers != NO_NEED else 0
        return standing(self.line.rules.strategy, agent, tier, lacking)

    def head(self) -> QueueEntry | None:
        """Who is next, if there is anybody to serve them."""
        return self.waiting[0] if self.waiting and self.free else None


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


class Matching:
    """Lines, demands and the free. It knows agents only by what is told to it here."""

    def __init__(self, draw: Draw) -> None:
        self.lines: dict[QueueId, Line] = {}
        self._draw = draw
        self._heads: list[tuple[Place, int, Demand]] = []
        self._pushed = count()
        self._listed: dict[AgentId, dict[Demand, Standing]] = {}
        # Of other queues, whose callers this one's agents may serve too.
        self._guests: dict[QueueId, list[Demand]] = {}
        self._unserved: dict[CallId, QueueEntry] = {}

    # -- callers ------------------------------------------------------------------------------

    def wait(self, entry: QueueEntry) -> None:
        """The caller is to be served, in the order of their place."""
        line = self.lines[entry.queue]
        demand = entry.demand = self._demand(line, line.eased(entry.want, entry.steps))
        demand.waiting.add(entry)
        self._touch(demand)
        if demand.staffed == 0 and _can_ease(entry, line):
            self._unserved[entry.call] = entry

    def rest(self, entry: QueueEntry) -> None:
        """The caller is not to be served now: they are being offered, or gone."""
        self._unserved.pop(entry.call, None)
        demand, entry.demand = entry.demand, None
        if demand is not None:
            demand.waiting.remove(entry)
            self._touch(demand)

    @property
    def has_pair(self) -> bool:
        """Whether `next_pair` may find one."""
        return bool(self._heads)

    def next_pair(self) -> Pair | None:
        """The next pair to be made, or None when nobody who waits can be served now."""
        while self._heads:
            place, _, demand = heapq.heappop(self._heads)
            if demand.listed == place:
                demand.listed = None
            entry = demand.head()
            if entry is None or entry.place != place or not self._stands(demand):
                continue  # whoever changed the head has listed the new one
            return self._pair(demand, entry)
        return None

    def _pair(self, demand: Demand, entry: QueueEntry) -> Pair:
        """Nobody is offered twice to a caller while there is somebody else."""
        strategy, free, line = demand.line.rules.strategy, demand.free, demand.line
        asked = _asked(demand.want)
        why = f"{REASONS[strategy]} of {len(free)} free{asked}, first of {len(demand.waiting)} waiting"
        # Nearly always nobody: then nothing is copied.
        failed = entry.failed_with
        others = [one for one in free if one[-1] not in failed] if failed else []
        passed = len(free) - len(others) if others else 0
        if passed:
            why += f"; {passed} did not take this call before"
        able = others or free
        chosen, drawn = choose(strategy, able, self._draw, lambda one: _weight(line, one))
        first = (chosen, *(one for one in able[:TOLD] if one is not chosen))
        reason = OfferReason(
            strategy.value,
            text_of(demand.want.requires),
            text_of(demand.want.prefers),
            demand.staffed,
            len(free),
            passed,
            len(demand.waiting),
            tuple(map(_candidate, first)),
            drawn,
        )
        return Pair(entry, chosen[-1], why, reason)

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
            if demand is None or demand.staffed:
                continue
            if entry.want.agent is not None:
                return Help(entry, entry.steps)
            for steps in range(entry.steps + 1, len(line.easing) + 1):
                if self._has_staff(line, line.eased(entry.want, steps)):
                    return Help(entry, steps)
        return None

    def _has_staff(self, line: Line, want: Want) -> bool:
        queue = line.rules.id
        return any(want.tier_of(agent, queue) is not None for agent in self._staff(line, want))

    # -- agents -------------------------------------------------------------------------------

    def sign_in(self, agent: AgentRow) -> None:
        """Whether or not they are free, callers may wait for them from now on."""
        if agent.presence is not Presence.SIGNED_OUT and agent.queues:
            for queue in agent.queues:
                self.lines[queue].staff[agent.id] = agent
            self._staffing(agent, 1)

    def sign_out(self, agent: AgentRow) -> None:
        """Nobody need wait for them any more. Told while they are as they were."""
        if any([self.lines[queue].staff.pop(agent.id, None) for queue in agent.queues]):
            self._staffing(agent, -1)

    def add_free(self, agent: AgentRow) -> None:
        """List somebody who may be offered the next caller."""
        self.drop_free(agent)
        for queue in agent.queues:
            self.lines[queue].free[agent.id] = agent
        listed = self._listed[agent.id] = {}
        for demand in self._demands_of(agent):
            place = demand.standing_of(agent)
            if place is not None:
                demand.free.add(place)
                listed[demand] = place
                self._touch(demand)

    def drop_free(self, agent: AgentRow) -> None:
        """List them no longer, if they were."""
        if agent.id in self._listed:
            for demand, place in self._listed.pop(agent.id).items():
                demand.free.remove(place)
            for queue in agent.queues:
                self.lines[queue].free.pop(agent.id, None)

    def clear(self) -> None:
        """Before a new configuration: forget what everybody wants and who could serve them."""
        for line in self.lines.values():
            line.demands.clear()
            line.free.clear()
            line.staff.clear()
            for entry in line.entries:
                entry.demand = None
        self._heads.clear()
        self._listed.clear()
        self._guests.clear()
        self._unserved.clear()

    # -- inside -------------------------------------------------------------------------------

    def _staffing(self, agent: AgentRow, change: int) -> None:
        for demand in self._demands_of(agent):
            if demand.tier_of(agent) is not None:
                demand.staffed += change
        # Others than those whom they could serve now may find help by easing more.
        for demand in self._demands_of(agent):
            if not demand.staffed and demand.waiting:
                entries = (entry for entry in demand.waiting if _can_ease(entry, demand.line))
                self._unserved.update((entry.call, entry) for entry in entries)

    def _demands_of(self, agent: AgentRow) -> Iterable[Demand]:
        if not self._guests:
            return [d for queue in agent.queues for d in self.lines[queue].demands.values()]
        own = (d for queue in agent.queues for d in self.lines[queue].demands.values())
        guests = (d for queue in agent.queues for d in self._guests.get(queue, ()))
        return list(dict.fromkeys((*own, *guests)))

    def _staff(self, line: Line, want: Want) -> Iterator[AgentRow]:
        yield from line.staff.values()
        for queue in want.added:
            other = self.lines.get(queue)
            yield from other.staff.values() if other else ()

    def _demand(self, line: Line, want: Want) -> Demand:
        demand = line.demands.get(want)
        if demand is not None:
            return demand
        if len(line.demands) >= KEPT:
            self._drop_empty(line)
        demand = line.demands[want] = Demand(line, want)
        others = [self.lines[queue] for queue in want.added if queue in self.lines]
        for other in others:
            self._guests.setdefault(other.rules.id, []).append(demand)
        staff = {agent.id: agent for agent in self._staff(line, want)}
        demand.staffed = sum(demand.tier_of(agent) is not None for agent in staff.values())
        free = {agent.id: agent for one in (line, *others) for agent in one.free.values()}
        for agent in free.values():
            place = demand.standing_of(agent)
            if place is not None:
                demand.free.add(place)
                self._listed[agent.id][demand] = place
        return demand

    def _drop_empty(self, line: Line) -> None:
        for want, demand in list(line.demands.items()):
            if not demand.waiting:
                del line.demands[want]
                for place in demand.free:
                    del self._listed[place[-1]][demand]
                for queue in want.added:
                    guests = self._guests.get(queue, [])
                    if demand in guests:
                        guests.remove(demand)

    def _touch(self, demand: Demand) -> None:
        entry = demand.head()
        if entry is not None and entry.place != demand.listed:
            demand.listed = entry.place
            heapq.heappush(self._heads, (entry.place, next(self._pushed), demand))

    def _stands(self, demand: Demand) -> bool:
        line = demand.line
        return self.lines.get(line.rules.id) is line and line.demands.get(demand.want) is demand


def _can_ease(entry: QueueEntry, line: Line) -> bool:
    return entry.want.agent is not None or entry.steps < len(line.easing)


def _candidate(place: Standing) -> Candidate:
    tier, lacking, measure, since, agent = place
    return Candidate(agent, tier, lacking, measure, since)


def _weight(line: Line, agent: AgentId) -> int:
    return line.free[agent].talents.weights.get(line.rules.id, 1) if agent in line.free else 1


def _asked(want: Want) -> str:
    asked = f" with {text_of(want.requires)}" if want.requires != NO_NEED else ""
    return asked if want.tier is None else f"{asked} down to tier {want.tier}"
