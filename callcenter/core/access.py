"""Who may do what: three roles, one table, one question.

Roles are a ladder (agent, supervisor, admin), but the table is written out in full so that a right
can be read off it without knowing the ladder. A machine (an API key) is an actor like any other: it
has a role and no agent of its own.

A right has a reach. OWN means things that belong to the actor's own agent: their presence, their
calls. ALL means everybody's. `may` is asked with the agent whose thing it is; a thing of nobody in
particular (a queue, a flow) needs ALL. Limits by team and by queue are further things to ask
with, and further reaches; nothing here has to move for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from callcenter.core.errors import NotPermitted
from callcenter.core.ids import AgentId


class Role(StrEnum):
    """What an actor is in the centre."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Action(StrEnum):
    """Everything that is asked for by somebody. The value is its name in the API's papers."""

    WATCH_LIVE = "watch-live"
    SIGN_IN_AGENT = "sign-in-agent"
    SET_PRESENCE = "set-presence"
    READ_CALLS = "read-calls"
    READ_MESSAGES = "read-messages"
    PLACE_CALL = "place-call"
    STEER_CALL = "steer-call"
    SET_DISPOSITION = "set-disposition"
    READ_AGENTS = "read-agents"
    CHANGE_AGENTS = "change-agents"
    READ_QUEUES = "read-queues"
    CHANGE_QUEUES = "change-queues"
    READ_FLOWS = "read-flows"
    CHANGE_FLOWS = "change-flows"
    READ_CUSTOMERS = "read-customers"
    CHANGE_CUSTOMERS = "change-customers"
    READ_ACCOUNTS = "read-accounts"
    CHANGE_ACCOUNTS = "change-accounts"
    READ_CONFIGURATION = "read-configuration"
    CHANGE_CONFIGURATION = "change-configuration"
    READ_HEALTH = "read-health"
    RUN_CENTRE = "run-centre"


class Reach(StrEnum):
    """Whose things a right covers."""

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: a person by their login, or a machine by its key."""

    id: str
    role: Role
    agent_id: AgentId | None = None


_AGENT: Final = {
    Action.WATCH_LIVE: Reach.OWN,
    Action.SIGN_IN_AGENT: Reach.OWN,
    Action.SET_PRESENCE: Reach.OWN,
    Action.READ_CALLS: Reach.OWN,
    Action.PLACE_CALL: Reach.OWN,
    Action.STEER_CALL: Reach.OWN,
    Action.SET_DISPOSITION: Reach.OWN,
    Action.READ_AGENTS: Reach.ALL,
    Action.READ_QUEUES: Reach.ALL,
}

_SUPERVISOR: Final = {
    Action.WATCH_LIVE: Reach.ALL,
    Action.SIGN_IN_AGENT: Reach.ALL,
    Action.SET_PRESENCE: Reach.ALL,
    Action.READ_CALLS: Reach.ALL,
    Action.READ_MESSAGES: Reach.ALL,
    Action.PLACE_CALL: Reach.ALL,
    Action.STEER_CALL: Reach.ALL,
    Action.SET_DISPOSITION: Reach.ALL,
    Action.READ_AGENTS: Reach.ALL,
    Action.READ_QUEUES: Reach.ALL,
    Action.CHANGE_QUEUES: Reach.ALL,
    Action.READ_FLOWS: Reach.ALL,
    Action.READ_CUSTOMERS: Reach.ALL,
    Action.CHANGE_CUSTOMERS: Reach.ALL,
    Action.READ_HEALTH: Reach.ALL,
}

_ADMIN: Final = dict.fromkeys(Action, Reach.ALL)

PERMISSIONS: Final[Mapping[Role, Mapping[Action, Reach]]] = MappingProxyType(
    {
        Role.AGENT: MappingProxyType(_AGENT),
        Role.SUPERVISOR: MappingProxyType(_SUPERVISOR),
        Role.ADMIN: MappingProxyType(_ADMIN),
    }
)


def reach(actor: Actor, action: Action) -> Reach | None:
    """How far the actor's right to this action goes; None when there is no such right."""
    return PERMISSIONS[actor.role].get(action)


def may(actor: Actor, action: Action, *, agent: AgentId | None = None) -> bool:
    """Whether `actor` may do this to a thing that belongs to `agent` (None: to nobody)."""
    match reach(actor, action):
        case Reach.ALL:
            return True
        case Reach.OWN:
            return agent is not None and agent == actor.agent_id
        case None:
            return False


def check_may(actor: Actor, action: Action, *, agent: AgentId | None = None) -> None:
    """Like `may`, for those who stop there. Raises: NotPermitted."""
    if not may(actor, action, agent=agent):
        raise NotPermitted(f"{actor.role} may not {action} here")


def permissions_of(role: Role) -> Mapping[Action, Reach]:
    """Everything a role may do, for screens that show only the buttons that work."""
    return PERMISSIONS[role]
