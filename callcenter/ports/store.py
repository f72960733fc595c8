"""What the inside asks of the store of configuration, and the ways in which it says no.

Every method is a transaction of its own, unless a `UnitOfWork.change` is open around it. All of them
may raise StoreAway. Names that are taken, things that are missing or still in use are said with the
core's own words, whatever the database calls them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.device import Answering
from callcenter.core.acd.queue import QueueRules
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.errors import NotFound
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.ports.journal import Numbered
from callcenter.ports.problems import TryLater


class StoreAway(TryLater):
    """The database cannot be reached, or is too busy. Nothing was changed."""

    code = "store-away"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The database cannot be reached. Try again later.",
        "zh": "暂时无法访问数据库，请稍后再试。",
    }
    retry_after_seconds = 2


class NoSuchVersion(NotFound):
    code = "no-such-version"
    title: ClassVar[Mapping[str, str]] = {
        "en": "No configuration is kept under this number.",
        "zh": "没有此编号的配置版本。",
    }


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """What the configuration was before somebody changed all of it: a document, until when, and by whom."""

    number: int
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the configuration: "added", "changed" or "removed", and each field that differs, before
    and after, as JSON has it. Of what is not there, the default counts."""

    kind: str
    section: str
    id: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """A change, when and by whom; `number` counts them."""

    number: int
    at: datetime
    by: str
    change: Change


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """A person who takes calls. `outside_number`: their device may be this telephone; `answering`: how they
    take calls at any other."""

    id: AgentId
    name_en: str
    name_zh: str = ""
    enabled: bool = True
    outside_number: str | None = None
    answering: Answering = Answering.BY_HAND


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """A number of ours (E.164), the flow that its callers hear, and what they need of an agent, beside
    what the flow says (see `core.skills`)."""

    did: str
    flow: FlowId
    requires: str = ""
    prefers: str = ""


@dataclass(frozen=True, slots=True)
class Skill:
    """Something agents are good at, more or less."""

    id: str
    name_en: str
    name_zh: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSecret:
    """How a signed-in agent's phone registers. Random for each login, and kept so that a switch that
    restarted can be told again. Never shown, never logged."""

    agent: AgentId
    endpoint: str
    password: str
    browser: bool

    def __repr__(self) -> str:
        return f"EndpointSecret(agent={self.agent!r}, endpoint={self.endpoint!r}, password=***)"


class Agents(Protocol):
    """The people of the centre."""

    async def find(self, agent: AgentId) -> AgentProfile | None: ...

    async def list(self) -> Sequence[AgentProfile]:
        """All agents, by id."""
        ...

    async def add(self, agent: AgentProfile) -> None:
        """Raises: NameTaken."""
        ...

    async def replace(self, agent: AgentProfile) -> None:
        """Raises: NoSuchAgent."""
        ...

    async def delete(self, agent: AgentId) -> None:
        """Their assignments and endpoint go with them. Raises: NoSuchAgent."""
        ...


class Queues(Protocol):
    """The queues and their rules."""

    async def find(self, queue: QueueId) -> QueueRules | None: ...

    async def list(self) -> Sequence[QueueRules]:
        """All queues, by id."""
        ...

    async def add(self, queue: QueueRules) -> None:
        """Raises: NameTaken."""
        ...

    async def replace(self, queue: QueueRules) -> None:
        """Raises: NoSuchQueue."""
        ...

    async def delete(self, queue: QueueId) -> None:
        """Raises: NoSuchQueue; StillInUse while agents are assigned to it."""
        ...


class Assignments(Protocol):
    """Which queues an agent serves."""

    async def all(self) -> Mapping[AgentId, tuple[QueueId, ...]]:
        """The queues of every agent who serves any, by id."""
        ...

    async def assign(self, agent: AgentId, queues: Sequence[QueueId]) -> None:
        """Let the agent serve exactly these. Raises: NoSuchAgent, NoSuchQueue."""
        ...


