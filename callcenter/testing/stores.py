"""Stores that keep everything in memory: for tests, and as the measure of the real ones."""

from collections.abc import Sequence
from datetime import datetime

from callcenter.core.errors import NameTaken
from callcenter.ports.accounts import ApiKey, NoSuchKey, NoSuchUser, User


class MemoryUsers:
    """People, by their folded name."""

    def __init__(self, *users: User) -> None:
        self._users = {user.name: user for user in users}

    async def find(self, name: str) -> User | None:
        return self._users.get(name)

    async def list(self) -> Sequence[User]:
        return [self._users[name] for name in sorted(self._users)]

    async def add(self, user: User) -> None:
        if user.name in self._users:
            raise NameTaken(user.name)
        self._users[user.name] = user

    async def replace(self, user: User) -> None:
        if user.name not in self._users:
            raise NoSuchUser(user.name)
        self._users[user.name] = user

    async def delete(self, name: str) -> None:
        if self._users.pop(name, None) is None:
            raise NoSuchUser(name)


class MemoryKeys:
    """Machines' keys, by id."""

    def __init__(self, *keys: ApiKey) -> None:
        self._keys = {key.id: key for key in keys}

    async def find(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    async def list(self) -> Sequence[ApiKey]:
        return sorted(self._keys.values(), key=lambda key: (key.made_at, key.id))

    async def add(self, key: ApiKey) -> None:
        self._keys[key.id] = key

    async def delete(self, key_id: str) -> None:
        if self._keys.pop(key_id, None) is None:
            raise NoSuchKey(key_id)


class MemoryEndedLogins:
    """Logins ended early. Never forgets: a test is short."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    async def add(self, login_id: str, until: datetime) -> None:
        self._until[login_id] = until

    async def holds(self, login_id: str) -> bool:
        return login_id in self._until
