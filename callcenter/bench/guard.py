"""`bench guard`: what it costs each call that callers are safe when no engine answers.

Two parts. The guard is the dialplan that a caller passes on the way to the engine: too cheap to be seen
beside a call, so one leg goes round it thousands of times, and round an empty loop as often. The queue of
the fallback is filled with everybody on duty all the while, and hears of each phone that rings: the same
calls with nobody in it, and with everybody, in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from callcenter.adapters.asterisk.ari.generated import asterisk, channels
from callcenter.adapters.asterisk.relief import AriRelief
from callcenter.bench.calls import STAY, Run, Say, line, measure_run
from callcenter.bench.figures import Target, spread
from callcenter.bench.house import Ground, House, HouseFailed, engine_house, switch_house
from callcenter.bench.machine import Watch, pulse_ms
from callcenter.bench.seed import AGENT_PREFIX, agent_names
from callcenter.bench.staff import eventually

LAPS: Final = 20_000
ROUNDS: Final = 3
AGENTS: Final = 400
RATE: Final = 40
SECONDS: Final = 10
LIMIT_MS: Final = 0.1

_HANDED_OVER: Final = "Stasis(cc,inbound,${CC_DID})"
_BACK: Final = "Goto(laps,guard,again)"
_LAPS: Final = """
[laps]
exten => guard,1(again),Set(CC_LAP=$[0${CC_LAP} + 1])
 same => n,GotoIf($[${CC_LAP} > ${CC_LAPS}]?done)
 same => n,Goto(from-trunk,4000,1)
 same => n(done),Hangup()
exten => empty,1(again),Set(CC_LAP=$[0${CC_LAP} + 1])
 same => n,GotoIf($[${CC_LAP} > ${CC_LAPS}]?done)
 same => n,Goto(again)
 same => n(done),Hangup()
exten => nobody,1,Hangup()
"""
_YEAR_2100: Final = "4102444800"


@dataclass(frozen=True, slots=True)
class Round:
    """CPU of the switch in microseconds for one lap."""

    guard_us: float
    empty_us: float
    pulse_ms: float
    foreign: float

    @property
    def cost_ms(self) -> float:
        """What the guard costs a call."""
        return (self.guard_us - self.empty_us) / 1000


async def measure_guard(
    ground: Ground, say: Say, *, laps: int = LAPS, rounds: int = ROUNDS
) -> list[Round]:
    """Round the guard, and round nothing."""
    found = []
    changed = {_HANDED_OVER: _BACK}
    async with switch_house(ground, "guard", dialplan=_LAPS, changed=changed) as house:
        # An engine's heartbeat that never grows old, and as many laps as are wanted.
        for name, value in (("CC_HB", _YEAR_2100), ("CC_LAPS", str(laps))):
            await house.ari.ask(asterisk.set_global_var(variable=name, value=value))
        await _go_round(house, "guard", laps)  # to warm up
        for _ in range(rounds):
            pulse = pulse_ms()
            empty, foreign = await _go_round(house, "empty", laps)
            guard, foreign_too = await _go_round(house, "guard", laps)
            found.append(Round(guard, empty, pulse, max(foreign, foreign_too)))
            say(f"  {found[-1]}: {found[-1].cost_ms:.4f} ms")
    return found


async def _go_round(house: House, what: str, laps: int) -> tuple[float, float]:
    """Microseconds of the switch's CPU for one lap; what others took of the machine meanwhile."""
    watch = Watch(house.pids())
    await house.ari.ask(
        channels.originate(
            endpoint=f"Local/{what}@laps/n", context="laps", extension="nobody", priority=1
        )
    )

    async def is_done() -> bool:
        return await house.legs() == 0

    if not await eventually(is_done, timedelta(seconds=60), every=0.1):
        raise HouseFailed(f"the laps of {what} never end")
    busy = watch.stop()
    return 1e6 * busy.used["asterisk"] / laps, busy.foreign


async def measure_fallback(ground: Ground, say: Say, *, rounds: int = ROUNDS) -> list[list[Run]]:
    """The same calls without anybody in the fallback's queue, and with everybody."""
    without: list[Run] = []
    filled: list[Run] = []
    async with engine_house(ground, "fallback", AGENTS) as house:
        relief = AriRelief(house.ari)
        everybody = [AGENT_PREFIX + name for name in agent_names(AGENTS)]
        await measure_run(house, 20, 40, timedelta(seconds=0.5), number=0)  # to warm up
        for number in range(1, rounds + 1):
            for runs, change in ((without, relief.empty), (filled, relief.fill)):
                await change(everybody)
                await house.settle()
                runs.append(await measure_run(house, RATE, RATE * SECONDS, STAY, number=number))
                say(f"  {'filled' if runs is filled else 'empty '} {line(runs[-1])}")
                await house.settle()
    return [without, filled]


def guard_targets(rounds: Sequence[Round], calls: Sequence[Sequence[Run]]) -> list[Target]:
    """What the issue promises. What cannot be told from the runs without it is not measurable."""
    costs = spread(one.cost_ms for one in rounds)
    targets = [
        Target(
            "the guard, for each call", costs.median, LIMIT_MS, "ms", runs=costs.runs, strictly=True
        )
    ]
    for without, filled in [calls] if calls else []:
        bare, full = (spread(run.asterisk_ms for run in runs) for runs in (without, filled))
        name = (
            f"{AGENTS} in the fallback's queue, {RATE} calls/s (without: {bare}): Asterisk, a call"
        )
        targets.append(Target(name, full.median, bare.most, "ms", runs=full.runs))
    return targets
