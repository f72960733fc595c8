"""The call machine: every phase with every kind of fact, and the stories between."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from types import MappingProxyType
from typing import Any

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls import machine
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    AnswerLeg,
    BridgeLegs,
    HangUpLeg,
    Record,
    RingAgent,
    Say,
    StartMusic,
    StopMusic,
    StopSaying,
    Words,
)
from callcenter.core.calls.flow_phase import KEYS_ALLOWED, LONGEST_LAST_WORD, LONGEST_PROMPT
from callcenter.core.calls.offers import WHY
from callcenter.core.calls.phases import (
    Agreed,
    Call,
    Connected,
    Ended,
    Greeting,
    InFlow,
    Kept,
    Leaving,
    Offered,
    Phase,
    Queued,
    Reaching,
    Ring,
    deadline,
)
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallArrived,
    Callback,
    CallbackAgreed,
    CallbackOver,
    CallEnded,
    CallerAnswered,
    CallerDialled,
    CallerUnreached,
    CallFact,
    CallResumed,
    DeadlinePassed,
    DigitPressed,
    EndedBy,
    GreetingBegan,
    HangUpAsked,
    LegCause,
    LegEnded,
    NodeEntered,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    PromptEnded,
    QueueJoined,
    QueueLeft,
    WantChanged,
    WantEased,
)
from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId, offer_leg, prompt_id
from callcenter.core.ivr.announcements import QUEUE_NO_AGENTS, SYSTEM_FLOW, queue_position
from callcenter.core.ivr.cursor import Cursor
from callcenter.core.ivr.cursor import Phase as At
from callcenter.core.ivr.flow import (
    Enqueue,
    Flow,
    HangUp,
    Language,
    Menu,
    NodeId,
    Play,
    PromptName,
)

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL, CALLER, ANA, BO = CallId("c"), LegId("c"), AgentId("ana"), AgentId("bo")
SALES, SUPPORT = QueueId("sales"), QueueId("support")
EN = Language("en")
SECOND = timedelta(seconds=1)


def flow(name: str, start: str, **nodes: Any) -> Flow:
    named = {NodeId(key): node for key, node in nodes.items()}
    return Flow(FlowId(name), "v1", NodeId(start), named, {}, (EN,), EN)


MENU = flow(
    "menu",
    "menu",
    menu=Menu(PromptName("menu"), {"1": NodeId("sales"), "2": NodeId("lost")}, NodeId("bye")),
    sales=Enqueue(SALES, timedelta(seconds=30)),
    lost=Enqueue(QueueId("deleted")),
    bye=HangUp(PromptName("bye")),
)
DIRECTORY = Directory(
    flows={
        MENU.id: MENU,
        FlowId("straight"): flow("straight", "wait", wait=Enqueue(SALES)),
        FlowId("mute"): flow("mute", "bye", bye=HangUp()),
        FlowId("ring"): flow("ring", "a", a=Play(PromptName("a"), NodeId("a"))),
        SYSTEM_FLOW: flow("system", "unknown", unknown=HangUp(PromptName("unknown-number"))),
    },
    numbers={
        "1": MENU.id,
        "2": FlowId("straight"),
        "3": FlowId("mute"),
        "4": FlowId("ring"),
        "5": FlowId("deleted"),
    },
    queues={SALES: QueueRules(SALES, ring_for=timedelta(seconds=15)), SUPPORT: QueueRules(SUPPORT)},
)
PLACE = Queued(SALES, NOON, None)
RINGS = Ring(ANA, 1, NOON, NOON + timedelta(seconds=15))
BACK = Callback("+49301", SALES, NOON, NOON + timedelta(hours=9))
PHASES: Mapping[str, Phase] = MappingProxyType(
    {
        "in-flow": InFlow(
            Cursor(MENU.id, "v1", NodeId("menu"), EN, At.SAYING), 1, NOON, NOON + LONGEST_PROMPT
        ),
        "queued": PLACE,
        "offered": Offered(PLACE, (RINGS,)),
        "greeting": Greeting(
            Queued(SALES, NOON, None),
            Ring(ANA, 1, NOON, NOON + timedelta(seconds=20)),
            NOON,
            NOON + timedelta(seconds=10),
            (1,),
            is_hushed=True,
        ),
        "agreed": Agreed(BACK, 1, NOON, NOON + LONGEST_LAST_WORD),
        "kept": Kept(BACK, 0, 0, True, NOON + timedelta(hours=9), (RINGS,)),
        "reaching": Reaching(BACK, 1, 0, ANA, (RINGS,), NOON, NOON + timedelta(seconds=30), 1),
        "connected": Connected(ANA, 1, NOON),
        "leaving": Leaving(1, NOON, NOON + LONGEST_LAST_WORD),
        "ended": Ended(Outcome.ANSWERED),
    }
)
FACTS: Mapping[str, CallFact] = MappingProxyType(
    {
        "arrived": CallArrived(NOON, CALL, CALLER, "+49301", "1"),
        "prompt ended": PromptEnded(NOON, CALL, 1),
        "digit": DigitPressed(NOON, CALL, CALLER, "1"),
        "node": NodeEntered(NOON, CALL, "menu", "v1", "menu"),
        "joined": QueueJoined(NOON, CALL, SALES),
        "queue left": QueueLeft(NOON, CALL, SALES),
        "want eased": WantEased(NOON, CALL, 1),
        "want changed": WantChanged(NOON, CALL, "english", ""),
        "position": PositionReached(NOON, CALL, 3, True),
        "offered": AgentOffered(NOON, CALL, SALES, BO, 2, "sip:agent-bo", "why"),
        "ringing": AgentRinging(NOON, CALL, ANA, 1),
        "greeting began": GreetingBegan(NOON, CALL, ANA, 1, "1001", briefs=True),
        "answered": AgentAnswered(NOON, CALL, ANA, 1),
        "answered late": AgentAnswered(NOON, CALL, BO, 7),
        "offer ended": OfferEnded(NOON, CALL, ANA, 1, OfferEnd.LAPSED),
        "caller gone": LegEnded(NOON, CALL, CALLER, LegCause.NORMAL),
        "agent gone": LegEnded(NOON, CALL, offer_leg(CALL, 1), LegCause.BUSY),
        "old leg gone": LegEnded(NOON, CALL, offer_leg(CALL, 9), LegCause.NORMAL),
        "deadline": DeadlinePassed(NOON + timedelta(hours=1), CALL),
        "resumed": CallResumed(NOON, CALL),
        "hang up": HangUpAsked(NOON, CALL, EndedBy.SUPERVISOR),
        "callback agreed": CallbackAgreed(NOON, CALL, BACK),
        "caller dialled": CallerDialled(NOON, CALL, 1, ANA, 1, NOON),
        "caller answered": CallerAnswered(NOON, CALL, 1),
        "caller unreached": CallerUnreached(NOON, CALL, 1, LegCause.BUSY, ANA),
        "callback over": CallbackOver(NOON, CALL, Outcome.BARRED),
        "ended": CallEnded(NOON, CALL, Outcome.ANSWERED, EndedBy.AGENT, ANA),
    }
)
REFUSED = frozenset(
    {
        *product(PHASES, ["arrived"]),
        *product(["in-flow", "connected", "leaving", "ended"], ["position", "ringing"]),
        *product(["connected", "ended"], ["digit"]),
        *product(PHASES.keys() - {"queued", "kept", "reaching"}, ["queue left"]),
        *product(PHASES.keys() - {"agreed", "kept", "reaching"}, ["callback over"]),
        *product(["agreed"], ["joined", "position", "ringing", "caller answered"]),
        *product(PHASES.keys() - {"offered"}, ["greeting began"]),
        ("queued", "ringing"),
        ("greeting", "joined"),
        ("offered", "joined"),
        ("connected", "joined"),
        ("connected", "answered"),
        ("connected", "deadline"),
        ("ended", "deadline"),
        ("ended", "resumed"),
        ("ended", "hang up"),
    }
)


def call_in(phase: Phase) -> Call:
    return Call(CALL, CALLER, "+49301", "Jo", "1", NOON, "en", said=1, keys=0, phase=phase)


def step(call: Call, fact: CallFact, directory: Directory = DIRECTORY) -> machine.Step:
    return machine.advance(call, fact, directory)


def heard(call: Call, fact: CallFact) -> machine.Step:
    """As the engine hears it: what does not fit is ignored."""
    try:
        return step(call, fact)
    except IllegalTransition:
        return call, ()


def recorded(effects: tuple[Any, ...]) -> list[Any]:
    return [effect.fact for effect in effects if isinstance(effect, Record)]


def arrive(dnis: str) -> machine.Step:
    return machine.arrive(CallArrived(NOON, CALL, CALLER, "+49301", dnis), DIRECTORY)


# -- the table ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "fact"), [pair for pair in product(PHASES, FACTS) if pair not in REFUSED]
)
def test_what_belongs_to_a_phase_is_heard(phase: str, fact: str) -> None:
    call, _ = step(call_in(PHASES[phase]), FACTS[fact])
    assert call.id == CALL


@pytest.mark.parametrize(("phase", "fact"), sorted(REFUSED))
def test_what_does_not_belong_to_a_phase_is_refused(phase: str, fact: str) -> None:
    with pytest.raises(IllegalTransition):
        step(call_in(PHASES[phase]), FACTS[fact])


def test_the_table_knows_every_kind_of_fact() -> None:
    assert {type(fact) for fact in FACTS.values()} == set(CallFact.__args__)


@pytest.mark.parametrize(
    "phase", ["in-flow", "greeting", "agreed", "reaching", "connected", "leaving", "ended"]
)
def test_an_offer_that_cannot_be_taken_is_always_answered(phase: str) -> None:
    before = call_in(PHASES[phase])
    call, effects = step(before, FACTS["offered"])
    assert call == before
    assert recorded(effects) == [OfferEnded(NOON, CALL, BO, 2, OfferEnd.REFUSED)]


@pytest.mark.parametrize("phase", PHASES)
def test_an_agent_who_answers_an_offer_that_is_over_is_hung_up_on(phase: str) -> None:
    _, effects = step(call_in(PHASES[phase]), FACTS["answered late"])
    assert effects == (HangUpLeg(offer_leg(CALL, 7)),)


@pytest.mark.parametrize(
    "phase", ["in-flow", "queued", "offered", "greeting", "connected", "leaving"]
)
def test_a_call_ends_once_when_its_caller_goes(phase: str) -> None:
    call, effects = step(call_in(PHASES[phase]), FACTS["caller gone"])
    assert isinstance(call.phase, Ended)
    assert len([fact for fact in recorded(effects) if isinstance(fact, CallEnded)]) == 1
    assert step(call, FACTS["caller gone"]) == (call, ())


@pytest.mark.parametrize(
    ("phase", "outcome"),
    [
        ("in-flow", Outcome.LEFT_FLOW),
        ("queued", Outcome.ABANDONED),
        ("offered", Outcome.ABANDONED),
        ("greeting", Outcome.ABANDONED),
        ("connected", Outcome.ANSWERED),
        ("leaving", Outcome.SERVED),
    ],
)
def test_what_a_call_came_to_depends_on_where_the_caller_went(phase: str, outcome: Outcome) -> None:
    call, effects = step(call_in(PHASES[phase]), FACTS["caller gone"])
    assert call.phase == Ended(outcome)
    assert recorded(effects)[-1].outcome is outcome


@pytest.mark.parametrize("first", list(permutations(["caller gone", "agent gone", "hang up"])))
def test_in_whatever_order_they_hang_up_one_end_is_recorded(first: tuple[str, ...]) -> None:
    call = call_in(PHASES["connected"])
    ends: list[CallEnded] = []
    for name in first:
        call, effects = heard(call, FACTS[name])
        ends += [fact for fact in recorded(effects) if isinstance(fact, CallEnded)]
    assert [(end.agent, end.outcome) for end in ends] == [(ANA, Outcome.ANSWERED)]


# -- the flow -----------------------------------------------------------------------------------


def test_a_caller_is_answered_and_led_into_the_flow_of_the_number() -> None:
    call, effects = arrive("1")
    assert isinstance(call.phase, InFlow)
    assert effects[0] == AnswerLeg(CALLER)
    assert recorded(effects) == [NodeEntered(NOON, CALL, "menu", "v1", "menu", "en")]
    assert isinstance(effects[-1], Say)


def test_an_unknown_number_is_told_so_not_met_with_silence() -> None:
    call, effects = arrive("999")
    assert isinstance(call.phase, Leaving)
    assert [p.name for e in effects if isinstance(e, Say) for p in e.prompts] == ["unknown-number"]
    call, effects = step(call, PromptEnded(NOON, CALL, 1))
    assert effects[0] == HangUpLeg(CALLER)
    assert recorded(effects)[0].outcome is Outcome.SERVED


def test_a_flow_without_a_last_word_hangs_up_at_once() -> None:
    call, effects = arrive("3")
    assert call.phase == Ended(Outcome.SERVED)
    assert HangUpLeg(CALLER) in effects


def test_a_key_interrupts_the_menu_and_leads_into_the_queue_with_its_head_start() -> None:
    call, effects = step(arrive("1")[0], FACTS["digit"])
    assert effects[0] == StopSaying(prompt_id(CALL, 1))
    assert recorded(effects)[-1] == QueueJoined(NOON, CALL, SALES, 30.0)
    assert isinstance(call.phase, Queued)


def test_a_queue_that_is_missing_is_excused_and_the_caller_let_go() -> None:
    call, effects = step(arrive("1")[0], DigitPressed(NOON, CALL, CALLER, "2"))
    assert isinstance(call.phase, Leaving)
    assert [p.name for e in effects if isinstance(e, Say) for p in e.prompts] == [QUEUE_NO_AGENTS]


def test_the_end_of_a_prompt_that_was_interrupted_is_ignored() -> None:
    call = replace(arrive("1")[0], said=5)
    assert step(call, PromptEnded(NOON, CALL, 0)) == (call, ())


def test_a_prompt_that_cannot_be_played_does_not_hold_the_flow() -> None:
    call = arrive("1")[0]
    for number in (1, 2, 3):
        assert isinstance(call.phase, InFlow)
        call, effects = step(call, PromptEnded(NOON, CALL, number, played=False))
        assert not [effect for effect in effects if isinstance(effect, StopSaying)]
    assert isinstance(call.phase, Leaving)


def test_a_prompt_whose_end_is_lost_is_given_up_after_its_bound() -> None:
    call = arrive("1")[0]
    assert deadline(call) == NOON + LONGEST_PROMPT
    call, _ = step(call, DeadlinePassed(NOON + LONGEST_PROMPT, CALL))
    assert isinstance(call.phase, InFlow)
    assert call.phase.saying is None


def test_a_deadline_that_rings_early_changes_nothing() -> None:
    call = arrive("1")[0]
    assert step(call, DeadlinePassed(NOON + SECOND, CALL)) == (call, ())


def test_silence_makes_the_menu_speak_again_and_at_last_say_goodbye() -> None:
    call, at, said = arrive("1")[0], NOON, 1
    for _ in range(2):
        call, _ = step(call, PromptEnded(at, CALL, said))
        at += timedelta(seconds=3)
        call, _ = step(call, DeadlinePassed(at, CALL))
        said += 1
    call, _ = step(call, PromptEnded(at, CALL, said))
    call, effects = step(call, DeadlinePassed(at + timedelta(seconds=3), CALL))
    assert isinstance(call.phase, Leaving)
    assert isinstance(effects[-1], Say)


def test_a_last_word_whose_end_is_lost_does_not_keep_the_line() -> None:
    call, _ = arrive("999")
    call, effects = step(call, DeadlinePassed(NOON + LONGEST_LAST_WORD, CALL))
    assert effects[0] == HangUpLeg(CALLER)


def test_a_flood_of_keys_ends_the_call() -> None:
    call = replace(arrive("1")[0], keys=KEYS_ALLOWED)
    call, effects = step(call, FACTS["digit"])
    assert call.phase == Ended(Outcome.SERVED)
    assert effects[0] == HangUpLeg(CALLER)


def test_a_flow_that_was_changed_under_a_call_begins_again() -> None:
    changed = replace(DIRECTORY, flows={**DIRECTORY.flows, MENU.id: replace(MENU, version="v2")})
    call, effects = step(arrive("1")[0], FACTS["digit"], changed)
    assert isinstance(call.phase, InFlow)
    assert (call.phase.cursor.version, call.phase.cursor.node) == ("v2", "menu")
    assert effects[0] == StopSaying(prompt_id(CALL, 1))


def test_a_flow_that_was_deleted_under_a_call_leads_to_the_numbers_new_flow() -> None:
    flows = {key: one for key, one in DIRECTORY.flows.items() if key != MENU.id}
    changed = replace(DIRECTORY, flows=flows, numbers={"1": FlowId("straight")})
    call, effects = step(arrive("1")[0], FACTS["digit"], changed)
    assert isinstance(call.phase, Queued)
    assert isinstance(recorded(effects)[-1], QueueJoined)


def test_a_number_whose_flow_is_deleted_fails_loudly_for_the_engine_to_give_back() -> None:
    with pytest.raises(KeyError):
        arrive("5")


# -- waiting ------------------------------------------------------------------------------------


def waiting() -> Call:
    return arrive("2")[0]


def test_music_starts_only_after_the_quiet() -> None:
    call = waiting()
    quiet = deadline(call)
    assert quiet == NOON + DIRECTORY.queue(SALES).quiet_for
    call, effects = step(call, DeadlinePassed(quiet, CALL))
    assert effects == (StartMusic(CALLER, "default"),)
    assert step(call, DeadlinePassed(quiet, CALL))[1] == ()


def test_who_is_served_at_once_never_pays_for_music() -> None:
    call, _ = step(waiting(), FACTS["offered"])
    _, effects = step(call, AgentAnswered(NOON, CALL, BO, 2))
    assert effects == (BridgeLegs((CALLER, offer_leg(CALL, 2)), busy=False),)


def test_music_that_plays_is_stopped_for_the_agent() -> None:
    call, _ = step(call_in(PLACE), FACTS["offered"])
    _, effects = step(call, AgentAnswered(NOON, CALL, BO, 2))
    assert effects == (
        StopMusic(CALLER),
        BridgeLegs((CALLER, offer_leg(CALL, 2)), busy=False),
    )


def test_music_starts_while_the_agent_is_rung_too() -> None:
    call, _ = step(waiting(), FACTS["offered"])
    call, effects = step(call, DeadlinePassed(NOON + SECOND, CALL))
    assert effects == (StartMusic(CALLER, "default"),)
    assert isinstance(call.phase, Offered)


def test_an_announcement_takes_the_line_and_the_music_comes_back_after_it() -> None:
    call, effects = step(call_in(PLACE), FACTS["position"])
    (say,) = effects
    assert isinstance(say, Say)
    assert say.prompts[0].name == queue_position(3)
    call, effects = step(call, PromptEnded(NOON, CALL, 2))
    assert effects == (StartMusic(CALLER, "default"),)


def test_an_announcement_whose_end_is_lost_does_not_keep_the_music_away() -> None:
    call, _ = step(call_in(PLACE), FACTS["position"])
    until = deadline(call)
    assert until is not None
    assert step(call, DeadlinePassed(until - SECOND, CALL))[1] == ()
    assert step(call, DeadlinePassed(until, CALL))[1] == (StartMusic(CALLER, "default"),)


def test_an_announcement_is_not_talked_over_by_the_next() -> None:
    call, _ = step(call_in(PLACE), FACTS["position"])
    assert step(call, FACTS["position"]) == (call, ())


def test_an_announcement_is_cut_short_when_the_agent_answers() -> None:
    call, _ = step(call_in(PLACE), FACTS["position"])
    call, _ = step(call, FACTS["offered"])
    call, effects = step(call, AgentAnswered(NOON, CALL, BO, 2))
    assert effects == (
        StopSaying(prompt_id(CALL, 2)),
        BridgeLegs((CALLER, offer_leg(CALL, 2)), busy=True),
    )
    assert step(call, PromptEnded(NOON, CALL, 2)) == (call, ())


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("en", (120, 300), "Your wait will probably be two to five minutes."),
        ("zh", (120, 300), "预计还需等待两到五分钟。"),
        ("en", (0, 60), "Your wait will probably be less than one minute."),
        ("zh-CN", (0, 60), "预计还需等待不到一分钟。"),
    ],
)
def test_the_wait_that_is_left_is_told_with_the_position(
    language: str, seconds: tuple[int, int], words: str
) -> None:
    waits = replace(call_in(PLACE), language=language)
    _, (say,) = step(waits, PositionReached(NOON, CALL, 3, True, *seconds))
    assert isinstance(say, Say)
    assert say.prompts[1:] == (Words(words, language),)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_not_known_or_has_no_words_is_not_told(language: str) -> None:
    waits = replace(call_in(PLACE), language=language)
    known = (None, None) if language == "en" else (120, 300)
    _, (say,) = step(waits, PositionReached(NOON, CALL, 3, True, *known))
    assert isinstance(say, Say)
    assert len(say.prompts) == 1


# -- offers -------------------------------------------------------------------------------------


def test_an_offer_rings_the_agents_device_for_the_queues_time() -> None:
    _, effects = step(call_in(PLACE), FACTS["offered"])
    (ring,) = effects
    assert isinstance(ring, RingAgent)
    assert (ring.leg, ring.device, ring.caller) == (offer_leg(CALL, 2), "sip:agent-bo", CALLER)
    assert ring.ring_for == timedelta(seconds=15)


@pytest.mark.parametrize(("cause", "why"), list(WHY.items()))
def test_how_the_agents_leg_ended_says_why_the_offer_did(cause: LegCause, why: OfferEnd) -> None:
    leg_ended = LegEnded(NOON, CALL, offer_leg(CALL, 1), cause)
    call, effects = step(call_in(PHASES["offered"]), leg_ended)
    assert call.phase == PLACE
    assert recorded(effects) == [OfferEnded(NOON, CALL, ANA, 1, why)]


def test_every_way_a_leg_can_end_is_known() -> None:
    assert set(WHY) == set(LegCause)


def test_a_phone_that_was_only_not_found_is_told_to_stop_ringing() -> None:
    gone = LegEnded(NOON, CALL, offer_leg(CALL, 1), LegCause.GONE)
    _, effects = step(call_in(PHASES["offered"]), gone)
    assert effects[0] == HangUpLeg(offer_leg(CALL, 1))


def test_ringing_stops_when_its_time_is_over() -> None:
    over = DeadlinePassed(NOON + timedelta(seconds=15), CALL)
    call, effects = step(call_in(PHASES["offered"]), over)
    assert call.phase == PLACE
    assert effects[0] == HangUpLeg(offer_leg(CALL, 1))
    assert recorded(effects)[0].why is OfferEnd.NO_ANSWER


def test_an_offer_the_floor_takes_back_stops_the_ringing() -> None:
    call, effects = step(call_in(PHASES["offered"]), FACTS["offer ended"])
    assert call.phase == PLACE
    assert effects == (HangUpLeg(offer_leg(CALL, 1)),)


def test_a_caller_who_goes_while_it_rings_frees_the_agent_without_fault() -> None:
    _, effects = step(call_in(PHASES["offered"]), FACTS["caller gone"])
    assert effects[0] == HangUpLeg(offer_leg(CALL, 1))
    assert [type(fact) for fact in recorded(effects)] == [OfferEnded, CallEnded]
    assert recorded(effects)[0].why is OfferEnd.CALLER_GONE


def test_an_agent_who_hangs_up_while_it_rings_declines_and_the_caller_stays() -> None:
    asked = HangUpAsked(NOON, CALL, EndedBy.AGENT)
    call, effects = step(call_in(PHASES["offered"]), asked)
    assert call.phase == PLACE
    assert effects[0] == HangUpLeg(offer_leg(CALL, 1))
    assert recorded(effects) == [OfferEnded(NOON, CALL, ANA, 1, OfferEnd.REJECTED)]


def test_of_several_who_are_rung_one_takes_the_call_and_the_others_are_told() -> None:
    call, effects = step(call_in(PHASES["offered"]), FACTS["offered"])
    assert [type(effect) for effect in effects] == [RingAgent]
    call, effects = step(call, AgentAnswered(NOON, CALL, BO, 2))
    assert call.phase == Connected(BO, 2, NOON)
    assert HangUpLeg(offer_leg(CALL, 1), elsewhere=True) in effects
    assert recorded(effects) == [OfferEnded(NOON, CALL, ANA, 1, OfferEnd.ELSEWHERE)]
    assert step(call, AgentAnswered(NOON, CALL, ANA, 1)) == (call, (HangUpLeg(offer_leg(CALL, 1)),))


def test_of_several_who_are_rung_one_declines_and_the_others_ring_on() -> None:
    both, _ = step(call_in(PHASES["offered"]), FACTS["offered"])
    call, effects = step(both, LegEnded(NOON, CALL, offer_leg(CALL, 1), LegCause.REJECTED))
    assert recorded(effects) == [OfferEnded(NOON, CALL, ANA, 1, OfferEnd.REJECTED)]
    assert step(call, recorded(effects)[0]) == (call, ())
    call, effects = step(both, HangUpAsked(NOON, CALL, EndedBy.AGENT, BO))
    assert effects[0] == HangUpLeg(offer_leg(CALL, 2))
    assert call.phase == Offered(PLACE, (RINGS,))


def test_all_who_are_rung_ring_out_and_all_stop_when_the_caller_goes() -> None:
    both, _ = step(call_in(PHASES["offered"]), FACTS["offered"])
    out, effects = step(both, DeadlinePassed(NOON + timedelta(seconds=15), CALL))
    assert out.phase == PLACE
    assert [fact.why for fact in recorded(effects)] == [OfferEnd.NO_ANSWER] * 2
    _, effects = step(both, FACTS["caller gone"])
    assert {HangUpLeg(offer_leg(CALL, 1)), HangUpLeg(offer_leg(CALL, 2))} < set(effects)
    assert [type(fact) for fact in recorded(effects)] == [OfferEnded, OfferEnded, CallEnded]


# -- talking ------------------------------------------------------------------------------------


def test_an_agent_who_hangs_up_ends_the_call_and_the_callers_leg() -> None:
    call, effects = step(call_in(PHASES["connected"]), FACTS["agent gone"])
    assert effects[0] == HangUpLeg(CALLER)
    assert recorded(effects) == [CallEnded(NOON, CALL, Outcome.ANSWERED, EndedBy.AGENT, ANA)]
    assert call.phase == Ended(Outcome.ANSWERED)


def test_a_supervisor_who_ends_a_call_ends_both_legs() -> None:
    _, effects = step(call_in(PHASES["connected"]), FACTS["hang up"])
    assert effects[:2] == (HangUpLeg(CALLER), HangUpLeg(offer_leg(CALL, 1)))
    assert recorded(effects)[0].by is EndedBy.SUPERVISOR


def test_a_caller_the_switch_lost_is_not_said_to_have_hung_up() -> None:
    gone = LegEnded(NOON, CALL, CALLER, LegCause.GONE)
    _, effects = step(call_in(PHASES["connected"]), gone)
    assert recorded(effects)[0].by is EndedBy.SWITCH


# -- coming back --------------------------------------------------------------------------------


def test_after_an_absence_the_menu_is_said_once_more_under_a_new_name() -> None:
    call, effects = step(call_in(PHASES["in-flow"]), FACTS["resumed"])
    (say,) = effects
    assert isinstance(say, Say)
    assert say.id == prompt_id(CALL, 2)
    assert isinstance(call.phase, InFlow)
    assert call.phase.saying == 2


@pytest.mark.parametrize("phase", ["queued", "offered"])
def test_after_an_absence_who_waits_hears_music(phase: str) -> None:
    assert step(call_in(PHASES[phase]), FACTS["resumed"])[1] == (StartMusic(CALLER, "default"),)


def test_after_an_absence_who_talked_is_put_together_again() -> None:
    _, effects = step(call_in(PHASES["connected"]), FACTS["resumed"])
    assert effects == (BridgeLegs((CALLER, offer_leg(CALL, 1)), busy=False),)


def test_a_caller_found_in_a_queue_by_the_journal_is_in_that_queue() -> None:
    call, _ = step(call_in(PHASES["leaving"]), QueueJoined(NOON, CALL, SUPPORT))
    assert isinstance(call.phase, Queued)
    assert call.phase.queue == SUPPORT


def test_a_flow_in_a_ring_fails_loudly_for_the_engine_to_give_back() -> None:
    call = arrive("4")[0]
    with pytest.raises(Exception, match="ring"):
        step(call, PromptEnded(NOON, CALL, 1))
