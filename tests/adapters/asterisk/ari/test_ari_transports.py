"""The transports against a small double of the switch's HTTP side, told how to misbehave.

That the real switch behaves like the double is shown by tests/live/test_ari_client.py.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.event_socket import (
    MUTED,
    NEVER_MUTED,
    Canary,
    EventSocket,
    Pace,
    Replaced,
)
from callcenter.adapters.asterisk.ari.generated import AnyEvent, asterisk, channels, recordings
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import NoReply, Refused, SwitchGone
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets

pytestmark = pytest.mark.adapter

SOON = 5.0  # Far more than anything here takes.
PROMPT = Pace(
    every=timedelta(seconds=0.02),
    first_within=timedelta(seconds=0.1),
    within=timedelta(seconds=0.1),
)

Message = dict[str, Any]
Answer = Callable[[web.WebSocketResponse, Message], Awaitable[None]]
HttpAnswer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def say(socket: web.WebSocketResponse, message: Message) -> None:
    await socket.send_str(orjson.dumps(message).decode())


async def say_yes(socket: web.WebSocketResponse, request: Message, status: int = 200) -> None:
    answer = {"type": "RESTResponse", "request_id": request["request_id"], "status_code": status}
    await say(socket, {**answer, "message_body": orjson.dumps(request["uri"]).decode()})


async def silence(socket: web.WebSocketResponse, request: Message) -> None:
    return


class Double:
    """The switch's HTTP side."""

    def __init__(self) -> None:
        self.sockets: dict[str, list[web.WebSocketResponse]] = defaultdict(list)
        self.opened: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.asked: list[tuple[str, str]] = []
        self.http: list[tuple[str, str, Any]] = []
        self.answer: Answer = say_yes
        self.http_answer: HttpAnswer | None = None
        self.closed_at: list[float] = []
        self.opened_at: list[float] = []
        self.deaf_sockets = 0
        self.is_shut = False
        self.songs_take = 0.0
        self.url = ""

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        if self.is_shut:
            raise web.HTTPServiceUnavailable
        app = request.query["app"]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened_at.append(asyncio.get_running_loop().time())
        self.sockets[app].append(socket)
        self.opened[app].set()
        with suppress(ConnectionError):
            async for frame in socket:
                assert frame.type is WSMsgType.TEXT
                message = orjson.loads(frame.data)
                self.asked.append((app, message["uri"]))
                await (say_yes if message["uri"] == "asterisk/ping" else self.answer)(
                    socket, message
                )
        self.closed_at.append(asyncio.get_running_loop().time())
        return socket

    async def rest(self, request: web.Request) -> web.StreamResponse:
        self.http.append(
            (request.method, request.raw_path, orjson.loads(await request.read() or b"{}"))
        )
        if self.http_answer is not None:
            return await self.http_answer(request)
        return web.json_response({})

    async def sing(self, request: web.Request) -> web.Response:
        ears = self.sockets[request.query["application"]]
        await asyncio.sleep(self.songs_take)
        if len(ears) > self.deaf_sockets:
            said = (await request.json())["variables"]
            await say(ears[-1], self.canary(**said))
        return web.Response(status=204)

    def canary(self, **said: str) -> Message:
        return {
            "type": "ChannelUserevent",
            "eventname": "cc-canary",
            "userevent": said,
            "timestamp": "2026-11-22T03:56:18.270+0000",
            "application": "cc",
        }

    async def tell(self, **message: Any) -> None:
        await say(self.sockets["cc"][-1], message)

    async def cut(self, app: str) -> None:
        """Break the connection without a word."""
        for socket in self.sockets[app]:
            request = socket._req
            assert request is not None
            assert request.transport is not None
            request.transport.abort()
        self.opened[app].clear()


