"""The floor: all queues and all agents together, one mutable object owned by one writer.

`advance` takes a fact and returns the facts that follow from it. `next_offer` pairs the next caller
with the agent whom the queue's strategy puts first; the offer takes hold when the fact comes back
through `advance`, live and on replay alike. `due_of_agents` and `due_of_calls` return what time has
brought.

Matching is indexed: each queue keeps its waiting callers and its free agents in order, and `_heads`
holds the queues that have both. A queue is looked at only when somebody joined it or became free, so
an offer costs the logarithm of what waits, not a scan. Shared agents go to the caller with the best
place among the queues that were touched, which is the global order, since a queue that was not touched
has nobody to serve or nobody free.

The promise: after any sequence of facts no agent stays reserved without a live offer. A reservation is
a lease (`LEASE`): if nobody reports back in time, the floor ends the offer itself.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from callcenter.core.acd.agent_state import (
    FAILURES,
    MISSES,
    Activity,
    AgentRow,
    Engagement,
    Move,
    move,
    rest_after,
)
from callcenter.core.acd.moments import Due, Moment
from callcenter.core.acd.queue import Line, Place, QueueEntry, QueueRules
from callcenter.core.acd.strategy import Draw
from callcenter.core.deadlines import Deadlines
from callcenter.core.facts.agents import (
    AgentRestored,
    AgentSignedIn,
    DeviceReachable,
    Presence,
    PresenceChanged,
    RestEnded,
    WrapEnded,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallEnded,
    OfferEnd,
    OfferEnded,
    PositionReached,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId

# From reservation to ringing. Longer than a switch takes that has too much to do: to ring the next agent
# then would only give it more. An order that was refused is told at once; one that was lost waits for this.
LEASE: Final = timedelta(seconds=15)
# On top of the queue's ring time, for the answer to travel.
RING_GRACE: Final = timedelta(seconds=5)

Consequences = tuple[Fact, ...]
NOTHING: Final[Consequences] = ()


class Floor:
    """Queues, agents, and who is offered to whom."""

    def __init__(self, *, draw: Draw, longest_queue: int = 0) -> None:
        """`longest_queue`: how many may wait in one; 0: any number."""
        self._longest_queue = longest_queue
        self._draw = draw
        self.agents: dict[AgentId, AgentRow] = {}
        self.lines: dict[QueueId, Line] = {}
        self.entries: dict[CallId, QueueEntry] = {}
        # Two, since what agents do goes on while we cannot see the calls.
        self._of_agents = Deadlines[Moment](self._stands)
        self._of_calls = Deadlines[Moment](self._stands)
        self._heads: list[tuple[Place, QueueId]] = []
        self._joined = 0
        self._configured: frozenset[QueueId] = frozenset()
        self._employed: frozenset[AgentId] = frozenset()
        self._closed: set[QueueId] = set()  # no longer configured

    # -- configuration ------------------------------------------------------------------------

    def configure(
        self, queues: Iterable[QueueRules], assignments: Mapping[AgentId, tuple[QueueId, ...]]
    ) -> None:
        """Take over new rules; callers keep their places and agents what they are doing.

        A queue that is gone is kept while somebody waits in it, whom `next_move` sends on; an agent
        who is gone while a call or a sign-in ties them to the floor.
        """
        rules = {queue.id: queue for queue in queues}
        self._configured, self._employed = frozenset(rules), frozenset(assignments)
        for agent in self.agents.values():
            self._unlist(agent)
        gone = [queue for queue in self.lines if queue not in rules]
        self._closed = {queue for queue in gone if self.lines[queue].entries}
        for queue in [queue for queue in gone if queue not in self._closed]:
            del self.lines[queue]
        for queue, rule in rules.items():
            self._line(queue).rules = rule
            for entry in self.lines[queue].entries:
                self._announce_by(entry, rule)
        for agent_id, row in list(self.agents.items()):
            row.queues = self._known(assignments.get(agent_id, ()))
            self._let_go(row)
        for agent_id, assigned in assignments.items():
            if agent_id not in self.agents:
                self.agents[agent_id] = AgentRow(agent_id, self._known(assigned))
        for agent in self.agents.values():
            self._list_if_free(agent)

    def _known(self, queues: tuple[QueueId, ...]) -> tuple[QueueId, ...]:
        return tuple(queue for queue in queues if queue in self._configured)

    # -- facts --------------------------------------------------------------------------------

    def advance(self, fact: Fact) -> Consequences:
        """Change the floor by one fact and say what follows from it.

        Raises:
            IllegalTransition: the fact is late or doubled; nothing was changed.
        """
        handler = _HANDLERS.get(type(fact))
        return handler(self, fact) if handler else NOTHING

    def _joined_queue(self, fact: QueueJoined) -> Consequences:
        if fact.call in self.entries:
            return NOTHING
        line = self._line(fact.queue)
        self._joined += 1
        since = fact.since or fact.at
        place = (since - timedelta(seconds=fact.priority), self._joined)
        entry = QueueEntry(fact.call, fact.queue, since, fact.priority, place)
        self.entries[fact.call] = entry
        line.entries.add(entry)
        line.waiting.add(entry)
        self._touch(line)
        if line.rules.announce_every is not None:
            self._announce_at(entry, fact.at + line.rules.announce_first)
        if fact.since is None and 0 < self._longest_queue < len(line.entries):
            return (QueueLeft(fact.at, fact.call, fact.queue),)
        return NOTHING

    def _offered(self, fact: AgentOffered) -> Consequences:
        agent, entry = self._agent(fact.agent), self.entries.get(fact.call)
        if entry is None or entry.offered_to is not None or agent.engagement:
            # Only a journal written before a change of configuration can bring this about.
            return (OfferEnded(fact.at, fact.call, fact.agent, fact.offer, OfferEnd.REFUSED),)
        self._unlist(agent)
        agent.offered_at = fact.at
        idle = Engagement(fact.call, fact.queue, fact.offer, Activity.IDLE, fact.at, None)
        self._lease(agent, move(idle, Move.RESERVE, fact.at, fact.at + LEASE))
        line = self.lines[entry.queue]
        line.waiting.discard(entry)
        entry.offers, entry.offered_to = fact.offer, fact.agent
        self._touch(line)
        return NOTHING

    def _ringing(self, fact: AgentRinging) -> Consequences:
        agent = self._engaged(fact.agent, fact.call, fact.offer)
        if agent is not None and agent.engagement is not None:
            until = fact.at + self._rules(agent.engagement.queue).ring_for + RING_GRACE
            self._lease(agent, move(agent.engagement, Move.RING, fact.at, until))
        return NOTHING

    def _answered(self, fact: AgentAnswered) -> Consequences:
        agent = self._engaged(fact.agent, fact.call, fact.offer)
        if agent is not None and agent.engagement is not None:
            agent.engagement = move(agent.engagement, Move.ANSWER, fact.at)
            agent.misses = agent.failures = 0
            agent.calls += 1
            self._forget(fact.call)
        return NOTHING

    def _offer_ended(self, fact: OfferEnded) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is not None and entry.offered_to == fact.agent and entry.offers == fact.offer:
            entry.takes_back(fact)
            line = self.lines[entry.queue]
            line.waiting.add(entry)
            self._touch(line)
        agent = self._engaged(fact.agent, fact.call, fact.offer)
        if agent is None or agent.engagement is None:
            return NOTHING
        queue = agent.engagement.queue
        move(agent.engagement, Move.RELEASE, fact.at)
        agent.engagement = None
        self._let_go(agent)
        return self._after_offer(agent, queue, fact)

    def _after_offer(self, agent: AgentRow, queue: QueueId, fact: OfferEnded) -> Consequences:
        if fact.why in FAILURES:
            agent.failures += 1
        rest = rest_after(fact.why, agent.failures)
        if rest is not None:
            self._rest(agent, fact.at + rest)
        if fact.why not in MISSES:
            if fact.why in FAILURES and agent.failures > 1:
                agent.idle_since = fact.at  # others first: each try may cost a caller 15 s
            self._list_if_free(agent)
            return NOTHING
        agent.idle_since, agent.failures = fact.at, 0
        agent.misses += 1
        if agent.misses < self._rules(queue).misses_allowed:
            return NOTHING
        agent.misses = 0
        if agent.presence is not Presence.READY:
            return NOTHING
        return (PresenceChanged(fact.at, agent.id, Presence.PAUSED, "rona"),)

    def _queue_left(self, fact: QueueLeft) -> Consequences:
        self._forget(fact.call)
        return NOTHING

    def _call_ended(self, fact: CallEnded) -> Consequences:
        self._forget(fact.call)
        agent = self.agents.get(fact.agent) if fact.agent is not None else None
        engagement = agent.engagement if agent else None
        if agent is None or engagement is None or engagement.call != fact.call:
            return NOTHING
        agent.talked += fact.at - engagement.since
        until = fact.at + self._rules(engagement.queue).wrap_up
        agent.engagement = move(engagement, Move.HANG_UP, fact.at, until)
        if until == fact.at:
            return (WrapEnded(fact.at, agent.id),)
        self._of_agents.push(until, (Due.WRAP, agent.id))
        return NOTHING

    def _wrap_ended(self, fact: WrapEnded) -> Consequences:
        agent = self.agents.get(fact.agent)
        if agent is not None and agent.engagement is not None:
            move(agent.engagement, Move.FINISH_WRAP, fact.at)
            agent.engagement = None
            agent.idle_since = fact.at
            self._list_if_free(agent)
            self._let_go(agent)
        return NOTHING

    def _signed_in(self, fact: AgentSignedIn) -> Consequences:
        agent = self._agent(fact.agent)
        is_always_there = fact.device.startswith("tel:")
        self._unlist(agent)
        if agent.presence is Presence.SIGNED_OUT:
            agent.presence, agent.pause_reason = Presence.PAUSED, "signed-in"
            agent.presence_since = agent.idle_since = fact.at
            agent.misses = agent.calls = 0
            agent.talked = timedelta()
        agent.device, agent.failures = fact.device, 0
        agent.reachable = is_always_there
        self._list_if_free(agent)
        return agent.leaves_phone(fact.at)

    def _presence(self, fact: PresenceChanged) -> Consequences:
        agent = self.agents.get(fact.agent)
        if agent is None:
            return NOTHING
        self._unlist(agent)
        agent.presence, agent.pause_reason = fact.presence, fact.reason
        agent.presence_since = fact.at
        if fact.presence is Presence.SIGNED_OUT:
            agent.device, agent.reachable = "", False
        if fact.presence is Presence.READY:
            agent.misses = 0
        self._list_if_free(agent)
        self._let_go(agent)
        return agent.leaves_phone(fact.at) if agent.presence is Presence.SIGNED_OUT else NOTHING

    def _reachable(self, fact: DeviceReachable) -> Consequences:
        agent = self.agents.get(fact.agent)
        if agent is not None and agent.device:
            self._unlist(agent)
            agent.reachable, agent.failures = fact.reachable, 0
            self._list_if_free(agent)
        return NOTHING

    def _rest_ended(self, fact: RestEnded) -> Consequences:
        agent = self.agents.get(fact.agent)
        if agent is not None and agent.rest_until is not None:
            agent.rest_until = None
            self._list_if_free(agent)
        return NOTHING

    def _restored(self, fact: AgentRestored) -> Consequences:
        agent = self._agent(fact.agent)
        self._unlist(agent)
        agent.device, agent.reachable = fact.device, fact.reachable
        agent.presence, agent.pause_reason = fact.presence, fact.reason
        agent.presence_since, agent.idle_since = fact.presence_since, fact.idle_since
        agent.misses, agent.failures, agent.rest_until = fact.misses, fact.failures, None
        agent.offered_at, agent.calls = fact.offered_at, fact.calls
        agent.talked = timedelta(seconds=fact.talked_seconds)
        if fact.rest_until is not None:
            self._rest(agent, fact.rest_until)
        if fact.wrap_until is not None and fact.call is not None and fact.queue is not None:
            wrapping = Activity.WRAPPING
            since = fact.wrap_since or fact.at
            held = Engagement(fact.call, fact.queue, 0, wrapping, since, fact.wrap_until)
            agent.engagement = held
            self._of_agents.push(fact.wrap_until, (Due.WRAP, agent.id))
        self._list_if_free(agent)
        return NOTHING

    def _position_reached(self, fact: PositionReached) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is not None:
            entry.told = fact.position if fact.better else entry.told
            every = self._rules(entry.queue).announce_every
            if every is not None:
                self._announce_at(entry, fact.at + every)
        return NOTHING

    # -- matching -----------------------------------------------------------------------------

    @property
    def may_move(self) -> bool:
        """Whether `next_move` may have something to say."""
        return bool(self._heads or self._closed)

    def next_move(self, now: datetime) -> AgentOffered | QueueLeft | None:
        """What the floor does next by itself, or None when there is nothing to be done.

        Whoever waits in a queue that is gone leaves it; whom a phone is ringing for, when it has rung
        out. Then the next pair is made.
        """
        for queue in sorted(self._closed):
            line = self.lines[queue]
            if line.waiting:
                return QueueLeft(now, line.waiting[0].call, queue)
        return self.next_offer(now)

    def next_offer(self, now: datetime) -> AgentOffered | None:
        """The next pair to be made, or None when nobody who waits can be served now."""
        while self._heads:
            place, queue = heapq.heappop(self._heads)
            line = self.lines.get(queue)
            if line is None:
                continue
            if line.listed == place:
                line.listed = None
            entry = line.head()
            if entry is None or entry.place != place:
                continue  # whoever changed the head has listed the new one
            agent, why = line.choose(entry, self._draw)
            device = self.agents[agent].device
            return AgentOffered(now, entry.call, queue, agent, entry.offers + 1, device, why)
        return None

    def _touch(self, line: Line) -> None:
        entry = line.head()
        if entry is not None and entry.place != line.listed:
            line.listed = entry.place
            heapq.heappush(self._heads, (entry.place, line.rules.id))

    # -- time ---------------------------------------------------------------------------------

    def next_deadline(self) -> datetime | None:
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
        return [self._due(moment, now) for moment in self._of_agents.due(now)]

    def due_of_calls(self, now: datetime) -> list[Fact]:
        """What time has brought to callers, and to agents who are being offered to them."""
        return [self._due(moment, now) for moment in self._of_calls.due(now)]

    def _stands(self, when: datetime, moment: Moment) -> bool:
        """Whether the row still says so."""
        due, whose = moment
        if due is Due.ANNOUNCEMENT:
            entry = self.entries.get(CallId(whose))
            return entry is not None and entry.announce_at == when
        agent = self.agents.get(AgentId(whose))
        if agent is None:
            return False
        if due is Due.REST:
            return agent.rest_until == when
        return agent.engagement is not None and agent.engagement.until == when

    def _due(self, moment: Moment, now: datetime) -> Fact:
        due, whose = moment
        if due is Due.ANNOUNCEMENT:
            return self._announce(CallId(whose), now)
        agent = self.agents[AgentId(whose)]
        if due is Due.REST:
            return RestEnded(now, agent.id)
        engagement = agent.engagement
        if due is Due.WRAP or engagement is None:
            return WrapEnded(now, agent.id)
        lapsed = OfferEnd.LAPSED
        return OfferEnded(now, engagement.call, agent.id, engagement.offer, lapsed)

    def _announce(self, call: CallId, now: datetime) -> Fact:
        entry = self.entries[call]
        position = self.lines[entry.queue].position(entry)
        return PositionReached(now, call, position, entry.told is None or position < entry.told)

    def _announce_by(self, entry: QueueEntry, rules: QueueRules) -> None:
        """Begin or cease to tell the caller where they stand."""
        if rules.announce_every is None:
            entry.announce_at = None
        elif entry.announce_at is None:
            self._announce_at(entry, entry.enqueued_at + rules.announce_first)

    def _announce_at(self, entry: QueueEntry, when: datetime) -> None:
        entry.announce_at = when
        self._of_calls.push(when, (Due.ANNOUNCEMENT, entry.call))

    def _lease(self, agent: AgentRow, held: Engagement) -> None:
        assert held.until is not None
        agent.engagement = held
        self._of_calls.push(held.until, (Due.LEASE, agent.id))

    def _rest(self, agent: AgentRow, until: datetime) -> None:
        agent.rest_until = until
        self._of_agents.push(until, (Due.REST, agent.id))

    # -- rows ---------------------------------------------------------------------------------

    def _agent(self, agent: AgentId) -> AgentRow:
        """The agent's row; one without queues for somebody who is no longer configured."""
        return self.agents.get(agent) or self.agents.setdefault(agent, AgentRow(agent, ()))

    def _line(self, queue: QueueId) -> Line:
        """The queue at work; by the default rules for one that is no longer configured."""
        if queue not in self._configured:
            self._closed.add(queue)
        return self.lines.get(queue) or self.lines.setdefault(queue, Line(QueueRules(queue)))

    def _rules(self, queue: QueueId) -> QueueRules:
        # A queue may be deleted while somebody talks who came through it.
        line = self.lines.get(queue)
        return line.rules if line else QueueRules(queue)

    def _engaged(self, agent: AgentId, call: CallId, offer: int) -> AgentRow | None:
        row = self.agents.get(agent)
        held = row.engagement if row else None
        return row if held and held.call == call and held.offer == offer else None

    def _forget(self, call: CallId) -> None:
        entry = self.entries.pop(call, None)
        if entry is not None:
            line = self.lines[entry.queue]
            line.entries.remove(entry)
            line.waiting.discard(entry)
            self._touch(line)
            if entry.queue in self._closed and not line.entries:
                self._closed.discard(entry.queue)
                del self.lines[entry.queue]

    def _let_go(self, agent: AgentRow) -> None:
        if agent.id not in self._employed and agent.is_away:
            self.agents.pop(agent.id, None)

    def _list_if_free(self, agent: AgentRow) -> None:
        if agent.is_free and agent.idle_since is not None:
            for queue in agent.queues:
                line = self.lines[queue]
                line.add_free(agent)
                self._touch(line)

    def _unlist(self, agent: AgentRow) -> None:
        for queue in agent.queues:
            self.lines[queue].drop_free(agent.id)


# Each handler takes exactly the fact it is listed under.
_HANDLERS: Final[Mapping[type, Callable[[Floor, Any], Consequences]]] = {
    QueueJoined: Floor._joined_queue,
    QueueLeft: Floor._queue_left,
    AgentOffered: Floor._offered,
    AgentRinging: Floor._ringing,
    AgentAnswered: Floor._answered,
    OfferEnded: Floor._offer_ended,
    CallEnded: Floor._call_ended,
    WrapEnded: Floor._wrap_ended,
    AgentSignedIn: Floor._signed_in,
    PresenceChanged: Floor._presence,
    DeviceReachable: Floor._reachable,
    RestEnded: Floor._rest_ended,
    AgentRestored: Floor._restored,
    PositionReached: Floor._position_reached,
}
