"""Pause reasons and dispositions: tables, mapping, repository."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Table, Text, select
from sqlalchemy import delete as sql_delete

from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.durations import in_seconds, of_seconds
from callcenter.core.errors import NoSuchCode, StillInUse

pause_reasons: Final = Table(
    "pause_reasons",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("paid", Boolean, nullable=False),
    Column("longest_seconds", Double),
)

dispositions: Final = Table(
    "dispositions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("dispositions.id", ondelete="RESTRICT")),
    Column("flags", Text, nullable=False),  # parted by blanks
    Index(None, "parent_id"),
)


class DbCodes:
    """See `ports.store.Codes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause_reasons(self) -> Mapping[str, PauseReason]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(pause_reasons).order_by(pause_reasons.c.id))
            return {
                row.id: PauseReason(
                    row.id, row.name_en, row.name_zh, row.paid, of_seconds(row.longest_seconds)
                )
                for row in rows
            }

    async def put_pause_reason(self, reason: PauseReason) -> None:
        values = {
            "id": reason.id,
            "name_en": reason.name_en,
            "name_zh": reason.name_zh,
            "paid": reason.paid,
            "longest_seconds": in_seconds(reason.longest),
        }
        await self._put(pause_reasons, values)

    async def delete_pause_reason(self, reason: str) -> None:
        await self._delete(pause_reasons, reason)

    async def dispositions(self) -> Mapping[str, Disposition]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(dispositions).order_by(dispositions.c.id))
            return {
                row.id: Disposition(
                    row.id,
                    row.name_en,
                    row.name_zh,
                    row.parent_id or "",
                    tuple(row.flags.split()),
                )
                for row in rows
            }

    async def put_disposition(self, disposition: Disposition) -> None:
        values = {
            "id": disposition.id,
            "name_en": disposition.name_en,
            "name_zh": disposition.name_zh,
            "parent_id": disposition.parent or None,
            "flags": " ".join(disposition.flags),
        }
        await self._put(dispositions, values)

    async def delete_disposition(self, disposition: str) -> None:
        await self._delete(dispositions, disposition)

    async def _put(self, table: Table, values: Mapping[str, Any]) -> None:
        change = self._database.insert(table).values(values)
        rest = {name: value for name, value in values.items() if name != "id"}
        async with self._database.writing() as connection:
            await connection.execute(change.on_conflict_do_update(index_elements=["id"], set_=rest))

    async def _delete(self, table: Table, code: str) -> None:
        async with self._database.writing() as connection:
            with refusals(foreign=StillInUse(f"{code}: there are others under it")):
                gone = await connection.execute(sql_delete(table).where(table.c.id == code))
            if gone.rowcount == 0:
                raise NoSuchCode(code)
