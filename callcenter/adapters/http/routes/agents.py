"""Agents: who they are, where they sit, whether they take calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action, Actor, may
from callcenter.core.acd.agent_state import Activity, Talents
from callcenter.core.acd.device import Answering
from callcenter.core.errors import (
    AlreadySignedIn,
    Invalid,
    NameTaken,
    NoSuchAgent,
    NoSuchCode,
    NoSuchQueue,
    NoSuchSkill,
    NotFiled,
    NothingToWrap,
    NotSignedIn,
)
from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId, QueueId
from callcenter.engine.api import (
    LONGEST_REASON,
    LONGEST_WRAP,
    Door,
    ExtendWrap,
    FileCall,
    FinishWrap,
    SetPresence,
)
from callcenter.ports.store import AgentProfile, StoreAway
from callcenter.services.agents import AgentClosed, AgentDesk, PhoneKind
from callcenter.services.blueprint import AgentEntry
from callcenter.services.configuration import Configuration
from callcenter.services.naming import LONGEST_NAME

_MOST_QUEUES = 1000
_Said = Annotated[Mapping[Line, int], Field(max_length=_MOST_QUEUES)]


class AgentLive(Shape):
    """What the agent is doing now. `call` is theirs to know, and a supervisor's. `activity_until` is when
    their wrap-up ends by itself, if it does; `pause_until` when their pause ought to end; `filed` what they
    said that the call came to."""

    presence: Presence
    reason: str
    presence_since: datetime | None
    pause_until: datetime | None
    activity: Activity
    activity_since: datetime | None
    activity_until: datetime | None
    queue: str | None
    call: str | None
    filed: str
    device: Literal["", "sip", "tel"]
    reachable: bool


class AgentShown(Shape):
    """`live` is null while the agent is switched off; `outside_number` is not shown to colleagues.
    `skills` by their level; `tiers` and `weights` by queue, where they are not 1."""

    id: str
    name_en: str
    name_zh: str
    enabled: bool
    outside_number: str | None
    answering: Answering
    queues: Sequence[str]
    skills: Mapping[str, int]
    tiers: Mapping[str, int]
    weights: Mapping[str, int]
    live: AgentLive | None


class AgentListing(Listing[AgentShown]):
    """All agents, by id."""


class AgentFields(Shape):
    """What is left out has its default."""

    name_en: str = Field(default="", max_length=LONGEST_NAME)
    name_zh: str = Field(default="", max_length=LONGEST_NAME)
    enabled: bool = True
    outside_number: Line | None = None
    answering: Answering = Answering.BY_HAND
    queues: Sequence[Line] = Field(default=(), max_length=_MOST_QUEUES)
    skills: _Said = Field(default_factory=dict)
    tiers: _Said = Field(default_factory=dict)
    weights: _Said = Field(default_factory=dict)


class NewAgent(AgentFields):
    id: Line


class AgentChange(Shape):
    """What is left out stays; `outside_number: null` takes it away. `skills`, `tiers` and `weights` are
    given whole."""

    name_en: str | None = Field(default=None, max_length=LONGEST_NAME)
    name_zh: str | None = Field(default=None, max_length=LONGEST_NAME)
    enabled: bool | None = None
    outside_number: Line | None = None
    answering: Answering | None = None
    queues: Sequence[Line] | None = Field(default=None, max_length=_MOST_QUEUES)
    skills: _Said | None = None
    tiers: _Said | None = None
    weights: _Said | None = None


class QueuesServed(Shape):
    """`tiers` and `weights` are given whole, by queue; left out, those of queues that stay stay."""

    queues: Sequence[Line] = Field(max_length=_MOST_QUEUES)
    tiers: _Said | None = None
    weights: _Said | None = None


class PhoneChoice(Shape):
    phone: PhoneKind = PhoneKind.BROWSER


@dataclass(frozen=True, slots=True)
class Registrar:
    """Where phones register, as host:port: by UDP or TCP, and by TLS where that is open."""

    plain: str
    tls: str | None = None


class AccountShown(Shape):
    """What the phone registers with. The password is of this login and shown this once.

    A desk phone registers at `registrar` (host:port, UDP or TCP) or at `registrar_tls`; a browser over
    /ws, at the address that it has the page from.
    """

    endpoint: str
    password: str
    registrar: str | None
    registrar_tls: str | None


class SeatTaken(Shape):
    """`account` is null for a number outside."""

    phone: PhoneKind
    account: AccountShown | None


class MoreTime(Shape):
    seconds: float = Field(ge=1, le=LONGEST_WRAP.total_seconds())


class DispositionWish(Shape):
    disposition: Line


class PresenceWish(Shape):
    presence: Literal["ready", "paused"]
    reason: str = Field(default="", max_length=LONGEST_REASON)


def agent_routes(
    configuration: Configuration, desk: AgentDesk, door: Door, registrar: Registrar
) -> Routes:
    routes = Routes("agents")
    _add_reading(routes, configuration, door)
    _add_changing(routes, configuration, door)
    _add_assigning(routes, configuration, door)
    _add_seats(routes, desk, registrar)
    _add_presence(routes, door)
    _add_filing(routes, door)
    return routes


def _add_reading(routes: Routes, configuration: Configuration, door: Door) -> None:
    @routes.add(
        "GET",
        f"{API}/agents",
        "All agents, with what they are doing",
        gives=AgentListing,
        needs=Right(Action.READ_AGENTS),
        errors=(StoreAway,),
    )
    async def list_agents(asked: Asked[None]) -> Answer:
        rows = door.snapshot()[1]["agents"]
        entries = await configuration.list_agents(asked.actor)
        return AgentListing(items=[agent_shown(asked.actor, entry, rows) for entry in entries])

    @routes.add(
        "GET",
        f"{API}/agents/{{agent_id}}",
        "One agent",
        gives=AgentShown,
        needs=Right(Action.READ_AGENTS),
        errors=(NoSuchAgent, StoreAway),
    )
    async def read_agent(asked: Asked[None]) -> Answer:
        entry = await configuration.agent(asked.actor, _agent(asked))
        return agent_shown(asked.actor, entry, door.snapshot()[1]["agents"])


def _add_changing(routes: Routes, configuration: Configuration, door: Door) -> None:
    @routes.add(
        "POST",
        f"{API}/agents",
        "Add an agent",
        takes=NewAgent,
        gives=AgentShown,
        status=201,
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NameTaken, NoSuchQueue, NoSuchSkill, Invalid, StoreAway),
    )
    async def add_agent(asked: Asked[NewAgent]) -> Answer:
        entry = agent_entry(AgentId(asked.body.id), asked.body)
        added = await configuration.add_agent(asked.actor, entry)
        return agent_shown(asked.actor, added, door.snapshot()[1]["agents"])

    @routes.add(
        "PATCH",
        f"{API}/agents/{{agent_id}}",
        "Change an agent; switching one off signs them out",
        takes=AgentChange,
        gives=AgentShown,
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NoSuchAgent, NoSuchQueue, NoSuchSkill, Invalid, StoreAway),
    )
    async def change_agent(asked: Asked[AgentChange]) -> Answer:
        changed = await configuration.change_agent(
            asked.actor, _agent(asked), lambda before: _changed(before, asked.body)
        )
        return agent_shown(asked.actor, changed, door.snapshot()[1]["agents"])

    @routes.add(
        "DELETE",
        f"{API}/agents/{{agent_id}}",
        "Sign an agent out and forget them",
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NoSuchAgent, StoreAway),
    )
    async def delete_agent(asked: Asked[None]) -> Answer:
        await configuration.delete_agent(asked.actor, _agent(asked))
        return None


def _add_assigning(routes: Routes, configuration: Configuration, door: Door) -> None:
    @routes.add(
        "PUT",
        f"{API}/agents/{{agent_id}}/queues",
        "Let an agent serve exactly these queues",
        takes=QueuesServed,
        gives=AgentShown,
        needs=Right(Action.CHANGE_QUEUES),
        errors=(NoSuchAgent, NoSuchQueue, Invalid, StoreAway),
    )
    async def assign(asked: Asked[QueuesServed]) -> Answer:
        wish, served = asked.body, _queues(asked.body.queues)
        entry = await configuration.assign(
            asked.actor, _agent(asked), served, lambda had: _ranked(had, wish, served)
        )
        return agent_shown(asked.actor, entry, door.snapshot()[1]["agents"])


def _add_seats(routes: Routes, desk: AgentDesk, registrar: Registrar) -> None:
    @routes.add(
        "POST",
        f"{API}/agents/{{agent_id}}/login",
        "Sit down at a phone; gives the account that it registers with",
        takes=PhoneChoice,
        gives=SeatTaken,
        needs=Right(Action.SIGN_IN_AGENT, owner="agent_id"),
        errors=(NoSuchAgent, AgentClosed, AlreadySignedIn, Invalid, StoreAway),
    )
    async def sign_in_agent(asked: Asked[PhoneChoice]) -> Answer:
        phone = asked.body.phone
        account = await desk.sign_in(asked.actor, _agent(asked), phone)
        if account is None:
            return SeatTaken(phone=phone, account=None)
        at = Registrar("") if account.browser else registrar
        shown = AccountShown(
            endpoint=account.endpoint,
            password=account.password,
            registrar=at.plain or None,
            registrar_tls=at.tls,
        )
        return SeatTaken(phone=phone, account=shown)

    @routes.add(
        "DELETE",
        f"{API}/agents/{{agent_id}}/login",
        "Leave the phone; a call under way goes on to its end",
        needs=Right(Action.SIGN_IN_AGENT, owner="agent_id"),
        errors=(NoSuchAgent, NotSignedIn),
    )
    async def sign_out_agent(asked: Asked[None]) -> Answer:
        await desk.sign_out(asked.actor, _agent(asked))
        return None


def _add_presence(routes: Routes, door: Door) -> None:
    @routes.add(
        "PUT",
        f"{API}/agents/{{agent_id}}/presence",
        "Take calls, or pause with a reason",
        takes=PresenceWish,
        gives=AgentLive,
        needs=Right(Action.SET_PRESENCE, owner="agent_id"),
        errors=(NoSuchAgent, NotSignedIn, Invalid),
    )
    async def set_presence(asked: Asked[PresenceWish]) -> Answer:
        agent, wish = _agent(asked), asked.body
        door.ask(asked.actor, SetPresence(agent, Presence(wish.presence), wish.reason))
        return _live(asked.actor, agent, door.agent(agent))

    @routes.add(
        "DELETE",
        f"{API}/agents/{{agent_id}}/wrap",
        "Finish the work after a call",
        needs=Right(Action.SET_PRESENCE, owner="agent_id"),
        errors=(NoSuchAgent, NothingToWrap, NotFiled),
    )
    async def finish_wrap(asked: Asked[None]) -> Answer:
        door.ask(asked.actor, FinishWrap(_agent(asked)))
        return None

    @routes.add(
        "POST",
        f"{API}/agents/{{agent_id}}/wrap",
        "Take more time for the work after a call",
        takes=MoreTime,
        gives=AgentLive,
        needs=Right(Action.SET_PRESENCE, owner="agent_id"),
        errors=(NoSuchAgent, NothingToWrap, Invalid),
    )
    async def extend_wrap(asked: Asked[MoreTime]) -> Answer:
        agent = _agent(asked)
        door.ask(asked.actor, ExtendWrap(agent, asked.body.seconds))
        return _live(asked.actor, agent, door.agent(agent))


def _add_filing(routes: Routes, door: Door) -> None:
    @routes.add(
        "PUT",
        f"{API}/agents/{{agent_id}}/disposition",
        "Say what the agent's call came to, while they talk or after",
        takes=DispositionWish,
        gives=AgentLive,
        needs=Right(Action.SET_DISPOSITION, owner="agent_id"),
        errors=(NoSuchAgent, NothingToWrap, NoSuchCode),
    )
    async def file_call(asked: Asked[DispositionWish]) -> Answer:
        agent = _agent(asked)
        door.ask(asked.actor, FileCall(agent, asked.body.disposition))
        return _live(asked.actor, agent, door.agent(agent))


def _agent(asked: Asked[Any]) -> AgentId:
    return AgentId(asked.path("agent_id"))


def _queues(names: Sequence[str]) -> tuple[QueueId, ...]:
    return tuple(QueueId(name) for name in names)


def _changed(entry: AgentEntry, wish: AgentChange) -> AgentEntry:
    given = {
        name: getattr(wish, name)
        for name in ("name_en", "name_zh", "enabled", "answering")
        if getattr(wish, name) is not None
    }
    if "outside_number" in wish.model_fields_set:
        given["outside_number"] = wish.outside_number
    queues = entry.queues if wish.queues is None else _queues(wish.queues)
    ranked = _ranked(entry.talents, wish, queues)
    talents = ranked if wish.skills is None else replace(ranked, skills=wish.skills)
    return AgentEntry(replace(entry.profile, **given), queues, talents)


def _ranked(had: Talents, wish: AgentChange | QueuesServed, queues: Sequence[QueueId]) -> Talents:
    """What is said of a queue goes with the queue, unless it is said anew."""
    tiers = {queue: tier for queue, tier in had.tiers.items() if queue in queues}
    weights = {queue: weight for queue, weight in had.weights.items() if queue in queues}
    return Talents(
        had.skills,
        tiers if wish.tiers is None else _by_queue(wish.tiers),
        weights if wish.weights is None else _by_queue(wish.weights),
    )


def _named(said: Mapping[QueueId, int]) -> dict[str, int]:
    return {str(queue): value for queue, value in said.items()}


def _by_queue(said: Mapping[str, int]) -> dict[QueueId, int]:
    return {QueueId(queue): value for queue, value in said.items()}


def agent_entry(agent: AgentId, said: AgentFields) -> AgentEntry:
    """The agent of whom this is said."""
    names = (said.name_en, said.name_zh)
    profile = AgentProfile(agent, *names, said.enabled, said.outside_number, said.answering)
    talents = Talents(said.skills, _by_queue(said.tiers), _by_queue(said.weights))
    return AgentEntry(profile, _queues(said.queues), talents)


def agent_shown(actor: Actor, entry: AgentEntry, rows: Mapping[str, Any]) -> AgentShown:
    """An agent as this actor may see them; `rows` are the live ones."""
    profile = entry.profile
    row = rows.get(profile.id) if profile.enabled else None
    private = may(actor, Action.CHANGE_AGENTS) or actor.agent_id == profile.id
    return AgentShown(
        id=profile.id,
        name_en=profile.name_en,
        name_zh=profile.name_zh,
        enabled=profile.enabled,
        outside_number=profile.outside_number if private else None,
        answering=profile.answering,
        queues=entry.queues,
        skills=entry.talents.skills,
        tiers=_named(entry.talents.tiers),
        weights=_named(entry.talents.weights),
        live=_live(actor, profile.id, row) if row else None,
    )


def _live(actor: Actor, agent: AgentId, row: Mapping[str, Any]) -> AgentLive:
    known = {name: row[name] for name in AgentLive.model_fields}
    if not may(actor, Action.WATCH_LIVE, agent=agent):
        known["call"] = None
    return AgentLive.model_validate(known)
