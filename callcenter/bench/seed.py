"""The centre that is measured: agents, one queue, one number and a flow that leads straight to it."""

import asyncio
from typing import Final

from callcenter.adapters.db.agents import DbAgents
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.numbers import DbNumbers
from callcenter.adapters.db.queues import DbAssignments, DbQueues
from callcenter.adapters.db.session import Database
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import AgentId, FlowId
from callcenter.ports.store import AgentProfile, NumberEntry
from callcenter.settings import Settings

QUEUE: Final = "bench"
DIALLED: Final = "4000"
AGENT_PREFIX: Final = "agent-"

_FLOW: Final = """id: straight
languages: [en]
start: wait
nodes:
  wait:
    enqueue: {{queue: {queue}}}
prompts: {{}}
"""


def agent_names(count: int) -> list[str]:
    """The agents, by name."""
    return [f"a{number:04d}" for number in range(1, count + 1)]


async def seed(settings: Settings, agents: int, rules: QueueRules) -> None:
    """Make the database and the flow."""
    flows = settings.path(settings.centre.flows_folder)
    (flows / "straight.yaml").write_text(_FLOW.format(queue=rules.id))
    await asyncio.to_thread(upgrade, settings.database_url)
    database = Database(settings.database_url)
    profiles, assignments = DbAgents(database), DbAssignments(database)
    try:
        async with database.change():
            await DbQueues(database).add(rules)
            await DbNumbers(database).add(NumberEntry(DIALLED, FlowId("straight")))
            for name in agent_names(agents):
                agent = AgentId(name)
                await profiles.add(AgentProfile(agent, name))
                await assignments.assign(agent, (rules.id,))
    finally:
        await database.close()
