"""The small centre that a fresh installation begins with, so that there is something to call.

Only a store in which nobody ever wrote anything is seeded; one agent, queue, number or user in it, and
it is left alone. Everything is written in one transaction, so that a first start that was cut off
leaves nothing behind and seeds again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callcenter.core.access import Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.ports.accounts import Users
from callcenter.ports.store import AgentProfile, NumberEntry
from callcenter.services.accounts import Accounts
from callcenter.services.passwords import make_password
from callcenter.services.stored import Stores

SALES: Final = QueueId("sales")
SUPPORT: Final = QueueId("support")
HOTLINE: Final = FlowId("hotline")
EXTENSION: Final = "4000"
# The Bundesnetzagentur keeps 030 23125 000 to 999 free for films and examples.
OUTSIDE_NUMBER: Final = "+493023125000"

AGENTS: Final[Mapping[AgentProfile, tuple[QueueId, ...]]] = {
    AgentProfile(AgentId("ana"), "Ana Novak", "安娜·诺瓦克"): (SALES, SUPPORT),
    AgentProfile(AgentId("bo"), "Bo Lindqvist", "博·林奎斯特"): (SALES,),
    AgentProfile(AgentId("chen"), "Chen Wei", "陈伟"): (SALES, SUPPORT),
}
_PASSWORD_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class DemoCentre:
    """What was seeded: the passwords by user, shown once and kept by whoever asked; what to dial."""

    passwords: Mapping[str, str]
    dial: str = EXTENSION

    def __repr__(self) -> str:
        return f"DemoCentre(users={sorted(self.passwords)}, dial={self.dial!r})"


async def seed_if_empty(stores: Stores, users: Users, accounts: Accounts) -> DemoCentre | None:
    """Seed the demo centre; None when the store is not empty. Raises: StoreAway."""
    async with stores.unit.change():
        if not await _is_empty(stores, users):
            return None
        for queue in (SALES, SUPPORT):
            await stores.queues.add(QueueRules(queue))
        for profile, served in AGENTS.items():
            await stores.agents.add(profile)
            await stores.assignments.assign(profile.id, served)
        for did in (EXTENSION, OUTSIDE_NUMBER):
            await stores.numbers.add(NumberEntry(did, HOTLINE))
        return DemoCentre(await _admit_people(accounts))


async def _is_empty(stores: Stores, users: Users) -> bool:
    return not (
        await stores.agents.list()
        or await stores.queues.list()
        or await stores.numbers.list()
        or await users.list()
    )


async def _admit_people(accounts: Accounts) -> dict[str, str]:
    people: list[tuple[str, Role, AgentId | None]] = [
        ("admin", Role.ADMIN, None),
        ("supervisor", Role.SUPERVISOR, None),
        *((profile.id, Role.AGENT, profile.id) for profile in AGENTS),
    ]
    passwords = {name: make_password(_PASSWORD_LENGTH) for name, _, _ in people}
    for name, role, agent in people:
        await accounts.admit(name, passwords[name], role, agent)
    return passwords
