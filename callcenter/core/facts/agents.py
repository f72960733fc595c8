"""What agents do, and what becomes of their devices."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.core.ids import AgentId, CallId, QueueId


class Presence(StrEnum):
    """What the person asked for."""

    READY = "ready"
    PAUSED = "paused"
    SIGNED_OUT = "signed-out"


@dataclass(frozen=True, slots=True)
class AgentSignedIn:
    """The agent sits at `device` and is paused (reason `signed-in`) until they say they are ready."""

    at: datetime
    agent: AgentId
    device: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """`until` is when a pause for this reason ought to end."""

    at: datetime
    agent: AgentId
    presence: Presence
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallFiled:
    """The agent says what the call came to, while they talk or after."""

    at: datetime
    agent: AgentId
    call: CallId
    disposition: str


@dataclass(frozen=True, slots=True)
class DeviceReachable:
    """Whether the agent's device can be rung at all."""

    at: datetime
    agent: AgentId
    reachable: bool


@dataclass(frozen=True, slots=True)
class WrapEnded:
    """After-call work is over, by the agent's word or by time."""

    at: datetime
    agent: AgentId


@dataclass(frozen=True, slots=True)
class WrapExtended:
    """After-call work may take until then."""

    at: datetime
    agent: AgentId
    until: datetime


@dataclass(frozen=True, slots=True)
class RestEnded:
    """The pause between a missed offer and the next one is over."""

    at: datetime
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentRestored:
    """How an agent was when a new segment of the journal was begun: what the facts before it came to.
    From `wrap_until` to `wrap_since` they are set while they wrap up a call that has ended; without a
    `wrap_until` it takes until they say so."""

    at: datetime
    agent: AgentId
    device: str
    presence: Presence
    reason: str
    presence_since: datetime | None
    reachable: bool
    idle_since: datetime | None
    misses: int
    rest_until: datetime | None
    wrap_until: datetime | None = None
    call: CallId | None = None
    queue: QueueId | None = None
    wrap_since: datetime | None = None
    failures: int = 0
    offered_at: datetime | None = None
    calls: int = 0
    talked_seconds: float = 0.0
    pause_until: datetime | None = None
    filed: str = ""


AgentFact = (
    AgentSignedIn
    | PresenceChanged
    | DeviceReachable
    | WrapEnded
    | WrapExtended
    | CallFiled
    | RestEnded
    | AgentRestored
)
