"""While the switch is out of sight: people go on, but nothing is decided about calls we cannot see."""

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.phases import Connected, InFlow, Offered, Queued
from callcenter.core.facts.calls import AgentOffered, CallEnded, EndedBy, OfferEnded
from callcenter.core.ids import CallId, LegId
from callcenter.engine.api import HangUp
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.centre import BOSS, MENU, SALES, Centre

pytestmark = pytest.mark.engine


def out_of_sight(centre: Centre) -> None:
    """The connection breaks, and we know it."""
    centre.switch.deaf = True
    centre.runtime.lost()


async def in_sight(centre: Centre) -> None:
    """It is back."""
    centre.switch.deaf = False
    await centre.runtime.reconcile()


async def test_nobody_is_offered_while_blind_and_at_once_when_we_see_again() -> None:
    centre = Centre()
    ana = centre.agent("ana", ready=False)
    call = centre.call()
    out_of_sight(centre)
    centre.ready(ana)
    centre.passes(60)
    assert not any(isinstance(fact, AgentOffered) for fact in centre.facts(call))
    await in_sight(centre)
    assert centre.rings(ana)


async def test_who_stood_still_offers_nobody_before_they_have_looked() -> None:
    """The clock wakes a thawed engine before its socket does: what it believes of the agents is old."""
    centre = Centre()
    ana = centre.agent("ana", ready=False)
    call = centre.call()
    centre.stood_still = True
    centre.ready(ana)
    centre.passes(60)
    assert not any(isinstance(fact, AgentOffered) for fact in centre.facts(call))
    centre.runtime.lost()
    centre.stood_still = False
    await centre.runtime.reconcile()
    assert centre.rings(ana)


async def test_who_hung_up_unseen_is_never_offered() -> None:
    centre = Centre()
    ana = centre.agent("ana", ready=False)
    gone, there = centre.call(), centre.call()
    out_of_sight(centre)
    centre.hangs_up(gone)
    centre.ready(ana)
    await in_sight(centre)
    assert not any(isinstance(fact, AgentOffered) for fact in centre.facts(gone))
    assert isinstance(centre.phase(there), Offered)


async def test_ringing_is_not_given_up_by_the_clock_alone() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    out_of_sight(centre)
    centre.answers(ana)
    centre.passes(120)
    assert isinstance(centre.phase(call), Offered)
    await in_sight(centre)
    assert centre.talking_to(call) == ana
    assert not any(isinstance(fact, OfferEnded) for fact in centre.facts(call))


async def test_ringing_that_goes_on_when_we_see_again_is_over_at_once() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    out_of_sight(centre)
    centre.passes(120)
    await in_sight(centre)
    assert isinstance(centre.phase(call), Queued)
    assert centre.row(ana).misses == 1


async def test_a_menu_does_not_count_the_tries_of_a_caller_it_cannot_hear() -> None:
    centre = Centre()
    call = centre.call(MENU)
    centre.switch.finish_prompt(call)
    out_of_sight(centre)
    before = centre.phase(call)
    centre.passes(600)
    assert centre.phase(call) == before
    await in_sight(centre)
    centre.passes(0)
    phase = centre.phase(call)
    assert isinstance(phase, InFlow)
    assert centre.switch.legs[LegId(call)].saying is not None


async def test_wrap_up_and_rest_go_on_by_the_clock() -> None:
    centre = Centre(rules=QueueRules(SALES))
    ana, bo = centre.agent("ana"), centre.agent("bo")
    first, _ = centre.call(), centre.call()
    centre.answers(ana)
    centre.hangs_up(first)
    centre.switch.decline(bo)
    out_of_sight(centre)
    centre.passes(11)
    assert centre.activity(ana) is Activity.IDLE
    assert centre.row(bo).rest_until is None
    assert centre.clock.alarm_at is None  # nothing spins on what is overdue


async def test_people_are_heard_while_blind_and_it_is_carried_out_afterwards() -> None:
    centre = Centre()
    call = centre.call()
    out_of_sight(centre)
    centre.door.ask(BOSS, HangUp(call))
    assert LegId(call) in centre.switch.legs
    await in_sight(centre)
    assert LegId(call) not in centre.switch.legs
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert ended.by is EndedBy.SUPERVISOR


async def test_an_engine_that_starts_before_the_switch_waits_for_it() -> None:
    centre = Centre()
    ana = centre.agent("ana", ready=False)
    first = centre.call()
    centre.switch.deaf = True
    centre.restart_blind()
    centre.ready(ana)
    centre.passes(60)
    assert isinstance(centre.phase(first), Queued)
    await in_sight(centre)
    assert isinstance(centre.phase(first), Offered)


async def test_a_picture_during_which_we_were_lost_again_is_not_believed() -> None:
    centre = Centre()
    ana = centre.agent("ana", ready=False)
    call = centre.call()
    out_of_sight(centre)
    centre.ready(ana)
    centre.switch.deaf = False
    centre.switch.while_asked = centre.runtime.lost
    with pytest.raises(SwitchAway):
        await centre.runtime.reconcile()
    assert centre.engine.is_blind
    assert not centre.rings(ana)
    await in_sight(centre)
    assert isinstance(centre.phase(call), Offered)


async def test_looking_around_while_away_is_left_to_whoever_connects_again() -> None:
    centre = Centre()
    call = centre.call()
    out_of_sight(centre)
    centre.switch.deaf = False
    centre.hangs_up(CallId(call))
    await centre.runtime.look_around()
    assert centre.engine.is_blind
    await centre.runtime.reconcile()
    await centre.runtime.look_around()
    assert not centre.engine.is_blind


async def test_a_conversation_is_untouched_by_being_out_of_sight() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    out_of_sight(centre)
    centre.passes(600)
    await in_sight(centre)
    assert isinstance(centre.phase(call), Connected)
    assert centre.talking_to(call) == ana
