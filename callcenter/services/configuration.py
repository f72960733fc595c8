"""The configuration in force: agents, queues and numbers from the store, flows from their folder.

A change is written to the store first, in one transaction, and then given to the engine whole, as one
immutable directory: callers who wait meanwhile keep their places under the new rules.

A flow comes into force only when it can be read, when everything it names exists, and when all that it
says has been spoken to a file. Until then the version that runs goes on running, and whoever asks
is told file, line and cure. A flow that never ran is left out; callers of its numbers hear that
the line is out of order. Speaking takes minutes, and nobody else who changes something waits for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.acd.agent_state import NO_TALENTS, Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calendar import Calendar
from callcenter.core.calling import as_called
from callcenter.core.calls.directory import Directory
from callcenter.core.errors import NoSuchAgent, NoSuchFlow, NoSuchQueue, StillInUse
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.core.numbers import normalise
from callcenter.core.skills import checked_need, text_of
from callcenter.engine.api import Door
from callcenter.ports.journal import JournalAway
from callcenter.ports.store import (
    NumberEntry,
    Skill,
    StoreAway,
)
from callcenter.services.agents import AgentDesk
from callcenter.services.blueprint import AgentEntry, Section
from callcenter.services.change_log import ChangeLog
from callcenter.services.emergency_flow import BROKEN_FLOW, broken_flow
from callcenter.services.flows import FlowProblem, FlowShelf, Ready
from callcenter.services.naming import DID, OUTSIDE, check_id, check_names, telephone
from callcenter.services.queue_rules import in_order, queue_problems
from callcenter.services.refusing import refuse
from callcenter.services.skill_rules import (
    check_skill,
    check_talents,
    flow_uses_of_skill,
    uses_of_skill,
)
from callcenter.services.stored import Stored, StoredRecord, Stores
from callcenter.services.ways_out_rules import leads_to

logger = logging.getLogger(__name__)

_MakeReady = Callable[[Collection[str], Collection[FlowId], Collection[str]], Awaitable[Ready]]


@dataclass(frozen=True, slots=True)
class FlowEntry:
    """A flow, the version in force (None: none ever was), and what is wrong with its file."""

    id: FlowId
    version: str | None
    numbers: tuple[str, ...]
    problems: tuple[FlowProblem, ...]


class Configuration:
    """Reads, changes and puts in force. One per engine. `record` None: nothing is kept for a start
    while the store is away."""

    def __init__(
        self,
        stores: Stores,
        flows: FlowShelf,
        desk: AgentDesk,
        door: Door,
        changes: ChangeLog,
        *,
        region: str,
        record: StoredRecord | None = None,
        tells_when_full: bool = False,
        calling_hours: Calendar | None = None,
    ) -> None:
        self._stores = stores
        self.flows = flows
        self.changes = changes
        self._desk = desk
        self._door = door
        self.region = region
        self._record = record
        self._tells_when_full = tells_when_full
        self._calling_hours = calling_hours
        self._one_at_a_time = asyncio.Lock()
        self._one_renewal = asyncio.Lock()  # Taken before the other, which it holds only to swap.

    async def load(self) -> tuple[FlowProblem, ...]:
        """Put everything in force at a start; what is wrong with the flows. Raises: StoreAway."""
        return await self._renew(self.flows.recall, self._keep_if_possible)

    async def recall(self) -> tuple[FlowProblem, ...]:
        """Put in force what was so last, since the store is away. Raises: StoreAway, if that is not known;
        then nobody knows which numbers and queues there are."""
        stored = None if self._record is None else await asyncio.to_thread(self._record.read)
        if stored is None:
            raise StoreAway("and it is not known what was in force last")
        ready = await self.flows.recall(*stored.around)
        self.flows.put_in_force(ready)
        self._configure(stored)
        return ready.problems

    # -- agents -----------------------------------------------------------------------------------

    async def list_agents(self, actor: Actor) -> Sequence[AgentEntry]:
        """All agents, by id. Raises: NotPermitted."""
        check_may(actor, Action.READ_AGENTS)
        served = await self._stores.assignments.all()
        talents = await self._stores.skills.talents()
        return [
            AgentEntry(one, served.get(one.id, ()), talents.get(one.id, NO_TALENTS))
            for one in await self._stores.agents.list()
        ]

    async def agent(self, actor: Actor, agent: AgentId) -> AgentEntry:
        """Raises: NotPermitted, NoSuchAgent."""
        check_may(actor, Action.READ_AGENTS)
        profile = await self._stores.agents.find(agent)
        if profile is None:
            raise NoSuchAgent(agent)
        served = (await self._stores.assignments.all()).get(agent, ())
        talents = (await self._stores.skills.talents()).get(agent, NO_TALENTS)
        return AgentEntry(profile, served, talents)

    async def add_agent(self, actor: Actor, entry: AgentEntry) -> AgentEntry:
        """Raises: NotPermitted, Invalid, NameTaken, NoSuchQueue, NoSuchSkill."""
        check_may(actor, Action.CHANGE_AGENTS)
        entry = self._checked(entry)
        async with self.editing(actor, "agents", entry.profile.id):
            await self._stores.agents.add(entry.profile)
            await self._stores.assignments.assign(entry.profile.id, entry.queues)
            await self._stores.skills.give(entry.profile.id, entry.talents)
        return entry

    async def change_agent(
        self, actor: Actor, agent: AgentId, change: Callable[[AgentEntry], AgentEntry]
    ) -> AgentEntry:
        """Make of an agent what `change` makes of them as they are when it is their turn: of two who
        change different things neither undoes the other's.

        Raises: NotPermitted, Invalid, NoSuchAgent, NoSuchQueue, NoSuchSkill.
        """
        check_may(actor, Action.CHANGE_AGENTS)
        async with self.editing(actor, "agents", agent):
            before = await self.agent(actor, agent)
            entry = self._checked(change(before))
            await self._stores.agents.replace(entry.profile)
            await self._stores.assignments.assign(agent, entry.queues)
            await self._stores.skills.give(agent, entry.talents)
        moved = before.profile.outside_number != entry.profile.outside_number
        if not entry.profile.enabled or (moved and self._desk.sits_outside(agent)):
            await self._desk.send_home(actor, agent)
        return entry

    async def delete_agent(self, actor: Actor, agent: AgentId) -> None:
        """Sign them out and forget them. Raises: NotPermitted, NoSuchAgent."""
        check_may(actor, Action.CHANGE_AGENTS)
        async with self.editing(actor, "agents", agent):
            await self._stores.agents.delete(agent)
        await self._desk.send_home(actor, agent)

    async def assign(
        self,
        actor: Actor,
        agent: AgentId,
        queues: Sequence[QueueId],
        ranked: Callable[[Talents], Talents] = lambda talents: talents,
    ) -> AgentEntry:
        """Let the agent serve exactly these; `ranked` makes of what is said about them what is to be said
        of their tiers and weights. Raises: NotPermitted, Invalid, NoSuchAgent, NoSuchQueue."""
        check_may(actor, Action.CHANGE_QUEUES)
        async with self.editing(actor, "agents", agent):
            await self._stores.assignments.assign(agent, queues)
            had = (await self._stores.skills.talents()).get(agent, NO_TALENTS)
            talents = replace(ranked(had), skills=had.skills)
            check_talents(talents, queues)
            await self._stores.skills.give(agent, talents)
        return await self.agent(actor, agent)

    # -- queues -----------------------------------------------------------------------------------

    async def list_queues(self, actor: Actor) -> Sequence[QueueRules]:
        """All queues, by id. Raises: NotPermitted."""
        check_may(actor, Action.READ_QUEUES)
        return await self._stores.queues.list()

    async def queue(self, actor: Actor, queue: QueueId) -> QueueRules:
        """Raises: NotPermitted, NoSuchQueue."""
        check_may(actor, Action.READ_QUEUES)
        rules = await self._stores.queues.find(queue)
        if rules is None:
            raise NoSuchQueue(queue)
        return rules

    async def add_queue(self, actor: Actor, rules: QueueRules) -> None:
        """Raises: NotPermitted, Invalid, NameTaken, NoSuchSkill, NoSuchQueue, NoSuchFlow."""
        check_may(actor, Action.CHANGE_QUEUES)
        check_id("id", rules.id)
        async with self.editing(actor, "queues", rules.id):
            rules = await self._checked_rules(rules)
            await self._stores.queues.add(rules)

    async def change_queue(
        self, actor: Actor, queue: QueueId, change: Callable[[QueueRules], QueueRules]
    ) -> QueueRules:
        """See `change_agent`. Raises: NotPermitted, Invalid, NoSuchQueue, NoSuchSkill, NoSuchFlow."""
        check_may(actor, Action.CHANGE_QUEUES)
        async with self.editing(actor, "queues", queue):
            rules = await self._checked_rules(change(await self.queue(actor, queue)))
            await self._stores.queues.replace(rules)
        return rules

    async def delete_queue(self, actor: Actor, queue: QueueId) -> None:
        """Raises: NotPermitted, NoSuchQueue, StillInUse (agents serve it, a flow or another queue leads
        there, or another queue may be eased by it)."""
        check_may(actor, Action.CHANGE_QUEUES)
        async with self.editing(actor, "queues", queue):
            users = self.flows.into(queue)
            if users:
                raise StillInUse(f"{queue}: flows lead to it: {', '.join(users)}")
            others = await self._stores.queues.list()
            if eased := [q.id for q in others if any(step.add == queue for step in q.easing)]:
                raise StillInUse(f"{queue}: its agents are added to {', '.join(eased)}")
            if left := leads_to(queue, others):
                raise StillInUse(f"{queue}: a way out leads there from {', '.join(left)}")
            await self._stores.queues.delete(queue)

    # -- numbers ----------------------------------------------------------------------------------

    async def list_numbers(self, actor: Actor) -> Sequence[NumberEntry]:
        """All numbers, in order of their digits. Raises: NotPermitted."""
        check_may(actor, Action.READ_FLOWS)
        return await self._stores.numbers.list()

    async def put_number(
        self, actor: Actor, did: str, flow: FlowId, requires: str = "", prefers: str = ""
    ) -> NumberEntry:
        """Let callers of `did`, however it is written, hear `flow`, and need so much of an agent.

        Raises: NotPermitted, Invalid, NoSuchFlow, NoSuchSkill.
        """
        check_may(actor, Action.CHANGE_FLOWS)
        did = telephone("did", did, self.region, DID)
        if flow not in self.flows.known:
            raise NoSuchFlow(flow)
        async with self.editing(actor, "numbers", did):
            known = await self._skills()
            required = text_of(checked_need("requires", requires, known))
            preferred = text_of(checked_need("prefers", prefers, known))
            entry = NumberEntry(did, flow, required, preferred)
            if await self._stores.numbers.find(entry.did) is None:
                await self._stores.numbers.add(entry)
            else:
                await self._stores.numbers.replace(entry)
        return entry

    async def delete_number(self, actor: Actor, did: str) -> None:
        """Raises: NotPermitted, NoSuchNumber."""
        check_may(actor, Action.CHANGE_FLOWS)
        did = normalise(did, self.region)
        async with self.editing(actor, "numbers", did):
            await self._stores.numbers.delete(did)

    # -- skills -----------------------------------------------------------------------------------

    async def list_skills(self, actor: Actor) -> Sequence[Skill]:
        """All skills, by id. Raises: NotPermitted."""
        check_may(actor, Action.READ_AGENTS)
        return await self._stores.skills.list()

    async def put_skill(self, actor: Actor, skill: Skill) -> None:
        """Add a skill, or change its names. Raises: NotPermitted, Invalid."""
        check_may(actor, Action.CHANGE_AGENTS)
        check_skill(skill.id)
        check_names(skill.name_en, skill.name_zh)
        async with self.editing(actor, "skills", skill.id):
            await self._stores.skills.put(skill)

    async def delete_skill(self, actor: Actor, skill: str) -> None:
        """Raises: NotPermitted, NoSuchSkill, StillInUse (somebody has it, or it is asked for)."""
        check_may(actor, Action.CHANGE_AGENTS)
        async with self.editing(actor, "skills", skill):
            queues, numbers = await self._stores.queues.list(), await self._stores.numbers.list()
            customers = await self._stores.customers.needing(skill)
            led = flow_uses_of_skill(skill, self.flows.in_force.values(), customers)
            if uses := [*uses_of_skill(skill, queues, numbers), *led]:
                raise StillInUse(f"{skill}: asked for by {', '.join(uses)}")
            await self._stores.skills.delete(skill)

    # -- changing ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def editing(self, actor: Actor, section: Section, id: str) -> AsyncIterator[None]:
        """`changing`, and what becomes of this entry is written down as the actor's doing."""
        async with self.changing(), self.changes.watching(actor, section, id):
            yield

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """Nobody else changes anything; what is written inside is one, and is put in force then."""
        async with self._one_at_a_time:
            async with self._stores.unit.change():
                yield
            await self._put_in_force()

    # -- flows ------------------------------------------------------------------------------------

    async def list_flows(self, actor: Actor) -> Sequence[FlowEntry]:
        """Every flow that runs or would, by id. Raises: NotPermitted."""
        check_may(actor, Action.READ_FLOWS)
        numbers = await self._stores.numbers.list()
        return [
            FlowEntry(
                flow,
                self.flows.in_force[flow].version if flow in self.flows.in_force else None,
                tuple(number.did for number in numbers if number.flow == flow),
                tuple(problem for problem in self.flows.problems if problem.flow == flow),
            )
            for flow in sorted(self.flows.known)
        ]

    async def reload_flows(self, actor: Actor) -> tuple[FlowProblem, ...]:
        """Read the flows again and put those that are sound in force.

        Raises: NotPermitted, StoreAway, JournalAway; nothing was changed then.
        """
        check_may(actor, Action.CHANGE_FLOWS)
        return await self._renew(self.flows.read, self.flows.keep)

    async def check_flows(self, actor: Actor) -> tuple[FlowProblem, ...]:
        """What `reload_flows` would say, with nothing changed. Raises: NotPermitted."""
        check_may(actor, Action.READ_FLOWS)
        queues = {rules.id for rules in await self._stores.queues.list()}
        return await self.flows.check(queues, await self._skills())

    # -- inside -----------------------------------------------------------------------------------

    async def _keep_if_possible(self, ready: Ready) -> None:
        try:
            await self.flows.keep(ready)
        except JournalAway:  # Callers need a centre more than the next start needs this.
            logger.exception("flows in force not kept")

    async def _renew(
        self,
        make_ready: _MakeReady,
        keep: Callable[[Ready], Awaitable[None]],
    ) -> tuple[FlowProblem, ...]:
        async with self._one_renewal:
            while (ready := await self._swap(make_ready, keep)) is None:
                logger.info("queues or numbers changed meanwhile, looking at the flows again")
            if ready.is_new:  # Else callers wait for us, and there is nothing to clear away.
                await self.flows.clear()
            return ready.problems

    async def _swap(
        self,
        make_ready: _MakeReady,
        keep: Callable[[Ready], Awaitable[None]],
    ) -> Ready | None:
        """Put other flows in force; None, if what they were made ready for has changed meanwhile. They
        are spoken by then, so that the next try is a short one."""
        around = (await self._stored()).around
        ready = await make_ready(*around)
        async with self._one_at_a_time:
            stored = await self._stored()
            if stored.around != around:
                return None
            await keep(ready)
            # From here nothing waits: words, flows and numbers change together.
            self.flows.put_in_force(ready)
            self._configure(stored)
            await self._remember(stored)
        return ready

    async def _put_in_force(self) -> None:
        stored = await self._stored()
        self._configure(stored)
        await self._remember(stored)

    async def _remember(self, stored: Stored) -> None:
        """For a start while the store is away. It is in force whether or not that works."""
        if self._record is None:
            return
        try:
            await asyncio.to_thread(self._record.write, stored)
        except JournalAway:
            logger.exception("configuration in force not kept")

    async def _stored(self) -> Stored:
        stores = self._stores
        return Stored(
            await stores.agents.list(),
            await stores.assignments.all(),
            await stores.numbers.list(),
            await stores.queues.list(),
            await stores.skills.talents(),
            await self._skills(),
            await stores.codes.pause_reasons(),
            await stores.codes.dispositions(),
        )

    def _configure(self, stored: Stored) -> None:
        flows = {**self.flows.in_force, BROKEN_FLOW: broken_flow(self.flows.system)}
        directory = Directory(
            flows=flows,
            calendars=self.flows.calendars,
            calling_hours=self._calling_hours,
            reach=partial(as_called, region=self.region),
            tells_when_full=self._tells_when_full,
        )
        self._door.configure(stored.filled_into(directory, BROKEN_FLOW))

    def _checked(self, entry: AgentEntry) -> AgentEntry:
        profile = entry.profile
        check_id("id", profile.id)
        check_names(profile.name_en, profile.name_zh)
        if profile.outside_number is not None:
            number = telephone("outside_number", profile.outside_number, self.region, OUTSIDE)
            profile = replace(profile, outside_number=number)
        queues = tuple(dict.fromkeys(entry.queues))
        check_talents(entry.talents, queues)
        return replace(entry, profile=profile, queues=queues)

    async def _checked_rules(self, rules: QueueRules) -> QueueRules:
        queues = {queue.id: queue for queue in await self._stores.queues.list()}
        skills = await self._skills()
        refuse(queue_problems(rules, queues, skills, self.flows.known, self.flows.calendars))
        return in_order(rules)

    async def _skills(self) -> frozenset[str]:
        return frozenset(skill.id for skill in await self._stores.skills.list())
