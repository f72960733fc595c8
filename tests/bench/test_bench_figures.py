"""The arithmetic of the benches."""

import math

import pytest

from callcenter.bench.figures import Target, doubts, highest_passing, percentile, ratio, spread

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)]
)
def test_a_percentile_is_a_measured_value_by_nearest_rank(share: float, value: float) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_the_p95_of_one_value_is_that_value_and_of_none_is_not_a_number() -> None:
    assert percentile([3.5], 0.95) == 3.5
    assert math.isnan(percentile([], 0.5))


def test_a_spread_leaves_out_what_was_not_measured() -> None:
    found = spread([3.0, math.nan, 1.0, 2.0])

    assert (found.median, found.least, found.most, found.runs) == (2.0, 1.0, 3.0, 3)
    assert str(found) == "2.00 (1.00-3.00)"


def test_a_spread_of_one_run_shows_no_range_and_of_none_a_dash() -> None:
    assert spread([7.25]).text(1) == "7.2"
    assert spread([]).text(1) == "-"


def test_a_ratio_to_nothing_is_not_a_number() -> None:
    assert ratio(spread([3.0]), spread([2.0])) == 1.5
    assert math.isnan(ratio(spread([3.0]), spread([])))
    assert math.isnan(ratio(spread([3.0]), spread([0.0])))


def test_a_target_says_by_how_much_it_was_missed() -> None:
    missed = Target("Python", 2.5, 2.0, "ms/call", runs=3)

    assert not missed.is_met
    assert str(missed) == (
        "MISSED  Python: 2.50 ms/call, target <= 2.00 ms/call; by 0.50 ms/call (25%); 3 runs"
    )


def test_a_target_says_how_much_room_is_left() -> None:
    met = Target("rate", 1.5, 1.25, "×", at_least=True)

    assert str(met) == "met     rate: 1.50 ×, target >= 1.25 ×; room 0.25 × (20%); 1 run"


@pytest.mark.parametrize("at_least", [True, False])
def test_the_bound_itself_does_only_where_the_target_is_not_strict(at_least: bool) -> None:
    assert Target("x", 2.0, 2.0, at_least=at_least).is_met
    assert not Target("x", 2.0, 2.0, at_least=at_least, strictly=True).is_met


@pytest.mark.parametrize(("value", "bound"), [(math.nan, 1.0), (1.0, math.nan)])
def test_what_was_not_measured_is_never_met(value: float, bound: float) -> None:
    target = Target("x", value, bound)

    assert not target.is_met
    assert str(target).startswith("NOT MEASURED")


@pytest.mark.parametrize("limit", [0, 100, 199, 200, 375, 1000])
async def test_bisection_finds_the_highest_rate_that_passes(limit: int) -> None:
    rates = range(100, 376, 25)
    asked: list[int] = []

    async def passes(rate: int) -> bool:
        asked.append(rate)
        return rate <= limit

    assert await highest_passing(rates, passes) == max(
        (rate for rate in rates if rate <= limit), default=0
    )
    assert len(asked) == len(set(asked)) <= 4


CALM = {"quick": False, "rounds": 3, "foreign": [0.01, 0.02], "pulses": [20.0, 24.0]}


def test_three_rounds_on_a_calm_machine_may_be_judged() -> None:
    assert doubts(**CALM) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "unlike", [{"quick": True}, {"rounds": 1}, {"foreign": [0.01, 0.5]}, {"pulses": [20.0, 31.0]}]
)
def test_no_verdict_by_a_quick_single_disturbed_or_throttled_run(unlike: dict[str, object]) -> None:
    assert len(doubts(**{**CALM, **unlike})) == 1  # type: ignore[arg-type]
