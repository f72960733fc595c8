"""What time brings to the floor, and when.

The truth is a field of an agent's row or of an entry; here is only the order in which to look at them. Two
orders, since what agents do by themselves goes on while we cannot see the calls.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import Final

from callcenter.core.acd.agent_state import AgentRow
from callcenter.core.acd.queue import Line, QueueEntry
from callcenter.core.acd.waits import Waits
from callcenter.core.acd.want import taken_by
from callcenter.core.acd.ways_out import WayOut, first_way_out, way_by_expected
from callcenter.core.calendar import Calendar
from callcenter.core.deadlines import Deadlines
from callcenter.core.facts.agents import RestEnded, WrapEnded
from callcenter.core.facts.calls import (
    OfferEnd,
    OfferEnded,
    PositionReached,
    QueueLeft,
    WantEased,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.core.skills import text_of


class Due(Enum):
    """What is due."""

    LEASE = 1
    WRAP = 2
    REST = 3
    ANNOUNCEMENT = 4
    EASING = 5
    WAY_OUT = 6
    OUTLOOK = 7


# How often a caller's wait is looked at where nothing is announced.
_OUTLOOK_EVERY: Final = timedelta(seconds=30)

Moment = tuple[Due, AgentId | CallId]

_OF_ENTRIES: Final[Mapping[Due, Callable[[QueueEntry], datetime | None]]] = {
    Due.ANNOUNCEMENT: attrgetter("announce_at"),
    Due.EASING: attrgetter("ease_at"),
    Due.WAY_OUT: attrgetter("leave_at"),
    Due.OUTLOOK: attrgetter("look_at"),
}
"""Where a caller's row says when."""


