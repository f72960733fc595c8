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
from itertools import zip_longest
from typing import Final

from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.estimate import Bracket, Busy, Outlook, Reach, Served, bracket_of
from callcenter.core.acd.learned import Learned, Recent
from callcenter.core.acd.matching import Demand
from callcenter.core.acd.queue import Line, Place, QueueEntry
from callcenter.core.acd.want import Want, eased, taken_by
from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId, CallId, QueueId

_LOOKED_AT: Final = 100
"""So many agents stand for all."""
_TOLD_APART: Final = 8
"""So many demands ahead are, the biggest; others count as they do."""
_GOLDEN: Final = 0.6180339887498949
_OVERTAKING: Final = 200
_BEHIND_ALL: Final = 1 << 62
"""Of those who came at the same moment."""
_SOON: Final = timedelta(hours=1)

Before = Callable[[Iterable[QueueId], Place], Iterator[tuple[Demand, int]]]
"""Of the callers with a better place whom agents of these queues may serve: how many, by what they want."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Callers of a queue with a better place, who want the same by the time that is asked about."""

    queue: QueueId
    want: Want
    count: float
    bit: int

    def fits(self, agent: AgentRow) -> bool:
        """Whether the agent may serve them."""
        return self.want.tier_of(agent, self.queue) is not None


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
        reaches: list[Reach] = []
        outlooks = (
            self._outlook(entry, want, after, now, queues)
            for after, want in _wants(entry, line, now)
        )
        known = [outlook for outlook in outlooks if outlook is not None]
        for one, later in zip_longest(known, known[1:]):
            # Long before these agents come to the caller others may, too, and these among them.
            if later is None or later.open_after > one.mean / 8:
                reaches.append(Reach(one))
        most, at, until = None, entry.told_at, entry.told_until
        if at and until and not self.causes.since(at, queues, entry.place):
            most = (until - now).total_seconds()
        return bracket_of(reaches, most) if reaches else None

    def of_newcomer(self, queue: QueueId, now: datetime) -> timedelta | None:
        """How long somebody who joined the queue now, without needs of their own, would wait; None as with
        `bracket`."""
        line = self._lines.get(queue)
        if line is None:
            return None
        entry = QueueEntry(CallId(""), queue, now, 0.0, (now, 0))
        entry.place = now - line.rules.head_start, _BEHIND_ALL
        bracket = self.bracket(entry, now)
        return None if bracket is None else bracket.middle

    def _outlook(
        self, entry: QueueEntry, want: Want, after: float, now: datetime, queues: set[QueueId]
    ) -> Outlook | None:
        queue = entry.queue
        near = [queue, *(q for q in want.added if q in self._lines)]
        some, scale = _some(self._lines[q] for q in near)
        serving = {a.id: a for a in some if want.tier_of(a, queue) is not None}
        served = {q for agent in serving.values() for q in agent.queues}
        queues |= served
        ahead, first = self._ahead(served, entry.place, now + timedelta(seconds=after))
        others = {one.queue for one in ahead} - set(near)
        if others:
            some, scale = _some(self._lines[q] for q in sorted({*near, *others}))
            serving = {a.id: a for a in some if want.tier_of(a, queue) is not None}
        alike = sum(one.bit for one in ahead if (one.queue, one.want) == (queue, want))
        agents, counts = _reached(some, serving, alike, ahead)
        if not agents:
            return None
        experience = self.learned.of(queue)
        busy, due = self._at_work(agents, queue, now)
        waited = ((now - (first or now)) + (now - entry.enqueued_at)).total_seconds() / 2
        return Outlook(
            len(agents) * scale,
            busy,
            due,
            sum(counts.values()),
            self._served(queue, counts),
            experience.patience,
            waited,
            after,
            experience.delay.mean,
            0.0 if scale == 1 else (1 - len(agents) / len(some)) / len(agents),
        )

    def _ahead(
        self, queues: Iterable[QueueId], place: Place, at: datetime
    ) -> tuple[list[_Ahead], datetime | None]:
        """Who comes before, by what they will want then, and since when the first of them has waited."""
        counts: dict[tuple[QueueId, Want], int] = {}
        first: datetime | None = None
        for demand, count in self._before(queues, place):
            since = demand.waiting[0].enqueued_at
            first = since if first is None else min(first, since)
            easing = demand.line.easing
            want = eased(demand.want, easing[: taken_by(easing, at - since)])
            key = demand.line.rules.id, want
            counts[key] = counts.get(key, 0) + count
        found = sorted(counts.items(), key=lambda one: -one[1])
        kept, everybody = found[:_TOLD_APART], sum(count for _, count in found)
        scale = everybody / max(1, sum(count for _, count in kept))
        ahead = [_Ahead(*key, count * scale, 1 << n) for n, (key, count) in enumerate(kept)]
        return ahead, first

    def _served(self, queue: QueueId, counts: Mapping[QueueId, float]) -> list[Served]:
        """How long the calls last that come before this one; none: as this queue's own."""
        whole = sum(counts.values())
        shares = {q: count / whole for q, count in counts.items() if count} if whole else {queue: 1}
        found = []
        for one, share in shares.items():
            talk, _, after, delay = self._known(one, queue)
            found.append(Served(share, talk, after + delay))
        return found

    def _at_work(
        self, agents: Sequence[AgentRow], queue: QueueId, now: datetime
    ) -> tuple[list[Busy], list[float]]:
        busy, due = [], []
        known: dict[QueueId, tuple[Recent, Recent, float, float]] = {}
        for agent in agents:
            held = agent.engagement
            if held is None:
                rest = agent.rest_until
                due.append(max(0.0, (rest - now).total_seconds()) if rest else 0.0)
                continue
            if held.queue not in known:
                known[held.queue] = self._known(held.queue, queue)
            talk, wrap, after, delay = known[held.queue]
            since = max(0.0, (now - held.since).total_seconds())
            if held.activity is Activity.TALKING:
                busy.append(Busy(talk, since, after))
            elif held.activity is not Activity.WRAPPING:
                busy.append(Busy(talk, 0.0, delay + after))
            elif held.until is not None:
                due.append(max(0.0, (held.until - now).total_seconds()))
            else:
                busy.append(Busy(wrap, since))
        return busy, due

    def _known(self, queue: QueueId, instead: QueueId) -> tuple[Recent, Recent, float, float]:
        """How long calls of the queue last and the work after them, that on average, and until an answer.
        Of a queue of which too little is known, as in the other one."""
        one = self.learned.of(queue)
        one = self.learned.of(instead) if one.is_thin else one
        return one.talk, one.wrap, one.wrap.mean, one.delay.mean


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
    some = list(everybody.values())
    if len(some) > _LOOKED_AT:
        # Evenly, and in step with nothing: every tenth of them may be all of one team.
        places = {int(n * _GOLDEN % 1 * len(some)) for n in range(_LOOKED_AT)}
        some = [some[place] for place in sorted(places)]
    scale = len(everybody) / len(some) if some else 1.0
    return [a for a in some if a.presence is Presence.READY and a.reachable], scale


