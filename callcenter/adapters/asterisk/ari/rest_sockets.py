"""Commands over WebSockets: several requests under way at once, in order for each call.

The switch answers one socket in series, so there are a few, and the call's id decides which one
its commands take; that keeps their order. Each socket is an application of its own with a name
that nobody else uses: two sockets of one name would replace each other, and a name without an
event filter cannot lose its answers to one (RESTResponse is subject to the filter).

A command given while its socket is being opened again waits for it, for a moment. A socket that owes
an answer and has said nothing for as long as the timeout is given up: behind it other calls would
queue. As long as it answers anything it is only slow: to give up then would lose every command that
stands behind, just when the switch has the most to do.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Final, TypeVar
from zlib import crc32

import orjson
from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from callcenter.adapters.asterisk.ari.connection import (
    Backoff,
    SocketLost,
    Switch,
    next_message,
    open_socket,
    until_first_ends,
)
from callcenter.adapters.asterisk.ari.generated import asterisk
from callcenter.adapters.asterisk.ari.request import NoReply, Reply, Request, SwitchGone

logger = logging.getLogger(__name__)

T = TypeVar("T")

SOCKETS: Final = 8
PROOF_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 0.5
WATCH_SECONDS: Final = 0.1
# Answers whose time is kept for whoever asks how long they take.
_REMEMBERED: Final = 1000


@dataclass(slots=True)
class _Sent:
    answer: asyncio.Future[Reply[Any]]
    due: float
    on_the_way: bool = False


class RestSockets:
    """`send` from anywhere on the loop while `run` is awaited as a task of the owner."""

    def __init__(
        self,
        switch: Switch,
        *,
        app: str = "cc",
        sockets: int = SOCKETS,
        timeout: timedelta = timedelta(seconds=5),
    ) -> None:
        own = secrets.token_hex(3)
        self._switch = switch
        self._sockets = [
            _RestSocket(switch, f"{app}-rest-{own}-{n}", timeout.total_seconds())
            for n in range(1, sockets + 1)
        ]
        self._turn = count()

    async def run(self) -> None:
        """Keep the sockets open until cancelled; then whatever is unanswered fails."""
        async with self._switch.session(connections=0) as session:
            await until_first_ends(
                *(socket.run(session) for socket in self._sockets), self._watch()
            )

    async def _watch(self) -> None:
        """Fail what waits too long. One task for all sockets: an idle centre wakes up for little else."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for socket in self._sockets:
                socket.fail_overdue()

    async def ready(self) -> None:
        """Return when every socket has been answered on."""
        for socket in self._sockets:
            await socket.up.wait()

    def took(self) -> list[float]:
        """The seconds that each answer has taken since this was asked last."""
        taken = [seconds for socket in self._sockets for seconds in socket.took]
        for socket in self._sockets:
            socket.took.clear()
        return taken

    @property
    def unanswered(self) -> int:
        return sum(len(socket.sent) for socket in self._sockets)

    def send(self, request: Request[T], key: str | None = None) -> asyncio.Future[Reply[T]]:
        """Put a request on its way; those of one `key` (the call's id) run in the order given.

        The future holds the reply, whatever its status, or NoReply, or SwitchGone. Cancelling it
        keeps a request that has not left yet from leaving.
        """
        spot = next(self._turn) if key is None else crc32(key.encode())
        return self._sockets[spot % len(self._sockets)].send(request)


