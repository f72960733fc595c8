"""The phases of a call: one frozen dataclass each, holding exactly what exists in it.

`deadline` says when a phase wants to be woken. There is no timer to lose: after a restart it is
asked again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from callcenter.core.facts.calls import Callback, Known, Outcome
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.core.ivr.cursor import Cursor, Variables

UNKNOWN: Final = Known()
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InFlow:
    """In the IVR. `saying` is the prompt being said since `since`; `until` bounds it, or the wait
    for an input."""

    cursor: Cursor
    saying: int | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting. Quiet at first, then music, interrupted by announcements (`saying`). `since` is where
    the wait counts from."""

    queue: QueueId
    since: datetime
    quiet_until: datetime | None
    saying: int | None = None
    say_since: datetime | None = None
    say_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """An agent's phone, `device`, that rings for the caller, at most until `until`."""

    agent: AgentId
    offer: int
    since: datetime
    until: datetime
    device: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """Still waiting, while one agent is being rung, or several at once. The entry never left the floor."""

    place: Queued
    rings: tuple[Ring, ...]

    def ring(self, offer: int) -> Ring | None:
        """The phone that rings for this offer."""
        return next((ring for ring in self.rings if ring.offer == offer), None)

    def without(self, ended: Ring) -> "Offered | Queued":
        """The same when this phone rings no longer."""
        left = tuple(ring for ring in self.rings if ring is not ended)
        return Offered(self.place, left) if left else self.place


@dataclass(frozen=True, slots=True)
class Agreed:
    """Hearing the last word before they hang up, or are hung up on, to be called back. `saying` is None
    once it was said."""

    callback: Callback
    saying: int | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Nobody is on the line: the place is kept for who will be called back, while agents are `rings`. It is
    `in_queue` unless it is no hour to call them, or too soon to try again. `until` is when that changes."""

    callback: Callback
    attempts: int = 0
    failures: int = 0
    in_queue: bool = False
    until: datetime = _NEVER
    rings: tuple[Ring, ...] = ()

    def ring(self, offer: int) -> Ring | None:
        """The phone that rings for this offer."""
        return next((ring for ring in self.rings if ring.offer == offer), None)


@dataclass(frozen=True, slots=True)
class Reaching:
    """The caller's own phone rings, by attempt number `attempt`. `agent` has answered and waits on the
    line, by `rings` then; or None: those of `rings` are kept free, and rung when the caller answers."""

    callback: Callback
    attempt: int
    failures: int
    agent: AgentId | None
    rings: tuple[Ring, ...]
    since: datetime
    until: datetime
    saying: int | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """The agent has answered, and each hears something before they hear each other; `saying` has not ended.
    The entry never left the floor. `is_hushed`: the caller's music was stopped for it."""

    place: Queued
    ring: Ring
    since: datetime
    until: datetime
    saying: tuple[int, ...]
    is_hushed: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """Talking with an agent."""

    agent: AgentId
    offer: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Leaving:
    """Hearing a last word, after which we hang up, `busy`: with the busy tone; or after which they may
    leave a message of so long: `saying` is None once the switch takes it."""

    saying: int | None
    since: datetime
    until: datetime
    outcome: Outcome = Outcome.SERVED
    busy: bool = False
    message: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    outcome: Outcome


Phase = (
    InFlow | Queued | Offered | Greeting | Agreed | Kept | Reaching | Connected | Leaving | Ended
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `said` counts the prompts so far, which names the next one; `keys` the
    keys pressed. `unheard` is how long they had been there when we heard of them: it counts as
    waiting. `waited_since` is set once they have left a queue, `left_queue`, and may come back;
    `offers` were made to agents; `variables` are what flows know of the caller, collected or given."""

    id: CallId
    caller: LegId
    ani: str
    name: str
    dnis: str
    arrived_at: datetime
    language: str
    said: int
    keys: int
    phase: Phase
    unheard: timedelta = timedelta()
    first_dialled: str = ""
    waited_since: datetime | None = None
    left_queue: QueueId | None = None
    offers: int = 0
    known: Known = UNKNOWN
    variables: Variables = ()

    @property
    def heard_at(self) -> datetime:
        """When we heard of the caller."""
        return self.arrived_at + self.unheard


def deadline(call: Call) -> datetime | None:
    """When the call wants to be woken, or None."""
    match call.phase:
        case InFlow(until=until) | Leaving(until=until) | Agreed(until=until):
            return until
        case Greeting(place=place, until=until, is_hushed=is_hushed):
            own = None if is_hushed else _place_deadline(place)
            return until if own is None else min(own, until)
        case Kept(until=until, rings=rings):
            return min((ring.until for ring in rings), default=until)
        case Reaching(until=until):
            return until
        case Queued() as place:
            return _place_deadline(place)
        case Offered(place=place, rings=rings):
            own, ring_until = _place_deadline(place), min(ring.until for ring in rings)
            return ring_until if own is None else min(own, ring_until)
        case Connected() | Ended():
            return None


def offers_of(call: Call) -> tuple[int, ...]:
    """The offers whose agents' legs belong to the call now."""
    match call.phase:
        case Offered(rings=rings) | Kept(rings=rings):
            return tuple(ring.offer for ring in rings)
        case Reaching(rings=rings, agent=agent):
            return tuple(ring.offer for ring in rings) if agent is not None else ()
        case Connected(offer=offer) | Greeting(ring=Ring(offer=offer)):
            return (offer,)
        case _:
            return ()


def rings_of(call: Call) -> tuple[Ring, ...]:
    """The agents to whom the call is being offered, and who do not talk yet."""
    match call.phase:
        case Offered(rings=rings) | Kept(rings=rings) | Reaching(rings=rings, agent=None):
            return rings
        case Greeting(ring=ring):
            return (ring,)
        case _:
            return ()


def talking_with(call: Call) -> AgentId | None:
    """The agent who is on the line, if one is."""
    match call.phase:
        case Connected(agent=agent) | Reaching(agent=agent):
            return agent
        case _:
            return None


def saying(call: Call) -> tuple[int, datetime] | None:
    """The number of the prompt whose end we wait for, and since when it has been ordered."""
    match call.phase:
        case InFlow(saying=int(number), since=since) | Leaving(saying=int(number), since=since):
            return number, since
        case Agreed(saying=int(number), since=since):
            return number, since
        case Queued() as place:
            return _announcement(place)
        case Offered(place=place):
            return _announcement(place)
        case _:
            return None


def greeted(call: Call) -> tuple[tuple[int, datetime], ...]:
    """The same of what is said to caller and agent before they hear each other."""
    phase = call.phase
    if not isinstance(phase, Greeting):
        return ()
    return tuple((number, phase.since) for number in phase.saying)


def _announcement(place: Queued) -> tuple[int, datetime] | None:
    if place.saying is None or place.say_since is None:
        return None
    return place.saying, place.say_since


def _place_deadline(place: Queued) -> datetime | None:
    return place.quiet_until if place.saying is None else place.say_until