class Skills(Protocol):
    """What agents may be good at, and who is."""

    async def list(self) -> Sequence[Skill]:
        """All skills, by id."""
        ...

    async def put(self, skill: Skill) -> None:
        """Add it, or change its names."""
        ...

    async def delete(self, skill: str) -> None:
        """Raises: NoSuchSkill; StillInUse while an agent has it."""
        ...

    async def talents(self) -> Mapping[AgentId, Talents]:
        """Of every agent of whom something is said."""
        ...

    async def give(self, agent: AgentId, talents: Talents) -> None:
        """Exactly these; tiers and weights in queues that the agent does not serve are nothing.
        Raises: NoSuchSkill."""
        ...


class Codes(Protocol):
    """Why agents pause, and what calls come to."""

    async def pause_reasons(self) -> Mapping[str, PauseReason]: ...

    async def put_pause_reason(self, reason: PauseReason) -> None:
        """Add it, or change it."""
        ...

    async def delete_pause_reason(self, reason: str) -> None:
        """Raises: NoSuchCode."""
        ...

    async def dispositions(self) -> Mapping[str, Disposition]: ...

    async def put_disposition(self, disposition: Disposition) -> None:
        """Add it, or change it."""
        ...

    async def delete_disposition(self, disposition: str) -> None:
        """Raises: NoSuchCode; StillInUse while there are others under it."""
        ...


class Numbers(Protocol):
    """The numbers that may be dialled."""

    async def find(self, did: str) -> NumberEntry | None: ...

    async def list(self) -> Sequence[NumberEntry]:
        """All numbers, in order of their digits."""
        ...

    async def add(self, number: NumberEntry) -> None:
        """Raises: NameTaken."""
        ...

    async def replace(self, number: NumberEntry) -> None:
        """Raises: NoSuchNumber."""
        ...

    async def delete(self, did: str) -> None:
        """Raises: NoSuchNumber."""
        ...


class Endpoints(Protocol):
    """The phones of those who are signed in."""

    async def list(self) -> Sequence[EndpointSecret]:
        """All of them, by agent."""
        ...

    async def put(self, endpoint: EndpointSecret) -> None:
        """Keep it, in place of the agent's former one. Raises: NoSuchAgent."""
        ...

    async def delete(self, agent: AgentId) -> None:
        """Forget it; it need not exist."""
        ...


class ConfigVersions(Protocol):
    """What the configuration was before each change of the whole."""

    async def keep(self, at: datetime, by: str, text: str) -> int:
        """Its number, counted from 1."""
        ...

    async def newest(self, limit: int) -> Sequence[ConfigVersion]:
        """The newest first."""
        ...

    async def find(self, number: int) -> ConfigVersion:
        """Raises: NoSuchVersion."""
        ...


class Changes(Protocol):
    """What was changed in the configuration, by whom. It is added to, never altered."""

    async def keep(self, at: datetime, by: str, changes: Sequence[Change]) -> None:
        """Number and add them."""
        ...

    async def newest(
        self, limit: int, *, before: int | None = None, section: str = "", id: str = ""
    ) -> Sequence[ChangeMade]:
        """The newest first; only those numbered below `before`, of this section, of this entry."""
        ...


class UnitOfWork(Protocol):
    """Several changes as one."""

    def change(self) -> AbstractAsyncContextManager[None]:
        """Everything that this task asks of the store inside happens together, or not at all.

        Start no task inside that uses the store: it would share the transaction.
        """
        ...


class FactSource(Protocol):
    """The journal as its archive reads it, from this process or another."""

    @property
    def journal_id(self) -> str | None:
        """Which journal it is; None before it was begun."""
        ...

    def read_after(self, number: int) -> Iterator[Numbered]:
        """See `Journal.read_after`."""
        ...

    def forget(self, before: int) -> int:
        """Closed segments whose facts are all numbered below `before` are no longer needed."""
        ...
