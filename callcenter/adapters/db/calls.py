"""What calls came to: one row a call, one a stay in a queue, one an offer to an agent.

A call and a stay are two views of one caller and are never added together (features 4.0): reports on
callers read `calls`, reports on queues read `queue_visits`. Everything here is folded from facts.
"""

from typing import Final

from sqlalchemy import Column, Double, ForeignKeyConstraint, Index, Integer, Table, Text

from callcenter.adapters.db.schema import UtcDateTime, metadata

calls: Final = Table(
    "calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("ani", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("dnis", Text, nullable=False),
    Column("flow_id", Text),
    Column("flow_version", Text),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", Text),
    Column("ended_by", Text),
    Column("agent_id", Text),
    Index(None, "arrived_at"),
    Index(None, "ani"),
    Index(None, "agent_id"),
)

queue_visits: Final = Table(
    "queue_visits",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("queue_id", Text, nullable=False),
    Column("priority", Double, nullable=False),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("exited_at", UtcDateTime),
    Column("exit", Text),
    Column("wait_seconds", Double),
    Column("agent_id", Text),
    Column("offers", Integer, nullable=False),
    Index(None, "queue_id", "enqueued_at"),
    Index(None, "enqueued_at"),
)

offers: Final = Table(
    "offers",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("offer", Integer, primary_key=True, autoincrement=False),
    Column("agent_id", Text, nullable=False),
    Column("offered_at", UtcDateTime, nullable=False),
    Column("ringing_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("result", Text),
    Column("why", Text, nullable=False),
    ForeignKeyConstraint(["call_id", "visit"], ["queue_visits.call_id", "queue_visits.visit"]),
    Index(None, "agent_id", "offered_at"),
)
