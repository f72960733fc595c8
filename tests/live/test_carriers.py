"""Carriers: the switch, the engine and its figures know whether they answer, and calls come from and
leave to one where the centre signs in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from callcenter.core.facts.calls import AgentOffered, DigitPressed
from tests.live import live_carrier
from tests.live.live_centre import LONG, LONGER, Agent, House, Line, number_of, until

pytestmark = pytest.mark.live

OUTSIDE = "+493023125903"
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
        return await shown_up(house) == {"provider": 0.0, "test": 1.0, "carrier": 0.0}

    async def is_there() -> bool:
        return await shown_up(house) == {"provider": 0.0, "test": 1.0, "carrier": 1.0}

    await until(is_silent, LONGER, "the carrier to be known as silent")
    async with carrier(house):
        await until(is_there, LONGER, "the carrier to be known as there")
    await until(is_silent, LONGER, "the carrier to be known as silent again")
    log = (house.centre.run_folder / "logs/engine.log").read_text()
    assert "trunk does not answer" in log and "trunk answers again" in log


async def agent_outside(house: House, line: Line, number: str = OUTSIDE) -> Agent:
    """An agent whose device is a telephone of the public."""
    agent = await house.agent([line], ready=False, register=False)
    await house.admin.ask("PATCH", f"/agents/{agent.id}", {"outside_number": number})
    await house.admin.ask("POST", f"/agents/{agent.id}/login", {"phone": "outside"})
    agent.phone = await house.phones.phone(number, domain=house.centre.sip)
    await agent.sets("ready")
    return agent


async def provider_is_first_choice(house: House) -> bool:
    return (await shown_up(house))["provider"] == 1.0


async def provider_is_silent(house: House) -> bool:
    """Before another begins: who is still believed to be there is called."""
    return not await provider_is_first_choice(house)


async def test_a_call_that_one_carrier_refuses_goes_out_over_the_next(
    house: House, tmp_path: Path
) -> None:
    prepared, line = house.centre.prepared, await house.line()
    with live_carrier.carrier(prepared.switch, house.centre.ports, tmp_path):
        await until(partial(provider_is_first_choice, house), LONGER, "the carrier to be there")
        agent = await agent_outside(house, line, live_carrier.REFUSED)
        caller = await house.dial(line.number)
        leg = await agent.takes()
        await house.said(leg, "en/system/agent-accept")
        await leg.press("1")
        await caller.hears(agent.hz, LONG)
        facts = house.journal(await house.id_of(caller))
        assert sum(isinstance(fact, AgentOffered) for fact in facts) == 1
        log = (house.centre.run_folder / "logs/engine.log").read_text()
        assert "carrier refuses a call" in log
        await caller.hang_up()
        await leg.ended(LONG)
        await house.nothing_is_left()
    await until(partial(provider_is_silent, house), LONGER, "the carrier to be known as silent")


@asynccontextmanager
async def signed_in(house: House, folder: Path) -> AsyncIterator[live_carrier.Carrier]:
    """The carrier that is the first choice, open for business and gone when the block ends."""
    prepared = house.centre.prepared
    registration = prepared.rendered.trunk_endpoints["provider"]
    try:
        with live_carrier.carrier(prepared.switch, house.centre.ports, folder) as carrier:
            await until(partial(provider_is_first_choice, house), LONGER, "the carrier to be there")
            await house.console(f"pjsip send register {registration}")
            await until(carrier.knows_the_customer, LONG, "the centre to sign in")
            yield carrier
    finally:
        await until(partial(provider_is_silent, house), LONGER, "the carrier to be silent")


async def test_calls_come_from_and_leave_to_the_carrier_where_the_centre_signs_in(
    house: House, tmp_path: Path
) -> None:
    number, line = house.centre.ports.account[0], await house.line()
    await house.admin.ask("PUT", f"/numbers/+{number}", {"flow": line.queue})
    async with signed_in(house, tmp_path) as carrier:
        agent = await agent_outside(house, line)
        caller = await house.phones.dial(number, proxy=carrier.sip, caller_id="+4917139299")
        leg = await agent.takes()
        assert leg.headers["From"].startswith(f"<sip:{number}@")
        await house.said(leg, "en/system/agent-accept")
        await leg.press("1")
        await caller.hears(agent.hz, LONG)
        hz = house.tone()
        caller.say_tone(hz)
        await leg.hears(hz, LONG)
        assert (await house.call_of(caller))["dnis"] == f"+{number}"
        # Both legs of the call are the carrier's: in from its public, out to its public.
        shown = await carrier.console("core show channels concise")
        assert sum(row.startswith(f"PJSIP/{number}-") for row in shown.splitlines()) == 2
        await caller.hang_up()
        await house.nothing_is_left()


async def test_callers_and_calls_out_share_the_lines_of_a_trunk(
    house: House, tmp_path: Path
) -> None:
    number, line, other_line = house.centre.ports.account[0], await house.line(), await house.line()
    await house.admin.ask("PUT", f"/numbers/+{number}", {"flow": line.queue})
    agent = await agent_outside(house, line)
    other = await agent_outside(house, other_line, "+493023125904")
    async with signed_in(house, tmp_path) as carrier:
        caller = await house.phones.dial(number, proxy=carrier.sip, caller_id="+4917139298")
        leg = await agent.phone.rings(LONG)
        assert leg.headers["From"].startswith(f"<sip:{number}@")
        # Two lines, and both are taken: the next call out goes over the next trunk, and no caller comes in.
        other_caller = await house.dial(other_line.number)
        other_leg = await other.phone.rings(LONG)
        assert f"<sip:{number_of(other_caller)}@" in other_leg.headers["From"]
        assert f"<sip:{number_of(other_caller)}@" in other_leg.headers["P-Asserted-Identity"]
        late = await house.phones.dial(number, proxy=carrier.sip, caller_id="+4917139297")
        assert (await late.ended(LONG)).status == 503
        log = (house.centre.run_folder / "logs/engine.log").read_text()
        assert '"trunk is full"' in log
        await asyncio.gather(caller.hang_up(), other_caller.hang_up())
        await house.nothing_is_left()
        # What was let go is free again.
        again = await house.phones.dial(number, proxy=carrier.sip, caller_id="+4917139296")
        leg = await agent.phone.rings(LONG)
        assert leg.headers["From"].startswith(f"<sip:{number}@")
        await again.hang_up()
        await house.nothing_is_left()


async def test_keys_are_heard_in_the_voice_where_the_trunk_says_so(
    house: House, tmp_path: Path
) -> None:
    number = house.centre.ports.account[0]
    await house.admin.ask("PUT", f"/numbers/+{number}", {"flow": "hotline"})
    async with signed_in(house, tmp_path) as carrier:
        caller = await house.phones.dial(number, proxy=carrier.sip, caller_id="+4917139295")
        await house.at(caller, "choose-language")
        await caller.press("2")
        await house.at(caller, "main-menu")
        facts = house.journal(await house.id_of(caller))
        assert [fact.digit for fact in facts if isinstance(fact, DigitPressed)] == ["2"]
        await caller.hang_up()
        await house.nothing_is_left()
