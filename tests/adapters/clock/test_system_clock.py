"""Time that follows a wall clock which is set, without jumping and without standing still."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.adapters.clock.system import SystemClock

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A wall clock that may be set, and time that really passes."""

    def __init__(self) -> None:
        self.wall = NOON
        self.passed = 0.0
        self.clock = SystemClock(lambda: self.wall.timestamp(), lambda: self.passed)

    def passes(self, time: timedelta) -> None:
        self.wall += time
        self.passed += time.total_seconds()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_wall_clock_that_is_set_ends_no_ringing_and_is_caught_up_with(by: timedelta) -> None:
    machine = Machine()
    machine.wall += by
    assert machine.clock.now() == NOON
    machine.passes(timedelta(seconds=20))
    assert abs(machine.clock.now() - (NOON + timedelta(seconds=20))) == timedelta(seconds=2)
    machine.passes(10 * HOUR)
    assert machine.clock.now() == machine.wall


def test_what_is_written_is_past_and_the_wall_clock_is_waited_for() -> None:
    machine = Machine()
    machine.clock.not_before(NOON + HOUR)
    assert machine.clock.now() == NOON + HOUR
    machine.passes(5 * HOUR)
    assert machine.clock.now() == NOON + 5.5 * HOUR
    machine.passes(5 * HOUR)
    assert machine.clock.now() == machine.wall


@given(
    st.lists(st.tuples(st.integers(-7_200, 7_200), st.integers(0, 3_600)), min_size=1, max_size=20)
)
def test_time_never_goes_back_and_never_far_from_its_pace(moves: list[tuple[int, int]]) -> None:
    machine = Machine()
    before = machine.clock.now()
    for set_by, seconds in moves:
        machine.wall += timedelta(seconds=set_by)
        machine.passes(timedelta(seconds=seconds))
        now = machine.clock.now()
        assert abs((now - before).total_seconds() - seconds) <= 0.1 * seconds + 1e-5
        before = now
