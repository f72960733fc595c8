"""Whether estimates of waits are true, on made-up days that they were not learned from."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.adapters.flows.yaml_source import read_text
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    EndedBy,
    Outcome,
    PositionReached,
    QueueJoined,
)
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.simulation.calibration import AppQueue, Calibration, Listener, Truth, calibrate
from callcenter.simulation.scenario import read_scenario

pytestmark = pytest.mark.scenario

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL, SALES, ANA = CallId("c1"), QueueId("sales"), AgentId("ana")
EXAMPLES = sorted(Path(__file__).parents[2].glob("simulations/*.yaml"))
DAY = """\
hours: 2
queues:
  sales:
    arrivals: {per_hour: 330}
    handle: {mean: 200, spread: 120}
    patience: {mean: 400}
agents:
  team: {count: 16, queues: [sales], answers: {mean: 3}}
"""


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def told(least: int | None = 60, most: int | None = 120) -> Listener:
    listener = Listener(AppQueue())
    listener.hear(QueueJoined(NOON, CALL, SALES))
    listener.hear(PositionReached(after(4), CALL, 3, True, least, most))
    return listener


def answered(listener: Listener, seconds: float) -> Truth:
    listener.hear(AgentAnswered(after(4 + seconds), CALL, ANA, 1))
    return listener.found.ours


def gone(listener: Listener, seconds: float) -> Truth:
    at = after(4 + seconds)
    listener.hear(CallEnded(at, CALL, Outcome.ABANDONED, EndedBy.CALLER))
    return listener.found.ours


def test_who_is_served_between_the_ends_was_told_the_truth() -> None:
    assert answered(told(), 60) == answered(told(), 120) == Truth(1, 1, 1, 1, 60.0)
    assert answered(told(), 59) == answered(told(), 121) == Truth(1, 1, 1, 0, 60.0)


def test_who_gives_up_before_the_end_proves_nothing_and_who_outlasts_it_was_told_wrong() -> None:
    assert gone(told(), 100) == Truth(1, 1, 0, 0, 60.0)
    assert gone(told(), 121) == Truth(1, 1, 1, 0, 60.0)


def test_silence_is_counted_and_what_is_not_heard_is_not() -> None:
    assert answered(told(None, None), 10) == Truth(1)
    rung = told()
    rung.hear(AgentOffered(after(5), CALL, SALES, ANA, 1, "sip:ana", "why"))
    rung.hear(PositionReached(after(6), CALL, 1, True, 0, 60))
    assert answered(rung, 60).spoken == 1


def test_app_queues_number_is_its_average_less_the_wait_and_never_less_than_none() -> None:
    theirs = AppQueue()
    assert theirs.says(SALES, 4) is None
    for _ in range(30):
        theirs.answered(SALES, 300)
    assert theirs.says(SALES, 0) == (200, 400)
    assert theirs.says(SALES, 240) == (0, 120)
    # Once the wait has passed the average, what it announces rises again.
    assert theirs.says(SALES, 900) == (360, 720)


def test_estimates_are_true_on_days_that_were_not_learned_from_and_app_queues_are_not() -> None:
    scenario = read_scenario(read_text(DAY).data)
    found = calibrate(scenario, learn=[1], judge=[2, 3])
    assert found == calibrate(scenario, learn=[1], judge=[2, 3])
    ours, theirs = found.ours, found.app_queue
    assert ours.occasions == theirs.occasions > 200
    assert ours.share_inside is not None and ours.share_inside >= 0.8
    assert ours.share_silent is not None and ours.share_silent <= 0.2
    assert theirs.share_silent is not None and theirs.share_silent > ours.share_silent


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_can_be_read(file: Path) -> None:
    assert read_scenario(read_text(file.read_text()).data).queues


def test_what_is_told_of_nothing_is_nothing() -> None:
    nothing = Calibration()
    assert nothing.ours.share_inside is nothing.ours.share_silent is nothing.ours.mean_width is None
