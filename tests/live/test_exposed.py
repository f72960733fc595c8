"""An exposed centre behind a router: a carrier outside is told the outside address and finds us there;
phones inside are told the inside one.

The test plays the router, and the internet before it. All phones of a process share one address, so the
router has ports at that one, and reaches the centre from an address that is no local one. The address
that the centre gives out belongs to nobody: where it is read, the router's own is put in its place.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from callcenter.host.addresses import own_addresses
from callcenter.testing.phones import Side
from tests.live.live_centre import (
    LONG,
    PROJECT,
    House,
    LiveCentre,
    free_ports,
    open_house,
    open_lines,
    write_centre,
)

pytestmark = pytest.mark.live

Address = tuple[str, int]

INSIDE = own_addresses()[0]
"""Where the centre listens: an address of this machine that others can reach."""
OUTSIDE = "203.0.113.7"
CARRIER = "127.0.0.100"
"""From where calls from outside reach the centre."""
LOCAL_NET = "127.0.0.0/26"  # not this machine's own, which need not be said
SHIFT = 1000  # between a port of the centre and the router's that leads there


class Door(asyncio.DatagramProtocol):
    """One side of a forwarded port. What comes in goes out at the other side, to who spoke there last."""

    def __init__(self, let_through: Callable[[bytes], bytes], peer: Address | None = None) -> None:
        self.peer = peer
        self.other = self
        self._let_through = let_through

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.peer = addr
        packet = self._let_through(data)
        assert self.other.peer is not None
        self.other.transport.sendto(packet, self.other.peer)


class Router:
    """Forwards SIP, and whatever port for audio the centre names."""

    def __init__(self, open_doors: AsyncExitStack) -> None:
        self.told: list[str] = []
        self._open_doors = open_doors
        self._forwarded: dict[int, asyncio.Task[None]] = {}

    def forward(self, port: int) -> asyncio.Task[None]:
        """Let what comes to the router's port reach the centre's."""
        if port not in self._forwarded:
            self._forwarded[port] = asyncio.create_task(self._forward(port))
        return self._forwarded[port]

    async def _forward(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        front, back = Door(lambda packet: packet), Door(self._let_out, (INSIDE, port))
        front.other, back.other = back, front
        for door, address in ((back, (CARRIER, 0)), (front, (INSIDE, port + SHIFT))):
            await loop.create_datagram_endpoint(lambda door=door: door, local_addr=address)  # type: ignore[misc]
            self._open_doors.callback(door.transport.close)

    def _let_out(self, packet: bytes) -> bytes:
        """A packet of the centre as those outside find it; SIP is written down."""
        if not re.match(rb"SIP/2.0 |[A-Z]+ sip:", packet):
            return packet
        text = packet.decode()
        self.told.append(text)
        head, _, body = text.partition("\r\n\r\n")
        body = re.sub(r"(?<=m=audio )\d+", self._led_to, body).replace(OUTSIDE, INSIDE)
        head = re.sub(
            rf"{re.escape(OUTSIDE)}:(\d+)", lambda at: f"{INSIDE}:{int(at[1]) + SHIFT}", head
        )
        head = re.sub(r"(?<=Content-Length:)\s*\d+", f" {len(body)}", head)
        return f"{head}\r\n\r\n{body}".encode()

    def _led_to(self, port: re.Match[str]) -> str:
        self.forward(int(port[0]))
        return str(int(port[0]) + SHIFT)

    def told_in(self, pattern: str) -> set[str]:
        """All that the centre said to those outside, by a pattern with one group."""
        return set(re.findall(pattern, "".join(self.told), re.MULTILINE))


@asynccontextmanager
async def router(port: int) -> AsyncIterator[Router]:
    async with AsyncExitStack() as doors:
        opened = Router(doors)
        await opened.forward(port)
        yield opened


def expose(config: Path, *options: str) -> str:
    """`callcenter expose`; what it says."""
    command = [sys.executable, "-m", "callcenter", "--config", str(config), "--lang", "en"]
    ended = subprocess.run(
        [*command, "expose", *options], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[LiveCentre]:
    """A centre that was exposed, with a carrier outside."""
    with free_ports() as ports:
        running = LiveCentre(tmp_path / "exposed", ports, INSIDE)
        write_centre(running.folder, ports)
        config = running.folder / "callcenter.toml"
        config.write_text(config.read_text().replace('["127.0.0.1"]', f'["{CARRIER}"]'))
        said = expose(config, "--sip", INSIDE, "--address", OUTSIDE, "--local-net", LOCAL_NET)
        assert f"The outside is told {OUTSIDE}" in said
        try:
            running.start_as_written()
            asyncio.run(open_lines(running, 1))
            yield running
        finally:
            running.stop()


@pytest.fixture
async def house(centre: LiveCentre) -> AsyncIterator[House]:
    async with open_house(centre, INSIDE) as opened:
        yield opened


async def test_a_caller_outside_and_an_agent_inside_hear_each_other_through_the_router(
    house: House,
) -> None:
    sip, line = house.centre.ports.sip, await house.line()
    agent = await house.agent([line])
    async with router(sip) as outer:
        caller = await house.phones.dial(
            line.number, proxy=f"{INSIDE}:{sip + SHIFT}", caller_id="+4917139200"
        )
        leg = await agent.takes()
        hz = house.tone()
        caller.say_tone(hz)
        await asyncio.gather(leg.hears(hz, LONG), caller.hears(agent.hz, LONG))
        assert outer.told_in(r"^c=IN IP4 (\S+)\r$") == {OUTSIDE}
        assert outer.told_in(r"^Contact: <sip:(?:[^@>]*@)?([^:;>]+)") == {OUTSIDE}
        ended_by_caller = await caller.hang_up(LONG)
        ended = await leg.ended(LONG)
        assert (ended_by_caller.by, ended.by) == (Side.HERE, Side.THERE)
        await house.nothing_is_left()
