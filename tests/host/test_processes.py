"""The keeper, on real processes of the operating system."""

import asyncio
import os
import select
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from callcenter.host.processes import (
    Child,
    DidNotStart,
    Died,
    Event,
    Keeper,
    KeepsDying,
    Started,
    Stopped,
)

pytestmark = pytest.mark.service

FOREVER = ("sleep", "3600")
PROJECT = Path(__file__).resolve().parents[2]
E = TypeVar("E", Started, Died, KeepsDying, Stopped)


class Witness:
    """Hears the keeper's events and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait(self, kind: type[E], count: int = 1) -> E:
        async with asyncio.timeout(20):
            while len(self.all(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.all(kind)[count - 1]


@pytest.fixture
def witness() -> Witness:
    return Witness()


def gone(pid: int, *, within_seconds: float = 10) -> bool:
    """Wait until a process is no more."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_seconds)[0])
    finally:
        os.close(handle)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe through which a program tells the test something once."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


async def test_a_program_that_dies_is_back_within_half_a_second(witness: Witness) -> None:
    async with Keeper([Child("engine", FOREVER)], witness) as keeper:
        first = await witness.wait(Started)
        os.kill(first.pid, signal.SIGKILL)
        again = await witness.wait(Started, 2)
        assert again.again
        assert keeper.pid("engine") == again.pid != first.pid
    [death] = witness.all(Died)
    assert death.status == -signal.SIGKILL
    assert death.pause < timedelta(milliseconds=500)


async def test_the_others_do_not_notice_a_death(witness: Witness) -> None:
    children = [Child("switch", FOREVER), Child("engine", FOREVER)]
    async with Keeper(children, witness) as keeper:
        switch, engine = keeper.pid("switch"), keeper.pid("engine")
        os.kill(engine or 0, signal.SIGKILL)
        await witness.wait(Started, 3)
        assert keeper.pid("switch") == switch


async def test_a_restart_is_a_death_on_request(witness: Witness) -> None:
    async with Keeper([Child("engine", FOREVER)], witness) as keeper:
        keeper.restart("engine")
        await witness.wait(Started, 2)
    assert witness.all(Died)[0].status == -signal.SIGTERM


async def test_a_program_that_keeps_dying_waits_longer_and_is_talked_about(
    witness: Witness, tmp_path: Path
) -> None:
    child = Child(
        "engine",
        ("sh", "-c", "echo port 8081 is in use; exit 3"),
        log=tmp_path / "log",
        pause=timedelta(milliseconds=5),
    )
    async with Keeper([child], witness):
        told = await witness.wait(KeepsDying, 2)
    assert told.times == 5
    assert "port 8081 is in use" in told.last_words
    pauses = [death.pause for death in witness.all(Died)[:5]]
    assert pauses == [timedelta(milliseconds=ms) for ms in (5, 5, 5, 10, 20)]


async def test_the_next_one_starts_when_the_one_before_is_ready(witness: Witness) -> None:
    may_go = asyncio.Event()

    async def ready() -> None:
        await may_go.wait()

    keeper = Keeper([Child("switch", FOREVER, ready=ready), Child("engine", FOREVER)], witness)
    starting = asyncio.create_task(keeper.start())
    await witness.wait(Started)
    assert keeper.pid("engine") is None
    may_go.set()
    await starting
    assert keeper.pid("engine") is not None
    await keeper.stop()


async def test_one_that_ends_before_it_is_ready_stops_the_start_with_its_last_words(
    witness: Witness, tmp_path: Path
) -> None:
    child = Child(
        "switch",
        ("sh", "-c", "echo address in use >&2; exit 1"),
        log=tmp_path / "log",
        ready=asyncio.Event().wait,  # type: ignore[arg-type]  # never comes true
    )
    keeper = Keeper([child, Child("engine", FOREVER)], witness)
    with pytest.raises(DidNotStart, match="switch did not start: address in use"):
        await keeper.start()
    await keeper.stop()
    assert {event.name for event in witness.events} == {"switch"}


async def test_a_program_that_does_not_exist_says_so(witness: Witness, tmp_path: Path) -> None:
    child = Child("switch", ("no-such-program",), log=tmp_path / "log")
    async with Keeper([child], witness):
        death = await witness.wait(Died)
    assert death.status == 127
    assert "no-such-program: No such file" in (tmp_path / "log").read_text()


async def test_whom_the_others_need_is_stopped_last_whenever_it_was_started(
    witness: Witness,
) -> None:
    names = ("engine", "switch", "edge")
    async with Keeper([], witness) as keeper:
        for name in names:
            await keeper.add(Child(name, FOREVER, stop_last=name == "switch"))
    assert [event.name for event in witness.all(Stopped)] == ["edge", "engine", "switch"]


async def test_the_end_is_in_reverse_order_and_leaves_nothing(witness: Witness) -> None:
    keeper = Keeper([Child("switch", FOREVER), Child("engine", FOREVER)], witness)
    await keeper.start()
    await keeper.stop()
    await keeper.wait()
    assert [event.name for event in witness.all(Stopped)] == ["engine", "switch"]
    assert all(gone(event.pid) for event in witness.all(Started))


async def test_one_that_will_not_end_is_killed(witness: Witness, pipe: Path) -> None:
    stubborn = Child(
        "engine",
        ("sh", "-c", f"trap '' TERM; echo deaf > {pipe}; while :; do sleep 3600; done"),
        stop_within=timedelta(milliseconds=50),
    )
    async with Keeper([stubborn], witness):
        assert await asyncio.to_thread(pipe.read_text) == "deaf\n"
    assert witness.all(Stopped) == [Stopped("engine", killed=True)]


async def test_children_of_a_dead_program_die_with_it(witness: Witness, pipe: Path) -> None:
    parent = Child("engine", ("sh", "-c", f"sleep 3600 & echo $! > {pipe}; wait"))
    async with Keeper([parent], witness) as keeper:
        grandchild = int(await asyncio.to_thread(pipe.read_text))
        os.kill(keeper.pid("engine") or 0, signal.SIGKILL)
        await witness.wait(Died)
        assert await asyncio.to_thread(gone, grandchild)


KEEPER_PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from callcenter.host.processes import Child, Keeper, Started

def tell(event):
    print(event.pid, flush=True)

async def main():
    async with Keeper([Child("engine", ("sleep", "3600"))], tell) as keeper:
        await keeper.wait()

asyncio.run(main())
"""


async def test_a_killed_keeper_takes_its_programs_along() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEPER_PROGRAM, str(PROJECT), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    assert await asyncio.to_thread(gone, child)
