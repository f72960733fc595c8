"""`bench calls`: callers to app_queue at its best, and to this engine, side by side.

One visit is one fresh house with so many agents: every fixed rate in shuffled order, then the highest
rate by bisection. A round visits each kind and size once, in shuffled order; a cell of the table is the
median of the rounds. Latency is wire time from a caller's INVITE arriving to the INVITE to an agent
leaving, matched by the caller's number.
"""

import asyncio
import contextlib
import math
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from callcenter.adapters.asterisk.ari.request import AriError
from callcenter.bench.capture import Capture, Seen, can_capture
from callcenter.bench.figures import highest_passing, percentile
from callcenter.bench.house import (
    SIP_PORT,
    SWITCH_ADDRESS,
    Ground,
    House,
    HouseFailed,
    callers,
    engine_house,
    queue_house,
)
from callcenter.bench.machine import Watch, pulse_ms
from callcenter.bench.staff import StaffFailed
from callcenter.testing.sipp import Outcome, SippFailed

SLOWEST = 0.1  # seconds: the p95 above which a rate does not count as carried
# Two seconds on the phone at the fixed rates; one where the highest rate is sought, so that 400 agents
# are not themselves the limit before 400 calls/s.
STAY = timedelta(seconds=2)
SHORT_STAY = timedelta(seconds=1)
# The agents' side of SIPp writes its counts once a second.
COUNTS_LAG = 1.2


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of calls at each fixed rate."""
    search_seconds: float
    step: int
    """Between the rates that are tried for the highest."""
    few: int = 40
    many: int = 400
    few_rates: tuple[int, ...] = (10,)
    many_rates: tuple[int, ...] = (20, 40, 80)
    lowest: int = 100
    """Of the rates that are tried for the highest; `highest` is the last of them."""
    highest: int = 375

    def at(self, rates: tuple[int, ...]) -> "Pace":
        """The same at other fixed rates, for a machine that is faster or slower than most."""
        lowest, highest = min(rates), 3 * max(rates)
        step = max(1, (highest - lowest) // 12)
        return replace(
            self, few_rates=rates, many_rates=rates, lowest=lowest, highest=highest, step=step
        )


FULL = Pace(rounds=3, seconds=10, search_seconds=5, step=25)
QUICK = Pace(rounds=1, seconds=4, search_seconds=3, step=50)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of callers. Latencies in ms (NaN: none measured), CPU in ms a call."""

    system: str
    agents: int
    rate: int
    searching: bool
    round: int
    load_before: float
    pulse_ms: float
    calls: int
    successful: int
    failed: int
    retransmissions: int
    rings: int
    """INVITEs to agents, repeats not counted."""
    p50: float
    p95: float
    p99: float
    asterisk_ms: float
    engine_ms: float
    sipp_ms: float
    busy: float
    foreign: float
    stolen: float
    capture_dropped: int
    changes: int
    """What the follower on the live feed was told."""
    note: str = ""

    @property
    def carried(self) -> bool:
        """All served, each by one ring, nothing sent twice, and quickly."""
        return (
            self.successful == self.calls == self.rings
            and not self.failed
            and not self.retransmissions
            and self.p95 < SLOWEST * 1000
        )


Say = Callable[[str], None]


async def measure(ground: Ground, pace: Pace, say: Say, seed: int) -> list[Run]:
    """All rounds. A visit that breaks down is said and left out of that round."""
    chance = random.Random(seed)
    runs: list[Run] = []
    for number in range(1, pace.rounds + 1):
        visits = [(s, a) for s in ("app_queue", "engine") for a in (pace.few, pace.many)]
        chance.shuffle(visits)
        for system, agents in visits:
            say(f"round {number}: {system}, {agents} agents (load {os.getloadavg()[0]:.2f})")
            try:
                async with _open(ground, system, agents) as house:
                    await _visit(house, pace, number, chance, runs, say)
            except (HouseFailed, StaffFailed, SippFailed, AriError) as error:
                say(f"  broke down: {error}")
    return runs


@asynccontextmanager
async def _open(ground: Ground, system: str, agents: int) -> AsyncIterator[House]:
    name = f"{system}-{agents}"
    opened = (engine_house if system == "engine" else queue_house)(ground, name, agents)
    async with opened as house:
        yield house


async def _visit(
    house: House, pace: Pace, number: int, chance: random.Random, runs: list[Run], say: Say
) -> None:
    many = house.agents == pace.many
    rates = list(pace.many_rates if many else pace.few_rates)
    chance.shuffle(rates)
    await measure_run(house, 20, 40, timedelta(seconds=0.5), number=0)  # to warm up, not counted
    for rate in rates:
        run = await measure_run(house, rate, round(rate * pace.seconds), STAY, number=number)
        runs.append(run)
        say(f"  {line(run)}")
        await house.settle()
    if many:
        await _search(house, pace, number, runs, say)


