"""What a centre stands on moves under it: its clock jumps by an hour, its PostgreSQL is gone for half a
minute. Calls do not notice, and nothing that was written is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.core.facts.calls import CallEnded, QueueJoined
from callcenter.core.facts.wire import name_of
from callcenter.host.precedence import Precedence, take
from callcenter.testing.phones import CallLeg
from tests.adapters.db.real_postgres import Cluster
from tests.live.live_centre import (
    FIGURES,
    LONG,
    LONGER,
    Agent,
    House,
    Line,
    LiveCentre,
    engines_see,
    free_ports,
    number_of,
    open_house,
    open_lines,
    until,
    write_centre,
)

pytestmark = pytest.mark.live

AWAY = timedelta(seconds=30)


@dataclass(slots=True)
class Ground:
    """A centre on a PostgreSQL of its own, whose engines read the clock through a lens."""

    centre: LiveCentre
    cluster: Cluster
    lens: Path

    def clock(self, off_by: str) -> None:
        """Engines see a clock that is so far off, such as `+1h`."""
        fresh = self.lens.with_suffix(".new")
        fresh.write_text(off_by)
        fresh.rename(self.lens)


def lens_of_the_machine() -> Path:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert shutil.which("faketime") and found, "apt-get install faketime"
    return found[0]


def able_to_sleep(folder: Path) -> Path:
    """What Python must read first: behind libfaketime 0.9.10 that leaves the monotonic clock alone,
    `time.sleep` fails."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)\n"
    )
    return folder


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    take(Precedence.SWITCH)
    with ExitStack() as stack:
        cluster = Cluster()
        stack.callback(cluster.remove)
        ports = stack.enter_context(free_ports())
        folder = tmp_path_factory.mktemp("centre")
        centre = LiveCentre(folder / "ground", ports)
        write_centre(centre.folder, ports)
        with (centre.folder / "callcenter.toml").open("a") as settings:
            settings.write(f'[database]\nurl = "{cluster.bare}"\n')
        ground = Ground(centre, cluster, folder / "clock")
        ground.clock("+0")
        through_the_lens = {
            "LD_PRELOAD": str(lens_of_the_machine()),
            "FAKETIME_TIMESTAMP_FILE": str(ground.lens),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(able_to_sleep(folder / "lens-mended")),
        }
        stack.enter_context(engines_see(through_the_lens))
        stack.callback(centre.stop)
        centre.start_as_written()
        asyncio.run(open_lines(centre))
        yield ground


@pytest.fixture
async def house(ground: Ground) -> AsyncIterator[House]:
    async with open_house(ground.centre) as opened:
        yield opened


async def talk(house: House, line: Line, agent: Agent) -> tuple[CallLeg, CallLeg]:
    caller = await house.dial(line.number)
    leg = await agent.takes(LONGER)
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    return caller, leg


async def waits(house: House, line: Line) -> CallLeg:
    caller = await house.dial(line.number)
    await house.in_phase(caller, "queued")
    return caller


async def test_a_clock_that_jumps_changes_neither_the_order_nor_how_long_anybody_waited(
    house: House, ground: Ground
) -> None:
    busy, line = await house.line(), await house.line(announce_every_seconds=None)
    talker = await house.agent([busy])
    agent = await house.agent([line], ready=False)
    talking, leg = await talk(house, busy, talker)
    began = datetime.now(UTC)
    waiting = [await waits(house, line)]
    for off_by in ("+1h", "-1h"):
        ground.clock(off_by)
        await asyncio.sleep(2.5)
        waiting.append(await waits(house, line))
    # The engine that is next was started before the jumps; the one after it, after them.
    house.centre.kill("engine")
    await until(house.is_ready, LONGER)
    waiting.append(await waits(house, line))
    ground.clock("+1h")
    await asyncio.sleep(2.5)
    ids = {number_of(caller): await house.id_of(caller) for caller in waiting}
    await agent.sets("ready")
    served = []
    for _ in waiting:
        rung = await agent.takes(LONGER)
        served.append(str(rung.peer).partition("@")[0].removeprefix("sip:"))
        await rung.hang_up(LONG)
    assert served == list(ids)
    await leg.hang_up()
    await talking.ended(LONG)
    took = datetime.now(UTC) - began
    ground.clock("+0")
    for call in ids.values():
        facts = house.journal(call)
        lasted = facts[-1].at - facts[0].at
        assert isinstance(facts[-1], CallEnded)
        assert timedelta() < lasted < 1.2 * took
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
        assert sum(isinstance(fact, QueueJoined) for fact in facts) == 1
    await house.nothing_is_left()


async def test_calls_go_on_without_their_database_and_no_row_is_missing_when_it_is_back(
    house: House, ground: Ground
) -> None:
    line = await house.line()
    agent = await house.agent([line])
    caller, leg = await talk(house, line, agent)
    calls = [await house.id_of(caller)]
    ground.cluster.stop()
    try:
        ends = datetime.now(UTC) + AWAY
        await leg.hang_up()
        await caller.ended(LONG)
        longest = timedelta()
        while datetime.now(UTC) < ends:
            dialled = datetime.now(UTC)
            caller = await house.dial(line.number)
            leg = await agent.phone.rings(LONG)
            longest = max(longest, datetime.now(UTC) - dialled)
            await leg.answer(LONG)
            leg.say_tone(agent.hz)
            await caller.hears(agent.hz, LONG)
            calls.append(await house.id_of(caller))
            await caller.hang_up()
            await leg.ended(LONG)
        assert await house.is_ready()
    finally:
        ground.cluster.start()
    back = datetime.now(UTC)
    for call in calls:
        written = await house.archived(call)
        assert [fact["kind"] for fact in written] == [name_of(fact) for fact in house.journal(call)]
    FIGURES.append(
        f"PostgreSQL gone for {AWAY.total_seconds():.0f} s: {len(calls)} calls, rung after "
        f"{longest.total_seconds():.2f} s at most; all rows there "
        f"{(datetime.now(UTC) - back).total_seconds():.1f} s after it was back"
    )
    await house.nothing_is_left()
