"""Skills and what agents are good at: tables, mapping, repository."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from callcenter.adapters.db.queues import queue_assignments
from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.acd.agent_state import Talents
from callcenter.core.errors import NoSuchSkill, StillInUse
from callcenter.core.ids import AgentId, QueueId
from callcenter.ports.store import Skill

skills: Final = Table(
    "skills",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
)

agent_skills: Final = Table(
    "agent_skills",
    metadata,
    Column("agent_id", Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("skill_id", Text, ForeignKey("skills.id", ondelete="RESTRICT"), primary_key=True),
    Column("level", Integer, nullable=False),
    CheckConstraint("level BETWEEN 1 AND 100", name="level_in_range"),
    Index(None, "skill_id"),
)


class DbSkills:
    """See `ports.store.Skills`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[Skill]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(skills))
            known = [Skill(row.id, row.name_en, row.name_zh) for row in found]
            return sorted(known, key=lambda skill: skill.id)

    async def put(self, skill: Skill) -> None:
        values = {"id": skill.id, "name_en": skill.name_en, "name_zh": skill.name_zh}
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(skills).where(skills.c.id == skill.id).values(values)
            )
            if changed.rowcount == 0:
                await connection.execute(insert(skills).values(values))

    async def delete(self, skill: str) -> None:
        async with self._database.writing() as connection:
            with refusals(foreign=StillInUse(f"{skill}: agents have it")):
                gone = await connection.execute(delete(skills).where(skills.c.id == skill))
            if gone.rowcount == 0:
                raise NoSuchSkill(skill)

    async def talents(self) -> Mapping[AgentId, Talents]:
        levels: defaultdict[AgentId, dict[str, int]] = defaultdict(dict)
        tiers: defaultdict[AgentId, dict[QueueId, int]] = defaultdict(dict)
        weights: defaultdict[AgentId, dict[QueueId, int]] = defaultdict(dict)
        async with self._database.reading() as connection:
            for row in await connection.execute(
                select(agent_skills).order_by("agent_id", "skill_id")
            ):
                levels[AgentId(row.agent_id)][row.skill_id] = row.level
            unusual = (queue_assignments.c.tier != 1) | (queue_assignments.c.weight != 1)
            ranked = select(queue_assignments).where(unusual).order_by("agent_id", "queue_id")
            for row in await connection.execute(ranked):
                agent, queue = AgentId(row.agent_id), QueueId(row.queue_id)
                tiers[agent][queue], weights[agent][queue] = row.tier, row.weight
        return {
            agent: Talents(levels[agent], _unusual(tiers[agent]), _unusual(weights[agent]))
            for agent in sorted({*levels, *tiers})
        }

    async def give(self, agent: AgentId, talents: Talents) -> None:
        held = [
            {"agent_id": agent, "skill_id": skill, "level": level}
            for skill, level in talents.skills.items()
        ]
        mine = queue_assignments.c.agent_id == agent
        async with self._database.writing() as connection:
            known = set((await connection.execute(select(skills.c.id))).scalars())
            if unknown := sorted(talents.skills.keys() - known):
                raise NoSuchSkill(", ".join(unknown))
            await connection.execute(delete(agent_skills).where(agent_skills.c.agent_id == agent))
            if held:
                with refusals(foreign=NoSuchSkill("an agent or a skill was deleted meanwhile")):
                    await connection.execute(insert(agent_skills), held)
            await connection.execute(update(queue_assignments).where(mine).values(tier=1, weight=1))
            ranked = [
                {
                    "of": queue,
                    "in_tier": talents.tiers.get(queue, 1),
                    "by_weight": talents.weights.get(queue, 1),
                }
                for queue in talents.tiers.keys() | talents.weights.keys()
            ]
            if ranked:
                one = update(queue_assignments).where(
                    mine, queue_assignments.c.queue_id == bindparam("of")
                )
                await connection.execute(
                    one.values(tier=bindparam("in_tier"), weight=bindparam("by_weight")), ranked
                )


def _unusual(said: Mapping[QueueId, int]) -> dict[QueueId, int]:
    return {queue: value for queue, value in said.items() if value != 1}
