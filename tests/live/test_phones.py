"""The phones, the raw SIP sender and SIPp against a real Asterisk, without any engine."""

import asyncio
import base64
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter.host.switch import prepare_switch
from callcenter.testing.phones import Codec, Phone, Phones, RegistrationRefused, Side
from callcenter.testing.sip_raw import RawSip, sdp_offer
from callcenter.testing.sipp import Load, RegisteredPhone, Scenario, Sipp, SippFailed
from callcenter.testing.tones import hears, person_tones

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[2]
PORTS = 23000
SIP_PORT = PORTS + 60
SWITCH = f"127.0.0.1:{SIP_PORT}"
CALLER_HZ, AGENT_HZ = person_tones()[2:4]
STRANGER = "127.0.0.9"
A_WHILE = timedelta(milliseconds=200)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A switch of our own, with what one needs to know to use it."""
    folder = tmp_path_factory.mktemp("switch")
    with subprocess.Popen(
        [PROJECT / "scripts/switch-up", str(PORTS), str(folder)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        # The facts end with the only line that is a closing brace.
        facts = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
        yield json.loads(facts)
        process.terminate()


class Ari:
    """As much of ARI as these tests need."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse):
        self._session = session
        self._socket = socket

    async def ask(self, method: str, path: str, **body: object) -> Any:
        async with self._session.request(method, f"/ari{path}", json=body) as reply:
            assert reply.status < 300, await reply.text()
            return json.loads(await reply.text() or "null")

    async def entered(self) -> str:
        """Id of the next channel that enters the application."""
        async with asyncio.timeout(5):
            while (event := await self._socket.receive_json())["type"] != "StasisStart":
                pass
        return str(event["channel"]["id"])

    async def gone(self, channel: str) -> None:
        """Ask until a channel is not there any more."""
        async with asyncio.timeout(30):
            while channel in [one["id"] for one in await self.channels()]:
                pass

    async def beat(self) -> None:
        """Say that an engine is there."""
        await self.ask("POST", f"/asterisk/variable?variable=CC_HB&value={int(time.time())}")

    async def provide(self, agent: str, password: str, **aor: str) -> None:
        """Make an agent's endpoint at run time."""
        about: dict[str, dict[str, str]] = {
            "auth": {"auth_type": "digest", "username": agent, "password": password},
            "aor": {"max_contacts": "1", "remove_existing": "yes", **aor},
            "endpoint": {
                "identify_by": "auth_username,username",
                "context": "from-agent",
                "disallow": "all",
                "allow": "ulaw,alaw",
                "auth": agent,
                "aors": agent,
                "direct_media": "no",
                "media_address": "127.0.0.1",
                "bind_rtp_to_media_address": "yes",
            },
        }
        for kind, values in about.items():
            fields = [{"attribute": name, "value": value} for name, value in values.items()]
            path = f"/asterisk/config/dynamic/res_pjsip/{kind}/{agent}"
            await self.ask("PUT", path, fields=fields)

    async def ring(self, agent: str, call: str) -> str:
        ringing = await self.ask(
            "POST",
            "/channels",
            endpoint=f"PJSIP/{agent}",
            app="cc",
            callerId="+4930123",
            variables={"PJSIP_HEADER(add,X-CC-Call)": call},
        )
        return str(ringing["id"])

    async def channels(self) -> list[Any]:
        found = await self.ask("GET", "/channels")
        assert isinstance(found, list)
        return found


@pytest.fixture
async def ari(switch: dict[str, Any]) -> AsyncIterator[Ari]:
    who = base64.b64encode(f"{switch['ari_user']}:{switch['ari_password']}".encode()).decode()
    async with (
        aiohttp.ClientSession(
            f"http://127.0.0.1:{PORTS + 88}", headers={"Authorization": f"Basic {who}"}
        ) as session,
        session.ws_connect("/ari/events?app=cc") as socket,
    ):
        yield Ari(session, socket)


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    async with Phones(sip_port=PORTS, rtp_ports=(23100, 23198)) as opened:
        yield opened


@pytest.fixture
async def agent(ari: Ari, phones: Phones) -> Phone:
    await ari.provide("agent-7", "s3cret")
    phone = await phones.phone("agent-7", "s3cret", domain=SWITCH)
    await phone.register()
    return phone


@pytest.fixture
async def stranger(ari: Ari) -> AsyncIterator[RawSip]:
    async with RawSip(STRANGER, ("127.0.0.1", SIP_PORT)) as opened:
        yield opened


# ── phones ──


async def test_a_wrong_password_is_refused_and_the_right_one_registers(
    ari: Ari, phones: Phones
) -> None:
    await ari.provide("agent-8", "right")
    impostor = await phones.phone("agent-8", "wrong", domain=SWITCH)
    with pytest.raises(RegistrationRefused) as refused:
        await impostor.register()
    assert refused.value.status == 401
    phone = await phones.phone("agent-8", "right", domain=SWITCH)
    await phone.register()
    assert phone.registered


