"""Sockets through the edge: a phone's to the switch, a screen's to the engine.

The far side is asked first and the near side is only then let in, so that a client sees "the switch
is away" as a plain HTTP answer instead of a socket that opens and dies. After that, messages are
handed over one by one in both directions; a side that does not take them is waited for, and the
heartbeat finds the dead.
"""

import asyncio
import logging
from collections import Counter
from typing import Final
from weakref import WeakSet

import aiohttp
from aiohttp import ClientWSTimeout, WSCloseCode, WSMsgType, web
from multidict import CIMultiDict

from callcenter.core.errors import CoreError
from callcenter.edge.forwarding import CONNECT_SECONDS, engine_address, headers_onward
from callcenter.edge.gate import (
    EngineAway,
    SwitchAway,
    TooManyPhones,
    check_origin,
    is_upgrade,
    login_of,
    offered_protocols,
)
from callcenter.edge.plan import EdgePlan
from callcenter.ports.problems import ForeignOrigin, LoginRequired, NoSuchPage, NotUnderstood

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 20.0
SIP: Final = "sip"
_CLOSE_SECONDS: Final = 2.0
_UNSENDABLE: Final = frozenset({1004, 1005, 1006, 1015})  # RFC 6455, 7.4.1
_OF_STATUS: Final[dict[int, type[CoreError]]] = {
    400: NotUnderstood,
    401: LoginRequired,
    403: ForeignOrigin,
    404: NoSuchPage,
    422: NotUnderstood,
}

Far = aiohttp.ClientWebSocketResponse


class Sockets:
    """All sockets that go through this edge."""

    def __init__(self, plan: EdgePlan, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._session = session
        self._open: WeakSet[web.WebSocketResponse] = WeakSet()
        self._phones: Counter[str] = Counter()

    async def phone(self, request: web.Request) -> web.StreamResponse:
        """A phone's socket to the switch. Raises: what makes it refused."""
        if not is_upgrade(request) or SIP not in offered_protocols(request):
            raise NotUnderstood("this is a WebSocket with sub-protocol sip")
        actor = login_of(request, self._plan).actor
        check_origin(request, self._plan)
        if (
            self._phones.total() >= self._plan.sockets_limit
            or self._phones[actor.id] >= self._plan.sockets_per_actor
        ):
            raise TooManyPhones
        self._phones[actor.id] += 1
        try:
            return await self._join_phone(request)
        finally:
            self._phones[actor.id] -= 1
            self._phones += Counter()  # Drops those at zero.

    async def _join_phone(self, request: web.Request) -> web.StreamResponse:
        try:
            far = await self._reach(self._plan.switch_url, protocols=(SIP,))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.warning("switch does not take a phone", extra={"why": type(error).__name__})
            raise SwitchAway from None
        near = self._near(protocols=(SIP,))
        return await self._join(request, near, far)

    async def screen(self, request: web.Request) -> web.StreamResponse:
        """A screen's socket to the engine, which decides who may look."""
        check_origin(request, self._plan)
        if len(self._open) >= self._plan.sockets_limit:
            raise TooManyPhones
        headers = headers_onward(request)
        for name in [name for name in headers if name.lower().startswith("sec-websocket-")]:
            headers.popall(name, None)
        try:
            far = await self._reach(str(engine_address(self._plan, request)), headers=headers)
        except aiohttp.WSServerHandshakeError as error:
            raise _OF_STATUS.get(error.status, EngineAway)() from None
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise EngineAway from None
        return await self._join(request, self._near(), far)

    async def close(self) -> None:
        """Tell every client to come again: the edge is going."""
        closing = [
            socket.close(code=WSCloseCode.GOING_AWAY, message=b"restarting")
            for socket in self._open
        ]
        await asyncio.gather(*closing, return_exceptions=True)

    def _near(self, protocols: tuple[str, ...] = ()) -> web.WebSocketResponse:
        return web.WebSocketResponse(
            protocols=protocols,
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=self._plan.frame_limit,
            timeout=_CLOSE_SECONDS,
            compress=False,
        )

    async def _reach(
        self,
        url: str,
        *,
        protocols: tuple[str, ...] = (),
        headers: CIMultiDict[str] | None = None,
    ) -> Far:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await self._session.ws_connect(
                url,
                protocols=protocols,
                headers=headers,
                heartbeat=HEARTBEAT_SECONDS,
                max_msg_size=0,  # The switch and the engine are ours.
                timeout=ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            )

    async def _join(
        self, request: web.Request, near: web.WebSocketResponse, far: Far
    ) -> web.StreamResponse:
        try:
            await near.prepare(request)
            self._open.add(near)
            await _pump_both(near, far)
        finally:
            self._open.discard(near)
            await far.close()
        return near


async def _pump_both(near: web.WebSocketResponse, far: Far) -> None:
    """Until one side is gone; then the other is told."""
    onward = asyncio.create_task(_pump(near, far))
    back = asyncio.create_task(_pump(far, near))
    try:
        await asyncio.wait({onward, back}, return_when=asyncio.FIRST_COMPLETED)
        if back.done():
            await near.close(code=_sendable(far.close_code, WSCloseCode.SERVICE_RESTART))
        else:
            await far.close(code=_sendable(near.close_code, WSCloseCode.GOING_AWAY))
    finally:
        for task in (onward, back):
            task.cancel()
        await asyncio.gather(onward, back, return_exceptions=True)


async def _pump(source: web.WebSocketResponse | Far, sink: web.WebSocketResponse | Far) -> None:
    try:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
    except (ConnectionError, aiohttp.ClientError):
        return  # The other side is gone, which the other pump sees too.


def _sendable(code: int | None, otherwise: WSCloseCode) -> int:
    return otherwise if code is None or code in _UNSENDABLE else code
