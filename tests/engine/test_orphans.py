"""Legs in our hands that belong to no call are counted once they should have been found by others."""

from datetime import timedelta

import pytest

from callcenter.core.facts.calls import CallArrived
from callcenter.core.ids import AgentId, CallId, LegId, offer_leg
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.centre import STRAIGHT, Centre
from callcenter.testing.switch import FakeLeg

pytestmark = pytest.mark.engine

LONG = timedelta(seconds=10, milliseconds=1)


async def standing(centre: Centre, after: timedelta = LONG) -> tuple[int, int]:
    """How many orphans there are at a first look, and after a while."""
    first = await centre.runtime.orphans()
    centre.clock.move(after)
    return first, await centre.runtime.orphans()


def unheard_caller(centre: Centre) -> CallId:
    """Somebody is in our hands, and we have not heard of it."""
    centre.switch.deaf = True
    call = centre.switch.arrive(STRAIGHT)
    centre.switch.deaf = False
    return call


async def followed() -> Centre:
    centre = Centre()
    centre.runtime.lost()
    await centre.runtime.reconcile()
    return centre


async def test_callers_who_wait_and_those_who_talk_are_no_orphans() -> None:
    centre = await followed()
    ana = centre.agent("ana")
    centre.call()
    centre.answers(ana)
    centre.call()
    assert await standing(centre) == (0, 0)


async def test_a_caller_nobody_knows_is_one_after_ten_seconds() -> None:
    centre = await followed()
    unheard_caller(centre)
    assert await standing(centre, timedelta(seconds=10)) == (0, 0)
    centre.clock.move(timedelta(milliseconds=1))
    assert await centre.runtime.orphans() == 1


async def test_whom_reconciling_takes_on_is_none_any_more() -> None:
    centre = await followed()
    call = unheard_caller(centre)
    assert await standing(centre) == (0, 1)
    await centre.runtime.reconcile()
    assert call in centre.engine.calls
    assert await centre.runtime.orphans() == 0


async def test_several_that_come_and_go_are_not_one_that_stays() -> None:
    centre = await followed()
    for _ in range(5):
        call = unheard_caller(centre)
        assert await standing(centre, timedelta(seconds=4)) == (0, 0)
        del centre.switch.legs[LegId(call)]


async def test_an_agent_who_answered_for_nobody_is_one_and_a_phone_that_rings_is_none() -> None:
    centre = await followed()
    leg = offer_leg(CallId("cc1-1.1"), 1)
    centre.switch.legs[leg] = FakeLeg(CallId("cc1-1.1"), agent=AgentId("ana"), device="sip:x")
    assert await standing(centre) == (0, 0)
    centre.switch.legs[leg].answered = True
    assert await standing(centre) == (0, 1)


async def test_legs_that_are_not_in_our_hands_are_nobodys_business() -> None:
    centre = await followed()
    centre.switch.legs[LegId("fallback.1")] = FakeLeg(CallId("fallback.1"))
    assert await standing(centre) == (0, 0)


async def test_nothing_is_said_while_we_do_not_follow() -> None:
    centre = await followed()
    centre.runtime.lost()
    with pytest.raises(SwitchAway):
        await centre.runtime.orphans()


async def test_a_caller_who_comes_back_later_is_no_orphan_at_once() -> None:
    centre = await followed()
    call = unheard_caller(centre)
    assert await standing(centre) == (0, 1)
    known = centre.switch.legs.pop(LegId(call)).arrived
    assert isinstance(known, CallArrived)
    assert await centre.runtime.orphans() == 0
    centre.switch.legs[LegId(call)] = FakeLeg(call, arrived=known)
    assert await centre.runtime.orphans() == 0
