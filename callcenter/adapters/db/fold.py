"""Folds facts into what calls, stays in queues, offers and agents' time came to. Pure.

The journal holds everything that was heard, late and doubled facts too; the engine ignores those, and so
does this, by the same rule: a fact counts only if what it ends is still open. Hearing a fact a second
time therefore changes nothing, which the archive's exactly-once does not rely on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from callcenter.core.acd.agent_state import Activity
from callcenter.core.facts.agents import (
    AgentSignedIn,
    CallFiled,
    Presence,
    PresenceChanged,
    WrapEnded,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallArrived,
    CallEnded,
    CallerAnswered,
    CallerUnreached,
    LeftBy,
    NodeEntered,
    OfferEnded,
    Outcome,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, FlowId, QueueId
from callcenter.ports.history import (
    ANSWERED,
    AgentSpan,
    CallRecord,
    Exit,
    OfferRecord,
    QueueVisit,
    SpanKind,
)

SpanKey = tuple[str, int, SpanKind]  # journal and number of the fact that began it

EXITS: Final[Mapping[Outcome, Exit]] = {
    Outcome.ANSWERED: Exit.ANSWERED,
    Outcome.ABANDONED: Exit.ABANDONED,
    Outcome.LEFT_FLOW: Exit.MOVED,
    Outcome.REFUSED: Exit.SYSTEM_ERROR,  # before any queue; listed since every end must have an exit
    Outcome.SERVED: Exit.MOVED,
    Outcome.DISMISSED: Exit.DISMISSED,
    Outcome.FAULTED: Exit.SYSTEM_ERROR,
    Outcome.UNREACHED: Exit.UNREACHED,
    Outcome.EXPIRED: Exit.CALLED_OFF,
    Outcome.RETURNED: Exit.CALLED_OFF,
    Outcome.BARRED: Exit.CALLED_OFF,
}
_LEFT: Final[Mapping[LeftBy, Exit]] = {
    LeftBy.GONE: Exit.MOVED,
    LeftBy.FULL: Exit.FLOW_OUT_FULL,
    LeftBy.TIMEOUT: Exit.FLOW_OUT_TIMEOUT,
    LeftBy.KEY: Exit.FLOW_OUT_KEY,
    LeftBy.CLOSING: Exit.FLOW_OUT_CLOSING,
    LeftBy.HOURS: Exit.MOVED,
    LeftBy.EXPECTED: Exit.FLOW_OUT_EXPECTED,
    LeftBy.NOBODY: Exit.FLOW_OUT_NOBODY,
}


@dataclass(slots=True)
class CallStory:
    """All that was folded of one call so far."""

    record: CallRecord | None = None
    visits: dict[int, QueueVisit] = field(default_factory=dict)
    offers: dict[tuple[int, int], OfferRecord] = field(default_factory=dict)

    @property
    def waiting(self) -> QueueVisit | None:
        """The stay in a queue that has not ended."""
        last = self.visits.get(len(self.visits))
        return last if last is not None and last.exit is None else None

    def open_offer(self, offer: int) -> OfferRecord | None:
        """The offer of that number in the present stay, if nothing came of it yet."""
        found = self.offers.get((len(self.visits), offer))
        return found if found is not None and found.result is None else None


@dataclass(slots=True)
class Changes:
    """What must be written: the latest form of everything that changed."""

    calls: dict[CallId, CallRecord] = field(default_factory=dict)
    visits: dict[tuple[CallId, int], QueueVisit] = field(default_factory=dict)
    offers: dict[tuple[CallId, int, int], OfferRecord] = field(default_factory=dict)
    spans: dict[SpanKey, AgentSpan] = field(default_factory=dict)
    filed: dict[CallId, tuple[str, str]] = field(default_factory=dict)
    """Of which calls something was said: the caller's number, and what."""


