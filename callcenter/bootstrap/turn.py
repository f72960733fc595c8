"""Whose turn it is, from settings: an engine of its own, or one of several that share a lease row."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from typing import Final

from callcenter.adapters.asterisk.ari.generated import applications
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError, Refused
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.bootstrap.switch import APP, ari
from callcenter.core.facts.wire import Fact
from callcenter.core.leadership import SILENCE
from callcenter.ports.store import StoreAway
from callcenter.services.leadership import Leadership
from callcenter.settings import Settings

logger = logging.getLogger(__name__)

REPLACED: Final = 3
"""Exit status of an engine whose place another one has."""
_NOT_FOUND: Final = 404
_NO_WAIT: Final = 1.0  # Seconds; whose turn it is at once has nothing to rehearse.


@dataclass(frozen=True, slots=True)
class Turn:
    """Our turn, and the journal that we write in it. `lead` is None where nobody shares with us. The
    database has been asked already, where there was time for it."""

    journal: SegmentJournal
    database: Database
    lead: Leadership | None

    def check(self) -> None:
        """Return only if something may be done now."""
        if self.lead is not None:
            self.lead.check()


@asynccontextmanager
async def our_turn(
    settings: Settings, rehearse: Callable[[], Awaitable[None]]
) -> AsyncIterator[Turn]:
    """Wait for it, and give it back. Who has to wait does `rehearse` meanwhile.

    Raises: JournalInUse, DamagedJournal.
    """
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(closing(SegmentJournal(settings.journal_folder)))
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        if not settings.database.lease:
            yield Turn(journal, database, None)
            return
        # Here and not above: an engine on its own has no use for it, and callers may wait for its start.
        from callcenter.adapters.db.lease import PgLease

        book = PgLease(settings.database_url)
        stack.push_async_callback(book.close)
        http = await stack.enter_async_context(PooledHttp(ari(settings), connections=1))
        lead = Leadership(book, now=_seconds, end=_end, is_followed=lambda: _is_followed(http))
        logger.info("standing by for the lease")
        warming = asyncio.create_task(_warm_up(rehearse, database))
        try:
            former = await lead.take(journal.journal_id)
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)
        await stack.enter_async_context(lead.kept())
        if former is not None:
            facts = await _what_is_open(database)
            journal.go_on_from(facts)
            logger.info("going on from another journal", extra={"facts": len(facts)})
        await lead.settle()
        yield Turn(journal, database, lead)


async def unless(stop: asyncio.Event, coming: Awaitable[Turn]) -> Turn | None:
    """What is coming, or None if we are to stop before it does."""
    waiting, stopping = asyncio.ensure_future(coming), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        for task in (waiting, stopping):
            task.cancel()
        await asyncio.gather(waiting, stopping, return_exceptions=True)


def another_leads(settings: Settings) -> bool:
    """Whether an engine of another run folder is at work, so that ours stands by. Blocks."""
    from callcenter.adapters.db.lease import read_lease

    if not settings.database.lease:
        return False
    try:
        row = read_lease(settings.database_url)
    except StoreAway:
        return False
    if row is None or row.is_free or row.age_seconds > SILENCE or not row.has_session:
        return False
    return row.journal not in ("", SegmentReader(settings.journal_folder).journal_id)


async def _warm_up(rehearse: Callable[[], Awaitable[None]], database: Database) -> None:
    """Do once what a turn begins with: what is used for the first time is slow, and callers would wait."""
    await asyncio.sleep(_NO_WAIT)
    await rehearse()
    with suppress(StoreAway):
        await _what_is_open(database)
    logger.info("rehearsed")


async def _what_is_open(database: Database) -> list[Fact]:
    from callcenter.adapters.db.succession import what_is_open

    return await what_is_open(database, SystemClock().now())


async def _is_followed(http: PooledHttp) -> bool:
    """Whether any engine is connected to the switch; True where nobody can say."""
    try:
        await http.ask(applications.get(APP))
    except Refused as refused:
        return refused.status != _NOT_FOUND
    except AriError:
        return True
    return True


def _seconds() -> float:
    """Those in which the machine sleeps count: others may have been awake."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _end(why: str) -> None:
    """As if killed: all that an orderly end would still do is somebody else's to do now."""
    logger.error("ending at once: it is not our turn", extra={"why": why})
    logging.shutdown()
    os._exit(REPLACED)
