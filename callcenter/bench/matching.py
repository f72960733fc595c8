"""`bench matching`: how long the floor takes to find who takes whom, and what that grows with.

Pure: the floor alone, no switch, no network, no disk. Every agent holds ten skills at levels of their own
and serves three of ten queues; callers ask for one skill or two at one of three levels, and some prefer a
third.
"""

import gc
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from callcenter.bench.figures import Target, percentile, spread
from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.floor import Floor
from callcenter.core.acd.queue import QueueRules
from callcenter.core.facts.agents import AgentSignedIn, DeviceReachable, Presence, PresenceChanged
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    EndedBy,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.testing.centre import Centre

FLOORS: Final = ((100, 100), (1_000, 1_000), (10_000, 5_000))
"""Agents, callers waiting."""
AFTER_OUTAGE: Final = (1_000, 5_000)
FREED: Final = 2_000
_QUEUES: Final = tuple(QueueId(f"q{number}") for number in range(10))
_SKILLS: Final = tuple(f"s{number}" for number in range(10))
_LEVELS: Final = (20, 50, 80)
_NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Matched:
    """One floor. Milliseconds from an agent freed to the offer decided, and from a caller's coming; and how
    many different wants there were at once."""

    agents: int
    waiting: int
    wants: int
    freed_p50: float
    freed_p99: float
    joined_p99: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Everybody ready at once: the seconds until all who can be served are, and the longest lap of them."""

    agents: int
    waiting: int
    matched: int
    seconds: float
    longest_lap_ms: float


class _Hall:
    """A floor of busy agents and waiting callers, and a clock that never goes back."""

    def __init__(self, agents: int, seed: int) -> None:
        self._random = Random(seed)
        self._now = _NOON
        self._calls = 0
        self.names = [AgentId(f"a{number}") for number in range(agents)]
        self.floor = Floor(draw=self._random.randrange)
        rules = [QueueRules(q, wrap_up=timedelta(), announce_every=None) for q in _QUEUES]
        served = {name: tuple(self._random.sample(_QUEUES, 3)) for name in self.names}
        talents = {name: Talents(self._levels()) for name in self.names}
        self.floor.configure(rules, served, talents, self._now)

    def _levels(self) -> dict[str, int]:
        return {skill: self._random.randint(1, 100) for skill in _SKILLS}

    def hear(self, fact: Fact) -> None:
        for following in self.floor.advance(fact):
            self.hear(following)

    def ticks(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now

    def sign_in(self, *, ready: bool) -> None:
        for name in self.names:
            self.hear(AgentSignedIn(self.ticks(), name, f"sip:{name}"))
            self.hear(DeviceReachable(self._now, name, True))
            if ready:
                self.is_ready(name)

    def is_ready(self, name: AgentId) -> None:
        self.hear(PresenceChanged(self.ticks(), name, Presence.READY))

    def joins(self) -> None:
        self._calls += 1
        first, second, third = self._random.sample(_SKILLS, 3)
        level = self._random.choice(_LEVELS)
        need = f"{first} >= {level}" if self._calls % 2 else f"{first} >= 20 and {second} >= 20"
        prefers = third if self._calls % 4 == 0 else ""
        queue = self._random.choice(_QUEUES)
        call = CallId(f"c{self._calls}")
        self.hear(QueueJoined(self.ticks(), call, queue, 0.0, None, need, prefers))

    def offers(self) -> Iterator[AgentOffered]:
        """Offers, each taken at once, until nobody who is free can serve anybody."""
        while (offer := self.floor.next_offer(self.ticks())) is not None:
            self.hear(offer)
            self.hear(AgentAnswered(self._now, offer.call, offer.agent, offer.offer))
            yield offer

    @property
    def wants(self) -> int:
        return sum(
            bool(demand.waiting)
            for line in self.floor.lines.values()
            for demand in line.demands.values()
        )


def measure_floor(agents: int, waiting: int, *, freed: int = FREED, seed: int = 1) -> Matched:
    """Everybody talks and a crowd waits; again and again one agent becomes free and a caller comes."""
    hall = _Hall(agents, seed)
    hall.sign_in(ready=True)
    talking: dict[AgentId, CallId] = {}
    while len(talking) < agents:
        hall.joins()
        talking |= {offer.agent: offer.call for offer in hall.offers()}
    while len(hall.floor.entries) < waiting:
        hall.joins()
    random, took, joined = Random(seed), [], []
    for _ in range(freed):
        who = random.choice(list(talking)) if len(talking) < 200 else random.choice(hall.names)
        if who not in talking:
            continue
        ended = CallEnded(hall.ticks(), talking.pop(who), Outcome.ANSWERED, EndedBy.CALLER, who)
        began = time.perf_counter()
        hall.hear(ended)
        offer = hall.floor.next_offer(hall.ticks())
        if offer is not None:
            hall.hear(offer)
        took.append(1000 * (time.perf_counter() - began))
        if offer is not None:
            hall.hear(AgentAnswered(hall.ticks(), offer.call, offer.agent, offer.offer))
            talking[offer.agent] = offer.call
        began = time.perf_counter()
        hall.joins()
        joined.append(1000 * (time.perf_counter() - began))
        talking |= {offer.agent: offer.call for offer in hall.offers()}
    shares = percentile(took, 0.5), percentile(took, 0.99), percentile(joined, 0.99)
    return Matched(agents, waiting, hall.wants, *shares)


def measure_outage(agents: int, waiting: int, *, seed: int = 1) -> Outage:
    """A crowd has waited for an engine; then everybody is ready at once."""
    hall = _Hall(agents, seed)
    hall.sign_in(ready=False)
    for _ in range(waiting):
        hall.joins()
    longest, matched, began = 0.0, 0, time.perf_counter()
    for name in hall.names:
        lap = time.perf_counter()
        hall.is_ready(name)
        matched += sum(1 for _ in hall.offers())
        longest = max(longest, time.perf_counter() - lap)
    return Outage(agents, waiting, matched, time.perf_counter() - began, 1000 * longest)


def measure_memory(waiting: int = 5_000) -> float:
    """KiB for each caller who waits, in a whole engine: call, entry, facts and timers, and the fake
    switch's own share."""
    centre = Centre(rules=QueueRules(QueueId("sales"), announce_every=None))
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(waiting):
        centre.call(ani=f"+49301{number:06d}")
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / 1024 / waiting


def matching_targets(
    floors: list[list[Matched]], outages: list[Outage], memory: float
) -> list[Target]:
    """What issue and figures say of each other."""
    bounds = {(1_000, 1_000): 1.0, (10_000, 5_000): 5.0}
    found = []
    for runs in floors:
        bound = bounds.get((runs[0].agents, runs[0].waiting))
        if bound is not None:
            p99 = spread(run.freed_p99 for run in runs).median
            name = f"freed to offered, p99, {runs[0].agents} agents, {runs[0].waiting} waiting"
            found.append(Target(name, p99, bound, "ms", runs=len(runs), strictly=True))
    seconds = spread(one.seconds for one in outages).median
    name = f"{outages[0].waiting} waiting, {outages[0].agents} ready at once"
    found.append(Target(name, seconds, 1.0, "s", runs=len(outages), strictly=True))
    found.append(Target("memory a waiting call", memory, 20.0, "KiB", strictly=True))
    return found
