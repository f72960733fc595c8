"""A carrier that is asked by OPTIONS: the switch, the engine and its figures know whether it answers."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from tests.live.live_centre import LONGER, House, until

pytestmark = pytest.mark.live

_COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):.*\r\n", re.MULTILINE)


class Carrier(asyncio.DatagramProtocol):
    """Says 200 OK to whatever it is asked."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        headers = b"".join(_COPIED.findall(data))
        reply = b"SIP/2.0 200 OK\r\n" + headers + b"Content-Length: 0\r\n\r\n"
        self._transport.sendto(reply, addr)


@asynccontextmanager
async def carrier(house: House) -> AsyncIterator[None]:
    address = house.centre.ports.carrier
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Carrier, local_addr=address)
    try:
        yield
    finally:
        transport.close()


async def shown_up(house: House) -> dict[str, float]:
    url = f"http://127.0.0.1:{house.centre.prepared.settings.http.port}/metrics"
    async with house.http.get(url) as reply:
        text = await reply.text()
    found = re.findall(r'callcenter_trunk_up\{trunk="(\w+)"\} (\S+)', text)
    return {name: float(value) for name, value in found}


async def test_a_carrier_that_falls_silent_is_known_and_known_to_be_back(house: House) -> None:
    async def is_silent() -> bool:
        return await shown_up(house) == {"test": 1.0, "carrier": 0.0}

    async def is_there() -> bool:
        return await shown_up(house) == {"test": 1.0, "carrier": 1.0}

    await until(is_silent, LONGER, "the carrier to be known as silent")
    async with carrier(house):
        await until(is_there, LONGER, "the carrier to be known as there")
    await until(is_silent, LONGER, "the carrier to be known as silent again")
    log = (house.centre.run_folder / "logs/engine.log").read_text()
    assert "trunk does not answer" in log and "trunk answers again" in log
