"""Facts as they were written to the journal, and how far the archive has come in reading it.

Numbers count within one journal. A journal that was moved away and begun anew counts from one again,
hence the pair.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import JSON, BigInteger, Column, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter.adapters.db.schema import UtcDateTime, iso, metadata, storable
from callcenter.core.facts.wire import Fact, name_of
from callcenter.ports.journal import Numbered

facts: Final = Table(
    "facts",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("call_id", Text),
    Column("body", JSON, nullable=False),
    Index(None, "call_id"),
    sqlite_with_rowid=False,  # the key is the order in which they are written and read
)

archive_progress: Final = Table(
    "archive_progress",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

_COLUMNS: Final = "journal, number, kind, at, call_id, body"


async def insert_facts(
    connection: AsyncConnection, journal: str, batch: Sequence[Numbered]
) -> None:
    """Write a batch of facts.

    Straight to the driver: a dozen rows for each call there is, all alike, spend most of their time in
    SQLAlchemy's way of looking at every value.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    places = ", ".join(["?" if is_sqlite else "%s"] * 6)
    rows = [_values(journal, number, fact, is_sqlite) for number, fact in batch]
    await connection.exec_driver_sql(f"INSERT INTO facts ({_COLUMNS}) VALUES ({places})", rows)


def _values(journal: str, number: int, fact: Fact, is_sqlite: bool) -> tuple[Any, ...]:
    call = getattr(fact, "call", None)
    return (
        journal,
        number,
        name_of(fact),
        iso(fact.at) if is_sqlite else fact.at,
        None if call is None else storable(call),
        orjson.dumps(fact).decode(),
    )