async def test_a_phone_that_unregistered_is_offline_until_it_registers_again(
    ari: Ari, agent: Phone
) -> None:
    assert (await ari.ask("GET", "/endpoints/PJSIP/agent-7"))["state"] == "online"
    await agent.unregister()
    assert (await ari.ask("GET", "/endpoints/PJSIP/agent-7"))["state"] == "offline"
    await agent.register()
    assert (await ari.ask("GET", "/endpoints/PJSIP/agent-7"))["state"] == "online"


@pytest.mark.parametrize("codec", ["pcmu", "pcma"])
async def test_caller_and_agent_talk_through_the_switch(
    ari: Ari, phones: Phones, agent: Phone, codec: Codec
) -> None:
    await ari.beat()
    caller = await phones.dial(
        "4930555", proxy=SWITCH, caller_id="+4930123", display_name="Jo", codecs=(codec,)
    )
    call = await ari.entered()
    await ari.ask("POST", f"/channels/{call}/answer")
    await caller.established()
    await ari.ring("agent-7", call)
    leg = await agent.rings()
    assert leg.headers["X-CC-Call"] == call
    assert leg.peer == "sip:+4930123@127.0.0.1"
    await leg.answer()
    agents_channel = await ari.entered()
    bridge = (await ari.ask("POST", "/bridges", type="mixing"))["id"]
    await ari.ask("POST", f"/bridges/{bridge}/addChannel?channel={call},{agents_channel}")
    caller.say_tone(CALLER_HZ)
    leg.say_tone(AGENT_HZ)
    await caller.hears(AGENT_HZ)
    await leg.hears(CALLER_HZ)
    await caller.press("15#")
    await leg.gets_keys("15#")
    await leg.press("90*")
    await caller.gets_keys("90*")
    assert (await leg.hang_up()).by is Side.HERE
    await ari.ask("DELETE", f"/channels/{call}")
    assert (await caller.ended()).by is Side.THERE
    assert not hears(caller.recording, CALLER_HZ, share=0.05)
    assert caller.audio_trouble == []


async def test_a_caller_who_hangs_up_leaves_no_channel_behind(ari: Ari, phones: Phones) -> None:
    await ari.beat()
    caller = await phones.dial("4930555", proxy=SWITCH, caller_id="+4930123")
    call = await ari.entered()
    assert call in [channel["id"] for channel in await ari.channels()]
    assert (await caller.hang_up()).by is Side.HERE
    await ari.gone(call)


async def test_without_an_engine_the_caller_hears_the_fallback(phones: Phones, ari: Ari) -> None:
    await ari.ask("POST", "/asterisk/variable?variable=CC_HB&value=0")
    caller = await phones.dial("4930555", proxy=SWITCH)
    await caller.established()
    await caller.hears_anything(within=timedelta(seconds=5))
    assert (await caller.hang_up()).by is Side.HERE


async def test_what_the_dialplan_forbids_is_refused_with_its_cause(agent: Phone) -> None:
    leg = await agent.dial("004911")
    ending = await leg.ended()
    assert (ending.by, ending.status, ending.cause) == (Side.THERE, 403, 21)


async def test_twenty_agents_register_in_one_process(ari: Ari, phones: Phones) -> None:
    names = [f"agent-{number}" for number in range(100, 120)]
    for name in names:
        await ari.provide(name, "s3cret")
    crew = [await phones.phone(name, "s3cret", domain=SWITCH) for name in names]
    await asyncio.gather(*(phone.register() for phone in crew))
    assert [phone.registered for phone in crew] == [True] * 20
    for name in names[:3]:
        await ari.ring(name, "cc1-1.1")
    legs = [await phone.rings() for phone in crew[:3]]
    endings = [await leg.reject() for leg in legs]
    assert [ending.by for ending in endings] == [Side.HERE] * 3


# ── hostile SIP ──


@pytest.mark.parametrize(
    "method", ["INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH"]
)
async def test_a_stranger_is_challenged_and_gets_no_channel(
    ari: Ari, stranger: RawSip, method: str
) -> None:
    offer = sdp_offer(STRANGER, 23990)
    reply = await stranger.ask(stranger.request(method, f"sip:4930555@{SWITCH}", body=offer))
    assert reply.status == 401
    assert await ari.channels() == []


@pytest.mark.parametrize("whose", ["agent", "trunk"])
async def test_a_forged_identity_from_elsewhere_is_challenged(
    ari: Ari, agent: Phone, switch: dict[str, Any], stranger: RawSip, whose: str
) -> None:
    name = {"agent": agent.user, "trunk": switch["trunk_endpoint"]}[whose]
    invite = stranger.request(
        "INVITE",
        f"sip:4930555@{SWITCH}",
        sender=f"<sip:{name}@{SWITCH}>",
        contact=f"<sip:{name}@127.0.0.1:{PORTS}>",
        body=sdp_offer(STRANGER, 23990),
    )
    assert (await stranger.ask(invite)).status == 401
    assert await ari.channels() == []


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0" * 1000,
        b"INVITE\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\nVia: \xff\xfe\r\n\r\n",
        b"A" * 60_000,
        b"SIP/2.0 200 OK\r\n\r\n",
        b"INVITE sip:1@x SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
    ],
)
async def test_a_broken_packet_does_no_harm(stranger: RawSip, packet: bytes) -> None:
    stranger.send(packet)
    assert (await stranger.ask(stranger.request("OPTIONS", f"sip:{SWITCH}"))).status == 401


