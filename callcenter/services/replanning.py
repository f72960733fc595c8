"""Changing the whole configuration at once: looked at first, then all of it or nothing."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from callcenter.core.access import Action, Actor, check_may
from callcenter.core.errors import Conflict
from callcenter.core.ids import AgentId
from callcenter.core.reading import Path, Problem, Unreadable
from callcenter.ports.store import ChangeMade, ConfigVersion, ConfigVersions
from callcenter.services.agents import AgentDesk
from callcenter.services.blueprint import (
    AgentEntry,
    Around,
    Blueprint,
    as_written,
    by_depth,
    losses,
    merged,
    problems_of,
    settled,
    unserved,
)
from callcenter.services.configuration import Configuration
from callcenter.services.skill_rules import flow_uses_of_skill
from callcenter.services.stored import Stores
from callcenter.services.ways_out_rules import flows_into

SHOWN_VERSIONS: Final = 100


class ConfigurationMoved(Conflict):
    """Somebody changed something between the look and the change."""

    code = "configuration-changed"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The configuration was changed meanwhile; nothing was done. Look at the plan again.",
        "zh": "配置在此期间已被更改，未做任何操作。请重新查看计划。",
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a document would make of what there is. `problems` keep it from being done; `notes` do not:
    they were there before, or are no mistakes."""

    now: Blueprint
    target: Blueprint
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and the number under which is kept what was before; None: there was nothing to do."""

    plan: Plan
    version: int | None


def digest(text: str) -> str:
    """By which it is known again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Replanning:
    """Reads, plans and changes all of it. `text_of` writes it down, the same always the same."""

    def __init__(
        self,
        configuration: Configuration,
        stores: Stores,
        versions: ConfigVersions,
        desk: AgentDesk,
        now: Callable[[], datetime],
        text_of: Callable[[Blueprint], str],
    ) -> None:
        self._configuration = configuration
        self._stores = stores
        self._versions = versions
        self._desk = desk
        self._now = now
        self._text_of = text_of

    async def read(self, actor: Actor) -> Blueprint:
        """All that there is. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CONFIGURATION)
        return await self._configuration.changes.read()

    async def plan(
        self, actor: Actor, wish: Blueprint, *, prune: bool, found: Sequence[Problem] = ()
    ) -> Plan:
        """`found` is what is wrong with `wish` already. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CONFIGURATION)
        return await self._plan(wish, prune, found)

    async def apply(
        self,
        actor: Actor,
        wish: Blueprint,
        *,
        prune: bool,
        base: str,
        found: Sequence[Problem] = (),
    ) -> Done:
        """Do all of it, if the configuration still is what `base` is the digest of; otherwise nothing.

        Raises: NotPermitted, ConfigurationMoved, Unreadable, StoreAway.
        """
        check_may(actor, Action.CHANGE_CONFIGURATION)
        async with self._configuration.changing():
            plan = await self._plan(wish, prune, found)
            before = self._text_of(plan.now)
            if digest(before) != base:
                raise ConfigurationMoved
            if plan.problems:
                raise Unreadable(plan.problems)
            if before == self._text_of(plan.target):
                return Done(plan, None)
            version = await self._versions.keep(self._now(), actor.id, before)
            await self._write(plan.now, plan.target)
            await self._configuration.changes.note(actor, plan.now, plan.target)
        for agent in _to_send_home(plan, self._desk):
            await self._desk.send_home(actor, agent)
        return Done(plan, version)

    async def history(self, actor: Actor) -> Sequence[ConfigVersion]:
        """The newest first. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CONFIGURATION)
        return await self._versions.newest(SHOWN_VERSIONS)

    async def version(self, actor: Actor, number: int) -> ConfigVersion:
        """What was kept. Raises: NotPermitted, NoSuchVersion, StoreAway."""
        check_may(actor, Action.READ_CONFIGURATION)
        return await self._versions.find(number)

    async def changes(
        self, actor: Actor, before: int | None, section: str, id: str
    ) -> Sequence[ChangeMade]:
        """What was changed by whom, the newest first. Raises: NotPermitted, StoreAway."""
        check_may(actor, Action.READ_CONFIGURATION)
        return await self._configuration.changes.newest(before, section, id)

    async def _plan(self, wish: Blueprint, prune: bool, found: Sequence[Problem]) -> Plan:
        now = await self._configuration.changes.read()
        flows, region = self._configuration.flows, self._configuration.region
        around = Around(flows.known, flows.calendars.keys(), region)
        target = merged(now, settled(wish, region), prune=prune)
        uses = await self._uses(now, target)

        def look() -> Plan:
            had = set(map(_sign, problems_of(now, around)))
            seen = list(problems_of(as_written(target, wish, region), around))
            seen += losses(now, target, uses)
            new = [problem for problem in seen if _sign(problem) not in had]
            old = [problem for problem in seen if _sign(problem) in had]
            return Plan(now, target, (*found, *new), (*old, *unserved(target)))

        # A large one takes a while, and calls do not wait for it.
        return await asyncio.to_thread(look)

    async def _uses(self, now: Blueprint, target: Blueprint) -> Mapping[Path, Sequence[str]]:
        uses: defaultdict[Path, list[str]] = defaultdict(list)
        flows = self._configuration.flows.in_force.values()
        for queue in now.queues.keys() - target.queues.keys():
            uses["queues", queue] += [f"flow {flow}" for flow in flows_into(queue, flows)]
        for skill in now.skills.keys() - target.skills.keys():
            customers = await self._stores.customers.needing(skill)
            uses["skills", skill] += flow_uses_of_skill(skill, flows, customers)
        return uses

    async def _write(self, now: Blueprint, target: Blueprint) -> None:
        stores = self._stores
        for name, skill in target.skills.items():
            if now.skills.get(name) != skill:
                await stores.skills.put(skill)
        for queue, rules in target.queues.items():
            if queue not in now.queues:
                await stores.queues.add(rules)
            elif now.queues[queue] != rules:
                await stores.queues.replace(rules)
        for entry in target.agents.values():
            await self._write_agent(now.agents.get(entry.profile.id), entry)
        for did, number in target.numbers.items():
            if did not in now.numbers:
                await stores.numbers.add(number)
            elif now.numbers[did] != number:
                await stores.numbers.replace(number)
        await self._write_codes(now, target)
        await self._remove(now, target)

    async def _write_codes(self, now: Blueprint, target: Blueprint) -> None:
        codes = self._stores.codes
        for reason in target.pause_reasons.values():
            if now.pause_reasons.get(reason.id) != reason:
                await codes.put_pause_reason(reason)
        for one in by_depth(target.dispositions):
            if now.dispositions.get(one.id) != one:
                await codes.put_disposition(one)

    async def _write_agent(self, before: AgentEntry | None, entry: AgentEntry) -> None:
        if before == entry:
            return
        agents = self._stores.agents
        await (agents.replace if before else agents.add)(entry.profile)
        await self._stores.assignments.assign(entry.profile.id, entry.queues)
        await self._stores.skills.give(entry.profile.id, entry.talents)

    async def _remove(self, now: Blueprint, target: Blueprint) -> None:
        # Whoever names something goes before it.
        for reason in now.pause_reasons.keys() - target.pause_reasons.keys():
            await self._stores.codes.delete_pause_reason(reason)
        for one in reversed(by_depth(now.dispositions)):
            if one.id not in target.dispositions:
                await self._stores.codes.delete_disposition(one.id)
        for did in now.numbers.keys() - target.numbers.keys():
            await self._stores.numbers.delete(did)
        for agent in now.agents.keys() - target.agents.keys():
            await self._stores.agents.delete(agent)
        for queue in now.queues.keys() - target.queues.keys():
            await self._stores.queues.delete(queue)
        for skill in now.skills.keys() - target.skills.keys():
            await self._stores.skills.delete(skill)


def _sign(problem: Problem) -> tuple[str, Path, str]:
    return problem.code, problem.path, problem.text["en"]


def _to_send_home(plan: Plan, desk: AgentDesk) -> list[AgentId]:
    """Who may not go on at the phone where they sit."""
    gone = []
    for agent, before in plan.now.agents.items():
        after = plan.target.agents.get(agent)
        if after is None or not after.profile.enabled:
            gone.append(agent)
            continue
        moved = after.profile.outside_number != before.profile.outside_number
        if moved and desk.sits_outside(agent):
            gone.append(agent)
    return gone
