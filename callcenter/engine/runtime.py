"""Keeps the engine and the switch agreeing: at start, at every connect, and from time to time.

Start: the journal is folded. Connect: a picture of the switch is taken while its events wait, the
differences are heard as facts, calls that survived are brought back in line, then the events that
waited are heard, through handlers that do not mind hearing a thing twice. From the start, or the loss of
the connection, until then the engine is blind.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.calls.phases import Agreed, Call, InFlow, Offered, Queued, saying
from callcenter.core.facts.calls import CallResumed
from callcenter.core.ids import CallId, prompt_id
from callcenter.engine.loop import Engine
from callcenter.engine.orphans import Orphans
from callcenter.engine.reconcile import differences, prompts_asked_about
from callcenter.ports.clock import Clock
from callcenter.ports.telephony import SwitchAway, SwitchPicture, Telephony

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=30)


class Runtime:
    """Reconciles; knows whether we have been away."""

    def __init__(self, engine: Engine, telephony: Telephony, clock: Clock) -> None:
        self._engine = engine
        self._telephony = telephony
        self._clock = clock
        self._away = True
        self._losses = 0
        self._orphans = Orphans()

    def start(self) -> None:
        """Fold the journal. What is due waits for the first picture of the switch."""
        facts = self._engine.replay()
        self._engine.lose_sight()
        logger.info("journal replayed", extra={"facts": facts, "calls": len(self._engine.calls)})

    def lost(self) -> None:
        """The connection is gone: calls may change without our hearing of it."""
        self._away = True
        self._losses += 1
        self._engine.lose_sight()

    async def reconcile(self) -> None:
        """Compare with the switch and mend both sides.

        Raises:
            SwitchAway: it cannot be asked now, or was lost while it was; or the journal is refused,
                so that what was said before is not heard yet, and would be found missing.
        """
        engine, losses = self._engine, self._losses
        engine.deliver()  # what a replay left to be done
        picture = await self._telephony.picture(prompts_asked_about(engine.calls))
        if losses != self._losses:
            raise SwitchAway("lost while it was asked")
        if not engine.can_write:
            raise SwitchAway("the journal is refused")
        now = self._clock.now()
        found = differences(engine.calls, engine.ended, picture, now, away=self._away)
        if found.facts or found.repairs:
            logger.info(
                "reconciled", extra={"facts": len(found.facts), "repairs": len(found.repairs)}
            )
        silent = _cut_short(engine.calls.values(), picture) if self._away else {}
        engine.deliver(*found.facts)
        for call, effect in found.repairs:
            engine.send(call, (effect,))
        if self._away:
            self._away = False
            # Whom the facts have taken on hears the next words already.
            resumed = [call for call, said in silent.items() if _is_where(engine, call, said)]
            engine.deliver(*(CallResumed(now, call) for call in resumed))
            engine.regain_sight()

    async def orphans(self) -> int:
        """How many legs have been in our hands too long without a call.

        Raises: SwitchAway, also while we do not follow the switch and everything may be news.
        """
        if self._away:
            raise SwitchAway("not followed")
        return self._orphans.count(self._engine.calls, await self._telephony.picture(()))

    async def run(self) -> None:
        """Reconcile every `EVERY`, for ever."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            await self.look_around()

    async def look_around(self) -> None:
        """Reconcile, unless we are away: whoever connects again does, and events are heard only then."""
        if self._away:
            return
        try:
            await self.reconcile()
        except SwitchAway:
            logger.info("reconciling later")


_Said = tuple[int, datetime] | None


def _cut_short(calls: Iterable[Call], picture: SwitchPicture) -> Mapping[CallId, _Said]:
    """Callers who may be listening to nothing, since what they should hear is not playing; and what
    that is."""
    return {
        call.id: saying(call)
        for call in calls
        if call.caller in picture.legs
        and isinstance(call.phase, InFlow | Queued | Offered | Agreed)
        and not _is_heard(call, picture)
    }


def _is_where(engine: Engine, call: CallId, said: _Said) -> bool:
    """Whether a call is still there and has been told nothing new."""
    known = engine.calls.get(call)
    return known is not None and saying(known) in (said, None)


def _is_heard(call: Call, picture: SwitchPicture) -> bool:
    said = saying(call)
    return said is not None and prompt_id(call.id, said[0]) in picture.playing
