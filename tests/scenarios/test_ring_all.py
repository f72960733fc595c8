"""All are rung at once: one wins, the others lose nothing, and nobody's phone rings for nobody."""

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.calls.effects import HangUpLeg
from callcenter.core.facts.calls import LegCause, OfferEnd, OfferEnded
from callcenter.core.ids import AgentId
from callcenter.testing.centre import SALES, Centre

pytestmark = pytest.mark.scenario

ANA, BO, CY = AgentId("ana"), AgentId("bo"), AgentId("cy")
RULES = QueueRules(SALES, strategy=Strategy.RING_ALL)


def three_rung() -> Centre:
    centre = Centre(rules=RULES)
    for agent in (ANA, BO, CY):
        centre.agent(agent)
    return centre


def test_one_wins_and_the_other_phones_are_told_where_the_call_went() -> None:
    centre = three_rung()
    call = centre.call()
    lost = {centre.switch.ringing(agent) for agent in (ANA, CY)}
    centre.answers(BO)
    assert centre.talking_to(call) == BO
    told = [one for one in centre.switch.done if isinstance(one, HangUpLeg)]
    assert {one.leg for one in told if one.elsewhere} == lost
    assert {centre.activity(agent) for agent in (ANA, CY)} == {Activity.IDLE}
    later = centre.call()
    assert centre.rings(ANA)
    assert centre.rings(CY)
    centre.answers(CY)
    assert centre.talking_to(later) == CY


def test_two_who_answer_at_once_are_not_both_connected() -> None:
    centre = three_rung()
    call = centre.call()
    centre.switch.deaf = True  # bo's answer is on its way
    second = centre.switch.answer(BO)
    centre.switch.deaf = False
    centre.answers(ANA)
    assert centre.talking_to(call) == ANA
    assert second not in centre.switch.legs
    assert centre.activity(BO) is Activity.IDLE


def test_the_last_who_declines_leaves_the_caller_waiting_in_their_place() -> None:
    centre = three_rung()
    call, behind = centre.call(), centre.call()
    for agent in (ANA, BO, CY):
        centre.switch.decline(agent)
    centre.passes(10)
    assert centre.rings(ANA)
    centre.answers(ANA)
    assert centre.talking_to(call) == ANA
    assert centre.talking_to(behind) is None


def test_phones_that_ring_out_and_a_caller_who_leaves() -> None:
    centre = three_rung()
    call = centre.call()
    centre.passes(20)
    whys = [fact.why for fact in centre.facts(call) if isinstance(fact, OfferEnded)]
    assert whys == [OfferEnd.NO_ANSWER] * 3
    centre.passes(6)
    assert all(centre.rings(agent) for agent in (ANA, BO, CY))
    centre.hangs_up(call)
    assert not centre.switch.legs


async def test_who_answered_while_the_engine_was_dead_has_the_call_and_the_others_stop() -> None:
    centre = three_rung()
    call = centre.call()
    centre.switch.deaf = True
    centre.switch.answer(CY)
    centre.switch.hang_up(centre.switch.ringing(ANA), LegCause.REJECTED)
    await centre.restart()
    assert centre.talking_to(call) == CY
    assert not centre.rings(BO)
    assert {centre.activity(agent) for agent in (ANA, BO)} == {Activity.IDLE}
