"""Numbers that may be dialled: table, mapping, repository."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Table, Text, delete, insert, select, text, update

from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.errors import NameTaken, NoSuchNumber
from callcenter.core.ids import FlowId
from callcenter.ports.store import NumberEntry

numbers: Final = Table(
    "numbers",
    metadata,
    Column("did", Text, primary_key=True),
    Column("flow_id", Text, nullable=False),
    Column("requires", Text, nullable=False, server_default=text("''")),
    Column("prefers", Text, nullable=False, server_default=text("''")),
)


class DbNumbers:
    """See `ports.store.Numbers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, did: str) -> NumberEntry | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(numbers).where(numbers.c.did == did))
            row = found.one_or_none()
            return _entry(row) if row else None

    async def list(self) -> Sequence[NumberEntry]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(numbers))
            return sorted(map(_entry, found), key=lambda entry: entry.did)

    async def add(self, number: NumberEntry) -> None:
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(number.did)):
                await connection.execute(insert(numbers).values(_columns(number)))

    async def replace(self, number: NumberEntry) -> None:
        change = update(numbers).where(numbers.c.did == number.did).values(_columns(number))
        async with self._database.writing() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise NoSuchNumber(number.did)

    async def delete(self, did: str) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(numbers).where(numbers.c.did == did))
            if gone.rowcount == 0:
                raise NoSuchNumber(did)


def _entry(row: Row[Any]) -> NumberEntry:
    return NumberEntry(row.did, FlowId(row.flow_id), row.requires, row.prefers)


def _columns(number: NumberEntry) -> dict[str, Any]:
    return {
        "did": number.did,
        "flow_id": number.flow,
        "requires": number.requires,
        "prefers": number.prefers,
    }
