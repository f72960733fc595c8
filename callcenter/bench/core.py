"""`bench core`: what a call costs the engine alone, on fakes: no switch, no network, no disk."""

import cProfile
import io
import pstats
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from callcenter.core.acd.queue import QueueRules
from callcenter.testing.centre import SALES, Centre

AGENTS: Final = 400
CALLS: Final = 2000
AT_ONCE: Final = 80  # as at 40 calls/s of two seconds


@dataclass(frozen=True, slots=True)
class CoreCost:
    """One run. `profile` is cProfile's table of the dearest functions, of another run."""

    cpu_ms: float
    """Processor time a call, the fake switch's share included."""
    facts: float
    """Facts a call."""


def measure_core(calls: int = CALLS, agents: int = AGENTS) -> CoreCost:
    """Every call is answered, talked and ended, `AT_ONCE` at a time."""
    centre = _centre(agents)
    before = centre.journal.last_number
    began = time.process_time()
    _play(centre, calls)
    used = time.process_time() - began
    return CoreCost(1000 * used / calls, (centre.journal.last_number - before) / calls)


def profile_core(calls: int = CALLS // 4, agents: int = AGENTS, rows: int = 25) -> str:
    """The dearest functions by their own time."""
    centre = _centre(agents)
    profile = cProfile.Profile()
    profile.enable()
    _play(centre, calls)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(rows)
    return text.getvalue()


def _centre(agents: int) -> Centre:
    centre = Centre(rules=QueueRules(SALES, wrap_up=timedelta(), announce_every=None))
    for number in range(agents):
        centre.agent(f"a{number:03d}")
    return centre


def _play(centre: Centre, calls: int) -> None:
    for start in range(0, calls, AT_ONCE):
        batch = [centre.call(ani=f"+49301{start + n:06d}") for n in range(AT_ONCE)]
        rung = [leg.agent for leg in centre.switch.legs.values() if leg.agent is not None]
        for agent in rung:
            centre.answers(agent)
        centre.passes(2)
        for call in batch:
            centre.hangs_up(call)
        centre.switch.done.clear()
        centre.passes(1)
