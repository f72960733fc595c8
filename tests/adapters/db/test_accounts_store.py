"""The contract of the stores of accounts: the twin in memory, SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from callcenter.adapters.db.accounts import DbEndedLogins, DbKeys, DbUsers
from callcenter.adapters.db.session import Database
from callcenter.core.access import Role
from callcenter.core.errors import NameTaken
from callcenter.core.ids import AgentId
from callcenter.ports.accounts import (
    ApiKey,
    EndedLogins,
    Keys,
    NoSuchKey,
    NoSuchUser,
    User,
    Users,
)
from callcenter.testing.stores import MemoryEndedLogins, MemoryKeys, MemoryUsers

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
ANA = User("ana", Role.AGENT, "$argon2id$…", AgentId("a1"), NOON)
BO = User("bö", Role.ADMIN, "$argon2id$b", None, NOON, enabled=False)
KEY = ApiKey("0123456789ab", "票务 'system'", Role.SUPERVISOR, "ab" * 32, NOON)


class Stores:
    """The three stores, wherever they keep things."""

    def __init__(self, users: Users, keys: Keys, ended: EndedLogins) -> None:
        self.users, self.keys, self.ended = users, keys, ended


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest) -> Stores:
    made = {
        "memory": lambda: Stores(MemoryUsers(), MemoryKeys(), MemoryEndedLogins()),
        "sqlite": lambda: stored(request.getfixturevalue("sqlite_database")),
        "postgres": lambda: stored(request.getfixturevalue("postgres_database")),
    }
    return made[request.param]()


def stored(database: Database) -> Stores:
    return Stores(DbUsers(database), DbKeys(database), DbEndedLogins(database, lambda: NOON))


class TestUsers:
    async def test_a_user_comes_back_as_stored(self, stores: Stores) -> None:
        await stores.users.add(BO)
        await stores.users.add(ANA)
        assert await stores.users.find("ana") == ANA
        assert await stores.users.find("nobody") is None
        assert await stores.users.list() == [ANA, BO]

    async def test_a_moment_in_another_zone_is_the_same_moment(self, stores: Stores) -> None:
        peking = NOON.astimezone(timezone(timedelta(hours=8)))
        await stores.users.add(replace(ANA, logins_valid_from=peking))
        assert await stores.users.find("ana") == ANA

    async def test_a_name_is_given_once(self, stores: Stores) -> None:
        await stores.users.add(ANA)
        with pytest.raises(NameTaken):
            await stores.users.add(replace(BO, name="ana"))
        assert await stores.users.list() == [ANA]

    async def test_a_user_is_replaced_whole(self, stores: Stores) -> None:
        await stores.users.add(ANA)
        changed = replace(BO, name="ana")
        await stores.users.replace(changed)
        assert await stores.users.list() == [changed]

    async def test_nobody_cannot_be_replaced_or_deleted(self, stores: Stores) -> None:
        with pytest.raises(NoSuchUser):
            await stores.users.replace(ANA)
        with pytest.raises(NoSuchUser):
            await stores.users.delete("ana")

    async def test_who_is_deleted_is_gone(self, stores: Stores) -> None:
        await stores.users.add(ANA)
        await stores.users.delete("ana")
        assert await stores.users.find("ana") is None

    async def test_hostile_names_are_only_names(self, stores: Stores) -> None:
        hostile = replace(ANA, name="'; DROP TABLE users; --%s{x}" + "长" * 3000)
        await stores.users.add(hostile)
        assert await stores.users.find(hostile.name) == hostile


class TestKeys:
    async def test_keys_are_listed_oldest_first(self, stores: Stores) -> None:
        younger = replace(KEY, id="aaaaaaaaaaaa", made_at=NOON + timedelta(microseconds=1))
        await stores.keys.add(younger)
        await stores.keys.add(KEY)
        assert await stores.keys.list() == [KEY, younger]
        assert await stores.keys.find(KEY.id) == KEY
        assert await stores.keys.find("other") is None

    async def test_a_deleted_key_opens_nothing(self, stores: Stores) -> None:
        await stores.keys.add(KEY)
        await stores.keys.delete(KEY.id)
        assert await stores.keys.find(KEY.id) is None
        with pytest.raises(NoSuchKey):
            await stores.keys.delete(KEY.id)


class TestEndedLogins:
    async def test_an_ended_login_is_remembered_until_it_expires(self, stores: Stores) -> None:
        await stores.ended.add("one", NOON + timedelta(hours=1))
        await stores.ended.add("two", NOON + timedelta(hours=1))
        assert await stores.ended.holds("one")
        assert not await stores.ended.holds("three")

    async def test_signing_out_twice_is_no_fault(self, stores: Stores) -> None:
        await stores.ended.add("one", NOON + timedelta(hours=1))
        await stores.ended.add("one", NOON + timedelta(hours=1))
        assert await stores.ended.holds("one")


async def test_expired_logins_are_forgotten_by_the_next_sign_out(database: Database) -> None:
    ended = DbEndedLogins(database, lambda: NOON)
    await ended.add("old", NOON - timedelta(seconds=1))
    await ended.add("new", NOON + timedelta(hours=1))
    assert not await ended.holds("old")
    assert await ended.holds("new")