def _reached(
    agents: Sequence[AgentRow],
    serving: Mapping[AgentId, AgentRow],
    alike: int,
    ahead: Sequence[_Ahead],
) -> tuple[list[AgentRow], dict[QueueId, float]]:
    """By whom of those `serving` the caller is reached first, and how many of each queue come before them
    there; `alike` are those ahead who want the same."""
    others = [one for one in ahead if not one.bit & alike]
    masks: list[tuple[AgentRow, bool, int]] = []
    for agent in agents:
        mask = sum([one.bit for one in others if one.fits(agent)])
        serves = agent.id in serving
        if serves or mask:
            masks.append((agent, serves, mask | alike if serves else mask))
    able = {one.bit: sum([mask & one.bit > 0 for *_, mask in masks]) for one in ahead}
    pressed = sorted(ahead, key=lambda one: -one.count / max(1, able[one.bit]))
    best: tuple[float, list[AgentRow], dict[QueueId, float]] = (0.0, [], {})
    dropped = 0
    for place in range(len(pressed) + 1):
        reached = [agent for agent, serves, mask in masks if serves and not mask & dropped]
        if not reached:
            break
        counts: dict[QueueId, float] = {}
        for one in pressed[place:]:
            here = [s for _, s, mask in masks if mask & one.bit and not mask & dropped]
            share = sum(here) / len(here) if here else 0.0
            counts[one.queue] = counts.get(one.queue, 0.0) + one.count * share
        pace = len(reached) / (sum(counts.values()) + 1)
        best = max(best, (pace, reached, counts), key=lambda one: one[0])
        if place < len(pressed):
            dropped |= pressed[place].bit
    return best[1:]
