"""The floor: all queues and all agents together, one mutable object owned by one writer.

`advance` takes a fact and returns the facts that follow from it. `next_offer` pairs the next caller
with the agent whom the queue's strategy puts first (`matching` knows who could serve whom); the offer
takes hold when the fact comes back through `advance`, live and on replay alike. `agenda` says what time
brings.

The promise: after any sequence of facts no agent stays reserved without a live offer. A reservation is
a lease (`LEASE`): if nobody reports back in time, the floor ends the offer itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from callcenter.core.acd.agenda import Agenda, Due, want_eased
from callcenter.core.acd.agent_state import (
    FAILURES,
    MISSES,
    Activity,
    AgentRow,
    Engagement,
    Move,
    Talents,
    move,
)
from callcenter.core.acd.matching import Matching
from callcenter.core.acd.queue import Line, QueueEntry, QueueRules
from callcenter.core.acd.staff import NOTHING, Consequences, Staff
from callcenter.core.acd.strategy import Draw, Strategy
from callcenter.core.acd.waits import Waits
from callcenter.core.acd.want import Want, taken_by
from callcenter.core.calendar import Calendar
from callcenter.core.facts.agents import (
    AgentRestored,
    AgentSignedIn,
    CallFiled,
    DeviceReachable,
    Presence,
    PresenceChanged,
    RestEnded,
    WrapEnded,
    WrapExtended,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallEnded,
    CallerAnswered,
    CallerDialled,
    CallerUnreached,
    GreetingBegan,
    LeftBy,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    QueueJoined,
    QueueLeft,
    WantChanged,
    WantEased,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.core.skills import read_need, text_of

# From reservation to ringing. Longer than a switch takes that has too much to do: to ring the next agent
# then would only give it more. An order that was refused is told at once; one that was lost waits for this.
LEASE: Final = timedelta(seconds=15)
# On top of the queue's ring time, for the answer to travel.
RING_GRACE: Final = timedelta(seconds=5)


class Floor:
    """Queues, agents, and who is offered to whom."""

    def __init__(self, *, draw: Draw, longest_queue: int = 0) -> None:
        """`longest_queue`: how many may wait in one; 0: any number."""
        self._longest_queue = longest_queue
        self.agents: dict[AgentId, AgentRow] = {}
        self._matching = Matching(draw)
        self.lines: dict[QueueId, Line] = self._matching.lines
        self.entries: dict[CallId, QueueEntry] = {}
        self.waits = Waits(self.lines, self._matching.before)
        self.agenda = Agenda(self.agents, self.entries, self.lines, self.waits)
        self._staff = Staff(self.agents, self._matching, self.agenda, self.waits)
        self._joined = 0
        self._configured: frozenset[QueueId] = frozenset()
        self._closed: set[QueueId] = set()  # no longer configured

    # -- configuration ------------------------------------------------------------------------

    def configure(
        self,
        queues: Iterable[QueueRules],
        assignments: Mapping[AgentId, tuple[QueueId, ...]],
        talents: Mapping[AgentId, Talents],
        now: datetime,
        calendars: Mapping[str, Calendar] = MappingProxyType({}),
    ) -> None:
        """Take over new rules; callers keep their places and agents what they are doing.

        A queue that is gone is kept while somebody waits in it, whom `next_move` sends on; an agent
        who is gone while a call or a sign-in ties them to the floor.
        """
        rules = {queue.id: queue for queue in queues}
        before = self._in_force()
        self.waits.learned.forget_but(frozenset(rules))
        self.agenda.calendars = calendars
        self._configured = frozenset(rules)
        self._matching.clear()
        gone = [queue for queue in self.lines if queue not in rules]
        self._closed = {queue for queue in gone if self.lines[queue].entries}
        for queue in [queue for queue in gone if queue not in self._closed]:
            del self.lines[queue]
        for queue, rule in rules.items():
            self._line(queue).rules = rule
        self._staff.employ(assignments, talents, rules)
        if self._in_force() != before:
            self.waits.causes.changed(now)
        self.agenda.staffed(self.lines, now)
        for line in self.lines.values():
            is_eased_anew = line.eases_anew()
            for entry in line.in_order():
                self._announce_by(entry, line.rules)
                self.agenda.leave_by(entry, now)
                if is_eased_anew:
                    self._want_anew(entry, now)
                else:
                    self._look_anew(entry)

    def _in_force(self) -> tuple[object, object]:
        """The rules, and who may serve whom."""
        rules = {queue: line.rules for queue, line in self.lines.items()}
        return rules, {row.id: (row.queues, row.talents) for row in self.agents.values()}

    # -- facts --------------------------------------------------------------------------------

    def advance(self, fact: Fact) -> Consequences:
        """Change the floor by one fact and say what follows from it.

        Raises:
            IllegalTransition: the fact is late or doubled; nothing was changed.
        """
        if (own := _HANDLERS.get(type(fact))) is not None:
            return own(self, fact)
        of_staff = _OF_STAFF.get(type(fact))
        return of_staff(self._staff, fact) if of_staff is not None else NOTHING

    def _joined_queue(self, fact: QueueJoined) -> Consequences:
        waits = self.entries.get(fact.call)
        if waits is not None and (waits.queue == fact.queue or waits.rung):
            return NOTHING
        self._forget(fact.call)
        line = self._line(fact.queue)
        self._joined += 1
        since = fact.since or fact.at
        entry = QueueEntry(fact.call, fact.queue, since, fact.priority, (since, self._joined))
        entry.place, entry.joined_at, entry.offers = line.place_of(entry), fact.at, fact.offers
        entry.is_kept = fact.is_kept
        self.entries[fact.call] = entry
        line.entries.add(entry)
        entry.want = Want(read_need(fact.requires), read_need(fact.prefers), fact.only)
        if fact.only is not None:
            entry.alone_until = fact.at + timedelta(seconds=fact.only_seconds)
        self.waits.causes.joined(entry, fact.at)
        self._want_anew(entry, fact.at)
        self._listens_from(entry, fact.at, line.rules)
        if fact.since is None and 0 < self._longest_queue < len(line.entries):
            return (QueueLeft(fact.at, fact.call, fact.queue, LeftBy.FULL),)
        return NOTHING

    def _offered(self, fact: AgentOffered) -> Consequences:
        agent, entry = self._staff.row(fact.agent), self.entries.get(fact.call)
        if entry is None or agent.engagement or (entry.rung and not self._rings_all(entry)):
            # Only a journal written before a change of configuration can bring this about.
            return (OfferEnded(fact.at, fact.call, fact.agent, fact.offer, OfferEnd.REFUSED),)
        self._matching.drop_free(agent)
        agent.offered_at = fact.at
        idle = Engagement(fact.call, fact.queue, fact.offer, Activity.IDLE, fact.at, None)
        self._staff.reserve(agent, move(idle, Move.RESERVE, fact.at, fact.at + LEASE))
        self._matching.rest(entry)
        self._matching.ring(entry, agent, fact.offer)
        return NOTHING

    def _ringing(self, fact: AgentRinging) -> Consequences:
        agent = self._staff.engaged(fact.agent, fact.call, fact.offer)
        if agent is not None and agent.engagement is not None:
            until = fact.at + self._rules(agent.engagement.queue).ring_for + RING_GRACE
            self._staff.reserve(agent, move(agent.engagement, Move.RING, fact.at, until))
        return NOTHING

    def _greeting_began(self, fact: GreetingBegan) -> Consequences:
        agent = self._staff.engaged(fact.agent, fact.call, fact.offer)
        if agent is not None and agent.engagement is not None:
            self._staff.reserve(agent, move(agent.engagement, Move.GREET, fact.at, fact.at + LEASE))
            if (entry := self.entries.get(fact.call)) is not None:
                self._matching.rest(entry)  # nobody else is rung for them
        return NOTHING

    def _answered(self, fact: AgentAnswered) -> Consequences:
        agent = self._staff.engaged(fact.agent, fact.call, fact.offer)
        if agent is not None and agent.engagement is not None:
            agent.engagement = move(agent.engagement, Move.ANSWER, fact.at)
            agent.misses = agent.failures = 0
            agent.calls += 1
            self._leaves(fact.call, fact.at)
            if agent.offered_at is not None:
                learned = self.waits.learned.of(agent.engagement.queue)
                learned.delay.add(fact.at - agent.offered_at)
        return NOTHING

    def _offer_ended(self, fact: OfferEnded) -> Consequences:
        entry, left = self.entries.get(fact.call), None
        if entry is not None and entry.rung.get(fact.offer) == fact.agent:
            entry.takes_back(fact)
            if not entry.rung:
                self._matching.wait(entry)
                left = self.agenda.way_out(entry, fact.at)
        agent = self._staff.engaged(fact.agent, fact.call, fact.offer)
        leaves = NOTHING if left is None else (left,)
        if agent is None or agent.engagement is None:
            return leaves
        queue = agent.engagement.queue
        self._staff.release(agent, fact.at)
        return (*leaves, *self._after_offer(agent, queue, fact))

    def _after_offer(self, agent: AgentRow, queue: QueueId, fact: OfferEnded) -> Consequences:
        if fact.why in FAILURES:
            agent.failures += 1
        rest = self._rules(queue).rests.after(fact.why, agent.failures)
        if rest is not None:
            self._staff.rest(agent, fact.at + rest)
        if fact.why not in MISSES:
            if fact.why in FAILURES and agent.failures > 1:
                agent.idle_since = fact.at  # others first: each try may cost a caller 15 s
            self._staff.list_if_free(agent)
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
        entry = self.entries.get(fact.call)
        self._leaves(fact.call, fact.at)
        if entry is None or fact.to is None:
            return NOTHING
        needs = text_of(entry.want.requires), text_of(entry.want.prefers)
        since, head_start = entry.enqueued_at, entry.priority
        joined = QueueJoined(fact.at, fact.call, fact.to, head_start, since, *needs)
        return (replace(joined, offers=entry.offers),)

    def _caller_dialled(self, fact: CallerDialled) -> Consequences:
        agent = self._staff.engaged(fact.agent, fact.call, fact.offer)
        if agent is not None:
            self._staff.holds(agent, fact.until + RING_GRACE)
        return NOTHING

    def _caller_answered(self, fact: CallerAnswered) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is not None:
            entry.is_kept = False
            self._listens_from(entry, fact.at, self._rules(entry.queue))
            return NOTHING
        for agent in self.agents.values():
            held = agent.engagement
            if held is not None and held.call == fact.call and held.activity is Activity.TALKING:
                agent.engagement = replace(held, since=fact.at)
        return NOTHING

    def _caller_unreached(self, fact: CallerUnreached) -> Consequences:
        self._forget(fact.call)
        agent = self.agents.get(fact.agent) if fact.agent is not None else None
        if agent is not None and agent.engagement and agent.engagement.call == fact.call:
            self._staff.let_off(agent, fact.at)
        return NOTHING

    def _call_ended(self, fact: CallEnded) -> Consequences:
        self._leaves(fact.call, fact.at, gave_up=fact.outcome is Outcome.ABANDONED)
        agent = self.agents.get(fact.agent) if fact.agent is not None else None
        engagement = agent.engagement if agent else None
        if agent is None or engagement is None or engagement.call != fact.call:
            return NOTHING
        return self._staff.wrap_up(agent, fact.at, self._rules(engagement.queue).wrap_up)

    def _position_reached(self, fact: PositionReached) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is not None:
            entry.told = fact.position if fact.better else entry.told
            if fact.most_seconds is not None:
                entry.told_at = fact.at
                entry.told_until = fact.at + timedelta(seconds=fact.most_seconds)
            every = self._rules(entry.queue).announce_every
            if every is not None:
                self._announce_at(entry, fact.at + every)
        return NOTHING

    def _want_eased(self, fact: WantEased) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is not None:
            entry.steps = fact.steps
            if fact.anybody:
                entry.want, entry.alone_until = replace(entry.want, agent=None), None
            self._look_anew(entry)
        return NOTHING

    def _want_changed(self, fact: WantChanged) -> Consequences:
        entry = self.entries.get(fact.call)
        if entry is None:
            return NOTHING
        self._matching.rest(entry)
        entry.want = replace(
            entry.want, requires=read_need(fact.requires), prefers=read_need(fact.prefers)
        )
        # What was said was said to somebody who needed something else.
        entry.told_at = entry.told_until = None
        if fact.priority is not None:
            entries = self.lines[entry.queue].entries
            entries.remove(entry)
            entry.priority = fact.priority
            entry.place = self.lines[entry.queue].place_of(entry)
            entries.add(entry)
            self.waits.causes.joined(entry, fact.at)
        self._want_anew(entry, fact.at)
        return NOTHING

    def _want_anew(self, entry: QueueEntry, now: datetime) -> None:
        """Take the steps that are due after so long a wait, and no others."""
        line = self.lines[entry.queue]
        entry.steps = taken_by(line.easing, now - entry.enqueued_at)
        self._look_anew(entry)

    def _look_anew(self, entry: QueueEntry) -> None:
        """See who could serve them, and when that will be somebody else. What fell due while nobody decided
        is still to come."""
        self._matching.rest(entry)
        if entry.rung:
            self._matching.ring_on(entry)
        else:
            self._matching.wait(entry)
        easing = self.lines[entry.queue].easing
        due = [] if entry.alone_until is None else [entry.alone_until]
        if entry.steps < len(easing):
            due.append(entry.enqueued_at + easing[entry.steps].after)
        entry.ease_at = min(due, default=None)
        self.agenda.put(entry.ease_at, Due.EASING, entry.call)

    # -- matching -----------------------------------------------------------------------------

    @property
    def may_move(self) -> bool:
        """Whether `next_move` may have something to say."""
        return bool(self._matching.has_pair or self._matching.has_unserved or self._closed)

    def next_move(self, now: datetime) -> AgentOffered | QueueLeft | WantEased | None:
        """What the floor does next by itself, or None when there is nothing to be done.

        Whoever waits in a queue that is gone leaves it; whom a phone is ringing for, when it has rung
        out. Whom nobody who is signed in could serve wants less at once, if that helps. Then the next
        pair is made.
        """
        for queue in sorted(self._closed):
            for entry in self.lines[queue].entries:
                if not entry.rung:
                    return QueueLeft(now, entry.call, queue)
        found = self._matching.next_eased()
        if found is not None:
            entry = found.entry
            anybody = entry.want.agent is not None
            return want_eased(entry, self.lines[entry.queue], found.steps, now, anybody=anybody)
        return self.next_offer(now)

    def next_offer(self, now: datetime) -> AgentOffered | None:
        """The next pair to be made, or None when nobody who waits can be served now."""
        pair = self._matching.next_pair()
        if pair is None:
            return None
        entry, agent, offer = pair.entry, pair.agent, pair.entry.offers + 1
        place = (entry.call, entry.queue, agent, offer, self.agents[agent].device)
        return AgentOffered(now, *place, pair.why, pair.reason)

    # -- time ---------------------------------------------------------------------------------

    def _listens_from(self, entry: QueueEntry, at: datetime, rules: QueueRules) -> None:
        """Somebody hears what is said there from now on, unless their place is only kept."""
        if rules.announce_every is not None and not entry.is_kept:
            self._announce_at(entry, at + rules.announce_first)
        self.agenda.leave_by(entry, at)

    def _announce_by(self, entry: QueueEntry, rules: QueueRules) -> None:
        """Begin or cease to tell the caller where they stand."""
        if rules.announce_every is None or entry.is_kept:
            entry.announce_at = None
        elif entry.announce_at is None:
            self._announce_at(entry, entry.enqueued_at + rules.announce_first)

    def _announce_at(self, entry: QueueEntry, when: datetime) -> None:
        entry.announce_at = when
        self.agenda.put(when, Due.ANNOUNCEMENT, entry.call)

    # -- rows ---------------------------------------------------------------------------------

    def _line(self, queue: QueueId) -> Line:
        """The queue at work; by the default rules for one that is no longer configured."""
        if queue not in self._configured:
            self._closed.add(queue)
        return self.lines.get(queue) or self.lines.setdefault(queue, Line(QueueRules(queue)))

    def _rings_all(self, entry: QueueEntry) -> bool:
        return self.lines[entry.queue].rules.strategy is Strategy.RING_ALL

    def _rules(self, queue: QueueId) -> QueueRules:
        # A queue may be deleted while somebody talks who came through it.
        line = self.lines.get(queue)
        return line.rules if line else QueueRules(queue)

    def _leaves(self, call: CallId, at: datetime, *, gave_up: bool = False) -> None:
        """They wait no longer; from how long they did is learned."""
        entry = self.entries.get(call)
        if entry is not None:
            waited = at - (entry.joined_at or entry.enqueued_at)
            if not entry.is_kept:  # Nobody was there to lose patience.
                self.waits.learned.of(entry.queue).patience.left(waited, gave_up=gave_up)
            self._forget(call)

    def _forget(self, call: CallId) -> None:
        entry = self.entries.pop(call, None)
        if entry is not None:
            line = self.lines[entry.queue]
            self._matching.rest(entry)
            line.entries.remove(entry)
            if entry.queue in self._closed and not line.entries:
                self._closed.discard(entry.queue)
                del self.lines[entry.queue]


# Each handler takes exactly the fact it is listed under.
_HANDLERS: Final[Mapping[type, Callable[[Floor, Any], Consequences]]] = {
    QueueJoined: Floor._joined_queue,
    QueueLeft: Floor._queue_left,
    AgentOffered: Floor._offered,
    AgentRinging: Floor._ringing,
    GreetingBegan: Floor._greeting_began,
    AgentAnswered: Floor._answered,
    OfferEnded: Floor._offer_ended,
    CallerDialled: Floor._caller_dialled,
    CallerAnswered: Floor._caller_answered,
    CallerUnreached: Floor._caller_unreached,
    CallEnded: Floor._call_ended,
    PositionReached: Floor._position_reached,
    WantEased: Floor._want_eased,
    WantChanged: Floor._want_changed,
}
_OF_STAFF: Final[Mapping[type, Callable[[Staff, Any], Consequences]]] = {
    WrapEnded: Staff.wrap_ended,
    WrapExtended: Staff.wrap_extended,
    CallFiled: Staff.filed,
    AgentSignedIn: Staff.signed_in,
    PresenceChanged: Staff.presence_changed,
    DeviceReachable: Staff.device_reachable,
    RestEnded: Staff.rest_ended,
    AgentRestored: Staff.restored,
}
