"""The ARI client and the AMI side door against a real Asterisk, the production filter on."""

import ast
import asyncio
import json
import logging
import secrets
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from callcenter.adapters.asterisk.ami import DoorAddress, SideDoor, open_side_door
from callcenter.adapters.asterisk.ari import generate
from callcenter.adapters.asterisk.ari.connection import Switch, open_socket
from callcenter.adapters.asterisk.ari.event_socket import Canary, EventSocket, Pace, Replaced
from callcenter.adapters.asterisk.ari.generated import applications, asterisk, channels, playbacks
from callcenter.adapters.asterisk.ari.generated.messages import AnyEvent
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import SwitchGone
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.telephony import AriTelephony
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.tts.espeak import Espeak
from callcenter.core.calls.effects import Prompt, Say, StartMusic, StopSaying, Words
from callcenter.core.facts.calls import PromptEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId, FlowId, LegId, prompt_id
from callcenter.host.asterisk_cli import wait_ready
from callcenter.host.plan import SwitchPlan
from callcenter.host.render import Rendered, render_instance
from callcenter.host.switch import prepare_switch
from callcenter.services.prompts import PromptLibrary
from tests.live.live_centre import FIGURES, promptly

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[2]
SIP_PORT = 22160
AMI_PORT = 22138
AMI_SECRET = secrets.token_hex(16)
LONG = 30.0  # Patience for what takes milliseconds on a quiet machine.
ECHO = "Local/*43@from-agent"
QUICK = Pace(every=timedelta(seconds=0.2))
MANAGER_CONF = f"""[general]
enabled = yes
bindaddr = 127.0.0.1
port = {AMI_PORT}
[cc]
secret = {AMI_SECRET}
read = call,agent,reporting
write = call,agent,reporting
"""


class Instance:
    """One Asterisk of our own, with AMI enabled, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._switch = prepare_switch(PROJECT / "run/switch", mirror=None, progress=lambda *_: None)
        plan = SwitchPlan(
            run_folder=folder,
            modules_dir=self._switch.modules_dir,
            data_dir=self._switch.data_dir,
            sounds_dir=self._switch.sounds_dir,
            moh_dir=self._switch.moh_dir,
            sip_port=SIP_PORT,
            tls_port=SIP_PORT + 1,
            http_port=22188,
            ami_port=AMI_PORT,
            rtp_first=22300,
            rtp_last=22399,
        )
        self.rendered: Rendered = render_instance(plan)
        (plan.etc_dir / "manager.conf").write_text(MANAGER_CONF)
        self.espeak = Espeak(self._switch.espeak_argv(), self._switch.espeak.environment())
        self.start()

    def start(self) -> None:
        argv = self._switch.asterisk_argv(self.rendered.conf)
        self._process = subprocess.Popen(argv, env=self._switch.asterisk.environment())

    async def ready(self) -> None:
        mine = self.rendered
        await wait_ready(mine.ari_url, mine.ari_user, mine.ari_password)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(LONG)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("ari"))
    try:
        asyncio.run(started.ready())
        yield started
    finally:
        started.kill()


@pytest.fixture
def switch(instance: Instance) -> Switch:
    mine = instance.rendered
    return Switch(mine.ari_url, mine.ari_user, mine.ari_password)


@pytest.fixture
async def http(switch: Switch) -> AsyncIterator[PooledHttp]:
    async with PooledHttp(switch) as opened:
        yield opened
        for channel in await opened.ask(channels.list_all()):
            await opened.send(channels.hangup(channel["id"]))


@pytest.fixture
async def rest(switch: Switch) -> AsyncIterator[RestSockets]:
    sockets = RestSockets(switch)
    async with running(sockets.run()):
        await asyncio.wait_for(sockets.ready(), LONG)
        yield sockets


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Replaced):
            await task


async def names_of_apps(http: PooledHttp) -> set[str]:
    """Asks again where an application went away under the switch's hands: it says 500 to that."""
    async with asyncio.timeout(LONG):
        while True:
            reply = await http.send(applications.list_all())
            if reply.ok:
                return {app["name"] for app in reply.value()}
            assert reply.status == 500, reply.message


async def reaches(wanted: int, count: Callable[[], Awaitable[int]]) -> None:
    """Ask until the switch has come that far."""
    async with asyncio.timeout(LONG):
        while await count() != wanted:
            pass


