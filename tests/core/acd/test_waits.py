"""What an estimate is made of: who could serve the caller, whom they would serve before, what was said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.estimate import Bracket
from callcenter.core.acd.floor import Floor
from callcenter.core.acd.learned import ENOUGH
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.want import Ease
from callcenter.core.facts.agents import AgentSignedIn, DeviceReachable, Presence, PresenceChanged
from callcenter.core.facts.calls import (
    AgentAnswered,
    CallEnded,
    EndedBy,
    Outcome,
    PositionReached,
    QueueJoined,
    WantChanged,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SALES, SUPPORT = QueueId("sales"), QueueId("support")
SAYS = QueueRules(SALES, announce_estimate=True, wrap_up=timedelta())


class Hall:
    """A floor with callers, a clock, and agents `a1`, `a2` … who are all talking."""

    def __init__(self, agents: int = 12, *, mean: float = 180, known: int = 100) -> None:
        self.now, self.calls = NOON, 0
        self.floor = Floor(draw=Random(0).randrange)
        self.rules = [SAYS, QueueRules(SUPPORT, announce_estimate=True, wrap_up=timedelta())]
        self.staff: dict[AgentId, tuple[QueueId, ...]] = {}
        self.staff |= {AgentId(f"a{n}"): (SALES,) for n in range(1, agents + 1)}
        self.talents: dict[AgentId, Talents] = {}
        self.facts: list[Fact] = []
        self.knows(SALES, mean, known)
        self.knows(SUPPORT, mean, known)

    def knows(self, queue: QueueId, mean: float, count: int) -> None:
        for n in range(count):
            lasted = timedelta(seconds=-mean * log(1 - (n + 0.5) / count))
            self.floor.waits.learned.of(queue).talk.add(lasted)

    def opens(self) -> "Hall":
        self.floor.configure(self.rules, self.staff, self.talents, self.now)
        for agent in self.staff:
            self.hear(AgentSignedIn(self.now, agent, f"sip:{agent}"))
            self.hear(DeviceReachable(self.now, agent, True))
            self.hear(PresenceChanged(self.now, agent, Presence.READY))
        for queues in self.staff.values():
            self.joins(queues[0])
            self.serves()
        return self

    def hear(self, fact: Fact) -> None:
        self.facts.append(fact)
        for one in self.floor.advance(fact):
            self.hear(one)

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for fact in self.floor.agenda.due_of_agents(self.now):
            self.hear(fact)
        for fact in self.floor.agenda.due_of_calls(self.now):
            self.hear(fact)
        self.serves()

    def joins(self, queue: QueueId = SALES, requires: str = "", priority: float = 0) -> CallId:
        self.calls += 1
        call = CallId(f"c{self.calls}")
        self.hear(QueueJoined(self.now, call, queue, priority, requires=requires))
        return call

    def serves(self) -> None:
        while (offer := self.floor.next_offer(self.now)) is not None:
            self.hear(offer)
            self.hear(AgentAnswered(self.now, offer.call, offer.agent, offer.offer))

    def ends(self, agent: AgentId) -> None:
        held = self.floor.agents[agent].engagement
        if held is not None:
            answered = (Outcome.ANSWERED, EndedBy.CALLER, agent)
            self.hear(CallEnded(self.now, held.call, *answered))
            self.serves()

    def gives_up(self, call: CallId) -> None:
        self.hear(CallEnded(self.now, call, Outcome.ABANDONED, EndedBy.CALLER))

    def leaves(self, agent: AgentId) -> None:
        self.hear(PresenceChanged(self.now, agent, Presence.PAUSED))

    def bracket(self, call: CallId) -> Bracket | None:
        return self.floor.waits.bracket(self.floor.entries[call], self.now)

    def told(self, call: CallId) -> None:
        """As `bracket` says."""
        said = self.bracket(call)
        assert said is not None
        ends = int(said.least.total_seconds()), int(said.most.total_seconds())
        self.hear(PositionReached(self.now, call, 1, True, *ends))

    def until(self, call: CallId) -> datetime:
        said = self.bracket(call)
        assert said is not None
        return self.now + said.most


def line(hall: Hall, count: int, queue: QueueId = SALES, requires: str = "") -> CallId:
    for _ in range(count - 1):
        hall.joins(queue, requires)
    return hall.joins(queue, requires)


def ends(said: Bracket | None) -> tuple[float, float]:
    assert said is not None
    return said.least.total_seconds(), said.most.total_seconds()


# -- what it is made of ------------------------------------------------------------------------


def test_a_later_place_is_a_longer_wait() -> None:
    hall = Hall().opens()
    first, last = line(hall, 2), line(hall, 20)
    assert ends(hall.bracket(first)) < ends(hall.bracket(last))


def test_little_is_known_little_is_said() -> None:
    thin, enough = Hall(known=ENOUGH - 1).opens(), Hall(known=ENOUGH).opens()
    assert thin.bracket(line(thin, 2)) is None
    assert enough.bracket(line(enough, 2)) is not None


def test_where_nobody_takes_calls_nothing_is_said() -> None:
    hall = Hall(agents=2).opens()
    call = line(hall, 1)
    hall.leaves(AgentId("a1"))
    hall.leaves(AgentId("a2"))
    assert hall.bracket(call) is None


def test_only_agents_who_may_serve_this_caller_count() -> None:
    hall = Hall(agents=40)
    hall.talents = {AgentId(f"a{n}"): Talents({"english": 60}) for n in range(1, 13)}
    hall.opens()
    english, anybody = line(hall, 6, requires="english >= 50"), hall.joins()
    assert ends(hall.bracket(anybody)) < ends(hall.bracket(english))


def test_those_ahead_who_wait_for_others_are_not_waited_for() -> None:
    hall = Hall(agents=40)
    hall.talents = {AgentId("a1"): Talents({"english": 60})}
    hall.opens()
    alone = ends(hall.bracket(line(hall, 1)))
    line(hall, 30, requires="english >= 50")
    assert ends(hall.bracket(hall.joins()))[1] <= alone[1] + 30


@pytest.mark.parametrize("every", [2, 5, 10])
def test_of_many_agents_some_are_looked_at_whatever_their_order_is(every: int) -> None:
    hall = Hall(agents=1000)
    hall.staff = {
        agent: (SALES, SUPPORT) if n % every == every - 1 else (SALES,)
        for n, agent in enumerate(hall.staff)
    }
    hall.opens()
    line(hall, 100)
    line(hall, 100, SUPPORT)
    assert hall.bracket(hall.joins(SUPPORT)) is not None


def test_callers_of_another_queue_are_ahead_where_agents_are_shared() -> None:
    shared, apart = Hall(), Hall()
    shared.staff = {agent: (SALES, SUPPORT) for agent in shared.staff}
    for hall in (shared.opens(), apart.opens()):
        line(hall, 20, SUPPORT)
    assert ends(apart.bracket(apart.joins())) < ends(shared.bracket(shared.joins()))


def test_what_a_caller_will_want_after_a_while_counts_too() -> None:
    def hall(*easing: Ease) -> Hall:
        one = Hall(agents=90)
        one.talents = {AgentId(f"a{n}"): Talents({"english": 60}) for n in range(1, 31)}
        one.rules[0] = replace(SAYS, easing=easing)
        return one.opens()

    never, soon = hall(), hall(Ease(timedelta(seconds=30), "english"))
    need = "english >= 50"
    assert ends(soon.bracket(line(soon, 20, requires=need))) < ends(
        never.bracket(line(never, 20, requires=need))
    )


def test_it_is_learned_from_facts_alone() -> None:
    hall = Hall(agents=20, known=0).opens()
    for _ in range(2):
        line(hall, 20)
        hall.after(100)
        for agent in hall.staff:
            hall.ends(agent)
    call = line(hall, 3)
    again = Hall(agents=20, known=0)
    again.floor.configure(again.rules, again.staff, again.talents, NOON)
    for fact in hall.facts:
        again.floor.advance(fact)
    again.now = hall.now
    assert ends(hall.bracket(call)) == ends(again.bracket(call))


# -- what was said -----------------------------------------------------------------------------


def test_it_is_said_with_the_position_where_the_queue_says_so() -> None:
    hall = Hall().opens()
    call = line(hall, 4)
    hall.after(SAYS.announce_first.total_seconds())
    (said,) = [f for f in hall.facts if isinstance(f, PositionReached) and f.call == call]
    assert said.position == 4 and said.least_seconds is not None
    silent = Hall()
    silent.rules[0] = replace(SAYS, announce_estimate=False)
    call = line(silent.opens(), 4)
    silent.after(SAYS.announce_first.total_seconds())
    (said,) = [f for f in silent.facts if isinstance(f, PositionReached) and f.call == call]
    assert said.most_seconds is None


def told_and_slower() -> tuple[Hall, CallId]:
    """Calls have come to last longer than was thought."""
    hall = Hall(agents=40).opens()
    call = line(hall, 30)
    hall.told(call)
    hall.knows(SALES, 300, 400)
    hall.now += timedelta(seconds=1)
    return hall, call


def test_it_never_rises_without_a_cause() -> None:
    hall, call = told_and_slower()
    said, until = hall.bracket(call), hall.floor.entries[call].told_until
    assert until is not None
    assert said is None or hall.now + said.most <= until


def test_it_rises_when_an_agent_left() -> None:
    hall, call = told_and_slower()
    before = hall.floor.entries[call].told_until
    hall.leaves(AgentId("a1"))
    assert before is not None and hall.until(call) > before


def test_it_rises_when_somebody_with_a_better_place_came() -> None:
    hall, call = told_and_slower()
    before = hall.floor.entries[call].told_until
    hall.joins()
    assert hall.bracket(call) is None or hall.until(call) <= (before or NOON)
    hall.joins(priority=600)
    assert before is not None and hall.until(call) > before


def test_it_rises_when_the_caller_needs_something_else() -> None:
    hall = Hall(agents=90)
    hall.talents = {AgentId(f"a{n}"): Talents({"english": 60}) for n in range(1, 31)}
    call = line(hall.opens(), 20)
    hall.told(call)
    before = hall.floor.entries[call].told_until
    hall.hear(WantChanged(hall.now, call, "english", ""))
    assert before is not None and hall.until(call) > before


def test_a_phone_that_is_gone_is_a_cause_and_that_of_somebody_who_paused_is_none() -> None:
    def after_all(presence: Presence) -> bool:
        hall = Hall(agents=2)
        hall.opens()
        entry = hall.floor.entries[line(hall, 1)]
        hall.hear(PresenceChanged(hall.now, AgentId("a1"), presence))
        hall.now += timedelta(seconds=1)
        then = hall.now
        hall.now += timedelta(seconds=1)
        hall.hear(DeviceReachable(hall.now, AgentId("a1"), False))
        return hall.floor.waits.causes.since(then, [SALES], entry.place)

    assert after_all(Presence.READY)
    assert not after_all(Presence.PAUSED)


def test_it_rises_when_rules_were_changed_and_only_then() -> None:
    hall, call = told_and_slower()
    before = hall.floor.entries[call].told_until
    hall.floor.configure(hall.rules, hall.staff, hall.talents, hall.now)
    assert hall.bracket(call) is None or hall.until(call) <= (before or NOON)
    hall.rules[0] = replace(SAYS, wrap_up=timedelta(seconds=30))
    hall.floor.configure(hall.rules, hall.staff, hall.talents, hall.now)
    assert before is not None and hall.until(call) > before


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "end", "give up"]), st.integers(1, 40), st.integers(1, 40)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_it_never_rises_without_a_cause(steps: list[tuple[str, int, int]]) -> None:
    hall = Hall(agents=40).opens()
    line(hall, 30)
    for step, which, seconds in steps:
        waiting = [entry.call for entry in hall.floor.lines[SALES].entries]
        match step:
            case "join":
                hall.joins()
            case "end":
                hall.ends(AgentId(f"a{which}"))
            case _:
                hall.gives_up(waiting[which % len(waiting)] if waiting else CallId("nobody"))
        hall.after(seconds)
    said: dict[CallId, datetime] = {}
    for fact in hall.facts:
        if isinstance(fact, PositionReached) and fact.most_seconds is not None:
            until = fact.at + timedelta(seconds=fact.most_seconds)
            assert until <= said.get(fact.call, until)
            said[fact.call] = until
