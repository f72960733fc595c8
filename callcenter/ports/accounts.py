"""What the inside asks of the store of people and machines that may sign in.

A name is kept in the form `folded_name` gives, so that "Ana" and "ana" are one person. Nothing here
holds a secret in the clear: passwords are slow hashes, keys (which are long and random) fast ones.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from callcenter.core.access import Role
from callcenter.core.errors import NotFound
from callcenter.core.ids import AgentId


class NoSuchUser(NotFound):
    code = "no-such-user"
    title: ClassVar[Mapping[str, str]] = {"en": "There is no such user.", "zh": "没有这个用户。"}


class NoSuchKey(NotFound):
    code = "no-such-key"
    title: ClassVar[Mapping[str, str]] = {
        "en": "There is no such API key.",
        "zh": "没有这个 API 密钥。",
    }


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in. Logins issued before `logins_valid_from` no longer count."""

    name: str
    role: Role
    password_hash: str
    agent_id: AgentId | None
    logins_valid_from: datetime
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine's way in. `secret_hash` is the SHA-256, in hex, of a random secret."""

    id: str
    label: str
    role: Role
    secret_hash: str
    made_at: datetime


def folded_name(name: str) -> str:
    """The one spelling under which a name is kept and looked up."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


class Users(Protocol):
    """People. Every name given is already folded."""

    async def find(self, name: str) -> User | None: ...

    async def list(self) -> Sequence[User]:
        """All users, by name."""
        ...

    async def add(self, user: User) -> None:
        """Raises: NameTaken."""
        ...

    async def replace(self, user: User) -> None:
        """Store `user` in place of the one of the same name. Raises: NoSuchUser."""
        ...

    async def delete(self, name: str) -> None:
        """Raises: NoSuchUser."""
        ...


class Keys(Protocol):
    async def find(self, key_id: str) -> ApiKey | None: ...

    async def list(self) -> Sequence[ApiKey]:
        """All keys, oldest first."""
        ...

    async def add(self, key: ApiKey) -> None: ...

    async def delete(self, key_id: str) -> None:
        """Raises: NoSuchKey."""
        ...


class EndedLogins(Protocol):
    """Logins that were signed out before they expired."""

    async def add(self, login_id: str, until: datetime) -> None:
        """Remember the login as ended; it may be forgotten after `until`, when it expires."""
        ...

    async def holds(self, login_id: str) -> bool: ...