class Agenda:
    """The moments of the floor's rows, which stay the floor's own."""

    def __init__(
        self,
        agents: Mapping[AgentId, AgentRow],
        entries: Mapping[CallId, QueueEntry],
        lines: Mapping[QueueId, Line],
        waits: Waits,
    ) -> None:
        self._agents = agents
        self._entries = entries
        self._lines = lines
        self._waits = waits
        self.calendars: Mapping[str, Calendar] = {}
        self._of_agents = Deadlines[Moment](self._stands)
        self._of_calls = Deadlines[Moment](self._stands)

    def put(self, when: datetime | None, due: Due, whose: AgentId | CallId) -> None:
        """Look at `whose` row then; None: nothing is to come."""
        if when is not None:
            by_themselves = due in (Due.WRAP, Due.REST)
            (self._of_agents if by_themselves else self._of_calls).push(when, (due, whose))

    def next(self) -> datetime | None:
        """When time may bring something."""
        agents, calls = self.next_of_agents(), self._of_calls.next()
        if agents is None or calls is None:
            return agents or calls
        return min(agents, calls)

    def next_of_agents(self) -> datetime | None:
        """When `due_of_agents` may have something to say."""
        return self._of_agents.next()

    def due_of_agents(self, now: datetime) -> list[Fact]:
        """What time has brought to agents by themselves: the ends of wrap-up and of rest."""
        facts = (self._fact(moment, now) for moment in self._of_agents.due(now))
        return [fact for fact in facts if fact is not None]

    def due_of_calls(self, now: datetime) -> list[Fact]:
        """What time has brought to callers, and to agents who are being offered to them."""
        facts = (self._fact(moment, now) for moment in self._of_calls.due(now))
        return [fact for fact in facts if fact is not None]

    def _stands(self, when: datetime, moment: Moment) -> bool:
        """Whether the row still says so."""
        due, whose = moment
        if due in _OF_ENTRIES:
            entry = self._entries.get(CallId(whose))
            return entry is not None and _OF_ENTRIES[due](entry) == when
        agent = self._agents.get(AgentId(whose))
        if agent is None:
            return False
        if due is Due.REST:
            return agent.rest_until == when
        return agent.engagement is not None and agent.engagement.until == when

    def _fact(self, moment: Moment, now: datetime) -> Fact | None:
        due, whose = moment
        if due in _OF_ENTRIES:
            return self._of_entry(due, self._entries[CallId(whose)], now)
        agent = self._agents[AgentId(whose)]
        if due is Due.REST:
            return RestEnded(now, agent.id)
        engagement = agent.engagement
        if due is Due.WRAP or engagement is None:
            return WrapEnded(now, agent.id)
        lapsed = OfferEnd.LAPSED
        return OfferEnded(now, engagement.call, agent.id, engagement.offer, lapsed)

    def _of_entry(self, due: Due, entry: QueueEntry, now: datetime) -> Fact | None:
        if due is Due.ANNOUNCEMENT:
            return self._position(entry, now)
        if due is Due.EASING:
            return self._easing(entry, now)
        if due is Due.OUTLOOK:
            return self._outlook(entry, now)
        return self.way_out(entry, now)

    def leave_by(self, entry: QueueEntry, now: datetime) -> None:
        """See when the first way out opens by itself, and whether the wait is to be looked at. Whose place
        is only kept needs none."""
        if entry.is_kept:
            entry.leave_at = entry.look_at = None
            return
        found = self._first_way_out(entry)
        entry.leave_at = found[0] if found is not None else None
        self.put(entry.leave_at, Due.WAY_OUT, entry.call)
        ways = self._lines[entry.queue].rules.ways_out
        if all(way.expected is None for way in ways):
            entry.look_at = None
        elif entry.look_at is None:
            entry.look_at = now
            self.put(now, Due.OUTLOOK, entry.call)

    def staffed(self, queues: Iterable[QueueId], now: datetime) -> None:
        """Somebody signed in or out who serves these: the first and the last of a queue matter to those who
        wait there."""
        for queue in queues:
            line = self._lines.get(queue)
            if line is None or (line.deserted_at is None) == bool(line.staff):
                continue
            line.deserted_at = None if line.staff else now
            if any(way.nobody for way in line.rules.ways_out):
                for entry in line.entries:
                    self.leave_by(entry, now)

    def way_out(self, entry: QueueEntry, now: datetime) -> QueueLeft | None:
        """That the caller takes the way out that is open by now, unless a phone rings for them."""
        if entry.leave_at is None or entry.leave_at > now or entry.rung:
            return None
        found = self._first_way_out(entry)
        if found is None:
            return None
        _, way = found
        return QueueLeft(now, entry.call, entry.queue, way.why, way.queue, way.flow)

    def _first_way_out(self, entry: QueueEntry) -> tuple[datetime, WayOut] | None:
        line, joined = self._lines[entry.queue], entry.joined_at or entry.enqueued_at
        deserted = None if line.staff else line.deserted_at or joined
        return first_way_out(line.rules.ways_out, joined, self.calendars, deserted)

    def _outlook(self, entry: QueueEntry, now: datetime) -> QueueLeft | None:
        """That the caller leaves since the wait would be too long. Else it is looked at again; of that
        nothing need be known after a restart, which looks anew."""
        rules = self._lines[entry.queue].rules
        bracket = self._waits.bracket(entry, now)
        if bracket is not None:
            way = way_by_expected(rules.ways_out, bracket.middle)
            if way is not None:
                return QueueLeft(now, entry.call, entry.queue, way.why, way.queue, way.flow)
        entry.look_at = now + (rules.announce_every or _OUTLOOK_EVERY)
        self.put(entry.look_at, Due.OUTLOOK, entry.call)
        return None

    def _position(self, entry: QueueEntry, now: datetime) -> Fact:
        line = self._lines[entry.queue]
        position = line.position(entry)
        better = entry.told is None or position < entry.told
        if not better or not line.rules.announce_estimate:
            return PositionReached(now, entry.call, position, better)
        bracket = self._waits.bracket(entry, now)
        if bracket is None:
            return PositionReached(now, entry.call, position, better)
        least, most = (int(end.total_seconds()) for end in (bracket.least, bracket.most))
        return PositionReached(now, entry.call, position, better, least, most)

    def _easing(self, entry: QueueEntry, now: datetime) -> Fact:
        line = self._lines[entry.queue]
        steps = max(entry.steps, taken_by(line.easing, now - entry.enqueued_at))
        anybody = entry.alone_until is not None and entry.alone_until <= now
        return want_eased(entry, line, steps, now, anybody=anybody)


def want_eased(
    entry: QueueEntry, line: Line, steps: int, now: datetime, *, anybody: bool
) -> WantEased:
    """So many steps have been taken for this caller."""
    left = line.eased(entry.want, steps).requires
    return WantEased(now, entry.call, steps, anybody, text_of(left))
