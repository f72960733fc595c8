"""The engine's connection to its switch: hears it, keeps it agreeing with the engine, and tells the
dialplan once a beat that somebody is there.

While we reconcile, events wait; then they are heard in order. The heartbeat is the switch's own time
of the last canary that came back, and it is written only while we really follow: a frozen engine, a
cut line and a jumping clock all look the same from the dialplan, and callers go to the fallback.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.asterisk.ari.event_socket import (
    DEFAULT_PACE,
    MUTED,
    Canary,
    EventSocket,
)
from callcenter.adapters.asterisk.ari.generated import asterisk
from callcenter.adapters.asterisk.ari.generated.messages import AnyEvent
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.bridge_pool import BridgePool
from callcenter.adapters.asterisk.endpoints import PREFIX
from callcenter.adapters.asterisk.events import HANG_UP_FOLLOWS, fact_of
from callcenter.core.facts.calls import LegEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, BridgeId, LegId
from callcenter.ports.clock import Clock
from callcenter.ports.telephony import SwitchAway

logger = logging.getLogger(__name__)

NOT_NEEDED: Final = MUTED | {"ChannelEnteredBridge", "ChannelHangupRequest", "PlaybackStarted"}
_ONLINE: Final = frozenset({"Reachable", "NonQualified", "Created"})
_TURNED_AWAY: Final = "turned-away"
"""Where the dialplan ends callers who were not let in."""
_FRESH: Final = DEFAULT_PACE.every + DEFAULT_PACE.within + timedelta(seconds=0.5)
_RETRY_SECONDS: Final = 0.2
_ON_THEIR_WAY_SECONDS: Final = 0.5
"""For a caller who passed the dialplan's guard just before the heartbeat to be where they were sent."""


