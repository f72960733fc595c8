"""Callers whom we know: their agent, their needs, their head start, and the place they had."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.effects import TurnAway
from callcenter.core.facts.calls import CallEnded, Known, Outcome, WantEased
from callcenter.core.ids import AgentId, CallId, LegId
from callcenter.testing.centre import SALES, STRAIGHT, Centre

pytestmark = pytest.mark.scenario

ANA, BO, CY = AgentId("ana"), AgentId("bo"), AgentId("cy")
DAY = timedelta(days=1)


def centre_of(*agents: AgentId, **rules: Any) -> Centre:
    centre = Centre(rules=QueueRules(SALES, **rules))
    for agent in agents:
        centre.agent(agent)
    return centre


def calls(centre: Centre, known: Known | None = None, refused: str = "") -> CallId:
    """Somebody calls, of whom this is known."""
    return centre.switch.arrive(STRAIGHT, known=known, refused=refused)


# -- the agent they know --------------------------------------------------------------------------


def test_a_caller_is_offered_to_the_agent_they_talked_with_last_and_not_to_who_is_idle_longest() -> (
    None
):
    centre = centre_of(ANA, BO, known_for=timedelta(seconds=20))
    call = calls(centre, Known(last_agent=BO, last_talk=centre.clock.now() - DAY))
    assert centre.rings(BO)
    centre.answers(BO)
    assert centre.talking_to(call) == BO


def test_they_wait_for_that_agent_for_so_long_and_then_take_whoever_is_there_in_their_place() -> (
    None
):
    centre = centre_of(ANA, BO, known_for=timedelta(seconds=20))
    busy = calls(centre, Known(owner=BO))
    centre.answers(BO)
    waits = calls(centre, Known(owner=BO))
    centre.passes(19.9)
    assert not centre.rings(ANA)
    centre.passes(0.1)
    assert centre.rings(ANA)
    centre.answers(ANA)
    assert (centre.talking_to(busy), centre.talking_to(waits)) == (BO, ANA)


def test_nobody_waits_for_an_agent_who_is_signed_out() -> None:
    centre = centre_of(ANA, BO, known_for=timedelta(seconds=20))
    centre.signs_out(BO)
    call = calls(centre, Known(owner=BO))
    assert centre.rings(ANA)
    eased = [fact for fact in centre.facts(call) if isinstance(fact, WantEased)]
    assert [fact.anybody for fact in eased] == [True]


@pytest.mark.parametrize(
    ("known", "rung"),
    [
        (Known(owner=BO, last_agent=ANA), BO),
        (Known(last_agent=BO), ANA),  # nobody knows when that was
        (Known(customer="acme"), ANA),
    ],
)
def test_the_owner_goes_before_who_talked_last_and_old_talks_are_forgotten(
    known: Known, rung: AgentId
) -> None:
    centre = centre_of(ANA, BO, known_for=timedelta(seconds=20), known_within=timedelta(days=7))
    calls(centre, known)
    assert centre.rings(rung)


def test_a_talk_that_is_longer_ago_than_the_rules_say_binds_nobody() -> None:
    centre = centre_of(ANA, BO, known_for=timedelta(seconds=20), known_within=timedelta(days=7))
    calls(centre, Known(last_agent=BO, last_talk=centre.clock.now() - 8 * DAY))
    assert centre.rings(ANA)


def test_without_the_rule_nobody_waits_for_anybody() -> None:
    centre = centre_of(ANA, BO)
    calls(centre, Known(owner=BO))
    assert centre.rings(ANA)


# -- what they need and how much sooner they come --------------------------------------------------


def test_a_customers_head_start_and_skills_count() -> None:
    centre = centre_of()
    plain = calls(centre)
    centre.passes(10)
    favoured = calls(centre, Known(customer="acme", head_start=60.0))
    centre.agent(ANA)
    centre.answers(ANA)
    assert centre.talking_to(favoured) == ANA
    assert centre.door.call(favoured)["customer"] == "acme"
    needs = calls(centre, Known(requires="english"))
    centre.agent(BO)
    centre.answers(BO)
    assert (centre.talking_to(plain), centre.talking_to(needs)) == (BO, None)


# -- who was cut off -------------------------------------------------------------------------------


def gives_up(centre: Centre, waited: float, ani: str = "+4917") -> None:
    call = centre.call(ani=ani)
    centre.passes(waited)
    centre.hangs_up(call)


def test_who_calls_again_soon_takes_the_old_place_and_only_once() -> None:
    centre = centre_of(resume_within=timedelta(seconds=60))
    others_first = centre.call()
    centre.passes(5)
    gives_up(centre, 300)
    others = centre.call()
    centre.passes(30)
    back, twin = centre.call(ani="+4917"), centre.call(ani="+4917")
    for agent in (ANA, BO):
        centre.agent(agent)
        centre.answers(agent)
    assert (centre.talking_to(others_first), centre.talking_to(back)) == (ANA, BO)
    centre.agent(CY)
    centre.answers(CY)
    assert (centre.talking_to(others), centre.talking_to(twin)) == (CY, None)


@pytest.mark.parametrize("within", [0, 10])
def test_who_calls_again_late_begins_anew(within: float) -> None:
    centre = centre_of(resume_within=timedelta(seconds=within))
    gives_up(centre, 300)
    others = centre.call()
    centre.passes(30)
    centre.call(ani="+4917")
    centre.agent(ANA)
    centre.answers(ANA)
    assert centre.talking_to(others) == ANA


def test_who_withholds_their_number_and_who_was_served_have_no_place_to_take() -> None:
    centre = centre_of(ANA, resume_within=timedelta(seconds=60))
    served = centre.call(ani="+4917")
    centre.answers(ANA)
    centre.hangs_up(served)
    centre.pauses(ANA)
    gives_up(centre, 300, ani="anonymous")
    others = centre.call()
    for ani in ("+4917", "anonymous"):
        centre.call(ani=ani)
    centre.passes(60)
    centre.ready(ANA)
    centre.answers(ANA)
    assert centre.talking_to(others) == ANA


async def test_a_place_outlives_the_engine_as_long_as_the_journal_tells_it() -> None:
    centre = centre_of(resume_within=timedelta(seconds=60))
    gives_up(centre, 300)
    others = centre.call()
    await centre.restart()
    back = centre.call(ani="+4917")
    centre.agent(ANA)
    centre.answers(ANA)
    assert (centre.talking_to(back), centre.talking_to(others)) == (ANA, None)


async def test_what_was_known_outlives_the_engine() -> None:
    centre = centre_of(BO, known_for=timedelta(seconds=200))
    centre.pauses(BO)
    call = calls(centre, Known(owner=BO, head_start=60.0))
    await centre.restart()
    centre.agent(ANA)
    assert not centre.rings(ANA)
    centre.ready(BO)
    centre.answers(BO)
    assert centre.talking_to(call) == BO


# -- who is not wanted -----------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["blocked", "too-often"])
def test_who_is_not_wanted_is_turned_away_before_an_answer_even_where_others_are_told(
    why: str,
) -> None:
    centre = centre_of(ANA)
    centre.directory = replace(centre.directory, tells_when_full=True)
    centre.door.configure(centre.directory)
    call = calls(centre, refused=why)
    assert TurnAway(LegId(call), for_good=True) in centre.switch.done
    (ended,) = [fact for fact in centre.facts(call) if isinstance(fact, CallEnded)]
    assert ended.outcome is Outcome.REFUSED
    assert not centre.rings(ANA)
