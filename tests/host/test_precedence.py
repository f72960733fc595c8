"""Who goes first, on real processes and threads."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcenter.host.precedence import Precedence, take
from callcenter.host.processes import Child, Keeper

pytestmark = pytest.mark.service


def _own() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_who_may_steps_back_and_forward_again_and_who_may_not_stays() -> None:
    """In a thread of its own, which on Linux has a place of its own."""
    with ThreadPoolExecutor(1) as thread:
        before = thread.submit(_own).result()
        places = []
        for place in (Precedence.STANDING_BY, Precedence.AT_WORK, Precedence.USUAL):
            thread.submit(take, place).result()
            places.append(thread.submit(_own).result())
    assert places in ([10, -10, 0], [before] * 3)


async def test_a_program_is_started_in_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = f"import os, time; open({str(pipe)!r}, 'w').write(str(os.nice(0))); time.sleep(3600)"
    child = Child("one", (sys.executable, "-c", code), precedence=Precedence.STANDING_BY)
    async with Keeper([child], lambda event: None):
        assert int(await asyncio.to_thread(pipe.read_text)) == max(10, _own())
