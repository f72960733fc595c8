"""Who could serve a caller who waits, and whom they would serve before: what an estimate is made of.

Where queues share agents, each agent takes the caller with the best place whom they may serve. So of those
ahead, as many count as will be served by agents who could have served this one; and where some of the
agents are held up by callers whom few can serve, the caller is reached by the others first.

What was told is kept to: a later estimate ends no later, unless an agent left, somebody with a better place
came, or rules were changed since. If that cannot be true any more, nothing is said.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.estimate import Bracket, Busy, Outlook, Reach, bracket_of
from callcenter.core.acd.learned import Learned
from callcenter.core.acd.matching import Demand
from callcenter.core.acd.queue import Line, Place, QueueEntry
from callcenter.core.acd.want import Want
from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId, QueueId

_LOOKED_AT: Final = 120
"""So many agents stand for all."""
_TOLD_APART: Final = 8
"""So many demands ahead are, the biggest; others count as they do."""
_OVERTAKING: Final = 200
_SOON: Final = timedelta(hours=1)

Before = Callable[[Iterable[QueueId], Place], Iterator[tuple[Demand, int]]]
"""Of the callers with a better place whom agents of these queues may serve: how many, by what they want."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    demand: Demand
    count: float
    bit: int


class Causes:
    """Why a wait may have become longer."""

    def __init__(self) -> None:
        self._changed: datetime | None = None
        self._lost: dict[QueueId, datetime] = {}
        self._overtook: deque[tuple[datetime, QueueId, Place]] = deque(maxlen=_OVERTAKING)

    def changed(self, at: datetime) -> None:
        """Rules, or who serves what."""
        self._changed = at

    def lost(self, agent: AgentRow, at: datetime) -> None:
        """They take no calls any more."""
        self._lost.update(dict.fromkeys(agent.queues, at))

    def joined(self, entry: QueueEntry, at: datetime) -> None:
        """Somebody waits, perhaps before others who came earlier."""
        if entry.place[0] < at:
            self._overtook.append((at, entry.queue, entry.place))

    def since(self, then: datetime, queues: Iterable[QueueId], place: Place) -> bool:
        """Whether there was one for a caller with that place."""
        queues = frozenset(queues)
        return (
            (self._changed is not None and self._changed > then)
            or any(self._lost.get(queue, then) > then for queue in queues)
            or any(at > then and q in queues and p < place for at, q, p in self._overtook)
        )


class Waits:
    """How long each who waits will still wait."""

    def __init__(self, lines: Mapping[QueueId, Line], before: Before) -> None:
        self._lines = lines
        self._before = before
        self.learned = Learned()
        self.causes = Causes()

    def bracket(self, entry: QueueEntry, now: datetime) -> Bracket | None:
        """None where too little is known, where nobody serves them, where what may be said would be too
        wide, and while phones ring for them already."""
        line = self._lines[entry.queue]
        if entry.rung or self.learned.of(entry.queue).is_thin:
            return None
        queues: set[QueueId] = set()
        reaches = []
        for after, want in _wants(entry, line, now):
            outlook = self._outlook(entry, want, after, now, queues)
            if outlook is not None:
                reaches.append(Reach(outlook))
        most, at, until = None, entry.told_at, entry.told_until
        if at and until and not self.causes.since(at, queues, entry.place):
            most = (until - now).total_seconds()
        return bracket_of(reaches, most) if reaches else None

    def _outlook(
        self, entry: QueueEntry, want: Want, after: float, now: datetime, queues: set[QueueId]
    ) -> Outlook | None:
        queue = entry.queue
        near = [queue, *(q for q in want.added if q in self._lines)]
        own, scale = _some(self._lines[q] for q in near)
        serving = [agent for agent in own if want.tier_of(agent, queue) is not None]
        served = {q for agent in serving for q in agent.queues}
        queues |= served
        ahead = self._ahead(served, entry.place)
        if not serving:
            return None
        others = {one.demand.line.rules.id for one in ahead} - set(near)
        if others:
            own, scale = _some(self._lines[q] for q in sorted({*near, *others}))
        agents, count = _reached(own, want, queue, ahead)
        if not agents:
            return None
        experience = self.learned.of(queue)
        busy, due = self._at_work(agents, queue, now)
        first = min((one.demand.waiting[0].enqueued_at for one in ahead), default=now)
        waited = ((now - first) + (now - entry.enqueued_at)).total_seconds() / 2
        return Outlook(
            len(agents) * scale,
            busy,
            due,
            count,
            experience.talk,
            experience.wrap.mean + experience.delay.mean,
            experience.patience,
            waited,
            after,
            experience.delay.mean,
        )

    def _ahead(self, queues: Iterable[QueueId], place: Place) -> list[_Ahead]:
        found = sorted(self._before(queues, place), key=lambda one: -one[1])
        kept, all_of_them = found[:_TOLD_APART], sum(count for _, count in found)
        scale = all_of_them / max(1, sum(count for _, count in kept))
        return [_Ahead(d, count * scale, 1 << n) for n, (d, count) in enumerate(kept)]

    def _at_work(
        self, agents: Sequence[AgentRow], queue: QueueId, now: datetime
    ) -> tuple[list[Busy], list[float]]:
        busy, due = [], []
        for agent in agents:
            held = agent.engagement
            if held is None:
                rest = agent.rest_until
                due.append(max(0.0, (rest - now).total_seconds()) if rest else 0.0)
                continue
            known = self.learned.of(held.queue)
            if known.is_thin:
                known = self.learned.of(queue)
            since = max(0.0, (now - held.since).total_seconds())
            if held.activity is Activity.TALKING:
                busy.append(Busy(known.talk, since, known.wrap.mean))
            elif held.activity is not Activity.WRAPPING:
                busy.append(Busy(known.talk, 0.0, known.delay.mean + known.wrap.mean))
            elif held.until is not None:
                due.append(max(0.0, (held.until - now).total_seconds()))
            else:
                busy.append(Busy(known.wrap, since))
        return busy, due


