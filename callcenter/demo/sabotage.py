"""Harm done to a running centre on purpose, one thing after another: what a soak is for.

Asterisk itself is spared: the calls it holds end with it, and everybody would be right to complain.
"""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

PAUSE: Final = (20.0, 35.0)
"""Seconds between the end of one harm and the next, so that there is always a standby to go on."""
AWAY: Final = timedelta(seconds=8)
_JUNK_PACKETS: Final = 300
_BACK_WITHIN: Final = 60.0


@dataclass(slots=True)
class Saboteur:
    """`pids` of a program by its name, the one at work first; `is_ready`: whether an engine decides."""

    pids: Callable[[str], list[int]]
    is_ready: Callable[[], Awaitable[bool]]
    sip: tuple[str, int]
    random: Random
    tell: Callable[[str, str], None]
    done: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    """The longest that nobody decided, in seconds; where the engine was only killed or frozen."""

    async def work(self, stop: asyncio.Event) -> None:
        """Do harm until `stop`; the centre is well again when this returns."""
        harms = {
            "engine killed": self._kill_engine,
            "engine frozen": self._freeze_engine,
            "no engine for 8 s": self._no_engine,
            "edge killed": self._kill_edge,
            "archive killed": self._kill_archive,
            "hostile SIP": self._send_junk,
        }
        while not await _within(stop, self.random.uniform(*PAUSE)):
            hand = list(harms)
            self.random.shuffle(hand)
            for name in hand:
                self.tell("saboteur", name)
                await harms[name]()
                self.done[name] = self.done.get(name, 0) + 1
                if await _within(stop, self.random.uniform(*PAUSE)):
                    return

    async def _kill_engine(self) -> None:
        os.kill(self.pids("engine")[0], signal.SIGKILL)
        await self._well_again()

    async def _freeze_engine(self) -> None:
        os.kill(self.pids("engine")[0], signal.SIGSTOP)
        await self._well_again()

    async def _no_engine(self) -> None:
        pids = self.pids("engine")
        for pid in reversed(pids):  # first the one that would end the other
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(AWAY.total_seconds())
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        await self._well_again(counts=False)

    async def _kill_edge(self) -> None:
        os.kill(self.pids("edge")[0], signal.SIGKILL)
        await self._well_again(counts=False)

    async def _kill_archive(self) -> None:
        os.kill(self.pids("archive")[0], signal.SIGKILL)

    async def _send_junk(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.66", 0))
            for number in range(_JUNK_PACKETS):
                sender.sendto(_junk(self.random, number), self.sip)
                if number % 20 == 0:
                    await asyncio.sleep(0.05)

    async def _well_again(self, *, counts: bool = True) -> None:
        loop = asyncio.get_running_loop()
        began, seen_ill = loop.time(), False
        while (took := loop.time() - began) < _BACK_WITHIN:
            ready = await self.is_ready()
            seen_ill = seen_ill or not ready
            if ready and (seen_ill or took > 1):
                break
            await asyncio.sleep(0.05)
        if counts:
            self.longest = max(self.longest, took)


async def _within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


def _junk(random: Random, number: int) -> bytes:
    """What scanners send: an INVITE of nobody's, half of one, or noise."""
    whole = (
        f"INVITE sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.66;branch=z9hG4bK{number}\r\n"
        f'From: "<b>&,\x00" <sip:agent-ana@127.0.0.66>;tag={number}\r\nTo: <sip:{number}@127.0.0.1>\r\n'
        f"Call-ID: {number}\r\nCSeq: 1 INVITE\r\nContact: <sip:agent-ana@127.0.0.66>\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
    kind = random.randrange(3)
    if kind == 0:
        return whole
    return whole[: random.randrange(1, len(whole))] if kind == 1 else secrets.token_bytes(400)
