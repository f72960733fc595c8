"""What caller and agent are told before they hear each other, and what becomes of it when it goes wrong."""

from datetime import timedelta

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.calls.effects import Words
from callcenter.core.calls.greeting_phase import LONGEST_GREETING
from callcenter.core.calls.phases import Connected, Greeting, Offered, Queued
from callcenter.core.facts.calls import (
    AgentAnswered,
    CallEnded,
    LegCause,
    OfferEnd,
    OfferEnded,
    Outcome,
    PromptEnded,
)
from callcenter.core.ids import AgentId, CallId, LegId, offer_leg
from callcenter.testing.centre import SALES, Centre

pytestmark = pytest.mark.scenario

ANA, BO = AgentId("1001"), AgentId("1002")
BOTH = QueueRules(SALES, greets_with_number=True, briefs_agent=True)


def picked_up(rules: QueueRules = BOTH, agent: AgentId = ANA) -> tuple[Centre, CallId, LegId]:
    centre = Centre(rules=rules)
    centre.agent(agent)
    call = centre.call()
    centre.passes(3)
    return centre, call, centre.answers(agent)


def say_all(centre: Centre, call: CallId) -> None:
    for number in greeting(centre, call).saying:
        centre.engine.deliver(PromptEnded(centre.clock.now(), call, number))


def greeting(centre: Centre, call: CallId) -> Greeting:
    phase = centre.phase(call)
    assert isinstance(phase, Greeting)
    return phase


def words(centre: Centre, leg: LegId) -> list[str]:
    return [one.text for one in centre.switch.legs[leg].heard if isinstance(one, Words)]


def ends(centre: Centre, call: CallId) -> list[OfferEnd]:
    return [fact.why for fact in centre.facts(call) if isinstance(fact, OfferEnded)]


def test_each_hears_their_own_at_the_same_time_and_not_yet_the_other() -> None:
    centre, call, leg = picked_up()
    assert words(centre, LegId(call)) == ["Agent one zero zero one is at your service."]
    assert words(centre, leg) == ["sales, waited three seconds."]
    assert centre.talking_to(call) is None
    assert centre.activity(ANA) is Activity.RINGING


def test_they_are_connected_when_both_have_been_said_and_talk_begins_then() -> None:
    centre, call, _ = picked_up()
    first, second = greeting(centre, call).saying
    centre.passes(2)
    centre.engine.deliver(PromptEnded(centre.clock.now(), call, second))
    assert centre.talking_to(call) is None
    centre.passes(1)
    centre.engine.deliver(PromptEnded(centre.clock.now(), call, first))
    assert centre.talking_to(call) == ANA
    answered = [fact.at for fact in centre.facts(call) if isinstance(fact, AgentAnswered)]
    assert answered == [centre.clock.now()]
    centre.passes(60)
    centre.hangs_up(call)
    assert centre.row(ANA).talked == timedelta(seconds=60)


def test_a_prompt_whose_end_is_never_told_keeps_nobody_apart_for_long() -> None:
    centre, call, _ = picked_up()
    centre.passes(LONGEST_GREETING.total_seconds())
    assert centre.talking_to(call) == ANA


def test_ends_that_are_told_twice_or_late_do_no_harm() -> None:
    centre, call, _ = picked_up()
    told = [
        PromptEnded(centre.clock.now(), call, number) for number in greeting(centre, call).saying
    ]
    for fact in (told[0], told[0], told[1], told[1], told[0]):
        centre.engine.deliver(fact)
    assert centre.talking_to(call) == ANA


def test_an_answer_that_is_told_twice_does_not_begin_the_talk() -> None:
    centre, call, _ = picked_up()
    centre.engine.deliver(AgentAnswered(centre.clock.now(), call, ANA, 1))
    assert isinstance(centre.phase(call), Greeting)
    assert centre.activity(ANA) is Activity.RINGING


def test_a_caller_who_hangs_up_in_it_gave_up_and_the_agent_is_free_at_once() -> None:
    centre, call, leg = picked_up()
    centre.hangs_up(call)
    (ended,) = [fact for fact in centre.facts(call) if isinstance(fact, CallEnded)]
    assert (ended.outcome, ended.agent) == (Outcome.ABANDONED, None)
    assert ends(centre, call) == [OfferEnd.CALLER_GONE]
    assert leg not in centre.switch.legs
    assert centre.activity(ANA) is Activity.IDLE
    assert centre.row(ANA).talked == timedelta()


def test_an_agent_who_hangs_up_in_it_declined_and_the_caller_keeps_the_place() -> None:
    centre, call, leg = picked_up()
    behind = centre.call()
    centre.switch.hang_up(leg)
    assert ends(centre, call) == [OfferEnd.REJECTED]
    assert isinstance(centre.phase(call), Queued)
    assert centre.switch.legs[LegId(call)].music == "default"
    assert centre.row(ANA).talked == timedelta()
    centre.agent(BO)
    assert isinstance(centre.phase(call), Offered)
    assert isinstance(centre.phase(behind), Queued)


def test_an_agent_whose_leg_was_lost_did_not_decline() -> None:
    centre, call, leg = picked_up()
    centre.switch.hang_up(leg, LegCause.GONE)
    assert ends(centre, call) == [OfferEnd.UNREACHABLE]


def test_a_lapsed_lease_gives_the_caller_back_to_the_queue() -> None:
    centre, call, leg = picked_up()
    lapsed = OfferEnded(centre.clock.now(), call, ANA, 1, OfferEnd.LAPSED)
    centre.engine.deliver(lapsed)
    assert leg not in centre.switch.legs
    assert isinstance(centre.phase(call), Queued | Offered)


def test_where_all_are_rung_the_others_stop_and_nobody_else_is_rung() -> None:
    rules = QueueRules(SALES, strategy=Strategy.RING_ALL, briefs_agent=True)
    centre = Centre(rules=rules)
    centre.agent(ANA)
    centre.agent(BO)
    call = centre.call()
    centre.answers(BO)
    assert ends(centre, call) == [OfferEnd.ELSEWHERE]
    assert not centre.rings(ANA)
    say_all(centre, call)
    assert centre.talking_to(call) == BO


def test_whoever_is_only_briefed_leaves_the_caller_their_music() -> None:
    centre, call, _ = picked_up(QueueRules(SALES, briefs_agent=True))
    assert centre.switch.legs[LegId(call)].music == "default"
    say_all(centre, call)
    assert centre.talking_to(call) == ANA
    assert centre.switch.legs[LegId(call)].music is None


def test_an_agent_whose_id_is_no_number_is_connected_at_once() -> None:
    rules = QueueRules(SALES, greets_with_number=True)
    centre, call, _ = picked_up(rules, AgentId("ana"))
    assert centre.talking_to(call) == "ana"


def test_an_ordinary_queue_writes_and_says_nothing_more() -> None:
    centre, call, leg = picked_up(QueueRules(SALES))
    assert isinstance(centre.phase(call), Connected)
    assert words(centre, leg) == []
    kinds = [type(fact).__name__ for fact in centre.facts(call)]
    assert "GreetingBegan" not in kinds
    assert kinds.count("AgentAnswered") == 1


async def test_an_engine_killed_in_it_connects_the_pair_when_it_is_back() -> None:
    centre, call, leg = picked_up()
    for heard in (LegId(call), leg):
        centre.switch.legs[heard].saying = None  # said to the end while nobody listened
    await centre.restart()
    assert centre.talking_to(call) == ANA
    assert centre.switch.legs[LegId(call)].together == {offer_leg(call, 1)}
