"""The figures of a centre, by the field's test data."""

from datetime import timedelta

import pytest

from callcenter.core.metrics import (
    AgentTimes,
    QueueCounts,
    abandon_rate,
    average_speed_of_answer,
    occupancy,
    service_level,
)

pytestmark = pytest.mark.core

# 1,000 answered, 860 of them in time; 60 gave up, 10 of them at once.
DAY = QueueCounts(
    offered=1060,
    answered=1000,
    in_time=860,
    abandoned=60,
    short=10,
    answered_wait=timedelta(seconds=9000),
    longest_wait=timedelta(seconds=95),
)


def test_the_fields_own_numbers_come_out() -> None:
    assert service_level(DAY) == pytest.approx(0.8190, abs=5e-5)
    assert abandon_rate(DAY) == pytest.approx(0.0476, abs=5e-5)
    assert average_speed_of_answer(DAY) == timedelta(seconds=9)


def test_occupancy_leaves_pauses_and_ringing_out() -> None:
    times = AgentTimes(
        talk=timedelta(seconds=18_000),
        wrap=timedelta(seconds=3_600),
        ring=timedelta(seconds=500),
        idle=timedelta(seconds=3_600),
    )
    assert occupancy(times) == pytest.approx(0.8571, abs=5e-5)


def test_without_anything_to_count_there_is_no_rate() -> None:
    nothing = QueueCounts()
    assert (service_level(nothing), abandon_rate(nothing)) == (None, None)
    assert (average_speed_of_answer(nothing), occupancy(AgentTimes())) == (None, None)
    only_short = QueueCounts(offered=3, abandoned=3, short=3)
    assert (service_level(only_short), abandon_rate(only_short)) == (None, None)


def test_sums_are_of_counts_and_never_of_rates() -> None:
    morning = QueueCounts(offered=10, answered=10, in_time=10, longest_wait=timedelta(seconds=5))
    noon = QueueCounts(offered=100, answered=100, in_time=50, longest_wait=timedelta(seconds=3))
    both = morning + noon
    assert service_level(both) == pytest.approx(60 / 110)
    assert both.longest_wait == timedelta(seconds=5)
    assert AgentTimes(talk=timedelta(1)) + AgentTimes(wrap=timedelta(2)) == AgentTimes(
        talk=timedelta(1), wrap=timedelta(2)
    )
