"""What both kinds of socket to the switch share: where it is, opening, pausing, dying cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import orjson
from aiohttp import (
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    TCPConnector,
    WSMsgType,
    encode_basic_auth,
)

CONNECT_SECONDS: Final = 2.0
# Asterisk lets ten connections wait to be taken and drops the others' first packet; Linux sends that
# again after 1 s, then 2 s. Trying anew is quicker.
KNOCK_SECONDS: Final = 0.3
CLOSE_SECONDS: Final = 0.5
# A listener that comes back sooner than about 20 ms after its old socket closed may be left
# registered nowhere (asterisk-reliability: seen in 1.5-3 % of tries, never with 20 ms or more).
SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0


class SocketLost(Exception):
    """This life of a socket is over; the next begins after a pause."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Where ARI answers, such as http://127.0.0.1:8088/ari, and as whom we speak. `may_speak` is called
    before anything leaves for it, and does not return when nothing may."""

    url: str
    user: str
    password: str = field(repr=False)
    may_speak: Callable[[], object] = field(default=lambda: None, repr=False, compare=False)

    def session(self, *, connections: int) -> ClientSession:
        """A client session that signs each request; 0 connections means without limit."""
        return ClientSession(
            # Asterisk drops an idle connection after session_keep_alive (15 s as we render it);
            # letting go first spares a command the race with that close.
            connector=TCPConnector(limit=connections, keepalive_timeout=8),
            headers={"Authorization": encode_basic_auth(self.user, self.password)},
            timeout=ClientTimeout(total=None, sock_connect=KNOCK_SECONDS),
        )


class Backoff:
    """Pauses between attempts: short after success, doubling while attempts fail."""

    def __init__(self) -> None:
        self._next = SHORTEST_PAUSE

    def reset(self) -> None:
        self._next = SHORTEST_PAUSE

    async def pause(self) -> None:
        seconds, self._next = self._next, min(self._next * 2, LONGEST_PAUSE)
        await asyncio.sleep(seconds)


@asynccontextmanager
async def open_socket(
    session: ClientSession, switch: Switch, app: str
) -> AsyncIterator[ClientWebSocketResponse[bool]]:
    """A WebSocket on which the switch knows us as `app`. Open does not yet mean listened to."""
    url = f"{switch.url}/events?app={quote(app, safe='')}&subscribeAll=false"
    switch.may_speak()
    async with asyncio.timeout(CONNECT_SECONDS):
        socket = await session.ws_connect(
            url,
            timeout=ClientWSTimeout(ws_close=CLOSE_SECONDS),
            max_msg_size=0,
            decode_text=False,
        )
    try:
        yield socket
    finally:
        await socket.close()


async def next_message(socket: ClientWebSocketResponse[bool]) -> dict[str, Any]:
    """The next message. Raises SocketLost when there will be none, or none that can be read."""
    frame = await socket.receive()
    if frame.type is not WSMsgType.TEXT:
        raise SocketLost(f"socket ended ({frame.type.name}, code {socket.close_code})")
    try:
        message = orjson.loads(frame.data)
    except orjson.JSONDecodeError as error:
        raise SocketLost(f"unreadable message ({error})") from None
    if not isinstance(message, dict):
        raise SocketLost("a message that is no object")
    return message


async def until_first_ends(*parts: Coroutine[Any, Any, object]) -> None:
    """Run the parts side by side until one ends or fails; stop the others, pass its failure on."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()
