"""What an agent is doing, and what may happen next.

Two questions are kept apart on purpose:

* presence: what the person asked for   (READY, PAUSED, SIGNED_OUT)
* activity: what the engine is doing    (IDLE, RESERVED, RINGING, TALKING, WRAPPING)

An agent who presses Pause while talking changes presence at once and activity not at all; the pause
takes hold when the call ends. Folding the two into one state is what forces other engines to keep a
list of "changes to apply later".

The table is that of one engagement: one offer, and the conversation that may come of it. Every legal
move is in TRANSITIONS; a pair that is missing is illegal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import OfferEnd, OfferEnded
from callcenter.core.ids import AgentId, CallId, QueueId


class Activity(StrEnum):
    """What the engine is doing with an agent."""

    IDLE = "idle"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING = "wrapping"


class Move(StrEnum):
    """What can happen to an engagement."""

    RESERVE = "reserve"
    RING = "ring"
    GREET = "greet"
    ANSWER = "answer"
    RELEASE = "release"
    HANG_UP = "hang-up"
    FINISH_WRAP = "finish-wrap"


TRANSITIONS: Mapping[tuple[Activity, Move], Activity] = MappingProxyType(
    {
        (Activity.IDLE, Move.RESERVE): Activity.RESERVED,
        (Activity.RESERVED, Move.RING): Activity.RINGING,
        # On offer still, while each is told something before the talk.
        (Activity.RESERVED, Move.GREET): Activity.RINGING,
        (Activity.RINGING, Move.GREET): Activity.RINGING,
        (Activity.RESERVED, Move.RELEASE): Activity.IDLE,
        # A phone that answers by itself may never say that it rings.
        (Activity.RESERVED, Move.ANSWER): Activity.TALKING,
        (Activity.RINGING, Move.RELEASE): Activity.IDLE,
        (Activity.RINGING, Move.ANSWER): Activity.TALKING,
        (Activity.TALKING, Move.HANG_UP): Activity.WRAPPING,
        (Activity.WRAPPING, Move.FINISH_WRAP): Activity.IDLE,
    }
)


@dataclass(frozen=True, slots=True)
class Engagement:
    """One offer to an agent and what became of it. `until` is its own deadline: the lease of a
    reservation, or the end of wrap-up. `filed` is what they said that the call came to."""

    call: CallId
    queue: QueueId
    offer: int
    activity: Activity
    since: datetime
    until: datetime | None
    filed: str = ""


def move(
    engagement: Engagement, step: Move, at: datetime, until: datetime | None = None
) -> Engagement:
    """The engagement after `step`; `until` is its deadline from then on, if it has one.

    Raises:
        IllegalTransition: the step is not in the table.
    """
    try:
        activity = TRANSITIONS[engagement.activity, step]
    except KeyError:
        raise IllegalTransition(engagement.activity, step) from None
    # Not `replace`, which costs five times as much: an engagement moves five times a call.
    held = engagement
    return Engagement(held.call, held.queue, held.offer, activity, at, until, held.filed)


# The agent could have taken the call and did not: it counts towards RONA.
MISSES = frozenset({OfferEnd.NO_ANSWER, OfferEnd.REJECTED})

# The phone itself failed, or nothing was heard of it: it may be broken although it looks well.
FAILURES = frozenset({OfferEnd.UNREACHABLE, OfferEnd.LAPSED})
# An offer that came to nothing on the agent's side: whoever else can serve the caller comes first.
ON_THEIR_SIDE = MISSES | FAILURES | {OfferEnd.BUSY, OfferEnd.REFUSED}

LONGEST_REST: Final = timedelta(minutes=5)
# Floor and call disagree, which only a fault brings about: they must not spin in one burst.
_AFTER_A_FAULT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rests:
    """How long an agent is left alone after an offer that failed on their side. The split by reason is
    FreeSWITCH mod_callcenter's (no-answer, reject and busy delay): a phone that is busy stays so longer."""

    no_answer: timedelta = timedelta(seconds=5)
    rejected: timedelta = timedelta(seconds=10)
    unreachable: timedelta = timedelta(seconds=10)

    def after(self, why: OfferEnd, failures: int) -> timedelta | None:
        """None for not at all. Each of several `failures` in a row doubles it."""
        match why:
            case OfferEnd.NO_ANSWER:
                return self.no_answer
            case OfferEnd.REJECTED:
                return self.rejected
            case OfferEnd.BUSY:
                return self.unreachable
            case OfferEnd.REFUSED:
                return _AFTER_A_FAULT
            case OfferEnd.UNREACHABLE | OfferEnd.LAPSED:
                doubled: int = 2 ** min(failures - 1, 10)
                return min(self.unreachable * doubled, max(self.unreachable, LONGEST_REST))
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Talents:
    """What an admin says about an agent: skills with their levels (see `core.skills`), and for each queue
    the tier, 1 comes first, and the weight by which chance prefers them. What is not said is 1."""

    skills: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[QueueId, int] = field(default_factory=dict)
    weights: Mapping[QueueId, int] = field(default_factory=dict)


NO_TALENTS: Final = Talents()


@dataclass(slots=True)
class AgentRow:
    """One agent on the floor. Owned and changed by the floor alone.

    `idle_since` orders the free: set at sign-in, when wrap-up ends, when an offer was missed and when
    the phone failed again, and given back unchanged by an offer that ended through no fault of theirs.
    `failures` counts offers in a row that the phone failed. `calls` answered and the time `talked` are of
    this shift, which begins when somebody signs in who was not.
    """

    id: AgentId
    queues: tuple[QueueId, ...]
    presence: Presence = Presence.SIGNED_OUT
    pause_reason: str = ""
    presence_since: datetime | None = None
    pause_until: datetime | None = None
    device: str = ""
    reachable: bool = False
    engagement: Engagement | None = None
    idle_since: datetime | None = None
    misses: int = 0
    failures: int = 0
    rest_until: datetime | None = None
    offered_at: datetime | None = None
    calls: int = 0
    talked: timedelta = timedelta()
    talents: Talents = NO_TALENTS

    @property
    def activity(self) -> Activity:
        """What the engine is doing with the agent."""
        return self.engagement.activity if self.engagement else Activity.IDLE

    @property
    def is_free(self) -> bool:
        """Whether the agent may be offered a call now."""
        return (
            self.presence is Presence.READY
            and self.engagement is None
            and self.reachable
            and self.rest_until is None
        )

    def leaves_phone(self, at: datetime) -> tuple[OfferEnded, ...]:
        """What that does to a call that is on offer at the phone: nobody would hear it ring there."""
        held = self.engagement
        if held is None or held.activity not in (Activity.RESERVED, Activity.RINGING):
            return ()
        return (OfferEnded(at, held.call, self.id, held.offer, OfferEnd.WITHDRAWN),)

    @property
    def is_away(self) -> bool:
        """Whether nothing ties the agent to the floor: signed out, and no call to finish."""
        return self.presence is Presence.SIGNED_OUT and self.engagement is None
