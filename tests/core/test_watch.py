"""Watches: told in time, never twice for a figure that trembles."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.watch import KINDS, Bounds, Watch

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATE = Bounds(5.0, 3.0, timedelta(seconds=10))
ROOM = Bounds(100.0, 120.0, timedelta(seconds=10))

bounds = st.builds(
    lambda bad, better, stands: Bounds(bad, better, timedelta(seconds=stands)),
    st.integers(0, 10),
    st.integers(11, 20),
    st.integers(0, 30),
) | st.builds(
    lambda bad, better, stands: Bounds(bad, better, timedelta(seconds=stands)),
    st.integers(11, 20),
    st.integers(0, 10),
    st.integers(0, 30),
)
looks = st.lists(st.tuples(st.integers(0, 15), st.none() | st.integers(-1, 21)), max_size=40)


def looked(kept: Bounds, *seen: tuple[float, float | None]) -> list[Watch]:
    """The watch after each look; of a look: the seconds since the one before, and what was seen."""
    watch, at, found = Watch(kept), NOON, []
    for after, value in seen:
        at += timedelta(seconds=after)
        watch = watch.look(value, at)
        found.append(watch)
    return found


def raised(kept: Bounds, *seen: tuple[float, float | None]) -> list[bool]:
    return [watch.is_raised for watch in looked(kept, *seen)]


def test_a_watch_is_raised_when_its_figure_has_stood_for_long_enough() -> None:
    assert raised(LATE, (0, 5), (9, 6), (1, 7)) == [False, False, True]
    assert looked(LATE, (0, 5), (10, 6))[-1].raised_at == NOON + timedelta(seconds=10)


def test_it_is_cleared_as_slowly() -> None:
    assert raised(LATE, (0, 9), (10, 9), (1, 3), (9, 1), (1, 0)) == [False, True, True, True, False]


def test_between_the_bounds_patience_begins_anew() -> None:
    assert raised(LATE, (0, 9), (9, 4), (1, 9), (9, 9), (1, 9)) == [False] * 4 + [True]


def test_a_look_that_saw_nothing_changes_nothing() -> None:
    assert raised(LATE, (0, 9), (10, 9), (60, None), (60, None)) == [False, True, True, True]
    assert looked(LATE, (0, 9), (10, None))[-1].value is None


def test_where_less_is_worse_less_raises() -> None:
    assert raised(ROOM, (0, 99), (10, 100), (1, 110), (1, 120), (10, 130)) == [
        *(False, True),
        *(True, True, False),
    ]


def test_bounds_leave_room_between_them() -> None:
    with pytest.raises(ValueError, match="room"):
        Bounds(1.0, 1.0)


@given(bounds, looks)
def test_it_changes_at_once_never_again_and_only_for_a_reason_that_stood(
    kept: Bounds, seen: list[tuple[int, int | None]]
) -> None:
    found = looked(kept, *seen)
    at = NOON
    times = [at := at + timedelta(seconds=after) for after, _ in seen]
    asked = [None if value is None else kept.asks_for(value) for _, value in seen]
    states = [False, *(watch.is_raised for watch in found)]
    for index, (before, after) in enumerate(pairwise(states)):
        # The reference: the longest run of looks up to this one that all ask for the other state.
        wish = not before
        run = index
        while run >= 0 and asked[run] == wish and states[run] == before:
            run -= 1
        stood = run < index and times[index] - times[run + 1] >= kept.stands
        assert after == (wish if stood else before)


@given(bounds, looks)
def test_the_moment_it_was_raised_stays_until_it_is_cleared(
    kept: Bounds, seen: list[tuple[int, int | None]]
) -> None:
    for before, after in pairwise(looked(kept, *seen)):
        assert not (before.is_raised and after.is_raised) or before.raised_at == after.raised_at


@given(bounds, st.integers(-1, 21))
def test_no_value_asks_for_both(kept: Bounds, value: int) -> None:
    assert kept.asks_for(kept.raised_at) is True
    assert kept.asks_for(kept.cleared_at) is False
    assert kept.asks_for(value) in (True, False, None)


@pytest.mark.parametrize("code", sorted(KINDS))
def test_each_kind_says_in_both_languages_what_it_is_and_how_it_is_mended(code: str) -> None:
    kind = KINDS[code]
    assert kind.code == code
    assert all(kind.title[language] and kind.mend[language] for language in ("en", "zh"))
    assert kind.title["zh"].isascii() is kind.mend["zh"].isascii() is False
    assert kind.title["en"].isascii() is kind.mend["en"].isascii() is True


def test_no_two_kinds_share_a_metric() -> None:
    assert len({(kind.figure, kind.unit) for kind in KINDS.values()}) == len(KINDS)
