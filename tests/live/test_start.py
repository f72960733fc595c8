"""`callcenter start` as a person uses it: once, twice, and Ctrl-C with a caller on the line."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.testing.phones import CallRefused, Phones, Side
from tests.live.live_centre import (
    FIGURES,
    LONG,
    LONGER,
    PROJECT,
    Ports,
    free_ports,
    seen,
    write_centre,
)

pytestmark = pytest.mark.live

HOTLINE = "4000"


@dataclass(slots=True)
class Terminal:
    """A running `callcenter start` and what it has said so far."""

    process: asyncio.subprocess.Process
    began: float
    said: str = ""
    reading: asyncio.Task[None] | None = None
    shown: list[str] = field(default_factory=list)

    async def says(self, text: str, within: timedelta = LONGER) -> None:
        """Wait for words on the screen."""

        def is_there() -> bool:
            assert self.process.returncode is None or text in self.said, self.said
            return text in self.said

        await seen(is_there, within, f"{text!r} in {self.said!r}")

    async def ends(self, within: timedelta = LONGER) -> int:
        """Wait for its end; the exit status."""
        async with asyncio.timeout(within.total_seconds()):
            status = await self.process.wait()
            assert self.reading is not None
            await self.reading
        return status

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)


@contextlib.asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Terminal]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "callcenter", "--config", folder / "callcenter.toml"),
        "start",
        cwd=PROJECT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    terminal = Terminal(process, time.monotonic())
    terminal.reading = asyncio.create_task(_read(terminal))
    try:
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await terminal.ends()


async def _read(terminal: Terminal) -> None:
    assert terminal.process.stdout is not None
    while piece := await terminal.process.stdout.read(4096):
        terminal.said += piece.decode(errors="replace")


def left_running(folder: Path) -> list[str]:
    """The processes that have to do with the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                if bytes(folder) in words:
                    found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.fixture
def ports() -> Iterator[Ports]:
    with free_ports() as free:
        yield free


@pytest.fixture
async def phones(ports: Ports) -> AsyncIterator[Phones]:
    async with Phones(sip_port=ports.phones, rtp_ports=ports.phones_rtp) as opened:
        yield opened


async def test_start_drains_at_the_first_ctrl_c_and_ends_at_the_second(
    tmp_path: Path, ports: Ports, phones: Phones
) -> None:
    folder = tmp_path / "centre"
    write_centre(folder, ports)
    switch = f"127.0.0.1:{ports.sip}"

    async with started(folder) as first:
        await first.says("The call centre is running")
        await first.says(f"http://127.0.0.1:{ports.base + 3}/")
        await first.says("sign in       登录    admin / ")
        await first.says("sip:4000@")
        await first.says("agents sign-in ana")
        async with started(folder) as again:
            assert await again.ends() == 1
            assert "is running in" in again.said
        caller = await phones.dial(HOTLINE, proxy=switch, caller_id="+4917139200")
        await caller.hears_anything(LONG)
        first.press_ctrl_c()
        await first.says("1 call is up")
        with pytest.raises(CallRefused) as refused:
            late = await phones.dial(HOTLINE, proxy=switch, caller_id="+4917139201")
            await late.established(LONG)
        assert refused.value.ending.cause == 34
        assert caller.ending is None
        await caller.hang_up(LONG)
        assert await first.ends() == 0
        assert "nothing is left running" in first.said
    await seen(lambda: left_running(folder) == [], LONG)

    async with started(folder) as second:
        await second.says("The call centre is running")
        FIGURES.append(
            f"start: ready again {time.monotonic() - second.began:.1f} s after the command"
        )
        engines = [line for line in left_running(folder) if line.endswith(" run ")]
        assert len(engines) == 2  # one at work, one standing by
        caller = await phones.dial(HOTLINE, proxy=switch, caller_id="+4917139200")
        await caller.hears_anything(LONG)
        second.press_ctrl_c()
        await second.says("1 call is up")
        second.press_ctrl_c()
        assert await second.ends() == 0
    assert (await caller.ended(LONG)).by is Side.THERE
    await seen(lambda: left_running(folder) == [], LONG)
