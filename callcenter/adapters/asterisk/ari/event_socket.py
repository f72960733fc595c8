"""The ear: hears every event of the application, and knows whether it really hears.

An open WebSocket proves nothing. The switch may have left it registered nowhere (a reconnect that
was too quick), or given the application to somebody else, and the commands would still work. So
life is proved by a canary: a user event sent over HTTP, with a text nobody else knows, that must
come back on this very socket, at first and every second. The switch's own time on the last
one is what the heartbeat tells the dialplan, since our clock may jump.

Who stood still for a while, frozen or starved, finds events in the socket that are old news: callers
may have been handed to the fallback since, and to hear first that they left would end their calls. So
we listen anew instead, and look at what is.

The filter outlives a socket, so it is set at every connect, and only ever as a list of what is not
wanted: a list of what is wanted would forget, one day, the message that says we were replaced.

What is followed is `channel:` (every channel) and `endpoint:` (the registrations of every endpoint,
later ones too). `endpoint:PJSIP` would seem narrower, but is refused while no such endpoint exists,
and beside `channel:` it brings each channel event twice (run with Asterisk 22.10.1).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, cast

from aiohttp import ClientError, ClientWebSocketResponse

from callcenter.adapters.asterisk.ari.connection import (
    Backoff,
    SocketLost,
    Switch,
    next_message,
    open_socket,
    until_first_ends,
)
from callcenter.adapters.asterisk.ari.generated import applications, events
from callcenter.adapters.asterisk.ari.generated.messages import EVENT_TYPES, AnyEvent
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError

logger = logging.getLogger(__name__)

CANARY: Final = "cc-canary"
SOURCES: Final = ("channel:", "endpoint:")
MUTED: Final = frozenset(
    {
        "BridgeCreated",
        "BridgeDestroyed",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDialplan",
        "ChannelVarset",
        "Dial",
        "EndpointStateChange",
    }
)
# Without these we would be deaf to having been replaced, to our own life, or to answers.
NEVER_MUTED: Final = frozenset({"ApplicationReplaced", "ChannelUserevent", "RESTResponse"})


class Replaced(Exception):
    """Another engine has taken the application. Stop at once: the switch does not fence us off."""


@dataclass(frozen=True, slots=True)
class Canary:
    """Proof of life: when, by the switch's own clock."""

    at: datetime

    @property
    def epoch_seconds(self) -> int:
        return int(self.at.timestamp())


class Listener(Protocol):
    """Hears the switch. Called from the reading task: hand over and return."""

    def on_event(self, event: AnyEvent) -> None:
        """One event, in order. Those before `on_up` come too: keep them until the world is read."""

    def on_up(self, canary: Canary) -> None:
        """Events are being heard, from now or a little earlier; what was before is unknown."""

    def on_canary(self, canary: Canary) -> None:
        """They still are."""

    def on_lost(self, why: str) -> None:
        """They no longer are; another try begins by itself."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often life is proved, and how long a proof may take, at first and later.

    The first proof is given little time, because a dead socket is found by it and a caller may be
    waiting; each failure doubles it, because a switch may also just be slow.
    """

    every: timedelta = timedelta(seconds=1)
    first_within: timedelta = timedelta(seconds=0.4)
    within: timedelta = timedelta(seconds=2)
    stands_still: timedelta = timedelta(seconds=1.5)
    """After this, what is unread is old. The lifeboat waits longer before it hands callers over."""


DEFAULT_PACE: Final = Pace()


