"""What is known of calls after the fact: what the archive has folded from the journal.

A record stands for a caller, a visit for their stay in one queue, an offer for one agent who was asked.
Callers and visits are counted apart and never added up (features 4.0).

The four kinds of row are filled in as facts come to be known, hence not frozen: the archive folds
hundreds of facts a second, and copying a row for each was most of its work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from callcenter.core.facts.calls import EndedBy, Outcome
from callcenter.core.ids import AgentId, CallId, FlowId, QueueId


class Exit(StrEnum):
    """How a stay in a queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MOVED = "moved"  # sent on: the queue was deleted, or somebody moved them
    FLOW_OUT_FULL = "flow-out-full"
    FLOW_OUT_TIMEOUT = "flow-out-timeout"
    FLOW_OUT_KEY = "flow-out-key"
    FLOW_OUT_CLOSING = "flow-out-closing"
    FLOW_OUT_EXPECTED = "flow-out-expected"
    FLOW_OUT_NOBODY = "flow-out-nobody"
    DISMISSED = "dismissed"  # a supervisor ended the call
    UNREACHED = "unreached"  # they were called back in their turn, and not to be had
    CALLED_OFF = "called-off"  # they were not to be called back any more
    SYSTEM_ERROR = "system-error"


class SpanKind(StrEnum):
    """Which of the two questions about an agent a span answers (see `core.acd.agent_state`)."""

    PRESENCE = "presence"
    ACTIVITY = "activity"


ANSWERED = "answered"


@dataclass(slots=True)
class CallRecord:
    """One call. `agent` is who it was connected to last; a caller who is handed back to us after they
    left goes on in the same record."""

    call: CallId
    ani: str
    name: str
    dnis: str
    arrived_at: datetime
    flow: FlowId | None = None
    flow_version: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    agent: AgentId | None = None
    language: str | None = None
    first_dialled: str = ""
    disposition: str | None = None


@dataclass(slots=True)
class QueueVisit:
    """One stay of one caller in one queue; `exit` is None while it lasts. `agent` answered. `is_kept`:
    nobody held the line, the place was kept for who was to be called back."""

    call: CallId
    visit: int
    queue: QueueId
    priority: float
    enqueued_at: datetime
    exited_at: datetime | None = None
    exit: Exit | None = None
    agent: AgentId | None = None
    offers: int = 0
    is_kept: bool = False

    @property
    def waited(self) -> timedelta | None:
        """From joining to leaving the queue; None while they wait."""
        return None if self.exited_at is None else self.exited_at - self.enqueued_at


@dataclass(slots=True)
class OfferRecord:
    """One agent asked to take one caller. `result` is "answered" or why not (`OfferEnd`); an answered
    offer ends with the conversation. `why` is the reason for asking, in the matcher's words."""

    call: CallId
    visit: int
    offer: int
    agent: AgentId
    offered_at: datetime
    why: str
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: str | None = None


@dataclass(slots=True)
class AgentSpan:
    """A stretch of an agent's time in one state, for one call where it is about one."""

    agent: AgentId
    kind: SpanKind
    state: str
    began_at: datetime
    reason: str = ""
    call: CallId | None = None
    queue: QueueId | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as it was written: its number, its name on the wire and its fields."""

    number: int
    kind: str
    at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallHistory:
    """Everything that is known of one call, in order. Old calls have lost their facts."""

    record: CallRecord
    visits: Sequence[QueueVisit]
    offers: Sequence[OfferRecord]
    facts: Sequence[StoredFact]


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls, latest arrival first; `older` asks for the next page, None at the end."""

    calls: Sequence[CallRecord]
    older: str | None


class History(Protocol):
    """Raises StoreAway, all of it. A fact is seen here a few seconds after it happened."""

    async def call(self, call: CallId) -> CallHistory:
        """Raises: NoSuchCall."""
        ...

    async def recent(
        self, *, limit: int = 50, older: str | None = None, agent: AgentId | None = None
    ) -> CallPage:
        """A page of calls, of one agent if given; `older` as the page before said it.

        Raises: Invalid, when `older` is nothing we said.
        """
        ...

    async def spans(self, agent: AgentId, since: datetime, until: datetime) -> Sequence[AgentSpan]:
        """The agent's spans that touch the time between, by their beginning."""
        ...
