"""Facts as they were written to the journal, and how far the archive has come in reading it.

Numbers count within one journal. A journal that was moved away and begun anew counts from one again,
hence the pair.
"""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, Table, Text

from callcenter.adapters.db.schema import UtcDateTime, metadata

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
    Index(None, "at"),
)

archive_progress: Final = Table(
    "archive_progress",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
