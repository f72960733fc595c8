"""Facts into the lines of `queue_log`, as Asterisk's app_queue writes them and reporting tools read them.

    epoch|call|queue|agent|EVENT|data...        NONE where there is no call, queue or agent

Which lines, in which order, with which data was learned from app_queue itself: a live test plays the same
calls to both. Where our facts know more than its words can say, the nearest of its events is taken.

Pure. What must be known of calls and agents between two facts is `Remembered`, plain data that can be put
away and taken up again. Facts may be late or doubled: one counts only if what it ends is still open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sortedcontainers import SortedList

from callcenter.core.facts.agents import AgentRestored, AgentSignedIn, Presence, PresenceChanged
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallArrived,
    CallEnded,
    CallerUnreached,
    EndedBy,
    LeftBy,
    OfferEnd,
    OfferEnded,
    Outcome,
    QueueJoined,
    QueueLeft,
    WantChanged,
)
from callcenter.core.facts.centre import FloorConfigured
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId, offer_leg

NONE: Final = "NONE"
ASKED: Final = "MANAGER"
"""In place of a call, where somebody asked from outside for an agent to be added or taken away."""

# As app_queue has it: a phone that could not be rung leaves no line; of one that stopped to ring for
# another reason than its agent's, it says so.
RANG_OUT: Final = frozenset({OfferEnd.NO_ANSWER, OfferEnd.REJECTED, OfferEnd.BUSY})
NEVER_RANG: Final = frozenset({OfferEnd.UNREACHABLE, OfferEnd.REFUSED})

EXITS: Final[Mapping[LeftBy, str]] = {
    LeftBy.GONE: "EXITEMPTY",
    LeftBy.FULL: "EXITEMPTY",
    LeftBy.TIMEOUT: "EXITWITHTIMEOUT",
    LeftBy.KEY: "EXITWITHKEY",
    # The nearest word that app_queue has for it.
    LeftBy.CLOSING: "EXITWITHTIMEOUT",
    LeftBy.HOURS: "EXITEMPTY",
    LeftBy.EXPECTED: "EXITWITHTIMEOUT",
    LeftBy.NOBODY: "EXITEMPTY",
}

# Nobody gave up: we failed, or there was no longer anybody to call back.
NOT_GIVEN_UP: Final = frozenset(
    {Outcome.FAULTED, Outcome.EXPIRED, Outcome.RETURNED, Outcome.BARRED, Outcome.UNREACHED}
)

Place = tuple[datetime, int]


@dataclass(slots=True)
class Ring:
    """An offer that is open, or that was answered. `is_heard`: the phone said that it rings."""

    agent: AgentId
    since: datetime
    is_heard: bool = False


@dataclass(slots=True)
class Stay:
    """A caller in a queue, or talking with whom they found there. `place` orders those who wait, as on
    the floor; `position` is theirs when they joined; `rings` are the open offers by number."""

    queue: QueueId
    since: datetime
    place: Place
    position: int = 0
    rings: dict[int, Ring] = field(default_factory=dict)
    agent: AgentId | None = None
    answered_at: datetime | None = None


@dataclass(slots=True)
class Remembered:
    """What later lines need: numbers of callers who are on the line, stays that are open, whom each agent
    serves, and who is signed in, with whether they are paused."""

    callers: dict[CallId, str] = field(default_factory=dict)
    stays: dict[CallId, Stay] = field(default_factory=dict)
    served: dict[AgentId, tuple[QueueId, ...]] = field(default_factory=dict)
    paused: dict[AgentId, bool] = field(default_factory=dict)
    has_begun: bool = False


class QueueLog:
    """Hears facts in their order and says the lines that each of them brings about."""

    def __init__(self, remembered: Remembered | None = None) -> None:
        self.remembered = remembered or Remembered()
        self._lines: dict[QueueId, SortedList[Place]] = {}
        for stay in self.remembered.stays.values():
            if stay.answered_at is None:
                self._line(stay.queue).add(stay.place)

    def hear(self, number: int, fact: Fact) -> list[str]:
        """The lines of one fact, without line ends; mostly none."""
        handler = _HEARD.get(type(fact))
        return handler(self, number, fact) if handler is not None else []

    # -- calls ----------------------------------------------------------------------------------

    def _arrived(self, number: int, fact: CallArrived) -> list[str]:
        self.remembered.callers[fact.call] = fact.ani
        return []

    def _joined(self, number: int, fact: QueueJoined) -> list[str]:
        said: list[str] = []
        before = self._waiting(fact.call)
        if before is not None:
            if before.queue == fact.queue:
                return []
            said = self._leave(fact.call, before, "EXITEMPTY", fact.at)
        elif fact.call in self.remembered.stays or fact.call not in self.remembered.callers:
            return []
        since = fact.since or fact.at
        stay = Stay(fact.queue, since, _place(since, fact.priority, number))
        self._line(fact.queue).add(stay.place)
        stay.position = self._position(stay)
        self.remembered.stays[fact.call] = stay
        joined = ("", self.remembered.callers[fact.call], stay.position)
        return [*said, _line(fact.at, fact.call, fact.queue, NONE, "ENTERQUEUE", *joined)]

    def _wanted(self, number: int, fact: WantChanged) -> list[str]:
        stay = self._waiting(fact.call)
        if stay is not None and fact.priority is not None:
            self._line(stay.queue).remove(stay.place)
            stay.place = _place(stay.since, fact.priority, stay.place[1])
            self._line(stay.queue).add(stay.place)
        return []

    def _offered(self, number: int, fact: AgentOffered) -> list[str]:
        stay = self._waiting(fact.call)
        if stay is not None:
            stay.rings.setdefault(fact.offer, Ring(fact.agent, fact.at))
        return []

    def _rang(self, number: int, fact: AgentRinging) -> list[str]:
        found = self._ringing(fact)
        if found is not None:
            found[1].is_heard = True
        return []

    def _offer_ended(self, number: int, fact: OfferEnded) -> list[str]:
        found = self._ringing(fact)
        if found is None:
            return []
        stay, ring = found
        del stay.rings[fact.offer]
        if fact.why in NEVER_RANG or (fact.why is OfferEnd.LAPSED and not ring.is_heard):
            return []
        is_missed = fact.why in RANG_OUT or fact.why is OfferEnd.LAPSED
        event = "RINGNOANSWER" if is_missed else "RINGCANCELED"
        rang_for = max(fact.at - ring.since, timedelta()) // timedelta(milliseconds=1)
        return [_line(fact.at, fact.call, stay.queue, ring.agent, event, rang_for)]

    def _answered(self, number: int, fact: AgentAnswered) -> list[str]:
        found = self._ringing(fact)
        if found is None:
            return []
        stay, ring = found
        stay.rings.clear()  # of other phones that rang for them there is no line
        self._waits_no_more(stay)
        stay.agent, stay.answered_at = fact.agent, fact.at
        leg = offer_leg(fact.call, fact.offer)
        data = (_seconds(stay.since, fact.at), leg, _seconds(ring.since, fact.at))
        return [_line(fact.at, fact.call, stay.queue, ring.agent, "CONNECT", *data)]

    def _left(self, number: int, fact: QueueLeft) -> list[str]:
        stay = self._waiting(fact.call)
        if stay is None or stay.queue != fact.queue:
            return []
        first = (fact.key,) if fact.why is LeftBy.KEY else ()
        return self._leave(fact.call, stay, EXITS[fact.why], fact.at, *first)

    def _ended(self, number: int, fact: CallEnded) -> list[str]:
        self.remembered.callers.pop(fact.call, None)
        stay = self.remembered.stays.get(fact.call)
        if stay is None:
            return []
        if stay.answered_at is None or stay.agent is None:
            event = "EXITEMPTY" if fact.outcome in NOT_GIVEN_UP else "ABANDON"
            return self._leave(fact.call, stay, event, fact.at)
        event = "COMPLETEAGENT" if fact.by is EndedBy.AGENT else "COMPLETECALLER"
        return self._complete(fact, stay, stay.agent, stay.answered_at, event)

    def _unreached(self, number: int, fact: CallerUnreached) -> list[str]:
        """As if the caller had hung up on the agent, who was on the line for them."""
        stay = self.remembered.stays.get(fact.call)
        if stay is None:
            return []
        if stay.answered_at is None or stay.agent is None:
            return self._leave(fact.call, stay, "EXITEMPTY", fact.at)
        return self._complete(fact, stay, stay.agent, stay.answered_at, "COMPLETECALLER")

    def _complete(
        self,
        fact: CallEnded | CallerUnreached,
        stay: Stay,
        agent: AgentId,
        answered_at: datetime,
        event: str,
    ) -> list[str]:
        del self.remembered.stays[fact.call]
        held, talked = _seconds(stay.since, answered_at), _seconds(answered_at, fact.at)
        data = (held, talked, stay.position)
        return [_line(fact.at, fact.call, stay.queue, agent, event, *data)]

    # -- agents ---------------------------------------------------------------------------------

    def _configured(self, number: int, fact: FloorConfigured) -> list[str]:
        kept = self.remembered
        before, there = kept.served, {queue.id for queue in fact.queues}
        kept.served = {
            agent.id: tuple(one.queue for one in agent.queues if one.queue in there)
            for agent in fact.agents
        }
        event, kept.has_begun = ("CONFIGRELOAD" if kept.has_begun else "QUEUESTART"), True
        said = [_line(fact.at, NONE, NONE, NONE, event)]
        for agent in kept.paused:
            was, now = before.get(agent, ()), kept.served.get(agent, ())
            said += self._taken(fact.at, agent, [queue for queue in was if queue not in now])
            said += self._added(fact.at, agent, [queue for queue in now if queue not in was])
        return said

    def _signed_in(self, number: int, fact: AgentSignedIn) -> list[str]:
        if fact.agent in self.remembered.paused:
            return []
        self.remembered.paused[fact.agent] = True
        return self._added(fact.at, fact.agent, self._served(fact.agent))

    def _restored(self, number: int, fact: AgentRestored) -> list[str]:
        if fact.presence is not Presence.SIGNED_OUT:
            self.remembered.paused[fact.agent] = fact.presence is Presence.PAUSED
        return []

    def _present(self, number: int, fact: PresenceChanged) -> list[str]:
        paused, agent = self.remembered.paused, fact.agent
        if agent not in paused:
            return []
        if fact.presence is Presence.SIGNED_OUT:
            del paused[agent]
            return self._taken(fact.at, agent, self._served(agent))
        paused[agent] = fact.presence is Presence.PAUSED
        event = "PAUSE" if paused[agent] else "UNPAUSE"
        every = [(NONE, f"{event}ALL"), *((queue, event) for queue in self._served(agent))]
        return [_line(fact.at, NONE, queue, agent, what, fact.reason) for queue, what in every]

    def _added(self, at: datetime, agent: AgentId, queues: "Queues") -> list[str]:
        how = "PAUSED" if self.remembered.paused[agent] else ""
        return [_line(at, ASKED, queue, agent, "ADDMEMBER", how) for queue in queues]

    def _taken(self, at: datetime, agent: AgentId, queues: "Queues") -> list[str]:
        return [_line(at, ASKED, queue, agent, "REMOVEMEMBER") for queue in queues]

    def _served(self, agent: AgentId) -> tuple[QueueId, ...]:
        return self.remembered.served.get(agent, ())

    # -- who waits ------------------------------------------------------------------------------

    def _line(self, queue: QueueId) -> SortedList[Place]:
        return self._lines.get(queue) or self._lines.setdefault(queue, SortedList())

    def _position(self, stay: Stay) -> int:
        return int(self._line(stay.queue).bisect_left(stay.place)) + 1

    def _waiting(self, call: CallId) -> Stay | None:
        stay = self.remembered.stays.get(call)
        return stay if stay is not None and stay.answered_at is None else None

    def _ringing(self, fact: AgentRinging | OfferEnded | AgentAnswered) -> tuple[Stay, Ring] | None:
        """The offer that the fact speaks of, if nothing came of it yet."""
        stay = self._waiting(fact.call)
        ring = stay.rings.get(fact.offer) if stay is not None else None
        return (stay, ring) if stay is not None and ring and ring.agent == fact.agent else None

    def _leave(self, call: CallId, stay: Stay, event: str, at: datetime, *first: str) -> list[str]:
        data = (*first, self._position(stay), stay.position, _seconds(stay.since, at))
        self._waits_no_more(stay)
        del self.remembered.stays[call]
        return [_line(at, call, stay.queue, NONE, event, *data)]

    def _waits_no_more(self, stay: Stay) -> None:
        line = self._lines[stay.queue]
        line.remove(stay.place)
        if not line:
            del self._lines[stay.queue]


Queues = tuple[QueueId, ...] | list[QueueId]


def _place(since: datetime, priority: float, number: int) -> Place:
    return since - timedelta(seconds=priority), number


def _seconds(since: datetime, until: datetime) -> int:
    """As app_queue counts: the second of the one from the second of the other."""
    return max(0, int(until.timestamp()) - int(since.timestamp()))


def _line(at: datetime, call: str, queue: str, agent: str, event: str, *data: object) -> str:
    texts = (call, queue, agent, event, *map(str, data or ("",)))
    return "|".join((str(int(at.timestamp())), *map(_one_field, texts)))


def _one_field(text: str) -> str:
    """Callers choose what they are called: no sign of theirs may begin a field or a line."""
    if text.isprintable() and "|" not in text:
        return text
    return "".join(sign if sign.isprintable() and sign != "|" else "_" for sign in text)


# Each handler takes exactly the fact it is listed under.
_HEARD: Final[Mapping[type, Callable[[QueueLog, int, Any], list[str]]]] = {
    CallArrived: QueueLog._arrived,
    QueueJoined: QueueLog._joined,
    QueueLeft: QueueLog._left,
    WantChanged: QueueLog._wanted,
    AgentOffered: QueueLog._offered,
    AgentRinging: QueueLog._rang,
    OfferEnded: QueueLog._offer_ended,
    AgentAnswered: QueueLog._answered,
    CallerUnreached: QueueLog._unreached,
    CallEnded: QueueLog._ended,
    FloorConfigured: QueueLog._configured,
    AgentSignedIn: QueueLog._signed_in,
    PresenceChanged: QueueLog._present,
    AgentRestored: QueueLog._restored,
}
