"""Agents' phones over UDP, TCP and TLS alike: they register, are rung and talk."""

import asyncio
import re
import shutil
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from callcenter.edge.certificates import self_signed
from callcenter.testing.phones import Transport
from tests.live.live_centre import LONG, LONGER, House, until

pytestmark = pytest.mark.live

_SAID_IN_URI: Final = re.compile(r";transport=(\w+)", re.IGNORECASE)  # nothing is said of UDP


async def test_a_renewed_certificate_is_shown_to_phones_without_a_restart(
    house: House, tmp_path: Path
) -> None:
    renewed = self_signed(tmp_path, ["127.0.0.1"], datetime.now(UTC))
    served = house.centre.folder / "tls"
    shutil.copy(renewed.key, served / "self-signed.key")
    shutil.copy(renewed.certificate, served / "self-signed.crt")
    address = ("127.0.0.1", house.centre.ports.sip + 1)

    async def is_shown() -> bool:
        shown = await asyncio.to_thread(ssl.get_server_certificate, address)
        return shown == renewed.certificate.read_text()

    await until(is_shown, LONGER, "the new certificate to be shown", every=1.0)


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
