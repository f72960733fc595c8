"""Out of a queue without an agent: after a while, at closing time, by a key; and back in the old place."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calendar import parse_calendar
from callcenter.core.calls.effects import StartMusic, StopMusic
from callcenter.core.calls.phases import InFlow, Leaving, Queued
from callcenter.core.facts.calls import LeftBy, OfferEnd, OfferEnded, QueueJoined, QueueLeft
from callcenter.core.ids import AgentId, CallId, FlowId, QueueId, offer_leg
from callcenter.core.ivr.flow import Enqueue, Flow, Menu, Node, NodeId, PromptName
from callcenter.testing.centre import SALES, SUPPORT, Centre, menu

pytestmark = pytest.mark.scenario

ANA, BO = AgentId("ana"), AgentId("bo")
STAY = FlowId("stay")
TO_SUPPORT = WayOut(after=timedelta(seconds=60), queue=SUPPORT)
BY_KEY = WayOut(key="2", flow=STAY)


def stay_or_not() -> Flow:
    """1: wait on in sales; else support."""
    nodes: dict[NodeId, Node] = {
        NodeId("ask"): Menu(PromptName("menu"), {"1": NodeId("stay")}, NodeId("go")),
        NodeId("stay"): Enqueue(SALES),
        NodeId("go"): Enqueue(SUPPORT),
    }
    return replace(menu(), id=STAY, start=NodeId("ask"), nodes=nodes)


def centre_with(*ways: WayOut, **rules: Any) -> Centre:
    centre = Centre()
    set_ways(centre, *ways, **rules)
    return centre


def set_ways(centre: Centre, *ways: WayOut, **rules: Any) -> None:
    sales = replace(centre.directory.queues[SALES], ways_out=ways, **rules)
    centre.directory = replace(
        centre.directory,
        queues={**centre.directory.queues, SALES: sales},
        flows={**centre.directory.flows, STAY: stay_or_not()},
    )
    centre.door.configure(centre.directory)


def left(centre: Centre, call: CallId) -> list[LeftBy]:
    return [fact.why for fact in centre.facts(call) if isinstance(fact, QueueLeft)]


def waits_in(centre: Centre, call: CallId) -> QueueId:
    phase = centre.phase(call)
    assert isinstance(phase, Queued)
    return phase.queue


# -- into another queue ---------------------------------------------------------------------------


def test_after_its_time_a_caller_goes_on_into_another_queue_and_the_wait_goes_on_counting() -> None:
    centre = centre_with(TO_SUPPORT)
    first = centre.call()
    centre.passes(30)
    second = centre.call("4001")
    centre.switch.press(second, "2")
    centre.passes(30)
    assert (waits_in(centre, first), left(centre, first)) == (SUPPORT, [LeftBy.TIMEOUT])
    centre.agent(ANA, SUPPORT)
    centre.answers(ANA)
    assert centre.talking_to(first) == ANA


def test_who_is_being_rung_is_rung_to_the_end_and_goes_then() -> None:
    centre = centre_with(TO_SUPPORT, ring_for=timedelta(seconds=20))
    call = centre.call()
    centre.passes(55)
    centre.agent(ANA)
    centre.passes(19.9)
    assert centre.rings(ANA)
    centre.passes(0.1)
    assert waits_in(centre, call) == SUPPORT
    assert not centre.rings(ANA)


def test_who_answers_at_the_last_moment_has_the_caller() -> None:
    centre = centre_with(TO_SUPPORT)
    call = centre.call()
    centre.passes(55)
    centre.agent(ANA)
    centre.passes(10)
    centre.answers(ANA)
    centre.passes(30)
    assert centre.talking_to(call) == ANA


def test_the_music_is_that_of_the_new_queue_and_no_leg_is_rung_twice_under_one_name() -> None:
    centre = centre_with(TO_SUPPORT, announce_every=None)
    queues = centre.directory.queues
    support = replace(queues[SUPPORT], music="jazz", announce_every=None)
    centre.directory = replace(centre.directory, queues={**queues, SUPPORT: support})
    centre.door.configure(centre.directory)
    centre.agent(ANA)
    call = centre.call()
    centre.passes(20)
    centre.pauses(ANA)
    centre.passes(40)
    assert [one.music for one in centre.switch.done if isinstance(one, StartMusic)] == [
        "default",
        "jazz",
    ]
    centre.agent(BO, SUPPORT)
    assert centre.switch.ringing(BO) == offer_leg(call, 2)


def test_an_edit_reaches_who_waits_already_and_one_that_is_overdue_goes_at_once() -> None:
    centre = centre_with()
    call = centre.call()
    centre.passes(100)
    set_ways(centre, TO_SUPPORT)
    centre.passes(0)
    assert waits_in(centre, call) == SUPPORT


@pytest.mark.parametrize("when", [30, 90])
async def test_whatever_dies_the_way_opens_once(when: float) -> None:
    centre = centre_with(TO_SUPPORT)
    call = centre.call()
    centre.passes(when)
    await centre.restart()
    centre.passes(60)
    await centre.restart()
    assert (waits_in(centre, call), left(centre, call)) == (SUPPORT, [LeftBy.TIMEOUT])
    joined = [fact for fact in centre.facts(call) if isinstance(fact, QueueJoined)]
    assert [fact.queue for fact in joined] == [SALES, SUPPORT]


# -- by a key -------------------------------------------------------------------------------------


def test_a_key_leads_into_a_menu_and_back_into_the_old_place() -> None:
    centre = centre_with(BY_KEY)
    first = centre.call()
    centre.passes(10)
    second = centre.call()
    centre.switch.press(first, "2")
    assert isinstance(centre.phase(first), InFlow)
    centre.passes(1)
    centre.switch.press(first, "1")
    assert waits_in(centre, first) == SALES
    centre.agent(ANA)
    centre.answers(ANA)
    assert centre.talking_to(first) == ANA
    assert waits_in(centre, second) == SALES


def test_those_behind_are_served_while_somebody_thinks_about_the_menu() -> None:
    centre = centre_with(BY_KEY)
    first, second = centre.call(), centre.call()
    centre.switch.press(first, "2")
    centre.agent(ANA)
    centre.answers(ANA)
    assert centre.talking_to(second) == ANA
    assert isinstance(centre.phase(first), InFlow)


def test_a_key_ends_the_ringing_without_blame_and_any_other_does_nothing() -> None:
    centre = centre_with(BY_KEY)
    centre.agent(ANA)
    call = centre.call()
    centre.switch.press(call, "7")
    assert centre.rings(ANA)
    centre.switch.press(call, "2")
    assert not centre.rings(ANA)
    (ended,) = [fact for fact in centre.facts(call) if isinstance(fact, OfferEnded)]
    assert ended.why is OfferEnd.CALLER_GONE
    assert centre.row(ANA).misses == 0
    assert left(centre, call) == [LeftBy.KEY]


def test_the_music_ends_before_the_menu_speaks() -> None:
    centre = centre_with(BY_KEY, announce_every=None)
    call = centre.call()
    centre.passes(5)
    centre.switch.done.clear()
    centre.switch.press(call, "2")
    assert type(centre.switch.done[0]) is StopMusic


def test_a_key_may_lead_straight_into_another_queue() -> None:
    centre = centre_with(WayOut(key="9", queue=SUPPORT))
    call = centre.call()
    centre.switch.press(call, "9")
    assert (waits_in(centre, call), left(centre, call)) == (SUPPORT, [LeftBy.KEY])


def test_a_flow_that_is_gone_since_says_that_nobody_can_take_the_call() -> None:
    centre = centre_with(WayOut(key="9", flow=FlowId("gone")))
    call = centre.call()
    centre.switch.press(call, "9")
    assert isinstance(centre.phase(call), Leaving)


# -- closing time ---------------------------------------------------------------------------------


def test_closing_time_sends_on_whoever_waits_and_nobody_who_talks() -> None:
    hours = parse_calendar({"zone": "UTC", "weekly": {"daily": ["08:00-13:00"]}})
    centre = Centre()
    centre.directory = replace(centre.directory, calendars={"office": hours})
    set_ways(centre, WayOut(calendar="office", flow=STAY))
    centre.agent(ANA)
    talks = centre.call()
    centre.answers(ANA)
    waits = centre.call()
    closes = hours.next_close(centre.clock.now())
    assert closes is not None
    centre.passes((closes - centre.clock.now()).total_seconds() - 1)
    assert waits_in(centre, waits) == SALES
    centre.passes(1)
    assert isinstance(centre.phase(waits), InFlow)
    assert left(centre, waits) == [LeftBy.CLOSING]
    assert centre.talking_to(talks) == ANA


def test_two_ways_that_open_by_themselves_the_earlier_is_taken() -> None:
    hours = parse_calendar({"zone": "UTC", "weekly": {"daily": ["08:00-23:00"]}})
    centre = Centre()
    centre.directory = replace(centre.directory, calendars={"office": hours})
    set_ways(centre, WayOut(calendar="office", flow=STAY), TO_SUPPORT)
    call = centre.call()
    centre.passes(60)
    assert left(centre, call) == [LeftBy.TIMEOUT]


# -- since the wait would be too long -------------------------------------------------------------

TOO_LONG = WayOut(expected=timedelta(seconds=60), queue=SUPPORT)
DESERTED = WayOut(nobody=True, queue=SUPPORT)


def knows(centre: Centre, talk_seconds: float) -> None:
    for _ in range(60):
        centre.engine.floor.waits.learned.of(SALES).talk.add(timedelta(seconds=talk_seconds))


def busy_with(centre: Centre, agents: int) -> None:
    for n in range(agents):
        agent = centre.agent(f"a{n}")
        centre.call()
        centre.answers(agent)


def test_whose_wait_would_be_too_long_goes_as_soon_as_they_have_joined() -> None:
    centre = centre_with(TOO_LONG)
    busy_with(centre, 4)
    knows(centre, 600)
    call = centre.call()
    centre.passes(0.1)
    assert (waits_in(centre, call), left(centre, call)) == (SUPPORT, [LeftBy.EXPECTED])


def test_where_nobody_can_say_how_long_the_wait_will_be_nobody_goes_for_it() -> None:
    centre = centre_with(TOO_LONG)
    busy_with(centre, 4)
    call = centre.call()
    centre.passes(300)
    assert (waits_in(centre, call), left(centre, call)) == (SALES, [])


@pytest.mark.parametrize("every", [timedelta(seconds=30), None])
def test_a_wait_that_becomes_too_long_later_is_noticed(every: timedelta | None) -> None:
    centre = centre_with(TOO_LONG, announce_every=every)
    busy_with(centre, 4)
    call = centre.call()
    centre.passes(5)
    knows(centre, 600)
    centre.passes(31)
    assert left(centre, call) == [LeftBy.EXPECTED]


async def test_a_restart_looks_again_how_long_the_wait_will_be() -> None:
    centre = centre_with(TOO_LONG)
    busy_with(centre, 4)
    call = centre.call()
    centre.passes(5)
    await centre.restart()
    knows(centre, 600)
    centre.passes(31)
    assert left(centre, call) == [LeftBy.EXPECTED]


# -- since nobody is left -------------------------------------------------------------------------


def test_when_the_last_agent_has_gone_home_whoever_waits_goes_a_little_later() -> None:
    centre = centre_with(DESERTED)
    busy_with(centre, 1)
    bo = centre.agent(BO, ready=False)
    call = centre.call()
    centre.passes(60)
    centre.signs_out(AgentId("a0"))
    centre.passes(60)
    assert left(centre, call) == []  # Bo is there, if only on a break
    centre.signs_out(bo)
    centre.passes(14)
    assert left(centre, call) == []
    centre.passes(2)
    assert (waits_in(centre, call), left(centre, call)) == (SUPPORT, [LeftBy.NOBODY])


def test_an_agent_who_comes_back_at_once_chases_nobody_out() -> None:
    centre = centre_with(DESERTED)
    ana = centre.agent(ANA, ready=False)
    call = centre.call()
    centre.signs_out(ana)
    centre.passes(10)
    centre.agent(ANA, ready=False)
    centre.passes(120)
    assert left(centre, call) == []


def test_who_joins_where_nobody_is_has_the_same_while() -> None:
    centre = centre_with(DESERTED)
    call = centre.call()
    centre.passes(14)
    assert left(centre, call) == []
    centre.passes(2)
    assert left(centre, call) == [LeftBy.NOBODY]


async def test_a_restart_forgets_nobody_who_waits_for_nobody() -> None:
    centre = centre_with(DESERTED)
    ana = centre.agent(ANA, ready=False)
    call = centre.call()
    centre.passes(20)
    centre.signs_out(ana)
    await centre.restart()
    centre.passes(16)
    assert left(centre, call) == [LeftBy.NOBODY]
