"""Callers who do not wait on the line: the place is kept, and they are called back in their turn."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calendar import parse_hours
from callcenter.core.calls.effects import RingTone
from callcenter.core.calls.phases import Agreed, Connected, InFlow, Kept, Offered, Queued, Reaching
from callcenter.core.facts.calls import (
    CallbackOver,
    CallEnded,
    CallerDialled,
    CallerUnreached,
    LeftBy,
    LegCause,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.ids import AgentId, CallId, FlowId, LegId
from callcenter.core.ivr.flow import (
    CallBack,
    Collect,
    Enqueue,
    Flow,
    Menu,
    Node,
    NodeId,
    PromptName,
)
from callcenter.testing.centre import SALES, STRAIGHT, SUPPORT, Centre, menu

pytestmark = pytest.mark.scenario

ANA, BO = AgentId("ana"), AgentId("bo")
LATER = "4002"  # its flow asks: 1 to be called back, 2 at another number, else to wait
OFFER = FlowId("offer")
NUMBER, EVE, MAX = "+493012345", "+4940111", "+4940222"
BY_KEY = WayOut(key="1", flow=OFFER)


def offer(**how: Any) -> Flow:
    prompts = ("ask", "which", "soon")
    back = CallBack(Enqueue(SALES), PromptName("soon"), NodeId("wait"), **how)
    nodes: dict[NodeId, Node] = {
        NodeId("ask"): Menu(
            PromptName("ask"), {"1": NodeId("back"), "2": NodeId("other")}, NodeId("wait")
        ),
        NodeId("other"): Collect(PromptName("which"), "mobile", NodeId("there"), NodeId("wait")),
        NodeId("back"): back,
        NodeId("there"): replace(back, number="mobile"),
        NodeId("wait"): Enqueue(SALES),
    }
    said = menu().prompts[PromptName("menu")]
    return replace(
        menu(),
        id=OFFER,
        start=NodeId("ask"),
        nodes=nodes,
        prompts={PromptName(name): said for name in prompts},
    )


def called_as(number: str) -> str | None:
    return number if number.startswith("+") else {"0170": "+49170555"}.get(number)


def centre_that_calls_back(hours: str | None = None, **how: Any) -> Centre:
    centre = Centre()
    known = centre.directory
    sales = replace(known.queues[SALES], ways_out=(BY_KEY,), wrap_up=timedelta())
    centre.directory = replace(
        known,
        flows={**known.flows, OFFER: offer(**how)},
        numbers={**known.numbers, LATER: OFFER},
        queues={**known.queues, SALES: sales},
        reach=called_as,
        calling_hours=None if hours is None else parse_hours((hours,)),
    )
    centre.door.configure(centre.directory)
    return centre


def asks(centre: Centre, ani: str = NUMBER) -> CallId:
    """Somebody calls and would rather be called back; they have hung up by now."""
    call = centre.call(LATER, ani)
    centre.switch.press(call, "1")
    centre.switch.finish_prompt(call)
    return call


def of_kind(centre: Centre, call: CallId, kind: type[Any]) -> list[Any]:
    return [fact for fact in centre.facts(call) if isinstance(fact, kind)]


def outcome(centre: Centre, call: CallId) -> Outcome:
    (ended,) = of_kind(centre, call, CallEnded)
    assert isinstance(ended, CallEnded)
    return ended.outcome


# -- the place ------------------------------------------------------------------------------------


def test_whoever_asks_to_be_called_back_hears_so_and_is_hung_up_on_in_their_place() -> None:
    centre = centre_that_calls_back()
    call = centre.call(LATER)
    centre.switch.press(call, "1")
    assert isinstance(centre.phase(call), Agreed)
    centre.switch.finish_prompt(call)
    assert isinstance(centre.phase(call), Kept)
    assert LegId(call) not in centre.switch.legs
    (joined,) = of_kind(centre, call, QueueJoined)
    assert (joined.is_kept, joined.since) == (True, joined.since)
    assert centre.door.snapshot()[1]["calls"][call]["callback_number"] == NUMBER


def test_they_are_served_in_their_turn_and_not_before_those_who_came_earlier() -> None:
    centre = centre_that_calls_back()
    first = centre.call(STRAIGHT, EVE)
    kept, last = asks(centre), centre.call(STRAIGHT, MAX)
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.talking_to(first) == ana
    centre.hangs_up(first)
    centre.answers(ana)
    centre.switch.answer_callback(kept)
    assert centre.talking_to(kept) == ana
    assert isinstance(centre.phase(last), Queued)


def test_who_leaves_the_queue_by_a_key_keeps_the_place_they_had_there() -> None:
    centre = centre_that_calls_back()
    early = centre.call()
    centre.passes(60)
    late = centre.call(STRAIGHT, MAX)
    centre.switch.press(early, "1")
    assert isinstance(centre.phase(early), InFlow)
    centre.switch.press(early, "1")
    centre.switch.finish_prompt(early)
    assert [left.why for left in of_kind(centre, early, QueueLeft)] == [LeftBy.KEY]
    ana = centre.agent("ana")
    centre.answers(ana)
    centre.switch.answer_callback(early)
    assert centre.talking_to(early) == ana
    assert isinstance(centre.phase(late), Queued)


def test_nothing_is_said_to_who_is_not_on_the_line() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    centre.passes(300)
    assert of_kind(centre, call, PositionReached) == []


def test_who_hangs_up_on_the_last_word_is_called_back_all_the_same() -> None:
    centre = centre_that_calls_back()
    call = centre.call(LATER)
    centre.switch.press(call, "1")
    centre.hangs_up(call)
    assert isinstance(centre.phase(call), Kept)


def test_who_cannot_be_called_is_told_by_the_flow_to_wait() -> None:
    centre = centre_that_calls_back()
    call = centre.call(LATER, "anonymous")
    centre.switch.press(call, "1")
    assert isinstance(centre.phase(call), Queued)


def test_they_are_called_at_another_number_that_they_have_entered() -> None:
    centre = centre_that_calls_back()
    call = centre.call(LATER, "anonymous")
    centre.switch.press(call, "2")
    for digit in "0170#":
        centre.switch.press(call, digit)
    centre.switch.finish_prompt(call)
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.switch.legs[centre.switch.called(call)].number == "+49170555"


def test_one_person_is_called_back_once_whatever_queues_they_asked_in() -> None:
    centre = centre_that_calls_back()
    first = asks(centre)
    centre.passes(60)
    second = asks(centre)
    assert outcome(centre, first) is Outcome.RETURNED
    (joined,) = of_kind(centre, second, QueueJoined)
    (before,) = of_kind(centre, first, QueueJoined)
    assert joined.since == before.since


def test_who_calls_again_and_waits_takes_the_place_that_was_kept() -> None:
    centre = centre_that_calls_back()
    kept = asks(centre)
    centre.passes(60)
    other = centre.call(STRAIGHT, MAX)
    again = centre.call(STRAIGHT)
    assert outcome(centre, kept) is Outcome.RETURNED
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.talking_to(again) == ana
    assert isinstance(centre.phase(other), Queued)


def test_who_calls_again_for_something_else_is_still_called_back() -> None:
    centre = centre_that_calls_back()
    kept = asks(centre)
    again = centre.call("4001")
    centre.switch.press(again, "2")
    assert isinstance(centre.phase(kept), Kept)


# -- the agent first --------------------------------------------------------------------------------


def test_the_agent_hears_it_ring_until_the_caller_answers() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    leg = centre.answers(ana)
    assert centre.switch.legs[leg].heard == [RingTone()]
    assert isinstance(centre.phase(call), Reaching)
    caller = centre.switch.answer_callback(call)
    assert centre.switch.legs[leg].saying is None
    assert centre.switch.legs[caller].together == {leg}


def test_an_agent_who_does_not_answer_leaves_the_place_as_it_is() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    bo = centre.agent("bo", ready=False)
    centre.passes(21)
    (missed,) = of_kind(centre, call, OfferEnded)
    assert missed.why is OfferEnd.NO_ANSWER
    centre.ready(bo)
    centre.answers(bo)
    centre.switch.answer_callback(call)
    assert centre.talking_to(call) == bo
    assert centre.activity(ana) is Activity.IDLE


def test_when_the_caller_does_not_answer_the_agent_is_free_and_it_is_tried_again_later() -> None:
    centre = centre_that_calls_back(tries=2, retry_after=timedelta(minutes=5))
    call = asks(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    centre.passes(31)
    (failed,) = of_kind(centre, call, CallerUnreached)
    assert (failed.why, failed.agent) == (LegCause.NO_ANSWER, ana)
    assert centre.activity(ana) is Activity.IDLE
    centre.passes(298)
    assert not centre.rings(ana)
    centre.passes(2)
    centre.answers(ana)
    centre.switch.answer_callback(call)
    assert centre.talking_to(call) == ana
    assert [one.attempt for one in of_kind(centre, call, CallerDialled)] == [1, 2]


def test_who_is_not_to_be_had_is_given_up_after_so_many_tries() -> None:
    centre = centre_that_calls_back(tries=2, retry_after=timedelta(minutes=1))
    call = asks(centre)
    ana = centre.agent("ana")
    for _ in range(2):
        centre.answers(ana)
        centre.switch.hang_up(centre.switch.called(call), LegCause.BUSY)
        centre.passes(61)
    assert outcome(centre, call) is Outcome.UNREACHED
    assert centre.activity(ana) is Activity.IDLE
    assert centre.switch.legs == {}


def test_an_agent_who_hangs_up_first_does_not_make_the_phone_ring_for_nobody() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    leg = centre.answers(ana)
    caller = centre.switch.called(call)
    centre.switch.hang_up(leg)
    assert caller not in centre.switch.legs
    assert isinstance(centre.phase(call), Kept)
    centre.passes(31)
    centre.answers(ana)
    centre.switch.answer_callback(call)
    assert centre.talking_to(call) == ana


def test_work_after_the_call_and_talk_count_from_when_the_caller_answered() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    centre.passes(10)
    leg = centre.switch.answer_callback(call)
    centre.passes(60)
    centre.switch.hang_up(leg)
    assert centre.row(ana).talked == timedelta(seconds=60)
    assert outcome(centre, call) is Outcome.ANSWERED


def test_where_all_are_rung_one_answers_and_the_others_are_told_so() -> None:
    centre = centre_that_calls_back()
    rules = replace(centre.directory.queues[SALES], strategy=Strategy.RING_ALL)
    centre.directory = replace(centre.directory, queues={**centre.directory.queues, SALES: rules})
    centre.door.configure(centre.directory)
    ana, bo = centre.agent("ana"), centre.agent("bo")
    call = asks(centre)
    assert centre.rings(ana)
    assert centre.rings(bo)
    centre.answers(bo)
    assert not centre.rings(ana)
    centre.switch.answer_callback(call)
    assert centre.talking_to(call) == bo


# -- the caller first -------------------------------------------------------------------------------


def test_the_caller_first_an_agent_is_kept_free_and_rung_when_the_caller_has_answered() -> None:
    centre = centre_that_calls_back(caller_first=True)
    call = asks(centre)
    ana = centre.agent("ana")
    assert not centre.rings(ana)
    assert centre.activity(ana) is Activity.RESERVED
    centre.passes(20)  # longer than an agent who is rung is waited for
    assert centre.activity(ana) is Activity.RESERVED
    centre.switch.answer_callback(call)
    assert isinstance(centre.phase(call), Offered)
    centre.answers(ana)
    assert centre.talking_to(call) == ana


def test_the_caller_first_who_does_not_answer_costs_no_agent_a_ring() -> None:
    centre = centre_that_calls_back(caller_first=True)
    call = asks(centre)
    ana = centre.agent("ana")
    since = centre.row(ana).idle_since
    centre.switch.hang_up(centre.switch.called(call), LegCause.NO_ANSWER)
    assert [end.why for end in of_kind(centre, call, OfferEnded)] == [OfferEnd.CALLER_AWAY]
    assert centre.activity(ana) is Activity.IDLE
    assert centre.row(ana).idle_since == since


def test_the_caller_first_waits_on_in_the_old_place_when_the_agent_does_not_answer() -> None:
    centre = centre_that_calls_back(caller_first=True)
    call = asks(centre)
    centre.agent("ana")
    centre.switch.answer_callback(call)
    centre.passes(21)
    assert isinstance(centre.phase(call), Queued)
    later = centre.call(STRAIGHT, MAX)
    bo = centre.agent("bo")
    centre.answers(bo)
    assert centre.talking_to(call) == bo
    assert isinstance(centre.phase(later), Queued | Offered)


def test_the_caller_first_who_hangs_up_while_the_agent_is_rung_has_given_up() -> None:
    centre = centre_that_calls_back(caller_first=True)
    call = asks(centre)
    ana = centre.agent("ana")
    leg = centre.switch.answer_callback(call)
    centre.switch.hang_up(leg)
    assert outcome(centre, call) is Outcome.ABANDONED
    assert centre.activity(ana) is Activity.IDLE


# -- when -------------------------------------------------------------------------------------------


def test_nobody_is_called_back_at_an_unfit_hour_and_the_place_is_kept_until_a_fit_one() -> None:
    centre = centre_that_calls_back(hours="mon-sun 13:30-20:00")  # the caller's clock says 13:00
    ana = centre.agent("ana")
    call = asks(centre)
    assert not centre.rings(ana)
    assert centre.door.snapshot()[1]["calls"][call]["not_before"] is not None
    centre.passes(30 * 60)
    assert centre.rings(ana)


def test_when_the_fit_hours_end_the_place_is_kept_outside_the_queue() -> None:
    centre = centre_that_calls_back(hours="mon-sun 09:00-14:00")
    call = asks(centre)
    centre.passes(4 * 3600)
    assert [left.why for left in of_kind(centre, call, QueueLeft)] == [LeftBy.HOURS]
    ana = centre.agent("ana")
    assert not centre.rings(ana)
    centre.passes(20 * 3600)


def test_who_was_not_called_back_in_time_is_not_called_at_all() -> None:
    centre = centre_that_calls_back(expires_after=timedelta(hours=2))
    call = asks(centre)
    centre.passes(2 * 3600 + 1)
    assert outcome(centre, call) is Outcome.EXPIRED
    ana = centre.agent("ana")
    assert not centre.rings(ana)


def test_who_must_not_be_called_after_all_is_not_and_the_agent_is_let_go() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    centre.door.deliver(CallbackOver(centre.clock.now(), call, Outcome.BARRED))
    assert outcome(centre, call) is Outcome.BARRED
    assert centre.activity(ana) is Activity.IDLE
    assert centre.switch.legs == {}


def test_when_the_queue_is_deleted_nobody_there_is_called_back() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    centre.directory = replace(centre.directory, queues={SUPPORT: QueueRules(SUPPORT)})
    centre.door.configure(centre.directory)
    assert outcome(centre, call) is Outcome.DISMISSED


# -- whatever dies ----------------------------------------------------------------------------------


async def test_a_place_that_is_kept_outlives_the_engine() -> None:
    centre = centre_that_calls_back()
    first, kept = centre.call(STRAIGHT, EVE), asks(centre)
    await centre.restart()
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.talking_to(first) == ana
    centre.hangs_up(first)
    centre.answers(ana)
    centre.switch.answer_callback(kept)
    assert centre.talking_to(kept) == ana


async def test_who_answers_while_the_engine_is_away_is_connected_when_it_is_back() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    centre.switch.deaf = True
    centre.switch.answer_callback(call)
    centre.passes(5)
    await centre.restart()
    assert centre.talking_to(call) == ana


async def test_who_talks_after_they_were_called_back_talks_on_when_the_engine_dies() -> None:
    centre = centre_that_calls_back()
    call = asks(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    leg = centre.switch.answer_callback(call)
    await centre.restart()
    assert isinstance(centre.phase(call), Connected)
    assert centre.talking_to(call) == ana
    centre.switch.hang_up(leg)
    assert outcome(centre, call) is Outcome.ANSWERED
    assert centre.activity(ana) is Activity.IDLE


@pytest.mark.parametrize("caller_first", [False, True])
@pytest.mark.parametrize("lost", range(1, 13))
async def test_whichever_command_is_the_last_everybody_is_free_or_served_in_the_end(
    caller_first: bool, lost: int
) -> None:
    """The engine is killed after so many commands, and what it had ordered since is lost with it."""
    centre = centre_that_calls_back(caller_first=caller_first, retry_after=timedelta(seconds=60))
    ana = centre.agent("ana", ready=False)
    centre.switch.deaf_after = lost
    call = centre.call(LATER)
    centre.switch.press(call, "1")
    if centre.switch.legs[LegId(call)].saying is not None:
        centre.switch.finish_prompt(call)
    centre.ready(ana)
    for _ in range(200):
        if centre.switch.deaf:
            await centre.restart()
        people_do_their_part(centre, ana)
        centre.passes(1)
        await centre.runtime.look_around()
    assert call not in centre.engine.calls
    assert centre.activity(ana) is Activity.IDLE
    assert centre.switch.legs == {}


def people_do_their_part(centre: Centre, agent: AgentId) -> None:
    """Whoever hears a phone answers it; who talks or is left alone for long hangs up."""
    for name, leg in list(centre.switch.legs.items()):
        if leg.number and not leg.answered:
            centre.switch.answer_callback(leg.call)
            return
        if leg.agent == agent and not leg.answered:
            centre.switch.answer(agent)
            return
        if leg.together or leg.arrived:
            centre.switch.hang_up(name)
            return
