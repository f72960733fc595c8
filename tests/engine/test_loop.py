"""The engine's order of things: written first, then done, then shown; one call's bug stays its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.effects import LegEffect, RingAgent
from callcenter.core.calls.phases import Connected, Offered, Queued
from callcenter.core.facts.agents import AgentSignedIn, Presence
from callcenter.core.facts.calls import (
    AgentOffered,
    CallArrived,
    CallEnded,
    CallResumed,
    LegCause,
    LegEnded,
    OfferEnd,
    OfferEnded,
    Outcome,
    PromptEnded,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId, FlowId, LegId, offer_leg
from callcenter.engine.loop import LONGEST_BURST, Engine
from callcenter.testing.centre import MENU, SALES, STRAIGHT, SUPPORT, Centre
from callcenter.testing.clock import HandClock
from callcenter.testing.journal import MemoryJournal
from callcenter.testing.switch import FakeSwitch

pytestmark = pytest.mark.engine


class WitnessSwitch(FakeSwitch):
    """A switch that notes how far the journal had got when it was asked for something."""

    def __init__(self, clock: HandClock, journal: MemoryJournal) -> None:
        super().__init__(clock)
        self.journal = journal
        self.written_before: list[tuple[LegEffect, list[Fact]]] = []

    def perform(self, call: CallId, effects: Sequence[LegEffect]) -> None:
        written = [fact for _, fact in self.journal.read_after(0)]
        self.written_before += [(effect, written) for effect in effects]
        super().perform(call, effects)


def engine_on(centre: Centre, switch: FakeSwitch) -> Engine:
    """Another engine of the centre, at work on another switch."""
    engine = Engine(
        directory=centre.directory,
        clock=centre.clock,
        journal=centre.journal,
        telephony=switch,
    )
    engine.replay()
    switch.connect(engine.deliver)
    return engine


def numbers(journal: MemoryJournal) -> list[int]:
    return [number for number, _ in journal.read_after(0)]


def kinds(facts: Sequence[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_nothing_is_done_that_was_not_written_down_first() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    witness = WitnessSwitch(centre.clock, centre.journal)
    engine_on(centre, witness)
    call = witness.arrive(STRAIGHT)
    witness.answer(ana)
    witness.hang_up(LegId(call))
    assert len(witness.written_before) >= 4
    for effect, written in witness.written_before:
        cause = {"AnswerLeg": "CallArrived", "RingAgent": "AgentOffered"}.get(
            type(effect).__name__, "AgentAnswered"
        )
        assert cause in kinds(written)


def test_a_phone_is_rung_before_anything_else_is_done() -> None:
    centre = Centre()
    centre.agent("ana")
    witness = WitnessSwitch(centre.clock, centre.journal)
    engine_on(centre, witness)
    witness.arrive(STRAIGHT)
    done = [type(effect).__name__ for effect, _ in witness.written_before]
    assert done == ["RingAgent", "AnswerLeg"]


def test_facts_are_numbered_without_gaps_over_restarts() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.call()
    assert numbers(centre.journal) == list(range(1, len(numbers(centre.journal)) + 1))


async def test_numbers_go_on_after_a_restart() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.call()
    await centre.restart()
    centre.answers(ana)
    assert numbers(centre.journal) == list(range(1, len(numbers(centre.journal)) + 1))


def test_what_follows_goes_before_what_came_from_outside() -> None:
    centre = Centre()
    centre.agent("ana")
    now = centre.clock.now()
    call, other = CallId("x"), CallId("y")
    centre.door.deliver(
        CallArrived(now, call, LegId(call), "", STRAIGHT),
        CallArrived(now, other, LegId(other), "", STRAIGHT),
    )
    facts = kinds([fact for _, fact in centre.journal.read_after(0)])
    first = facts.index("CallArrived")
    assert facts[first : first + 4] == ["CallArrived", "NodeEntered", "QueueJoined", "CallArrived"]


def test_a_flood_is_written_in_parts_and_nothing_of_it_is_lost() -> None:
    centre = Centre()
    now = centre.clock.now()
    callers = [CallId(f"c{n}") for n in range(LONGEST_BURST)]
    centre.door.deliver(*(CallArrived(now, c, LegId(c), "", STRAIGHT) for c in callers))
    assert [entry.call for entry in centre.engine.floor.lines[SALES].entries] == callers


def test_offers_are_the_same_for_the_same_facts() -> None:
    def offers() -> list[Fact]:
        centre = Centre()
        ana, bo = centre.agent("ana"), centre.agent("bo", SALES, SUPPORT)
        for _ in range(4):
            centre.call()
            centre.passes(1)
        centre.answers(ana)
        centre.switch.decline(bo)
        centre.passes(60)
        return [f for _, f in centre.journal.read_after(0) if isinstance(f, AgentOffered)]

    assert offers() == offers() != []


# -- one call's bug -----------------------------------------------------------------------------


# What no adapter would say, unless it has a fault.
NO_LEG = cast(LegId, None)
NO_DEVICE = cast(str, None)


def with_a_broken_flow(centre: Centre) -> None:
    """Numbers lead to a flow that is gone; those who are in one look for a node that is gone."""
    flows = dict(centre.directory.flows)
    menu = flows[FlowId("menu")]
    flows[menu.id] = replace(menu, nodes={})
    centre.directory = replace(
        centre.directory, flows=flows, numbers={**centre.directory.numbers, "9": FlowId("gone")}
    )
    centre.door.configure(centre.directory)


class NotOurTurn(Exception):
    """In earnest the process ends here."""


def test_nothing_is_written_or_done_when_it_is_not_our_turn() -> None:
    centre = Centre()
    centre.agent("ana")
    switch, turns = WitnessSwitch(centre.clock, centre.journal), [True]

    def check() -> None:
        if not turns[0]:
            raise NotOurTurn

    engine = Engine(
        directory=centre.directory,
        clock=centre.clock,
        journal=centre.journal,
        telephony=switch,
        may_act=check,
    )
    engine.replay()
    switch.connect(engine.deliver)
    switch.arrive(STRAIGHT)
    done, written = list(switch.written_before), numbers(centre.journal)
    assert done
    turns[0] = False
    with pytest.raises(NotOurTurn):
        switch.arrive(STRAIGHT)
    assert (switch.written_before, numbers(centre.journal)) == (done, written)


class BreakingSwitch(WitnessSwitch):
    """A switch that cannot do anything for its first caller, against its promise."""

    def perform(self, call: CallId, effects: Sequence[LegEffect]) -> None:
        if call.endswith(".1"):
            raise ZeroDivisionError
        super().perform(call, effects)


def test_what_cannot_be_sent_for_one_call_does_not_hold_up_the_next() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    breaking = BreakingSwitch(centre.clock, centre.journal)
    engine = engine_on(centre, breaking)
    faulty, bystander = breaking.arrive(STRAIGHT), breaking.arrive(STRAIGHT)
    assert engine.counters.faults >= 1
    breaking.hang_up(LegId(faulty))
    centre.passes(0)
    breaking.answer(ana)
    assert isinstance(engine.calls[bystander].phase, Connected)


def test_a_call_whose_flow_breaks_is_given_back_to_the_dialplan() -> None:
    centre = Centre()
    call = centre.call(MENU)
    with_a_broken_flow(centre)
    centre.switch.press(call, "1")
    assert centre.switch.given_back == [LegId(call)]
    assert call not in centre.engine.calls
    assert centre.engine.counters.faults == 1
    ended = [fact for fact in centre.facts(call) if isinstance(fact, CallEnded)]
    assert [fact.outcome for fact in ended] == [Outcome.FAULTED]


def test_a_caller_whose_number_leads_nowhere_is_given_back_at_once() -> None:
    centre = Centre()
    with_a_broken_flow(centre)
    call = centre.call("9")
    assert centre.switch.given_back == [LegId(call)]


def test_other_calls_do_not_notice_a_fault() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    bystander = centre.call()
    faulty = centre.call(MENU)
    with_a_broken_flow(centre)
    centre.switch.press(faulty, "1")
    centre.answers(ana)
    assert centre.talking_to(bystander) == ana


@pytest.mark.parametrize("answered", [False, True])
def test_a_fault_frees_the_agent_of_the_call(answered: bool) -> None:
    centre = Centre(rules=QueueRules(SALES, wrap_up=timedelta()))
    ana = centre.agent("ana")
    call = centre.call()
    for _ in range(answered):
        centre.answers(ana)
    centre.door.deliver(LegEnded(centre.clock.now(), call, NO_LEG, LegCause.NORMAL))
    assert centre.engine.counters.faults == 1
    assert centre.activity(ana) is Activity.IDLE
    assert not centre.rings(ana)
    assert centre.switch.given_back == [LegId(call)]


def test_a_caller_given_back_may_come_again_under_the_same_id() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    with_a_broken_flow(centre)
    call = centre.call("9")
    centre.switch.arrive_again(call, STRAIGHT)
    centre.answers(ana)
    assert centre.talking_to(call) == ana


# -- accidents ----------------------------------------------------------------------------------


def test_what_a_leg_says_after_its_call_is_over_is_not_written() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.hangs_up(call)
    before = centre.journal.last_number
    for leg in (LegId(call), offer_leg(call, 1)):
        centre.door.deliver(LegEnded(centre.clock.now(), call, leg, LegCause.NORMAL))
    centre.door.deliver(PromptEnded(centre.clock.now(), call, 1))
    assert centre.journal.last_number == before


def test_deleting_a_queue_under_a_conversation_does_not_stop_the_engine() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.directory = replace(centre.directory, queues={}, assignments={ana: ()})
    centre.door.configure(centre.directory)
    centre.hangs_up(call)
    assert centre.activity(ana) is Activity.WRAPPING
    assert centre.engine.counters.faults == 0


async def test_an_engine_that_died_in_the_middle_of_a_burst_ends_it_at_the_next_start() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.switch.deaf = True
    gone = LegEnded(centre.clock.now(), call, offer_leg(call, 1), LegCause.NORMAL)
    centre.journal.append([(centre.engine.number + 1, gone)])  # and not what followed
    await centre.restart()
    assert centre.activity(ana) is Activity.WRAPPING
    assert CallEnded in [type(fact) for fact in centre.facts(call)]
    assert centre.switch.legs == {}


async def test_a_clock_that_was_set_back_meanwhile_does_not_fall_behind_what_is_written() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.call()
    centre.answers(ana)
    written = centre.clock.now()
    centre.clock = HandClock(written - timedelta(hours=1))
    await centre.restart()
    assert centre.clock.now() >= written


async def test_a_flow_deleted_while_we_were_down_does_not_spin_the_floor() -> None:
    centre = Centre()
    call = centre.call()
    numbers = {**centre.directory.numbers, STRAIGHT: FlowId("deleted")}
    ana = centre.agent("ana", ready=False)
    centre.directory = replace(centre.directory, numbers=numbers)
    centre.switch.deaf = True
    centre.ready(ana)
    await centre.restart()
    assert centre.switch.given_back == [LegId(call)]
    assert centre.engine.floor.entries == {}
    centre.passes(5)
    assert centre.row(ana).is_free


async def test_an_agent_dismissed_while_we_were_down_can_end_their_call() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.directory = replace(centre.directory, assignments={})
    await centre.restart()
    assert centre.talking_to(call) == ana
    assert centre.activity(ana) is Activity.TALKING
    assert centre.engine.floor.entries == {}


def test_an_offer_to_a_call_that_is_unknown_is_answered_and_does_not_spin() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.door.deliver(QueueJoined(centre.clock.now(), CallId("ghost"), SALES))
    refused = [f for f in centre.facts(CallId("ghost")) if isinstance(f, OfferEnded)]
    assert [fact.why for fact in refused] == [OfferEnd.REFUSED]
    assert centre.activity(ana) is Activity.IDLE


def test_a_fact_that_breaks_the_floor_is_counted_and_the_next_is_heard() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.door.deliver(AgentSignedIn(centre.clock.now(), ana, NO_DEVICE))
    assert centre.engine.counters.faults == 1
    assert centre.row(ana).is_free
    centre.pauses(ana, "tea")
    assert (centre.row(ana).presence, centre.row(ana).pause_reason) == (Presence.PAUSED, "tea")


async def test_a_second_restart_comes_to_the_same_menu_as_the_first() -> None:
    centre = Centre()
    call = centre.call(MENU)
    centre.switch.legs[LegId(call)].saying = None  # its end is lost with us
    await centre.restart()
    assert CallResumed in [type(fact) for fact in centre.facts(call)]
    before = centre.engine.calls[call]
    centre.switch.deaf = True
    await centre.restart()
    assert centre.engine.calls[call].said >= before.said
    centre.switch.finish_prompt(call)
    centre.switch.press(call, "1")
    assert isinstance(centre.phase(call), Queued)


# -- a journal that turns over ------------------------------------------------------------------


@pytest.mark.parametrize("segment_facts", range(1, 16))
async def test_a_journal_that_turns_over_anywhere_tells_the_same_story(segment_facts: int) -> None:
    centre = Centre(journal=MemoryJournal(segment_facts=segment_facts))
    ana, bo = centre.agent("ana"), centre.agent("bo")
    talking, wrapped, first, second = (centre.call() for _ in range(4))
    centre.answers(ana)
    centre.answers(bo)
    centre.hangs_up(wrapped)
    centre.pauses(ana)
    centre.passes(3)
    calls = dict(centre.engine.calls)
    wrapping = centre.row(bo).engagement
    await centre.restart()
    assert centre.engine.calls == calls
    assert isinstance(centre.phase(talking), Connected)
    assert centre.row(ana).pause_reason == "lunch"
    held = centre.row(bo).engagement
    assert held is not None
    assert wrapping is not None
    assert (held.activity, held.since, held.until) == (
        Activity.WRAPPING,
        wrapping.since,
        wrapping.until,
    )
    line = centre.engine.floor.lines[SALES]
    assert [entry.call for entry in line.entries] == [first, second]
    centre.passes(10)
    assert centre.rings(bo)
    assert isinstance(centre.phase(first), Offered)


def test_a_phone_is_let_go_before_it_is_rung_for_the_next_caller() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    first, second = centre.call(), centre.call()
    assert centre.rings(ana)
    centre.switch.done.clear()
    centre.hangs_up(first)
    assert isinstance(centre.phase(second), Offered)
    done = [type(effect).__name__ for effect in centre.switch.done]
    assert done.index("HangUpLeg") < done.index("RingAgent")


def test_ringing_is_ordered_once_per_offer() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.call()
    assert len([e for e in centre.switch.done if isinstance(e, RingAgent)]) == 1
