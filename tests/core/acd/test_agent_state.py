"""The table of an engagement: what is in it happens, what is not is refused."""

from datetime import UTC, datetime
from itertools import product

import pytest

from callcenter.core.acd.agent_state import TRANSITIONS, Activity, Engagement, Move, move
from callcenter.core.acd.device import Device, parse_device
from callcenter.core.errors import IllegalTransition, Invalid
from callcenter.core.ids import CallId, QueueId

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ILLEGAL = [pair for pair in product(Activity, Move) if pair not in TRANSITIONS]


def engagement(activity: Activity) -> Engagement:
    return Engagement(CallId("c"), QueueId("q"), 1, activity, NOON, None)


@pytest.mark.parametrize(("activity", "step"), ILLEGAL)
def test_moves_outside_the_table_are_refused(activity: Activity, step: Move) -> None:
    with pytest.raises(IllegalTransition):
        move(engagement(activity), step, NOON)


@pytest.mark.parametrize(("before", "step", "after"), [(*k, v) for k, v in TRANSITIONS.items()])
def test_moves_in_the_table_happen(before: Activity, step: Move, after: Activity) -> None:
    assert move(engagement(before), step, NOON).activity is after


def test_every_activity_can_be_left_and_reached() -> None:
    assert {before for before, _ in TRANSITIONS} == set(Activity) == set(TRANSITIONS.values())


@pytest.mark.parametrize("text", ["sip:agent-ana", "sip:agent-李", "tel:+4930123456", "tel:110"])
def test_a_device_is_its_text(text: str) -> None:
    assert str(parse_device(text)) == text


def test_a_device_knows_its_kind() -> None:
    assert parse_device("tel:+49301") == Device("tel", "+49301")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "tel:",
        "ana",
        "iax:ana",
        "sip:trunk/sip:0900123@evil",
        "sip:a&PJSIP/b",
        "sip:a,b",
        "sip:a@b",
        "sip:a b",
        "sip:a\n",
        "tel:+49;ext=1",
        "tel:0900&0901",
        "sip:" + "a" * 3000,
    ],
)
def test_a_device_that_would_dial_something_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_device(text)
