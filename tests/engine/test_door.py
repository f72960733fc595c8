"""Commands: who may, what is refused and with which words, what the rest comes to."""

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Activity
from callcenter.core.calls.phases import Queued
from callcenter.core.errors import (
    AlreadySignedIn,
    CoreError,
    Invalid,
    NoSuchAgent,
    NoSuchCall,
    NothingToWrap,
    NotPermitted,
    NotSignedIn,
)
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import CallEnded, EndedBy, OfferEnd, Outcome
from callcenter.core.ids import AgentId, CallId
from callcenter.engine.api import (
    LONGEST_REASON,
    Command,
    FinishWrap,
    HangUp,
    SetPresence,
    SignIn,
    SignOut,
)
from callcenter.testing.centre import BOSS, MENU, STRAIGHT, Centre

pytestmark = pytest.mark.engine

ANA, BO, NOBODY = AgentId("ana"), AgentId("bo"), AgentId("nobody")
AS_ANA = Actor("ana", Role.AGENT, ANA)
AS_BO = Actor("bo", Role.AGENT, BO)
SUPERVISOR = Actor("sue", Role.SUPERVISOR)


def two() -> Centre:
    centre = Centre()
    centre.agent("ana")
    centre.agent("bo", ready=False)
    return centre


@pytest.mark.parametrize(
    "command",
    [
        SignIn(ANA, "sip:agent-ana"),
        SignOut(ANA),
        SetPresence(ANA, Presence.PAUSED, "x"),
        FinishWrap(ANA),
    ],
)
def test_an_agent_commands_nobody_else(command: Command) -> None:
    centre = two()
    before = centre.engine.number
    with pytest.raises(NotPermitted):
        centre.door.ask(AS_BO, command)
    assert centre.engine.number == before


@pytest.mark.parametrize("actor", [AS_ANA, SUPERVISOR, BOSS])
def test_the_agent_and_those_above_may(actor: Actor) -> None:
    centre = two()
    centre.door.ask(actor, SetPresence(ANA, Presence.PAUSED, "tea"))
    assert centre.row(ANA).pause_reason == "tea"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (SignIn(NOBODY, "sip:x"), NoSuchAgent),
        (SignOut(NOBODY), NoSuchAgent),
        (SetPresence(NOBODY, Presence.READY), NoSuchAgent),
        (FinishWrap(NOBODY), NoSuchAgent),
        (HangUp(CallId("gone")), NoSuchCall),
        (FinishWrap(ANA), NothingToWrap),
        (SignIn(ANA, "sip:a/b@c"), Invalid),
        (SignIn(ANA, ""), Invalid),
        (SignIn(ANA, "sip:agent-ana", take_over=False), AlreadySignedIn),
        (SetPresence(ANA, Presence.SIGNED_OUT), Invalid),
        (SetPresence(ANA, Presence.PAUSED, "x" * (LONGEST_REASON + 1)), Invalid),
        (SetPresence(ANA, Presence.PAUSED, "a\x00b"), Invalid),
        (SetPresence(ANA, Presence.PAUSED, "a\u202eb"), Invalid),
        (SetPresence(ANA, Presence.PAUSED, "a\nb"), Invalid),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    command: Command, error: type[CoreError]
) -> None:
    centre = two()
    before = centre.engine.number
    with pytest.raises(error):
        centre.door.ask(BOSS, command)
    assert centre.engine.number == before


@pytest.mark.parametrize("command", [SignOut(ANA), SetPresence(ANA, Presence.READY)])
def test_who_is_signed_out_must_sign_in_first(command: Command) -> None:
    centre = two()
    centre.signs_out(ANA)
    with pytest.raises(NotSignedIn):
        centre.door.ask(AS_ANA, command)


def test_a_second_sign_in_takes_over_by_default() -> None:
    centre = two()
    centre.door.ask(AS_ANA, SignIn(ANA, "tel:+49301"))
    assert centre.door.device_of(ANA) == "tel:+49301"
    assert centre.row(ANA).presence is Presence.READY


def test_a_second_sign_in_may_be_refused_and_the_first_stays() -> None:
    centre = two()
    with pytest.raises(AlreadySignedIn):
        centre.door.ask(AS_ANA, SignIn(ANA, "tel:+49301", take_over=False))
    assert centre.door.device_of(ANA) == "sip:agent-ana"


def test_who_signed_out_may_sign_in_without_taking_over() -> None:
    centre = two()
    centre.signs_out(ANA)
    centre.door.ask(AS_ANA, SignIn(ANA, "sip:agent-ana", take_over=False))
    assert centre.row(ANA).presence is Presence.PAUSED


