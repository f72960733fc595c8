"""What stands between the engines and their switch, and may misbehave: it counts orders, holds them,
answers for the switch, swallows its answers, or stops passing anything on without closing anything.

It runs in a thread of its own, so that it serves every test of a run.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import WSMsgType, web

_ORDERS: Final = ("channels", "bridges", "playbacks")
# The centre's calls to itself come when they like.
_OF_NOBODY: Final = "channels/test-call-"


@dataclass(frozen=True, slots=True)
class Order:
    """Something the switch is asked to do: `number` counts from the last `begin`."""

    number: int
    method: str
    path: str
    by_socket: bool


@dataclass(slots=True)
class Verdict:
    """What becomes of an order: held for so long, answered by us, or done without an answer."""

    hold_seconds: float = 0.0
    status: int | None = None
    body: str = '{"message": "by the proxy"}'
    swallow_answer: bool = False


PASS: Final = Verdict()
Judge = Callable[[Order], Verdict]


def _let_pass(_: Order) -> Verdict:
    return PASS


@dataclass(slots=True)
class AriProxy:
    """`judge` hears of each order before it is passed on, `passed` after."""

    upstream: str
    judge: Judge = _let_pass
    passed: Callable[[Order], None] = lambda _: None
    orders: list[Order] = field(default_factory=list)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def begin(
        self,
        judge: Judge = _let_pass,
        passed: Callable[[Order], None] = lambda _: None,
    ) -> None:
        """Count from one, and judge like this from now on."""
        self.judge, self.passed = judge, passed
        self.orders = []

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Pass nothing on, either way, and close nothing."""
        self._loop.call_soon_threadsafe(self._flows.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._flows.set)

    def cut(self) -> None:
        """Break every socket without a word."""

        def abort() -> None:
            for socket in list(self._sockets):
                transport = socket._req.transport if socket._req else None
                if transport is not None:
                    transport.abort()

        self._loop.call_soon_threadsafe(abort)

    # -- inside -----------------------------------------------------------------------------------

    def _order(self, method: str, path: str, *, by_socket: bool) -> Order | None:
        if method == "GET" or not path.startswith(_ORDERS) or path.startswith(_OF_NOBODY):
            return None
        order = Order(len(self.orders) + 1, method, path, by_socket)
        self.orders.append(order)
        return order

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        """A socket: events down; on some, orders up and their answers down."""
        try:
            return await self._events(request)
        except (aiohttp.ClientError, OSError):
            raise web.HTTPServiceUnavailable from None

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        await self._flows.wait()
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": request.headers.get("Authorization", "")}
            url = f"{self.upstream}{request.raw_path}"
            async with session.ws_connect(url, headers=headers, max_msg_size=0) as far:
                near = web.WebSocketResponse(max_msg_size=0)
                await near.prepare(request)
                self._sockets.add(near)
                swallowed: set[str] = set()
                down = asyncio.create_task(self._down(far, near, swallowed))
                try:
                    await self._up(near, far, swallowed)
                finally:
                    self._sockets.discard(near)
                    down.cancel()
                    await asyncio.gather(down, return_exceptions=True)
                return near

    async def _up(
        self,
        near: web.WebSocketResponse,
        far: aiohttp.ClientWebSocketResponse,
        swallowed: set[str],
    ) -> None:
        async for frame in near:
            await self._flows.wait()
            message: dict[str, Any] = json.loads(frame.data)
            order = self._order(message["method"], message["uri"], by_socket=True)
            verdict = self.judge(order) if order else PASS
            if verdict.hold_seconds:
                await asyncio.sleep(verdict.hold_seconds)
            if verdict.status is not None:
                answer = {
                    "type": "RESTResponse",
                    "request_id": message["request_id"],
                    "status_code": verdict.status,
                    "message_body": verdict.body,
                }
                await near.send_str(json.dumps(answer))
                continue
            if verdict.swallow_answer:
                swallowed.add(message["request_id"])
            await far.send_str(frame.data)
            if order is not None:
                self.passed(order)

    async def _down(
        self,
        far: aiohttp.ClientWebSocketResponse,
        near: web.WebSocketResponse,
        swallowed: set[str],
    ) -> None:
        async for frame in far:
            await self._flows.wait()
            if frame.type is not WSMsgType.TEXT:
                continue
            if swallowed and json.loads(frame.data).get("request_id") in swallowed:
                continue
            await near.send_str(frame.data)
        await near.close()

    async def rest(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        try:
            return await self._rest(request)
        except (aiohttp.ClientError, OSError):
            raise web.HTTPServiceUnavailable from None

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        await self._flows.wait()
        path = request.path.removeprefix("/ari/")
        order = self._order(request.method, path, by_socket=False)
        verdict = self.judge(order) if order else PASS
        if verdict.hold_seconds:
            await asyncio.sleep(verdict.hold_seconds)
        if verdict.status is not None:
            return web.Response(status=verdict.status, text=verdict.body)
        kept = ("Authorization", "Content-Type")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                f"{self.upstream}{request.raw_path}",
                data=await request.read(),
                headers=headers,
            ) as answer,
        ):
            body = await answer.read()
        if order is not None:
            self.passed(order)
        if verdict.swallow_answer:
            await asyncio.Event().wait()
        await self._flows.wait()
        return web.Response(status=answer.status, body=body, content_type="application/json")


@contextmanager
def proxied(port: int, switch_port: int) -> Iterator[AriProxy]:
    """A proxy on `port` of 127.0.0.1 in front of the switch, until the end of the block."""
    proxy = AriProxy(f"http://127.0.0.1:{switch_port}")
    proxy._flows.set()
    loop = proxy._loop

    async def open_it() -> web.AppRunner:
        app = web.Application(client_max_size=2**24)
        app.router.add_get("/ari/events", proxy.events)
        app.router.add_route("*", "/ari/{rest:.*}", proxy.rest)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    thread = threading.Thread(target=loop.run_forever, name="ari-proxy")
    thread.start()
    try:
        runner = asyncio.run_coroutine_threadsafe(open_it(), loop).result(30)
        try:
            yield proxy
        finally:
            loop.call_soon_threadsafe(proxy._flows.set)
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
