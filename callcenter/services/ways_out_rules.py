"""What the ways out of a queue may be. Nobody is led to what is not there, nor round in a ring."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.errors import Invalid, NoSuchFlow, NoSuchQueue
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.flow import KEYS

MOST_WAYS: Final = 14
SOONEST: Final = timedelta(seconds=1)
LATEST: Final = timedelta(hours=4)


def check_ways_out(
    rules: QueueRules,
    queues: Iterable[QueueRules],
    flows: Collection[FlowId],
    calendars: Collection[str],
) -> None:
    """`queues` are all, these rules' own perhaps as they were before.

    Raises: Invalid, NoSuchQueue, NoSuchFlow, naming the first value that cannot be.
    """
    if len(rules.ways_out) > MOST_WAYS:
        raise Invalid(f"ways_out: at most {MOST_WAYS}")
    known = {queue.id: queue for queue in queues} | {rules.id: rules}
    seen: set[tuple[object, ...]] = set()
    for place, way in enumerate(rules.ways_out):
        field = f"ways_out[{place}]"
        _check_when(field, way, calendars)
        _check_where(field, way, rules.id, known, flows)
        when = (way.why, way.key, way.calendar)
        if when in seen:
            raise Invalid(f"{field}: another one opens by the same; keep one of them")
        seen.add(when)
        if way.queue is not None and not way.key and (ring := _ring(rules.id, known)):
            walk = " → ".join((*ring, ring[0]))
            raise Invalid(f"{field}.queue: callers would go round for ever: {walk}")


def leads_to(queue: QueueId, queues: Iterable[QueueRules]) -> list[QueueId]:
    """The queues from which a way out leads to this one."""
    return [one.id for one in queues if any(way.queue == queue for way in one.ways_out)]


def _check_when(field: str, way: WayOut, calendars: Collection[str]) -> None:
    by_time = (("after_seconds", way.after), ("expected_seconds", way.expected))
    given = sum(time is not None for _, time in by_time)
    if given + bool(way.key) + bool(way.calendar) + way.nobody != 1:
        whens = "after_seconds, key, calendar, expected_seconds and nobody"
        raise Invalid(f"{field}: say when by one of {whens}")
    for name, time in by_time:
        if time is not None and not SOONEST <= time <= LATEST:
            least, most = SOONEST.total_seconds(), LATEST.total_seconds()
            raise Invalid(f"{field}.{name}: write {least:g} to {most:g}")
    if way.key and (len(way.key) != 1 or way.key not in KEYS):
        raise Invalid(f"{field}.key: write one of 0 to 9, * and #")
    if way.calendar and way.calendar not in calendars:
        there = ", ".join(sorted(calendars)) or "none"
        raise Invalid(f"{field}.calendar: there is no such calendar; there are: {there}")


def _check_where(
    field: str,
    way: WayOut,
    own: QueueId,
    queues: Collection[QueueId],
    flows: Collection[FlowId],
) -> None:
    if (way.queue is None) == (way.flow is None):
        raise Invalid(f"{field}: say where to by one of queue and flow")
    if way.queue == own:
        raise Invalid(f"{field}.queue: callers wait there already; name another queue")
    if way.queue is not None and way.queue not in queues:
        raise NoSuchQueue(f"{field}.queue: {way.queue}")
    if way.flow is not None and way.flow not in flows:
        raise NoSuchFlow(f"{field}.flow: {way.flow}")


def _ring(begin: QueueId, queues: Mapping[QueueId, QueueRules]) -> tuple[QueueId, ...]:
    """A ring through `begin` that callers who press nothing would never leave; empty if there is none."""
    walks: list[tuple[QueueId, ...]] = [(begin,)]
    seen: set[QueueId] = set()
    while walks:
        walk = walks.pop()
        rules = queues.get(walk[-1])
        for way in rules.ways_out if rules else ():
            if way.queue is None or way.key:
                continue
            if way.queue == begin:
                return walk
            if way.queue not in seen:
                seen.add(way.queue)
                walks.append((*walk, way.queue))
    return ()