class EventSocket:
    """`run` is awaited as a task of the owner; it ends only by failing."""

    def __init__(
        self,
        switch: Switch,
        listener: Listener,
        *,
        app: str = "cc",
        sources: Collection[str] = SOURCES,
        muted: Collection[str] = MUTED,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        """Raises ValueError for a muted type that does not exist or that must be heard."""
        wrong = (set(muted) & NEVER_MUTED) | (set(muted) - EVENT_TYPES)
        if wrong:
            raise ValueError(f"these event types cannot be muted: {', '.join(sorted(wrong))}")
        self._switch = switch
        # Its own connections: commands that block in channels must not starve the proof of life.
        self._http = PooledHttp(switch, connections=2)
        self._listener = listener
        self._app = app
        self._sources = tuple(sources)
        self._filter = {"disallowed": [{"type": kind} for kind in sorted(muted)]}
        self._pace = pace
        self._secret = secrets.token_hex(8)
        self._sung = 0
        self._awake_at = 0.0
        self._time = time.monotonic  # the loop's own, once there is one
        self._patience = pace.first_within
        self._heard: asyncio.Future[Canary] | None = None
        self.last_canary: Canary | None = None
        self.is_up = False

    @property
    def is_awake(self) -> bool:
        """Whether nothing unread can be old. Once it is not, the socket is about to be given up."""
        return self._asleep <= self._pace.stands_still.total_seconds()

    @property
    def _asleep(self) -> float:
        return self._time() - self._awake_at

    async def run(self) -> None:
        """Listen until cancelled. Raises Replaced when another engine has taken our place."""
        async with self._http, self._switch.session(connections=0) as session:
            backoff = Backoff()
            self._time = asyncio.get_running_loop().time
            while True:
                try:
                    async with open_socket(session, self._switch, self._app) as socket:
                        self._awake_at = self._time()
                        logger.info("events socket open", extra={"app": self._app})
                        await until_first_ends(
                            self._read(socket), self._stay_alive(backoff), self._stay_awake()
                        )
                except (SocketLost, AriError, ClientError, OSError, TimeoutError) as error:
                    self._lost(f"{type(error).__name__} {error}")
                await backoff.pause()

    async def _read(self, socket: ClientWebSocketResponse[bool]) -> None:
        hear = self._listener.on_event
        while True:
            event = await next_message(socket)
            self._check_awake()
            match event.get("type"):
                case "ChannelUserevent" if event.get("eventname") == CANARY:
                    self._hear_canary(event)
                case "ApplicationReplaced" if event.get("application") == self._app:
                    self._lost("replaced")
                    raise Replaced(self._app)
                case _:
                    hear(cast(AnyEvent, event))  # The switch's own description of what it sends.

    async def _stay_awake(self) -> None:
        every = self._pace.stands_still.total_seconds() / 4
        while True:
            self._check_awake()
            self._awake_at = self._time()
            await asyncio.sleep(every)

    def _check_awake(self) -> None:
        """Whoever is woken first, for a message or by the clock, notices."""
        if not self.is_awake:
            raise SocketLost(f"we stood still for {self._asleep:.1f} s")

    async def _stay_alive(self, backoff: Backoff) -> None:
        await self._http.ask(
            applications.filter(self._app, filter=self._filter), within=self._pace.within
        )
        if self._sources:
            await self._http.ask(
                applications.subscribe(self._app, event_source=self._sources),
                within=self._pace.within,
            )
        patience, self._patience = self._patience, min(self._patience * 2, self._pace.within)
        canary = await self._sing(patience)
        self._patience = self._pace.first_within
        backoff.reset()
        self.is_up = True
        self._listener.on_up(canary)
        while True:
            await asyncio.sleep(self._pace.every.total_seconds())
            self._listener.on_canary(await self._sing(self._pace.within))

    async def _sing(self, within: timedelta) -> Canary:
        self._heard = heard = asyncio.get_running_loop().create_future()
        self._sung += 1
        song = {"song": f"{self._secret}-{self._sung}"}
        await self._http.ask(
            events.user_event(CANARY, application=self._app, variables=song), within=within
        )
        await asyncio.wait((heard,), timeout=within.total_seconds())
        if not heard.done():
            # If it was we who stood still, the answer lies unread in the socket: let it be read.
            await asyncio.wait((heard,), timeout=0.05)
        if not heard.done():
            raise SocketLost("canary not heard")
        self.last_canary = heard.result()
        return self.last_canary

    def _hear_canary(self, event: dict[str, Any]) -> None:
        song = event.get("userevent", {}).get("song")
        if song == f"{self._secret}-{self._sung}" and self._heard and not self._heard.done():
            self._heard.set_result(Canary(_switch_time(event["timestamp"])))

    def _lost(self, why: str) -> None:
        logger.warning("events socket lost", extra={"app": self._app, "why": why})
        if self.is_up:
            self.is_up = False
            self._listener.on_lost(why)


def _switch_time(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
