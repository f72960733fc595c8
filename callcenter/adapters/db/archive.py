"""Reads the journal behind the engine's back and keeps it for ever: facts, and what they came to.

One transaction holds a batch of facts, everything folded from them and the number of the last one. So
whatever dies between two steps, each fact is in the tables once. The engine never waits for this, and
never hears of it: a database that is slow or away makes the archive later, not the calls. What is
committed may be forgotten by the journal, a while later, when a power cut could not take it back.

A transaction costs as much as a hundred facts, so that facts are left to gather for a `PAUSE`, except
when we are behind.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter.adapters.db.calls import (
    call_columns,
    calls,
    offer_columns,
    offers,
    queue_visits,
    read_call,
    read_offer,
    read_visit,
    visit_columns,
)
from callcenter.adapters.db.facts import archive_progress, insert_facts
from callcenter.adapters.db.filed import follow
from callcenter.adapters.db.fold import CallStory, Fold
from callcenter.adapters.db.old_facts import put_away
from callcenter.adapters.db.schema import storable
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.spans import agent_spans, read_span, span_columns
from callcenter.core.ids import AgentId, CallId
from callcenter.ports.journal import Numbered
from callcenter.ports.store import FactSource, StoreAway

logger = logging.getLogger(__name__)

BATCH: Final = 500
PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(seconds=10)
HOUSEKEEPING_EVERY: Final = timedelta(minutes=5)


class Overtaken(Exception):
    """Another archive has read on meanwhile; ours begins again behind it."""


class Archive:
    """Follows the journal `source` into the database. `run` never ends and never raises.

    Facts older than `keep_days` leave the database, for a compressed file in `folder` if one is given.
    """

    def __init__(
        self,
        database: Database,
        source: FactSource,
        *,
        keep_days: int = 90,
        folder: Path | None = None,
        batch: int = BATCH,
        pause: timedelta = PAUSE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._source = source
        self._keep = timedelta(days=keep_days)
        self._folder = folder
        self._batch = batch
        self._pause = pause
        self._now = now
        self._fold: Fold | None = None
        self._puts: dict[str, Any] = {}
        self._journal = ""
        self._number = 0
        self._safe: tuple[str, int] = ("", 0)
        self._tidied_at: datetime | None = None

    @property
    def number(self) -> int:
        """The number of the last fact that is in the database, as far as we know."""
        return self._number

    async def run(self) -> None:
        """Read on for ever; what goes wrong is logged and tried again, less and less often."""
        pause = self._pause
        while True:
            try:
                while await self.step() == self._batch:
                    pause = self._pause
                pause = self._pause
                await self._tidy_up()
            except StoreAway:
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                # The archive must not take the engine with it, whatever it meets.
                logger.exception("archive stopped for now", extra={"why": type(error).__name__})
                pause = min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    async def step(self) -> int:
        """Archive one batch; how many facts. 0: nothing new, or nothing yet.

        Raises: StoreAway.
        """
        try:
            fold = await self._begin()
            if fold is None:
                return 0
            batch = await asyncio.to_thread(self._read)
            if batch:
                self._look_for_gap(batch)
                await self._store(fold, batch)
                fold.forget_ended()
        except BaseException as error:
            self._fold = None  # what it heard may not be in the database
            if isinstance(error, Overtaken):
                return 0
            raise
        return len(batch)

    async def fold_and_archive(self, before: datetime) -> int:
        """Let facts older than `before` leave the database; how many. Raises: StoreAway."""
        return await put_away(self._database, before, self._folder)

    # -- one batch ------------------------------------------------------------------------------

    def _read(self) -> list[Numbered]:
        return list(islice(self._source.read_after(self._number), self._batch))

    async def _begin(self) -> Fold | None:
        """The fold to go on with; None while there is no journal."""
        journal = await asyncio.to_thread(lambda: self._source.journal_id)
        if journal is None:
            return None
        if self._fold is None or journal != self._journal:
            async with self._database.reading() as connection:
                self._number = await _progress(connection, journal) or 0
            self._journal = journal
            self._fold = Fold(journal)
        return self._fold

    def _look_for_gap(self, batch: Sequence[Numbered]) -> None:
        expected = self._number + 1
        for number, _ in batch:
            if number != expected:
                lost = {"from_number": expected, "to_number": number - 1}
                logger.error("facts are missing from the journal", extra=lost)
            expected = number + 1

    async def _store(self, fold: Fold, batch: Sequence[Numbered]) -> None:
        last = batch[-1][0]
        async with self._database.writing() as connection:
            await self._take_turn(connection)
            await insert_facts(connection, self._journal, batch)
            await self._recall(connection, fold, batch)
            for number, fact in batch:
                fold.hear(number, fact)
            await self._write(connection, fold)
            mine = archive_progress.c.journal == self._journal
            change = update(archive_progress).where(mine)
            await connection.execute(change.values(number=last, changed_at=self._now()))
        self._number = last

    async def _take_turn(self, connection: AsyncConnection) -> None:
        """Hold the progress row until the end of the transaction. Raises: Overtaken."""
        first = {"journal": self._journal, "number": 0, "changed_at": self._now()}
        begun = self._database.insert(archive_progress).values(first)
        await connection.execute(begun.on_conflict_do_nothing())
        if await _progress(connection, self._journal, lock=True) != self._number:
            raise Overtaken

    async def _recall(
        self, connection: AsyncConnection, fold: Fold, batch: Sequence[Numbered]
    ) -> None:
        """Read back what is already known of the calls and agents in this batch."""
        heard = [fact for _, fact in batch]
        wanted = fold.calls_in(heard)
        if wanted:
            await _recall_calls(connection, fold, wanted)
        agents = fold.agents_in(heard)
        if agents:
            mine = agent_spans.c.agent_id.in_(agents) & agent_spans.c.ended_at.is_(None)
            for row in await connection.execute(select(agent_spans).where(mine)):
                key, span = read_span(row)
                fold.open_spans[AgentId(span.agent), span.kind] = key, span
            fold.known_agents |= agents

    async def _write(self, connection: AsyncConnection, fold: Fold) -> None:
        changes = fold.take_changes()
        spans = [span_columns(key, span) for key, span in changes.spans.items()]
        await self._put(connection, calls, [call_columns(c) for c in changes.calls.values()])
        await self._put(
            connection, queue_visits, [visit_columns(v) for v in changes.visits.values()]
        )
        await self._put(connection, offers, [offer_columns(o) for o in changes.offers.values()])
        await self._put(connection, agent_spans, spans)
        await follow(self._database, connection, changes.filed)

    async def _put(
        self, connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        if rows:
            await connection.execute(self._put_into(table), list(rows))

    def _put_into(self, table: Table) -> Any:
        """The statement that writes rows of a table, whether they are there or not; made once."""
        if table.name not in self._puts:
            put = self._database.insert(table)
            key = [column.name for column in table.primary_key]
            rest = {
                column.name: put.excluded[column.name]
                for column in table.c
                if column.name not in key
            }
            self._puts[table.name] = put.on_conflict_do_update(index_elements=key, set_=rest)
        return self._puts[table.name]

    # -- now and then ---------------------------------------------------------------------------

    async def _tidy_up(self) -> None:
        now = self._now()
        if self._tidied_at is not None and now - self._tidied_at < HOUSEKEEPING_EVERY:
            return
        self._tidied_at = now
        journal, number = self._safe
        if journal == self._journal and number:
            # Archived when we were here last: by now the disk has it.
            await asyncio.to_thread(self._source.forget, number + 1)
        self._safe = self._journal, self._number
        gone = await self.fold_and_archive(now - self._keep)
        if gone:
            logger.info("old facts put away", extra={"facts": gone})


async def _progress(connection: AsyncConnection, journal: str, *, lock: bool = False) -> int | None:
    wanted = select(archive_progress.c.number).where(archive_progress.c.journal == journal)
    found = await connection.execute(wanted.with_for_update() if lock else wanted)
    number: int | None = found.scalar_one_or_none()
    return number


async def _recall_calls(connection: AsyncConnection, fold: Fold, wanted: set[CallId]) -> None:
    real = {storable(call): call for call in wanted}
    stories = {call: CallStory() for call in wanted}
    for row in await connection.execute(select(calls).where(calls.c.call_id.in_(real))):
        stories[real[row.call_id]].record = read_call(row)
    for row in await connection.execute(
        select(queue_visits).where(queue_visits.c.call_id.in_(real))
    ):
        stories[real[row.call_id]].visits[row.visit] = read_visit(row)
    for row in await connection.execute(select(offers).where(offers.c.call_id.in_(real))):
        stories[real[row.call_id]].offers[row.visit, row.offer] = read_offer(row)
    fold.stories.update(stories)