class AriLink:
    """Listens, translates, delivers; see `ari.event_socket.Listener`."""

    def __init__(
        self,
        ear: Callable[["AriLink"], EventSocket],
        rest: RestSockets,
        http: PooledHttp,
        pool: BridgePool,
        *,
        clock: Clock,
        region: str,
        deliver: Callable[[Fact], None],
        set_reachable: Callable[[AgentId, bool], None],
        leg_ended: Callable[[LegId], None],
        trunk_heard: Callable[[str, bool], None],
        carrier_refused: Callable[[LegId, int | None, int], bool],
        turned_away: Callable[[], None],
        trial_heard: Callable[[AnyEvent], bool],
        on_connected: Callable[[], Awaitable[None]],
        on_followed: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
    ) -> None:
        """`on_connected`: before anything is heard. `on_followed`: each time the dialplan has been told."""
        self._ear = ear(self)
        self._rest = rest
        self._http = http
        self._pool = pool
        self._clock = clock
        self._region = region
        self._deliver = deliver
        self._set_reachable = set_reachable
        self._leg_ended = leg_ended
        self._trunk_heard = trunk_heard
        self._carrier_refused = carrier_refused
        self._turned_away = turned_away
        self._trial_heard = trial_heard
        self._on_connected = on_connected
        self._on_followed = on_followed
        self._on_lost = on_lost
        self._waiting: list[AnyEvent] | None = []
        self._up = asyncio.Event()
        self._beat: Canary | None = None
        self._beat_at = clock.now()
        self._beats = asyncio.Event()
        self._is_told = False
        self._told = asyncio.Event()

    @property
    def is_alive(self) -> bool:
        """Whether the switch is heard, was heard just now, and we agree with it. Who stood still may be
        asked before they notice, and the dialplan sends callers elsewhere until the heartbeat goes on."""
        return self._waiting is None and self._ear.is_up and self.silent_for < _FRESH

    @property
    def is_awake(self) -> bool:
        """Whether what we have heard is news: not once we have stood still."""
        return self._ear.is_awake

    @property
    def silent_for(self) -> timedelta:
        """How long ago the last canary was heard, or we began."""
        return self._clock.now() - self._beat_at

    async def run(self) -> None:
        """Keep the connection for ever.

        Raises:
            Replaced: another engine has taken over; exit at once.
        """
        await until_first_ends(
            self._ear.run(),
            self._rest.run(),
            self._agree(),
            self._keep_heartbeat(),
            self._look_back(),
        )

    # -- Listener -------------------------------------------------------------------------------

    def on_event(self, event: AnyEvent) -> None:
        """One event, in the order the switch sent it."""
        if self._waiting is not None:
            self._waiting.append(event)
            return
        self._hear(event)

    def on_up(self, canary: Canary) -> None:
        """Connected, and proved to hear."""
        self._beat, self._beat_at = canary, self._clock.now()
        self._up.set()

    def on_canary(self, canary: Canary) -> None:
        """Still hearing."""
        self._beat, self._beat_at = canary, self._clock.now()
        if self._waiting is None:
            self._beats.set()

    def on_lost(self, why: str) -> None:
        """What happens from here on is not heard."""
        logger.warning("switch lost", extra={"why": why})
        self._waiting = []
        self._up.clear()
        self._pool.stale = True
        self._on_lost()

    # -- tasks ----------------------------------------------------------------------------------

    async def _agree(self) -> None:
        """After each connect: reconcile, then hear what came meanwhile."""
        while True:
            await self._up.wait()
            await self._rest.ready()
            try:
                await self._on_connected()
            except SwitchAway as error:
                logger.warning("switch cannot be asked", extra={"why": str(error)})
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if not self._up.is_set():
                continue
            self._up.clear()
            waiting, self._waiting = self._waiting or [], None
            for event in waiting:
                self._hear(event)
            self._is_told = False
            self._beats.set()
            logger.info("switch followed", extra={"waited": len(waiting)})

    async def _keep_heartbeat(self) -> None:
        while True:
            await self._beats.wait()
            self._beats.clear()
            beat = self._beat
            if beat is None or self._waiting is not None:
                continue
            write = asterisk.set_global_var(variable="CC_HB", value=str(beat.epoch_seconds))
            try:
                await self._http.ask(write)
            except AriError as error:
                logger.warning("heartbeat not written", extra={"why": type(error).__name__})
                continue
            if not self._is_told:
                self._is_told = True
                self._told.set()

    async def _look_back(self) -> None:
        """Between the last look before we followed and the first heartbeat callers still went elsewhere."""
        while True:
            await self._told.wait()
            self._told.clear()
            await asyncio.sleep(_ON_THEIR_WAY_SECONDS)
            try:
                await self._on_followed()
            except SwitchAway as error:  # The next connect looks again.
                logger.info("not looked back", extra={"why": str(error)})

    # -- events ---------------------------------------------------------------------------------

    def _hear(self, event: AnyEvent) -> None:
        if self._trial_heard(event):
            return
        match event["type"]:
            case "ChannelLeftBridge":
                bridge = event["bridge"]
                left = LegId(event["channel"]["id"])
                remaining = [LegId(leg) for leg in bridge["channels"]]
                self._pool.left(BridgeId(bridge["id"]), left, remaining)
            case "ContactStatusChange":
                name = event["endpoint"]["resource"]
                status = event["contact_info"]["contact_status"]
                if name.startswith(PREFIX):
                    self._set_reachable(AgentId(name.removeprefix(PREFIX)), status in _ONLINE)
            case "PeerStatusChange":
                name = event["endpoint"]["resource"]
                answers = event["peer"]["peer_status"] == "Reachable"
                # Of a phone that answered before its account was whole, only this is told.
                if name.startswith(PREFIX):
                    self._set_reachable(AgentId(name.removeprefix(PREFIX)), answers)
                else:
                    self._trunk_heard(name, answers)
            case "ChannelDestroyed" if event["channel"]["dialplan"]["context"] == _TURNED_AWAY:
                self._turned_away()
            case "ChannelDestroyed" if self._carrier_refused(
                LegId(event["channel"]["id"]), event.get("tech_cause"), event["cause"]
            ):
                return
            case "PlaybackFinished" if event["playback"]["state"] == "failed":
                # Whoever hangs up cuts their prompt short, and the switch says that first: told in
                # this order, they would seem to have heard it out and gone on.
                loop = asyncio.get_running_loop()
                loop.call_later(HANG_UP_FOLLOWS.total_seconds(), self._tell, event)
            case _:
                self._tell(event)

    def _tell(self, event: AnyEvent) -> None:
        fact = fact_of(event, self._clock.now(), self._region)
        if isinstance(fact, LegEnded):
            self._pool.gone(fact.leg)
            self._leg_ended(fact.leg)
        if fact is not None:
            self._deliver(fact)
