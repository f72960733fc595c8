"""A real edge on loopback, between real sockets, with a switch and an engine to lose."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Actor, Role
from callcenter.core.ids import AgentId
from callcenter.edge.plan import EdgePlan, TlsFiles
from callcenter.edge.server import serve
from callcenter.ports.passwords import Login

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKENS = JwtTokens(b"s" * 32)
LOGIN = Login("l1", Actor("ana", Role.AGENT, AgentId("a1")), NOON, NOON + timedelta(hours=12))
TOKEN = TOKENS.sign(LOGIN)


@dataclass
class Neighbour:
    """A server behind the edge, which can die and come back on the same port."""

    app: Callable[[], web.Application]
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        self.runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.05)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def die(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None


def switch_app() -> web.Application:
    """Answers every message with itself; "die" breaks the connection off, "bye" closes it."""

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("sip",), max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.data == "die" and request.transport is not None:
                request.transport.abort()
            elif message.data == "bye":
                await socket.close(code=4000)
            else:
                await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/ws", talk)
    return app


def engine_app() -> web.Application:
    """Says back what it was asked; has answers that break off, and a live socket."""

    async def say_back(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return web.json_response(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": [[name, value] for name, value in request.headers.items()],
                "body": body.decode("latin-1"),
            },
            status=int(request.query.get("status", "200")),
            headers={"X-Of-Engine": "1", "Keep-Alive": "timeout=1", "Set-Cookie": "a=b"},
        )

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def live(request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "snapshot", "pad": "x" * 300_000})
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application(client_max_size=10_000_000)
    app.router.add_get("/api/v1/live", live)
    app.router.add_get("/api/v1/half", break_off)
    app.router.add_route("*", "/{path:.*}", say_back)
    return app


@dataclass
class Street:
    """The edge, its neighbours, and a client in front of it."""

    plan: EdgePlan
    switch: Neighbour
    engine: Neighbour
    client: aiohttp.ClientSession
    url: str = ""
    browser: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def edge(self, **changes: Any) -> AsyncIterator["Street"]:
        plan = replace(self.plan, **changes)
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(plan, stop, port.set_result))
        await asyncio.wait({serving, port}, return_when=asyncio.FIRST_COMPLETED)
        scheme = "https" if plan.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port.result()}"
        try:
            yield self
        finally:
            stop.set()
            await serving

    def phone(self, ssl: ssl.SSLContext | bool = True, **headers: str) -> Any:
        """A phone's socket, with a token unless told otherwise."""
        given = headers or {"Authorization": f"Bearer {TOKEN}"}
        return self.client.ws_connect(f"{self.url}/ws", protocols=("sip",), headers=given, ssl=ssl)

    def trusting(self, files: TlsFiles) -> ssl.SSLContext:
        """What a client needs to trust exactly this certificate, as it is now."""
        context = ssl.create_default_context(cadata=files.certificate.read_text())
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """Switch and engine run; the edge does not yet."""
    switch, engine = Neighbour(switch_app), Neighbour(engine_app)
    await switch.start()
    await engine.start()
    plan = EdgePlan(
        tokens=TOKENS,
        now=lambda: NOON,
        port=0,
        engine_url=f"http://127.0.0.1:{engine.port}",
        switch_url=f"ws://127.0.0.1:{switch.port}/ws",
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield Street(plan, switch, engine, client)
    await switch.die()
    await engine.die()


@pytest.fixture
async def edge(street: Street) -> AsyncIterator[Street]:
    async with street.edge():
        yield street


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def login() -> Login:
    return LOGIN