def _wants(entry: QueueEntry, line: Line, now: datetime) -> Iterator[tuple[float, Want]]:
    """What they want, and after how many seconds what they will want once that is eased."""
    yield 0.0, line.eased(entry.want, entry.steps)
    want, alone = entry.want, entry.alone_until
    if alone is not None:
        want = replace(want, agent=None)
        yield max(0.0, (alone - now).total_seconds()), line.eased(want, entry.steps)
    easing = line.easing
    for steps in range(entry.steps + 1, len(easing) + 1):
        at = entry.enqueued_at + easing[steps - 1].after
        at = at if alone is None else max(at, alone)
        if at < now + _SOON:
            yield max(0.0, (at - now).total_seconds()), line.eased(want, steps)


def _some(lines: Iterable[Line]) -> tuple[list[AgentRow], float]:
    """Some of those who take calls there, and for how many each of them stands."""
    everybody: dict[AgentId, AgentRow] = {}
    for line in lines:
        everybody.update(line.staff)
    every = -(-len(everybody) // _LOOKED_AT) or 1
    some = list(everybody.values())[::every]
    scale = len(everybody) / len(some) if some else 1.0
    return [a for a in some if a.presence is Presence.READY and a.reachable], scale


def _reached(
    agents: Sequence[AgentRow], want: Want, queue: QueueId, ahead: Sequence[_Ahead]
) -> tuple[list[AgentRow], float]:
    """By whom the caller is reached first, and how many come before them there."""
    masks: list[tuple[AgentRow, bool, int]] = []
    for agent in agents:
        mask = sum(one.bit for one in ahead if one.demand.fits(agent))
        serves = want.tier_of(agent, queue) is not None
        if serves or mask:
            masks.append((agent, serves, mask))
    able = {one.bit: sum(mask & one.bit > 0 for *_, mask in masks) for one in ahead}
    pressed = sorted(ahead, key=lambda one: -one.count / max(1, able[one.bit]))
    best: tuple[float, list[AgentRow], float] | None = None
    dropped = 0
    for place in range(len(pressed) + 1):
        reached = [agent for agent, serves, mask in masks if serves and not mask & dropped]
        if not reached:
            break
        count = 0.0
        for one in pressed[place:]:
            here = [s for _, s, mask in masks if mask & one.bit and not mask & dropped]
            count += one.count * sum(here) / len(here) if here else 0.0
        if best is None or (count + 1) / len(reached) < best[0]:
            best = (count + 1) / len(reached), reached, count
        if place < len(pressed):
            dropped |= pressed[place].bit
    return ([], 0.0) if best is None else best[1:]