class Ear:
    """A listener that keeps what it hears and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.ups = 0
        self.losses = 0
        self.canaries: list[Canary] = []
        self._more = asyncio.Event()

    def on_event(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._more.set()

    def on_up(self, canary: Canary) -> None:
        self.ups += 1
        self._more.set()

    def on_canary(self, canary: Canary) -> None:
        self.canaries.append(canary)
        self._more.set()

    def on_lost(self, why: str) -> None:
        self.losses += 1
        self._more.set()

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LONG):
            while not holds():
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def ear(switch: Switch) -> AsyncIterator[Ear]:
    heard = Ear()
    async with running(EventSocket(switch, heard, pace=QUICK).run()):
        await heard.until(lambda: heard.ups)
        yield heard


def test_the_client_says_what_this_switch_describes(switch: Switch) -> None:
    """Run scripts/generate-ari when this fails after an upgrade of Asterisk, and read the change."""
    fresh = generate.render(generate.fetch(switch.url, switch.user, switch.password))
    kept = {file.name: file.read_text() for file in generate.PACKAGE.glob("*.py")}
    assert {name: ast.dump(ast.parse(text)) for name, text in fresh.items()} == {
        name: ast.dump(ast.parse(text)) for name, text in kept.items()
    }


async def test_canaries_carry_the_switchs_own_time(ear: Ear) -> None:
    await ear.until(lambda: len(ear.canaries) == 2)
    first, second = ear.canaries
    assert timedelta(0) < second.at - first.at < timedelta(seconds=LONG)
    assert abs(datetime.now(UTC) - second.at) < timedelta(seconds=LONG)


async def test_a_channel_comes_is_written_on_and_goes(
    ear: Ear, rest: RestSockets, http: PooledHttp
) -> None:
    name = '张伟, José & "o\'k" 100%'
    made = await rest.send(
        channels.originate_with_id(
            "c1", endpoint=ECHO, app="cc", app_args="a,b", variables={"CC_CALL": name}
        ),
        "c1",
    )
    assert made.value()["id"] == "c1"
    again = await rest.send(channels.originate_with_id("c1", endpoint=ECHO, app="cc"), "c1")
    assert again.status == 409
    await ear.until(lambda: "StasisStart" in ear.kinds())
    assert (await rest.send(channels.set_channel_var("c1", variable="X", value=name), "c1")).ok
    assert (await rest.send(channels.set_channel_vars("c1", variables={"Y": name}), "c1")).ok
    for variable in ("CC_CALL", "X", "Y"):
        kept = await http.ask(channels.get_channel_var("c1", variable=variable))
        assert kept["value"] == name
    assert (await rest.send(channels.hangup("c1", reason="normal"), "c1")).status == 204
    await ear.until(lambda: "ChannelDestroyed" in ear.kinds())
    gone = await rest.send(channels.answer("c1"), "c1")
    assert (gone.status, gone.message) == (404, "Channel not found")


async def test_names_with_signs_in_them_arrive_as_they_are(
    rest: RestSockets, http: PooledHttp
) -> None:
    name = "a/b c%2F+é"
    echo = channels.originate_with_id(name, endpoint=ECHO, context="from-agent", extension="*43")
    assert (await rest.send(echo, "c")).ok
    assert (await http.ask(channels.get(name)))["id"] == name
    assert (await rest.send(channels.get(name), "c")).value()["id"] == name


async def test_sockets_work_side_by_side_and_leave_nothing_behind(
    switch: Switch, http: PooledHttp
) -> None:
    before = await names_of_apps(http)
    pools = [RestSockets(switch, sockets=2), RestSockets(switch, sockets=2)]
    async with running(pools[0].run()), running(pools[1].run()):
        await asyncio.gather(*(pool.ready() for pool in pools))
        names = await names_of_apps(http)
        assert len(names - before) == 4
        replies = await asyncio.gather(
            *(pool.send(asterisk.ping(), str(n)) for pool in pools for n in range(200))
        )
    assert {reply.status for reply in replies} == {200}

    async def left() -> int:
        return len(await names_of_apps(http) & (names - before))

    await reaches(0, left)


async def test_a_command_that_waits_in_a_channel_holds_up_nobody(
    ear: Ear, rest: RestSockets, http: PooledHttp
) -> None:
    await rest.send(channels.originate_with_id("c1", endpoint=ECHO, app="cc"), "c1")
    await ear.until(lambda: "StasisStart" in ear.kinds())
    await rest.send(channels.play_with_id("c1", "pb-1", media=["sound:demo-congrats"]), "c1")
    await ear.until(lambda: "PlaybackStarted" in ear.kinds())
    written = asyncio.create_task(
        http.send(channels.set_channel_var("c1", variable="X", value="1"))
    )
    replies = [await rest.send(channels.get("c1"), f"call-{n}") for n in range(50)]
    assert {reply.status for reply in replies} == {200}
    assert not written.done()
    await rest.send(playbacks.stop("pb-1"), "c1")
    assert (await asyncio.wait_for(written, LONG)).ok


def telephony(
    rest: RestSockets, http: PooledHttp, library: PromptLibrary, facts: list[Fact]
) -> AriTelephony:
    return AriTelephony(
        rest,
        http,
        clock=SystemClock(),
        deliver=facts.append,
        media=lambda prompt: "demo-thanks",
        words=lambda words: library.words(words.text, words.language),
        outside=lambda number: [],
        region="CN",
        longest_call=timedelta(minutes=1),
    )


async def test_words_of_the_moment_are_spoken_and_played_and_none_after_they_were_stopped(
    ear: Ear,
    rest: RestSockets,
    http: PooledHttp,
    instance: Instance,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    call = CallId("cc1-1.1")
    facts: list[Fact] = []
    line = telephony(rest, http, PromptLibrary(tmp_path, instance.espeak), facts)
    await rest.send(channels.originate_with_id(call, endpoint=ECHO, app="cc"), call)
    await ear.until(lambda: "StasisStart" in ear.kinds())
    place, wait = Words("第二位", "zh"), Words("two minutes", "en")
    thanks = Prompt(FlowId("x"), "thanks", "en")
    leg, first, second = LegId(call), prompt_id(call, 1), prompt_id(call, 2)
    with caplog.at_level(logging.INFO):
        line.perform(call, [StartMusic(leg, "default"), Say(leg, second, (Words("四", "zh"),))])
        assert second in (await line.picture([second])).playing
        line.perform(call, [StopSaying(second), Say(leg, first, (place, thanks, wait))])
        await ear.until(lambda: "PlaybackFinished" in ear.kinds())
    await line.close()
    played = [event["playback"] for event in ear.events if event["type"] == "PlaybackFinished"]
    assert [(one["id"], one["state"]) for one in played] == [(first, "done")]
    assert [fact.number for fact in facts if isinstance(fact, PromptEnded)] == [2]
    assert "refused" not in caplog.text


async def test_being_replaced_is_heard_through_the_production_filter(switch: Switch) -> None:
    first, second = Ear(), Ear()
    async with running(EventSocket(switch, first).run()) as listening:
        await first.until(lambda: first.ups)
        async with running(EventSocket(switch, second).run()):
            with pytest.raises(Replaced):
                await asyncio.wait_for(listening, LONG)
            await second.until(lambda: second.ups)
    assert (first.losses, second.losses) == (1, 0)


def reset(connection: ClientWebSocketResponse[bool]) -> None:
    """Close without a word, as a killed process does."""
    connection.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
    )
    connection._response.close()  # There is no public way to break a connection.


async def test_a_listener_that_comes_back_at_once_never_stays_deaf(switch: Switch) -> None:
    """Of those who open while the old connection breaks, one in some hundred is registered nowhere."""
    time, longest = asyncio.get_running_loop().time, 0.0
    async with switch.session(connections=0) as session:
        for _ in range(400):
            heard = Ear()
            listening = EventSocket(switch, heard).run()
            async with open_socket(session, switch, "cc") as killed, running(listening):
                began = time()
                reset(killed)
                await heard.until(partial(getattr, heard, "ups"))
                longest = max(longest, time() - began)
            assert heard.losses == 0
    FIGURES.append(f"cut off 400 times: heard again after {longest:.2f} s at most")
    assert longest < promptly().total_seconds()


async def test_a_phone_that_is_provisioned_later_is_heard_and_each_event_once(
    ear: Ear, http: PooledHttp
) -> None:
    await provision(http, "agent-7")
    with Phone("agent-7") as phone:
        await asyncio.to_thread(phone.ask, "REGISTER", "Expires: 60")
        await ear.until(lambda: {"PeerStatusChange", "ContactStatusChange"} <= set(ear.kinds()))
        await asyncio.to_thread(phone.ask, "REGISTER", "Expires: 0")
        await ear.until(lambda: ear.kinds().count("PeerStatusChange") == 2)
        statuses = [e["peer"]["peer_status"] for e in ear.events if e["type"] == "PeerStatusChange"]
        assert statuses == ["Reachable", "Unreachable"]
        await asyncio.to_thread(phone.ask, "INVITE")
        await ear.until(lambda: "ChannelStateChange" in ear.kinds())
        (channel,) = await http.ask(channels.list_all())
        await http.send(channels.hangup(channel["id"]))
        await ear.until(lambda: "ChannelDestroyed" in ear.kinds())
    # Two different events may bear one millisecond; one told twice is alike in every field.
    counted = Counter(json.dumps(event, sort_keys=True) for event in ear.events)
    assert set(counted.values()) == {1}


async def provision(http: PooledHttp, name: str) -> None:
    for kind, fields in {
        "aor": {"max_contacts": "1", "remove_existing": "yes"},
        "endpoint": {"aors": name, "allow": "!all,ulaw", "context": "from-agent"},
    }.items():
        given = [{"attribute": key, "value": value} for key, value in fields.items()]
        await http.ask(asterisk.update_object("res_pjsip", kind, name, fields=given))


class Phone:
    """Just enough SIP to register and to call the echo."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._udp.settimeout(LONG)

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self._udp.close()

    def ask(self, method: str, *headers: str) -> str:
        port = self._udp.getsockname()[1]
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        sdp += "m=audio 22398 RTP/AVP 0\r\n"
        lines = [
            f"{method} sip:*43@127.0.0.1:{SIP_PORT} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{self._user}@127.0.0.1>;tag=1",
            f"To: <sip:{self._user}@127.0.0.1>",
            f"Call-ID: {secrets.token_hex(8)}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{self._user}@127.0.0.1:{port}>",
            *headers,
            "Content-Type: application/sdp",
            f"Content-Length: {len(sdp)}",
        ]
        self._udp.sendto(("\r\n".join(lines) + "\r\n\r\n" + sdp).encode(), ("127.0.0.1", SIP_PORT))
        return self._udp.recv(4096).decode().split("\r\n")[0]


