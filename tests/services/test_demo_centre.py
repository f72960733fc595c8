"""The first centre of a fresh installation."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from callcenter.adapters.db.accounts import DbEndedLogins, DbKeys, DbUsers
from callcenter.adapters.db.session import Database
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.errors import CoreError
from callcenter.core.ids import AgentId, QueueId
from callcenter.core.numbers import normalise
from callcenter.ports.accounts import User
from callcenter.services import accounts as services
from callcenter.services.demo_centre import OUTSIDE_NUMBER, seed_if_empty
from callcenter.services.stored import Stores

pytestmark = pytest.mark.service

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class OverfullUsers(DbUsers):
    """Takes nobody."""

    async def add(self, user: User) -> None:
        raise CoreError("full")


@pytest.fixture
async def hasher() -> AsyncIterator[Argon2Hasher]:
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield hasher
    hasher.close()


def accounts_on(database: Database, users: DbUsers, hasher: Argon2Hasher) -> services.Accounts:
    stores = services.Stores(users, DbKeys(database), DbEndedLogins(database))
    return services.Accounts(stores, hasher, JwtTokens(b"s" * 32), lambda: NOON)


async def test_an_empty_store_gets_people_who_can_sign_in(
    database: Database, stores: Stores, hasher: Argon2Hasher
) -> None:
    users = DbUsers(database)
    accounts = accounts_on(database, users, hasher)
    centre = await seed_if_empty(stores, users, accounts)
    assert centre is not None
    assert set(centre.passwords) == {"admin", "supervisor", "ana", "bo", "chen"}
    assert len(set(centre.passwords.values())) == 5
    _, login = await accounts.sign_in("ana", centre.passwords["ana"], "127.0.0.1")
    assert (login.actor.role, login.actor.agent_id) == (Role.AGENT, AgentId("ana"))
    assert await stores.numbers.find(centre.dial) is not None
    assert centre.passwords["admin"] not in repr(centre)
    assert {profile.name_zh for profile in await stores.agents.list()} >= {"陈伟"}
    assert len(await stores.assignments.all()) == 3


async def test_the_example_number_is_one(database: Database) -> None:
    assert normalise(OUTSIDE_NUMBER, "DE") == OUTSIDE_NUMBER


async def test_a_store_that_was_seeded_is_left_alone(
    database: Database, stores: Stores, hasher: Argon2Hasher
) -> None:
    users = DbUsers(database)
    accounts = accounts_on(database, users, hasher)
    await seed_if_empty(stores, users, accounts)
    await stores.numbers.delete("4000")
    assert await seed_if_empty(stores, users, accounts) is None
    assert await stores.numbers.find("4000") is None


async def test_one_queue_is_enough_to_be_left_alone(
    database: Database, stores: Stores, hasher: Argon2Hasher
) -> None:
    await stores.queues.add(QueueRules(QueueId("mine")))
    users = DbUsers(database)
    assert await seed_if_empty(stores, users, accounts_on(database, users, hasher)) is None
    assert await users.list() == []


async def test_a_seeding_that_fails_leaves_nothing_behind(
    database: Database, stores: Stores, hasher: Argon2Hasher
) -> None:
    users = OverfullUsers(database)
    with pytest.raises(CoreError):
        await seed_if_empty(stores, users, accounts_on(database, users, hasher))
    assert await stores.queues.list() == []
