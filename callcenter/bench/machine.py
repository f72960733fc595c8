"""What this machine is and what it is doing: CPU clocks of processes, memory, and who else is busy.

A process's CPU is read from its own clock in the kernel (nanoseconds, ended threads included), not from
the 10 ms ticks that tools show.
"""

import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: a process's clock id is (~pid << 3) | kind


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the figures were taken."""

    cores: int
    cpu: str
    memory_gib: float
    kernel: str
    load: tuple[float, float, float]


def look() -> Machine:
    """This machine, now."""
    model = re.search(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo"))
    total = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=model[1] if model else platform.machine(),
        memory_gib=round(int(total[1]) / 2**20, 1) if total else 0.0,
        kernel=platform.release(),
        load=os.getloadavg(),
    )


def pulse_ms() -> float:
    """CPU time of one fixed piece of work in this Python: how fast the processor is just now.

    A machine that is shared or throttled can be several times slower than a minute ago, which shows
    neither in its load nor in stolen time. Compare it with itself only: it has no right value.
    """
    began = time.thread_time()
    total = 0
    for number in range(500_000):
        total += number
    return 1000 * (time.thread_time() - began)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far. Raises: OSError when it is gone."""
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def resident_mib(pid: int) -> float:
    """Memory that a process holds."""
    found = re.search(r"VmRSS:\s*(\d+) kB", _text(f"/proc/{pid}/status"))
    return int(found[1]) / 1024 if found else 0.0


@dataclass(frozen=True, slots=True)
class Busy:
    """Who used the processors in a stretch of time. Shares are of all cores."""

    seconds: float
    used: Mapping[str, float]
    """CPU seconds of each watched process."""
    machine: float
    """Share of all cores that did something."""
    foreign: float
    """Share that did something for nobody we watched."""
    stolen: float
    """Share that the host kept for others."""


class Watch:
    """A stopwatch for processors. `pids` by name; this process is always watched, as `bench`."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = {**pids, "bench": os.getpid()}
        self._from = time.monotonic()
        self._used = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        self._stat = _stat()

    def stop(self, others: float = 0.0) -> Busy:
        """What was used since the start. `others`: CPU seconds of ours that have ended meanwhile."""
        cores = len(os.sched_getaffinity(0))
        seconds = time.monotonic() - self._from
        used = {name: _until_now(pid) - self._used[name] for name, pid in self._pids.items()}
        active, stolen = (now - then for now, then in zip(_stat(), self._stat, strict=True))
        room = seconds * cores
        known = sum(value for value in used.values() if value > 0) + others
        foreign = max(0.0, active - known)
        return Busy(seconds, used, active / room, foreign / room, stolen / room)


def _until_now(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except OSError:
        return float("nan")


def _stat() -> tuple[float, float]:
    """Seconds in which any core was active, and those that the host took."""
    first = _text("/proc/stat").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft, steal = map(int, first[:8])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft) / tick, steal / tick


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
