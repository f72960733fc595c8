"""`bench overload`: twice as many calls as this machine carries, for thirty seconds, and what follows.

First the highest rate is sought. Then three runs without a pause between them: callers at a part of that
rate, which is normal; twice that rate; and the normal rate again. What is judged is how long callers who
were taken in waited for the ring, whether every other caller was refused and counted with its reason, and
whether callers who came `SOON` after the flood are served as before it.

Twice over: with the normal rate as a limit in the settings, and without one, where the engine has only its
own lateness to go by.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from callcenter.bench.calls import SHORT_STAY, Say, line, measure_run
from callcenter.bench.capture import Capture, Seen
from callcenter.bench.figures import Target, highest_passing, percentile
from callcenter.bench.house import SIP_PORT, SWITCH_ADDRESS, Ground, House, callers, engine_house
from callcenter.bench.machine import pulse_ms
from callcenter.testing.sipp import SippFailed

AGENTS: Final = 400
TOO_MUCH: Final = 2.0
FLOOD: Final = 30.0  # seconds
NORMAL: Final = 0.6
NORMAL_SECONDS: Final = 15.0
SOON: Final = 5.0
RATES: Final = (*range(4, 40, 2), *range(40, 401, 10))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Callers at one rate. Milliseconds from a caller's INVITE to the agent's."""

    rate: float
    came: int
    rung: int
    p95: float
    p95_later: float
    """Of those who came more than `SOON` after the first."""


@dataclass(frozen=True, slots=True)
class Flood:
    """One flood. `refused`: by the engine's own count, by reason; `lost`: callers who were neither rung
    for nor refused."""

    limited: bool
    highest: int
    before: Stretch
    during: Stretch
    after: Stretch
    refused: Mapping[str, float]
    lost: int
    pulse_ms: float


async def find_highest(ground: Ground, say: Say, rates: Sequence[int] = RATES) -> int:
    """The highest rate that this engine carries here; at least the lowest of `rates`."""
    async with engine_house(ground, "highest", AGENTS) as house:
        await measure_run(house, 8, 40, timedelta(seconds=0.5), number=0)  # to warm up

        async def passes(rate: int) -> bool:
            run = await measure_run(house, rate, rate * 5, SHORT_STAY, number=1, searching=True)
            say(f"  {line(run)}")
            await house.settle()
            return run.carried

        return await highest_passing(rates, passes) or rates[0]


async def measure_flood(ground: Ground, say: Say, highest: int, *, limited: bool) -> Flood:
    """Normal, twice the highest, normal."""
    # As a centre sets it: what is served well. At the highest rate itself callers wait ten times as long.
    limits = f"[limits]\ncalls_per_second = {round(NORMAL * highest)}\n" if limited else ""
    name = "limited" if limited else "strained"
    async with engine_house(ground, name, AGENTS, settings_too=limits) as house:
        assert house.staff is not None
        await measure_run(house, 8, 40, timedelta(seconds=0.5), number=0)
        await house.settle()
        pulse, normal = pulse_ms(), NORMAL * highest
        before = await _stretch(house, normal, NORMAL_SECONDS, say)
        refused_before = await house.staff.refused()
        during = await _stretch(house, TOO_MUCH * highest, FLOOD, say)
        after = await _stretch(house, normal, NORMAL_SECONDS, say)
        refused = {
            why: count - refused_before.get(why, 0)
            for why, count in (await house.staff.refused()).items()
        }
    came = before.came + during.came + after.came
    rung = before.rung + during.rung + after.rung
    lost = came - rung - round(sum(refused.values()))
    return Flood(limited, highest, before, during, after, refused, lost, pulse)


async def _stretch(house: House, rate: float, seconds: float, say: Say) -> Stretch:
    with Capture(SWITCH_ADDRESS, SIP_PORT) as capture:
        run = await house.sipp.start(callers(rate, round(rate * seconds), SHORT_STAY))
        try:
            await run.finished(timedelta(seconds=seconds + 30))
        except SippFailed as error:
            say(f"  callers never came to an end: {error}")
        await asyncio.sleep(0.3)
    found = stretch(rate, capture.seen())
    say(f"  {found}")
    return found


def stretch(rate: float, seen: Seen) -> Stretch:
    """What the wire saw of one run."""
    came = {invite.number: invite.at for invite in seen.invites if invite.to_switch}
    delays = {number: 1000 * delay for number, delay in seen.join_to_ring().items()}
    begin = min(came.values(), default=0.0)
    later = [delay for number, delay in delays.items() if came[number] > begin + SOON]
    return Stretch(
        rate,
        len(came),
        len(delays),
        percentile(list(delays.values()), 0.95),
        percentile(later, 0.95),
    )


def flood_targets(floods: Sequence[Flood]) -> list[Target]:
    """What the issue promises of overload."""
    targets = []
    for flood in floods:
        what = "limited" if flood.limited else "by lateness alone"
        calm = flood.before.p95
        name = f"{TOO_MUCH:g} x {flood.highest}/s for {FLOOD:.0f} s, {what}"
        targets += [
            Target(f"{name}: p95 of those taken in", flood.during.p95, 2 * calm, "ms"),
            Target(f"{name}: neither rung for nor refused", flood.lost, 0),
            Target(f"{name}: p95 from {SOON:.0f} s after", flood.after.p95_later, 1.5 * calm, "ms"),
        ]
    return targets
