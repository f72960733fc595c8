"""Calls as they are looked up afterwards: one with its facts in order, or the latest by pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select

from callcenter.adapters.db.calls import (
    calls,
    offers,
    queue_visits,
    read_call,
    read_offer,
    read_visit,
)
from callcenter.adapters.db.facts import facts
from callcenter.adapters.db.pages import LARGEST_PAGE, place, read_place
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.spans import agent_spans, read_span
from callcenter.core.errors import NoSuchCall
from callcenter.core.ids import AgentId, CallId
from callcenter.ports.history import AgentSpan, CallHistory, CallPage, StoredFact


class DbHistory:
    """See `ports.history.History`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def call(self, call: CallId) -> CallHistory:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(calls).where(calls.c.call_id == call))).first()
            if row is None:
                raise NoSuchCall(call)
            visits = await connection.execute(
                select(queue_visits).where(queue_visits.c.call_id == call).order_by("visit")
            )
            asked = await connection.execute(
                select(offers).where(offers.c.call_id == call).order_by("visit", "offer")
            )
            heard = list(await connection.execute(select(facts).where(facts.c.call_id == call)))
            return CallHistory(
                read_call(row),
                [read_visit(visit) for visit in visits],
                [read_offer(offer) for offer in asked],
                _in_order(heard),
            )

    async def recent(
        self, *, limit: int = 50, older: str | None = None, agent: AgentId | None = None
    ) -> CallPage:
        size = max(1, min(limit, LARGEST_PAGE))
        newest_first = calls.c.arrived_at.desc(), calls.c.call_id.desc()
        wanted = select(calls).order_by(*newest_first).limit(size + 1)
        if agent is not None:
            wanted = wanted.where(calls.c.agent_id == agent)
        if older is not None:
            at, call = read_place(older)
            earlier = calls.c.arrived_at < at
            same = and_(calls.c.arrived_at == at, calls.c.call_id < call)
            wanted = wanted.where(or_(earlier, same))
        async with self._database.reading() as connection:
            found = [read_call(row) for row in await connection.execute(wanted)]
        last = found[size - 1] if len(found) > size else None
        return CallPage(found[:size], place(last.arrived_at, last.call) if last else None)

    async def spans(self, agent: AgentId, since: datetime, until: datetime) -> Sequence[AgentSpan]:
        touching = and_(
            agent_spans.c.agent_id == agent,
            agent_spans.c.began_at < until,
            or_(agent_spans.c.ended_at.is_(None), agent_spans.c.ended_at > since),
        )
        wanted = select(agent_spans).where(touching)
        async with self._database.reading() as connection:
            found = await connection.execute(
                wanted.order_by(agent_spans.c.began_at, agent_spans.c.number, agent_spans.c.kind)
            )
            return [read_span(row)[1] for row in found]


def _in_order(rows: Sequence[Row[Any]]) -> list[StoredFact]:
    """By number; where a journal was begun anew in the middle of the call, the older one first."""
    begun: dict[str, datetime] = {}
    for row in rows:
        begun[row.journal] = min(row.at, begun.get(row.journal, row.at))
    rows = sorted(rows, key=lambda row: (begun[row.journal], row.number))
    return [StoredFact(row.number, row.kind, row.at, row.body) for row in rows]