class Ear:
    """A listener that writes down what it hears and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.canaries: list[Canary] = []
        self._more = asyncio.Event()

    def on_event(self, event: AnyEvent) -> None:
        self._note(event["type"])

    def on_up(self, canary: Canary) -> None:
        self.canaries.append(canary)
        self._note("up")

    def on_canary(self, canary: Canary) -> None:
        self.canaries.append(canary)
        self._note("canary")

    def on_lost(self, why: str) -> None:
        self._note("lost")

    @property
    def story(self) -> list[str]:
        return [what for what in self.heard if what != "canary"]

    async def until(self, what: str, times: int = 1) -> None:
        async with asyncio.timeout(SOON):
            while self.heard.count(what) < times:
                self._more.clear()
                await self._more.wait()

    def _note(self, what: str) -> None:
        self.heard.append(what)
        self._more.set()


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    made = Double()
    app = web.Application()
    app.router.add_get("/ari/events", made.events)
    app.router.add_post("/ari/events/user/cc-canary", made.sing)
    app.router.add_route("*", "/ari/{rest:.*}", made.rest)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/ari"))
        yield made


@pytest.fixture
def switch(double: Double) -> Switch:
    return Switch(double.url, "cc", "secret")


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run beside the test; whatever it leaves behind fails the test."""
    before = asyncio.all_tasks()
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Replaced):
            await task
    ours = {t for t in asyncio.all_tasks() - before if "callcenter" in str(t.get_coro())}
    assert not ours


@asynccontextmanager
async def rest_sockets(switch: Switch, **settings: Any) -> AsyncIterator[RestSockets]:
    rest = RestSockets(switch, **settings)
    async with running(rest.run()):
        async with asyncio.timeout(SOON):
            await rest.ready()
        yield rest


# ── REST over WebSockets ──


async def test_answers_find_their_questions_whatever_their_order(
    double: Double, switch: Switch
) -> None:
    kept: list[Message] = []

    async def backwards(socket: web.WebSocketResponse, request: Message) -> None:
        kept.append(request)
        for waiting in reversed(kept if len(kept) == 3 else []):
            await say_yes(socket, waiting)

    double.answer = backwards
    async with rest_sockets(switch, sockets=1) as rest:
        replies = await asyncio.gather(*(rest.send(channels.get(f"c{n}")) for n in range(3)))
    assert [reply.payload for reply in replies] == [f'"channels/c{n}"' for n in range(3)]


async def test_commands_of_one_call_keep_their_order_on_one_socket(
    double: Double, switch: Switch
) -> None:
    async with rest_sockets(switch, sockets=4) as rest:
        await asyncio.gather(
            *(
                rest.send(channels.ring(f"{call}-{step}"), key=f"call{call}")
                for step in range(5)
                for call in range(20)
            )
        )
    asked = [(app, uri) for app, uri in double.asked if uri != "asterisk/ping"]
    for call in range(20):
        mine = [(app, uri) for app, uri in asked if uri.startswith(f"channels/{call}-")]
        assert [uri for _, uri in mine] == [f"channels/{call}-{step}/ring" for step in range(5)]
        assert len({app for app, _ in mine}) == 1
    assert len({app for app, _ in asked}) == 4


async def test_an_error_status_is_an_answer(double: Double, switch: Switch) -> None:
    async def gone(socket: web.WebSocketResponse, request: Message) -> None:
        await say_yes(socket, request, status=404)

    double.answer = gone
    async with rest_sockets(switch) as rest:
        reply = await rest.send(channels.hangup("c1"))
    assert reply.status == 404


async def test_a_cut_connection_fails_what_was_on_its_way_and_heals(
    double: Double, switch: Switch
) -> None:
    asked = asyncio.Event()

    async def heard_only(socket: web.WebSocketResponse, request: Message) -> None:
        asked.set()

    double.answer = heard_only
    async with rest_sockets(switch, sockets=1) as rest:
        (app,) = double.sockets
        unanswered = rest.send(channels.answer("c1"))
        await asked.wait()
        await double.cut(app)
        with pytest.raises(SwitchGone) as lost:
            await unanswered
        assert lost.value.maybe_done
        double.answer = say_yes
        given_while_down = rest.send(channels.answer("c2"))
        assert (await asyncio.wait_for(given_while_down, SOON)).ok


async def test_a_command_nobody_takes_is_given_back_as_surely_not_done(
    double: Double, switch: Switch
) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1) as rest:
        double.is_shut = True
        (app,) = double.sockets
        on_its_way = rest.send(channels.answer("c1"))
        await double.cut(app)
        with pytest.raises(SwitchGone):
            await on_its_way
        with pytest.raises(SwitchGone) as lost:
            await rest.send(channels.answer("c2"))
    assert not lost.value.maybe_done


