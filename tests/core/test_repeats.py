"""How often one number may call."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.callers import Repeats

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_no_more_than_so_many_are_taken_in_any_such_time_however_often_somebody_tries() -> None:
    repeats = Repeats(2, MINUTE * 10)
    tried = [repeats.is_too_often("+491", NOON + MINUTE * n) for n in (0, 1, 2, 9, 10, 11, 12)]
    assert tried == [False, False, True, True, False, False, True]


def test_without_a_limit_and_without_a_number_anybody_may() -> None:
    assert not any(Repeats(0, MINUTE).is_too_often("+491", NOON) for _ in range(9))
    repeats = Repeats(1, MINUTE)
    assert not any(repeats.is_too_often("anonymous", NOON) for _ in range(9))


def test_what_is_remembered_is_bounded_and_who_called_last_is_remembered() -> None:
    repeats = Repeats(1, MINUTE, numbers=2)
    for number in ("+491", "+492", "+493"):
        repeats.is_too_often(number, NOON)
    assert len(repeats) == 2
    assert repeats.is_too_often("+493", NOON)
    assert not repeats.is_too_often("+491", NOON)
