"""What the ways out of a queue may be. Nobody is led to what is not there, nor round in a ring."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.errors import NoSuchFlow, NoSuchQueue
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.flow import KEYS, Enqueue, Flow, Staffing
from callcenter.core.reading import Path, Problem, unknown
from callcenter.services.refusing import invalid, out_of_range

MOST_WAYS: Final = 14
SOONEST: Final = timedelta(seconds=1)
LATEST: Final = timedelta(hours=4)


def way_out_problems(
    rules: QueueRules,
    queues: Mapping[QueueId, QueueRules],
    flows: Collection[FlowId],
    calendars: Collection[str],
) -> Iterator[Problem]:
    """The values that cannot be. `queues` are all, these rules' own perhaps as they were before."""
    if len(rules.ways_out) > MOST_WAYS:
        yield invalid(("ways_out",), f"at most {MOST_WAYS}", f"最多 {MOST_WAYS} 个")
    ring = _ring(rules, queues)
    seen: set[tuple[object, ...]] = set()
    for place, way in enumerate(rules.ways_out):
        path = ("ways_out", place)
        yield from _when_problems(path, way, calendars)
        yield from _where_problems(path, way, rules.id, queues, flows)
        when = (way.why, way.key, way.calendar)
        if when in seen:
            yield invalid(
                path,
                "another one opens by the same; keep one of them",
                "已有另一个出口使用相同条件，请只保留一个",
            )
        seen.add(when)
        if len(ring) > 1 and not way.key and way.queue == ring[1]:
            walk = " → ".join((*ring, ring[0]))
            yield invalid(
                (*path, "queue"),
                f"callers would go round for ever: {walk}",
                f"来电会无限循环：{walk}",
            )


def leads_to(queue: QueueId, queues: Iterable[QueueRules]) -> list[QueueId]:
    """The queues from which a way out leads to this one."""
    return [one.id for one in queues if any(way.queue == queue for way in one.ways_out)]


def flows_into(queue: QueueId, flows: Iterable[Flow]) -> list[FlowId]:
    """The flows that lead to this one, by id."""
    return sorted(
        flow.id
        for flow in flows
        if any(isinstance(n, Enqueue | Staffing) and n.queue == queue for n in flow.nodes.values())
    )


def _when_problems(path: Path, way: WayOut, calendars: Collection[str]) -> Iterator[Problem]:
    by_time = (("after_seconds", way.after), ("expected_seconds", way.expected))
    given = sum(time is not None for _, time in by_time)
    if given + bool(way.key) + bool(way.calendar) + way.nobody != 1:
        yield invalid(
            path,
            "say when by one of after_seconds, key, calendar, expected_seconds and nobody",
            "请用 after_seconds、key、calendar、expected_seconds、nobody 之一说明何时离开",
        )
    least, most = SOONEST.total_seconds(), LATEST.total_seconds()
    for name, time in by_time:
        if time is not None:
            yield from out_of_range((*path, name), time.total_seconds(), least, most)
    if way.key and (len(way.key) != 1 or way.key not in KEYS):
        yield invalid(
            (*path, "key"), "write one of 0 to 9, * and #", "请填写 0 到 9、* 或 # 中的一个"
        )
    if way.calendar and way.calendar not in calendars:
        known = sorted(calendars)
        yield unknown("no-such-calendar", (*path, "calendar"), "calendar", way.calendar, known)


def _where_problems(
    path: Path,
    way: WayOut,
    own: QueueId,
    queues: Collection[QueueId],
    flows: Collection[FlowId],
) -> Iterator[Problem]:
    if (way.queue is None) == (way.flow is None):
        yield invalid(
            path, "say where to by one of queue and flow", "请用 queue 或 flow 之一说明去向"
        )
    if way.queue == own:
        yield invalid(
            (*path, "queue"),
            "callers wait there already; name another queue",
            "来电已在此队列中，请填写其他队列",
        )
    elif way.queue is not None and way.queue not in queues:
        yield unknown(NoSuchQueue.code, (*path, "queue"), "queue", way.queue, sorted(queues))
    if way.flow is not None and way.flow not in flows:
        yield unknown(NoSuchFlow.code, (*path, "flow"), "flow", way.flow, sorted(flows))


def _ring(rules: QueueRules, queues: Mapping[QueueId, QueueRules]) -> tuple[QueueId, ...]:
    """A ring of queues, from these rules' own, that callers who press nothing would never leave; empty
    if there is none."""
    walks: list[tuple[QueueId, ...]] = [(rules.id,)]
    seen: set[QueueId] = set()
    while walks:
        walk = walks.pop()
        at = rules if walk[-1] == rules.id else queues.get(walk[-1])
        for way in at.ways_out if at else ():
            if way.queue is None or way.key:
                continue
            if way.queue == rules.id:
                return walk
            if way.queue not in seen:
                seen.add(way.queue)
                walks.append((*walk, way.queue))
    return ()
