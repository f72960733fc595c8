"""How many calls are taken in, set and found."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.admission import (
    BURST,
    LEAST_PER_SECOND,
    LET_THROUGH,
    MOST_AWAY,
    RELIEF,
    Admission,
    Limits,
    Refusal,
)

pytestmark = pytest.mark.core

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATE, IN_TIME = timedelta(seconds=1), timedelta(milliseconds=5)
LOOK = timedelta(seconds=0.5)


class Day:
    """Callers who come evenly, and a look twice a second at how late we are."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008
        self.admission = Admission(limits)
        self.now = BEGIN
        self.admission.observe(self.now, IN_TIME)

    def passes(self, looks: int, per_second: int, late: timedelta) -> int:
        """How many were taken in."""
        taken = 0
        each = LOOK / max(1, per_second // 2)
        for _ in range(looks):
            for number in range(per_second // 2):
                at = self.now + each * number
                taken += self.admission.judge(at, 0) is None
            self.now += LOOK
            self.admission.observe(self.now, late)
        return taken


def test_without_limits_everybody_is_taken_in() -> None:
    assert Day().passes(20, 1000, IN_TIME) == 10_000


def test_as_many_at_once_as_was_set() -> None:
    admission = Admission(Limits(calls=3))
    judged = [admission.judge(BEGIN, calls) for calls in range(5)]
    assert judged == [None, None, None, Refusal.CALLS, Refusal.CALLS]


def test_as_many_in_a_second_as_was_set_and_a_burst() -> None:
    day = Day(Limits(per_second=10))
    assert day.passes(1, 100, IN_TIME) in range(5, 11)
    assert day.admission.judge(day.now, 0) in (None, Refusal.RATE)
    assert 95 <= day.passes(20, 100, IN_TIME) <= 105


@given(
    st.floats(1, 200),
    st.lists(st.floats(0, 0.3), min_size=1, max_size=200),
)
def test_never_more_than_the_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    admission, now, taken = Admission(Limits(per_second=rate)), BEGIN, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        taken += admission.judge(now, 0) is None
    burst = max(LEAST_PER_SECOND, rate * BURST.total_seconds())
    assert taken <= burst + rate * sum(gaps) + 1


def test_one_late_look_is_an_accident() -> None:
    day = Day()
    day.passes(4, 40, IN_TIME)
    assert day.passes(1, 40, LATE) == 20
    assert day.passes(10, 40, IN_TIME) == 200


def test_under_strain_fewer_and_fewer_are_taken_in_but_never_nobody() -> None:
    day = Day()
    day.passes(4, 40, IN_TIME)
    day.passes(2, 40, LATE)
    rates = [day.admission.per_second]
    for _ in range(10):
        day.passes(1, 40, LATE)
        rates.append(day.admission.per_second)
    assert rates == sorted(rates, reverse=True)  # type: ignore[type-var]
    assert rates[-1] == LEAST_PER_SECOND
    taken = day.passes(20, 40, LATE)
    assert 0.8 * LEAST_PER_SECOND * 10 <= taken <= 1.2 * LEAST_PER_SECOND * 10


def test_who_is_turned_away_under_strain_is_told_apart() -> None:
    day = Day(Limits(per_second=30))
    day.passes(4, 40, LATE)
    judged = [day.admission.judge(day.now, 0) for _ in range(40)]
    assert judged[-1] is Refusal.STRAIN


def test_when_answers_come_in_time_again_more_are_taken_in_and_soon_everybody() -> None:
    day = Day()
    day.passes(4, 40, IN_TIME)
    day.passes(6, 40, LATE)
    found = day.admission.per_second
    assert found is not None
    day.passes(4, 40, IN_TIME)
    assert day.admission.per_second is not None and day.admission.per_second > found
    day.passes(2 * 20, 40, IN_TIME)
    assert day.admission.per_second is None


def test_when_nobody_is_turned_away_any_more_the_limit_is_forgotten() -> None:
    day = Day()
    day.passes(6, 40, LATE)
    day.passes(round(RELIEF / LOOK) + 2, 2, IN_TIME)
    assert day.admission.per_second is None


def test_in_a_flood_the_switch_is_to_turn_away_most_and_nobody_once_it_is_over() -> None:
    day = Day(Limits(per_second=40))
    day.passes(4, 40, IN_TIME)
    assert day.admission.share == 0
    day.passes(1, 400, IN_TIME)
    assert day.admission.share == pytest.approx(1 - LET_THROUGH * 40 / 400)
    for _ in range(20 - 4):
        assert day.admission.turned_away(day.now) is Refusal.RATE
    day.passes(1, 8, IN_TIME)
    assert day.admission.share == 0


def test_whom_the_switch_turns_away_is_still_part_of_the_flood() -> None:
    day = Day(Limits(per_second=40))
    day.passes(1, 400, IN_TIME)
    for _ in range(178):
        day.admission.turned_away(day.now)
    day.passes(1, 44, IN_TIME)
    assert day.admission.share == pytest.approx(1 - LET_THROUGH * 40 / 400)


def test_without_a_limit_the_switch_turns_nobody_away_until_there_is_strain() -> None:
    day = Day()
    day.passes(2, 400, IN_TIME)
    assert day.admission.share == 0
    day.passes(3, 400, LATE)
    assert 0 < day.admission.share <= MOST_AWAY
    assert day.admission.why is Refusal.STRAIN


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 3)), max_size=60))
def test_a_clock_that_goes_back_breaks_nothing(steps: list[tuple[float, float]]) -> None:
    admission, now = Admission(Limits(per_second=5)), BEGIN
    for gap, late in steps:
        now += timedelta(seconds=gap)
        admission.observe(now, timedelta(seconds=late))
        admission.judge(now, 0)
        assert admission.per_second is not None
        assert LEAST_PER_SECOND <= admission.per_second <= 5
