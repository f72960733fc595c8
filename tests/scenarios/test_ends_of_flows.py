"""Flows that end with a message, or with the busy tone, as way out of a queue and by themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calls.effects import AnswerLeg, TakeMessage, TellBusy
from callcenter.core.facts.calls import CallEnded, EndedBy, Outcome
from callcenter.core.ids import CallId, FlowId, LegId
from callcenter.core.ivr.flow import HangUp, Node, NodeId, PromptName, Voicemail
from callcenter.testing.centre import ENGLISH, SALES, STRAIGHT, Centre, menu

pytestmark = pytest.mark.scenario

GREETING = PromptName("bye")
A_MINUTE = timedelta(minutes=1)


def centre_with(end: Node) -> Centre:
    """Who calls 4001 comes to this end at once, who waits in sales after two minutes or by 9."""
    flow = replace(menu(), id=FlowId("end"), start=NodeId("end"), nodes={NodeId("end"): end})
    centre = Centre()
    known = centre.directory
    ways = (
        WayOut(after=timedelta(minutes=2), flow=flow.id),
        WayOut(key="9", flow=flow.id),
    )
    centre.directory = replace(
        known,
        flows={**known.flows, flow.id: flow},
        numbers={**known.numbers, "4001": flow.id},
        queues={**known.queues, SALES: replace(known.queues[SALES], ways_out=ways)},
    )
    centre.door.configure(centre.directory)
    return centre


def ends(centre: Centre, call: CallId) -> list[tuple[Outcome, EndedBy]]:
    facts = centre.facts(call)
    return [(fact.outcome, fact.by) for fact in facts if isinstance(fact, CallEnded)]


def test_who_waited_too_long_leaves_a_message_with_the_queue_and_their_language() -> None:
    centre = centre_with(Voicemail(GREETING, A_MINUTE))
    call = centre.call()
    centre.passes(120)
    centre.switch.finish_prompt(call)
    assert centre.switch.sent_on == [TakeMessage(LegId(call), SALES, ENGLISH, A_MINUTE)]
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.FLOW)]


def test_a_number_may_lead_to_a_message_of_no_queue() -> None:
    centre = centre_with(Voicemail(GREETING, A_MINUTE))
    call = centre.call("4001")
    centre.switch.finish_prompt(call)
    assert centre.switch.sent_on == [TakeMessage(LegId(call), None, ENGLISH, A_MINUTE)]


def test_who_hangs_up_while_they_are_greeted_leaves_none() -> None:
    centre = centre_with(Voicemail(GREETING))
    call = centre.call("4001")
    centre.hangs_up(call)
    assert centre.switch.sent_on == []
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.CALLER)]


def test_a_greeting_that_cannot_be_said_keeps_nobody_from_their_message() -> None:
    centre = centre_with(Voicemail(GREETING))
    call = centre.call("4001")
    centre.switch.fail_prompt(call)
    assert len(centre.switch.sent_on) == 1


def test_an_order_to_take_a_message_that_is_lost_is_given_again() -> None:
    centre = centre_with(Voicemail(GREETING))
    call = centre.call("4001")
    centre.switch.loses = TakeMessage
    centre.switch.finish_prompt(call)
    centre.switch.loses = None
    assert ends(centre, call) == []
    centre.passes(11)
    assert len(centre.switch.sent_on) == 1
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.FLOW)]


async def test_an_engine_that_is_killed_before_it_gave_the_order_gives_it_after() -> None:
    centre = centre_with(Voicemail(GREETING))
    call = centre.call("4001")
    centre.switch.deaf = True
    centre.switch.finish_prompt(call)
    await centre.restart()
    centre.passes(180)
    assert len(centre.switch.sent_on) == 1
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.FLOW)]


async def test_who_speaks_their_message_while_the_engine_dies_is_not_disturbed() -> None:
    centre = centre_with(Voicemail(GREETING))
    call = centre.call("4001")
    centre.switch.finish_prompt(call)
    await centre.restart()
    centre.passes(60)
    assert len(centre.switch.sent_on) == 1
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.FLOW)]


def test_busy_before_anything_was_said_is_told_without_answering() -> None:
    centre = centre_with(HangUp(busy=True))
    call = centre.call("4001")
    assert AnswerLeg(LegId(call)) not in centre.switch.done
    assert centre.switch.sent_on == [TellBusy(LegId(call))]
    assert ends(centre, call) == [(Outcome.SERVED, EndedBy.FLOW)]


def test_busy_after_a_word_and_a_wait_is_told_by_the_tone() -> None:
    centre = centre_with(HangUp(GREETING, busy=True))
    call = centre.call(STRAIGHT)
    centre.switch.press(call, "9")
    assert centre.switch.sent_on == []
    centre.switch.finish_prompt(call)
    assert AnswerLeg(LegId(call)) in centre.switch.done
    assert centre.switch.sent_on == [TellBusy(LegId(call))]


def test_who_calls_too_often_is_told_that_it_is_busy_without_being_answered() -> None:
    centre = Centre()
    call = centre.switch.arrive(STRAIGHT, refused="repeated")
    assert centre.switch.done == [TellBusy(LegId(call))]
    assert ends(centre, call) == [(Outcome.REFUSED, EndedBy.SWITCH)]


def test_or_in_words_where_callers_beyond_the_limits_are() -> None:
    centre = Centre(tells_when_full=True)
    call = centre.switch.arrive(STRAIGHT, refused="repeated")
    assert centre.switch.done[0] == AnswerLeg(LegId(call))
    assert centre.switch.sent_on == []
