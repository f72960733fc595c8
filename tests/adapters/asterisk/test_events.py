"""What the switch says, as facts: who came, who rang, who answered, why a leg is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.adapters.asterisk.ari.generated.messages import AnyEvent
from callcenter.adapters.asterisk.events import fact_of
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentRinging,
    CallArrived,
    DigitPressed,
    LegCause,
    LegEnded,
    PromptEnded,
)
from callcenter.core.facts.wire import Fact

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALLER = "cc1-1700000000.1"
OFFER = f"ag-{CALLER}-2"


def leg(leg_id: str = CALLER, **more: Any) -> dict[str, Any]:
    return {
        "id": leg_id,
        "state": "Up",
        "creationtime": "2026-03-02T11:59:59.900+0000",
        "caller": {"number": "03012345", "name": "Jo"},
        "channelvars": {"CC_AGENT": "ana", "CC_DID": "4000"},
        **more,
    }


def heard(kind: str, **fields: Any) -> Fact | None:
    return fact_of(cast(AnyEvent, {"type": kind, **fields}), NOON, "DE")


def started(*args: str, channel: dict[str, Any] | None = None) -> Fact | None:
    return heard("StasisStart", args=list(args), channel=channel or leg())


def test_a_caller_arrives_with_numbers_made_comparable() -> None:
    assert started("inbound", "030 4000000") == CallArrived(
        NOON, cast(Any, CALLER), cast(Any, CALLER), "+493012345", "+49304000000", "Jo"
    )


def test_who_was_diverted_to_us_brings_the_number_first_dialled() -> None:
    fact = started("inbound", "4000", channel=leg(channelvars={"CC_RDNIS": "030 5000000"}))
    assert isinstance(fact, CallArrived)
    assert (fact.dnis, fact.first_dialled) == ("4000", "+49305000000")


@pytest.mark.parametrize("presentation", ["prohib", "prohib_passed_screen", "prohib_not_screened"])
def test_whoever_asked_not_to_be_named_is_not_named(presentation: str) -> None:
    fact = started("inbound", "4000", channel=leg(channelvars={"CC_PRES": presentation}))
    assert isinstance(fact, CallArrived)
    assert (fact.ani, fact.name) == ("anonymous", "")


@pytest.mark.parametrize("how", ["adopt-pull", "adopt-push"])
def test_a_caller_comes_back_from_the_fallback_with_the_number_first_dialled(how: str) -> None:
    came = NOON - timedelta(minutes=3)
    variables = {"CC_DID": "4000", "CC_SINCE": str(int(came.timestamp()))}
    fact = started(how, channel=leg(channelvars=variables))
    assert isinstance(fact, CallArrived)
    assert (fact.dnis, fact.at, fact.since) == ("4000", NOON, came)


def test_who_came_in_the_same_second_keep_their_order() -> None:
    came = NOON - timedelta(minutes=3)
    variables = {"CC_DID": "4000", "CC_SINCE": str(int(came.timestamp()))}
    facts = [
        started("adopt-push", channel=leg(channelvars=variables, creationtime=made))
        for made in ("2026-03-02T11:56:59.990+0000", "2026-03-02T13:57:00.750+0200")
    ]
    assert [getattr(fact, "since") for fact in facts] == [  # noqa: B009
        came - timedelta(milliseconds=10),
        came + timedelta(milliseconds=750),
    ]


def test_an_adopted_caller_without_a_number_is_still_a_caller() -> None:
    assert isinstance(started("adopt-pull", channel=leg(channelvars={})), CallArrived)


@pytest.mark.parametrize(
    ("number", "name", "ani", "shown"),
    [
        ("", "", "anonymous", ""),
        ("anonymous", "Anonymous", "anonymous", "Anonymous"),
        ("1" * 3000, "x" * 3000, "1" * 40, "x" * 80),
        ("5000,adopt&SIP/x", "<img src=x>\u202e\x00\n", "5000adoptSIPx", "<img src=x>"),
        ("\ufffd\ud800", "\ufffd\ud800", "anonymous", ""),
    ],
)
def test_hostile_names_and_numbers_arrive_harmless(
    number: str, name: str, ani: str, shown: str
) -> None:
    fact = started("inbound", "1", channel=leg(caller={"number": number, "name": name}))
    assert isinstance(fact, CallArrived)
    assert (fact.ani, fact.name) == (ani, shown)


def test_an_agents_leg_in_our_hands_means_that_they_answered() -> None:
    assert started("agent", "ana", channel=leg(OFFER)) == AgentAnswered(
        NOON, cast(Any, CALLER), cast(Any, "ana"), 2
    )


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("inbound",),
        ("inbound", "5000", "adopt-push"),  # a comma in the dialled number
        ("agent", "ana"),  # a caller's leg that says it is an agent's
        ("agent",),
        ("whatever", "x"),
    ],
)
def test_a_start_we_do_not_know_is_no_fact(args: tuple[str, ...]) -> None:
    assert started(*args) is None


def test_an_agents_phone_rings() -> None:
    event = {"channel": leg(OFFER, state="Ringing")}
    assert heard("ChannelStateChange", **event) == AgentRinging(
        NOON, cast(Any, CALLER), cast(Any, "ana"), 2
    )


@pytest.mark.parametrize(
    ("leg_id", "state"), [(OFFER, "Up"), (CALLER, "Ringing"), ("ag-foreign", "Ringing")]
)
def test_other_changes_of_state_are_no_facts(leg_id: str, state: str) -> None:
    assert heard("ChannelStateChange", channel=leg(leg_id, state=state)) is None


def test_a_callers_key_is_a_fact_and_an_agents_is_not() -> None:
    assert heard("ChannelDtmfReceived", channel=leg(), digit="5") == DigitPressed(
        NOON, cast(Any, CALLER), cast(Any, CALLER), "5"
    )
    assert heard("ChannelDtmfReceived", channel=leg(OFFER), digit="5") is None


@pytest.mark.parametrize(("state", "played"), [("done", True), ("failed", False)])
def test_the_end_of_a_prompt_says_whether_it_was_heard(state: str, played: bool) -> None:
    playback = {"id": f"pb-{CALLER}-3", "state": state}
    assert heard("PlaybackFinished", playback=playback) == PromptEnded(
        NOON, cast(Any, CALLER), 3, played
    )


@pytest.mark.parametrize("playback", ["3f0c9c2e-uuid", "pb-", "pb-x-y", ""])
def test_a_playback_that_is_not_ours_is_no_fact(playback: str) -> None:
    assert heard("PlaybackFinished", playback={"id": playback, "state": "done"}) is None


@pytest.mark.parametrize("leg_id", [CALLER, OFFER])
def test_a_leg_that_leaves_us_is_gone_for_its_call(leg_id: str) -> None:
    assert heard("StasisEnd", channel=leg(leg_id)) == LegEnded(
        NOON, cast(Any, CALLER), cast(Any, leg_id), LegCause.NORMAL
    )


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (16, LegCause.NORMAL),
        (17, LegCause.BUSY),
        (18, LegCause.NO_ANSWER),
        (19, LegCause.NO_ANSWER),
        (20, LegCause.UNREACHABLE),
        (21, LegCause.REJECTED),
        (26, LegCause.NORMAL),
        (0, LegCause.UNREACHABLE),
        (999, LegCause.UNREACHABLE),
    ],
)
def test_why_a_leg_is_gone_is_read_from_its_cause(cause: int, expected: LegCause) -> None:
    fact = heard("ChannelDestroyed", channel=leg(OFFER), cause=cause)
    assert isinstance(fact, LegEnded)
    assert (fact.call, fact.leg, fact.cause) == (CALLER, OFFER, expected)


@pytest.mark.parametrize("kind", ["ChannelVarset", "BridgeCreated", "FromTheFuture"])
def test_events_that_concern_no_call_are_no_facts(kind: str) -> None:
    assert heard(kind) is None


@given(st.text(max_size=200))
def test_no_leg_id_makes_the_translation_stumble(leg_id: str) -> None:
    for kind in ("ChannelStateChange", "StasisEnd", "ChannelDestroyed", "ChannelDtmfReceived"):
        heard(kind, channel=leg(f"ag-{leg_id}", state="Ringing"), cause=16, digit="1")
    heard("PlaybackFinished", playback={"id": f"pb-{leg_id}", "state": "done"})
