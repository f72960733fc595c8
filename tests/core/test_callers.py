"""What is done with a caller for who they are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.callers import Found, ListedNumber, ListKind, judge
from callcenter.core.facts.calls import Known

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACME = Known(customer="acme", head_start=30.0)
GREY = ListedNumber("+491", ListKind.GREY, per_hour=3)


def test_whoever_is_on_no_list_is_carried_as_they_are_known() -> None:
    assert judge(Found(ACME), NOON) == (ACME, "")


def test_a_blocked_number_is_turned_away_until_its_time_is_over() -> None:
    blocked = ListedNumber("+491", ListKind.BLOCK, until=NOON + timedelta(seconds=1))
    assert judge(Found(listed=blocked), NOON)[1] == "blocked"
    assert judge(Found(listed=blocked), NOON + timedelta(seconds=1))[1] == ""
    assert judge(Found(listed=replace(blocked, until=None)), NOON)[1] == "blocked"


@pytest.mark.parametrize(("recent", "why"), [(0, ""), (2, ""), (3, "too-often"), (9, "too-often")])
def test_a_grey_number_is_taken_so_often_an_hour(recent: int, why: str) -> None:
    assert judge(Found(listed=GREY, recent=recent), NOON)[1] == why


def test_a_favoured_number_has_its_head_start_on_top_of_the_customers() -> None:
    vip = ListedNumber("+491", ListKind.VIP, head_start=60.0)
    known, why = judge(Found(ACME, vip), NOON)
    assert (known.head_start, known.customer, why) == (90.0, "acme", "")
