"""A scenario as it is written: what is meant, and what is wrong where."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from callcenter.adapters.flows.yaml_source import read_text
from callcenter.core.acd.strategy import Strategy
from callcenter.core.reading import Unreadable, dotted
from callcenter.simulation.scenario import Arrivals, Duration, Scenario, read_scenario

pytestmark = pytest.mark.scenario

EXAMPLES = sorted((Path(__file__).parents[2] / "simulations").glob("*.yaml"))


def plain(**changes: Any) -> dict[str, Any]:
    queue = {"arrivals": {"per_hour": 100}, "handle": {"mean": 180}}
    return {
        "queues": {"sales": queue},
        "agents": {"team": {"count": 2, "queues": ["sales"]}},
        **changes,
    }


def read(text: str) -> Scenario:
    return read_scenario(read_text(text).data)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.stem))
def test_every_example_can_be_read(file: Path) -> None:
    assert read(file.read_text()).queues


def test_what_is_left_out_has_its_default() -> None:
    scenario = read_scenario(plain())
    (plan,), (group,) = scenario.queues, scenario.groups
    assert (scenario.hours, scenario.seed) == (8, 1)
    assert plan.rules.strategy is Strategy.LONGEST_IDLE
    assert plan.patience.draw(Random(1)) is None
    assert group.answers.draw(Random(1)) == timedelta()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"hours": -1}, "hours"),
        ({"seed": "x"}, "seed"),
        ({"days": 1}, "days"),
        ({"queues": {"Sales!": {}}}, "queues.Sales!"),
        ({"queues": {"sales": {"arrivals": {}, "handle": {"mean": 1}}}}, "queues.sales.arrivals"),
        (
            {"queues": {"sales": {"arrivals": {"per_hour": -1}, "handle": {"mean": 1}}}},
            "queues.sales.arrivals.per_hour",
        ),
        (
            {"queues": {"sales": {"arrivals": {"per_hour": 1}, "handle": {"spread": 1}}}},
            "queues.sales.handle",
        ),
        ({"agents": {"team": {"count": 0, "queues": ["sales"]}}}, "agents.team.count"),
        ({"agents": {"team": {"count": 1, "queues": ["sale"]}}}, "agents.team.queues.0"),
        (
            {"agents": {"team": {"count": 1, "queues": ["sales"], "skills": {"vip": 101}}}},
            "agents.team.skills.vip",
        ),
        (
            {"agents": {"team": {"count": 1, "queues": [], "shift": {"from": 5, "to": 5}}}},
            "agents.team.shift",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_scenario(plain(**changes))
    assert where in [dotted(problem.path) for problem in refusal.value.problems]
    assert all(p.text["en"] and p.text["zh"] for p in refusal.value.problems)


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("strategy", "best", "strategy"),
        ("callers", [{"share": 0.6}, {"share": 0.6}], "callers"),
        ("callers", [{"share": 0.6, "requires": "english >="}], "callers.0.requires"),
        ("easing", [{"after": 10, "add": "nowhere"}], "easing.0.add"),
        ("easing", [{"skill": "vip"}], "easing.0"),
        ("misses_allowed", 0, "misses_allowed"),
    ],
)
def test_a_queues_mistake_is_told_with_its_place(field: str, value: object, where: str) -> None:
    data = plain()
    data["queues"]["sales"][field] = value
    with pytest.raises(Unreadable) as refusal:
        read_scenario(data)
    assert f"queues.sales.{where}" in [dotted(one.path) for one in refusal.value.problems]


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Unreadable) as refusal:
        read_scenario(plain(hours=0, seed=-1, agents={"team": {"count": 1}}))
    assert len(refusal.value.problems) == 3


@pytest.mark.parametrize(
    ("duration", "mean"),
    [
        (Duration(mean=180), 180),
        (Duration(mean=180, spread=60), 180),
        (Duration(fixed=20), 20),
    ],
)
def test_durations_have_the_mean_that_is_written(duration: Duration, mean: float) -> None:
    random = Random(1)
    drawn = [duration.draw(random) for _ in range(20_000)]
    seconds = [one.total_seconds() for one in drawn if one is not None]
    assert sum(seconds) / len(seconds) == pytest.approx(mean, rel=0.02)


def test_callers_come_as_often_as_each_stretch_says() -> None:
    arrivals, random = Arrivals((100.0, 0.0, 400.0), 3600.0), Random(3)
    hours = [0, 0, 0]
    at = arrivals.next(0.0, random)
    while at < 300 * 3600:
        hours[int(at / 3600) % 3] += 1
        at = arrivals.next(at, random)
    assert hours[0] / 100 == pytest.approx(100, rel=0.05)
    assert hours[1] == 0
    assert hours[2] / 100 == pytest.approx(400, rel=0.05)
    assert Arrivals((0.0,)).next(0.0, random) == float("inf")