def test_the_same_wish_twice_is_one_fact() -> None:
    centre = two()
    centre.pauses(ANA, "tea")
    before = centre.engine.number
    centre.pauses(ANA, " tea ")
    assert centre.engine.number == before


def test_ready_has_no_reason() -> None:
    centre = two()
    centre.pauses(ANA)
    centre.door.ask(AS_ANA, SetPresence(ANA, Presence.READY, "because"))
    assert centre.row(ANA).pause_reason == ""


def test_a_device_is_said_to_be_reachable_once() -> None:
    centre = two()
    before = centre.engine.number
    centre.door.set_reachable(ANA, True)
    centre.door.set_reachable(NOBODY, True)
    assert centre.engine.number == before
    centre.door.set_reachable(ANA, False)
    assert centre.engine.number == before + 1


def test_what_is_said_of_an_account_does_not_concern_a_number_outside() -> None:
    centre = two()
    centre.door.ask(AS_ANA, SignIn(ANA, "tel:+493012345", True))
    centre.door.set_reachable(ANA, False)
    assert centre.row(ANA).reachable


def test_an_agent_may_hang_up_their_own_call() -> None:
    centre = two()
    call = centre.call()
    centre.answers(ANA)
    centre.door.ask(AS_ANA, HangUp(call))
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert (ended.by, ended.agent) == (EndedBy.AGENT, ANA)
    assert centre.switch.legs == {}


def test_an_agent_who_hangs_up_on_ringing_declines_and_the_caller_waits_on() -> None:
    centre = two()
    call = centre.call()
    centre.door.ask(AS_ANA, HangUp(call))
    assert not centre.rings(ANA)
    assert isinstance(centre.phase(call), Queued)
    assert centre.row(ANA).misses == 1


@pytest.mark.parametrize("dnis", ["4000", MENU])
def test_an_agent_may_not_hang_up_a_call_that_is_not_theirs(dnis: str) -> None:
    centre = two()
    call = centre.call(dnis)
    with pytest.raises(NotPermitted):
        centre.door.ask(AS_BO, HangUp(call))
    assert call in centre.engine.calls


def test_an_agent_does_not_learn_which_calls_exist() -> None:
    with pytest.raises(NotPermitted):
        two().door.ask(AS_BO, HangUp(CallId("gone")))


def test_a_supervisor_may_end_any_call() -> None:
    centre = two()
    call = centre.call(MENU)
    centre.door.ask(SUPERVISOR, HangUp(call))
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert ended.by is EndedBy.SUPERVISOR


def test_offers_that_lead_to_nothing_are_counted_by_their_reason() -> None:
    centre = two()
    call = centre.call()
    centre.door.ask(SUPERVISOR, HangUp(call))
    assert centre.door.counters.offers_ended == {OfferEnd.CALLER_GONE: 1}


@pytest.mark.parametrize("dnis", [STRAIGHT, MENU])
@pytest.mark.parametrize("ringing", [False, True])
def test_a_caller_whom_a_supervisor_hangs_up_on_has_not_given_up(dnis: str, ringing: bool) -> None:
    centre = Centre()
    centre.agent("ana", ready=ringing)
    call = centre.call(dnis)
    centre.door.ask(SUPERVISOR, HangUp(call))
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert (ended.outcome, ended.by) == (Outcome.DISMISSED, EndedBy.SUPERVISOR)
    assert centre.door.counters.abandoned == 0


def test_a_talk_that_a_supervisor_ends_was_answered_all_the_same() -> None:
    centre = two()
    call = centre.call()
    centre.answers(ANA)
    centre.door.ask(SUPERVISOR, HangUp(call))
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert (ended.outcome, ended.agent) == (Outcome.ANSWERED, ANA)


def test_wrap_up_ends_by_the_agents_word() -> None:
    centre = two()
    call = centre.call()
    centre.answers(ANA)
    centre.hangs_up(call)
    centre.door.ask(AS_ANA, FinishWrap(ANA))
    assert centre.activity(ANA) is Activity.IDLE


def test_rows_are_given_by_name_or_refused() -> None:
    centre = two()
    call = centre.call()
    assert centre.door.call(call)["phase"] == "offered"
    assert centre.door.agent(ANA)["activity"] == "ringing"
    for ask in (centre.door.agent, centre.door.device_of):
        with pytest.raises(NoSuchAgent):
            ask(NOBODY)
    with pytest.raises(NoSuchCall):
        centre.door.call(CallId("gone"))
