"""The configuration as a call sees it: numbers, flows, queues, hours. Immutable; replaced whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.device import Answering
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calendar import Calendar
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.facts.calls import Callback
from callcenter.core.ids import AgentId, CallId, FlowId, QueueId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import Flow
from callcenter.core.ivr.interpreter import QueueLook, nowhere, unforeseen, unseen


def nobody(number: str) -> None:
    """Nobody is called back there."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What is configured now. `numbers` maps a normalised dialled number to its flow."""

    flows: Mapping[FlowId, Flow]
    numbers: Mapping[str, FlowId] = field(default_factory=dict)
    queues: Mapping[QueueId, QueueRules] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    assignments: Mapping[AgentId, tuple[QueueId, ...]] = field(default_factory=dict)
    talents: Mapping[AgentId, Talents] = field(default_factory=dict)
    # Those who take calls otherwise than by hand.
    answering: Mapping[AgentId, Answering] = field(default_factory=dict)
    # What callers of a number need of an agent, beside what the flow says: required, preferred.
    needs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    skills: frozenset[str] = frozenset()
    # None configured: any reason will do, and nothing is said of calls.
    pause_reasons: Mapping[str, PauseReason] = field(default_factory=dict)
    dispositions: Mapping[str, Disposition] = field(default_factory=dict)
    # How a queue is now, for flows that ask before they let a caller join it.
    look: Callable[[QueueId], QueueLook] = unseen
    # And how long somebody who joins it now is expected to wait, None: nobody can say.
    foresee: Callable[[QueueId, datetime], timedelta | None] = unforeseen
    # When people may be called, by their own clock; None: at any hour, anywhere.
    calling_hours: Calendar | None = None
    # As what a number is called back, if it can be; where it is kept a place for.
    reach: Callable[[str], str | None] = nowhere
    kept: Callable[[str], tuple[CallId, Callback] | None] = nobody
    # Callers beyond our limits are told so, instead of being refused before they are answered.
    tells_when_full: bool = False

    def flow_for(self, dnis: str) -> Flow:
        """The flow of a dialled number; the announcement for unknown numbers where there is none."""
        return self.flows[self.numbers.get(dnis, SYSTEM_FLOW)]

    def queue(self, queue: QueueId) -> QueueRules:
        """The rules of a queue; the defaults for one that was deleted while somebody waits in it."""
        return self.queues.get(queue) or QueueRules(queue)
