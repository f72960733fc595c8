"""How agents spent their time: one row for each stretch of a presence, and of an activity.

The two overlap on purpose: who is talking may be paused from then on. Named by the fact that began it.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from callcenter.adapters.db.schema import UtcDateTime, metadata

agent_spans: Final = Table(
    "agent_spans",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("agent_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("call_id", Text),
    Column("queue_id", Text),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index(None, "agent_id", "began_at"),
    Index(None, "began_at"),
)
