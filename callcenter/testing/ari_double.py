"""A small double of the switch's HTTP side, told how to misbehave.

It answers requests on WebSockets and over HTTP as the script says, sings the canary or does not,
and cuts connections. That the real switch behaves like it is shown by tests/live/test_ari_client.py.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

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


@asynccontextmanager
async def serving(answer: Answer = say_yes) -> AsyncIterator[Double]:
    """A double that listens on a port of its own, and answers so."""
    double = Double()
    double.answer = answer
    app = web.Application()
    app.router.add_get("/ari/events", double.events)
    app.router.add_post("/ari/events/user/cc-canary", double.sing)
    app.router.add_route("*", "/ari/{rest:.*}", double.rest)
    async with TestServer(app) as server:
        double.url = str(server.make_url("/ari"))
        yield double


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run beside the test; whatever it leaves behind fails the test."""
    before = asyncio.all_tasks()
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))
    ours = {t for t in asyncio.all_tasks() - before if "callcenter" in str(t.get_coro())}
    assert not ours
