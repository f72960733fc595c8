"""What the configuration was before each change of the whole: one row each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Integer, Table, Text, func, insert, select

from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database
from callcenter.ports.store import ConfigVersion, NoSuchVersion

config_versions: Final = Table(
    "config_versions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
)


class DbConfigVersions:
    """See `ports.store.ConfigVersions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, at: datetime, by: str, text: str) -> int:
        async with self._database.writing() as connection:
            # Not the table's own counting: `number` says how many there were, on both databases.
            last = await connection.scalar(select(func.max(config_versions.c.number)))
            number = (last or 0) + 1
            row = {"number": number, "at": at, "by": by, "text": text}
            await connection.execute(insert(config_versions).values(row))
        return number

    async def newest(self, limit: int) -> Sequence[ConfigVersion]:
        wanted = select(config_versions).order_by(config_versions.c.number.desc()).limit(limit)
        async with self._database.reading() as connection:
            found = await connection.execute(wanted)
            return [ConfigVersion(row.number, row.at, row.by, row.text) for row in found]

    async def find(self, number: int) -> ConfigVersion:
        wanted = select(config_versions).where(config_versions.c.number == number)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            raise NoSuchVersion(str(number))
        return ConfigVersion(row.number, row.at, row.by, row.text)
