"""The configuration as one value: skills, queues, agents, numbers and codes; and what is wrong with it.

What stands in a document is checked as it is written, so that a problem has the place that its
writer knows, but beside everything that there is: a queue may name a skill that the same document adds.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from callcenter.core.acd.agent_state import NO_TALENTS, Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.codes import FLAGS, Disposition, PauseReason
from callcenter.core.errors import (
    Invalid,
    NoSuchCode,
    NoSuchFlow,
    NoSuchQueue,
    NoSuchSkill,
    StillInUse,
)
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.core.numbers import normalise
from callcenter.core.reading import Path, Problem, unknown
from callcenter.core.skills import parse_need, skills_in, text_of
from callcenter.ports.store import AgentProfile, NumberEntry, Skill
from callcenter.services.naming import DID, OUTSIDE, id_problems, name_problems, number_problems
from callcenter.services.queue_rules import in_order, queue_problems
from callcenter.services.refusing import invalid, within
from callcenter.services.skill_rules import skill_id_problems, talent_problems

Section = Literal["skills", "queues", "agents", "numbers", "pause_reasons", "dispositions"]
SECTIONS: Final[tuple[Section, ...]] = get_args(Section)


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """A person, the queues they serve and what they are good at."""

    profile: AgentProfile
    queues: tuple[QueueId, ...] = ()
    talents: Talents = NO_TALENTS


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything by its id; numbers by how they are written. Who writes a document of some of it says in
    `whole` which sections it has: there, what is not in it may be meant to go."""

    skills: Mapping[str, Skill] = field(default_factory=dict)
    queues: Mapping[QueueId, QueueRules] = field(default_factory=dict)
    agents: Mapping[AgentId, AgentEntry] = field(default_factory=dict)
    numbers: Mapping[str, NumberEntry] = field(default_factory=dict)
    pause_reasons: Mapping[str, PauseReason] = field(default_factory=dict)
    dispositions: Mapping[str, Disposition] = field(default_factory=dict)
    whole: frozenset[str] = frozenset(SECTIONS)


@dataclass(frozen=True, slots=True)
class Around:
    """What a blueprint may name beside itself, and the region whose numbers need no country code."""

    flows: Collection[FlowId]
    calendars: Collection[str]
    region: str


def settled(wish: Blueprint, region: str) -> Blueprint:
    """The same in the form that the store gives back: numbers in E.164, lists in order."""
    return replace(
        wish,
        queues={queue: in_order(rules) for queue, rules in wish.queues.items()},
        agents={agent: _settled_agent(entry, region) for agent, entry in wish.agents.items()},
        numbers={
            normalise(did, region): replace(
                entry,
                did=normalise(did, region),
                requires=_settled_need(entry.requires),
                prefers=_settled_need(entry.prefers),
            )
            for did, entry in wish.numbers.items()
        },
    )


def merged(now: Blueprint, wish: Blueprint, *, prune: bool) -> Blueprint:
    """What there would be; with `prune` nothing but `wish` in the sections that it has."""

    def kept(section: str) -> bool:
        return not (prune and section in wish.whole)

    return Blueprint(
        {**(now.skills if kept("skills") else {}), **wish.skills},
        {**(now.queues if kept("queues") else {}), **wish.queues},
        {**(now.agents if kept("agents") else {}), **wish.agents},
        {**(now.numbers if kept("numbers") else {}), **wish.numbers},
        {**(now.pause_reasons if kept("pause_reasons") else {}), **wish.pause_reasons},
        {**(now.dispositions if kept("dispositions") else {}), **wish.dispositions},
    )


def as_written(target: Blueprint, wish: Blueprint, region: str) -> Blueprint:
    """What there would be, with that which `wish` says as it says it."""
    named = {normalise(did, region) for did in wish.numbers}
    others = {did: entry for did, entry in target.numbers.items() if did not in named}
    return Blueprint(
        {**target.skills, **wish.skills},
        {**target.queues, **wish.queues},
        {**target.agents, **wish.agents},
        {**others, **wish.numbers},
        {**target.pause_reasons, **wish.pause_reasons},
        {**target.dispositions, **wish.dispositions},
    )


def problems_of(all_of_it: Blueprint, around: Around) -> Iterator[Problem]:
    """Everything that cannot be."""
    for skill in all_of_it.skills.values():
        path: Path = ("skills", skill.id)
        yield from skill_id_problems(path, skill.id)
        yield from within(path, name_problems(skill.name_en, skill.name_zh))
    skills, queues = all_of_it.skills, all_of_it.queues
    for queue, rules in queues.items():
        yield from id_problems(("queues", queue), queue)
        found = queue_problems(rules, queues, skills, around.flows, around.calendars)
        yield from within(("queues", queue), found)
    for agent, entry in all_of_it.agents.items():
        yield from id_problems(("agents", agent), agent)
        yield from within(("agents", agent), _agent_problems(entry, all_of_it, around.region))
    yield from _number_problems(all_of_it, around)
    for reason in all_of_it.pause_reasons.values():
        path = ("pause_reasons", reason.id)
        yield from id_problems(path, reason.id)
        yield from within(path, name_problems(reason.name_en, reason.name_zh))
    for disposition in all_of_it.dispositions.values():
        path = ("dispositions", disposition.id)
        yield from id_problems(path, disposition.id)
        yield from within(path, _disposition_problems(disposition, all_of_it.dispositions))


