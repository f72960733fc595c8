"""Nobody is called back who must not be called: those who asked for it are held against the list.

Whoever asks now has changed their mind, it may be thought; but a number can be entered by anybody, and the
list may have been made by law. Hours are the call's own affair (`core.calls.callback_phase`).
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from callcenter.core.facts.calls import CallbackOver, Outcome
from callcenter.engine.api import Door
from callcenter.ports.callers import DoNotCall
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=1)


class Callbacks:
    """One per engine."""

    def __init__(self, door: Door, store: DoNotCall) -> None:
        self._door = door
        self._store = store
        self._is_away = False

    async def run(self) -> None:
        """Look every `EVERY`, for ever."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            await self.look()

    async def look(self) -> None:
        """Give up what must not be. While the list cannot be read, it is as it was."""
        agreed = self._door.callbacks()
        if not agreed:
            return
        now = self._door.now
        try:
            forbidden = await self._store.among(sorted(set(agreed.values())), now)
        except StoreAway:
            if not self._is_away:
                logger.warning("who must not be called back is not known now")
            self._is_away = True
            return
        self._is_away = False
        for call, number in agreed.items():
            if number in forbidden:
                logger.info("not called back: on the list", extra={"call": call})
                self._door.deliver(CallbackOver(now, call, Outcome.BARRED))
