"""Harm done on purpose: to real processes, one after another, and always undone."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from callcenter.demo import sabotage
from callcenter.demo.sabotage import Saboteur

pytestmark = pytest.mark.adapter


class Programs:
    """Processes that do nothing, started again when they die, as a keeper would."""

    def __init__(self) -> None:
        self.running: dict[str, list[subprocess.Popen[bytes]]] = {}
        for name in ("engine", "engine", "edge", "archive"):
            self.running.setdefault(name, []).append(self._start())

    def pids(self, name: str) -> list[int]:
        """Those that run; the dead are replaced."""
        self.running[name] = [
            self._start() if one.poll() is not None else one for one in self.running[name]
        ]
        return [one.pid for one in self.running[name]]

    def end(self) -> None:
        for one in itertools.chain(*self.running.values()):
            one.kill()
            one.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@pytest.fixture
def programs() -> Iterator[Programs]:
    programs = Programs()
    yield programs
    programs.end()


async def test_every_harm_is_done_in_turn_and_nobody_is_left_frozen(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sabotage, "PAUSE", (0.01, 0.02))
    monkeypatch.setattr(sabotage, "AWAY", timedelta(seconds=0.1))
    stop, told = asyncio.Event(), list[str]()
    asked = 0

    async def is_ready() -> bool:
        nonlocal asked
        asked += 1
        for pid in programs.pids("engine"):
            os.kill(pid, signal.SIGCONT)
        return asked % 2 == 0

    def tell(_: str, what: str) -> None:
        told.append(what)
        if len(told) == 6:
            stop.set()

    saboteur = Saboteur(programs.pids, is_ready, ("127.0.0.1", 9), Random(1), tell)
    async with asyncio.timeout(60):
        await saboteur.work(stop)
    assert sorted(saboteur.done) == sorted(told)
    assert set(saboteur.done.values()) == {1}
    assert 0 < saboteur.longest < 10
