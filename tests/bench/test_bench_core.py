"""The benches that need no switch, small."""

import os

import pytest

from callcenter.bench.core import AT_ONCE, measure_core, profile_core
from callcenter.bench.machine import Watch, cpu_seconds, look, pulse_ms, resident_mib

pytestmark = pytest.mark.scenario


def test_every_call_of_the_core_bench_is_played_to_its_end() -> None:
    cost = measure_core(AT_ONCE, agents=AT_ONCE)

    # arrived, node entered, joined, offered, ringing, answered, caller gone, ended, wrap-up over
    assert cost.facts == 9
    assert cost.cpu_ms > 0


def test_the_profile_names_functions() -> None:
    assert "advance" in profile_core(AT_ONCE, agents=AT_ONCE)


def test_a_watch_sees_what_this_process_works() -> None:
    watch = Watch({"me": os.getpid()})
    worked = pulse_ms() / 1000
    busy = watch.stop()

    assert busy.used["me"] >= worked * 0.9
    assert busy.used["me"] == pytest.approx(busy.used["bench"], abs=0.05)
    assert cpu_seconds(os.getpid()) > worked


def test_this_machine_has_cores_and_this_process_memory() -> None:
    assert look().cores >= 1
    assert resident_mib(os.getpid()) > 10
