"""The archive, from settings."""

import asyncio

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.bootstrap.plans import journal_folder
from callcenter.settings import Settings


async def run_archive(settings: Settings, stop: asyncio.Event) -> int:
    """Fold the journal into the database until `stop`.

    A process of its own: the database may be slow or away, and no decision waits for it.
    """
    database = Database(settings.database_url)
    try:
        reader = SegmentReader(journal_folder(settings))
        archive = Archive(
            database,
            reader,
            keep_days=settings.database.keep_facts_days,
            folder=settings.run_folder / "archive",
        )
        await until_first_ends(archive.run(), stop.wait())
    finally:
        await database.close()
    return 0
