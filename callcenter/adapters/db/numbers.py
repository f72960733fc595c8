"""Numbers that may be dialled: table, mapping, repository."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Table, Text, delete, insert, select, update

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
)


class DbNumbers:
    """See `ports.store.Numbers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, did: str) -> NumberEntry | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(numbers).where(numbers.c.did == did))
            row = found.one_or_none()
            return NumberEntry(row.did, FlowId(row.flow_id)) if row else None

    async def list(self) -> Sequence[NumberEntry]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(numbers))
            entries = [NumberEntry(row.did, FlowId(row.flow_id)) for row in found]
            return sorted(entries, key=lambda entry: entry.did)

    async def add(self, number: NumberEntry) -> None:
        values = {"did": number.did, "flow_id": number.flow}
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(number.did)):
                await connection.execute(insert(numbers).values(values))

    async def replace(self, number: NumberEntry) -> None:
        change = update(numbers).where(numbers.c.did == number.did).values(flow_id=number.flow)
        async with self._database.writing() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise NoSuchNumber(number.did)

    async def delete(self, did: str) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(numbers).where(numbers.c.did == did))
            if gone.rowcount == 0:
                raise NoSuchNumber(did)
