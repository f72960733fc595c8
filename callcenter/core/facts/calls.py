"""What happens to one call."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId


class OfferEnd(StrEnum):
    """Why an offer to an agent ended without an answer."""

    NO_ANSWER = "no-answer"
    REJECTED = "rejected"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CALLER_GONE = "caller-gone"
    REFUSED = "refused"  # the call could not take it: it ended or moved on in the meantime
    LAPSED = "lapsed"  # nobody reported back within the lease
    WITHDRAWN = "withdrawn"  # the agent left the phone that was rung, or sat down at it anew
    ELSEWHERE = "elsewhere"  # another agent, who was rung at the same time, took the call
    CALLER_AWAY = "caller-away"  # called back, the caller was not to be had: no phone was rung


class LeftBy(StrEnum):
    """Why a caller waits no longer in a queue, although nobody served them and they did not hang up."""

    GONE = "gone"  # the queue was deleted
    FULL = "full"  # too many waited already
    TIMEOUT = "timeout"
    KEY = "key"  # they pressed one that leads out
    CLOSING = "closing"  # its hours ended
    HOURS = "hours"  # who is to be called back may not be called now
    EXPECTED = "expected"  # the wait would have been too long
    NOBODY = "nobody"  # nobody was signed in any more who serves it


class Outcome(StrEnum):
    """What a call came to."""

    ANSWERED = "answered"  # talked with an agent
    ABANDONED = "abandoned"  # gave up in a queue
    LEFT_FLOW = "left-flow"  # hung up in the IVR
    SERVED = "served"  # the flow said goodbye
    DISMISSED = "dismissed"  # a supervisor ended it before anybody talked to the caller
    FAULTED = "faulted"  # we failed; the dialplan took the caller over
    REFUSED = "refused"  # turned away at once, since we had too much to do
    UNREACHED = "unreached"  # called back as often as was agreed, and not to be had
    EXPIRED = "expired"  # not called back in time
    RETURNED = "returned"  # called again before they were called back
    BARRED = "barred"  # must not be called back


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    AGENT = "agent"
    FLOW = "flow"
    SUPERVISOR = "supervisor"
    SWITCH = "switch"  # the switch restarted or lost the leg


class LegCause(StrEnum):
    """Why a leg ended, as far as we act on it."""

    NORMAL = "normal"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    GONE = "gone"  # found missing when we looked


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a caller by their number when they came. `owner` is the agent whose customer they
    are, `last_agent` who talked with them last, at `last_talk`. Who gave up waiting in `dropped_queue` at
    `dropped_at` had been waiting since `waited_since`."""

    customer: str = ""
    tier: str = ""
    requires: str = ""
    prefers: str = ""
    head_start: float = 0.0
    owner: AgentId | None = None
    last_agent: AgentId | None = None
    last_talk: datetime | None = None
    dropped_queue: QueueId | None = None
    dropped_at: datetime | None = None
    waited_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller is on the line. `ani`, `dnis` and `first_dialled` are normalised; `name` is what the network
    showed. `since` is when they came, where we heard of them only later. `first_dialled` is set where
    the call was diverted to us (Diversion, RFC 5806)."""

    at: datetime
    call: CallId
    leg: LegId
    ani: str
    dnis: str
    name: str = ""
    since: datetime | None = None
    first_dialled: str = ""
    refused: str = ""
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The `number`-th thing said to the caller is over; `played` is false if it could not be played."""

    at: datetime
    call: CallId
    number: int
    played: bool = True


@dataclass(frozen=True, slots=True)
class DigitPressed:
    at: datetime
    call: CallId
    leg: LegId
    digit: str


@dataclass(frozen=True, slots=True)
class NodeEntered:
    """The caller reached a node of a flow: the trace of the IVR. `language` is what they are spoken to
    in from here on."""

    at: datetime
    call: CallId
    flow: str
    version: str
    node: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class QueueJoined:
    """The caller waits in `queue`; `priority` is a head start in seconds. `since` is where their wait
    counts from, if they had been waiting before. `requires` and `prefers` are what they need of an agent
    (see `core.skills`); `only` is the one agent they wait for, for `only_seconds`. `offers` were made
    before, in other queues. Who waits in another queue leaves it by this. `is_kept`: nobody is on the line,
    the place is kept for somebody who will be called back."""

    at: datetime
    call: CallId
    queue: QueueId
    priority: float = 0.0
    since: datetime | None = None
    requires: str = ""
    prefers: str = ""
    only: AgentId | None = None
    only_seconds: float = 0.0
    offers: int = 0
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class WantEased:
    """So many steps of the easing have been taken for a caller who waits, by time or since nobody signed in
    could serve them; `requires` is what is left. `anybody`: they wait for one agent only no longer."""

    at: datetime
    call: CallId
    steps: int
    anybody: bool = False
    requires: str = ""


