"""The live socket: `GET /api/v1/live`, the whole picture once, then every change by its number.

From the server, one JSON object a message:

    {"type": "snapshot", "number": 41, "state": {…}}     the state after change 41
    {"type": "change", "number": 45, "change": {…}}      all since the last one, at most every 50 ms;
                                                          hidden changes leave no trace, and taking
                                                          one twice does no harm
    {"type": "gap"}                                       you are too far behind: ask again

From the client: `{"type": "fetch"}`, answered by a snapshot and the changes after it. A client that
was cut off opens the socket with `?after=<last number>` and goes on from there, or is told of a gap;
always the latter if not everything is shown to them, since what they saw before is not known any more.

Nothing is buffered for a client: it pulls from the feed's ring, and when the ring has moved past
it, that is the gap. One that does not read at all for some seconds is cut off. The right to look is
asked again while the socket is open, so that closing an account closes its screens.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final
from weakref import WeakSet

import orjson
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field

from callcenter.adapters.http.auth import Authenticator
from callcenter.adapters.http.routing import API, Asked, Right, Routes
from callcenter.adapters.http.shapes import Shape
from callcenter.adapters.http.views import Shown
from callcenter.core.access import Action, Actor, may
from callcenter.core.errors import CoreError
from callcenter.ports.feed import Change, Gap, LiveFeed
from callcenter.ports.problems import ForeignOrigin, TryLater
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

View = Callable[[Actor, Change], Change | None]
"""What of a snapshot or a change this actor may see; None: nothing."""

RECHECK_SECONDS = 30.0
SEND_SECONDS = 10.0
PACE_SECONDS = 0.05
HEARTBEAT_SECONDS: Final = 20.0
SOCKETS_LIMIT: Final = 5000
LOGIN_OVER: Final = 4401  # 4000–4999 are an application's own (RFC 6455, 7.4.2).
_FROM_CLIENT_LIMIT: Final = 4096


class TooManySockets(TryLater):
    code = "too-many-sockets"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Too many live connections. Close one first.",
        "zh": "实时连接过多，请先关闭一个。",
    }


class LivePlace(Shape):
    """Where to go on from."""

    after: int | None = Field(default=None, ge=0, le=2**53)


def supervisors_only(actor: Actor, change: Change) -> Change | None:
    """The view when none is given: everything to those who may see everybody's, else nothing."""
    return change if may(actor, Action.WATCH_LIVE) else None


