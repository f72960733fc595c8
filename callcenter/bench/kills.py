"""`bench kills`: engines killed while calls are up; judged by the callers, by the wire, and by the rows.

Two parts. The table: some 200 calls at once in every phase (arriving, ringing, talking, waiting, leaving),
and ten kills at random instants. The crowd: 2,000 who wait, and three kills. For each kill: from the kill
until the next engine decides, and how much of that lies after its socket opened, by the engines' own log.

There is no edge in the bench's house, so nobody carries callers while no engine is there: what is judged
is that they stay. Voices are the soak's to judge; SIPp has none.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from callcenter.bench import waiting
from callcenter.bench.calls import Say
from callcenter.bench.capture import Capture, Seen
from callcenter.bench.figures import Target, spread
from callcenter.bench.house import (
    SIP_PORT,
    SWITCH_ADDRESS,
    Ground,
    House,
    HouseFailed,
    callers,
    engine_house,
)
from callcenter.bench.machine import pulse_ms
from callcenter.bench.seed import QUEUE
from callcenter.bench.staff import eventually
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import QueueId
from callcenter.testing.sipp import Outcome

CALLERS: Final = 400
ARRIVING: Final = 4.0  # a second
STAY: Final = timedelta(seconds=55)  # SIPp has no voice: phones that are silent for 60 s are let go
AT_ONCE: Final = round(ARRIVING * STAY.total_seconds())
AGENTS: Final = 100
KILLS: Final = 10
APART: Final = 15.0  # seconds; mostly whoever was killed has loaded again by then and stands by
TOGETHER: Final = 0.5
"""Seconds: two phones that ring in one breath may pass each other on the wire."""
CROWD: Final = 2000
CROWD_KILLS: Final = 3

_RULES: Final = replace(
    QueueRules(QueueId(QUEUE), wrap_up=timedelta(), announce_every=None), music=""
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """One kill. Milliseconds: `deciding` from the kill, `rebuilt` from the new engine's open socket."""

    calls: int
    """That its journal knew."""
    deciding: float
    rebuilt: float
    pulse_ms: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the callers. All but `callers` and `rung` should be 0."""

    callers: int
    rung: int
    """Callers for whom an agent's phone rang."""
    cut_off: int
    """Dialogs that did not end by the caller's own BYE."""
    overtaken: int
    """Callers who were offered to an agent after one who had come later, as it was written down; or for
    whom a phone rang more than `TOGETHER` later."""
    rung_twice: int
    legs_left: int
    rows_missing: int
    rows_double: int
    facts_missing: int

    @property
    def flaws(self) -> dict[str, int]:
        """What was not as it should be."""
        named = {name: getattr(self, name) for name in _FLAWS}
        return {name: count for name, count in named.items() if count}


_FLAWS: Final = (
    "cut_off",
    "overtaken",
    "rung_twice",
    "legs_left",
    "rows_missing",
    "rows_double",
    "facts_missing",
)


async def measure_kills(
    ground: Ground, say: Say, seed: int, *, count: int = CALLERS, kills: int = KILLS
) -> tuple[list[Recovery], Judgement]:
    """The table."""
    chance = random.Random(seed)
    async with engine_house(ground, "kills", AGENTS, _RULES, rtp_timeout=False) as house:
        with Capture(SWITCH_ADDRESS, SIP_PORT) as capture:
            run = await house.sipp.start(callers(ARRIVING, count, STAY))
            recoveries = []
            for _ in range(kills):
                await asyncio.sleep(chance.uniform(0.25, 0.5) * APART)
                recoveries.append(await _kill(house))
                say(f"  {recoveries[-1]}")
                await asyncio.sleep(APART / 2)
            lasts = timedelta(seconds=count / ARRIVING) + STAY
            outcome = await run.finished(lasts + timedelta(seconds=60))
        await house.settle()
        await _archived(house.run_folder, count)
        return recoveries, judge(
            outcome, capture.seen(), await house.legs(), rows(house.run_folder)
        )


async def measure_crowd(ground: Ground, say: Say, *, count: int = CROWD) -> list[Recovery]:
    """So many who wait. Raises: HouseFailed when one of them is gone after a kill."""
    recoveries = []
    opened = engine_house(ground, "crowd", 1, _RULES, ready=False, rtp_timeout=False)
    async with opened as house:
        run = await house.sipp.start(callers(waiting.ARRIVING, count, timedelta(), patient=True))
        try:
            there = await waiting.all_wait(house, count)
            say(f"  {there} wait")
            for _ in range(CROWD_KILLS):
                await asyncio.sleep(APART)
                recoveries.append(await _kill(house))
                say(f"  {recoveries[-1]}")
                assert house.staff is not None
                if (still := await house.staff.waiting()) < there:
                    raise HouseFailed(f"{there} waited, after a kill {still}")
        finally:
            await waiting.end(run)
    return recoveries