async def _search(house: House, pace: Pace, number: int, runs: list[Run], say: Say) -> None:
    async def passes(rate: int) -> bool:
        calls = round(rate * pace.search_seconds)
        run = await measure_run(house, rate, calls, SHORT_STAY, number=number, searching=True)
        runs.append(run)
        say(f"  {line(run)}")
        await house.settle()
        return run.carried

    await highest_passing(range(pace.lowest, pace.highest + 1, pace.step), passes)


async def measure_run(
    house: House, rate: int, calls: int, stay: timedelta, *, number: int, searching: bool = False
) -> Run:
    """Let so many callers call, and take every figure of it."""
    assert house.phones is not None
    load, pulse = os.getloadavg()[0], pulse_ms()
    changes = house.staff.changes if house.staff else 0
    sent_again = house.phones.so_far().retransmissions if number else 0
    watch = Watch(house.pids())
    with _capture() as capture:
        outcome = await _let_call(house, rate, calls, stay)
        await asyncio.sleep(0.3)  # the agents' legs end after the callers'
        cpu_callers = outcome.cpu.total_seconds() if outcome else 0.0
        busy = watch.stop(cpu_callers)
    await asyncio.sleep(COUNTS_LAG)
    agents = house.phones.so_far()
    seen = capture.seen() if capture else None
    delays = [1000 * delay for delay in _delays(seen, outcome, agents).values()]
    per_call = 1000 / calls
    return Run(
        system=house.name,
        agents=house.agents,
        rate=rate,
        searching=searching,
        round=number,
        load_before=round(load, 2),
        pulse_ms=pulse,
        calls=calls,
        successful=outcome.successful if outcome else 0,
        failed=outcome.failed if outcome else calls,
        retransmissions=_sent_again(outcome, agents, seen) - sent_again,
        rings=len(seen.rings()) if seen else len(delays),
        p50=percentile(delays, 0.50),
        p95=percentile(delays, 0.95),
        p99=percentile(delays, 0.99),
        asterisk_ms=busy.used["asterisk"] * per_call,
        engine_ms=(busy.used.get("engine", 0.0) + busy.used.get("archive", 0.0)) * per_call,
        sipp_ms=(cpu_callers + busy.used.get("phones", 0.0)) * per_call,
        busy=busy.machine,
        foreign=busy.foreign,
        stolen=busy.stolen,
        capture_dropped=seen.dropped if seen else 0,
        changes=house.staff.changes - changes if house.staff else 0,
        note="" if outcome else "callers never came to an end",
    )


async def _let_call(house: House, rate: int, calls: int, stay: timedelta) -> Outcome | None:
    """What became of the callers; None if they never came to an end."""
    run = await house.sipp.start(callers(rate, calls, stay))
    try:
        return await run.finished(timedelta(seconds=calls / rate + 30) + stay)
    except SippFailed:
        return None


def _sent_again(outcome: Outcome | None, agents: Outcome, seen: Seen | None) -> int:
    """What callers and agents sent twice, and what the wire shows twice."""
    callers_did = outcome.retransmissions if outcome else 0
    return callers_did + agents.retransmissions + (seen.again if seen else 0)


@contextlib.contextmanager
def _capture() -> Any:
    if not can_capture():
        yield None
        return
    with Capture(SWITCH_ADDRESS, SIP_PORT) as capture:
        yield capture


def _delays(seen: Seen | None, outcome: Outcome | None, agents: Outcome) -> dict[str, float]:
    """From the wire; where it cannot be seen, from what SIPp wrote down."""
    if seen is not None:
        return seen.join_to_ring()
    if outcome is None:
        return {}
    dialled = outcome.at("dialled")
    # The agents' log goes on over runs, in which the callers' numbers begin anew.
    rang = {m.number: m.at for m in agents.moments if m.what == "rang"}
    return {
        number: (rang[number] - at).total_seconds()
        for number, at in dialled.items()
        if number in rang and rang[number] >= at
    }


def highest(runs: list[Run], system: str, agents: int) -> list[float]:
    """The highest rate carried, of each round in which it was sought."""
    found: dict[int, float] = {}
    for run in runs:
        if (run.system, run.agents, run.searching) == (system, agents, True):
            best = found.setdefault(run.round, 0.0)
            found[run.round] = max(best, float(run.rate) if run.carried else 0.0)
    return list(found.values())


def line(run: Run) -> str:
    """One run, for whoever watches."""
    mark = "carried" if run.carried else "NOT carried"
    engine = f" + engine {run.engine_ms:.2f}" if run.engine_ms else ""
    return (
        f"{run.rate}/s: {run.successful}/{run.calls} calls, {run.rings} rings, "
        f"{run.retransmissions} sent again; p50/p95/p99 {run.p50:.1f}/{run.p95:.1f}/{run.p99:.1f} ms; "
        f"CPU/call Asterisk {run.asterisk_ms:.2f}{engine} ms; machine {run.busy:.0%} "
        f"(foreign {run.foreign:.0%}); load {run.load_before:.1f}, pulse {run.pulse_ms:.0f} ms; "
        f"{mark} {run.note}"
    )


def as_data(run: Run) -> dict[str, Any]:
    """For JSON, which knows no NaN."""
    plain = asdict(run) | {"carried": run.carried}
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in plain.items()
    }
