"""Two engines with journals of their own share one switch and take turns by the lease row: one freezes, one
dies, both believe that it is their turn. Calls go on, and nobody is served twice or out of order."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from callcenter.adapters.db.lease import read_lease
from callcenter.demo.centre_api import Desk
from callcenter.host import programs
from callcenter.host.precedence import Precedence, take
from callcenter.host.processes import Child
from callcenter.testing.phones import CallLeg
from callcenter.testing.tones import Span, hears
from tests.adapters.db.real_postgres import Cluster
from tests.faults.ari_proxy import AriProxy, proxied
from tests.live.live_centre import (
    FIGURES,
    LONG,
    LONGER,
    Agent,
    House,
    LiveCentre,
    free_ports,
    number_of,
    open_house,
    open_lines,
    promptly,
    until,
    write_centre,
)

pytestmark = pytest.mark.live

FIRST, SECOND = "engine", "second"


@dataclass(slots=True)
class Shared:
    """A centre whose engine is one of two. The second has a run folder of its own; only the first goes
    through the proxy."""

    centre: LiveCentre
    proxy: AriProxy
    database: str
    config: Path
    second: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the second engine answers."""
        return f"http://127.0.0.1:{self.centre.ports.base + 12}"

    def start_second(self) -> None:
        """Unless it runs."""
        if self.second is not None and self.second.poll() is None:
            return
        argv = [sys.executable, "-m", "callcenter", "--config", str(self.config), "run"]
        with (self.centre.folder / "second.log").open("ab") as log:
            self.second = subprocess.Popen(argv, stdout=log, stderr=log)

    def statement(self, text: str) -> None:
        with psycopg.connect(self.database, autocommit=True) as server:
            server.execute(text.encode())

    def journal_at_work(self) -> str:
        row = read_lease(self.database)
        return row.journal if row is not None else ""


def configure(folder: Path, database: str, base: int) -> Path:
    """Both engines by the lease, the second one with a run folder of its own."""
    lease = f'[database]\nurl = "{database}"\nlease = true\n'
    first = folder / "callcenter.toml"
    text = first.read_text()
    first.write_text(text + lease)
    other = text.replace('run_folder = "run"', 'run_folder = "run-2"')
    other = other.replace(f"port = {base + 2}\n", f"port = {base + 12}\n")
    other = other.replace("[switch]\n", '[switch]\nrun_folder = "run"\n')
    second = folder / "second.toml"
    second.write_text(other + lease)
    (folder / "run-2").mkdir(mode=0o700)
    (folder / "run-2/prompts").symlink_to((folder / "run/prompts").resolve())
    return second


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    take(Precedence.SWITCH)
    own = programs.own_programs
    with ExitStack() as stack:
        cluster = Cluster()
        stack.callback(cluster.remove)
        ports = stack.enter_context(free_ports())
        proxy = stack.enter_context(proxied(ports.base + 6, ports.base + 4))
        centre = LiveCentre(tmp_path_factory.mktemp("centre") / "shared", ports)
        write_centre(centre.folder, ports)
        config = configure(centre.folder, cluster.bare, ports.base)
        elsewhere = {**os.environ, "CALLCENTER_SWITCH_HTTP_PORT": str(ports.base + 6)}

        def one_engine(*args: object, **more: object) -> list[Child]:
            first, edge, archive, _ = own(*args, **more)  # type: ignore[arg-type]
            return [replace(first, env=elsewhere), edge, archive]

        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(programs, "own_programs", one_engine)
        stack.callback(centre.stop)
        centre.start_as_written()
        asyncio.run(open_lines(centre))
        shared = Shared(centre, proxy, cluster.bare, config)
        argv = [sys.executable, "-m", "callcenter", "--config", str(config), "archive"]
        log = stack.enter_context((centre.folder / "archive-2.log").open("ab"))
        archive = subprocess.Popen(argv, stdout=log, stderr=log)
        stack.callback(archive.wait)
        stack.callback(archive.terminate)
        shared.start_second()
        stack.callback(lambda: shared.second.wait())  # type: ignore[union-attr]
        stack.callback(lambda: shared.second.terminate())  # type: ignore[union-attr]
        yield shared


@pytest.fixture
async def house(shared: Shared) -> AsyncIterator[House]:
    async with open_house(shared.centre) as opened:
        yield opened


async def answers(house: House, url: str) -> bool:
    try:
        async with house.http.get(f"{url}/readyz") as reply:
            return reply.status == 200
    except OSError:
        return False


async def stands_by(shared: Shared, name: str) -> None:
    """Wait until an engine has loaded everything, and waits for its turn."""
    logs = {FIRST: shared.centre.run_folder / "logs/engine.log"}
    log = logs.get(name, shared.centre.folder / "second.log")

    async def says_so() -> bool:
        lines = log.read_text().splitlines() if log.exists() else []
        told = [line for line in lines if '"rehearsed"' in line or "is up" in line]
        return bool(told) and "rehearsed" in told[-1]

    await until(says_so, LONGER, f"{name} to stand by")


def desk_of_second(house: House, shared: Shared) -> Desk:
    """Its own key: it has secrets of its own."""
    key = json.loads((shared.centre.folder / "run-2/cli.json").read_text())["key"]
    desk = Desk(house.http, shared.url, "")
    desk._headers = {"Authorization": f"ApiKey {key}"}
    return desk


