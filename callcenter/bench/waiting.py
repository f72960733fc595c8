"""`bench waiting`: 2,000 callers in silence, and how many with music.

Silence: what they cost the engine, and how long it takes from an agent's Ready (an HTTP request sent) to
the INVITE leaving for that agent, while all the others wait on. Music: callers are added in steps until
the switch answers commands too slowly or the machine is full.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from callcenter.adapters.asterisk.ari.generated import asterisk
from callcenter.bench.calls import Say
from callcenter.bench.capture import Capture
from callcenter.bench.figures import Target, percentile, spread
from callcenter.bench.house import (
    CALLER_PORT,
    SIP_PORT,
    SWITCH_ADDRESS,
    Ground,
    House,
    HouseFailed,
    callers,
    engine_house,
)
from callcenter.bench.machine import Watch, pulse_ms, resident_mib
from callcenter.bench.seed import AGENT_PREFIX, QUEUE, agent_names
from callcenter.bench.staff import Staff, eventually
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import QueueId
from callcenter.testing.sipp import SippFailed, SippRun

CALLERS: Final = 2000
ARRIVING: Final = 15.0  # a second: to wait is cheap, to arrive is not
AGENTS: Final = 200
READY_EVERY: Final = 0.1  # seconds between agents
REST_LIMIT_MS: Final = 50.0
BUSY_LIMIT: Final = 0.85
FIRST_STEP: Final = 200
STEP: Final = 100


@dataclass(frozen=True, slots=True)
class Silence:
    """What so many silent callers cost. CPU in shares of one core."""

    waiting: int
    engine_mib: float
    asterisk_mib: float
    engine_cpu: float
    asterisk_cpu: float
    decisions: Sequence[float]
    """Milliseconds from Ready to the INVITE."""
    load_before: float
    pulse_ms: float
    foreign: float


@dataclass(frozen=True, slots=True)
class MusicStep:
    """So many callers with music."""

    waiting: int
    rest_p50_ms: float
    rest_p95_ms: float
    busy: float
    foreign: float
    asterisk_cpu: float
    engine_cpu: float

    @property
    def holds(self) -> bool:
        """Whether the machine still had room."""
        return self.rest_p95_ms < REST_LIMIT_MS and self.busy < BUSY_LIMIT


_RULES: Final = QueueRules(QueueId(QUEUE), wrap_up=timedelta(), announce_every=None)


async def measure_silence(
    ground: Ground, say: Say, *, count: int = CALLERS, number: int = 1
) -> Silence:
    """So many callers without a sound, and agents who become ready one by one."""
    rules = replace(_RULES, music="")
    load, pulse = os.getloadavg()[0], pulse_ms()
    name = f"silence-{number}"
    opened = engine_house(ground, name, AGENTS, rules, ready=False, rtp_timeout=False)
    async with opened as house:
        run = await house.sipp.start(callers(ARRIVING, count, timedelta(), patient=True))
        try:
            waiting = await all_wait(house, count)
            say(f"  {waiting} wait")
            await asyncio.sleep(3)
            watch = Watch(house.pids())
            await asyncio.sleep(5)
            busy = watch.stop()
            pids = house.pids()
            mib = resident_mib(pids["engine"]), resident_mib(pids["asterisk"])
            decisions = await _decisions(house)
        finally:
            await end(run)
    return Silence(
        waiting,
        *mib,
        busy.used["engine"] / busy.seconds,
        busy.used["asterisk"] / busy.seconds,
        decisions,
        load,
        pulse,
        busy.foreign,
    )


async def _decisions(house: House) -> list[float]:
    staff = _staff(house)
    names = agent_names(house.agents)
    random.Random(1).shuffle(names)
    asked: dict[str, float] = {}
    with Capture(SWITCH_ADDRESS, SIP_PORT) as capture:
        for name in names:
            asked[AGENT_PREFIX + name] = time.time()
            await staff.ready(name)
            await asyncio.sleep(READY_EVERY)
        await asyncio.sleep(1)
    rang: dict[str, float] = {}
    for invite in capture.seen().rings():
        rang.setdefault(invite.user, invite.at)
    return [1000 * (rang[user] - at) for user, at in asked.items() if user in rang]


async def measure_music(ground: Ground, say: Say) -> list[MusicStep]:
    """More callers with music, step by step, until one step finds no room."""
    steps: list[MusicStep] = []
    opened = engine_house(ground, "music", 1, _RULES, ready=False, rtp_timeout=False)
    async with opened as house:
        runs: list[SippRun] = []
        try:
            while not steps or (steps[-1].holds and steps[-1].waiting < CALLERS):
                more = STEP if steps else FIRST_STEP
                load = callers(ARRIVING, more, timedelta(), patient=True)
                port = CALLER_PORT + 20 + 4 * len(runs)
                runs.append(await house.sipp.start(replace(load, port=port, media_port=port + 2)))
                wanted = FIRST_STEP + STEP * len(steps)
                steps.append(await _music_step(house, await all_wait(house, wanted)))
                say(f"  {steps[-1]}")
        finally:
            for run in runs:
                await end(run)
    return steps


async def _music_step(house: House, waiting: int) -> MusicStep:
    await asyncio.sleep(3)
    watch = Watch(house.pids())
    answers: list[float] = []
    until = time.monotonic() + 5
    while time.monotonic() < until:
        began = time.perf_counter()
        await house.ari.ask(asterisk.ping())
        answers.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.05)
    busy = watch.stop()
    return MusicStep(
        waiting,
        percentile(answers, 0.5),
        percentile(answers, 0.95),
        busy.machine,
        busy.foreign,
        busy.used["asterisk"] / busy.seconds,
        busy.used["engine"] / busy.seconds,
    )


async def all_wait(house: House, count: int) -> int:
    """Wait until so many callers do, or nearly; how many. Raises: HouseFailed."""
    staff = _staff(house)

    async def are_there() -> bool:
        return await staff.waiting() >= count

    if not await eventually(are_there, timedelta(seconds=count / ARRIVING + 40), every=0.5):
        waiting = await staff.waiting()
        if waiting < count * 0.95:
            raise HouseFailed(f"only {waiting} of {count} callers wait")
    return await staff.waiting()


def _staff(house: House) -> Staff:
    assert house.staff is not None
    return house.staff


async def end(run: SippRun) -> None:
    """Kill callers who would wait for ever."""
    try:
        await run.finished(timedelta(seconds=0.01))
    except SippFailed:
        return


def silence_targets(runs: Sequence[Silence]) -> list[Target]:
    """What the issue promises of those who wait, by the medians of several runs."""
    waited = spread(run.waiting for run in runs)
    memory = spread(run.engine_mib for run in runs)
    p95 = spread(percentile(run.decisions, 0.95) for run in runs)
    name, count = f"{waited.median:.0f} waiting in silence", len(runs)
    return [
        Target(f"{name}: callers", waited.median, CALLERS, at_least=True, runs=count),
        Target(f"{name}: engine's memory", memory.median, 150, "MiB", strictly=True, runs=count),
        Target(f"{name}: Ready to INVITE, p95", p95.median, 20, "ms", strictly=True, runs=count),
    ]
