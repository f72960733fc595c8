"""`bench callbacks`: what it does to the order of service, and to those who hold the line, that others keep
their place and are called back.

Made-up rushes, each twice: with callbacks, and with everybody on the line. Who calls when and how long they
are served is the same in both. Of those who are to be called back some do not answer, refuse, hang up at
once, or call again before it is their turn.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from random import Random
from typing import Final

from callcenter.bench.figures import Target, percentile
from callcenter.core.calls.phases import Kept
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallerAnswered,
    CallerDialled,
    LegCause,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, FlowId, called_leg
from callcenter.core.ivr.flow import CallBack, Enqueue, Flow, NodeId, PromptName
from callcenter.testing.centre import SALES, STRAIGHT, Centre, straight

CALLERS: Final = 60
AGENTS: Final = 5
RUSH: Final = 1200.0
HANDLING: Final = 180.0
"""Seconds: of the rush, and of one handling in the mean."""
_LATER: Final = "4002"
_PROMISE: Final = 4.0
_AGENT_LIFTS: Final = 2.0
_ENDS_WITHIN: Final = timedelta(hours=6)


class Way(Enum):
    """What somebody does who is to be called back."""

    ANSWERS = 1
    SILENT = 2
    REFUSES = 3
    HANGS_UP = 4
    CALLS_AGAIN = 5


_WAYS: Final = [Way.ANSWERS] * 14 + [Way.SILENT, Way.SILENT, Way.REFUSES, Way.HANGS_UP]
_WAYS_TOO: Final = [*_WAYS, Way.CALLS_AGAIN, Way.CALLS_AGAIN]


@dataclass(frozen=True, slots=True)
class Person:
    """Seconds: when they call, how long they are served, how soon they lift their phone."""

    number: str
    calls_at: float
    served_for: float
    lifts_in: float
    would_rather_be_called: bool
    way: Way

    @property
    def has_one_turn(self) -> bool:
        """Whether they are there when it is their turn first."""
        return not self.would_rather_be_called or self.way in (Way.ANSWERS, Way.CALLS_AGAIN)


@dataclass(slots=True)
class Served:
    """When an agent was first found for each, and when they began to talk, by number."""

    turn: dict[str, datetime] = field(default_factory=dict)
    talk: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rush:
    """One rush. `turns` and `talks`: by how many positions each was served otherwise than if all had held
    the line, of all and of those who were there at their first turn; `delays`: how much longer those on the
    line waited for it, in handlings."""

    seed: int
    called_back: int
    turns: tuple[int, ...]
    talks: tuple[int, ...]
    delays: tuple[float, ...]


def measure_rush(seed: int, *, caller_first: bool) -> Rush:
    """One rush, with callbacks and without."""
    people = _people(Random(seed))
    kept = _World(people, caller_first=caller_first).run()
    held = _World([replace(one, would_rather_be_called=False) for one in people]).run()
    there = [one for one in people if one.has_one_turn]
    on_line = [one.number for one in people if not one.would_rather_be_called]
    return Rush(
        seed,
        sum(one.would_rather_be_called for one in people),
        _moved(kept.turn, held.turn, [one.number for one in people]),
        _moved(kept.talk, held.talk, [one.number for one in there]),
        tuple((kept.talk[n] - held.talk[n]).total_seconds() / HANDLING for n in on_line),
    )


def callback_targets(rushes: Sequence[Rush]) -> list[Target]:
    """What is asked for: served within one position in 99 %, and nobody on the line delayed by more than
    one handling."""
    turns = [moved for rush in rushes for moved in rush.turns]
    delays = [delay for rush in rushes for delay in rush.delays]
    within = sum(abs(moved) <= 1 for moved in turns) / len(turns)
    more = {"at_least": True, "runs": len(rushes)}
    return [
        Target("turns within one position", 100 * within, 99.0, "%", **more),  # type: ignore[arg-type]
        Target("delay on the line, the longest", max(delays), 1.0, "handlings", runs=len(rushes)),
    ]


def callback_line(rushes: Sequence[Rush]) -> str:
    """What came of many rushes, and the worst of them."""
    turns = [abs(moved) for rush in rushes for moved in rush.turns]
    talks = [abs(moved) for rush in rushes for moved in rush.talks]
    delays = [delay for rush in rushes for delay in rush.delays]
    worst = max(rushes, key=lambda rush: max(rush.delays))
    farthest = max(rushes, key=lambda rush: max(map(abs, rush.turns)))
    return (
        f"{len(rushes)} rushes, {sum(rush.called_back for rush in rushes)} called back of {len(turns)}:"
        f" turn within 1 position {_share(turns):.2%} (worst {max(turns)}, seed {farthest.seed}),"
        f" talk within 1 {_share(talks):.2%} (worst {max(talks)}); on the line delayed"
        f" p50 {percentile(delays, 0.5):+.2f}, p99 {percentile(delays, 0.99):+.2f},"
        f" worst {max(delays):+.2f} handlings (seed {worst.seed})"
    )


def _share(moved: Sequence[int]) -> float:
    return sum(one <= 1 for one in moved) / len(moved)


def _moved(
    kept: dict[str, datetime], held: dict[str, datetime], numbers: Sequence[str]
) -> tuple[int, ...]:
    """By how many positions each of these was served otherwise."""
    there = [number for number in numbers if number in kept and number in held]
    before = {number: place for place, number in enumerate(sorted(there, key=held.__getitem__))}
    after = {number: place for place, number in enumerate(sorted(there, key=kept.__getitem__))}
    return tuple(after[number] - before[number] for number in there)


def _people(random: Random) -> list[Person]:
    moments = sorted(random.uniform(0.0, RUSH) for _ in range(CALLERS))
    return [
        Person(
            f"+4930{number:06}",
            at,
            max(20.0, random.expovariate(1 / HANDLING)),
            random.uniform(3.0, 12.0),
            random.random() < 0.5,
            random.choice(_WAYS_TOO),
        )
        for number, at in enumerate(moments)
    ]


def _flow(*, caller_first: bool) -> Flow:
    back = CallBack(
        Enqueue(SALES),
        PromptName("soon"),
        NodeId("wait"),
        caller_first=caller_first,
        retry_after=timedelta(minutes=5),
        ring_for=timedelta(seconds=25),
    )
    nodes = {**straight(SALES).nodes, NodeId("back"): back}
    return replace(straight(SALES), id=FlowId("back"), start=NodeId("back"), nodes=nodes)


class _World:
    """One rush, on a switch in memory and a clock that is moved."""

    def __init__(self, people: Sequence[Person], *, caller_first: bool = False) -> None:
        self._people = {person.number: person for person in people}
        self._centre = Centre()
        known = self._centre.directory
        rules = replace(known.queues[SALES], announce_every=None, music="", wrap_up=timedelta())
        self._centre.directory = replace(
            known,
            flows={**known.flows, FlowId("back"): _flow(caller_first=caller_first)},
            numbers={**known.numbers, _LATER: FlowId("back")},
            queues={**known.queues, SALES: rules},
            reach=lambda number: number,
        )
        self._centre.door.configure(self._centre.directory)
        for number in range(AGENTS):
            self._centre.agent(f"a{number}")
        self._planned: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._heard = self._centre.engine.number
        self._whose: dict[CallId, Person] = {}
        self._served = Served()

    def run(self) -> Served:
        """Let it happen, to the end."""
        begins = self._centre.clock.now()
        for person in self._people.values():
            self._plan(person.calls_at, lambda person=person: self._calls(person))  # type: ignore[misc]
        while (when := self._next()) is not None and when < begins + _ENDS_WITHIN:
            self._centre.clock.move(max(timedelta(), when - self._centre.clock.now()))
            while self._planned and self._planned[0][0] <= when:
                heapq.heappop(self._planned)[2]()
            self._hear()
        return self._served

    def _next(self) -> datetime | None:
        alarm = self._centre.clock.alarm_at
        planned = self._planned[0][0] if self._planned else None
        return min((when for when in (alarm, planned) if when is not None), default=None)

    def _plan(self, seconds: float, what: Callable[[], None]) -> None:
        when = self._centre.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._planned, (when, next(self._order), what))

    def _calls(self, person: Person) -> None:
        wants = person.would_rather_be_called
        call = self._centre.call(_LATER if wants else STRAIGHT, person.number)
        self._whose[call] = person
        if wants:
            self._plan(_PROMISE, lambda: self._centre.switch.finish_prompt(call))
        if wants and person.way is Way.CALLS_AGAIN:
            self._plan(60.0, lambda: self._calls_again(person, call))

    def _calls_again(self, person: Person, call: CallId) -> None:
        known = self._centre.engine.calls.get(call)
        if known is not None and isinstance(known.phase, Kept) and not known.phase.rings:
            self._whose[self._centre.call(STRAIGHT, person.number)] = person

    def _hear(self) -> None:
        for number, fact in self._centre.journal.read_after(self._heard):
            self._heard = number
            self._react(fact)

    def _react(self, fact: Fact) -> None:
        match fact:
            case AgentOffered(at=at, call=call):
                self._served.turn.setdefault(self._whose[call].number, at)
            case AgentRinging(agent=agent, call=call, offer=offer):
                self._plan(_AGENT_LIFTS, lambda: self._lifts(agent, call, offer))
            case CallerDialled(call=call, attempt=attempt):
                self._rings_at_home(call, attempt)
            case AgentAnswered(call=call) | CallerAnswered(call=call):
                self._talks(call, fact.at)

    def _lifts(self, agent: AgentId, call: CallId, offer: int) -> None:
        held = self._centre.row(agent).engagement
        is_this = held is not None and (held.call, held.offer) == (call, offer)
        if is_this and self._centre.rings(agent):
            self._centre.answers(agent)

    def _rings_at_home(self, call: CallId, attempt: int) -> None:
        person, leg = self._whose[call], called_leg(call, attempt)
        way = person.way if attempt == 1 else Way.ANSWERS
        if way is Way.REFUSES:
            self._plan(person.lifts_in, lambda: self._centre.switch.hang_up(leg, LegCause.REJECTED))
        elif way is not Way.SILENT:
            self._plan(person.lifts_in, lambda: self._answers(call, leg))

    def _answers(self, call: CallId, leg: str) -> None:
        if leg in self._centre.switch.legs:
            self._centre.switch.answer_callback(call)

    def _talks(self, call: CallId, at: datetime) -> None:
        person = self._whose[call]
        if self._centre.talking_to(call) is None or person.number in self._served.talk:
            return
        self._served.talk[person.number] = at
        hangs_up = person.would_rather_be_called and person.way is Way.HANGS_UP
        self._plan(2.0 if hangs_up else person.served_for, lambda: self._ends(call))

    def _ends(self, call: CallId) -> None:
        known = self._centre.engine.calls.get(call)
        if known is not None:
            self._centre.switch.hang_up(known.caller)
