"""What the floor goes by: the part of the configuration that decides who is offered whom.

It is written into the journal whenever it changes, so that what was decided can be decided again.
"""

from dataclasses import dataclass
from datetime import datetime

from callcenter.core.ids import AgentId, QueueId


@dataclass(frozen=True, slots=True)
class EasingStep:
    """See `core.acd.want.Ease`."""

    after_seconds: float
    skill: str
    to: int
    add: QueueId | None


@dataclass(frozen=True, slots=True)
class QueueSet:
    """A queue's rules, as far as they decide."""

    id: QueueId
    strategy: str
    ring_for_seconds: float
    wrap_up_seconds: float | None
    misses_allowed: int
    tier_for_seconds: float
    head_start_seconds: float
    announce_first_seconds: float
    announce_every_seconds: float | None
    easing: tuple[EasingStep, ...] = ()
    rest_no_answer_seconds: float = 5.0
    rest_rejected_seconds: float = 10.0
    rest_unreachable_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class SkillHeld:
    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class QueueServed:
    queue: QueueId
    tier: int
    weight: int


@dataclass(frozen=True, slots=True)
class AgentSet:
    """An agent who may sign in, what they serve and what they are good at."""

    id: AgentId
    queues: tuple[QueueServed, ...]
    skills: tuple[SkillHeld, ...] = ()


@dataclass(frozen=True, slots=True)
class FloorConfigured:
    """From here on the floor goes by this, whole."""

    at: datetime
    queues: tuple[QueueSet, ...]
    agents: tuple[AgentSet, ...]
