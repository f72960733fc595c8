"""What calls came to: one row a call, one a stay in a queue, one an offer to an agent.

A call and a stay are two views of one caller and are never added together (features 4.0): reports on
callers read `calls`, reports on queues read `queue_visits`. Everything here is folded from facts.
"""

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    Table,
    Text,
    text,
)

from callcenter.adapters.db.schema import UtcDateTime, metadata, storable
from callcenter.core.facts.calls import EndedBy, Outcome
from callcenter.core.ids import AgentId, CallId, FlowId, QueueId
from callcenter.ports.history import CallRecord, Exit, OfferRecord, QueueVisit

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
    Column("language", Text),
    Column("first_dialled", Text, nullable=False, server_default=""),
    Column("disposition", Text),
    Index(None, "arrived_at"),
    Index(None, "ani", "arrived_at"),
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
    Column("is_kept", Boolean, nullable=False, server_default=text("false")),
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


def call_columns(record: CallRecord) -> dict[str, Any]:
    """A row of `calls`."""
    return {
        "call_id": storable(record.call),
        "ani": storable(record.ani),
        "caller_name": storable(record.name),
        "dnis": storable(record.dnis),
        "flow_id": record.flow,
        "flow_version": record.flow_version,
        "arrived_at": record.arrived_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "outcome": record.outcome.value if record.outcome else None,
        "ended_by": record.ended_by.value if record.ended_by else None,
        "agent_id": record.agent,
        "language": record.language,
        "first_dialled": storable(record.first_dialled),
        "disposition": record.disposition,
    }


def read_call(row: Row[Any]) -> CallRecord:
    """The inverse of `call_columns`."""
    return CallRecord(
        call=CallId(row.call_id),
        ani=row.ani,
        name=row.caller_name,
        dnis=row.dnis,
        arrived_at=row.arrived_at,
        flow=FlowId(row.flow_id) if row.flow_id is not None else None,
        flow_version=row.flow_version,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        ended_by=EndedBy(row.ended_by) if row.ended_by else None,
        agent=AgentId(row.agent_id) if row.agent_id is not None else None,
        language=row.language,
        first_dialled=row.first_dialled,
        disposition=row.disposition,
    )


def visit_columns(visit: QueueVisit) -> dict[str, Any]:
    """A row of `queue_visits`."""
    return {
        "call_id": storable(visit.call),
        "visit": visit.visit,
        "queue_id": visit.queue,
        "priority": visit.priority,
        "enqueued_at": visit.enqueued_at,
        "exited_at": visit.exited_at,
        "exit": visit.exit.value if visit.exit else None,
        "wait_seconds": None if visit.waited is None else visit.waited.total_seconds(),
        "agent_id": visit.agent,
        "offers": visit.offers,
        "is_kept": visit.is_kept,
    }


def read_visit(row: Row[Any]) -> QueueVisit:
    """The inverse of `visit_columns`."""
    return QueueVisit(
        call=CallId(row.call_id),
        visit=row.visit,
        queue=QueueId(row.queue_id),
        priority=row.priority,
        enqueued_at=row.enqueued_at,
        exited_at=row.exited_at,
        exit=Exit(row.exit) if row.exit else None,
        agent=AgentId(row.agent_id) if row.agent_id is not None else None,
        offers=row.offers,
        is_kept=row.is_kept,
    )


def offer_columns(offer: OfferRecord) -> dict[str, Any]:
    """A row of `offers`."""
    return {
        "call_id": storable(offer.call),
        "visit": offer.visit,
        "offer": offer.offer,
        "agent_id": offer.agent,
        "offered_at": offer.offered_at,
        "ringing_at": offer.ringing_at,
        "answered_at": offer.answered_at,
        "ended_at": offer.ended_at,
        "result": offer.result,
        "why": storable(offer.why),
    }


def read_offer(row: Row[Any]) -> OfferRecord:
    """The inverse of `offer_columns`."""
    return OfferRecord(
        call=CallId(row.call_id),
        visit=row.visit,
        offer=row.offer,
        agent=AgentId(row.agent_id),
        offered_at=row.offered_at,
        why=row.why,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        result=row.result,
    )