class LiveSockets:
    """All live sockets of this process."""

    def __init__(
        self,
        feed: LiveFeed,
        authenticator: Authenticator,
        view: View = supervisors_only,
        *,
        limit: int = SOCKETS_LIMIT,
    ) -> None:
        self._feed = feed
        self._authenticator = authenticator
        self._view = view
        self._limit = limit
        self._open: WeakSet[web.WebSocketResponse] = WeakSet()

    def routes(self) -> Routes:
        """The one route."""
        routes = Routes("live")

        @routes.add(
            "GET",
            f"{API}/live",
            "Follow the centre live (WebSocket)",
            takes=LivePlace,
            needs=Right(Action.WATCH_LIVE, asked_within=True),
            errors=(ForeignOrigin, TooManySockets),
            status=101,
            produces="application/json",
            within=None,
        )
        async def follow_live(asked: Asked[LivePlace]) -> web.StreamResponse:
            return await self._serve(asked)

        return routes

    async def close(self) -> None:
        """Tell every client to come again: the engine is going."""
        closing = [
            socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting")
            for socket in self._open
        ]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _serve(self, asked: Asked[LivePlace]) -> web.StreamResponse:
        if len(self._open) >= self._limit:
            raise TooManySockets
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=_FROM_CLIENT_LIMIT,
            timeout=SEND_SECONDS,
            compress=False,  # Deflating every change for every screen costs more than it saves.
        )
        await socket.prepare(asked.request)
        self._open.add(socket)
        one = _OneClient(socket, self._feed, self._view, asked.actor)
        try:
            await self._until_first_ends(asked, one)
        finally:
            self._open.discard(socket)
        return socket

    async def _until_first_ends(self, asked: Asked[LivePlace], one: "_OneClient") -> None:
        tasks = [
            asyncio.create_task(one.listen()),
            asyncio.create_task(one.tell(asked.body.after)),
            asyncio.create_task(self._watch_login(asked.request, one)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if (error := task.exception()) is not None:
                logger.error("live socket failed", exc_info=error)
                await one.socket.close(code=WSCloseCode.INTERNAL_ERROR)

    async def _watch_login(self, request: web.Request, one: "_OneClient") -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                who = await self._authenticator.who(request)
            except StoreAway:
                continue  # whether the login still counts cannot be asked just now
            except CoreError:
                who = None
            if who is None or who.actor != one.actor:
                await one.socket.close(code=LOGIN_OVER, message=b"sign in again")
                return


class _OneClient:
    """One socket: what it asks for, what it is told."""

    def __init__(
        self, socket: web.WebSocketResponse, feed: LiveFeed, view: View, actor: Actor
    ) -> None:
        self.socket = socket
        self.actor = actor
        self._feed = feed
        self._view = view
        self._shown = Shown()
        self._fetch = asyncio.Event()

    async def listen(self) -> None:
        """Until the client goes, or says something that is not in the language."""
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT or not _is_fetch(message.data):
                await self.socket.close(
                    code=WSCloseCode.POLICY_VIOLATION, message=b'send {"type":"fetch"} only'
                )
                return
            self._fetch.set()

    async def tell(self, after: int | None) -> None:
        """Until the client is gone or does not read."""
        try:
            if after is not None:
                await self._go_on_from(after)
            while True:
                await self._send_changes(await self._send_snapshot())
        except TimeoutError:
            logger.info("live client does not read", extra={"actor.pii": self.actor.id})
            self._cut_off()
        except ConnectionError:
            return  # Gone in the middle of a sentence.

    async def _go_on_from(self, after: int) -> None:
        if after <= self._feed.snapshot()[0] and may(self.actor, Action.WATCH_LIVE):
            await self._send_changes(after)
            return
        # A number of another life of the centre, or of a screen whose rows are not known any more.
        await self._send({"type": "gap"})
        await self._fetch.wait()

    async def _send_snapshot(self) -> int:
        self._fetch.clear()
        number, state = self._feed.snapshot()
        seen = self._view(self.actor, state)
        self._shown = Shown()
        self._told(state, seen)
        await self._send({"type": "snapshot", "number": number, "state": _present(seen or {})})
        return number

    async def _send_changes(self, after: int) -> None:
        """Until the client asks for a fresh snapshot, after a gap or on its own."""
        following = asyncio.create_task(self._follow(after))
        asking = asyncio.create_task(self._fetch.wait())
        try:
            await asyncio.wait({following, asking}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
                await self._send({"type": "gap"})
                await asking
        finally:
            for task in (following, asking):
                task.cancel()
            await asyncio.gather(following, asking, return_exceptions=True)

    async def _follow(self, after: int) -> None:
        """Until there is a gap."""
        with suppress(Gap):
            async for number, change in self._feed.follow(after):
                told = self._told(change, self._view(self.actor, change))
                if told is not None:
                    await self._send({"type": "change", "number": number, "change": told})
                # What happens meanwhile comes as one change: no eye sees more, and each one sent
                # costs as much as deciding about a call does.
                await asyncio.sleep(PACE_SECONDS)

    def _told(self, change: Change, seen: Change | None) -> Change | None:
        """What is left to tell; who sees everything needs no memory."""
        return seen if seen is None or seen is change else self._shown.tell(seen)

    async def _send(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self.socket.send_frame(orjson.dumps(message), WSMsgType.TEXT)

    def _cut_off(self) -> None:
        transport = self.socket.get_extra_info("transport")
        if transport is not None:
            transport.abort()


def _present(state: Change) -> dict[str, Any]:
    """The rows that are: a view says of rows it hides that they are gone, which is for changes."""
    return {
        kind: {key: row for key, row in rows.items() if row is not None}
        for kind, rows in state.items()
    }


def _is_fetch(text: str) -> bool:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("type") == "fetch"
