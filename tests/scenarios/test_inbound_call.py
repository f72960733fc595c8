"""One caller, one agent, one call: the stories of an inbound call, one behaviour each."""

from datetime import timedelta

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.phases import InFlow, Leaving, Offered, Queued
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import CallEnded, EndedBy, LegCause, Outcome
from callcenter.core.ids import CallId, LegId
from callcenter.testing.centre import MENU, SALES, SUPPORT, Centre

pytestmark = pytest.mark.scenario


def end_of(centre: Centre, call: CallId) -> CallEnded:
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    return ended


def heard(centre: Centre, call: CallId) -> list[str]:
    return [prompt.name for prompt in centre.switch.legs[LegId(call)].heard]


def hears_music(centre: Centre, call: CallId) -> bool:
    return centre.switch.legs[LegId(call)].music is not None


def test_a_caller_reaches_the_agent_who_is_free() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    assert centre.talking_to(call) == ana


def test_the_call_is_counted_to_the_agent_who_talked() -> None:
    centre = Centre()
    ana, bo = centre.agent("ana"), centre.agent("bo")
    call = centre.call()
    centre.switch.decline(ana)
    centre.answers(bo)
    centre.hangs_up(call)
    assert (end_of(centre, call).agent, end_of(centre, call).outcome) == (bo, Outcome.ANSWERED)


def test_a_specialist_is_found_after_the_first_agent_does_not_answer() -> None:
    centre = Centre(rules=QueueRules(SALES, misses_allowed=1))
    ana = centre.agent("ana")
    centre.passes(1)
    bo = centre.agent("bo")
    call = centre.call()
    assert centre.rings(ana)
    centre.passes(20)
    assert not centre.rings(ana)
    assert centre.rings(bo)
    assert centre.row(ana).presence is Presence.PAUSED
    assert centre.row(ana).pause_reason == "rona"
    centre.answers(bo)
    assert centre.talking_to(call) == bo


def test_a_caller_chooses_by_digit_and_may_interrupt_the_menu() -> None:
    centre = Centre()
    bo = centre.agent("bo", SUPPORT)
    call = centre.call(MENU)
    centre.switch.press(call, "2")
    assert centre.switch.legs[LegId(call)].saying is None
    centre.answers(bo)
    assert centre.talking_to(call) == bo


def test_a_caller_who_presses_nothing_is_asked_three_times_and_let_go() -> None:
    centre = Centre()
    call = centre.call(MENU)
    for _ in range(3):
        centre.switch.finish_prompt(call)
        centre.passes(2.5)
    assert heard(centre, call) == ["menu", "menu", "menu", "bye"]
    centre.switch.finish_prompt(call)
    assert end_of(centre, call).outcome is Outcome.SERVED
    assert centre.switch.legs == {}


def test_a_caller_of_an_unknown_number_hears_so_and_is_not_left_in_silence() -> None:
    centre = Centre()
    call = centre.call("9999999")
    assert heard(centre, call) == ["unknown"]
    assert isinstance(centre.phase(call), Leaving)
    centre.switch.finish_prompt(call)
    assert centre.switch.legs == {}


def test_who_waits_hears_music_soon_and_not_at_once() -> None:
    centre = Centre()
    call = centre.call()
    assert not hears_music(centre, call)
    centre.passes(0.8)
    assert hears_music(centre, call)


def test_who_waits_is_told_their_position_and_then_hears_music_again() -> None:
    centre = Centre()
    centre.call()
    call = centre.call()
    centre.passes(4)
    assert heard(centre, call) == ["queue-position-2"]
    centre.switch.finish_prompt(call)
    assert hears_music(centre, call)


def test_who_waits_for_an_hour_never_hears_silence_for_long() -> None:
    centre = Centre()
    call = centre.call()
    leg = centre.switch.legs[LegId(call)]
    centre.passes(1)
    for _ in range(3600):
        centre.passes(1)
        assert leg.music or leg.saying
    assert isinstance(centre.phase(call), Queued)


def test_an_agent_who_answers_in_the_middle_of_an_announcement_is_heard_at_once() -> None:
    centre = Centre()
    call = centre.call()
    centre.passes(4)
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.switch.legs[LegId(call)].saying is None
    assert centre.talking_to(call) == ana


def test_callers_are_served_in_the_order_they_came() -> None:
    centre = Centre(rules=QueueRules(SALES, wrap_up=timedelta()))
    calls = [centre.call() for _ in range(5)]
    ana = centre.agent("ana")
    served = []
    for _ in calls:
        centre.answers(ana)
        served += [call for call in calls if centre.talking_to(call) == ana]
        centre.hangs_up(served[-1])
    assert served == calls


