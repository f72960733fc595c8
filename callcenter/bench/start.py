"""`bench start`: from the start of the engine's process until it is ready, and where the time goes.

The engine starts again and again under its keeper, with every agent signed in, as after a crash.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from callcenter.bench.calls import Say
from callcenter.bench.figures import Target, spread
from callcenter.bench.house import (
    ENGINE_PORT,
    PROJECT,
    Ground,
    House,
    engine_house,
    python_environment,
)
from callcenter.bench.machine import Watch, cpu_seconds, pulse_ms
from callcenter.bench.staff import until_ready

STARTS: Final = 5
AGENTS: Final = 400
SETTLED: Final = 12.0
_IMPORTED = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Start:
    """One start, or one takeover by the standby when the engine at work is killed.

    `ready_ms` counts from the process's begin, or from the kill; so do the `stages`, by what the
    engine's log says.
    """

    takeover: bool
    ready_ms: float
    cpu_ms: float
    load_before: float
    pulse_ms: float
    foreign: float
    stages: dict[str, float]


async def measure_starts(ground: Ground, say: Say) -> list[Start]:
    """Start the engine over and over, alone; then kill it over and over beside a standby."""
    starts: list[Start] = []
    for takeover in (False, True):
        name = "takeover" if takeover else "start"
        async with engine_house(ground, name, AGENTS, standby=takeover) as house:
            for _ in range(STARTS):
                starts.append(await _start(house, takeover))
                say(f"  {starts[-1]}")
                # Both live a while: not to count as dying young, and to have loaded everything.
                await asyncio.sleep(SETTLED)
    return starts


async def _start(house: House, takeover: bool) -> Start:
    load, pulse = os.getloadavg()[0], pulse_ms()
    pids = house.pids()
    watch = Watch({"asterisk": pids["asterisk"]})
    log = house.run_folder / "engine.log"
    log_from = log.stat().st_size
    house.started.clear()
    os.kill(pids["engine"], signal.SIGKILL if takeover else signal.SIGTERM)
    while not takeover and not house.started.is_set():
        await asyncio.wait_for(house.started.wait(), 30)
    began, at = time.monotonic(), datetime.now(UTC)
    await until_ready(f"http://127.0.0.1:{ENGINE_PORT}")
    ready = time.monotonic()
    cpu = cpu_seconds(house.engine) if house.engine else 0.0
    busy = watch.stop(cpu)
    house.deaths.clear()
    with log.open("rb") as file:
        file.seek(log_from)
        lines = file.read().decode().splitlines()
    return Start(
        takeover, 1000 * (ready - began), 1000 * cpu, load, pulse, busy.foreign, _stages(lines, at)
    )


def _stages(lines: list[str], began: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in lines:
        try:
            line = json.loads(text)
            at = datetime.fromisoformat(line["at"])
        except (ValueError, KeyError, TypeError):
            continue
        if at >= began:
            found.setdefault(line["what"], round(1000 * (at - began).total_seconds()))
    return found


def import_shares(count: int = 15) -> tuple[float, list[tuple[str, float]]]:
    """Milliseconds for all imports, and by package what its own modules take, the dearest first."""
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-c",
            "import callcenter.cli.run, callcenter.bootstrap.engine",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env=python_environment(),
        timeout=120,
    )
    own: Counter[str] = Counter()
    for micros, _together, module in _IMPORTED.findall(done.stderr):
        own[module.split(".")[0]] += int(micros)
    total = sum(own.values())
    return total / 1000, [(name, micros / 1000) for name, micros in own.most_common(count)]


def start_targets(starts: list[Start]) -> list[Target]:
    """What the issue promises of starting."""
    targets = []
    for takeover, what in ((False, "started"), (True, "killed, beside its standby")):
        ready = spread(start.ready_ms for start in starts if start.takeover is takeover)
        name = f"engine {what}, {AGENTS} agents signed in: ready (worst {ready.most:.0f} ms)"
        targets.append(Target(name, ready.median, 1000, "ms", runs=ready.runs))
    return targets