@asynccontextmanager
async def side_door() -> AsyncIterator[SideDoor]:
    async with open_side_door(DoorAddress("127.0.0.1", AMI_PORT, "cc", AMI_SECRET)) as door:
        yield door


async def waiting_at(door: SideDoor) -> int:
    return len(await door.queue_callers("fallback"))


def has_started(ear: Ear, callers: int) -> bool:
    return ear.kinds().count("StasisStart") == callers


async def test_the_side_door_fills_and_empties_the_fallback_queue(instance: Instance) -> None:
    async with side_door() as door:
        await door.ping()
        added = [await door.queue_add("fallback", "PJSIP/agent-7") for _ in range(2)]
        removed = [await door.queue_remove("fallback", "PJSIP/agent-7") for _ in range(2)]
    assert added == removed == [True, False]


async def test_the_side_door_lists_and_moves_the_callers_of_the_fallback(
    ear: Ear, http: PooledHttp
) -> None:
    async with side_door() as door:
        for number in range(3):
            await http.ask(
                channels.originate_with_id(
                    f"q{number}", endpoint=ECHO, context="fallback", extension="s", priority=1
                )
            )
            await reaches(number + 1, partial(waiting_at, door))
        waiting = await door.queue_callers("fallback")
        assert [caller.channel_id for caller in waiting] == ["q0", "q1", "q2"]
        for moved, caller in enumerate(waiting, 1):
            assert await door.redirect(caller.channel, context="adopt", extension="s")
            # The switch moves them when it gets to it: order is kept by waiting for each.
            await ear.until(partial(has_started, ear, moved))
        starts = [event for event in ear.events if event["type"] == "StasisStart"]
        assert [start["channel"]["id"] for start in starts] == ["q0", "q1", "q2"]
        assert await door.queue_callers("fallback") == []
        assert not await door.redirect("Local/nobody-1", context="adopt", extension="s")


async def test_a_switch_that_dies_is_noticed_and_found_again(
    instance: Instance, ear: Ear, rest: RestSockets
) -> None:
    instance.kill()
    await ear.until(lambda: ear.losses)
    with pytest.raises(SwitchGone):
        await rest.send(asterisk.ping())
    instance.start()
    await instance.ready()
    await ear.until(lambda: ear.ups == 2)
    await asyncio.wait_for(rest.ready(), LONG)
    assert (await rest.send(asterisk.ping())).ok
