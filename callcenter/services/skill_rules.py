"""What may be said of agents' skills and of callers' needs. Nothing unknown is ever written down."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.want import Ease
from callcenter.core.errors import Invalid, NoSuchQueue, NoSuchSkill
from callcenter.core.ids import QueueId
from callcenter.core.ivr.flow import Enqueue, Flow
from callcenter.core.skills import LEVELS, SKILL, parse_need, skills_in
from callcenter.ports.store import NumberEntry

TIERS: Final = (1, 100)
WEIGHTS: Final = (1, 100)
MOST_STEPS: Final = 20
LONGEST_EASING: Final = timedelta(hours=4)


def check_skill(skill: str) -> None:
    """Raises: Invalid."""
    if not SKILL.fullmatch(skill) or skill in ("and", "or"):
        raise Invalid("id: use 1 to 40 of a-z, 0-9, - and _, the first a letter; not 'and' or 'or'")


def check_talents(talents: Talents, served: Collection[QueueId]) -> None:
    """Raises: Invalid, naming the first value that cannot be."""
    for skill, level in talents.skills.items():
        _check_range(f"skills.{skill}", level, LEVELS)
    for field, said, bounds in (
        ("tiers", talents.tiers, TIERS),
        ("weights", talents.weights, WEIGHTS),
    ):
        for queue, value in said.items():
            if queue not in served:
                raise Invalid(
                    f"{field}.{queue}: the agent does not serve this queue; assign it first"
                )
            _check_range(f"{field}.{queue}", value, bounds)


def check_easing(
    rules: QueueRules, known: Collection[str], queues: Collection[QueueId]
) -> QueueRules:
    """The rules with their steps in order of time. Raises: Invalid, NoSuchSkill, NoSuchQueue."""
    if len(rules.easing) > MOST_STEPS:
        raise Invalid(f"easing: at most {MOST_STEPS} steps")
    for place, step in enumerate(rules.easing):
        _check_step(f"easing[{place}]", step, rules.id, known, queues)
    _check_that_each_eases(rules.easing)
    return replace(rules, easing=tuple(sorted(rules.easing, key=lambda step: step.after)))


def _check_that_each_eases(steps: Sequence[Ease]) -> None:
    """No step may ask for more than one before it, or for what is asked for already."""
    asked: dict[str, int] = {}
    added: set[QueueId] = set()
    for place, step in sorted(enumerate(steps), key=lambda item: item[1].after):
        if step.add is not None and step.add in added:
            raise Invalid(f"easing[{place}].add: {step.add} is added before; leave one of them out")
        if step.add is None and step.to >= asked.get(step.skill, LEVELS[1] + 1):
            before = asked[step.skill]
            said = f"asks for {before} at most" if before else "does not ask for it any more"
            raise Invalid(
                f"easing[{place}].to: a step before it {said}; write less, or leave it out"
            )
        if step.add is not None:
            added.add(step.add)
        else:
            asked[step.skill] = step.to


def _check_step(
    field: str, step: Ease, own: QueueId, known: Collection[str], queues: Collection[QueueId]
) -> None:
    if not timedelta() <= step.after <= LONGEST_EASING:
        most = LONGEST_EASING.total_seconds()
        raise Invalid(f"{field}.after_seconds: write 0 to {most:g}")
    if step.add is None and step.skill not in known:
        raise NoSuchSkill(f"{field}.skill: {step.skill}")
    if step.add is None and step.to != 0:
        _check_range(f"{field}.to", step.to, LEVELS)
    if step.add == own:
        raise Invalid(f"{field}.add: a queue's own agents serve it already; name another queue")
    if step.add is not None and step.add not in queues:
        raise NoSuchQueue(f"{field}.add: {step.add}")


def uses_of_skill(
    skill: str,
    queues: Iterable[QueueRules],
    numbers: Iterable[NumberEntry],
    flows: Iterable[Flow],
    customers: Iterable[str],
) -> list[str]:
    """Where a skill is asked for: queues by their easing, numbers, flows and `customers` by what callers
    need."""
    eased = [f"queue {q.id}" for q in queues if any(step.skill == skill for step in q.easing)]
    named = [f"number {one.did}" for one in numbers if _names(skill, one.requires, one.prefers)]
    led = [
        f"flow {flow.id}"
        for flow in flows
        for node in flow.nodes.values()
        if isinstance(node, Enqueue) and _names(skill, node.requires, node.prefers)
    ]
    own = [f"customer {customer}" for customer in customers]
    return [*eased, *named, *dict.fromkeys(led), *own]


def _names(skill: str, *needs: str) -> bool:
    return any(skill in skills_in(parse_need(need)) for need in needs)


def _check_range(field: str, value: int, bounds: tuple[int, int]) -> None:
    least, most = bounds
    if not least <= value <= most:
        raise Invalid(f"{field}: write {least} to {most}")
