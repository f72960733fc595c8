"""A real Asterisk, prepared and configured by us, before any engine is there."""

import asyncio
import base64
import dataclasses
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter.edge.certificates import self_signed
from callcenter.edge.plan import TlsFiles
from callcenter.host.asterisk_cli import CommandFailed, NotReady, run_command, wait_ready
from callcenter.host.plan import SwitchPlan, Trunk
from callcenter.host.processes import Child, Died, Event, Keeper, Started, Stopped
from callcenter.host.render import Rendered, render_instance
from callcenter.host.switch import Switch, prepare_switch
from callcenter.testing.tls_listener import tls_listener

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[2]
SIP_PORT = 21060
HTTP_PORT = 21088
STRANGER = "127.0.0.66"
CARRIER = "127.0.0.1"
NOBODY_KNOWS = "nowhere.invalid"
ACCOUNT_CARRIER = "127.0.0.90"
SECURE_CARRIER, POSING_CARRIER = "127.0.0.91", "127.0.0.92"
TRUSTED_CARRIER = "127.0.0.93"
CARRIERS_PORT = 21061
LAW = {"ulaw": 0, "alaw": 8}


@dataclasses.dataclass(frozen=True)
class Instance:
    switch: Switch
    plan: SwitchPlan
    rendered: Rendered
    process: subprocess.Popen[bytes]
    secure: TlsFiles
    """The one certificate that is believed."""

    def ari(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(f"{self.rendered.ari_url}{path}", method=method)
        user = f"{self.rendered.ari_user}:{self.rendered.ari_password}"
        request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def cli(self, command: str) -> str:
        return asyncio.run(run_command(self.switch, self.rendered.conf, command))

    def channels(self) -> list[dict[str, Any]]:
        found = self.ari("GET", "/channels")
        assert isinstance(found, list)
        return found


def over_tls(name: str, host: str) -> Trunk:
    return Trunk(
        name,
        (host,),
        kind="registering",
        username="us",
        secret="x",
        transport="tls",
        port=CARRIERS_PORT,
        qualify_seconds=0,
    )


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    switch = prepare_switch(PROJECT / "run/switch", mirror=None, progress=lambda *_: None)
    # Deep on purpose: the control socket of a clone in a long path must still be reachable.
    folder = tmp_path_factory.mktemp("switch") / ("deep" * 20)
    secure = self_signed(tmp_path_factory.mktemp("secure"), [SECURE_CARRIER], datetime.now(UTC))
    plan = SwitchPlan(
        run_folder=folder,
        modules_dir=switch.modules_dir,
        data_dir=switch.data_dir,
        sounds_dir=switch.sounds_dir,
        moh_dir=switch.moh_dir,
        sip_port=SIP_PORT,
        http_port=HTTP_PORT,
        rtp_first=21200,
        rtp_last=21299,
        tls_port=21062,
        certificate=secure.certificate,
        private_key=secure.key,
        authorities=secure.certificate,
        trunks=(
            over_tls("secure", SECURE_CARRIER),
            over_tls("posing", POSING_CARRIER),
            Trunk(
                "account",
                (ACCOUNT_CARRIER,),
                port=CARRIERS_PORT,
                qualify_seconds=0,
                number_in="to",
                dtmf="info",
            ),
            Trunk(
                "trusted",
                (TRUSTED_CARRIER,),
                kind="registering",
                username="493055",
                secret="x",
                port=CARRIERS_PORT,
                trust_identity=True,
                qualify_seconds=0,
                dtmf="auto",
            ),
            Trunk(
                "carrier",
                (CARRIER, NOBODY_KNOWS),
                trust_identity=True,
                qualify_seconds=0,
                max_calls=2,
            ),
            Trunk(
                "far",
                ("192.0.2.10",),
                kind="registering",
                username="us",
                secret="x;y\\z",
                qualify_seconds=0,
            ),
        ),
    )
    rendered = render_instance(plan)
    process = subprocess.Popen(
        switch.asterisk_argv(rendered.conf), env=switch.asterisk.environment()
    )
    try:
        asyncio.run(wait_ready(rendered.ari_url, rendered.ari_user, rendered.ari_password))
        yield Instance(switch, plan, rendered, process, secure)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(autouse=True)
def no_calls_left(instance: Instance) -> Iterator[None]:
    yield
    for channel in instance.channels():
        try:
            instance.ari("DELETE", f"/channels/{channel['id']}")
        except urllib.error.HTTPError as error:  # It has just gone by itself.
            if error.code != HTTPStatus.NOT_FOUND:
                raise
    wait_until(lambda: instance.channels() == [])


class Phone:
    """Just enough SIP over UDP to send one request and to stay in one call."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sip = self._socket()
        self.rtp = self._socket()
        self.port = self.sip.getsockname()[1]
        self.call = secrets.token_hex(8)

    def _socket(self) -> socket.socket:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((self.address, 0))
        udp.settimeout(10)
        return udp

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self.sip.close()
        self.rtp.close()

    def send(
        self,
        method: str,
        to: str,
        *,
        sender: str = "15550001",
        display: bytes = b"",
        more: tuple[str, ...] = (),
        law: str = "ulaw",
        recipient: str = "",
    ) -> None:
        body = ""
        if method == "INVITE":
            body = (
                f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\n"
                f"t=0 0\r\nm=audio {self.rtp.getsockname()[1]} RTP/AVP {LAW[law]}\r\n"
            )
        lines = [
            f"{method} sip:{to}@127.0.0.1:{SIP_PORT} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bK{secrets.token_hex(6)}",
            f'From: "DISPLAY" <sip:{sender}@127.0.0.1>;tag={self.call}',
            f"To: {recipient or f'<sip:{to}@127.0.0.1>'}",
            f"Call-ID: {self.call}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{sender}@{self.address}:{self.port}>",
            "Max-Forwards: 70",
            *more,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        text = "\r\n".join(lines) + "\r\n\r\n" + body
        data = text.encode().replace(b"DISPLAY", display)
        self.sip.sendto(data, ("127.0.0.1", SIP_PORT))

    def final_status(self) -> int:
        while True:
            data = self.sip.recv(65535)
            status = int(data.split()[1]) if data.startswith(b"SIP/2.0") else 0
            if status >= 200:
                return status

    def heard(self, packets: int) -> list[bytes]:
        return [self.rtp.recv(2048) for _ in range(packets)]


def wait_until(condition: Callable[[], bool], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {within:g} s"
        time.sleep(0.01)


def test_it_boots_without_a_warning(instance: Instance) -> None:
    lines = instance.rendered.log.read_text().splitlines()
    warnings = [line for line in lines if re.search("WARNING|ERROR", line)]
    # A registering trunk whose carrier is not there may say so, and a name that nobody knows.
    unknown = f"{instance.rendered.trunk_endpoints['carrier']}-2"
    absent = ("192.0.2.10", TRUSTED_CARRIER, SECURE_CARRIER, POSING_CARRIER, NOBODY_KNOWS, unknown)
    assert [line for line in warnings if not any(one in line for one in absent)] == []


def test_every_listed_module_runs(instance: Instance) -> None:
    listed = set(
        re.findall(
            r"^(?:load|require) = (\S+)",
            (instance.plan.etc_dir / "modules.conf").read_text(),
            re.MULTILINE,
        )
    )
    shown = instance.cli("module show")
    running = set(re.findall(r"^(\S+\.so) .*Running", shown, re.MULTILINE))
    assert listed <= running


def test_every_application_and_function_of_the_dialplan_is_loaded(instance: Instance) -> None:
    dialplan = "".join(file.read_text() for file in (PROJECT / "dialplan").glob("*.conf"))
    steps = re.sub(r"^;.*$", "", dialplan, flags=re.MULTILINE)
    applications = set(
        re.findall(r"(?:same => n(?:\(\w+\))?|exten => [^,]+,1(?:\(\w+\))?),(\w+)\(", steps)
    )
    functions = set(re.findall(r"\$\{([A-Z]+)\(", steps)) | set(
        re.findall(r"Set\(([A-Z]+)\(", steps)
    )
    assert {"Stasis", "Queue", "ChannelRedirect"} < applications and "FILTER" in functions
    for kind, names in (("application", applications), ("function", functions)):
        shown = {name: instance.cli(f"core show {kind} {name}") for name in sorted(names)}
        assert [name for name, said in shown.items() if "not registered" in said] == []
        assert all("Info about" in said for said in shown.values()), shown


def test_ari_wants_the_password(instance: Instance) -> None:
    rendered = instance.rendered
    with pytest.raises(NotReady, match="401"):
        asyncio.run(wait_ready(rendered.ari_url, rendered.ari_user, "guessed"))


def test_an_unknown_console_command_is_an_error(instance: Instance) -> None:
    with pytest.raises(CommandFailed, match="No such command"):
        instance.cli("make coffee")


def test_ids_carry_the_name_of_the_node(instance: Instance) -> None:
    with Phone(CARRIER) as phone:
        phone.send("INVITE", "5000")
        assert phone.final_status() == 200
        assert re.fullmatch(r"cc1-\d+\.\d+", instance.channels()[0]["id"])


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "SUBSCRIBE", "OPTIONS", "MESSAGE"])
def test_a_stranger_is_asked_who_they_are_and_gets_no_channel(
    instance: Instance, method: str
) -> None:
    with Phone(STRANGER) as phone:
        phone.send(method, "5000")
        assert phone.final_status() == 401
    assert instance.channels() == []


def test_a_stranger_who_knows_the_name_of_a_trunk_is_still_a_stranger(instance: Instance) -> None:
    for name in (*instance.rendered.trunk_endpoints.values(), "carrier", "far", "us"):
        with Phone(STRANGER) as phone:
            phone.send("INVITE", "5000", sender=name)
            assert phone.final_status() == 401
    assert instance.channels() == []


@pytest.fixture
def agent(instance: Instance) -> Iterator[str]:
    """An agent's endpoint, written while the switch runs, as the engine does it."""
    objects = {
        "auth": {"auth_type": "digest", "username": "agent-7", "password": "s3cret"},
        "aor": {"max_contacts": "1", "remove_existing": "yes"},
        "endpoint": {
            "identify_by": "auth_username,username",
            "context": "from-agent",
            "disallow": "all",
            "allow": "ulaw",
            "auth": "agent-7",
            "aors": "agent-7",
        },
    }
    path = "/asterisk/config/dynamic/res_pjsip"
    for kind, fields in objects.items():
        attributes = [{"attribute": name, "value": value} for name, value in fields.items()]
        instance.ari("PUT", f"{path}/{kind}/agent-7", {"fields": attributes})
    yield "agent-7"
    for kind in ("endpoint", "aor", "auth"):
        instance.ari("DELETE", f"{path}/{kind}/agent-7")


@pytest.mark.parametrize("address", [STRANGER, CARRIER])
def test_whoever_says_to_be_an_agent_is_asked_for_the_password(
    instance: Instance, agent: str, address: str
) -> None:
    with Phone(address) as phone:
        phone.send("INVITE", "5000", sender=agent)
        assert phone.final_status() == 401
    assert instance.channels() == []


def variable(instance: Instance, name: str) -> str:
    [channel] = instance.channels()
    value = instance.ari("GET", f"/channels/{channel['id']}/variable?variable={name}")["value"]
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize(
    "dialled, did",
    [
        ("+442079460000", "+442079460000"),
        ("5000%2Cadopt-push%2Cx", "5000adopt-pushx"),
        ("5000&6000", "50006000"),
        ("%24%7BEPOCH%7D", "EPOCH"),
        ("9" * 300, "9" * 40),
        ("%22%29%2C%28", "unknown"),
        ("sales.desk_1", "sales.desk_1"),
        ("*43", "*43"),
    ],
)
def test_any_number_comes_in_and_only_harmless_signs_stay(
    instance: Instance, dialled: str, did: str
) -> None:
    with Phone(CARRIER) as phone:
        phone.send("INVITE", dialled)
        assert phone.final_status() == 200
        assert variable(instance, "CC_DID") == did
        assert variable(instance, "CC_TRUNK") == "carrier"
        assert variable(instance, "CC_SINCE").isdigit()
        assert float(variable(instance, "TIMEOUT(absolute)")) > 0


@pytest.mark.parametrize(
    "display", [b"n" * 3000, b"\xff\xfe\xc3", b"<img onerror=x>,&;${EPOCH}", "\u202e雨".encode()]
)
def test_a_hostile_name_of_a_caller_hurts_nobody(instance: Instance, display: bytes) -> None:
    with Phone(CARRIER) as phone:
        phone.send("INVITE", "5000", display=display)
        assert phone.final_status() == 200
        assert variable(instance, "CC_DID") == "5000"


@pytest.mark.parametrize(
    "first, kept",
    [
        ("<sip:111@example.test>;reason=unconditional", "111"),
        ('"Desk, \\"A\\" (1)" <sip:+1,1&1@example.test>', "+111"),
        ("<tel:+4420111>;reason=unknown", "+4420111"),
    ],
)
def test_the_number_first_dialled_is_kept(instance: Instance, first: str, kept: str) -> None:
    with Phone(CARRIER) as phone:
        diversions = ("Diversion: <sip:222@example.test>;reason=no-answer", f"Diversion: {first}")
        phone.send("INVITE", "5000", more=diversions)
        assert phone.final_status() == 200
        assert variable(instance, "CC_RDNIS") == kept


@pytest.mark.parametrize(
    "recipient, did",
    [
        ("<sip:+493023125002@example.test>", "+493023125002"),
        ('"Sales" <sip:+4930,2&3@example.test;user=phone>;x=1', "+493023"),
        ("sip:4930231@example.test", "4930231"),
        ("<sip:anonymous@example.test>", "anonymous"),
    ],
)
def test_a_carrier_may_say_in_a_header_which_number_was_dialled(
    instance: Instance, recipient: str, did: str
) -> None:
    with Phone(ACCOUNT_CARRIER) as phone:
        phone.send("INVITE", "our-account", recipient=recipient)
        assert phone.final_status() == 200
        assert variable(instance, "CC_DID") == did


def test_a_carrier_over_tls_must_prove_its_name(instance: Instance, tmp_path: Path) -> None:
    posing = self_signed(tmp_path, [POSING_CARRIER], datetime.now(UTC))
    files = {SECURE_CARRIER: instance.secure, POSING_CARRIER: posing}
    with ExitStack() as stack:
        secure, other = (
            stack.enter_context(tls_listener(address, CARRIERS_PORT, pair.certificate, pair.key))
            for address, pair in files.items()
        )
        # A carrier that was not there at first is tried again after 10 s and some.
        wait_until(lambda: bool(secure.said) and other.turned_away > 0, within=40)
    assert secure.said[0] == f"REGISTER sip:{SECURE_CARRIER}:{CARRIERS_PORT};transport=tls SIP/2.0"
    assert (secure.turned_away, other.said) == (0, [])


def test_a_trusted_trunk_says_who_is_calling(instance: Instance) -> None:
    with Phone(CARRIER) as phone:
        phone.send("INVITE", "5000", more=("P-Asserted-Identity: <sip:+15557777@example.test>",))
        assert phone.final_status() == 200
        assert variable(instance, "CALLERID(num)") == "+15557777"


def test_whoever_asks_not_to_be_named_is_marked_so(instance: Instance) -> None:
    hidden = ("P-Asserted-Identity: <sip:+15557777@example.test>", "Privacy: id")
    with Phone(CARRIER) as phone:
        phone.send("INVITE", "5000", more=hidden)
        assert phone.final_status() == 200
        assert variable(instance, "CC_PRES").startswith("prohib")


def called_out(instance: Instance, trunk: str, address: str) -> dict[str, str]:
    """The headers of the INVITE with which a call for +15557777 goes out over a trunk."""
    variables = {"GROUP(trunk)": trunk}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as carrier:
        carrier.bind((address, CARRIERS_PORT))
        carrier.settimeout(10)
        query = urllib.parse.urlencode(
            {
                "endpoint": f"PJSIP/+4930111@{instance.rendered.trunk_endpoints[trunk]}",
                "context": "agent-outside",
                "extension": "s",
                "callerId": "+15557777",
            }
        )
        instance.ari("POST", f"/channels?{query}", {"variables": variables})
        assert variable(instance, f"GROUP_COUNT({trunk}@trunk)") == "1"
        packets = iter(lambda: carrier.recv(65535).decode(), "")
        invite = next(packet for packet in packets if packet.startswith("INVITE"))
    lines = (line.partition(": ") for line in invite.split("\r\n\r\n")[0].split("\r\n")[1:])
    return {name: value for name, _, value in lines}


def test_a_trusted_trunk_is_told_for_whom_we_call(instance: Instance) -> None:
    headers = called_out(instance, "trusted", TRUSTED_CARRIER)
    assert "<sip:+15557777@" in headers["P-Asserted-Identity"]
    assert f"<sip:493055@{TRUSTED_CARRIER}>" in headers["From"]


def test_a_trunk_that_is_not_trusted_is_asserted_nothing(instance: Instance) -> None:
    headers = called_out(instance, "account", ACCOUNT_CARRIER)
    assert "P-Asserted-Identity" not in headers
    assert "<sip:+15557777@" in headers["From"]


@pytest.mark.parametrize(
    ("trunk", "mode"), [("carrier", "rfc4733"), ("account", "info"), ("trusted", "auto")]
)
def test_each_trunk_has_its_own_way_with_keys(instance: Instance, trunk: str, mode: str) -> None:
    shown = instance.cli(f"pjsip show endpoint {instance.rendered.trunk_endpoints[trunk]}")
    assert re.search(r"^ dtmf_mode +: (\S+)", shown, re.MULTILINE)[1] == mode  # type: ignore[index]


def test_a_trunk_that_is_full_says_so(instance: Instance) -> None:
    with Phone(CARRIER) as one, Phone(CARRIER) as two, Phone(CARRIER) as three:
        for phone in (one, two):
            phone.send("INVITE", "5000")
            assert phone.final_status() == 200
        three.send("INVITE", "5000")
        assert three.final_status() == 503


@pytest.mark.parametrize("law", LAW)
def test_without_an_engine_callers_hear_music_in_their_own_codec(
    instance: Instance, law: str
) -> None:
    with Phone(CARRIER) as phone:
        phone.send("INVITE", "5000", law=law)
        assert phone.final_status() == 200
        packets = phone.heard(100)
        [channel] = instance.channels()
        shown = instance.cli(f"core show channel {channel['name']}")
    assert {packet[1] & 0x7F for packet in packets} == {LAW[law]}
    assert len({packet[12:] for packet in packets}) > 90
    assert "WriteTranscode: No" in shown
    assert "Application: Queue" in shown


async def test_callers_reach_an_engine_whose_heart_beats_and_no_frozen_one(
    instance: Instance,
) -> None:
    rendered = instance.rendered
    auth = aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)
    url = f"{rendered.ari_url}/events?app=cc"
    async with (
        aiohttp.ClientSession(headers={"Authorization": auth}) as session,
        session.ws_connect(url) as events,
    ):
        with Phone(CARRIER) as phone:
            beat(instance, int(time.time()))
            diverted = ("Diversion: <sip:111@example.test>;reason=unconditional",)
            phone.send("INVITE", "5000", more=diverted)
            start = await asyncio.wait_for(next_event(events, "StasisStart"), 10)
            assert start["args"] == ["inbound", "5000"]
            told = start["channel"]["channelvars"]
            assert (told["CC_DID"], told["CC_RDNIS"]) == ("5000", "111")
        with Phone(CARRIER) as phone:
            beat(instance, int(time.time()) - 10)
            phone.send("INVITE", "6000")
            assert await asyncio.to_thread(phone.final_status) == 200
            await asyncio.to_thread(wait_until, lambda: apps(instance) == {"Queue", "Stasis"})


