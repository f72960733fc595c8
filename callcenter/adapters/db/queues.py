"""Queues and who serves them: tables, mapping, repositories. Durations are kept in seconds."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter.adapters.db.agents import agents
from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.durations import in_seconds, of_seconds
from callcenter.core.errors import NameTaken, NoSuchAgent, NoSuchQueue, StillInUse
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.services.queue_limits import SECONDS

queues: Final = Table(
    "queues",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ring_for_seconds", Double, nullable=False),
    Column("wrap_up_seconds", Double),
    Column("misses_allowed", Integer, nullable=False),
    Column("announce_first_seconds", Double, nullable=False),
    Column("announce_every_seconds", Double),
    Column("quiet_for_seconds", Double, nullable=False),
    Column("music", Text, nullable=False),
    Column("service_level_within_seconds", Double, nullable=False),
    Column("strategy", Text, nullable=False, server_default=text("'longest-idle'")),
    # A list of steps, each {"after_seconds", "skill" and "to" or "add"}.
    Column("easing", Text, nullable=False, server_default=text("'[]'")),
    # A list of ways, each {"after_seconds", "key" or "calendar", "queue" or "flow"}.
    Column("ways_out", Text, nullable=False, server_default=text("'[]'")),
    Column("tier_for_seconds", Double, nullable=False, server_default=text("15")),
    Column("head_start_seconds", Double, nullable=False, server_default=text("0")),
    Column("rest_no_answer_seconds", Double, nullable=False, server_default=text("5")),
    Column("rest_rejected_seconds", Double, nullable=False, server_default=text("10")),
    Column("rest_unreachable_seconds", Double, nullable=False, server_default=text("10")),
    Column("announce_estimate", Boolean, nullable=False, server_default=text("false")),
    Column("greets_with_number", Boolean, nullable=False, server_default=text("false")),
    Column("briefs_agent", Boolean, nullable=False, server_default=text("false")),
    Column("known_for_seconds", Double, nullable=False, server_default=text("0")),
    Column("known_within_seconds", Double, nullable=False, server_default=text("2592000")),
    Column("resume_within_seconds", Double, nullable=False, server_default=text("60")),
    CheckConstraint("ring_for_seconds > 0", name="ring_for_seconds_above_zero"),
    CheckConstraint("misses_allowed > 0", name="misses_allowed_above_zero"),
)

queue_assignments: Final = Table(
    "queue_assignments",
    metadata,
    Column("agent_id", Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("queue_id", Text, ForeignKey("queues.id", ondelete="RESTRICT"), primary_key=True),
    Column("tier", Integer, nullable=False, server_default=text("1")),
    Column("weight", Integer, nullable=False, server_default=text("1")),
    Index(None, "queue_id"),
)


class DbQueues:
    """See `ports.store.Queues`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, queue: QueueId) -> QueueRules | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(queues).where(queues.c.id == queue))
            row = found.one_or_none()
            return _rules(row) if row else None

    async def list(self) -> Sequence[QueueRules]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(queues))
            return sorted((_rules(row) for row in found), key=lambda queue: queue.id)

    async def add(self, queue: QueueRules) -> None:
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(queue.id)):
                await connection.execute(insert(queues).values(_columns(queue)))

    async def replace(self, queue: QueueRules) -> None:
        change = update(queues).where(queues.c.id == queue.id).values(_columns(queue))
        async with self._database.writing() as connection:
            with refusals():
                changed = await connection.execute(change)
            if changed.rowcount == 0:
                raise NoSuchQueue(queue.id)

    async def delete(self, queue: QueueId) -> None:
        async with self._database.writing() as connection:
            with refusals(foreign=StillInUse(f"{queue}: agents are assigned to it")):
                gone = await connection.execute(delete(queues).where(queues.c.id == queue))
            if gone.rowcount == 0:
                raise NoSuchQueue(queue)


