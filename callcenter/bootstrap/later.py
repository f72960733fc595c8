"""What a start wants of the store and can do without for a while: it is done when the store is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

Step = Callable[[], Awaitable[object]]

LONGEST_WAIT: Final = timedelta(seconds=2)
"""For a store that says neither yes nor no: callers wait for the start."""
EVERY: Final = timedelta(seconds=5)


class Later:
    """Steps that are owed to the store."""

    def __init__(self) -> None:
        self._owed: list[Step] = []
        self._is_there = True

    async def look(self, ask: Step) -> None:
        """Find out whether the store answers `ask`, before anything else waits for it."""
        try:
            async with asyncio.timeout(LONGEST_WAIT.total_seconds()):
                await ask()
        except Exception:  # An empty file where the database was is no database either.
            logger.exception("the database cannot be asked")
            self._is_there = False

    async def do(self, step: Step, instead: Step | None = None) -> None:
        """Now, if the store is there; else `instead` now, and the step when `run` finds it back.

        Raises: whatever `instead` raises.
        """
        if self._is_there:
            try:
                await step()
                return
            except StoreAway:
                self._is_there = False
        logger.error("the database is away; starting without it")
        self._owed.append(step)
        if instead is not None:
            await instead()

    async def run(self) -> None:
        """Do what is owed as soon as that works, then wait for ever."""
        while self._owed:
            await asyncio.sleep(EVERY.total_seconds())
            await self.catch_up()
        await asyncio.Event().wait()

    async def catch_up(self) -> None:
        """Do what is owed, in order, as far as that works."""
        try:
            while self._owed:
                await self._owed[0]()
                del self._owed[0]
                logger.info("done what the database was missed for")
        except Exception:  # Calls go on whatever is wrong with it.
            logger.exception("the database is still missed")
