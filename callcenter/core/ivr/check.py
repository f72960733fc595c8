"""What is wrong with a sound flow as a whole: its graph, and its place in the centre.

A flow without problems here has three properties the interpreter relies on: whatever the caller
does, they can get to an end; without pressing a key they do get to one; and everything that is
said can be said in each language of the flow.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from callcenter.core.ivr.flow import (
    GIVEN,
    CallBack,
    Collect,
    Ending,
    Enqueue,
    Flow,
    Hours,
    NodeId,
    SayValue,
    Staffing,
    drift,
    exits,
)
from callcenter.core.reading import Problem, unknown
from callcenter.core.say.wording import WORDINGS
from callcenter.core.skills import parse_need, skills_in


def check(
    flow: Flow,
    *,
    queues: Collection[str],
    calendars: Collection[str],
    skills: Collection[str] | None = None,
) -> tuple[Problem, ...]:
    """Every problem of `flow` in a centre that has these queues, calendars and skills; None: any will
    do."""
    return (
        *_strangers(flow, queues, calendars),
        *(() if skills is None else _unskilled(flow, skills)),
        *_unreachable(flow),
        *_traps(flow),
        *_rings(flow),
        *_unspoken(flow),
        *_unsayable(flow),
    )


def _strangers(
    flow: Flow, queues: Collection[str], calendars: Collection[str]
) -> Iterator[Problem]:
    for node_id, node in flow.nodes.items():
        path = ("nodes", node_id)
        match node:
            case Enqueue(queue=queue) if queue not in queues:
                place = (*path, "enqueue", "queue")
                yield unknown("unknown-queue", place, "queue", queue, sorted(queues))
            case CallBack(place=Enqueue(queue=queue)) if queue not in queues:
                place = (*path, "callback", "queue")
                yield unknown("unknown-queue", place, "queue", queue, sorted(queues))
            case Staffing(queue=queue) if queue not in queues:
                place = (*path, "staffing", "queue")
                yield unknown("unknown-queue", place, "queue", queue, sorted(queues))
            case Hours(calendar=calendar) if calendar not in calendars:
                place = (*path, "hours", "calendar")
                yield unknown("unknown-calendar", place, "calendar", calendar, sorted(calendars))


def _unskilled(flow: Flow, skills: Collection[str]) -> Iterator[Problem]:
    for node_id, node in flow.nodes.items():
        kind = "callback" if isinstance(node, CallBack) else "enqueue"
        place = node.place if isinstance(node, CallBack) else node
        if isinstance(place, Enqueue):
            for field, need in (("requires", place.requires), ("prefers", place.prefers)):
                for skill in sorted(skills_in(parse_need(need)) - set(skills)):
                    path = ("nodes", node_id, kind, field)
                    yield unknown("unknown-skill", path, "skill", skill, sorted(skills))


def _unreachable(flow: Flow) -> Iterator[Problem]:
    ways = {node_id: exits(node) for node_id, node in flow.nodes.items()}
    reached = _spread({flow.start}, ways)
    for node_id in flow.nodes:
        if node_id not in reached:
            yield Problem.of(
                "unreachable-node",
                ("nodes", node_id),
                f"No way leads to {node_id}: point a node to it, or remove it.",
                f"没有任何路径到达 {node_id}，请让某个节点指向它，或将其删除。",
            )


def _traps(flow: Flow) -> Iterator[Problem]:
    """Nodes from which a caller can never reach a queue, a message or the end, whatever they press."""
    ends = {n for n, node in flow.nodes.items() if isinstance(node, Ending)}
    backwards: dict[NodeId, list[NodeId]] = {node_id: [] for node_id in flow.nodes}
    for node_id, node in flow.nodes.items():
        for target in exits(node):
            backwards[target].append(node_id)
    saved = _spread(ends, backwards)
    for node_id in flow.nodes:
        if node_id not in saved:
            yield Problem.of(
                "no-way-out",
                ("nodes", node_id),
                f"From {node_id} no way leads to enqueue, voicemail or hang_up: give the caller one.",
                f"从 {node_id} 出发无法到达 enqueue、voicemail 或 hang_up，请为来电者提供出口。",
            )


def _rings(flow: Flow) -> Iterator[Problem]:
    """Rings that a caller who presses nothing would never leave."""
    ways = {node_id: list(drift(node)) for node_id, node in flow.nodes.items()}
    while (ring := _ring(ways)) is not None:
        walk = " → ".join((*ring, ring[0]))
        yield Problem.of(
            "endless-loop",
            ("nodes", ring[0]),
            f"Without a key pressed this runs for ever: {walk}. Let one of them end elsewhere.",
            f"来电者不按键时会无限循环：{walk}。请让其中一个节点通向别处。",
        )
        ways[ring[0]].remove(ring[1 % len(ring)])


def _ring(ways: dict[NodeId, list[NodeId]]) -> list[NodeId] | None:
    try:
        TopologicalSorter(ways).prepare()
    except CycleError as error:
        # The sorter lists a ring against its direction, its first node again at the end.
        return [NodeId(str(node)) for node in reversed(error.args[1][1:])]
    return None


def _unspoken(flow: Flow) -> Iterator[Problem]:
    for name, said in flow.prompts.items():
        for language in flow.languages:
            if language not in said:
                yield Problem.of(
                    "missing-text",
                    ("prompts", name),
                    f"The prompt {name} has no text in {language}: add `{language}: …`.",
                    f"提示语 {name} 缺少 {language} 文本，请补上 `{language}: …`。",
                )


def _unsayable(flow: Flow) -> Iterator[Problem]:
    """Values that nobody asks for, or that a language of the flow has no words for."""
    nodes = flow.nodes.items()
    known = sorted(GIVEN | {node.into for _, node in nodes if isinstance(node, Collect)})
    mute = [one for one in flow.languages if one.partition("-")[0] not in WORDINGS]
    for node_id, node in nodes:
        if isinstance(node, CallBack) and node.number not in known:
            place = ("nodes", node_id, "callback", "number")
            yield unknown("unknown-variable", place, "variable", node.number, known)
        if not isinstance(node, SayValue):
            continue
        path = ("nodes", node_id, "say")
        if node.value not in known:
            yield unknown("unknown-variable", (*path, "value"), "variable", node.value, known)
        for language in mute:
            yield Problem.of(
                "cannot-say",
                path,
                f"Values cannot be said in {language}: use play, or leave the language out.",
                f"{language} 还不能朗读数值，请改用 play，或去掉该语言。",
            )


def _spread(
    origins: Iterable[NodeId], ways: dict[NodeId, tuple[NodeId, ...]] | dict[NodeId, list[NodeId]]
) -> set[NodeId]:
    """Everything that can be reached from `origins`, these included."""
    reached = set(origins)
    waiting = deque(reached)
    while waiting:
        for target in ways[waiting.popleft()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached
