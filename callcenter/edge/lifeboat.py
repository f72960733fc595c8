"""The lifeboat: carries callers while no engine decides.

An engine that hears the switch writes a heartbeat there each second. When it has not changed for
`away_after`, dead, frozen and cut off are the same to a caller: those who were in its hands are sent to
the fallback's queue, which is filled with the people who were on duty, and a switch that restarted is told
their telephone accounts again. Talking pairs are left alone; of a pair that one has left, the other is let
go. When the heartbeat goes on, the queue is
emptied; the engine calls its callers back itself.

It lives in the edge, which outlives the engine and which browsers need for their phones anyway.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

from callcenter.core.ids import AgentId, LegId
from callcenter.ports.store import EndpointSecret
from callcenter.ports.telephony import Endpoints, Relief, SwitchAway

logger = logging.getLogger(__name__)

_LOOK: Final = timedelta(seconds=0.5)


class Lifeboat:
    """`look` is one turn: ask whether the engine is there and do what follows."""

    def __init__(
        self,
        switch: Relief,
        phones: Endpoints,
        accounts: Callable[[], Sequence[EndpointSecret]],
        ready: Callable[[], Collection[AgentId]],
        *,
        away_after: timedelta,
        time: Callable[[], float],
    ) -> None:
        """`accounts` are those of everybody who was signed in last, `ready` who of them took calls; `time`
        is seconds on a clock that never jumps."""
        self._switch = switch
        self._phones = phones
        self._accounts = accounts
        self._ready = ready
        self._away_after = away_after.total_seconds()
        self._time = time
        self._beat: str | None = None
        self._beat_at = time()
        self._is_away = False
        # The phones that take calls in the fallback's queue; None: whoever we let in before our own death.
        self._filled: set[str] | None = None
        self._deserted: frozenset[LegId] = frozenset()

    @property
    def is_away(self) -> bool:
        """Whether no engine decides, as far as we know."""
        return self._is_away

    async def run(self) -> None:
        """Look twice a second, for ever."""
        while True:
            try:
                await self.look()
            except SwitchAway as error:
                logger.debug("lifeboat waits for the switch", extra={"why": str(error)})
            except Exception:
                # Whatever is wrong with the list of who is on duty: callers fall back all the same.
                logger.exception("lifeboat faulted")
            await asyncio.sleep(_LOOK.total_seconds())

    async def look(self) -> None:
        """Raises: SwitchAway."""
        beat, now, before = await self._switch.heartbeat(), self._time(), self._beat
        self._beat = beat
        if before is None:
            return  # An engine that is dead has left one too.
        if beat == before:
            if now - self._beat_at >= self._away_after:
                await self._carry()
        elif beat:
            self._beat_at = now
            await self._leave_it_to_the_engine()
        else:
            self._filled = set()  # The switch has restarted and knows nothing any more.

    async def _leave_it_to_the_engine(self) -> None:
        if self._is_away:
            logger.warning("the engine is back")
        self._is_away = False
        self._deserted = frozenset()
        if self._filled is None:
            self._filled = {account.endpoint for account in self._accounts()}
        if self._filled:
            await self._switch.empty(sorted(self._filled))
            self._filled = set()

    async def _carry(self) -> None:
        if not self._is_away:
            # Nothing was written yet: a centre that is just being started.
            level = logging.ERROR if self._beat else logging.INFO
            logger.log(level, "no engine decides: callers go to the fallback")
        self._is_away = True
        handed = await self._switch.hand_over()
        if handed:
            logger.warning("callers sent to the fallback", extra={"calls": handed})
        # At the second look: an engine may have died between the two whom it was bringing together.
        deserted = await self._switch.deserted()
        await self._switch.let_go(sorted(deserted & self._deserted))
        self._deserted = deserted
        accounts, ready, known = self._accounts(), self._ready(), await self._phones.reachable()
        for account in accounts:
            if account.endpoint not in known:  # the switch has restarted
                await self._phones.put(account.endpoint, account.password, browser=account.browser)
        wanted = {account.endpoint for account in accounts if account.agent in ready}
        missing = wanted - (self._filled or set())
        if missing:
            await self._switch.fill(sorted(missing))
        self._filled = (self._filled or set()) | wanted
