"""New callers are looked up before the engine hears of them, so that the first decision knows who they are.

To look costs more than to take a call, so it is done only where there may be something to find: the number
is a customer's or listed, or a queue wants to know whom its callers talked with last.

Whatever else happens to a caller meanwhile waits behind their arrival, in order. A look that takes longer
than `PATIENCE` is given up, and so are all for a while when the records are away: a caller is answered
whether or not we know who they are.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.callers import REPEATED, Found, Repeats, is_vip, judge
from callcenter.core.facts.calls import CallArrived
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId
from callcenter.ports.callers import CallerLookup
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

PATIENCE: Final = timedelta(milliseconds=150)
PAUSE: Final = timedelta(seconds=5)
# Whoever comes while so many are being looked up is not: in a flood, to be answered is what matters.
MOST_AT_ONCE: Final = 50
_NOTHING: Final = Found()


class Arrivals:
    """Passes facts on to `deliver`; arrivals with what `lookup` found."""

    def __init__(
        self,
        lookup: CallerLookup,
        deliver: Callable[[Fact], None],
        now: Callable[[], datetime],
        asks_for_talks: Callable[[], bool],
        repeats: Repeats,
    ) -> None:
        self._lookup = lookup
        self._deliver = deliver
        self._now = now
        self._asks_for_talks = asks_for_talks
        self._repeats = repeats
        self._numbers: set[str] | None = None  # None: they have not been read
        self._looking: dict[CallId, list[Fact]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused_until: datetime | None = None

    def deliver(self, fact: Fact) -> None:
        """One fact from the switch."""
        behind = self._looking.get(getattr(fact, "call", CallId("")))
        if behind is not None:
            behind.append(fact)
        elif not isinstance(fact, CallArrived):
            self._deliver(fact)
        elif not self._is_worth_it(fact.ani):
            self._deliver(replace(fact, refused=self._why_not(fact, fact.refused)))
        elif self._may_look():
            self._looking[fact.call] = []
            task = asyncio.get_running_loop().create_task(self._look(fact))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._deliver(fact)  # They may be a VIP, and however often they call, we cannot say.

    def _why_not(self, fact: CallArrived, refused: str) -> str:
        """Why the call is turned away, empty: it is not. Who is found on the switch after a start has
        been taken."""
        if refused or fact.since is not None:
            return refused
        return REPEATED if self._repeats.is_too_often(fact.ani, fact.at) else ""

    async def learn(self) -> None:
        """Read which numbers there is something to find of. Raises: StoreAway; then all are looked up."""
        self._numbers = set(await self._lookup.numbers())

    def expect(self, *numbers: str) -> None:
        """There is something to find of these from now on."""
        if self._numbers is not None:
            self._numbers.update(numbers)

    def _is_worth_it(self, ani: str) -> bool:
        return self._numbers is None or ani in self._numbers or self._asks_for_talks()

    async def close(self) -> None:
        """Let those who are being looked up go; the next engine finds them on the switch."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _may_look(self) -> bool:
        if self._paused_until is not None and self._now() < self._paused_until:
            return False
        return len(self._looking) < MOST_AT_ONCE

    async def _look(self, fact: CallArrived) -> None:
        found = await self._found(fact)
        known, refused = judge(found, fact.at)
        if found is not _NOTHING and not is_vip(found, fact.at):
            refused = self._why_not(fact, refused)
        is_news = known != _NOTHING.known
        arrived = replace(fact, known=known if is_news else None, refused=refused)
        behind = self._looking.pop(fact.call)
        for one in (arrived, *behind):
            self._deliver(one)

    async def _found(self, fact: CallArrived) -> Found:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                talks = self._asks_for_talks()
                return await self._lookup.find(fact.ani, fact.at, talks=talks)
        except (StoreAway, TimeoutError) as error:
            if self._paused_until is None:
                why = type(error).__name__
                logger.warning("callers are not looked up", extra={"why": why, "call": fact.call})
            self._paused_until = self._now() + PAUSE
            return _NOTHING
        except Exception as error:  # Whatever it is, somebody is waiting to be answered.
            logger.exception("a caller was not looked up", extra={"why": type(error).__name__})
            return _NOTHING
