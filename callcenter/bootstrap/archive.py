"""The archive, from settings: what grows for ever is kept within bounds by one process."""

import asyncio
import time
from datetime import timedelta
from typing import Final

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.db.archive import PAUSE, Archive
from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader, carried_into
from callcenter.adapters.queue_log.writer import QueueLogWriter
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.recordings.spool import Spool
from callcenter.adapters.recordings.sweep import Sweep
from callcenter.host.log_files import keep_small
from callcenter.settings import Settings

# Where another engine may have to go on with what the database knows of the calls.
_SOON: Final = timedelta(seconds=0.2)


async def run_archive(settings: Settings, stop: asyncio.Event) -> int:
    """Fold the journal into the database and into queue_log, take in messages, and keep the logs small,
    until `stop`.

    A process of its own: the database may be slow or away, and no decision waits for it.
    """
    run = settings.run_folder
    database = Database(settings.database_url)
    try:
        queue_log = _queue_log(settings)
        archive = Archive(
            database,
            SegmentReader(
                settings.journal_folder,
                also_read=(lambda: queue_log.number) if queue_log else None,
            ),
            keep_days=settings.database.keep_facts_days,
            folder=run / "archive",
            pause=_SOON if settings.database.lease else PAUSE,
        )
        logs = keep_small([run / "logs", run / "asterisk/log"], leave=settings.queue_log)
        sweep = Sweep(
            Spool(run / "asterisk/spool/fallback", time.monotonic),
            Shelf(settings.recordings_folder),
            DbMessages(database),
            region=settings.centre.region,
        )
        also = [queue_log.run()] if queue_log else []
        await until_first_ends(archive.run(), sweep.run(), *also, logs, stop.wait())
    finally:
        await database.close()
    return 0


def _queue_log(settings: Settings) -> QueueLogWriter | None:
    """Who writes the file for reporting tools, if there is to be one. It reads the journal by itself: a
    database that is away does not keep it waiting, nor a file that cannot be written the database."""
    if settings.queue_log is None:
        return None
    journal = settings.journal_folder
    return QueueLogWriter(
        SegmentReader(journal),
        lambda: carried_into(journal),
        settings.queue_log,
        settings.run_folder / "queue-log.json",
    )
