"""What an engine must know that goes on with another journal than its own, as far as the database has it.

All facts of the calls that are not over, and how those are who are signed in. What the other engine
wrote last may be missing: whom that concerns is found by reconciling with the switch, as after any absence.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from callcenter.adapters.db.agents import agents, endpoints
from callcenter.adapters.db.calls import calls
from callcenter.adapters.db.facts import facts
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.spans import agent_spans, read_span
from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.device import Device
from callcenter.core.facts.agents import AgentRestored, Presence
from callcenter.core.facts.wire import Fact, from_wire
from callcenter.core.ids import AgentId
from callcenter.ports.history import AgentSpan, SpanKind


async def what_is_open(database: Database, now: datetime) -> list[Fact]:
    """The facts of open calls in their order, then one of each agent who is signed in.

    Raises: StoreAway; UnreadableFact, when a newer version wrote one.
    """
    is_open = calls.c.ended_at.is_(None)
    wanted = select(facts).where(
        facts.c.call_id.in_(select(calls.c.call_id).where(is_open)), facts.c.kind.like("call.%")
    )
    async with database.reading() as connection:
        rows = list(await connection.execute(wanted.order_by(facts.c.at, facts.c.number)))
        unended = select(agent_spans).where(agent_spans.c.ended_at.is_(None))
        spans = [read_span(row)[1] for row in await connection.execute(unended)]
        phones = {row.agent_id: row.endpoint for row in await connection.execute(select(endpoints))}
        outside = {row.id: row.outside_number for row in await connection.execute(select(agents))}
    began: dict[str, datetime] = {}
    for row in rows:
        began.setdefault(row.journal, row.at)
    # Journals one after the other; within one, numbers are the order, whatever the clock was.
    rows.sort(key=lambda row: (began[row.journal], row.journal, row.number))
    told = [from_wire(row.kind, row.body) for row in rows]
    return [*told, *_signed_in(spans, phones, outside, now)]


def _signed_in(
    spans: list[AgentSpan],
    phones: Mapping[str, str],
    outside: Mapping[str, str | None],
    now: datetime,
) -> list[Fact]:
    idle = {
        span.agent: span.began_at
        for span in spans
        if span.kind is SpanKind.ACTIVITY and span.state == Activity.IDLE
    }
    found: list[Fact] = []
    for span in spans:
        device = _device(span.agent, phones, outside)
        if span.kind is not SpanKind.PRESENCE or device is None:
            continue
        # Who can be rung at a phone of ours is asked of the switch in a moment.
        is_there, since = device.kind == "tel", idle.get(span.agent, now)
        state = (Presence(span.state), span.reason, span.began_at, is_there, since, 0, None)
        found.append(AgentRestored(now, span.agent, str(device), *state))
    return found


def _device(
    agent: AgentId, phones: Mapping[str, str], outside: Mapping[str, str | None]
) -> Device | None:
    if agent in phones:
        return Device("sip", phones[agent])
    number = outside.get(agent)
    return Device("tel", number) if number else None
