"""What the benches make of their runs."""

import math
from dataclasses import replace

import pytest
from click.testing import CliRunner

from callcenter.bench import report
from callcenter.bench.__main__ import main
from callcenter.bench.calls import FULL, Run, as_data, highest

pytestmark = pytest.mark.core

GOOD = Run(
    system="engine",
    agents=400,
    rate=40,
    searching=False,
    round=1,
    load_before=0.1,
    pulse_ms=25,
    calls=400,
    successful=400,
    failed=0,
    retransmissions=0,
    rings=400,
    p50=2.0,
    p95=3.0,
    p99=4.0,
    asterisk_ms=6.0,
    engine_ms=1.5,
    sipp_ms=1.0,
    busy=0.3,
    foreign=0.0,
    stolen=0.0,
    capture_dropped=0,
    changes=100,
)


@pytest.mark.parametrize(
    "flaw",
    [
        {"successful": 399},
        {"failed": 1},
        {"retransmissions": 1},
        {"rings": 401},
        {"rings": 399},
        {"p95": 100.0},
        {"p95": math.nan},
    ],
)
def test_a_rate_is_not_carried_with_any_flaw(flaw: dict[str, float]) -> None:
    assert GOOD.carried
    assert not replace(GOOD, **flaw).carried  # type: ignore[arg-type]


def test_the_highest_rate_is_the_best_that_was_carried_in_each_round() -> None:
    tried = replace(GOOD, searching=True)
    runs = [
        replace(tried, rate=150),
        replace(tried, rate=200),
        replace(tried, rate=225, failed=1),
        replace(tried, rate=100, failed=1, round=2),
        replace(tried, rate=300, system="app_queue"),
        replace(GOOD, rate=350),
    ]

    assert highest(runs, "engine", 400) == [200.0, 0.0]


def test_targets_compare_medians_with_app_queue_at_the_same_rate() -> None:
    theirs = replace(GOOD, system="app_queue", p95=5.0, asterisk_ms=12.0, engine_ms=0.0)
    runs = [
        *(replace(GOOD, round=n, p95=p95) for n, p95 in ((1, 3.0), (2, 9.0), (3, 4.0))),
        *(replace(theirs, round=n) for n in (1, 2, 3)),
        replace(GOOD, searching=True, rate=200),
        replace(theirs, searching=True, rate=150),
    ]

    targets = {target.name: target for target in report.calls_targets(runs, FULL)}

    p95 = targets["400 agents, 40 calls/s: p95 below app_queue's"]
    assert (p95.value, p95.bound, p95.is_met, p95.runs) == (4.0, 5.0, True, 3)
    assert targets["400 agents, 40 calls/s: Asterisk's CPU below app_queue's"].is_met
    assert targets["400 agents, 40 calls/s: Python"].value == 1.5
    top = targets["400 agents: highest rate, as a multiple of app_queue's"]
    assert top.value == pytest.approx(200 / 150)
    assert top.is_met


def test_few_agents_are_allowed_three_milliseconds_more() -> None:
    ours = replace(GOOD, agents=40, rate=10, p95=7.9)
    theirs = replace(ours, system="app_queue", p95=5.0)

    targets = {target.name: target for target in report.calls_targets([ours, theirs], FULL)}

    near = targets["40 agents, 10 calls/s: p95 within 3 ms of app_queue's"]
    assert (near.value, near.bound, near.is_met) == (7.9, 8.0, True)


def test_a_side_that_broke_down_is_not_measured_rather_than_met() -> None:
    targets = report.calls_targets([GOOD], FULL)

    assert {target.is_met for target in targets if "app_queue" in target.name} == {False}


def test_the_tables_can_be_drawn_of_any_runs() -> None:
    runs = [GOOD, replace(GOOD, system="app_queue", p50=math.nan, p95=math.nan, p99=math.nan)]

    out = report.console()
    with out.capture() as drawn:
        out.print(report.calls_table(runs))
    text = drawn.get()

    assert "400/400" in text
    assert "app_queue" in text
    assert report.ratio_lines(runs) == [
        "400 agents, 40/s: p50 -, p95 -, p99 -, Asterisk CPU 1.00, with Python 1.25"
    ]


def test_json_has_no_not_a_number() -> None:
    plain = as_data(replace(GOOD, p95=math.nan))

    assert plain["p95"] is None
    assert plain["carried"] is False


@pytest.mark.parametrize("rates", [(5,), (5, 10), (400, 800)])
def test_other_rates_are_measured_and_the_highest_is_sought_around_them(
    rates: tuple[int, ...],
) -> None:
    pace = FULL.at(rates)
    sought = range(pace.lowest, pace.highest + 1, pace.step)
    assert (pace.few_rates, pace.many_rates) == (rates, rates)
    assert sought[0] == min(rates)
    assert sought[-1] > 2 * max(rates)
    assert 8 <= len(sought) <= 16


@pytest.mark.parametrize("text", ["", "5,x", "0,5", "-5"])
def test_rates_that_are_none_are_refused(text: str) -> None:
    said = CliRunner().invoke(main, ["calls", "--rates", text])
    assert (said.exit_code, "--rates" in said.output) == (2, True)
