"""The stores of configuration; what they hold, as one value; and where the last one read is kept, so that
an engine can start while the database is away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.directory import Directory
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.ports.callers import Customers
from callcenter.ports.store import (
    AgentProfile,
    Agents,
    Assignments,
    Changes,
    Codes,
    NumberEntry,
    Numbers,
    Queues,
    Skills,
    UnitOfWork,
)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores that the configuration lives in."""

    unit: UnitOfWork
    agents: Agents
    queues: Queues
    assignments: Assignments
    numbers: Numbers
    skills: Skills
    customers: Customers
    codes: Codes
    changes: Changes


@dataclass(frozen=True, slots=True)
class Stored:
    """What the stores hold at one moment."""

    profiles: Sequence[AgentProfile]
    served: Mapping[AgentId, tuple[QueueId, ...]]
    numbers: Sequence[NumberEntry]
    queues: Sequence[QueueRules]
    talents: Mapping[AgentId, Talents] = field(default_factory=dict)
    skills: frozenset[str] = frozenset()
    pause_reasons: Mapping[str, PauseReason] = field(default_factory=dict)
    dispositions: Mapping[str, Disposition] = field(default_factory=dict)

    @property
    def around(self) -> tuple[frozenset[str], frozenset[FlowId], frozenset[str]]:
        """What flows are checked against: the queues there are, the flows numbers lead to, the skills."""
        queues = frozenset(rules.id for rules in self.queues)
        return queues, frozenset(number.flow for number in self.numbers), self.skills

    def filled_into(self, directory: Directory, broken: FlowId) -> Directory:
        """The directory with all of this; numbers whose flow it does not have lead to `broken`."""
        flows = directory.flows
        return replace(
            directory,
            numbers={one.did: one.flow if one.flow in flows else broken for one in self.numbers},
            queues={rules.id: rules for rules in self.queues},
            assignments={
                profile.id: self.served.get(profile.id, ())
                for profile in self.profiles
                if profile.enabled
            },
            talents=self.talents,
            answering={profile.id: profile.answering for profile in self.profiles},
            skills=self.skills,
            pause_reasons=self.pause_reasons,
            dispositions=self.dispositions,
            needs={
                number.did: (number.requires, number.prefers)
                for number in self.numbers
                if number.requires or number.prefers
            },
        )


class StoredRecord(Protocol):
    """What was put in force last."""

    def read(self) -> Stored | None:
        """What was kept last; None, if nothing was, or it cannot be read."""
        ...

    def write(self, stored: Stored) -> None:
        """Keep this instead. Raises: JournalAway."""
        ...