def by_depth(dispositions: Mapping[str, Disposition]) -> list[Disposition]:
    """Those at the top first, then what is under them."""
    return sorted(dispositions.values(), key=lambda one: len(_walk_up(one, dispositions)))


def losses(
    now: Blueprint, target: Blueprint, uses: Mapping[Path, Iterable[str]]
) -> Iterator[Problem]:
    """Queues and skills that would go while others than a blueprint's own need them: flows, customers."""
    gone: list[Path] = [("queues", queue) for queue in now.queues if queue not in target.queues]
    gone += [("skills", skill) for skill in now.skills if skill not in target.skills]
    for path in gone:
        if users := ", ".join(uses.get(path, ())):
            yield Problem.of(
                StillInUse.code,
                path,
                f"It cannot be removed: {users} asks for it. Keep it, or change that first.",
                f"无法删除：{users} 仍在使用。请保留，或先修改使用者。",
            )


def unserved(target: Blueprint) -> Iterator[Problem]:
    """Queues that nobody serves: no mistake while a centre is built up, but worth saying."""
    served = {q for entry in target.agents.values() if entry.profile.enabled for q in entry.queues}
    for queue in target.queues:
        if queue not in served:
            yield Problem.of(
                "empty-queue",
                ("queues", queue),
                "No agent who is switched on serves this queue: name it under an agent's `queues`.",
                "没有启用的坐席服务此队列，请在某位坐席的 `queues` 中写上它。",
            )


def _agent_problems(entry: AgentEntry, beside: Blueprint, region: str) -> Iterator[Problem]:
    profile = entry.profile
    yield from name_problems(profile.name_en, profile.name_zh)
    if profile.outside_number is not None:
        number = normalise(profile.outside_number, region)
        yield from number_problems(("outside_number",), number, OUTSIDE)
    for place, queue in enumerate(entry.queues):
        if queue not in beside.queues:
            known = sorted(beside.queues)
            yield unknown(NoSuchQueue.code, ("queues", place), "queue", queue, known)
    for skill in entry.talents.skills:
        if skill not in beside.skills:
            known_skills = sorted(beside.skills)
            yield unknown(NoSuchSkill.code, ("skills", skill), "skill", skill, known_skills)
    yield from talent_problems(entry.talents, entry.queues)


def _disposition_problems(one: Disposition, known: Mapping[str, Disposition]) -> Iterator[Problem]:
    yield from name_problems(one.name_en, one.name_zh)
    for flag in one.flags:
        if flag not in FLAGS:
            yield unknown("unknown-flag", ("flags",), "flag", flag, sorted(FLAGS))
    walk = _walk_up(one, known)
    if one.parent and one.parent not in known:
        yield unknown(NoSuchCode.code, ("parent",), "disposition", one.parent, sorted(known))
    elif known.get(walk[-1], one).parent in walk:
        ring = " → ".join((*walk, known[walk[-1]].parent))
        yield invalid(("parent",), f"this would be a ring: {ring}", f"形成循环：{ring}")


def _walk_up(one: Disposition, known: Mapping[str, Disposition]) -> list[str]:
    """From a disposition to the top, or until it comes round again."""
    walk = [one.id]
    while (above := known.get(walk[-1], one).parent) and above in known and above not in walk:
        walk.append(above)
    return walk


def _number_problems(all_of_it: Blueprint, around: Around) -> Iterator[Problem]:
    seen: set[str] = set()
    for did, entry in all_of_it.numbers.items():
        path: Path = ("numbers", did)
        number = normalise(did, around.region)
        yield from number_problems(path, number, DID)
        if number in seen:
            yield invalid(
                path,
                "This number is given twice, written in two ways: keep one.",
                "此号码以两种写法重复出现，请只保留一个。",
            )
        seen.add(number)
        if entry.flow not in around.flows:
            flows = sorted(around.flows)
            yield unknown(NoSuchFlow.code, (*path, "flow"), "flow", entry.flow, flows)
        for name, need in (("requires", entry.requires), ("prefers", entry.prefers)):
            yield from _need_problems((*path, name), need, all_of_it.skills)


def _need_problems(path: Path, need: str, known: Collection[str]) -> Iterator[Problem]:
    try:
        named = skills_in(parse_need(need))
    except Invalid as error:
        yield invalid(path, str(error), f"写法有误，请写成如 english >= 50 and billing（{error}）")
        return
    for skill in sorted(named - set(known)):
        yield unknown(NoSuchSkill.code, path, "skill", skill, sorted(known))


def _settled_need(need: str) -> str:
    try:
        return text_of(parse_need(need))
    except Invalid:
        return need


def _settled_agent(entry: AgentEntry, region: str) -> AgentEntry:
    profile, said = entry.profile, entry.talents
    if profile.outside_number is not None:
        profile = replace(profile, outside_number=normalise(profile.outside_number, region))
    talents = Talents(
        dict(sorted(said.skills.items())), _unusual(said.tiers), _unusual(said.weights)
    )
    return AgentEntry(profile, tuple(sorted(set(entry.queues))), talents)


def _unusual(said: Mapping[QueueId, int]) -> dict[QueueId, int]:
    return {queue: value for queue, value in sorted(said.items()) if value != 1}
