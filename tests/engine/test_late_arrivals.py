"""Callers we heard of late: their wait counts from when they came, all else from when we heard."""

from datetime import timedelta

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.phases import InFlow, Offered, Queued
from callcenter.core.facts.calls import CallArrived, QueueJoined
from callcenter.core.ids import CallId, LegId
from callcenter.engine.reconcile import differences
from callcenter.testing.centre import MENU, SALES, STRAIGHT, Centre
from callcenter.testing.clock import NOON

pytestmark = pytest.mark.engine


async def heard_after(centre: Centre, seconds: float, dnis: str = STRAIGHT) -> CallId:
    """Somebody calls while we are away, and is found that much later."""
    centre.switch.deaf = True
    centre.runtime.lost()
    call = centre.call(dnis)
    centre.passes(seconds)
    centre.switch.deaf = False
    await centre.runtime.reconcile()
    return call


async def test_their_place_is_that_of_their_arrival() -> None:
    centre = Centre()
    waited = await heard_after(centre, 60)
    came = centre.clock.now() - timedelta(seconds=30)
    other = CallId("cc1-1700000001.1")
    centre.door.deliver(
        CallArrived(centre.clock.now(), other, LegId(other), "", STRAIGHT, since=came)
    )
    line = centre.engine.floor.lines[SALES]
    assert [entry.call for entry in line.entries] == [waited, other]
    assert [entry.enqueued_at for entry in line.entries] == [NOON, came]


async def test_who_was_sent_back_by_the_fallback_goes_before_who_came_just_now() -> None:
    centre = Centre()
    fresh = centre.call()
    kept = CallId("cc1-1700000001.1")
    came = centre.clock.now() - timedelta(minutes=5)
    arrived = CallArrived(centre.clock.now(), kept, LegId(kept), "", STRAIGHT, since=came)
    centre.door.deliver(arrived)
    line = centre.engine.floor.lines[SALES]
    assert [entry.call for entry in line.entries] == [kept, fresh]
    assert centre.door.call(kept)["arrived_at"] == came.isoformat()
    assert centre.door.call(kept)["since"] == came.isoformat()


async def test_only_what_they_waited_unheard_counts_and_not_their_time_in_the_menu() -> None:
    centre = Centre()
    late = await heard_after(centre, 10, MENU)
    centre.passes(1)
    early = centre.call()
    centre.passes(40)
    just_now = centre.call()
    centre.passes(5)
    centre.switch.press(late, "1")
    line = centre.engine.floor.lines[SALES]
    assert [entry.call for entry in line.entries] == [early, late, just_now]


async def test_what_is_said_to_them_is_not_cut_off_by_the_time_they_waited() -> None:
    centre = Centre()
    call = await heard_after(centre, 600, MENU)
    before = centre.phase(call)
    assert isinstance(before, InFlow)
    centre.passes(1)
    assert centre.phase(call) == before
    assert len(centre.switch.legs[LegId(call)].heard) == 1


async def test_they_hear_nothing_of_their_position_before_others_would() -> None:
    first = timedelta(seconds=4)
    centre = Centre(rules=QueueRules(SALES, announce_first=first))
    call = await heard_after(centre, 600)
    centre.passes(3.9)
    assert centre.switch.legs[LegId(call)].heard == []
    centre.passes(0.1)
    assert len(centre.switch.legs[LegId(call)].heard) == 1


async def test_facts_are_written_in_the_order_of_their_time() -> None:
    centre = Centre()
    await heard_after(centre, 600)
    centre.agent("ana")
    times = [fact.at for _, fact in centre.journal.read_after(0)]
    assert times == sorted(times)


async def test_the_wait_is_the_same_after_a_restart() -> None:
    centre = Centre()
    centre.passes(30)
    call = await heard_after(centre, 60)
    before = centre.engine.calls[call]
    await centre.restart()
    phase = centre.phase(call)
    assert isinstance(phase, Queued)
    assert phase.since == before.arrived_at == NOON + timedelta(seconds=30)
    (joined,) = (fact for fact in centre.facts(call) if isinstance(fact, QueueJoined))
    assert (joined.since, joined.at) == (phase.since, NOON + timedelta(seconds=90))
    centre.agent("ana")
    assert isinstance(centre.phase(call), Offered)


async def test_who_was_heard_of_while_the_picture_was_taken_is_not_missed_yet() -> None:
    centre = Centre()
    centre.passes(60)
    engine, now = centre.engine, centre.clock.now()
    picture = await centre.switch.picture(())
    call = CallId("cc1-1700000001.1")
    since = now - timedelta(minutes=1)
    centre.door.deliver(CallArrived(now, call, LegId(call), "", STRAIGHT, since=since))
    assert differences(engine.calls, engine.ended, picture, now).facts == []


def test_an_arrival_that_claims_to_be_after_itself_is_now() -> None:
    centre = Centre()
    now = centre.clock.now()
    call = CallId("cc1-1700000001.1")
    future = now + timedelta(days=1)
    centre.door.deliver(CallArrived(now, call, LegId(call), "", STRAIGHT, since=future))
    assert centre.engine.calls[call].arrived_at == now


def test_a_caller_whom_we_have_and_who_arrives_again_is_not_written_again() -> None:
    centre = Centre()
    call = centre.call()
    before, number = centre.facts(call), centre.engine.number
    centre.door.deliver(before[0])
    assert (centre.facts(call), centre.engine.number) == (before, number)