async def test_before_the_first_connection_commands_are_refused_at_once(switch: Switch) -> None:
    with pytest.raises(SwitchGone):
        await RestSockets(switch).send(asterisk.ping())


async def test_a_late_answer_is_no_failure_of_the_command_but_ends_the_socket(
    double: Double, switch: Switch
) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1, timeout=timedelta(seconds=0.1)) as rest:
        (app,) = double.sockets
        double.opened[app].clear()
        with pytest.raises(NoReply):
            await rest.send(channels.answer("c1"))
        await asyncio.wait_for(double.opened[app].wait(), SOON)
        double.answer = say_yes
        await asyncio.wait_for(rest.ready(), SOON)
        assert (await rest.send(channels.answer("c2"))).ok


async def test_a_cancelled_command_that_has_not_left_stays(double: Double, switch: Switch) -> None:
    async with rest_sockets(switch, sockets=1) as rest:
        rest.send(channels.answer("never")).cancel()
        await rest.send(channels.answer("c2"))
        assert rest.unanswered == 0
    assert [uri for _, uri in double.asked if "channels" in uri] == ["channels/c2/answer"]


@pytest.mark.parametrize("nonsense", ["{", "[]", '"text"'])
async def test_nonsense_ends_the_socket_and_not_the_engine(
    double: Double, switch: Switch, nonsense: str
) -> None:
    async def talk_nonsense(socket: web.WebSocketResponse, request: Message) -> None:
        await socket.send_str(nonsense)

    double.answer = talk_nonsense
    async with rest_sockets(switch, sockets=1) as rest:
        with pytest.raises(SwitchGone):
            await rest.send(channels.answer("c1"))
        double.answer = say_yes
        assert (await rest.send(channels.answer("c2"))).ok


async def test_stopping_answers_whoever_still_waits(double: Double, switch: Switch) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1) as rest:
        waiting = rest.send(channels.answer("c1"))
    with pytest.raises(SwitchGone):
        await waiting


# ── Events ──


