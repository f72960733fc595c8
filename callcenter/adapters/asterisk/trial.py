"""A call that the centre places to itself: is a caller answered, and do they hear something?

It goes the way of a caller as far as that is the machine's: the dialplan asks whether the engine is there
and hands the leg to it, we hear of it on our own socket, answer, play, hear that it was played, hang up.
It is no call of the engine's, so that no fact, report or limit knows of it and nobody is rung. Its legs are
told by their names, which reconciling and the lifeboat leave alone; whatever becomes of us, the dialplan
ends them.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, cast

from callcenter.adapters.asterisk.ari.generated import channels
from callcenter.adapters.asterisk.ari.generated.messages import AnyEvent
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError, Request
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets

logger = logging.getLogger(__name__)

_LEG: Final = "test-call-"
# Neither may begin like the other: Asterisk 22.10 takes an id for one that is in use and begins with it.
_CENTRE: Final = "-centre"
_CALLER: Final = "-caller"
_SOUND: Final = "sound:beep"


def is_trial(leg: str) -> bool:
    """Whether a leg is one of a test call."""
    return leg.startswith(_LEG)


class TrialFailed(Exception):
    """The call did not come through; the text says how far it came."""


class TrialCalls:
    """One at a time. `heard` is told of every event of a test call."""

    def __init__(
        self, rest: RestSockets, http: PooledHttp, *, within: timedelta = timedelta(seconds=10)
    ) -> None:
        self.within = within
        self._rest = rest
        self._http = http
        self._own = secrets.token_hex(4)
        self._count = 0
        self._leg = ""
        self._events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def heard(self, event: AnyEvent) -> bool:
        """Whether this is about a test call, so that nobody else need know."""
        leg = _leg_of(event)
        if not is_trial(leg):
            return False
        if leg == self._leg:
            self._events.put_nowait((event["type"], _state_of(event)))
        return True

    async def place(self) -> timedelta:
        """Call, and say how long it took until the call was answered.

        Raises: TrialFailed.
        """
        self._count += 1
        self._leg = leg = f"{_LEG}{self._own}-{self._count}{_CENTRE}"
        self._events = asyncio.Queue()
        stage = "place"
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                began = asyncio.get_running_loop().time()
                await self._http.ask(_order(leg))
                stage = "arrive"
                await self._until("StasisStart")
                stage = "answer"
                await self._do(channels.answer(leg))
                answered = asyncio.get_running_loop().time() - began
                stage = "play"
                await self._do(channels.play_with_id(leg, f"{leg}-sound", media=[_SOUND]))
                if await self._until("PlaybackFinished") != "done":
                    raise TrialFailed("unheard")
                stage = "hang-up"
                await self._do(channels.hangup(leg))
                await self._until("ChannelDestroyed")
        except (TimeoutError, AriError) as error:
            raise TrialFailed(f"{stage}: {type(error).__name__}") from None
        except TrialFailed as error:
            raise TrialFailed(f"{stage}: {error}") from None
        finally:
            self._leg = ""
            if stage != "hang-up":
                await self._clear(leg)
        return timedelta(seconds=answered)

    async def _until(self, kind: str) -> str:
        while True:
            happened, state = await self._events.get()
            if happened == kind:
                return state
            if happened == "ChannelDestroyed":
                raise TrialFailed("cut off")

    async def _do(self, request: Request[Any]) -> None:
        """Say it the way that callers' commands go."""
        reply = await self._rest.send(request, key=self._leg)
        if not reply.taken:
            raise TrialFailed(f"status {reply.status}")

    async def _clear(self, leg: str) -> None:
        """No failed call stays where the next one comes. A leg that does not answer ends by itself."""
        for one in (leg, _caller(leg)):
            with suppress(AriError):
                await self._http.send(channels.hangup(one), within=timedelta(seconds=2))


def _caller(leg: str) -> str:
    return leg.removesuffix(_CENTRE) + _CALLER


def _order(leg: str) -> Request[Any]:
    return channels.originate_with_id(
        _caller(leg),
        other_channel_id=leg,
        endpoint="Local/s@test-call/n",
        context="test-call",
        extension="listen",
        priority=1,
        timeout=15,
        # The caller's side too, should the other never come.
        variables={"TIMEOUT(absolute)": "20"},
    )


def _leg_of(event: AnyEvent) -> str:
    if event["type"] == "PlaybackFinished":
        return event["playback"]["target_uri"].removeprefix("channel:")
    named = cast(Mapping[str, Any], event).get("channel")  # which not every type has
    return str(named["id"]) if named else ""


def _state_of(event: AnyEvent) -> str:
    return event["playback"]["state"] if event["type"] == "PlaybackFinished" else ""