class _RestSocket:
    def __init__(self, switch: Switch, app: str, timeout: float) -> None:
        self._switch = switch
        self._app = app
        self._timeout = timeout
        self._ids: Iterator[int] = count(1)
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._written = asyncio.Event()
        self._overdue = asyncio.Event()
        self._down_since: float | None = float("-inf")
        self._heard_at = float("-inf")
        self.sent: dict[str, _Sent] = {}
        self.took: deque[float] = deque(maxlen=_REMEMBERED)
        self.up = asyncio.Event()

    def send(self, request: Request[T]) -> asyncio.Future[Reply[T]]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply[T]] = loop.create_future()
        now = loop.time()
        if self._down_since is not None and now - self._down_since > GRACE_SECONDS:
            answer.set_exception(SwitchGone("not connected", maybe_done=False))
            return answer
        number = str(next(self._ids))
        self._outbox.append((number, _frame(number, request)))
        self.sent[number] = _Sent(answer, now + self._timeout)
        self._written.set()
        return answer

    async def run(self, session: ClientSession) -> None:
        try:
            await self._lives(session)
        finally:
            self._lost("closed")
            self._give_up("closed")

    async def _lives(self, session: ClientSession) -> None:
        backoff = Backoff()
        while True:
            try:
                async with open_socket(session, self._switch, self._app) as socket:
                    await self._prove(socket)
                    backoff.reset()
                    self._found()
                    await until_first_ends(
                        self._read(socket), self._write(socket), self._fail_when_overdue()
                    )
            except (SocketLost, ClientError, OSError, TimeoutError) as error:
                why = f"{type(error).__name__} {error}"
                self._lost(why)
                logger.warning("rest socket lost", extra={"app": self._app, "why": why})
            await backoff.pause()

    async def _prove(self, socket: ClientWebSocketResponse[bool]) -> None:
        async with asyncio.timeout(PROOF_SECONDS):
            await socket.send_frame(_frame("0", asterisk.ping()), WSMsgType.TEXT)
            while (await next_message(socket)).get("request_id") != "0":
                pass

    async def _read(self, socket: ClientWebSocketResponse[bool]) -> None:
        while True:
            message = await next_message(socket)
            self._heard_at = asyncio.get_running_loop().time()
            entry = self.sent.pop(message.get("request_id", ""), None)
            if entry is not None:
                self.took.append(self._heard_at - (entry.due - self._timeout))
            if entry is not None and not entry.answer.done():
                entry.answer.set_result(
                    Reply(message["status_code"], message.get("message_body", ""))
                )

    async def _write(self, socket: ClientWebSocketResponse[bool]) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            while self._outbox:
                number, frame = self._outbox.popleft()
                entry = self.sent.get(number)
                if entry is None:
                    continue  # Its time ran out before it could leave.
                if entry.answer.cancelled():
                    del self.sent[number]
                    continue
                self._switch.may_speak()
                entry.on_the_way = True
                await socket.send_frame(frame, WSMsgType.TEXT)

    def fail_overdue(self) -> None:
        """Fail what waits too long: for an answer, or for the socket to come back."""
        now = asyncio.get_running_loop().time()
        if self._down_since is not None and now - self._down_since > GRACE_SECONDS:
            self._give_up("not connected")
        if now - self._heard_at < self._timeout:
            return
        # All wait equally long, so the oldest is always first.
        while self.sent:
            number, entry = next(iter(self.sent.items()))
            if entry.due > now:
                break
            del self.sent[number]
            _fail(entry, NoReply(f"no answer in {self._timeout} s"))
            if entry.on_the_way:
                self._overdue.set()

    async def _fail_when_overdue(self) -> None:
        await self._overdue.wait()
        raise SocketLost("an answer is overdue")

    def _found(self) -> None:
        self._down_since = None
        self._overdue.clear()
        self._written.set()
        self.up.set()

    def _lost(self, why: str) -> None:
        """What was on its way may have arrived; what was not waits for the next socket."""
        if self._down_since is None:
            self._down_since = asyncio.get_running_loop().time()
        self.up.clear()
        for number, entry in list(self.sent.items()):
            if entry.on_the_way:
                del self.sent[number]
                _fail(entry, SwitchGone(why, maybe_done=True))

    def _give_up(self, why: str) -> None:
        self._outbox.clear()
        for entry in self.sent.values():
            _fail(entry, SwitchGone(why, maybe_done=False))
        self.sent.clear()


def _fail(entry: _Sent, error: Exception) -> None:
    if not entry.answer.done():
        entry.answer.set_exception(error)


def _frame(number: str, request: Request[Any]) -> bytes:
    message: dict[str, Any] = {
        "type": "RESTRequest",
        "request_id": number,
        "method": request.method,
        "uri": request.path,
    }
    if request.query:
        message["query_strings"] = [{"name": n, "value": v} for n, v in request.query]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = orjson.dumps(request.body).decode()
    return orjson.dumps(message)
