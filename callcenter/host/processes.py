"""The keeper: starts named programs, starts them again when they die, ends them all.

* A program that dies is back at once. Only one that keeps dying young is made to wait, and that is
  said, with its last words: a loop in silence is worse than a stop.
* Every program leads a process group of its own. Whatever is left of the group is killed when its
  leader is gone, and the terminal's Ctrl-C reaches the keeper alone.
* A keeper that is killed takes its programs along (see `launch`).
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO

from callcenter.host.precedence import Precedence, take

LAUNCHER = Path(__file__).with_name("launch.py")
YOUNG = timedelta(seconds=10)  # Dying before this age counts as dying at once.
PATIENCE = 3  # Young deaths in a row that are still answered without delay.
LONGEST_PAUSE = timedelta(seconds=10)
LAST_WORDS_BYTES = 2000
NOT_STARTED = 126  # What a shell says of a program that it could not start.


@dataclass(frozen=True, slots=True)
class Child:
    """A program to be kept."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    """Its whole environment; None is the keeper's own."""
    folder: Path | None = None
    precedence: Precedence = Precedence.USUAL
    log: Path | None = None
    """Where its output goes; None is where the keeper's goes."""
    ready: Callable[[], Awaitable[None]] | None = None
    """Returns when the program can be used; the next one is started only then."""
    pause: timedelta = timedelta(milliseconds=50)
    """Before it is started again."""
    stop_within: timedelta = timedelta(seconds=10)
    """How long it may take to end when asked, before it is killed."""
    stop_last: bool = False
    """The others need it to end well: it is stopped when they are gone."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the keeper itself is killed."""


@dataclass(frozen=True, slots=True)
class Started:
    name: str
    pid: int
    again: bool


@dataclass(frozen=True, slots=True)
class Died:
    """Ended without having been asked; started again after `pause`."""

    name: str
    status: int
    """Exit status, or minus the signal that killed it."""
    lived: timedelta
    pause: timedelta


@dataclass(frozen=True, slots=True)
class KeepsDying:
    name: str
    times: int
    last_words: str


@dataclass(frozen=True, slots=True)
class Stopped:
    name: str
    killed: bool
    """True when it did not end by itself in time."""


Event = Started | Died | KeepsDying | Stopped


class DidNotStart(Exception):
    """A program ended before it was ready; the text holds its last words."""


@dataclass(slots=True)
class _Kept:
    child: Child
    task: asyncio.Task[None] | None = None
    process: asyncio.subprocess.Process | None = None
    born: float = 0
    young_deaths: int = 0
    first_death: asyncio.Event = field(default_factory=asyncio.Event)
    killed: bool = False