async def test_up_means_filtered_subscribed_and_a_canary_heard(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    socket = EventSocket(switch, ear, pace=PROMPT)
    async with running(socket.run()):
        await ear.until("up")
        await ear.until("canary", times=3)
        assert socket.is_up
    (_, filter_path, filtered), (_, subscribe_path, _) = double.http
    assert filter_path == "/ari/applications/cc/eventFilter"
    assert {kind["type"] for kind in filtered["disallowed"]} == MUTED
    assert (
        subscribe_path == "/ari/applications/cc/subscription?eventSource=channel%3A%2Cendpoint%3A"
    )
    assert ear.canaries[0].at.isoformat() == "2026-11-22T03:56:18.270000+00:00"
    assert ear.canaries[0].epoch_seconds == 1795319778
    assert socket.last_canary == ear.canaries[-1]


async def test_an_open_but_dead_socket_is_found_out_and_replaced(
    double: Double, switch: Switch
) -> None:
    double.deaf_sockets = 3
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
    assert len(double.sockets["cc"]) == 4
    assert ear.story == ["up"]


async def test_a_slow_switch_is_given_more_time_with_each_try(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    double.songs_take = 0.08
    pace = Pace(first_within=timedelta(seconds=0.02))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await ear.until("up")
    assert 2 < len(double.sockets["cc"]) < 6


async def test_a_new_socket_is_never_opened_right_after_the_old_one_closed(
    double: Double, switch: Switch
) -> None:
    double.deaf_sockets = 2
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
        pauses = [
            opened - closed
            for closed, opened in zip(double.closed_at, double.opened_at[1:], strict=True)
        ]
    assert min(pauses) >= 0.04


async def test_a_socket_that_falls_silent_is_lost_and_found_again(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("canary")
        double.deaf_sockets = 1
        await ear.until("lost")
        await ear.until("up", times=2)
    assert ear.story == ["up", "lost", "up"]


async def test_a_cut_connection_is_lost_and_found_again(double: Double, switch: Switch) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
        await double.cut("cc")
        await ear.until("up", times=2)
    assert ear.story == ["up", "lost", "up"]
    filters = [path for _, path, _ in double.http if path.endswith("eventFilter")]
    assert len(filters) == 2


async def test_being_replaced_ends_the_listening_for_good(double: Double, switch: Switch) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()) as listening:
        await ear.until("up")
        await double.tell(type="ApplicationReplaced", application="cc")
        with pytest.raises(Replaced):
            await asyncio.wait_for(listening, SOON)
    assert ear.story == ["up", "lost"]
    assert len(double.sockets["cc"]) == 1


async def test_events_come_in_order_even_before_the_canary(double: Double, switch: Switch) -> None:
    ear = Ear()
    double.deaf_sockets = 1
    pace = Pace(first_within=timedelta(seconds=SOON))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await asyncio.wait_for(double.opened["cc"].wait(), SOON)
        for kind in ("StasisStart", "ChannelDtmfReceived", "StasisEnd"):
            await double.tell(type=kind)
        await ear.until("StasisEnd")
    assert ear.heard == ["StasisStart", "ChannelDtmfReceived", "StasisEnd"]


async def test_another_engines_canary_proves_nothing(double: Double, switch: Switch) -> None:
    ear = Ear()
    double.deaf_sockets = 1
    pace = Pace(first_within=timedelta(seconds=SOON))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await asyncio.wait_for(double.opened["cc"].wait(), SOON)
        await double.tell(**double.canary(song="somebody-1"))
        await double.tell(type="StasisStart")
        await ear.until("StasisStart")
    assert ear.heard == ["StasisStart"]


@pytest.mark.parametrize("kind", [*sorted(NEVER_MUTED), "ChanelVarset"])
def test_what_must_be_heard_and_what_does_not_exist_cannot_be_muted(
    switch: Switch, kind: str
) -> None:
    with pytest.raises(ValueError, match=kind):
        EventSocket(switch, Ear(), muted=[kind])


# ── HTTP ──


async def test_http_gives_any_status_as_a_reply_and_what_is_needed_as_a_value(
    double: Double, switch: Switch
) -> None:
    async def taken(request: web.Request) -> web.Response:
        return web.json_response({"message": "Channel exists"}, status=409)

    async with PooledHttp(switch) as http:
        assert not await http.ask(channels.list_all())
        double.http_answer = taken
        reply = await http.send(channels.originate_with_id("c1", endpoint="Local/1@x"))
        assert (reply.status, reply.message) == (409, "Channel exists")
        with pytest.raises(Refused, match="409 Channel exists"):
            await http.ask(channels.get("c1"))


async def test_http_sends_names_and_values_as_they_are_meant(
    double: Double, switch: Switch
) -> None:
    async with PooledHttp(switch) as http:
        await http.send(recordings.get_live("cc/a b..%"))
        await http.send(asterisk.set_global_var(variable="X", value="a+b&c=%20 é"))
    paths = [path for _, path, _ in double.http]
    assert paths[0] == "/ari/recordings/live/cc%2Fa%20b%2E%2E%25"
    assert paths[1] == "/ari/asterisk/variable?variable=X&value=a%2Bb%26c%3D%2520%20%C3%A9"


async def test_http_that_takes_too_long_is_no_failure_of_the_command(
    double: Double, switch: Switch
) -> None:
    over = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response(status=204)

    double.http_answer = wait
    async with PooledHttp(switch) as http:
        with pytest.raises(NoReply):
            await http.send(channels.answer("c1"), within=timedelta(seconds=0.05))
        over.set()


async def test_http_cut_in_the_middle_may_have_been_done(double: Double, switch: Switch) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    double.http_answer = cut
    async with PooledHttp(switch) as http:
        with pytest.raises(SwitchGone) as lost:
            await http.send(channels.answer("c1"))
    assert lost.value.maybe_done


async def test_http_without_a_switch_was_surely_not_done(unused_tcp_port: int) -> None:
    nobody = Switch(f"http://127.0.0.1:{unused_tcp_port}/ari", "cc", "secret")
    async with PooledHttp(nobody) as http:
        with pytest.raises(SwitchGone) as lost:
            await http.send(channels.answer("c1"))
    assert not lost.value.maybe_done
