"""What was changed in the configuration: one row for each entry that was. The database itself refuses to
alter one or to take one away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, func, insert, select

from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database
from callcenter.ports.store import Change, ChangeMade

config_changes: Final = Table(
    "config_changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("fields", JSON, nullable=False),  # of each its value before and after
    Index(None, "section", "entry"),
)


class DbChanges:
    """See `ports.store.Changes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, at: datetime, by: str, changes: Sequence[Change]) -> None:
        async with self._database.writing() as connection:
            # Not the table's own counting, which leaves gaps: a gap would look like a line taken away.
            last = await connection.scalar(select(func.max(config_changes.c.number))) or 0
            rows = [_row(number, at, by, change) for number, change in enumerate(changes, last + 1)]
            await connection.execute(insert(config_changes), rows)

    async def newest(
        self, limit: int, *, before: int | None = None, section: str = "", id: str = ""
    ) -> Sequence[ChangeMade]:
        table = config_changes
        wanted = select(table).order_by(table.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.c.number < before)
        if section:
            wanted = wanted.where(table.c.section == section)
        if id:
            wanted = wanted.where(table.c.entry == id)
        async with self._database.reading() as connection:
            return [_made(row) for row in await connection.execute(wanted)]


def _row(number: int, at: datetime, by: str, change: Change) -> dict[str, Any]:
    fields = {name: list(both) for name, both in change.fields.items()}
    told = {"kind": change.kind, "section": change.section, "entry": change.id}
    return {"number": number, "at": at, "by": by, **told, "fields": fields}


def _made(row: Any) -> ChangeMade:
    fields = {name: (before, after) for name, (before, after) in row.fields.items()}
    change = Change(row.kind, row.section, row.entry, fields)
    return ChangeMade(row.number, row.at, row.by, change)