@dataclass(frozen=True, slots=True)
class WantChanged:
    """Somebody changed what a caller who waits needs. `priority` None: it stays."""

    at: datetime
    call: CallId
    requires: str
    prefers: str
    priority: float | None = None


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The caller waits no longer in `queue`, and no agent took them. They go on waiting in `to`, or in
    `flow`; where there is neither, nobody can serve them. `key` is what they pressed for it."""

    at: datetime
    call: CallId
    queue: QueueId
    why: LeftBy = LeftBy.GONE
    to: QueueId | None = None
    flow: FlowId | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class PositionReached:
    """Time to tell the caller where they stand; `better` if it improved since they were told last. How long
    they will still wait is between `least_seconds` and `most_seconds`, None: not to be said."""

    at: datetime
    call: CallId
    position: int
    better: bool
    least_seconds: int | None = None
    most_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A free agent who might have been offered the call, by what the strategy compares: the tier, how many
    of the preferred skills they lack, its own measure (calls, seconds of talk, when they were rung), and
    since when they have been idle. Each time less comes first."""

    agent: AgentId
    tier: int
    lacking: int
    measure: float
    idle_since: datetime


@dataclass(frozen=True, slots=True)
class OfferReason:
    """What an offer was decided by. Of the queue's agents `staff` are signed in, and `free` of them free;
    `candidates` are the first few of those who may serve the caller, the best first; `passed_over` had not
    taken the call before. Of `waiting` callers who wanted the same this one had the best place. `drawn` is
    what chance said, where it was asked; `beside` how many phones rang already, where all are rung."""

    strategy: str
    requires: str
    prefers: str
    staff: int
    free: int
    passed_over: int
    waiting: int
    candidates: tuple[Candidate, ...]
    drawn: int | None = None
    beside: int = 0


@dataclass(frozen=True, slots=True)
class AgentOffered:
    """The floor reserved `agent` for the call. `device` says what to ring (see `core.acd.device`)."""

    at: datetime
    call: CallId
    queue: QueueId
    agent: AgentId
    offer: int
    device: str
    why: str  # the reason in the matcher's words
    reason: OfferReason | None = None


@dataclass(frozen=True, slots=True)
class AgentRinging:
    at: datetime
    call: CallId
    agent: AgentId
    offer: int


@dataclass(frozen=True, slots=True)
class GreetingBegan:
    """The agent picked up, and something is said before the talk: to the caller, the agent by
    `says_number`; to the agent, if it `briefs`, which queue the call is from. `AgentAnswered` follows."""

    at: datetime
    call: CallId
    agent: AgentId
    offer: int
    says_number: str = ""
    briefs: bool = False


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """The talk begins."""

    at: datetime
    call: CallId
    agent: AgentId
    offer: int


@dataclass(frozen=True, slots=True)
class OfferEnded:
    at: datetime
    call: CallId
    agent: AgentId
    offer: int
    why: OfferEnd


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The switch says that a leg is gone."""

    at: datetime
    call: CallId
    leg: LegId
    cause: LegCause


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A moment the call asked to be woken at has come."""

    at: datetime
    call: CallId


@dataclass(frozen=True, slots=True)
class CallResumed:
    """We were away and are back: what the caller should hear is ordered once more."""

    at: datetime
    call: CallId


@dataclass(frozen=True, slots=True)
class HangUpAsked:
    """Somebody with the right to do so wants the call ended; `agent` is who, if an agent of the call."""

    at: datetime
    call: CallId
    by: EndedBy
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """What was agreed with a caller who does not want to wait on the line: they keep their place in
    `queue`, where they have waited since `since`, and are called back at `number` (E.164) in their turn.
    `caller_first`: before the agent's phone rings, else after the agent has answered. Called in vain, they
    are called again after `retry_seconds`, `tries` times in all, until `expires_at`."""

    number: str
    queue: QueueId
    since: datetime
    expires_at: datetime
    priority: float = 0.0
    requires: str = ""
    prefers: str = ""
    caller_first: bool = False
    tries: int = 3
    ring_seconds: float = 30.0
    retry_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class CallbackAgreed:
    at: datetime
    call: CallId
    callback: Callback


@dataclass(frozen=True, slots=True)
class CallerDialled:
    """The caller's phone rings, for the `attempt`-th time, at most until `until`; `agent` is on the line
    by `offer`, or is kept free for them."""

    at: datetime
    call: CallId
    attempt: int
    agent: AgentId
    offer: int
    until: datetime


@dataclass(frozen=True, slots=True)
class CallerAnswered:
    """The caller, who was called back, has answered."""

    at: datetime
    call: CallId
    attempt: int


@dataclass(frozen=True, slots=True)
class CallerUnreached:
    """An attempt to call back has come to nothing; `agent` was waiting on the line. It `counts` unless it
    was broken off on our side."""

    at: datetime
    call: CallId
    attempt: int
    why: LegCause
    agent: AgentId | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class CallbackOver:
    """The caller need not, or must not, be called back any more."""

    at: datetime
    call: CallId
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over; `agent` is the one it was connected to, if any."""

    at: datetime
    call: CallId
    outcome: Outcome
    by: EndedBy
    agent: AgentId | None = None


CallFact = (
    CallArrived
    | PromptEnded
    | DigitPressed
    | NodeEntered
    | QueueJoined
    | QueueLeft
    | WantEased
    | WantChanged
    | PositionReached
    | AgentOffered
    | AgentRinging
    | GreetingBegan
    | AgentAnswered
    | OfferEnded
    | LegEnded
    | DeadlinePassed
    | CallResumed
    | HangUpAsked
    | CallbackAgreed
    | CallerDialled
    | CallerAnswered
    | CallerUnreached
    | CallbackOver
    | CallEnded
)
