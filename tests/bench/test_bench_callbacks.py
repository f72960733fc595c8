"""The bench of callbacks, on rushes few enough for every run."""

import pytest

from callcenter.bench.callbacks import callback_line, callback_targets, measure_rush

pytestmark = pytest.mark.core


@pytest.mark.parametrize("caller_first", [False, True])
def test_in_a_rush_nearly_everybody_has_their_turn_where_they_would_have_had_it(
    caller_first: bool,
) -> None:
    rushes = [measure_rush(seed, caller_first=caller_first) for seed in range(2)]
    assert all(rush.called_back > 10 and len(rush.turns) == 60 for rush in rushes)
    turns, delay = callback_targets(rushes)
    assert turns.is_met
    assert delay.value < 2
    assert "turn within 1 position" in callback_line(rushes)
