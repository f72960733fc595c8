"""The first Ctrl-C, the second, and a terminal that is closed."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.cli.stopping import Stopping

pytestmark = pytest.mark.adapter

PROJECT = Path(__file__).parents[2]
WITHIN = 10


@pytest.fixture(autouse=True)
def _usual_signals() -> Iterator[None]:
    """As in a terminal, also where the tests outlive theirs."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def sent(number: signal.Signals) -> None:
    """Send a signal to ourselves and let it be heard."""
    heard = asyncio.Event()
    os.kill(os.getpid(), number)
    asyncio.get_running_loop().call_later(0.05, heard.set)
    await heard.wait()


async def test_ctrl_c_asks_and_a_second_one_insists() -> None:
    stopping = Stopping()
    stopping.listen()
    await sent(signal.SIGINT)
    assert (stopping.first.is_set(), stopping.second.is_set()) == (True, False)
    await sent(signal.SIGTERM)
    assert stopping.second.is_set()
    stopping.forget()


async def test_a_closed_terminal_asks_and_never_insists() -> None:
    stopping = Stopping()
    stopping.listen()
    for _ in range(2):
        await sent(signal.SIGHUP)
    assert (stopping.first.is_set(), stopping.second.is_set()) == (True, False)
    await sent(signal.SIGTERM)
    assert stopping.second.is_set()
    stopping.forget()


async def test_who_was_told_to_outlive_the_terminal_does() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stopping = Stopping()
    stopping.listen()
    await sent(signal.SIGHUP)
    assert not stopping.first.is_set()
    stopping.forget()


PROGRAM = """
import asyncio, fcntl, pathlib, sys, termios
from callcenter.cli.stopping import Stopping

async def main():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    stopping = Stopping()
    stopping.listen()
    print("listening", flush=True)
    await stopping.first.wait()
    print("one call is up", flush=True)
    print("and an error", file=sys.stderr, flush=True)
    pathlib.Path(sys.argv[1]).write_text("drained")

asyncio.run(main())
"""


def test_a_program_whose_terminal_is_gone_can_still_speak_and_end_well(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "ended")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=PROJECT,
    )
    os.close(theirs)
    with open(ours, "rb") as terminal:
        assert terminal.readline() == b"listening\r\n"
    assert program.wait(WITHIN) == 0
    assert (tmp_path / "ended").read_text() == "drained"