@dataclass(slots=True)
class Scene:
    """Two who talk, and three who wait for somebody who rests."""

    agent: Agent
    caller: CallLeg
    leg: CallLeg
    hz: int
    resting: Agent
    waiting: list[CallLeg]


async def set_the_scene(house: House) -> Scene:
    line, other = await house.line(), await house.line(announce_every_seconds=None)
    agent = await house.agent([line])
    resting = await house.agent([other], ready=False)
    caller = await house.dial(line.number)
    leg = await agent.takes()
    hz = house.tone()
    caller.say_tone(hz)
    await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
    waiting = []
    for _ in range(3):
        waiting.append(await house.dial(other.number))
        await house.in_phase(waiting[-1], "queued")
    await asyncio.sleep(1.5)  # what the database does not know yet, another engine cannot know
    return Scene(agent, caller, leg, hz, resting, waiting)


def talked_on(scene: Scene, since: datetime, to: datetime) -> None:
    for heard, tone in ((scene.caller.recording, scene.agent.hz), (scene.leg.recording, scene.hz)):
        assert hears(heard, tone, Span(since - heard.started_at, to - heard.started_at), share=0.9)


async def all_are_served_in_order(scene: Scene, desk: Desk) -> None:
    scene.resting.desk = desk
    await scene.resting.sets("ready")
    callers = {number_of(caller): caller for caller in scene.waiting}
    served = []
    for _ in callers:
        leg = await scene.resting.takes(LONGER)
        served.append(str(leg.peer).partition("@")[0].removeprefix("sip:"))
        await callers[served[-1]].hears(scene.resting.hz, LONG)
        await leg.hang_up(LONG)
    assert served == list(callers)


async def the_first_takes_over(house: House, shared: Shared) -> float:
    """Kill the second; how long until the first one decides."""
    assert shared.second is not None
    shared.second.kill()
    began = time.monotonic()
    await until(lambda: answers(house, house.centre.url), LONGER, "the first to decide", every=0.02)
    took = time.monotonic() - began
    shared.second.wait()
    return took


async def test_a_frozen_leader_is_replaced_and_so_is_a_dead_one(
    house: House, shared: Shared
) -> None:
    await stands_by(shared, SECOND)
    scene = await set_the_scene(house)
    pid = shared.centre.pid("engine")
    frozen_at, began = shared.centre.kill("engine", signal.SIGSTOP), time.monotonic()
    shared.proxy.begin()
    await until(lambda: answers(house, shared.url), LONGER, "the second to decide", every=0.02)
    silent = time.monotonic() - began
    FIGURES.append(f"leader frozen: the other decides {silent:.2f} s later")
    before = len(shared.proxy.orders)
    os.kill(pid, signal.SIGCONT)
    await stands_by(shared, FIRST)
    sent = shared.proxy.orders[before:]
    FIGURES.append(f"the one that thawed sent {len(sent)} orders")
    assert sent == []
    assert await answers(house, shared.url)
    await all_are_served_in_order(scene, desk_of_second(house, shared))

    await asyncio.sleep(1.5)
    dead = await the_first_takes_over(house, shared)
    FIGURES.append(f"leader dead: the other decides {dead:.2f} s later")
    talked_on(scene, frozen_at, datetime.now(UTC))
    await scene.leg.hang_up()
    await scene.caller.ended(LONG)
    assert len(scene.agent.phone.legs) == 1
    scene.resting.desk = house.admin
    await house.nothing_is_left()
    assert silent < 3 * slowness()
    assert dead < slowness()


async def test_of_two_leaders_the_one_that_lost_the_lease_ends_and_nobody_is_rung_twice(
    house: House, shared: Shared
) -> None:
    shared.start_second()
    await stands_by(shared, SECOND)
    line = await house.line()
    agent = await house.agent([line])
    caller = await house.dial(line.number)
    leg = await agent.phone.rings(LONG)
    await asyncio.sleep(1.5)
    # As if the lock were not there: the second is let in while the first is alive and well.
    since = datetime.now(UTC)
    shared.statement("UPDATE leases SET holder = ''")
    await until(lambda: answers(house, shared.url), LONGER, "the second to decide", every=0.02)
    shared.proxy.begin()
    await leg.answer(LONG)  # before it has rung for too long
    leg.say_tone(agent.hz)
    await caller.hears(agent.hz, LONG)
    await stands_by(shared, FIRST)
    assert shared.proxy.orders == []
    assert await answers(house, shared.url)
    assert len(agent.phone.legs) == 1
    FIGURES.append(f"two leaders: one left {overlap(shared, since):.3f} s after the other began")
    await the_first_takes_over(house, shared)
    await leg.hang_up()
    await caller.ended(LONG)
    await house.nothing_is_left()


def slowness() -> float:
    """How much longer than on a machine of its own things may take here."""
    return promptly().total_seconds()


def overlap(shared: Shared, since: datetime) -> float:
    """From the moment the second had the lease to the last word of the first."""

    def said(log: Path, *words: str) -> datetime:
        told = [json.loads(one) for one in log.read_text().splitlines() if one.startswith("{")]
        times = [datetime.fromisoformat(o["at"]) for o in told if o["what"].startswith(words)]
        return next(at for at in times if at > since)

    first = shared.centre.run_folder / "logs/engine.log"
    left = said(first, "ending at once", "another engine has taken the switch")
    return (left - said(shared.centre.folder / "second.log", "lease taken")).total_seconds()
