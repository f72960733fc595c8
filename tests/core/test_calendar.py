"""Business hours: frames, holidays, exceptions, and clocks that change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.calendar import Calendar, parse_calendar
from callcenter.core.reading import Unreadable

pytestmark = pytest.mark.core

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


def office(**more: object) -> Calendar:
    return parse_calendar(
        {
            "zone": "Asia/Shanghai",
            "weekly": {"mon-fri": ["09:00-12:00", "13:30-18:00"], "sat": ["10:00-16:00"]},
            **more,
        }
    )


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def new_york(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK, fold=fold)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-23T08:59:59", False),
        ("2026-11-23T09:00:00", True),
        ("2026-11-23T12:00:00", False),
        ("2026-11-23T13:30:00", True),
        ("2026-11-23T17:59:59", True),
        ("2026-11-23T18:00:00", False),
        ("2026-11-28T10:00:00", True),
        ("2026-11-29T10:00:00", False),
    ],
)
def test_every_frame_of_the_day_opens_and_closes(at: str, is_open: bool) -> None:
    assert office().is_open(shanghai(at)) is is_open


def test_the_moment_may_be_given_in_any_zone() -> None:
    assert office().is_open(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert not office().is_open(datetime(2026, 11, 23, 0, 59, tzinfo=UTC))


def test_holidays_close_the_whole_day_and_exceptions_win_over_them() -> None:
    calendar = office(
        holidays=["2026-10-01..2026-10-07"], exceptions={"2026-10-03": ["10:00-11:00"]}
    )
    assert not calendar.is_open(shanghai("2026-10-01T10:00"))
    assert calendar.is_open(shanghai("2026-10-03T10:30"))
    assert not calendar.is_open(shanghai("2026-10-03T11:30"))
    assert calendar.is_open(shanghai("2026-10-08T10:00"))


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    nights = parse_calendar(
        {"zone": "Asia/Shanghai", "weekly": {"fri": ["22:00-06:00"]}, "holidays": ["2026-11-28"]}
    )
    assert nights.is_open(shanghai("2026-11-27T22:00"))
    assert nights.is_open(shanghai("2026-11-28T05:59"))
    assert not nights.is_open(shanghai("2026-11-28T06:00"))
    assert not nights.is_open(shanghai("2026-11-28T22:00"))


def test_midnight_closes_nothing_when_the_centre_never_closes() -> None:
    always = parse_calendar({"zone": "Asia/Shanghai", "weekly": {"daily": ["00:00-24:00"]}})
    assert always.is_open(shanghai("2026-11-23T23:59:59.999999"))
    assert always.is_open(shanghai("2026-11-24T00:00:00"))


def test_a_range_of_days_may_go_round_the_end_of_the_week() -> None:
    calendar = parse_calendar({"zone": "Asia/Dubai", "weekly": {"sun-thu": ["09:00-17:00"]}})
    assert sorted(calendar.weekly) == [0, 1, 2, 3, 6]


def test_the_next_opening_skips_the_night_the_weekend_and_holidays() -> None:
    calendar = office(holidays=["2026-11-30"])
    during = shanghai("2026-11-27T10:00")
    assert calendar.next_open(during) == during
    assert calendar.next_open(shanghai("2026-11-27T12:30")) == shanghai("2026-11-27T13:30")
    assert calendar.next_open(shanghai("2026-11-27T19:00")) == shanghai("2026-11-28T10:00")
    assert calendar.next_open(shanghai("2026-11-28T17:00")) == shanghai("2026-12-01T09:00")


def test_a_calendar_without_frames_never_opens() -> None:
    never = parse_calendar({"zone": "Asia/Shanghai", "weekly": {}})
    assert never.next_open(shanghai("2026-11-27T12:30")) is None


def test_a_time_that_does_not_exist_means_the_moment_the_clocks_jump() -> None:
    # 2026-03-08, New York: 02:00 becomes 03:00.
    calendar = parse_calendar(
        {"zone": "America/New_York", "weekly": {"sun": ["02:30-04:00"], "sat": ["01:00-02:00"]}}
    )
    jump = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
    assert calendar.next_open(new_york("2026-03-08T00:30")) == jump
    assert not calendar.is_open(jump - timedelta(seconds=1))
    assert calendar.is_open(new_york("2026-03-08T03:59"))
    assert not calendar.is_open(new_york("2026-03-08T04:00"))


def test_a_frame_within_the_hour_that_is_left_out_does_not_open() -> None:
    calendar = parse_calendar({"zone": "America/New_York", "weekly": {"sun": ["02:15-02:45"]}})
    assert calendar.next_open(new_york("2026-03-07T12:00")) == new_york("2026-03-15T02:15")


def test_an_hour_that_comes_twice_is_open_through_both() -> None:
    # 2026-11-01, New York: 02:00 becomes 01:00.
    calendar = parse_calendar({"zone": "America/New_York", "weekly": {"sun": ["00:00-01:30"]}})
    assert calendar.is_open(new_york("2026-11-01T01:29", fold=0))
    assert calendar.is_open(new_york("2026-11-01T01:45", fold=0))
    assert calendar.is_open(new_york("2026-11-01T01:29", fold=1))
    assert not calendar.is_open(new_york("2026-11-01T01:30", fold=1))


@settings(deadline=None)
@given(
    hours=st.floats(0, 24 * 365 * 6),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]),
)
def test_the_next_opening_is_open_and_never_past(hours: float, zone: str) -> None:
    calendar = parse_calendar(
        {"zone": zone, "weekly": {"sun": ["02:15-02:45", "22:00-03:00"], "wed": ["09:00-12:00"]}}
    )
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    opening = calendar.next_open(moment)
    assert opening is not None
    assert opening >= moment
    assert calendar.is_open(opening)
    assert opening == moment or not calendar.is_open(opening - timedelta(seconds=1))


def test_every_mistake_is_told_at_once_with_its_place_and_its_cure() -> None:
    with pytest.raises(Unreadable) as refused:
        parse_calendar(
            {
                "zone": "Asia/Shanghai",
                "weekly": {
                    "mon-fri": ["09:00-25:00", "9-17"],
                    "fri": ["09:60-10:00"],
                    "funday": [],
                    "sat": "10:00-12:00",
                },
                "holidays": ["1 May", "2026-05-03..2026-05-01", "2020-01-01..2026-01-01"],
                "exceptions": {"tomorrow": []},
                "holiday": [],
            }
        )
    assert [(p.code, p.path) for p in refused.value.problems] == [
        ("unknown-key", ("holiday",)),
        ("bad-frame", ("weekly", "mon-fri", 0)),
        ("bad-frame", ("weekly", "mon-fri", 1)),
        ("bad-frame", ("weekly", "fri", 0)),
        ("day-given-twice", ("weekly", "fri")),
        ("unknown-day", ("weekly", "funday")),
        ("not-a-list", ("weekly", "sat")),
        ("bad-date", ("holidays", 0)),
        ("bad-date", ("holidays", 1)),
        ("bad-date", ("holidays", 2)),
        ("bad-date", ("exceptions", "tomorrow")),
    ]
    assert all(p.text["en"] and p.text["zh"] for p in refused.value.problems)
    assert "holidays" in refused.value.problems[0].text["en"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Asia", "", 8, "a\0b"])
def test_a_zone_that_is_none_is_refused(zone: object) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_calendar({"zone": zone, "weekly": {}})
    assert [p.code for p in refused.value.problems] == ["unknown-zone"]


KEYS = st.sampled_from(["zone", "weekly", "holidays", "exceptions", "mon", "daily", "2026-01-01"])
LEAVES = st.sampled_from([None, 7, "", "09:00-17:00", "x", True, 1.5])


@settings(max_examples=30, deadline=None)
@given(st.recursive(LEAVES, lambda s: st.lists(s) | st.dictionaries(KEYS, s), max_leaves=8))
def test_no_data_whatever_does_more_than_be_refused(data: object) -> None:
    with pytest.raises(Unreadable):
        parse_calendar(data)


@pytest.mark.parametrize(
    ("weekly", "at", "closes"),
    [
        ({"mon": ["09:00-12:30", "13:30-18:00"]}, "2026-03-02T10:00", "2026-03-02T12:30"),
        ({"mon": ["09:00-12:30"]}, "2026-03-02T08:00", "2026-03-02T12:30"),
        ({"daily": ["22:00-06:00"]}, "2026-03-03T01:00", "2026-03-03T06:00"),
        ({"mon": ["09:00-24:00"], "tue": ["00:00-03:00"]}, "2026-03-02T10:00", "2026-03-03T03:00"),
        ({"daily": ["00:00-24:00"]}, "2026-03-02T10:00", None),
        ({}, "2026-03-02T10:00", None),
    ],
)
def test_the_next_closing_is_the_end_of_the_whole_stretch(
    weekly: dict[str, list[str]], at: str, closes: str | None
) -> None:
    hours = parse_calendar({"zone": "UTC", "weekly": weekly})
    found = hours.next_close(datetime.fromisoformat(f"{at}+00:00"))
    assert found == (closes and datetime.fromisoformat(f"{closes}+00:00"))
