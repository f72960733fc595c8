"""Users, API keys and logins that were ended: tables, mapping, repositories."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Boolean, Column, Row, Table, Text, delete, insert, select, update

from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.access import Role
from callcenter.core.errors import NameTaken
from callcenter.core.ids import AgentId
from callcenter.ports.accounts import ApiKey, NoSuchKey, NoSuchUser, User

users: Final = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("agent_id", Text),
    Column("logins_valid_from", UtcDateTime, nullable=False),
    Column("enabled", Boolean, nullable=False),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

ended_logins: Final = Table(
    "ended_logins",
    metadata,
    Column("login_id", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False, index=True),
)


class DbUsers:
    """See `ports.accounts.Users`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> User | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(users).where(users.c.name == name))
            row = found.one_or_none()
            return _user(row) if row else None

    async def list(self) -> Sequence[User]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(users))
            return sorted((_user(row) for row in found), key=lambda user: user.name)

    async def add(self, user: User) -> None:
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(user.name)):
                await connection.execute(insert(users).values(_columns(user)))

    async def replace(self, user: User) -> None:
        change = update(users).where(users.c.name == user.name).values(_columns(user))
        async with self._database.writing() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise NoSuchUser(user.name)

    async def delete(self, name: str) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(users).where(users.c.name == name))
            if gone.rowcount == 0:
                raise NoSuchUser(name)


class DbKeys:
    """See `ports.accounts.Keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_id: str) -> ApiKey | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(api_keys).where(api_keys.c.id == key_id))
            row = found.one_or_none()
            return _key(row) if row else None

    async def list(self) -> Sequence[ApiKey]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(api_keys))
            return sorted((_key(row) for row in found), key=lambda key: (key.made_at, key.id))

    async def add(self, key: ApiKey) -> None:
        values = {
            "id": key.id,
            "label": key.label,
            "role": key.role.value,
            "secret_hash": key.secret_hash,
            "made_at": key.made_at,
        }
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(key.id)):
                await connection.execute(insert(api_keys).values(values))

    async def delete(self, key_id: str) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(api_keys).where(api_keys.c.id == key_id))
            if gone.rowcount == 0:
                raise NoSuchKey(key_id)


class DbEndedLogins:
    """See `ports.accounts.EndedLogins`. Forgets, while adding, what has expired."""

    def __init__(
        self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def add(self, login_id: str, until: datetime) -> None:
        same, expired = ended_logins.c.login_id == login_id, ended_logins.c.until < self._now()
        ended = self._database.insert(ended_logins).values(login_id=login_id, until=until)
        async with self._database.writing() as connection:
            await connection.execute(delete(ended_logins).where(same | expired))
            await connection.execute(ended.on_conflict_do_nothing())

    async def holds(self, login_id: str) -> bool:
        wanted = select(ended_logins.c.login_id).where(ended_logins.c.login_id == login_id)
        async with self._database.reading() as connection:
            return (await connection.execute(wanted)).first() is not None


def _user(row: Row[Any]) -> User:
    agent_id = None if row.agent_id is None else AgentId(row.agent_id)
    valid_from = row.logins_valid_from
    return User(row.name, Role(row.role), row.password_hash, agent_id, valid_from, row.enabled)


def _columns(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role.value,
        "password_hash": user.password_hash,
        "agent_id": user.agent_id,
        "logins_valid_from": user.logins_valid_from,
        "enabled": user.enabled,
    }


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.label, Role(row.role), row.secret_hash, row.made_at)
