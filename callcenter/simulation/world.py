"""A made-up centre at work: the real engine, with its floor and its call machine, on a switch in memory, a
clock that is moved from one thing that happens to the next, and people who do what chance says.

Same scenario and seed, same facts: everything by chance comes from one seeded source, and things of one
moment happen in the order in which they were planned.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Final

from callcenter.core.access import Actor, Role
from callcenter.core.acd.learned import Learned
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.directory import Directory
from callcenter.core.facts.agents import DeviceReachable, Presence, PresenceChanged
from callcenter.core.facts.calls import AgentAnswered, AgentRinging, QueueJoined
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.core.skills import parse_need, skills_in
from callcenter.engine.api import ChangeNeeds, Door, SetPresence, SignIn, SignOut
from callcenter.engine.loop import Engine
from callcenter.ports.journal import Numbered
from callcenter.simulation.figures import Figures, Results
from callcenter.simulation.scenario import Group, Kind, QueuePlan, Scenario
from callcenter.testing.centre import straight
from callcenter.testing.clock import HandClock
from callcenter.testing.switch import FakeSwitch

BEGIN: Final = datetime(2026, 1, 5, tzinfo=UTC)
# Who is still waiting so long after the last arrival waits for nobody.
AFTERWARDS: Final = timedelta(hours=4)
_BOSS: Final = Actor("simulation", Role.ADMIN)
_EVERYBODY: Final = Kind(1.0)


class _Ledger:
    """A journal that is heard and not kept."""

    def __init__(self, hear: Callable[[Fact], None]) -> None:
        self._hear = hear
        self.last_number = 0
        self.is_full = False

    def replay(self) -> Iterator[Numbered]:
        return iter(())

    def append(self, facts: Sequence[Numbered]) -> None:
        for number, fact in facts:
            self.last_number = number
            self._hear(fact)

    def turn_over(self, carry: Iterable[Numbered]) -> None:
        """Never asked for: it is never full."""

    def read_after(self, number: int) -> Iterator[Numbered]:
        return iter(())


class World:
    """One run of a scenario. `hear` is told every fact, in order."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        hear: Callable[[Fact], None] = lambda fact: None,
        *,
        learned: Learned | None = None,
    ) -> None:
        """`learned` on other days, for estimates of waits, which are then told to those who wait."""
        self._tells = learned is not None
        self._scenario = scenario
        self._random = Random(scenario.seed if seed is None else seed)
        self._plans = {plan.rules.id: plan for plan in scenario.queues}
        self._groups: dict[AgentId, Group] = {}
        self._figures = Figures(plan.rules for plan in scenario.queues)
        self._told = hear
        self._clock = HandClock(BEGIN)
        self._switch = FakeSwitch(self._clock)
        self._planned: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._engine = Engine(
            directory=self._directory(),
            clock=self._clock,
            journal=_Ledger(self._heard),
            telephony=self._switch,
        )
        if learned is not None:
            self._engine.floor.waits.learned = learned
        self._door = Door(self._engine, self._clock)
        self._switch.connect(self._door.deliver)

    def run(self, progress: Callable[[float], None] = lambda share: None) -> Results:
        """Let it happen, to the end. `progress`: the share of the time that has passed."""
        ends = BEGIN + timedelta(hours=self._scenario.hours)
        for plan in self._scenario.queues:
            self._plan_arrival(plan, 0.0)
        for agent, group in self._groups.items():
            self._plan(BEGIN + timedelta(seconds=group.begins), partial(self._comes, agent))
            if group.ends is not None:
                self._plan(BEGIN + timedelta(seconds=group.ends), partial(self._goes, agent))
        told = 0
        while (when := self._next()) is not None and when <= ends + AFTERWARDS:
            self._step(when)
            if (percent := int(100 * min(1.0, (when - BEGIN) / (ends - BEGIN)))) > told:
                told = percent
                progress(percent / 100)
            if when > ends and not self._engine.calls:
                break
        return self._figures.results(min(self._clock.now(), ends))

    # -- time ---------------------------------------------------------------------------------

    def _next(self) -> datetime | None:
        alarm = self._clock.alarm_at
        planned = self._planned[0][0] if self._planned else None
        return min((when for when in (alarm, planned) if when is not None), default=None)

    def _step(self, when: datetime) -> None:
        self._clock.move(max(timedelta(), when - self._clock.now()))
        while self._planned and self._planned[0][0] <= when:
            heapq.heappop(self._planned)[2]()
        self._switch.done.clear()

    def _plan(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (when, next(self._order), what))

    def _plan_in(self, wait: timedelta | None, what: Callable[[], None]) -> None:
        if wait is not None:
            self._plan(self._clock.now() + wait, what)

    # -- people -------------------------------------------------------------------------------

    def _plan_arrival(self, plan: QueuePlan, after: float) -> None:
        at = plan.arrivals.next(after, self._random)
        if at < 3600 * self._scenario.hours:
            self._plan(BEGIN + timedelta(seconds=at), lambda: self._calls(plan, at))

    def _calls(self, plan: QueuePlan, at: float) -> None:
        call = self._switch.arrive(plan.rules.id)
        kind = self._kind(plan)
        if kind is not _EVERYBODY and call in self._engine.floor.entries:
            self._door.ask(_BOSS, ChangeNeeds(call, kind.requires, kind.prefers, kind.priority))
        self._plan_arrival(plan, at)

    def _kind(self, plan: QueuePlan) -> Kind:
        drawn = self._random.random()
        for kind in plan.kinds:
            if drawn < kind.share:
                return kind
            drawn -= kind.share
        return _EVERYBODY

    def _heard(self, fact: Fact) -> None:
        """People react; nothing happens to the engine before it is done."""
        self._figures.hear(fact)
        self._told(fact)
        match fact:
            case QueueJoined(call=call, queue=queue):
                patience = self._plans[queue].patience.draw(self._random)
                self._plan_in(patience, lambda: self._gives_up(call))
            case AgentRinging(agent=agent, call=call, offer=offer):
                group = self._groups[agent]
                if self._random.random() >= group.misses:
                    wait = group.answers.draw(self._random)
                    self._plan_in(wait, lambda: self._answers(agent, call, offer))
            case AgentAnswered(call=call):
                plan = self._plans[QueueId(self._engine.calls[call].dnis)]
                self._plan_in(plan.handle.draw(self._random), lambda: self._hangs_up(call))
            case PresenceChanged(agent=agent, reason="rona"):
                wait = timedelta(seconds=self._groups[agent].returns)
                self._plan_in(wait, lambda: self._is_ready(agent))

    def _gives_up(self, call: CallId) -> None:
        if call in self._engine.floor.entries:
            self._switch.hang_up(LegId(call))

    def _hangs_up(self, call: CallId) -> None:
        if call in self._engine.calls:
            self._switch.hang_up(LegId(call))

    def _answers(self, agent: AgentId, call: CallId, offer: int) -> None:
        held = self._engine.floor.agents[agent].engagement
        if held is not None and (held.call, held.offer) == (call, offer):
            self._switch.answer(agent)

    def _comes(self, agent: AgentId) -> None:
        self._door.ask(_BOSS, SignIn(agent, f"sip:{agent}"))
        self._door.deliver(DeviceReachable(self._clock.now(), agent, True))
        self._is_ready(agent)

    def _is_ready(self, agent: AgentId) -> None:
        if self._engine.floor.agents[agent].presence is Presence.PAUSED:
            self._door.ask(_BOSS, SetPresence(agent, Presence.READY))

    def _goes(self, agent: AgentId) -> None:
        if self._engine.floor.agents[agent].presence is not Presence.SIGNED_OUT:
            self._door.ask(_BOSS, SignOut(agent))

    # -- configuration ------------------------------------------------------------------------

    def _directory(self) -> Directory:
        """Where queues, agents and assignments become the engine's own."""
        self._groups = {
            AgentId(f"{group.name}-{number}"): group
            for group in self._scenario.groups
            for number in range(1, group.count + 1)
        }
        flows = {queue: straight(queue) for queue in self._plans}
        needs = [kind for plan in self._scenario.queues for kind in plan.kinds]
        return Directory(
            flows={flow.id: flow for flow in flows.values()},
            numbers={str(queue): flow.id for queue, flow in flows.items()},
            queues={queue: self._said(plan.rules) for queue, plan in self._plans.items()},
            assignments={agent: group.queues for agent, group in self._groups.items()},
            talents={agent: group.talents for agent, group in self._groups.items()},
            skills=_skills(needs),
        )

    def _said(self, rules: QueueRules) -> QueueRules:
        """Nobody listens here, unless it is asked what would be said."""
        if self._tells:
            every = QueueRules(rules.id).announce_every
            return replace(rules, announce_every=every, announce_estimate=True, music="")
        return replace(rules, announce_every=None, music="")


def _skills(kinds: Iterable[Kind]) -> frozenset[str]:
    texts = (text for kind in kinds for text in (kind.requires, kind.prefers))
    return frozenset().union(*(skills_in(parse_need(text)) for text in texts))
