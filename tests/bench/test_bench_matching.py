"""The bench of the floor, on floors small enough for every run."""

import pytest

from callcenter.bench.matching import (
    matching_targets,
    measure_floor,
    measure_memory,
    measure_outage,
)
from callcenter.bench.report import matching_line, outage_line

pytestmark = pytest.mark.core


def test_a_small_floor_is_measured_and_judged() -> None:
    runs = [measure_floor(30, 40, freed=30)]
    outage = measure_outage(30, 60)
    assert 0 < outage.matched <= 30
    assert runs[0].wants > 1
    assert 0 < runs[0].freed_p50 <= runs[0].freed_p99
    assert 0 < measure_memory(50) < 100
    assert "30 agents, 40 waiting" in matching_line(runs)
    assert f"{outage.matched} matched" in outage_line([outage])
    names = [target.name for target in matching_targets([runs], [outage], 5.0)]
    assert names == ["60 waiting, 30 ready at once", "memory a waiting call"]
