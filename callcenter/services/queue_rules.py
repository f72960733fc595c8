"""Everything that can be wrong with a queue's rules, for whoever changes one queue or all of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.reading import Problem
from callcenter.services.queue_limits import rule_problems
from callcenter.services.skill_rules import easing_problems
from callcenter.services.ways_out_rules import way_out_problems


def queue_problems(
    rules: QueueRules,
    queues: Mapping[QueueId, QueueRules],
    skills: Collection[str],
    flows: Collection[FlowId],
    calendars: Collection[str],
) -> Iterator[Problem]:
    """The values that cannot be, beside these queues, skills, flows and calendars."""
    yield from rule_problems(rules)
    yield from way_out_problems(rules, queues, flows, calendars)
    yield from easing_problems(rules, skills, queues)


def in_order(rules: QueueRules) -> QueueRules:
    """The rules with the steps of their easing in order of time."""
    return replace(rules, easing=tuple(sorted(rules.easing, key=lambda step: step.after)))