@pytest.mark.parametrize(
    "sender",
    [
        '"' + "x" * 3000 + '" <sip:+4930123@127.0.0.1>',
        b'"\xff\xc3" <sip:+4930123@127.0.0.1>',
        '"<script>&,\\"" <sip:a,b&c@127.0.0.1>',
        "<sip:" + "9" * 3000 + "@127.0.0.1>",
    ],
    ids=["long name", "no UTF-8", "markup", "long number"],
)
async def test_a_caller_with_a_hostile_name_is_carried_all_the_same(
    ari: Ari, sender: str | bytes
) -> None:
    await ari.beat()
    async with RawSip("127.0.0.1", ("127.0.0.1", SIP_PORT)) as sip:
        invite = sip.request(
            "INVITE", f"sip:4930555@{SWITCH}", sender=sender, body=sdp_offer("127.0.0.1", 23990)
        )
        asked = asyncio.create_task(sip.ask(invite))
        await ari.ask("POST", f"/channels/{await ari.entered()}/answer")
        answer = await asked
        assert answer.status == 200
        assert (await sip.hang_up(invite, answer)).status == 200


# ── SIPp ──


@pytest.fixture
def sipp(tmp_path: Path) -> Sipp:
    prepared = prepare_switch(PROJECT / "run/switch", mirror=None, progress=lambda *_: None)
    return Sipp(prepared.sipp_argv(), tmp_path, prepared.sipp.environment())


async def test_sipp_registers_agents_and_answers_for_them(ari: Ari, sipp: Sipp) -> None:
    await ari.provide("agent-201", "one")
    await ari.provide("agent-202", "unused", contact="sip:agent-202@127.0.0.1:23050")
    phone = RegisteredPhone("agent-201", "one", port=23050)
    registering = await sipp.start(
        Load(Scenario.REGISTER, port=23054, target=("127.0.0.1", SIP_PORT), phones=[phone])
    )
    assert (await registering.finished(timedelta(seconds=10))).successful == 1
    crew = await sipp.start(Load(Scenario.AGENT, port=23050, media_port=23800, echo=True))
    for name in ("agent-201", "agent-202"):
        await ari.ring(name, "cc1-1.1")
        await ari.ask("DELETE", f"/channels/{await ari.entered()}")
    outcome = await crew.stop()
    assert (outcome.successful, outcome.failed) == (2, 0)
    assert [moment.detail for moment in outcome.moments] == ["agent-201", "agent-202"]
    assert set(outcome.at("rang")) == {"+4930123"}
    assert outcome.cpu > timedelta()


async def test_sipp_callers_reach_agents_and_say_when(sipp: Sipp) -> None:
    crew = await sipp.start(Load(Scenario.AGENT, port=23050, media_port=23800, stay=A_WHILE))
    callers = await sipp.start(
        Load(
            Scenario.CALLER,
            port=23052,
            target=("127.0.0.1", 23050),
            number="agent-7",
            calls=10,
            calls_per_second=50,
            media_port=23810,
        )
    )
    outcome = await callers.finished(timedelta(seconds=10))
    rang = (await crew.stop()).at("rang")
    dialled, answered = outcome.at("dialled"), outcome.at("answered")
    assert (outcome.successful, outcome.failed, outcome.exit_status) == (10, 0, 0)
    assert len(dialled) == 10
    assert dialled.keys() == rang.keys() == answered.keys()
    assert all(dialled[n] <= rang[n] <= answered[n] - A_WHILE / 2 for n in dialled)


async def test_sipp_callers_who_are_refused_count_as_failed(ari: Ari, sipp: Sipp) -> None:
    callers = await sipp.start(
        Load(
            Scenario.PATIENT_CALLER,
            address=STRANGER,
            port=23052,
            target=("127.0.0.1", SIP_PORT),
            calls=2,
            media_port=23810,
        )
    )
    outcome = await callers.finished(timedelta(seconds=10))
    assert (outcome.successful, outcome.failed, outcome.exit_status) == (0, 2, 1)
    assert "401 Unauthorized" in outcome.errors


async def test_sipp_on_a_port_in_use_says_so(ari: Ari, sipp: Sipp) -> None:
    run = await sipp.start(Load(Scenario.AGENT, port=SIP_PORT))
    with pytest.raises(SippFailed, match="in use"):
        await run.finished(timedelta(seconds=5))


async def test_a_server_that_never_ends_is_killed_at_the_deadline(sipp: Sipp) -> None:
    run = await sipp.start(Load(Scenario.AGENT, port=23050))
    with pytest.raises(SippFailed, match=r"did not finish within 0\.2 s"):
        await run.finished(A_WHILE)
