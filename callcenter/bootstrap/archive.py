"""The archive, from settings: what grows for ever is kept within bounds by one process."""

import asyncio

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.host.log_files import keep_small
from callcenter.settings import Settings


async def run_archive(settings: Settings, stop: asyncio.Event) -> int:
    """Fold the journal into the database, and keep the logs small, until `stop`.

    A process of its own: the database may be slow or away, and no decision waits for it.
    """
    run = settings.run_folder
    database = Database(settings.database_url)
    try:
        reader = SegmentReader(settings.journal_folder)
        archive = Archive(
            database,
            reader,
            keep_days=settings.database.keep_facts_days,
            folder=run / "archive",
        )
        logs = keep_small([run / "logs", run / "asterisk/log"])
        await until_first_ends(archive.run(), logs, stop.wait())
    finally:
        await database.close()
    return 0