def test_a_caller_who_gives_up_while_it_rings_stops_the_ringing_and_costs_the_agent_nothing() -> (
    None
):
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    idle_since = centre.row(ana).idle_since
    centre.passes(5)
    centre.hangs_up(call)
    assert not centre.rings(ana)
    assert centre.activity(ana) is Activity.IDLE
    assert (centre.row(ana).idle_since, centre.row(ana).misses) == (idle_since, 0)
    assert end_of(centre, call).outcome is Outcome.ABANDONED


@pytest.mark.parametrize("cause", [LegCause.BUSY, LegCause.UNREACHABLE, LegCause.REJECTED])
def test_a_phone_that_cannot_or_will_not_ring_passes_the_caller_on(cause: LegCause) -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.passes(1)
    bo = centre.agent("bo")
    call = centre.call()
    centre.switch.decline(ana, cause)
    assert centre.rings(bo)
    assert isinstance(centre.phase(call), Offered)


def test_a_phone_that_is_dead_is_tried_again_after_a_rest_and_the_caller_keeps_waiting() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.switch.unreachable.add("sip:agent-ana")
    call = centre.call()
    assert not centre.rings(ana)
    centre.switch.unreachable.clear()
    centre.passes(10)
    centre.answers(ana)
    assert centre.talking_to(call) == ana


def test_a_phone_that_never_says_that_it_rings_may_still_be_answered() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.switch.silent_devices.add("sip:agent-ana")
    call = centre.call()
    centre.passes(4)
    centre.answers(ana)
    assert centre.talking_to(call) == ana


def test_after_a_call_the_agent_writes_down_what_there_is_and_then_gets_the_next() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call, following = centre.call(), centre.call()
    centre.answers(ana)
    centre.hangs_up(call)
    assert centre.activity(ana) is Activity.WRAPPING
    assert isinstance(centre.phase(following), Queued)
    centre.wraps_up(ana)
    assert isinstance(centre.phase(following), Offered)


def test_an_agent_who_presses_pause_while_talking_gets_no_next_call() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call, following = centre.call(), centre.call()
    centre.answers(ana)
    centre.pauses(ana)
    assert centre.talking_to(call) == ana
    centre.hangs_up(call)
    centre.passes(60)
    assert isinstance(centre.phase(following), Queued)
    centre.ready(ana)
    assert isinstance(centre.phase(following), Offered)


def test_an_agent_who_goes_home_while_talking_finishes_the_call() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.signs_out(ana)
    assert centre.talking_to(call) == ana
    centre.hangs_up(call)
    assert end_of(centre, call).agent == ana


def test_the_phone_of_an_agent_who_goes_home_stops_ringing_and_another_gets_the_call() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.passes(1)
    bo = centre.agent("bo")
    call = centre.call()
    assert centre.rings(ana)
    centre.signs_out(ana)
    assert not centre.rings(ana)
    centre.answers(bo)
    assert centre.talking_to(call) == bo


def test_either_side_may_hang_up_and_the_other_is_not_left_alone() -> None:
    centre = Centre(rules=QueueRules(SALES, wrap_up=timedelta()))
    ana = centre.agent("ana")
    by_caller = centre.call()
    centre.answers(ana)
    centre.hangs_up(by_caller)
    by_agent = centre.call()
    centre.switch.hang_up(centre.answers(ana))
    assert centre.switch.legs == {}
    assert [end_of(centre, call).by for call in (by_caller, by_agent)] == [
        EndedBy.CALLER,
        EndedBy.AGENT,
    ]


async def test_an_engine_that_dies_and_comes_back_has_lost_nobody() -> None:
    centre = Centre()
    ana, bo = centre.agent("ana"), centre.agent("bo")
    talking = centre.call()
    centre.answers(ana)
    ringing = centre.call()
    waiting = centre.call()
    in_menu = centre.call(MENU)
    await centre.restart()
    assert centre.talking_to(talking) == ana
    assert centre.rings(bo)
    assert isinstance(centre.phase(in_menu), InFlow)
    centre.answers(bo)
    assert centre.talking_to(ringing) == bo
    centre.hangs_up(talking)
    centre.wraps_up(ana)
    centre.answers(ana)
    assert centre.talking_to(waiting) == ana


async def test_an_agent_who_answered_while_the_engine_was_down_is_not_cut_off() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.switch.deaf = True
    centre.answers(ana)
    await centre.restart()
    assert centre.talking_to(call) == ana
