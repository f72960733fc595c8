"""The archive, from settings: what grows for ever is kept within bounds by one process."""

import asyncio
import time
from datetime import timedelta
from typing import Final

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.db.archive import PAUSE, Archive
from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.recordings.spool import Spool
from callcenter.adapters.recordings.sweep import Sweep
from callcenter.host.log_files import keep_small
from callcenter.settings import Settings

# Where another engine may have to go on with what the database knows of the calls.
_SOON: Final = timedelta(seconds=0.2)


async def run_archive(settings: Settings, stop: asyncio.Event) -> int:
    """Fold the journal into the database, take in messages, and keep the logs small, until `stop`.

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
            pause=_SOON if settings.database.lease else PAUSE,
        )
        logs = keep_small([run / "logs", run / "asterisk/log"])
        sweep = Sweep(
            Spool(run / "asterisk/spool/fallback", time.monotonic),
            Shelf(settings.recordings_folder),
            DbMessages(database),
            region=settings.centre.region,
        )
        await until_first_ends(archive.run(), sweep.run(), logs, stop.wait())
    finally:
        await database.close()
    return 0
