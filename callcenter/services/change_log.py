"""The change log: what became of the configuration and by whom, written in the transaction of the change.

What an entry is for its readers, with names for its fields, `changes_of` knows; here is seen to it that
nothing is changed without a line.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from callcenter.core.access import Actor
from callcenter.core.acd.agent_state import NO_TALENTS
from callcenter.core.ids import AgentId, QueueId
from callcenter.ports.store import Change, ChangeMade
from callcenter.services.blueprint import AgentEntry, Blueprint, Section
from callcenter.services.stored import Stores

SHOWN_CHANGES: Final = 100

ChangesOf = Callable[[Blueprint, Blueprint], Sequence[Change]]


class ChangeLog:
    """Reads what is, and writes down what it becomes. Its methods raise StoreAway."""

    def __init__(self, stores: Stores, changes_of: ChangesOf, now: Callable[[], datetime]) -> None:
        self._stores = stores
        self._changes_of = changes_of
        self._now = now

    async def read(self) -> Blueprint:
        """All that there is."""
        stores = self._stores
        served, talents = await stores.assignments.all(), await stores.skills.talents()
        return Blueprint(
            {skill.id: skill for skill in await stores.skills.list()},
            {rules.id: rules for rules in await stores.queues.list()},
            {
                one.id: AgentEntry(one, served.get(one.id, ()), talents.get(one.id, NO_TALENTS))
                for one in await stores.agents.list()
            },
            {number.did: number for number in await stores.numbers.list()},
            await stores.codes.pause_reasons(),
            await stores.codes.dispositions(),
        )

    @asynccontextmanager
    async def watching(self, actor: Actor, section: Section, id: str) -> AsyncIterator[None]:
        """What is written inside becomes of this entry."""
        before = await self._entry(section, id)
        yield
        await self.note(actor, before, await self._entry(section, id))

    async def note(self, actor: Actor, before: Blueprint, after: Blueprint) -> None:
        """The one became the other."""
        changes = self._changes_of(before, after)
        if changes:
            await self._stores.changes.keep(self._now(), actor.id, changes)

    async def newest(self, before: int | None, section: str, id: str) -> Sequence[ChangeMade]:
        """See `ports.store.Changes`."""
        kept = self._stores.changes
        return await kept.newest(SHOWN_CHANGES, before=before, section=section, id=id)

    async def _entry(self, section: Section, id: str) -> Blueprint:
        """The entry alone, or nothing: all of it is much, for the change of one."""
        stores = self._stores
        match section:
            case "skills":
                return Blueprint(skills={s.id: s for s in await stores.skills.list() if s.id == id})
            case "queues":
                rules = await stores.queues.find(QueueId(id))
                return Blueprint(queues={rules.id: rules} if rules else {})
            case "agents":
                return Blueprint(agents=await self._agent(AgentId(id)))
            case "numbers":
                number = await stores.numbers.find(id)
                return Blueprint(numbers={id: number} if number else {})
            case "pause_reasons":
                reasons = await stores.codes.pause_reasons()
                return Blueprint(pause_reasons={id: reasons[id]} if id in reasons else {})
            case "dispositions":
                known = await stores.codes.dispositions()
                return Blueprint(dispositions={id: known[id]} if id in known else {})

    async def _agent(self, agent: AgentId) -> dict[AgentId, AgentEntry]:
        profile = await self._stores.agents.find(agent)
        if profile is None:
            return {}
        served = (await self._stores.assignments.all()).get(agent, ())
        talents = (await self._stores.skills.talents()).get(agent, NO_TALENTS)
        return {agent: AgentEntry(profile, served, talents)}