class Fold:
    """Give it the stories and open spans of `calls_in` and `agents_in` first, then let it hear."""

    def __init__(self, journal: str) -> None:
        self._journal = journal
        self.stories: dict[CallId, CallStory] = {}
        self.open_spans: dict[tuple[AgentId, SpanKind], tuple[SpanKey, AgentSpan]] = {}
        self.known_agents: set[AgentId] = set()
        self._changes = Changes()

    def calls_in(self, facts: Iterable[Fact]) -> set[CallId]:
        """The calls whose stories must be known to hear these facts, and are not."""
        wanted = {fact.call for fact in facts if isinstance(fact, CALL_FACTS)}
        return wanted - self.stories.keys()

    def agents_in(self, facts: Iterable[Fact]) -> set[AgentId]:
        """The agents whose open spans must be known to hear these facts, and are not."""
        wanted = {getattr(fact, "agent", None) for fact in facts if type(fact) in _HEARD}
        return {agent for agent in wanted if agent is not None} - self.known_agents

    def hear(self, number: int, fact: Fact) -> None:
        """Take one fact into account."""
        handler = _HEARD.get(type(fact))
        if handler is not None:
            handler(self, number, fact)

    def take_changes(self) -> Changes:
        """What has changed since this was asked last."""
        changes, self._changes = self._changes, Changes()
        return changes

    def forget_ended(self) -> None:
        """Let go of the stories that are over. Who comes back is read again."""
        self.stories = {
            call: story
            for call, story in self.stories.items()
            if story.record is not None and story.record.ended_at is None
        }

    # -- calls ----------------------------------------------------------------------------------

    def _arrived(self, number: int, fact: CallArrived) -> None:
        record = self._story(fact.call).record
        if record is None:
            came_at = fact.since or fact.at
            known = CallRecord(fact.call, fact.ani, fact.name, fact.dnis, came_at)
            known.first_dialled = fact.first_dialled
            self._put_call(known)
        elif record.ended_at is not None:
            record.ended_at = record.outcome = record.ended_by = None
            self._put_call(record)

    def _entered(self, number: int, fact: NodeEntered) -> None:
        record = self._story(fact.call).record
        if record is None:
            return
        if record.flow is None:
            record.flow, record.flow_version = FlowId(fact.flow), fact.version
            self._put_call(record)
        if fact.language not in ("", record.language):
            record.language = fact.language
            self._put_call(record)

    def _joined(self, number: int, fact: QueueJoined) -> None:
        story = self._story(fact.call)
        if story.waiting is not None:
            if story.waiting.queue == fact.queue:
                return
            self._leave(story.waiting, fact.at, Exit.MOVED)
        visit = len(story.visits) + 1
        since = fact.since or fact.at
        stay = QueueVisit(fact.call, visit, fact.queue, fact.priority, since)
        stay.is_kept = fact.is_kept
        self._put_visit(stay)

    def _left(self, number: int, fact: QueueLeft) -> None:
        place = self._story(fact.call).waiting
        if place is not None and place.queue == fact.queue:
            self._leave(place, fact.at, _LEFT[fact.why])

    def _offered(self, number: int, fact: AgentOffered) -> None:
        story = self._story(fact.call)
        place = story.waiting
        if place is None or (place.visit, fact.offer) in story.offers:
            return
        place.offers += 1
        self._put_visit(place)
        self._put_offer(
            OfferRecord(fact.call, place.visit, fact.offer, fact.agent, fact.at, fact.why)
        )
        busy = self._span(fact.agent, SpanKind.ACTIVITY)
        if busy is None or busy.state == Activity.IDLE:
            self._work(number, fact, Activity.RESERVED, fact.queue)

    def _rang(self, number: int, fact: AgentRinging) -> None:
        offer = self._story(fact.call).open_offer(fact.offer)
        if offer is not None and offer.agent == fact.agent and offer.ringing_at is None:
            offer.ringing_at = fact.at
            self._put_offer(offer)
            if self._is_at(fact, Activity.RESERVED):
                self._work(number, fact, Activity.RINGING)

    def _answered(self, number: int, fact: AgentAnswered) -> None:
        story = self._story(fact.call)
        offer, place = story.open_offer(fact.offer), story.waiting
        if offer is None or place is None or offer.agent != fact.agent:
            return
        offer.answered_at, offer.result = fact.at, ANSWERED
        self._put_offer(offer)
        place.agent = fact.agent
        self._leave(place, fact.at, Exit.ANSWERED)
        if story.record is not None:
            story.record.answered_at = story.record.answered_at or fact.at
            story.record.agent = fact.agent
            self._put_call(story.record)
        if self._is_at(fact, Activity.RESERVED, Activity.RINGING):
            self._work(number, fact, Activity.TALKING)

    def _reached(self, number: int, fact: CallerAnswered) -> None:
        """The caller talks from now on, if an agent was on the line already."""
        record = self._story(fact.call).record
        if record is not None and record.answered_at is not None:
            record.answered_at = fact.at
            self._put_call(record)

    def _unreached(self, number: int, fact: CallerUnreached) -> None:
        """An agent was on the line, or kept free, for nobody."""
        story = self._story(fact.call)
        stay, record = story.visits.get(len(story.visits)), story.record
        if stay is not None and stay.exit in (None, Exit.ANSWERED):
            self._leave(stay, fact.at, Exit.UNREACHED)
        if fact.agent is None:
            return
        for offer in story.offers.values():
            if offer.agent == fact.agent and offer.ended_at is None:
                offer.ended_at = fact.at
                self._put_offer(offer)
        if record is not None:
            record.answered_at = record.agent = None
            self._put_call(record)
        if self._is_at(fact, Activity.TALKING):
            self._rest(number, fact)

    def _refused(self, number: int, fact: OfferEnded) -> None:
        offer = self._story(fact.call).open_offer(fact.offer)
        if offer is not None and offer.agent == fact.agent:
            offer.ended_at, offer.result = fact.at, fact.why.value
            self._put_offer(offer)
            if self._is_at(fact, Activity.RESERVED, Activity.RINGING):
                self._rest(number, fact)

    def _ended(self, number: int, fact: CallEnded) -> None:
        story = self._story(fact.call)
        if story.waiting is not None:
            self._leave(story.waiting, fact.at, EXITS[fact.outcome])
        for offer in story.offers.values():
            if offer.ended_at is None:
                offer.ended_at = fact.at
                self._put_offer(offer)
        record = story.record
        if record is None or record.ended_at is not None:
            return
        record.ended_at, record.outcome, record.ended_by = fact.at, fact.outcome, fact.by
        record.agent = fact.agent or record.agent
        self._put_call(record)
        if fact.agent is not None and self._is_at(fact, Activity.TALKING):
            self._work(number, fact, Activity.WRAPPING)

    def _filed(self, number: int, fact: CallFiled) -> None:
        record = self._story(fact.call).record
        if record is not None:
            record.disposition = fact.disposition
            self._changes.filed[fact.call] = record.ani, fact.disposition
            self._put_call(record)

    # -- agents ---------------------------------------------------------------------------------

    def _signed_in(self, number: int, fact: AgentSignedIn) -> None:
        if self._span(fact.agent, SpanKind.PRESENCE) is None:
            state = Presence.PAUSED.value
            self._begin(
                number, AgentSpan(fact.agent, SpanKind.PRESENCE, state, fact.at, "signed-in")
            )
        if self._span(fact.agent, SpanKind.ACTIVITY) is None:
            self._rest(number, fact)

    def _present(self, number: int, fact: PresenceChanged) -> None:
        self._close(fact.agent, SpanKind.PRESENCE, fact.at)
        if fact.presence is Presence.SIGNED_OUT:
            activity = self._span(fact.agent, SpanKind.ACTIVITY)
            if activity is not None and activity.state == Activity.IDLE:
                self._close(fact.agent, SpanKind.ACTIVITY, fact.at)
            return
        state = fact.presence.value
        self._begin(number, AgentSpan(fact.agent, SpanKind.PRESENCE, state, fact.at, fact.reason))
        if self._span(fact.agent, SpanKind.ACTIVITY) is None:
            self._rest(number, fact)

    def _wrapped(self, number: int, fact: WrapEnded) -> None:
        activity = self._span(fact.agent, SpanKind.ACTIVITY)
        if activity is not None and activity.state == Activity.WRAPPING:
            self._rest(number, fact)

    # -- spans ----------------------------------------------------------------------------------

    def _span(self, agent: AgentId, kind: SpanKind) -> AgentSpan | None:
        held = self.open_spans.get((agent, kind))
        return held[1] if held else None

    def _is_at(self, fact: Any, *states: Activity) -> bool:
        """Whether the agent is at this very call, in one of these states."""
        span = self._span(fact.agent, SpanKind.ACTIVITY)
        return span is not None and span.call == fact.call and span.state in states

    def _work(
        self, number: int, fact: Any, activity: Activity, queue: QueueId | None = None
    ) -> None:
        before = self._close(fact.agent, SpanKind.ACTIVITY, fact.at)
        queue = queue or (before.queue if before else None)
        span = AgentSpan(fact.agent, SpanKind.ACTIVITY, activity.value, fact.at)
        span.call, span.queue = fact.call, queue
        self._begin(number, span)

    def _rest(self, number: int, fact: Any) -> None:
        """Idle again, or gone if they signed out meanwhile."""
        self._close(fact.agent, SpanKind.ACTIVITY, fact.at)
        if self._span(fact.agent, SpanKind.PRESENCE) is not None:
            idle = Activity.IDLE.value
            self._begin(number, AgentSpan(fact.agent, SpanKind.ACTIVITY, idle, fact.at))

    def _begin(self, number: int, span: AgentSpan) -> None:
        key = (self._journal, number, span.kind)
        self.open_spans[span.agent, span.kind] = key, span
        self._changes.spans[key] = span

    def _close(self, agent: AgentId, kind: SpanKind, at: datetime) -> AgentSpan | None:
        held = self.open_spans.pop((agent, kind), None)
        if held is None:
            return None
        key, span = held
        span.ended_at = at
        self._changes.spans[key] = span
        return span

    # -- keeping --------------------------------------------------------------------------------

    def _story(self, call: CallId) -> CallStory:
        return self.stories.get(call) or self.stories.setdefault(call, CallStory())

    def _put_call(self, record: CallRecord) -> None:
        self._story(record.call).record = self._changes.calls[record.call] = record

    def _put_visit(self, visit: QueueVisit) -> None:
        self._story(visit.call).visits[visit.visit] = visit
        self._changes.visits[visit.call, visit.visit] = visit

    def _put_offer(self, offer: OfferRecord) -> None:
        self._story(offer.call).offers[offer.visit, offer.offer] = offer
        self._changes.offers[offer.call, offer.visit, offer.offer] = offer

    def _leave(self, visit: QueueVisit, at: datetime, exit_: Exit) -> None:
        visit.exited_at, visit.exit = at, exit_
        self._put_visit(visit)


# Each handler takes exactly the fact it is listed under.
_HEARD: Final[Mapping[type, Callable[[Fold, int, Any], None]]] = {
    CallArrived: Fold._arrived,
    NodeEntered: Fold._entered,
    QueueJoined: Fold._joined,
    QueueLeft: Fold._left,
    AgentOffered: Fold._offered,
    AgentRinging: Fold._rang,
    AgentAnswered: Fold._answered,
    OfferEnded: Fold._refused,
    CallerAnswered: Fold._reached,
    CallerUnreached: Fold._unreached,
    CallEnded: Fold._ended,
    CallFiled: Fold._filed,
    AgentSignedIn: Fold._signed_in,
    PresenceChanged: Fold._present,
    WrapEnded: Fold._wrapped,
}
CALL_FACTS: Final = (
    CallArrived,
    NodeEntered,
    QueueJoined,
    QueueLeft,
    AgentOffered,
    AgentRinging,
    AgentAnswered,
    OfferEnded,
    CallerAnswered,
    CallerUnreached,
    CallEnded,
    CallFiled,
)
