"""Waits for the lease, keeps it, and ends the engine that can no longer be sure of it.

How sure one may be is `core.leadership`'s matter; here it is asked and told. `check` stands before each
batch of orders. Whoever finds there that the lease is gone, or that they stood still, ends on the spot
as if killed: each step of an orderly end would be an order, and another engine may be giving them.

While the database is away nobody can take the lease. The one at work goes on. One that starts then looks at
the switch: where no engine is connected to it, it begins on trust, and takes the lease when it can.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from callcenter.core.leadership import LOOK, RENEW, Lead, LeaseRow, Watch
from callcenter.ports.leadership import LeaseBook
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

TRUST_AFTER: Final = 2.0
"""Seconds without an answer before anybody begins on trust."""
BEGINS_WITHIN: Final = 5.0


class Leadership:
    """One engine's turn. `now` counts seconds, those asleep too; `end` does not return; `is_followed` says
    whether any engine is connected to the switch, True where that is not known."""

    def __init__(
        self,
        book: LeaseBook,
        *,
        now: Callable[[], float],
        end: Callable[[str], object],
        is_followed: Callable[[], Awaitable[bool]],
    ) -> None:
        self._book = book
        self._now = now
        self._end = end
        self._is_followed = is_followed
        self._lead: Lead | None = None
        self._watch = Watch("")
        self._journal = ""
        self._has_begun = False
        self.epoch: int | None = None

    @property
    def age(self) -> float:
        """Seconds since the last renewal that succeeded was asked for."""
        return self._lead.age(self._now()) if self._lead else float("inf")

    def check(self) -> None:
        """Return only if something may be done now. Until `begin` nothing is an order yet."""
        if not self._has_begun or self._lead is None:
            return
        now, lead = self._now(), self._lead
        self._look_at_session(lead, now)
        if not lead.may_act(now):
            self._end("another engine has the lease" if lead.is_lost else "we stood still")

    # -- before ---------------------------------------------------------------------------------

    async def take(self, journal: str) -> str | None:
        """Wait for our turn. `journal` is our own. The journal of whoever had it before, if that is
        another: what is needed to go on stands there, and `settle` is to be called once we have it."""
        self._journal, self._watch = journal, Watch(journal)
        away_since: float | None = None
        while True:
            began = self._now()
            try:
                row = await self._take_if_free()
                if row is not None:
                    former = row.journal
                    return former if former not in ("", journal) else None
                away_since = None
            except StoreAway:
                self._watch.unanswered()
                away_since = began if away_since is None else away_since
                if self._now() - away_since >= TRUST_AFTER and await self._may_trust():
                    logger.error("the database is away: beginning without the lease")
                    self._lead = Lead(self._now())
                    return None
            await asyncio.sleep(LOOK)

    async def settle(self) -> None:
        """Our journal holds what is needed to go on. Raises: StoreAway."""
        if self.epoch is not None:
            await self._book.settle(self._journal)

    async def begin(self) -> None:
        """From here on each order is checked. Getting here may have taken long: wait to be sure again."""
        assert self._lead is not None
        ends = self._now() + BEGINS_WITHIN
        while not self._lead.may_act(self._now()):
            if self._now() > ends:
                self._end("not sure of the lease")
            await asyncio.sleep(LOOK)
        self._has_begun = True

    async def _take_if_free(self) -> LeaseRow | None:
        """The row as it was before we took it; None if it is not for us. Raises: StoreAway."""
        began = self._now()
        row = await self._book.look()
        if not self._watch.sees(row, began, self._now()):
            return None
        began = self._now()
        epoch = await self._book.take(row)
        if epoch is None:
            return None
        self.epoch, self._lead = epoch, Lead(began)
        said = {"epoch": epoch, "from_host": row.host, "renewed_seconds_ago": row.age_seconds}
        logger.info("lease taken", extra=said)
        return row

    async def _may_trust(self) -> bool:
        last = self._watch.last
        knows_the_calls = last is None or last.journal == self._journal
        return knows_the_calls and not await self._is_followed()

    # -- at work --------------------------------------------------------------------------------

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew it until the end of the block, then give it back."""
        renewing = asyncio.create_task(self.renew())
        renewing.add_done_callback(self._renewed_no_more)
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._release()

    async def renew(self) -> None:
        """For ever, from the moment it was taken on."""
        assert self._lead is not None
        while not self._lead.is_lost:
            began = self._now()
            asked = asyncio.create_task(self._still_ours())
            try:
                while not (await asyncio.wait({asked}, timeout=LOOK))[0]:
                    now = self._now()
                    self._look_at_session(self._lead, now)
                    self._lead.unanswered(now)
            finally:
                asked.cancel()
            try:
                if asked.result():
                    self._lead.renewed(began)
                    await self._pause(self._lead)
                else:
                    self._lead.lost()
            except StoreAway:
                self._watch.unanswered()
                self._lead.database_away(self._now())
                await asyncio.sleep(LOOK)
        self._end("another engine has the lease")

    def _look_at_session(self, lead: Lead, now: float) -> None:
        if self._book.has_session:
            lead.session_open(now)
        elif self.epoch is not None:
            lead.session_ended(now)

    def _renewed_no_more(self, renewing: asyncio.Task[None]) -> None:
        if not renewing.cancelled() and (error := renewing.exception()) is not None:
            logger.error("lease not renewed any more", exc_info=error)
            self._end("the lease is not renewed any more")

    async def _pause(self, lead: Lead) -> None:
        """Less long where the session ends: who is not heard then soon loses the lease."""
        for _ in range(round(RENEW / LOOK)):
            self._look_at_session(lead, self._now())
            if not self._book.has_session:
                return
            await asyncio.sleep(LOOK)

    async def _still_ours(self) -> bool:
        if self.epoch is not None:
            return await self._book.renew()
        before = self._watch.last
        if await self._take_if_free() is not None:
            await self._book.settle(self._journal)
            return True
        row = self._watch.last
        return (
            before is None or row is None or (row.epoch, row.stamp) == (before.epoch, before.stamp)
        )

    async def _release(self) -> None:
        """Let another begin at once."""
        lead, self._lead = self._lead, None
        if lead is None or self.epoch is None or not lead.may_act(self._now()):
            return
        try:
            async with asyncio.timeout(1):
                await self._book.release()
        except (StoreAway, TimeoutError):
            logger.warning("lease not given back: others wait until it has run out")
