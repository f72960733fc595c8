"""What we believe against what the switch has: each row of the table of recovery, both sides mended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import AnswerLeg, HangUpLeg, Say
from callcenter.core.calls.phases import Connected, InFlow, Offered, Queued
from callcenter.core.facts.calls import (
    CallEnded,
    EndedBy,
    LegCause,
    OfferEnd,
    OfferEnded,
    Outcome,
)
from callcenter.core.ids import AgentId, CallId, FlowId, LegId
from callcenter.core.ivr.flow import Flow, HangUp, Node, NodeId, Play, PromptName, Utterance
from callcenter.engine.reconcile import differences, prompts_asked_about
from callcenter.ports.telephony import SeenLeg, SwitchAway, SwitchPicture
from callcenter.testing.centre import ENGLISH, MENU, SALES, Centre

pytestmark = pytest.mark.engine


async def absence(centre: Centre) -> None:
    """The connection heals, and everything is compared."""
    centre.switch.deaf = False
    centre.runtime.lost()
    await centre.runtime.reconcile()


def end_of(centre: Centre, call: CallId) -> CallEnded:
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    return ended


async def test_a_caller_who_left_in_our_absence_is_ended_by_the_switch() -> None:
    centre = Centre()
    call = centre.call()
    centre.switch.deaf = True
    centre.hangs_up(call)
    await absence(centre)
    assert (end_of(centre, call).outcome, end_of(centre, call).by) == (
        Outcome.ABANDONED,
        EndedBy.SWITCH,
    )


async def test_who_called_in_our_absence_is_served_in_the_order_they_came() -> None:
    centre = Centre()
    first = centre.call()
    centre.switch.deaf = True
    centre.passes(1)
    second = centre.call()
    centre.passes(1)
    third = centre.call()
    await absence(centre)
    line = centre.engine.floor.lines[SALES]
    assert [entry.call for entry in line.entries] == [first, second, third]


async def test_an_agent_who_answered_in_our_absence_talks_to_the_caller() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.switch.deaf = True
    centre.answers(ana)
    await absence(centre)
    assert centre.talking_to(call) == ana


async def test_an_offer_whose_phone_stopped_ringing_unheard_goes_back_to_its_place() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    first, second = centre.call(), centre.call()
    centre.switch.deaf = True
    centre.switch.decline(ana)
    await absence(centre)
    assert isinstance(centre.phase(first), Queued)
    bo = centre.agent("bo")
    assert centre.rings(bo)
    assert isinstance(centre.phase(first), Offered)
    assert isinstance(centre.phase(second), Queued)


async def test_an_offer_that_was_never_carried_out_does_not_hold_the_agent() -> None:
    centre = Centre()
    call = centre.call()
    centre.switch.deaf = True
    ana = centre.agent("ana")
    assert isinstance(centre.phase(call), Offered)
    await absence(centre)
    ends = [fact.why for fact in centre.facts(call) if isinstance(fact, OfferEnded)]
    assert ends == [OfferEnd.UNREACHABLE]
    assert centre.activity(ana) is Activity.IDLE


async def test_an_agent_who_hung_up_in_our_absence_ends_the_call() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    leg = centre.answers(ana)
    centre.switch.deaf = True
    centre.switch.hang_up(leg)
    await absence(centre)
    assert end_of(centre, call).by is EndedBy.AGENT
    assert centre.switch.legs == {}
    assert centre.activity(ana) is Activity.WRAPPING


async def test_two_who_should_talk_and_do_not_hear_each_other_are_joined_at_once() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    leg = centre.answers(ana)
    centre.switch.legs[LegId(call)].together = frozenset()
    centre.switch.legs[leg].together = frozenset()
    await absence(centre)
    assert centre.talking_to(call) == ana


async def test_a_caller_whose_answer_was_lost_on_its_way_is_answered_later() -> None:
    centre = Centre()
    await absence(centre)
    ana = centre.agent("ana")
    centre.switch.loses = AnswerLeg
    call = centre.call()
    centre.answers(ana)
    centre.switch.loses = None
    assert not centre.switch.legs[LegId(call)].answered
    await centre.runtime.reconcile()
    assert not centre.switch.legs[LegId(call)].answered  # it may still be under way
    centre.passes(3)
    await centre.runtime.reconcile()
    assert centre.switch.legs[LegId(call)].answered


async def test_a_prompt_whose_end_we_missed_lets_the_flow_go_on() -> None:
    centre = Centre()
    call = centre.call(MENU)
    centre.switch.deaf = True
    centre.switch.finish_prompt(call)
    await absence(centre)
    said = centre.switch.legs[LegId(call)].saying
    phase = centre.phase(call)
    assert isinstance(phase, InFlow)
    assert said is not None
    assert len(centre.switch.legs[LegId(call)].heard) == 2


def story() -> Flow:
    """Two sentences, one after the other, and goodbye."""
    said = {ENGLISH: (Utterance(ENGLISH, "Words."),)}
    nodes: dict[NodeId, Node] = {
        NodeId("first"): Play(PromptName("one"), NodeId("second")),
        NodeId("second"): Play(PromptName("two"), NodeId("bye")),
        NodeId("bye"): HangUp(),
    }
    prompts = {PromptName("one"): said, PromptName("two"): said}
    return Flow(FlowId("story"), "v1", NodeId("first"), nodes, prompts, (ENGLISH,), ENGLISH)


async def test_the_next_words_after_a_prompt_whose_end_we_missed_are_said_once() -> None:
    centre = Centre()
    flows = {**centre.directory.flows, FlowId("story"): story()}
    centre.directory = Directory(flows, {"4002": FlowId("story")})
    centre.door.configure(centre.directory)
    call = centre.call("4002")
    centre.switch.deaf = True
    centre.switch.finish_prompt(call)
    await absence(centre)
    heard = [one.prompts[0].name for one in centre.switch.done if isinstance(one, Say)]
    assert heard == ["one", "two"]


async def test_a_prompt_that_still_runs_is_let_run() -> None:
    centre = Centre()
    call = centre.call(MENU)
    before = centre.phase(call)
    await absence(centre)
    assert centre.phase(call) == before
    assert len(centre.switch.legs[LegId(call)].heard) == 1


@pytest.mark.parametrize("offered", [0, 1])
async def test_music_lost_on_its_way_is_ordered_again(offered: int) -> None:
    centre = Centre()
    call = centre.call()
    centre.switch.deaf = True
    for name in ["ana"][:offered]:
        centre.agent(name)
    centre.passes(1)
    centre.switch.deaf = False
    assert centre.switch.legs[LegId(call)].music is None
    await absence(centre)
    assert centre.switch.legs[LegId(call)].music == "default"


async def test_a_phone_that_rings_for_nobody_is_silenced() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.switch.deaf = True
    centre.hangs_up(call)
    centre.door.deliver(*[])
    await absence(centre)
    assert not centre.rings(ana)
    assert centre.switch.legs == {}


async def test_a_caller_who_was_handed_to_the_fallback_is_no_longer_ours() -> None:
    centre = Centre()
    call = centre.call()
    centre.passes(3)
    centre.switch.legs[LegId(call)].arrived = None  # in the dialplan's queue now
    await absence(centre)
    assert end_of(centre, call).outcome is Outcome.ABANDONED
    assert HangUpLeg(LegId(call)) not in centre.switch.done


async def test_a_caller_who_came_back_from_the_fallback_in_our_absence_is_served() -> None:
    centre = Centre()
    call = centre.call()
    centre.passes(3)
    back = centre.switch.legs[LegId(call)].arrived
    centre.switch.legs[LegId(call)].arrived = None
    await absence(centre)
    centre.passes(60)
    centre.switch.legs[LegId(call)].arrived = back
    await absence(centre)
    ana = centre.agent("ana")
    centre.answers(ana)
    assert centre.talking_to(call) == ana


async def test_a_leg_we_meant_to_hang_up_is_hung_up() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    leg = centre.answers(ana)
    caller = centre.switch.legs[LegId(call)]
    centre.switch.hang_up(leg)
    centre.switch.legs[LegId(call)] = caller  # the order was lost
    await absence(centre)
    assert LegId(call) not in centre.switch.legs


async def test_nothing_is_done_when_both_agree() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.call()
    centre.call(MENU)
    centre.call()
    centre.answers(ana)
    centre.passes(5)
    await centre.runtime.reconcile()  # the first: we were away until now
    facts, done = centre.engine.number, len(centre.switch.done)
    await centre.runtime.reconcile()
    assert (centre.engine.number, len(centre.switch.done)) == (facts, done)


async def test_a_switch_that_cannot_be_asked_is_asked_again_later() -> None:
    centre = Centre()
    call = centre.call()
    centre.switch.deaf = True
    centre.hangs_up(call)
    centre.switch.away = True
    with pytest.raises(SwitchAway):
        await absence(centre)
    assert call in centre.engine.calls
    centre.switch.away = False
    await absence(centre)
    assert call not in centre.engine.calls


# -- what is still under way ----------------------------------------------------------------------


def empty_picture(centre: Centre) -> SwitchPicture:
    return SwitchPicture(centre.clock.now(), {}, frozenset())


def test_what_was_ordered_a_moment_ago_is_not_missed_yet() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.call()
    engine = centre.engine
    found = differences(engine.calls, engine.ended, empty_picture(centre), centre.clock.now())
    assert (found.facts, found.repairs) == ([], [])


def test_after_an_absence_nothing_is_under_way() -> None:
    centre = Centre()
    call = centre.call()
    engine, now = centre.engine, centre.clock.now()
    found = differences(engine.calls, engine.ended, empty_picture(centre), now, away=True)
    assert [getattr(fact, "cause", None) for fact in found.facts] == [LegCause.GONE]
    assert [getattr(fact, "call", None) for fact in found.facts] == [call]


async def test_a_caller_who_hangs_up_while_the_picture_is_taken_does_not_come_back() -> None:
    centre = Centre()
    call = centre.call()
    centre.passes(10)
    picture = await centre.switch.picture(prompts_asked_about(centre.engine.calls))
    centre.hangs_up(call)
    engine = centre.engine
    found = differences(engine.calls, engine.ended, picture, centre.clock.now())
    assert (found.facts, found.repairs) == ([], [])


async def test_foreign_legs_are_left_alone() -> None:
    centre = Centre()
    legs = {
        LegId(name): SeenLeg(LegId(name), True, None, frozenset())
        for name in ("cc1-17.9", "ag-", "ag-foreign", "snoop-1")
    }
    picture = replace(empty_picture(centre), legs=legs)
    found = differences({}, {}, picture, centre.clock.now())
    assert (found.facts, found.repairs) == ([], [])


async def test_ringing_that_ran_out_while_we_were_down_is_judged_by_the_world_first() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.passes(19)
    centre.switch.deaf = True
    centre.answers(ana)
    centre.switch.deaf = False
    await centre.restart()
    centre.passes(timedelta(seconds=30).total_seconds())
    assert isinstance(centre.phase(call), Connected)
    assert centre.talking_to(call) == AgentId("ana")
