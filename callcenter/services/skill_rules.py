"""What may be said of agents' skills and of callers' needs. Nothing unknown is ever written down."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.want import Ease
from callcenter.core.errors import NoSuchQueue, NoSuchSkill
from callcenter.core.ids import QueueId
from callcenter.core.ivr.flow import Enqueue, Flow
from callcenter.core.reading import Path, Problem, unknown
from callcenter.core.skills import LEVELS, SKILL, parse_need, skills_in
from callcenter.ports.store import NumberEntry
from callcenter.services.refusing import invalid, out_of_range, refuse

TIERS: Final = (1, 100)
WEIGHTS: Final = (1, 100)
MOST_STEPS: Final = 20
LONGEST_EASING: Final = timedelta(hours=4)


def check_skill(skill: str) -> None:
    """Raises: Invalid."""
    refuse(skill_id_problems(("id",), skill))


def check_talents(talents: Talents, served: Collection[QueueId]) -> None:
    """Raises: Invalid, naming the first value that cannot be."""
    refuse(talent_problems(talents, served))


def skill_id_problems(path: Path, skill: str) -> Iterator[Problem]:
    if not SKILL.fullmatch(skill) or skill in ("and", "or"):
        yield invalid(
            path,
            "use 1 to 40 of a-z, 0-9, - and _, the first a letter; not 'and' or 'or'",
            "请使用 1 到 40 个 a-z、0-9、- 和 _，首位为字母，不能是 and 或 or",
        )


def talent_problems(talents: Talents, served: Collection[QueueId]) -> Iterator[Problem]:
    """The values that cannot be."""
    for skill, level in talents.skills.items():
        yield from out_of_range(("skills", skill), level, *LEVELS)
    for field, said, bounds in (
        ("tiers", talents.tiers, TIERS),
        ("weights", talents.weights, WEIGHTS),
    ):
        for queue, value in said.items():
            if queue not in served:
                yield invalid(
                    (field, queue),
                    "the agent does not serve this queue; assign it first",
                    "该坐席不服务此队列，请先分配",
                )
            yield from out_of_range((field, queue), value, *bounds)


def easing_problems(
    rules: QueueRules, known: Collection[str], queues: Collection[QueueId]
) -> Iterator[Problem]:
    """What cannot be in the steps, by their place as they are written."""
    if len(rules.easing) > MOST_STEPS:
        yield invalid(("easing",), f"at most {MOST_STEPS} steps", f"最多 {MOST_STEPS} 步")
    for place, step in enumerate(rules.easing):
        path = ("easing", place)
        after, most = step.after.total_seconds(), LONGEST_EASING.total_seconds()
        yield from out_of_range((*path, "after_seconds"), after, 0, most)
        if step.add is None:
            yield from _skill_step_problems(path, step, known)
        elif step.add == rules.id:
            yield invalid(
                (*path, "add"),
                "a queue's own agents serve it already; name another queue",
                "本队列的坐席已在服务，请填写其他队列",
            )
        elif step.add not in queues:
            yield unknown(NoSuchQueue.code, (*path, "add"), "queue", step.add, sorted(queues))
    yield from _idle_step_problems(rules.easing)


def _skill_step_problems(path: Path, step: Ease, known: Collection[str]) -> Iterator[Problem]:
    if step.skill not in known:
        yield unknown(NoSuchSkill.code, (*path, "skill"), "skill", step.skill, sorted(known))
    if step.to != 0:
        yield from out_of_range((*path, "to"), step.to, *LEVELS)


def _idle_step_problems(steps: Sequence[Ease]) -> Iterator[Problem]:
    """No step may ask for more than one before it, or for what is asked for already."""
    asked: dict[str, int] = {}
    added: set[QueueId] = set()
    for place, step in sorted(enumerate(steps), key=lambda item: item[1].after):
        path = ("easing", place)
        if step.add is not None:
            if step.add in added:
                yield invalid(
                    (*path, "add"),
                    f"{step.add} is added before; leave one of them out",
                    f"{step.add} 已在前面加入，请去掉一个",
                )
            added.add(step.add)
        else:
            if step.to >= asked.get(step.skill, LEVELS[1] + 1):
                yield _asks_no_less((*path, "to"), asked[step.skill])
            asked[step.skill] = step.to


def _asks_no_less(path: Path, before: int) -> Problem:
    en = f"asks for {before} at most" if before else "does not ask for it any more"
    zh = f"最多要求 {before} 级" if before else "已不再要求此技能"
    return invalid(
        path,
        f"a step before it {en}; write less, or leave it out",
        f"前面的步骤{zh}，请填写更低的级别或去掉这一步",
    )


def uses_of_skill(
    skill: str, queues: Iterable[QueueRules], numbers: Iterable[NumberEntry]
) -> list[str]:
    """Where a skill is asked for: queues by their easing, numbers by what callers need."""
    eased = [f"queue {q.id}" for q in queues if any(step.skill == skill for step in q.easing)]
    named = [f"number {one.did}" for one in numbers if _names(skill, one.requires, one.prefers)]
    return [*eased, *named]


def flow_uses_of_skill(skill: str, flows: Iterable[Flow], customers: Iterable[str]) -> list[str]:
    """The same for flows; and these `customers`."""
    led = [
        f"flow {flow.id}"
        for flow in flows
        for node in flow.nodes.values()
        if isinstance(node, Enqueue) and _names(skill, node.requires, node.prefers)
    ]
    own = [f"customer {customer}" for customer in customers]
    return [*dict.fromkeys(led), *own]


def _names(skill: str, *needs: str) -> bool:
    return any(skill in skills_in(parse_need(need)) for need in needs)
