"""How agents spent their time: one row for each stretch of a presence, and of an activity.

The two overlap on purpose: who is talking may be paused from then on. Named by the fact that began it.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Row, Table, Text

from callcenter.adapters.db.fold import SpanKey
from callcenter.adapters.db.schema import UtcDateTime, metadata, storable
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.ports.history import AgentSpan, SpanKind

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


def span_columns(key: SpanKey, span: AgentSpan) -> dict[str, Any]:
    """A row of `agent_spans`."""
    journal, number, kind = key
    return {
        "journal": journal,
        "number": number,
        "kind": kind.value,
        "agent_id": span.agent,
        "state": span.state,
        "reason": storable(span.reason),
        "call_id": storable(span.call) if span.call is not None else None,
        "queue_id": span.queue,
        "began_at": span.began_at,
        "ended_at": span.ended_at,
    }


def read_span(row: Row[Any]) -> tuple[SpanKey, AgentSpan]:
    """The inverse of `span_columns`."""
    kind = SpanKind(row.kind)
    span = AgentSpan(
        agent=AgentId(row.agent_id),
        kind=kind,
        state=row.state,
        began_at=row.began_at,
        reason=row.reason,
        call=CallId(row.call_id) if row.call_id is not None else None,
        queue=QueueId(row.queue_id) if row.queue_id is not None else None,
        ended_at=row.ended_at,
    )
    return (row.journal, row.number, kind), span
