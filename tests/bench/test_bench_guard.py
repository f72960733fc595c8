"""What the bench of the guard makes of its rounds."""

import math
from dataclasses import replace

import pytest

from callcenter.bench.calls import Run
from callcenter.bench.guard import Round, guard_targets

pytestmark = pytest.mark.core

QUIET = Round(guard_us=50.0, empty_us=20.0, pulse_ms=15.0, foreign=0.0)
RUN = Run(
    *("engine", 400, 40, False, 1, 0.0, 15.0, 400, 400, 0, 0, 400),
    *(4.0, 5.0, 6.0, 7.0, 3.0, 0.5, 0.4, 0.0, 0.0, 0, 0),
)


def runs(*asterisk_ms: float) -> list[Run]:
    return [replace(RUN, asterisk_ms=value) for value in asterisk_ms]


def test_a_lap_without_the_guard_is_taken_off() -> None:
    assert math.isclose(QUIET.cost_ms, 0.03)
    [target] = guard_targets([QUIET] * 3, [])
    assert target.is_met
    [target] = guard_targets([replace(QUIET, guard_us=130.0)] * 3, [])
    assert not target.is_met


@pytest.mark.parametrize(("filled", "is_met"), [(7.4, True), (7.6, False)])
def test_what_the_runs_without_it_cost_too_is_not_measurable(filled: float, is_met: bool) -> None:
    calls = [runs(7.0, 7.5, 7.2), runs(filled, filled, filled)]
    assert guard_targets([QUIET], calls)[1].is_met is is_met
