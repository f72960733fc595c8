"""Whom we may call, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.calendar import parse_hours
from callcenter.core.calling import Bar, Verdict, as_called, may_call, may_call_until, zones_of
from callcenter.core.errors import Invalid

pytestmark = pytest.mark.core

HOURS = parse_hours(["mon-fri 08:00-21:00", "sat 10:00-12:00", "sat 14:00-18:00"])
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN, SHANGHAI, NEW_YORK, ANYWHERE = (
    "+4930901820",
    "+8613800138000",
    "+12125551234",
    "+18005551234",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def verdict(number: str, now: str, *, is_forbidden: bool = False) -> Verdict:
    return may_call(number, at(now), HOURS, is_forbidden=is_forbidden)


@pytest.mark.parametrize(
    ("number", "now", "opens"),
    [
        (BERLIN, "2026-03-02T07:00", None),  # 08:00 in Berlin
        (BERLIN, "2026-03-02T06:59", "2026-03-02T07:00"),
        (SHANGHAI, "2026-03-02T12:59", None),  # 20:59 in Shanghai
        (SHANGHAI, "2026-03-02T13:00", "2026-03-03T00:00"),
        (NEW_YORK, "2026-03-02T12:00", "2026-03-02T13:00"),
        (BERLIN, "2026-03-07T11:30", "2026-03-07T13:00"),  # between two stretches of a Saturday
        (BERLIN, "2026-03-08T12:00", "2026-03-09T07:00"),  # Sunday
    ],
)
def test_hours_are_those_of_the_called_partys_own_clock(
    number: str, now: str, opens: str | None
) -> None:
    found = verdict(number, now)
    assert found.bar is (None if opens is None else Bar.HOURS)
    assert found.at == at(opens or now)


def test_a_number_that_may_be_in_many_zones_must_be_fit_in_all_of_them() -> None:
    assert len(zones_of(ANYWHERE)) > 20
    found = verdict(ANYWHERE, "2026-03-02T13:00")
    assert found.bar is Bar.HOURS
    assert found.at is None or verdict(ANYWHERE, found.at.isoformat()[:16]).bar is None


def test_whoever_does_not_want_to_be_called_is_not_at_any_hour() -> None:
    assert verdict(BERLIN, "2026-03-02T12:00", is_forbidden=True) == Verdict(Bar.DO_NOT_CALL, None)


@pytest.mark.parametrize("number", ["anonymous", "", "100", "+999123", "sip-name"])
def test_what_is_no_number_is_never_called(number: str) -> None:
    assert verdict(number, "2026-03-02T12:00") == Verdict(Bar.NOWHERE, None)


def test_without_any_hours_nobody_is_called() -> None:
    assert may_call(BERLIN, at("2026-03-02T12:00"), parse_hours([]), is_forbidden=False).at is None


@pytest.mark.parametrize("line", ["someday 08:00-21:00", "mon 8-21", "mon", ""])
def test_hours_that_are_none_are_refused(line: str) -> None:
    with pytest.raises(Invalid):
        parse_hours([line])


@given(
    st.integers(0, 365 * 86_400).map(lambda seconds: NEW_YEAR + timedelta(seconds=seconds)),
    st.sampled_from([BERLIN, SHANGHAI, NEW_YORK, ANYWHERE]),
)
def test_when_they_may_be_called_they_may(now: datetime, number: str) -> None:
    found = may_call(number, now, HOURS, is_forbidden=False)
    assert found.at is None or found.at >= now
    if found.at is not None:
        assert may_call(number, found.at, HOURS, is_forbidden=False).bar is None


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-03-02T07:00", "2026-03-02T20:00"),  # 21:00 in Berlin
        ("2026-03-07T10:00", "2026-03-07T11:00"),
    ],
)
def test_it_is_known_until_when_a_number_may_be_called(now: str, ends: str) -> None:
    assert may_call_until(BERLIN, at(now), HOURS) == at(ends)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("030 901820", BERLIN),
        (BERLIN, BERLIN),
        ("anonymous", None),
        ("4000", None),  # an extension
        ("+999123456", None),  # nowhere
        ("sip-phone", None),
    ],
)
def test_what_can_be_called_is_a_number_of_which_it_is_known_what_time_it_is_there(
    text: str, number: str | None
) -> None:
    assert as_called(text, "DE") == number