class Keeper:
    """Keeps `children` alive from `start()` to `stop()`; also an async context manager."""

    def __init__(self, children: Sequence[Child], on_event: Callable[[Event], None]) -> None:
        self._first = children
        self._kept: dict[str, _Kept] = {}
        self._on_event = on_event
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> "Keeper":
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all in the given order, each when the one before is ready. Raises: DidNotStart."""
        for child in self._first:
            await self.add(child)

    async def add(self, child: Child) -> None:
        """Start one more and wait until it is ready. The last added is stopped first.

        Raises:
            DidNotStart: it ended before it was ready. It is not tried again: a port in use or a
                broken setting does not mend itself.
        """
        kept = self._kept[child.name] = _Kept(child)
        await self._bear(kept, again=False)
        kept.task = asyncio.create_task(self._keep(kept), name=f"keep {child.name}")
        if child.ready is not None:
            await self._wait_ready(kept, child.ready)

    async def wait(self) -> None:
        """Return when somebody has called `stop`; a fault of the keeper itself comes out here."""
        asked = asyncio.create_task(self._stopping.wait())
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        try:
            done, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            asked.cancel()

    async def stop(self) -> None:
        """End all, one by one, the last started first; returns when nothing of them is left."""
        self._stopping.set()
        for kept in sorted(reversed(self._kept.values()), key=lambda one: one.child.stop_last):
            await self._stop_one(kept)

    def pid(self, name: str) -> int | None:
        """Process id of a program, or None while it is down."""
        kept = self._kept.get(name)
        process = kept.process if kept else None
        return process.pid if process and process.returncode is None else None

    def restart(self, name: str) -> None:
        """Ask a program to end; it is then started again like one that died."""
        process = self._kept[name].process
        if process is not None:
            _signal(process, signal.SIGTERM)

    async def _wait_ready(self, kept: _Kept, ready: Callable[[], Awaitable[None]]) -> None:
        waiting = asyncio.ensure_future(ready())
        dying = asyncio.create_task(kept.first_death.wait())
        try:
            await asyncio.wait({waiting, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise DidNotStart(f"{kept.child.name} did not start: {_last_words(kept.child)}")
            waiting.result()
        finally:
            for task in (waiting, dying):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _bear(self, kept: _Kept, *, again: bool) -> None:
        kept.born = asyncio.get_running_loop().time()
        kept.process = await _spawn(kept.child)
        if self._stopping.is_set():  # It was not there yet when the others were asked to end.
            _signal(kept.process, signal.SIGTERM)
        self._on_event(Started(kept.child.name, kept.process.pid, again))

    async def _keep(self, kept: _Kept) -> None:
        loop = asyncio.get_running_loop()
        while kept.process is not None:
            status = await kept.process.wait()
            _kill_group(kept.process.pid)
            if self._stopping.is_set():
                self._on_event(Stopped(kept.child.name, kept.killed))
                return
            kept.process = None
            await self._mourn(kept, status, timedelta(seconds=loop.time() - kept.born))
            while kept.process is None and not self._stopping.is_set():
                try:
                    await self._bear(kept, again=True)
                except OSError:  # Out of processes, files or memory, which passes.
                    await self._mourn(kept, NOT_STARTED, timedelta())

    async def _mourn(self, kept: _Kept, status: int, lived: timedelta) -> None:
        child = kept.child
        kept.young_deaths = kept.young_deaths + 1 if lived < YOUNG else 0
        pause = child.pause
        if kept.young_deaths > PATIENCE:
            pause = min(LONGEST_PAUSE, child.pause * 2 ** min(kept.young_deaths - PATIENCE, 20))
        self._on_event(Died(child.name, status, lived, pause))
        if kept.young_deaths > PATIENCE:
            self._on_event(KeepsDying(child.name, kept.young_deaths, _last_words(child)))
        kept.first_death.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause.total_seconds())

    async def _stop_one(self, kept: _Kept) -> None:
        task, process = kept.task, kept.process
        if task is None:
            return
        if process is not None:
            _signal(process, signal.SIGTERM)
        done, _ = await asyncio.wait({task}, timeout=kept.child.stop_within.total_seconds())
        if not done and kept.process is not None:
            kept.killed = True
            _kill_group(kept.process.pid)
        await task


async def _spawn(child: Child) -> asyncio.subprocess.Process:
    command = [sys.executable, "-I", "-S", str(LAUNCHER)]
    command += [str(os.getpid()), str(int(child.death_signal)), *child.argv]
    with contextlib.ExitStack() as files:
        output: IO[bytes] | None = None
        if child.log is not None:
            output = files.enter_context(child.log.open("ab"))
        process = await asyncio.create_subprocess_exec(
            *command,
            env=child.env,
            cwd=child.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        if child.precedence is not Precedence.USUAL:
            take(child.precedence, process.pid)
        return process


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _last_words(child: Child) -> str:
    """The end of its log, which is where programs say why they give up."""
    if child.log is None:
        return "see its output above"
    with child.log.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - LAST_WORDS_BYTES))
        lines = log.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-10:]) or "it said nothing"
