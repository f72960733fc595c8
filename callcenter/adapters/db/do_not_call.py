"""Numbers that must not be called: table and repository."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Table, Text, delete, or_, select

from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database
from callcenter.ports.callers import Forbidden, NotListed

do_not_call: Final = Table(
    "do_not_call",
    metadata,
    Column("number", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("until", UtcDateTime),
)


class DbDoNotCall:
    """See `ports.callers.DoNotCall`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[Forbidden]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(do_not_call).order_by(do_not_call.c.number))
            return [Forbidden(row.number, row.reason, row.until) for row in rows]

    async def among(self, numbers: Sequence[str], at: datetime) -> frozenset[str]:
        until = do_not_call.c.until
        asked = select(do_not_call.c.number).where(
            do_not_call.c.number.in_(numbers), or_(until.is_(None), until > at)
        )
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(asked)).scalars())

    async def put(self, forbidden: Forbidden) -> None:
        said = {"reason": forbidden.reason, "until": forbidden.until}
        put = self._database.insert(do_not_call).values(number=forbidden.number, **said)
        async with self._database.writing() as connection:
            await connection.execute(
                put.on_conflict_do_update(index_elements=["number"], set_=said)
            )

    async def delete(self, number: str) -> None:
        gone = delete(do_not_call).where(do_not_call.c.number == number)
        async with self._database.writing() as connection:
            if (await connection.execute(gone)).rowcount == 0:
                raise NotListed