class DbAssignments:
    """See `ports.store.Assignments`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[AgentId, tuple[QueueId, ...]]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(queue_assignments))
            pairs = sorted((row.agent_id, row.queue_id) for row in found)
        served: dict[AgentId, tuple[QueueId, ...]] = {}
        for agent, queue in pairs:
            served[AgentId(agent)] = (*served.get(AgentId(agent), ()), QueueId(queue))
        return served

    async def assign(self, agent: AgentId, queues: Sequence[QueueId]) -> None:
        mine = queue_assignments.c.agent_id == agent
        async with self._database.writing() as connection:
            await _check_known(connection, agent, queues)
            other = queue_assignments.c.queue_id.not_in(queues)
            await connection.execute(delete(queue_assignments).where(mine, other))
            # Those that stay keep their tier and weight.
            kept = await connection.execute(select(queue_assignments.c.queue_id).where(mine))
            new = set(queues) - set(kept.scalars())
            wanted = [{"agent_id": agent, "queue_id": queue} for queue in sorted(new)]
            if wanted:
                # Whoever vanishes between the look and the writing is found by the constraint.
                with refusals(foreign=NoSuchQueue("an agent or a queue was deleted meanwhile")):
                    await connection.execute(insert(queue_assignments), wanted)


async def _check_known(
    connection: AsyncConnection, agent: AgentId, wanted: Sequence[QueueId]
) -> None:
    if (await connection.execute(select(agents.c.id).where(agents.c.id == agent))).first() is None:
        raise NoSuchAgent(agent)
    found = await connection.execute(select(queues.c.id).where(queues.c.id.in_(wanted)))
    missing = set(wanted) - {row.id for row in found}
    if missing:
        raise NoSuchQueue(", ".join(sorted(missing)))


def _rules(row: Row[Any]) -> QueueRules:
    durations: dict[str, Any] = {
        name: of_seconds(getattr(row, f"{name}_seconds")) for name in SECONDS
    }
    return QueueRules(
        QueueId(row.id),
        misses_allowed=row.misses_allowed,
        music=row.music,
        announce_estimate=row.announce_estimate,
        greets_with_number=row.greets_with_number,
        briefs_agent=row.briefs_agent,
        strategy=Strategy(row.strategy),
        easing=tuple(map(_ease, json.loads(row.easing))),
        ways_out=tuple(map(_way, json.loads(row.ways_out))),
        **durations,
    )


def _columns(queue: QueueRules) -> dict[str, Any]:
    durations = {f"{name}_seconds": in_seconds(getattr(queue, name)) for name in SECONDS}
    return {
        "id": queue.id,
        "misses_allowed": queue.misses_allowed,
        "music": queue.music,
        "announce_estimate": queue.announce_estimate,
        "greets_with_number": queue.greets_with_number,
        "briefs_agent": queue.briefs_agent,
        "strategy": queue.strategy.value,
        "easing": json.dumps([_step(ease) for ease in queue.easing]),
        "ways_out": json.dumps([_written(way) for way in queue.ways_out]),
        **durations,
    }


def _ease(step: Mapping[str, Any]) -> Ease:
    after = timedelta(seconds=step["after_seconds"])
    if "add" in step:
        return Ease(after, add=QueueId(step["add"]))
    return Ease(after, step["skill"], step["to"])


def _way(written: Mapping[str, Any]) -> WayOut:
    return WayOut(
        of_seconds(written.get("after_seconds")),
        written.get("key", ""),
        written.get("calendar", ""),
        QueueId(written["queue"]) if "queue" in written else None,
        FlowId(written["flow"]) if "flow" in written else None,
        of_seconds(written.get("expected_seconds")),
        written.get("nobody", False),
    )


def _written(way: WayOut) -> dict[str, Any]:
    said = {
        "after_seconds": in_seconds(way.after),
        "key": way.key,
        "calendar": way.calendar,
        "expected_seconds": in_seconds(way.expected),
        "nobody": way.nobody,
        "queue": way.queue,
        "flow": way.flow,
    }
    return {name: value for name, value in said.items() if value not in (None, "", False)}


def _step(ease: Ease) -> dict[str, Any]:
    what = {"add": ease.add} if ease.add is not None else {"skill": ease.skill, "to": ease.to}
    return {"after_seconds": ease.after.total_seconds(), **what}
