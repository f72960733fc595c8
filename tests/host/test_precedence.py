"""Who goes first, on real processes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.host.precedence import Precedence, take
from callcenter.host.processes import Child, Keeper

pytestmark = pytest.mark.service

FOREVER = ("sleep", "3600")
MAY = os.geteuid() == 0  # The tests' own right; who has less is the other half of what is said.


@pytest.fixture
def leader() -> Iterator[int]:
    """A process that leads a session of its own."""
    process = subprocess.Popen(FOREVER, start_new_session=True)
    yield process.pid
    process.kill()
    process.wait()


def place_of(process: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, process)


def test_who_may_steps_forward_and_who_may_not_stays(leader: int) -> None:
    take(Precedence.AT_WORK, leader)
    assert place_of(leader) == (-10 if MAY else 0)


def test_a_session_takes_its_place_among_sessions(leader: int) -> None:
    take(Precedence.SWITCH, leader)
    share = Path(f"/proc/{leader}/autogroup").read_text()
    assert share.endswith(f" nice {-11 if MAY else 0}\n")


async def test_a_program_is_started_in_its_place() -> None:
    child = Child("one", FOREVER, precedence=Precedence.AT_WORK)
    async with Keeper([child], lambda event: None) as keeper:
        pid = keeper.pid("one")
        assert pid is not None
        assert place_of(pid) == (-10 if MAY else 0)
        os.kill(pid, signal.SIGTERM)
