"""Agents' phones over UDP, TCP and TLS alike: they register, are rung and talk."""

import asyncio
import re
from typing import Final

import pytest

from callcenter.testing.phones import Transport
from tests.live.live_centre import LONG, House

pytestmark = pytest.mark.live

_SAID_IN_URI: Final = re.compile(r";transport=(\w+)", re.IGNORECASE)  # nothing is said of UDP


@pytest.mark.parametrize(("transport", "said"), [("udp", []), ("tcp", ["tcp"]), ("tls", ["tls"])])
async def test_a_phone_is_rung_over_the_transport_that_it_registered_over(
    house: House, transport: Transport, said: list[str]
) -> None:
    line = await house.line()
    agent = await house.agent([line], transport=transport)
    caller = await house.dial(line.number)
    caller_hz = house.tone()
    caller.say_tone(caller_hz)
    leg = await agent.takes()
    await asyncio.gather(caller.hears(agent.hz, LONG), leg.hears(caller_hz, LONG))
    offer = f"ag-{(await house.call_of(caller))['id']}-1"
    rung = await house.ari(f"/channels/{offer}/variable?variable=CHANNEL(pjsip,target_uri)")
    assert _SAID_IN_URI.findall(rung["value"].lower()) == said
    await caller.hang_up()
    await house.nothing_is_left()
