"""What the bench of overload makes of the wire."""

import math

import pytest

from callcenter.bench.capture import Invite, Seen
from callcenter.bench.overload import Flood, Stretch, flood_targets, stretch

pytestmark = pytest.mark.core

CALM = Stretch(rate=6, came=90, rung=90, p95=50.0, p95_later=50.0)
FULL = Stretch(rate=20, came=600, rung=300, p95=99.0, p95_later=99.0)


def test_a_stretch_tells_those_who_came_later_apart() -> None:
    pairs = [("a", 0.0, 0.5), ("b", 4.9, 0.4), ("c", 5.1, 0.01), ("d", 6.0, None)]
    came = [Invite(at, who, "4000", True, f"in-{who}") for who, at, _ in pairs]
    rang = [
        Invite(at + delay, who, "agent", False, f"out-{who}")
        for who, at, delay in pairs
        if delay is not None
    ]
    found = stretch(2, Seen((*came, *rang), 0, 0))
    assert (found.came, found.rung) == (4, 3)
    assert found.p95 == pytest.approx(500)
    assert found.p95_later == pytest.approx(10)


def test_nothing_that_was_rung_for_is_no_figure() -> None:
    assert math.isnan(stretch(2, Seen((), 0, 0)).p95)


@pytest.mark.parametrize(
    ("during", "after", "lost", "missed"),
    [
        (FULL, CALM, 0, []),
        (Stretch(20, 600, 300, 101.0, 101.0), CALM, 0, ["taken in"]),
        (FULL, Stretch(6, 90, 90, 300.0, 76.0), 0, ["after"]),
        (FULL, Stretch(6, 90, 90, 300.0, 74.0), 0, []),
        (FULL, CALM, 1, ["refused"]),
    ],
)
def test_each_promise_is_judged(
    during: Stretch, after: Stretch, lost: int, missed: list[str]
) -> None:
    flood = Flood(True, 10, CALM, during, after, {"rate": 300.0 - lost}, lost, 40.0)
    targets = flood_targets([flood])
    assert [t.name.split()[-1] for t in targets if not t.is_met] == [
        word.split()[-1] for word in missed
    ]
