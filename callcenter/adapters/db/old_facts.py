"""Facts that are old enough leave the database; what they came to stays.

Where a folder is given they are written there first, compressed, in the journal's own lines. A file is
named by its first fact and complete from the moment it has its name; who dies before the rows are
deleted writes the same file again.
"""

import asyncio
import gzip
import os
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Row, delete, select

from callcenter.adapters.db.facts import archive_progress, facts
from callcenter.adapters.db.session import Database

AT_ONCE: Final = 5000


async def put_away(database: Database, before: datetime, folder: Path | None) -> int:
    """Let every fact older than `before` leave; how many. Raises: StoreAway."""
    total = 0
    while True:
        rows = await _oldest(database, before)
        if not rows:
            return total
        if folder is not None:
            await asyncio.to_thread(_write, folder, rows)
        await _delete(database, rows)
        total += len(rows)


async def _oldest(database: Database, before: datetime) -> list[Row[Any]]:
    """The next ones to go, all of one journal, in the order in which they were written."""
    async with database.reading() as connection:
        journals = select(archive_progress.c.journal).order_by(archive_progress.c.changed_at)
        for journal in (await connection.execute(journals)).scalars().all():
            first = select(facts).where(facts.c.journal == journal).order_by(facts.c.number)
            found = await connection.execute(first.limit(AT_ONCE))
            old = list(takewhile(lambda row: row.at < before, found))
            if old:
                return old
    return []


async def _delete(database: Database, rows: list[Row[Any]]) -> None:
    gone = delete(facts).where(
        facts.c.journal == rows[0].journal,
        facts.c.number.in_([row.number for row in rows]),
    )
    async with database.writing() as connection:
        await connection.execute(gone)


def _write(folder: Path, rows: list[Row[Any]]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"facts-{rows[0].journal}-{rows[0].number:016}.jsonl.gz"
    lines = b"".join(
        orjson.dumps((row.number, row.kind, row.body), option=orjson.OPT_APPEND_NEWLINE)
        for row in rows
    )
    beside = path.with_suffix(".tmp")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(file, "wb") as out:
        out.write(gzip.compress(lines, mtime=0))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
