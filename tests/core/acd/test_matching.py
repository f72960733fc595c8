"""Callers who want something, agents who can do something, and how the two find each other."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import AgentOffered, OfferEnd, QueueJoined, WantChanged, WantEased
from callcenter.core.ids import AgentId, CallId, QueueId
from tests.core.acd.test_floor import ANA, BO, SALES, SUPPORT, Hall

pytestmark = pytest.mark.core

CY = AgentId("cy")
NO_WRAP = replace(QueueRules(SALES), wrap_up=timedelta())


def hall_of(rules: QueueRules, **skills: Mapping[str, int]) -> Hall:
    """Agents with these skills, all in sales and ready, in this order."""
    hall = Hall(rules, **{agent: [SALES] for agent in skills})
    hall.talents = {AgentId(agent): Talents(skills=held) for agent, held in skills.items()}
    hall.assign([rules], **{agent: [SALES] for agent in skills})
    hall.ready(*map(AgentId, skills))
    return hall


def joins(
    hall: Hall,
    call: str,
    requires: str = "",
    *,
    prefers: str = "",
    only: AgentId | None = None,
    only_seconds: float = 0.0,
    priority: float = 0.0,
) -> None:
    fact = QueueJoined(hall.now, CallId(call), SALES, priority, None, requires, prefers)
    hall.hear(replace(fact, only=only, only_seconds=only_seconds))
    hall.now += timedelta(seconds=1)


def eases_at_once(hall: Hall) -> WantEased:
    fact = hall.floor.next_move(hall.now)
    assert isinstance(fact, WantEased)
    hall.hear(fact)
    return fact


# -- skills -------------------------------------------------------------------------------------


def test_only_who_can_do_it_is_offered_the_call() -> None:
    hall = hall_of(NO_WRAP, ana={}, bo={"english": 40}, cy={"english": 60})
    joins(hall, "a", "english >= 50")
    joins(hall, "b", "english >= 50")
    joins(hall, "c")
    assert hall.match() == ("a", CY)
    assert hall.match() == ("c", ANA)
    assert hall.match() is None


def test_who_does_it_best_comes_first_and_anybody_else_after() -> None:
    hall = hall_of(NO_WRAP, ana={"billing": 1}, bo={"billing": 1, "english": 1})
    joins(hall, "a", "billing", prefers="english")
    joins(hall, "b", "billing", prefers="english")
    assert hall.match() == ("a", BO)
    assert hall.match() == ("b", ANA)


def test_an_agent_goes_to_whoever_came_first_of_those_they_can_serve() -> None:
    hall = hall_of(NO_WRAP, ana={"english": 1})
    hall.says(ANA, Presence.PAUSED)
    joins(hall, "french", "french")
    joins(hall, "plain")
    joins(hall, "english", "english", priority=0.5)
    hall.says(ANA, Presence.READY)
    assert hall.match() == ("plain", ANA)


def test_the_reason_names_the_skills() -> None:
    hall = hall_of(NO_WRAP, ana={}, bo={"english": 40})
    joins(hall, "a", "english")
    offer = hall.floor.next_offer(hall.now)
    assert offer is not None
    assert offer.why == "longest idle with english of 2 free, first of 1 waiting"


# -- easing -------------------------------------------------------------------------------------


def test_after_its_time_a_step_is_taken_and_the_place_is_kept() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=30), "english", 20),))
    hall = hall_of(rules, ana={"english": 30}, bo={"english": 90})
    hall.says(BO, Presence.PAUSED)
    joins(hall, "a", "english >= 50")
    joins(hall, "b", "english >= 10")
    assert hall.match() == ("b", ANA)
    hall.answers("b", ANA)
    joins(hall, "c")
    eased = [fact for fact in hall.after(26) if isinstance(fact, WantEased)]
    assert eased == []
    (fact,) = (fact for fact in hall.after(1) if isinstance(fact, WantEased))
    assert (fact.call, fact.steps, fact.requires) == ("a", 1, "english >= 20")
    hall.ends("b", ANA)
    assert hall.match() == ("a", ANA)


def test_easing_goes_by_the_wait_and_not_by_offers() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=30), "vip"),))
    hall = hall_of(rules, ana={}, bo={"vip": 1})
    joins(hall, "a", "vip")
    assert hall.match() == ("a", BO)
    hall.after(25)
    hall.fails("a", OfferEnd.NO_ANSWER, BO)
    assert hall.match() is None
    hall.after(5)
    assert hall.match() == ("a", ANA)


def test_a_step_that_falls_due_while_a_phone_rings_holds_afterwards() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=10), "vip"),))
    hall = hall_of(rules, ana={}, bo={"vip": 1})
    joins(hall, "a", "vip")
    assert hall.match() == ("a", BO)
    hall.after(10)
    hall.fails("a", OfferEnd.NO_ANSWER, BO)
    assert hall.match() == ("a", ANA)


def test_where_nobody_signed_in_could_serve_them_a_step_that_helps_is_taken_at_once() -> None:
    steps = (
        Ease(timedelta(seconds=30), "english", 50),
        Ease(timedelta(seconds=60), "english"),
        Ease(timedelta(seconds=90), "billing"),
    )
    hall = hall_of(replace(NO_WRAP, easing=steps), ana={"billing": 1})
    joins(hall, "a", "english >= 80 and billing")
    fact = eases_at_once(hall)
    assert (fact.steps, fact.requires) == (2, "billing")
    assert hall.match() == ("a", ANA)


def test_nothing_is_eased_in_vain() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=30), "english"),))
    hall = hall_of(rules, ana={})
    hall.says(ANA, Presence.SIGNED_OUT)
    joins(hall, "a", "english and billing")
    assert hall.floor.next_move(hall.now) is None
    hall.ready(ANA)  # who could not serve them with that step either
    assert hall.floor.next_move(hall.now) is None


def test_when_the_last_who_could_goes_home_those_who_wait_are_eased() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=300), "english"),))
    hall = hall_of(rules, ana={}, bo={"english": 1})
    hall.says(BO, Presence.PAUSED)
    joins(hall, "a", "english")
    assert hall.floor.next_move(hall.now) is None
    hall.says(BO, Presence.SIGNED_OUT)
    assert eases_at_once(hall).requires == ""
    assert hall.match() == ("a", ANA)


def test_a_step_may_add_another_queues_agents_who_come_after_its_own() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=10), add=SUPPORT),))
    hall = Hall(rules, QueueRules(SUPPORT), ana=[SALES], bo=[SUPPORT], cy=[SUPPORT, SALES])
    hall.ready(BO, ANA, CY)
    hall.says(ANA, Presence.PAUSED)
    hall.says(CY, Presence.PAUSED)
    joins(hall, "a")
    assert hall.match() is None
    hall.after(9)
    assert hall.match() == ("a", BO)
    joins(hall, "b")
    hall.says(CY, Presence.READY)
    assert hall.match() == ("b", CY)
    joins(hall, "c")
    hall.fails("a", OfferEnd.NO_ANSWER, BO)
    hall.says(ANA, Presence.READY)
    assert hall.match() == ("a", ANA)
    hall.answers("a", ANA, 2)
    hall.after(12)
    assert hall.match() == ("c", BO)


def test_an_edit_reaches_those_who_wait_already() -> None:
    hall = hall_of(NO_WRAP, ana={})
    joins(hall, "a", "english")
    hall.after(10)
    assert hall.match() is None
    hall.assign([replace(NO_WRAP, easing=(Ease(timedelta(seconds=5), "english"),))], ana=[SALES])
    assert hall.match() == ("a", ANA)


def test_an_agent_who_learned_something_is_offered_who_waits_for_it() -> None:
    hall = hall_of(NO_WRAP, ana={})
    joins(hall, "a", "english")
    assert hall.match() is None
    hall.talents = {ANA: Talents(skills={"english": 1})}
    hall.assign([NO_WRAP], ana=[SALES])
    assert hall.match() == ("a", ANA)


def test_what_a_caller_needs_may_be_changed_and_so_may_their_head_start() -> None:
    hall = hall_of(NO_WRAP, ana={"english": 1})
    hall.says(ANA, Presence.PAUSED)
    joins(hall, "a")
    joins(hall, "b", "french")
    hall.hear(WantChanged(hall.now, CallId("b"), "english", "", 60))
    hall.says(ANA, Presence.READY)
    assert hall.match() == ("b", ANA)
    line = hall.floor.lines[SALES]
    assert [line.position(hall.floor.entries[CallId(c)]) for c in ("b", "a")] == [1, 2]


def test_a_queues_head_start_holds_over_other_queues_and_at_once() -> None:
    urgent = QueueRules(SUPPORT, head_start=timedelta(seconds=60))
    hall = Hall(NO_WRAP, urgent, ana=[SALES, SUPPORT])
    hall.ready(ANA)
    hall.says(ANA, Presence.PAUSED)
    for call, queue in (("a", SALES), ("b", SALES), ("c", SUPPORT)):
        hall.joins(call, queue)
    hall.assign([NO_WRAP, replace(urgent, head_start=timedelta())], ana=[SALES, SUPPORT])
    hall.assign([NO_WRAP, urgent], ana=[SALES, SUPPORT])
    hall.says(ANA, Presence.READY)
    assert hall.match() == ("c", ANA)
    hall.answers("c", ANA)
    hall.assign([replace(NO_WRAP, head_start=timedelta(seconds=5)), urgent], ana=[SALES, SUPPORT])
    line = hall.floor.lines[SALES]
    assert [line.position(hall.floor.entries[CallId(c)]) for c in ("a", "b")] == [1, 2]
    assert [entry.call for entry in line.entries] == ["a", "b"]


# -- one agent only -----------------------------------------------------------------------------


def test_who_waits_for_one_agent_waits_for_anybody_after_their_time() -> None:
    hall = hall_of(NO_WRAP, ana={}, bo={})
    hall.says(BO, Presence.PAUSED)
    joins(hall, "a", only=BO, only_seconds=20)
    joins(hall, "b")
    assert hall.match() == ("b", ANA)
    hall.answers("b", ANA)
    hall.after(5)
    hall.ends("b", ANA)
    assert hall.match() is None
    hall.after(14)
    assert hall.match() == ("a", ANA)


def test_who_waits_for_somebody_who_went_home_waits_for_anybody_at_once() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(seconds=10), "english"),))
    hall = hall_of(rules, ana={"english": 1}, bo={"english": 1})
    hall.says(BO, Presence.SIGNED_OUT)
    joins(hall, "a", "english", only=BO, only_seconds=20)
    fact = eases_at_once(hall)
    assert (fact.steps, fact.anybody, fact.requires) == (0, True, "english")
    assert hall.match() == ("a", ANA)


# -- tiers --------------------------------------------------------------------------------------


def test_going_down_each_tier_has_the_caller_for_itself_for_a_while() -> None:
    rules = replace(NO_WRAP, strategy=Strategy.TOP_DOWN, tier_for=timedelta(seconds=10))
    hall = Hall(rules, ana=[SALES], bo=[SALES], cy=[SALES])
    hall.talents = {BO: Talents(tiers={SALES: 2}), CY: Talents(tiers={SALES: 5})}
    hall.assign([rules], ana=[SALES], bo=[SALES], cy=[SALES])
    hall.ready(ANA, BO, CY)
    hall.says(ANA, Presence.PAUSED)
    joins(hall, "a")
    joins(hall, "b")
    assert hall.match() is None
    hall.after(8)
    assert hall.match() == ("a", BO)
    assert hall.match() is None
    hall.after(11)
    assert hall.match() == ("b", CY)


def test_a_tier_where_nobody_is_signed_in_is_not_waited_for() -> None:
    rules = replace(NO_WRAP, strategy=Strategy.TOP_DOWN)
    hall = Hall(rules, ana=[SALES], bo=[SALES])
    hall.talents = {BO: Talents(tiers={SALES: 2})}
    hall.assign([rules], ana=[SALES], bo=[SALES])
    hall.ready(BO)
    joins(hall, "a")
    eases_at_once(hall)
    assert hall.match() == ("a", BO)


# -- laws ---------------------------------------------------------------------------------------

NEEDS = ("", "x", "y >= 50", "x and y", "x or y >= 80")
LEVELS = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(1, 100))
AGENTS = [AgentId(name) for name in ("ana", "bo", "cy", "dora")]
QUEUES = (SALES, SUPPORT)
STEPS = (
    Ease(timedelta(seconds=20), "y", 30),
    Ease(timedelta(seconds=40), "x"),
    Ease(timedelta(seconds=60), add=SUPPORT),
)


class Laws(RuleBasedStateMachine):
    """Whatever comes: nobody waits beside somebody free who may serve them, nobody is offered to somebody
    who may not, and of all whom an agent may serve the one with the best place is."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.strategy = Strategy.LONGEST_IDLE
        self.talents: dict[AgentId, Talents] = {}
        self.hall = Hall(*self._rules(), **{agent: QUEUES for agent in AGENTS[:3]}, dora=[SUPPORT])

    def _rules(self) -> list[QueueRules]:
        rules = [QueueRules(queue, wrap_up=timedelta(), strategy=self.strategy) for queue in QUEUES]
        return [replace(rules[0], easing=STEPS), rules[1]]

    def _configure(self) -> None:
        self.hall.talents = dict(self.talents)
        served: dict[str, tuple[QueueId, ...]] = {agent: QUEUES for agent in AGENTS[:3]}
        self.hall.assign(self._rules(), **served, dora=(SUPPORT,))

    @rule(agent=st.sampled_from(AGENTS), skills=LEVELS, tier=st.integers(1, 3))
    def learns(self, agent: AgentId, skills: dict[str, int], tier: int) -> None:
        self.talents[agent] = Talents(skills, {SALES: tier})
        self._configure()

    @rule(strategy=st.sampled_from(Strategy))
    def changes(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self._configure()

    @rule(
        queue=st.sampled_from(QUEUES),
        needs=st.tuples(st.sampled_from(NEEDS), st.sampled_from(NEEDS)),
        priority=st.sampled_from([0, 0, 30]),
        only=st.sampled_from([None, None, *AGENTS]),
    )
    def comes(
        self, queue: QueueId, needs: tuple[str, str], priority: float, only: AgentId | None
    ) -> None:
        self.calls += 1
        call = CallId(f"c{self.calls}")
        self.hall.hear(QueueJoined(self.hall.now, call, queue, priority, None, *needs, only, 15.0))

    @rule(agent=st.sampled_from(AGENTS))
    def arrives(self, agent: AgentId) -> None:
        self.hall.ready(agent)

    @rule(agent=st.sampled_from(AGENTS), presence=st.sampled_from(Presence))
    def says(self, agent: AgentId, presence: Presence) -> None:
        if self.hall.floor.agents[agent].presence is not Presence.SIGNED_OUT:
            self.hall.says(agent, presence)

    @rule(seconds=st.sampled_from([1, 5, 15, 30]))
    def waits(self, seconds: float) -> None:
        self.hall.after(seconds)

    @rule(data=st.data(), why=st.sampled_from([None, OfferEnd.NO_ANSWER, OfferEnd.CALLER_GONE]))
    def ends(self, data: st.DataObject, why: OfferEnd | None) -> None:
        rung = [e for e in self.hall.floor.entries.values() if e.rung]
        if not rung:
            return
        entry = data.draw(st.sampled_from(rung))
        offer, agent = data.draw(st.sampled_from(sorted(entry.rung.items())))
        if why is not None:
            self.hall.fails(entry.call, why, agent, offer)
        else:
            self.hall.answers(entry.call, agent, offer)
            self.hall.ends(entry.call, agent)

    @invariant()
    def the_best_pair_is_made_until_there_is_none(self) -> None:
        floor = self.hall.floor
        while (fact := floor.next_move(self.hall.now)) is not None:
            if isinstance(fact, AgentOffered):
                agent = floor.agents[fact.agent]
                assert agent.is_free
                mine = [e for e in floor.entries.values() if self._may_serve(fact.agent, e.call)]
                entry = floor.entries[fact.call]
                assert not entry.rung or self.strategy is Strategy.RING_ALL
                assert entry.rung or entry in mine
                assert entry.place <= min((one.place for one in mine), default=entry.place)
            self.hall.hear(fact)
        for entry in floor.entries.values():
            assert not [
                a
                for a, row in floor.agents.items()
                if row.is_free and self._may_serve(a, entry.call)
            ]

    def _may_serve(self, agent: AgentId, call: CallId) -> bool:
        entry = self.hall.floor.entries[call]
        line = self.hall.floor.lines[entry.queue]
        want = line.eased(entry.want, entry.steps)
        return not entry.rung and (
            want.tier_of(self.hall.floor.agents[agent], entry.queue) is not None
        )


TestLaws = Laws.TestCase
TestLaws.settings = settings(stateful_step_count=30)
