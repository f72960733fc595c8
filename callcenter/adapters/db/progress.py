"""How far the archive has come, asked by those who only want to know."""

from sqlalchemy import select

from callcenter.adapters.db.facts import archive_progress
from callcenter.adapters.db.session import Database


async def number_archived(database: Database, journal: str) -> int:
    """The number of the last fact of this journal that is in the database; 0: none yet.

    Raises: StoreAway.
    """
    wanted = select(archive_progress.c.number).where(archive_progress.c.journal == journal)
    async with database.reading() as connection:
        found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found or 0
