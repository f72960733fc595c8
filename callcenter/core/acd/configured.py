"""The floor's configuration as a fact, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from callcenter.core.acd.agent_state import NO_TALENTS, Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.durations import in_seconds, of_seconds
from callcenter.core.facts.centre import (
    AgentSet,
    EasingStep,
    FloorConfigured,
    QueueServed,
    QueueSet,
    SkillHeld,
)
from callcenter.core.ids import AgentId, QueueId


class FloorRules(NamedTuple):
    """What `Floor.configure` takes, in its order."""

    queues: tuple[QueueRules, ...]
    assignments: Mapping[AgentId, tuple[QueueId, ...]]
    talents: Mapping[AgentId, Talents]


def changed(
    before: FloorConfigured | None,
    queues: Iterable[QueueRules],
    assignments: Mapping[AgentId, tuple[QueueId, ...]],
    talents: Mapping[AgentId, Talents],
    at: datetime,
) -> FloorConfigured | None:
    """The fact that says so, unless it says nothing but what was said before."""
    agents = (
        _agent(agent, served, talents.get(agent, NO_TALENTS))
        for agent, served in sorted(assignments.items())
    )
    rules = sorted(queues, key=lambda queue: queue.id)
    news = FloorConfigured(at, tuple(map(_queue, rules)), tuple(agents))
    return None if before is not None and replace(news, at=before.at) == before else news


def rules_of(fact: FloorConfigured) -> FloorRules:
    """What was configured then. What does not decide anything has its default."""
    return FloorRules(
        tuple(map(_rules, fact.queues)),
        {agent.id: tuple(one.queue for one in agent.queues) for agent in fact.agents},
        {agent.id: _talents(agent) for agent in fact.agents},
    )


def _queue(rules: QueueRules) -> QueueSet:
    return QueueSet(
        rules.id,
        rules.strategy.value,
        rules.ring_for.total_seconds(),
        in_seconds(rules.wrap_up),
        rules.misses_allowed,
        rules.tier_for.total_seconds(),
        rules.head_start.total_seconds(),
        rules.announce_first.total_seconds(),
        in_seconds(rules.announce_every),
        tuple(
            EasingStep(step.after.total_seconds(), step.skill, step.to, step.add)
            for step in rules.easing
        ),
        rules.rest_no_answer.total_seconds(),
        rules.rest_rejected.total_seconds(),
        rules.rest_unreachable.total_seconds(),
    )


def _rules(queue: QueueSet) -> QueueRules:
    return QueueRules(
        queue.id,
        strategy=Strategy(queue.strategy),
        ring_for=timedelta(seconds=queue.ring_for_seconds),
        wrap_up=of_seconds(queue.wrap_up_seconds),
        misses_allowed=queue.misses_allowed,
        tier_for=timedelta(seconds=queue.tier_for_seconds),
        head_start=timedelta(seconds=queue.head_start_seconds),
        announce_first=timedelta(seconds=queue.announce_first_seconds),
        announce_every=of_seconds(queue.announce_every_seconds),
        easing=tuple(
            Ease(timedelta(seconds=step.after_seconds), step.skill, step.to, step.add)
            for step in queue.easing
        ),
        rest_no_answer=timedelta(seconds=queue.rest_no_answer_seconds),
        rest_rejected=timedelta(seconds=queue.rest_rejected_seconds),
        rest_unreachable=timedelta(seconds=queue.rest_unreachable_seconds),
    )


def _agent(agent: AgentId, served: Iterable[QueueId], talents: Talents) -> AgentSet:
    queues = tuple(
        QueueServed(queue, talents.tiers.get(queue, 1), talents.weights.get(queue, 1))
        for queue in served
    )
    skills = sorted(talents.skills.items())
    return AgentSet(agent, queues, tuple(SkillHeld(skill, level) for skill, level in skills))


def _talents(agent: AgentSet) -> Talents:
    return Talents(
        {one.skill: one.level for one in agent.skills},
        {one.queue: one.tier for one in agent.queues},
        {one.queue: one.weight for one in agent.queues},
    )
