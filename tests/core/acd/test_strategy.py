"""Who of several free agents is offered the next caller, strategy by strategy."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.acd.agent_state import Activity, Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import REASONS, Strategy
from callcenter.core.facts.agents import AgentRestored, AgentSignedIn, Presence
from callcenter.core.facts.calls import OfferEnd
from callcenter.core.ids import AgentId
from tests.core.acd.test_floor import ANA, BO, SALES, SUPPORT, Hall

pytestmark = pytest.mark.core

CY = AgentId("cy")
BY_CHANCE = {Strategy.RANDOM, Strategy.WEIGHTED_RANDOM}
NO_WRAP = replace(QueueRules(SALES), wrap_up=timedelta())


def hall_of(strategy: Strategy, *agents: AgentId) -> Hall:
    """Everybody ready, in this order, a second apart."""
    rules = replace(NO_WRAP, strategy=strategy)
    hall = Hall(rules, **{agent: [SALES] for agent in agents})
    hall.ready(*agents)
    return hall


def serve(hall: Hall, call: str, talk: float = 10) -> AgentId:
    """Somebody comes and is served; by whom."""
    agent = begin(hall, call)
    hall.after(talk)
    hall.ends(call, agent)
    return agent


def begin(hall: Hall, call: str) -> AgentId:
    hall.joins(call)
    offered = hall.match()
    assert offered is not None and offered[0] == call
    hall.answers(call, offered[1])
    return offered[1]


def test_by_default_who_is_idle_longest() -> None:
    assert QueueRules(SALES).strategy is Strategy.LONGEST_IDLE
    hall = hall_of(Strategy.LONGEST_IDLE, BO, ANA)
    assert begin(hall, "long") == BO
    assert serve(hall, "short") == ANA
    hall.after(60)
    hall.ends("long", BO)
    assert serve(hall, "next") == ANA


def test_in_turn_whoever_was_rung_longest_ago_however_long_they_talked() -> None:
    hall = hall_of(Strategy.ROUND_ROBIN, BO, ANA)
    assert begin(hall, "long") == BO
    assert serve(hall, "short") == ANA
    hall.after(60)
    hall.ends("long", BO)
    assert [serve(hall, f"c{number}") for number in range(4)] == [BO, ANA, BO, ANA]


def test_linear_the_first_who_is_free() -> None:
    hall = hall_of(Strategy.LINEAR, CY, BO, ANA)
    assert [serve(hall, f"c{number}") for number in range(3)] == [ANA] * 3
    assert begin(hall, "long") == ANA
    assert serve(hall, "other") == BO


def test_who_has_answered_fewest_calls_of_their_shift() -> None:
    hall = hall_of(Strategy.FEWEST_CALLS, BO, ANA)
    assert begin(hall, "long") == BO
    assert [serve(hall, f"c{number}") for number in range(3)] == [ANA] * 3
    hall.after(60)
    hall.ends("long", BO)
    assert [serve(hall, f"d{number}") for number in range(3)] == [BO, BO, ANA]


def test_who_has_been_on_the_phone_least() -> None:
    hall = hall_of(Strategy.LEAST_TALK, BO, ANA)
    assert serve(hall, "long", talk=100) == BO
    assert [serve(hall, f"c{number}", talk=40) for number in range(3)] == [ANA] * 3
    assert serve(hall, "next") == BO


def test_by_chance_everybody_as_often() -> None:
    hall = hall_of(Strategy.RANDOM, BO, ANA, CY)
    served = Counter(serve(hall, f"c{number}", talk=1) for number in range(600))
    assert set(served) == {ANA, BO, CY}
    assert min(served.values()) > 150


def test_an_offer_that_nobody_answered_is_no_call_but_a_turn() -> None:
    hall = hall_of(Strategy.FEWEST_CALLS, BO, ANA)
    hall.joins("a")
    assert hall.match() == ("a", BO)
    assert hall.floor.agents[BO].calls == 0
    assert hall.floor.agents[BO].offered_at is not None


@pytest.mark.parametrize("strategy", Strategy)
def test_a_change_holds_for_those_who_are_free_and_those_who_wait_already(
    strategy: Strategy,
) -> None:
    hall = hall_of(Strategy.LONGEST_IDLE, BO, ANA)
    serve(hall, "first")
    hall.assign([replace(NO_WRAP, strategy=strategy)], ana=[SALES], bo=[SALES])
    hall.joins("next")
    offer = hall.floor.next_offer(hall.now)
    assert offer is not None
    assert offer.why.startswith(REASONS[strategy][0])
    assert strategy in BY_CHANCE or offer.agent == ANA


def test_chance_goes_by_weight_where_it_is_told_to() -> None:
    hall = hall_of(Strategy.WEIGHTED_RANDOM, ANA, BO)
    hall.talents = {ANA: Talents(weights={SALES: 3})}
    hall.assign([replace(NO_WRAP, strategy=Strategy.WEIGHTED_RANDOM)], ana=[SALES], bo=[SALES])
    served = Counter(serve(hall, f"c{number}") for number in range(400))
    assert 260 < served[ANA] < 340  # three of four, and more than four deviations either way


@pytest.mark.parametrize("strategy", Strategy)
def test_a_lower_tier_comes_after_a_higher_one_by_every_strategy(strategy: Strategy) -> None:
    hall = hall_of(strategy, BO, ANA, CY)
    hall.talents = {ANA: Talents(tiers={SALES: 2}), CY: Talents(tiers={SALES: 2, SUPPORT: 1})}
    hall.assign([replace(NO_WRAP, strategy=strategy)], ana=[SALES], bo=[SALES], cy=[SALES])
    for number in range(5):
        hall.joins(f"c{number}")
        offered = hall.match()
        assert offered == (f"c{number}", BO)
        hall.answers(f"c{number}", BO)
        hall.ends(f"c{number}", BO)


def test_counts_begin_anew_with_a_shift_and_outlive_a_restart() -> None:
    hall = hall_of(Strategy.FEWEST_CALLS, BO)
    serve(hall, "a", talk=30)
    row = hall.floor.agents[BO]
    assert (row.calls, row.talked.total_seconds()) == (1, 30)
    hall.hear(AgentSignedIn(hall.now, BO, "sip:another"))  # moves to another desk
    assert row.calls == 1
    told = AgentRestored(
        *(hall.now, BO, "sip:bo", Presence.READY, "", None, True, hall.now, 0, None),
        offered_at=hall.now,
        calls=7,
        talked_seconds=300.5,
    )
    hall.hear(told)
    assert (row.offered_at, row.calls, row.talked.total_seconds()) == (hall.now, 7, 300.5)
    hall.says(BO, Presence.SIGNED_OUT)
    hall.hear(AgentSignedIn(hall.now, BO, "sip:bo"))
    assert (row.calls, row.talked.total_seconds(), row.activity) == (0, 0, Activity.IDLE)


def test_who_let_a_caller_ring_is_not_asked_again_while_somebody_else_is_free() -> None:
    hall = hall_of(Strategy.LINEAR, ANA, BO)
    busy = begin(hall, "other")
    assert busy == ANA
    hall.joins("a")
    assert hall.match() == ("a", BO)
    hall.fails("a", OfferEnd.NO_ANSWER, BO)
    hall.after(60)
    assert hall.match() == ("a", BO)  # nobody else can: better than nobody
    hall.fails("a", OfferEnd.REJECTED, BO, offer=2)
    hall.says(BO, Presence.READY)
    hall.after(60)
    hall.ends("other", ANA)
    offer = hall.floor.next_offer(hall.now)
    assert offer is not None and (offer.call, offer.agent) == ("a", ANA)
    assert (
        offer.why == "first in order of 2 free, first of 1 waiting; 1 did not take this call before"
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_by_no_strategy(strategy: Strategy) -> None:
    for number in range(20):
        hall = hall_of(strategy, ANA, BO, CY)
        hall.joins(f"a{number}")
        offered = hall.match()
        assert offered is not None
        hall.fails(offered[0], OfferEnd.REJECTED, offered[1])
        hall.after(60)
        again = hall.match()
        assert again is not None and again[1] != offered[1]
