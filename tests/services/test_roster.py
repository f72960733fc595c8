"""Who takes calls is kept at each change, and only then."""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection

import pytest

from callcenter.core.ids import AgentId
from callcenter.services.roster import keep_roster
from callcenter.testing.centre import SALES, Centre

pytestmark = pytest.mark.service

ANA, BOB = AgentId("ana"), AgentId("bob")


class Paper:
    """Where they are written."""

    def __init__(self) -> None:
        self.written: list[frozenset[str]] = []
        self.full = False
        self.refused = asyncio.Event()
        self._more = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()

    def write(self, ready: Collection[AgentId]) -> None:
        """In a thread of its own, as the file is."""
        if self.full:
            self._loop.call_soon_threadsafe(self.refused.set)
            raise OSError("no space left")
        with self._lock:
            self.written.append(frozenset(ready))
        self._loop.call_soon_threadsafe(self._more.set)

    async def says(self, *ready: str) -> None:
        async with asyncio.timeout(10):
            while not self.written or self.written[-1] != frozenset(ready):
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def paper() -> Paper:
    return Paper()


@pytest.fixture
async def centre(paper: Paper) -> AsyncIterator[Centre]:
    centre = Centre()
    for name in ("ana", "bob"):
        centre.agent(name, SALES)
    task = asyncio.create_task(keep_roster(centre.door, paper.write))
    yield centre
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_those_who_are_ready_at_the_start_and_after_each_change(
    centre: Centre, paper: Paper
) -> None:
    await paper.says("ana", "bob")
    centre.pauses(ANA)
    await paper.says("bob")
    centre.signs_out(BOB)
    await paper.says()
    centre.ready(ANA)
    await paper.says("ana")


async def test_a_call_changes_nothing_about_who_is_ready(centre: Centre, paper: Paper) -> None:
    await paper.says("ana", "bob")
    centre.call()
    centre.pauses(BOB)
    await paper.says("ana")
    assert paper.written == [{"ana", "bob"}, {"ana"}]


async def test_a_full_disk_is_told_and_tried_again_at_the_next_change(
    centre: Centre, paper: Paper, caplog: pytest.LogCaptureFixture
) -> None:
    await paper.says("ana", "bob")
    paper.full = True
    centre.pauses(ANA)
    async with asyncio.timeout(10):
        await paper.refused.wait()
    paper.full = False
    centre.ready(ANA)
    centre.pauses(BOB)
    await paper.says("ana")
    assert caplog.records[0].message == "who is ready cannot be kept"