async def _kill(house: House) -> Recovery:
    """Kill the engine at work; wait until another decides. Raises: HouseFailed."""
    engine, log = house.engine, house.run_folder / "engine.log"
    if engine is None:
        raise HouseFailed("no engine was at work when one was to be killed")
    pulse, begin = pulse_ms(), log.stat().st_size
    at = datetime.now(UTC)
    os.kill(engine, signal.SIGKILL)
    found: list[Recovery] = []

    async def decides() -> bool:
        with log.open("rb") as file:
            file.seek(begin)
            found[:] = recovery(read_log(file.read()), at, pulse)
        return bool(found)

    if not await eventually(decides, timedelta(seconds=60), every=0.1):
        raise HouseFailed(f"no engine decides 60 s after a kill; see {log}")
    house.deaths.clear()
    return found[0]


def read_log(text: bytes) -> list[dict[str, Any]]:
    """The lines that are whole."""
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue  # The last one, of which the rest is still to come.
    return lines


def recovery(
    lines: Iterable[Mapping[str, Any]], killed_at: datetime, pulse: float
) -> list[Recovery]:
    """What a log says of the first engine that decided after a kill; empty while none does."""
    calls, opened = 0, killed_at
    for line in lines:
        at = datetime.fromisoformat(line["at"])
        match line["what"]:
            case _ if at < killed_at:
                continue
            case "journal replayed":
                calls = line["calls"]
            case "events socket open":
                opened = at
            case "switch followed":
                return [Recovery(calls, _ms(at - killed_at), _ms(at - opened), pulse)]
    return []


def _ms(span: timedelta) -> float:
    return round(span.total_seconds() * 1000, 1)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the archive holds: callers' numbers by call, stays in a queue, and holes in facts."""

    calls: Sequence[str]
    offered: Sequence[str]
    """By first offer."""
    visits: int
    facts_missing: int


async def _archived(run_folder: Path, count: int) -> None:
    async def all_there() -> bool:
        found = rows(run_folder)
        return len(found.calls) >= count and found.visits >= count

    await eventually(all_there, timedelta(seconds=30), every=0.5)


def rows(run_folder: Path) -> Rows:
    """Read the house's database, which is SQLite."""
    with closing(sqlite3.connect(f"file:{run_folder}/callcenter.db?mode=ro", uri=True)) as db:
        ended = db.execute("select ani from calls where ended_at is not null").fetchall()
        first = (
            "select ani from calls join (select call_id, min(offered_at) at from offers"
            " group by call_id) using (call_id) order by at, arrived_at"
        )
        offered = [ani for (ani,) in db.execute(first)]
        visits = db.execute("select count(*) from queue_visits").fetchone()[0]
        holes = "select sum(n) from (select max(number) - count(*) n from facts group by journal)"
        return Rows(
            [ani for (ani,) in ended], offered, visits, db.execute(holes).fetchone()[0] or 0
        )


def judge(outcome: Outcome, seen: Seen, legs_left: int, kept: Rows) -> Judgement:
    """Compare what callers met, what the wire saw, and what was written down."""
    came = [invite.number for invite in seen.invites if invite.to_switch]
    rang = [invite.number for invite in seen.rings()]
    place = {number: place for place, number in enumerate(came)}
    first: dict[int, float] = {}
    for invite in seen.rings():
        first.setdefault(place[invite.number], invite.at)
    known = set(kept.calls)
    return Judgement(
        callers=len(came),
        rung=len(first),
        cut_off=outcome.failed + (len(came) - outcome.successful - outcome.failed),
        overtaken=overtaken([(place[number], 0.0) for number in kept.offered], timedelta())
        + overtaken(list(first.items()), timedelta(seconds=TOGETHER)),
        rung_twice=len(rang) - len(set(rang)),
        legs_left=legs_left,
        rows_missing=len([number for number in came if number not in known]),
        rows_double=len(kept.calls) - len(known) + max(0, kept.visits - len(came)),
        facts_missing=kept.facts_missing,
    )


def overtaken(served: Sequence[tuple[int, float]], together: timedelta) -> int:
    """How many were served behind somebody who came later, and not `together` with them.

    `served`: place in the order of arrival, and when, in the order of service.
    """
    apart = together.total_seconds()
    return sum(
        any(later > place and before <= at - apart for later, before in served[:turn])
        for turn, (place, at) in enumerate(served)
    )


def kill_targets(
    table: Sequence[Recovery], judgement: Judgement | None, crowd: Sequence[Recovery]
) -> list[Target]:
    """What the issue promises of kills."""
    targets = []
    if judgement is not None:
        flaws = sum(judgement.flaws.values())
        name = f"{judgement.callers} callers, {len(table)} kills: flaws"
        targets.append(Target(name, flaws, 0))
    for what, found, bound in (
        (f"some {AT_ONCE} calls at once", table, 100),
        (f"{CROWD} calls", crowd, 1000),
    ):
        if found:
            rebuilt = spread(one.rebuilt for one in found)
            deciding = spread(one.deciding for one in found)
            runs = rebuilt.runs
            targets += [
                Target(
                    f"{what}: rebuilt after the socket opened",
                    rebuilt.median,
                    bound,
                    "ms",
                    runs=runs,
                ),
                Target(
                    f"{what}: without decisions",
                    deciding.median,
                    1000,
                    "ms",
                    runs=runs,
                    strictly=True,
                ),
            ]
    return targets