def test_in_a_flood_callers_are_turned_away_at_the_door_while_an_engine_answers(
    instance: Instance,
) -> None:
    try:
        beat(instance, int(time.time()))
        turn_away(instance, 100)
        with Phone(CARRIER) as phone:
            phone.send("INVITE", "5000")
            assert phone.final_status() == 503
        # Whoever told the switch so is gone: the fallback takes everybody.
        beat(instance, int(time.time()) - 60)
        with Phone(CARRIER) as phone:
            phone.send("INVITE", "5000")
            assert phone.final_status() == 200
    finally:
        turn_away(instance, 0)


def turn_away(instance: Instance, percent: int) -> None:
    instance.ari("POST", f"/asterisk/variable?variable=CC_TURN_AWAY&value={percent}")


def apps(instance: Instance) -> set[str]:
    return {channel["dialplan"]["app_name"] for channel in instance.channels()}


def beat(instance: Instance, at: int) -> None:
    instance.ari("POST", f"/asterisk/variable?variable=CC_HB&value={at}")


async def next_event(events: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = await events.receive_json()
        if event["type"] == kind:
            return event


async def test_a_killed_switch_is_up_again_by_itself(instance: Instance, tmp_path: Path) -> None:
    plan = dataclasses.replace(
        instance.plan, run_folder=tmp_path / "kept", sip_port=21160, http_port=21188, trunks=()
    )
    rendered = render_instance(plan)
    events: asyncio.Queue[Event] = asyncio.Queue()

    async def ready() -> None:
        await wait_ready(rendered.ari_url, rendered.ari_user, rendered.ari_password)

    child = Child(
        "switch",
        instance.switch.asterisk_argv(rendered.conf),
        env=instance.switch.asterisk.environment(),
        log=tmp_path / "switch.log",
        ready=ready,
    )
    async with Keeper([child], events.put_nowait) as keeper:
        first = await events.get()
        assert isinstance(first, Started)
        os.kill(first.pid, signal.SIGKILL)
        assert isinstance(await events.get(), Died)
        await ready()
        again = await events.get()
        assert isinstance(again, Started)
        assert keeper.pid("switch") == again.pid != first.pid
    assert await events.get() == Stopped("switch", killed=False)


def test_an_agents_phone_cannot_dial_out_by_itself(instance: Instance) -> None:
    shown = instance.cli("dialplan show 0015551234@from-agent")
    assert "Hangup(21)" in shown
    assert "Dial(" not in shown
