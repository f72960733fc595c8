"""Who may sign in, and how: people by name and password, machines by a key.

A wrong password and an unknown name get the same answer after the same work. A token says who
signed in and when; whether that still counts (the person is enabled, has not changed the password,
has not signed out) is asked of the store at every request, and the role is always the stored one.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from callcenter.core.access import Action, Actor, Role, check_may
from callcenter.core.errors import CoreError, Invalid, NotPermitted, StillInUse
from callcenter.core.ids import AgentId
from callcenter.ports.accounts import (
    ApiKey,
    EndedLogins,
    Keys,
    NoSuchUser,
    User,
    Users,
    folded_name,
)
from callcenter.ports.passwords import Hasher, Login, TokenRefused, Tokens
from callcenter.services.attempts import Attempts

LOGIN_LIFE: Final = timedelta(hours=12)
PASSWORD_LENGTH: Final = 8  # NIST SP 800-63B: length is what counts; no rules of composition.
_NAME: Final = re.compile(r"[\w.@+-]{1,64}")
_KEY: Final = re.compile(r"cck_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


class WrongPassword(CoreError):
    """Unknown name, closed account or wrong password: which one is not said."""

    code = "wrong-password"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Name or password is wrong.",
        "zh": "用户名或密码错误。",
    }


class WeakPassword(Invalid):
    code = "weak-password"
    title: ClassVar[Mapping[str, str]] = {
        "en": f"The password needs at least {PASSWORD_LENGTH} characters and must not be the name.",
        "zh": f"密码至少需要 {PASSWORD_LENGTH} 个字符，且不能与用户名相同。",
    }


@dataclass(frozen=True, slots=True)
class Stores:
    """The three stores that accounts need."""

    users: Users
    keys: Keys
    ended: EndedLogins


class Accounts:
    """Signing in and out, users, and API keys. `now` tells the time."""

    def __init__(
        self,
        stores: Stores,
        hasher: Hasher,
        tokens: Tokens,
        now: Callable[[], datetime],
        *,
        attempts: Attempts | None = None,
    ) -> None:
        self._users = stores.users
        self._keys = stores.keys
        self._ended = stores.ended
        self._hasher = hasher
        self._tokens = tokens
        self._now = now
        self._attempts = attempts or Attempts()
        self._decoy = ""
        # A row is read, judged and written back by one at a time. Hashing takes a second, so it is
        # done before: whoever is closed meanwhile stays closed.
        self._changing = asyncio.Lock()

    # signing in and out

    async def sign_in(self, name: str, password: str, address: str) -> tuple[str, Login]:
        """A token and what it says. Raises: WrongPassword, TooManyAttempts, PasswordsBusy."""
        name = folded_name(name)
        self._attempts.count(name, address, self._now())
        user = await self._user_with_password(name, password)
        if user is None:
            raise WrongPassword
        self._attempts.forgive(name, address)
        if self._hasher.is_outdated(user.password_hash):
            await self._hash_again(user, await self._hasher.hash(password))
        # A clock that was set back would make every new login older than the account.
        now = max(self._now(), user.logins_valid_from)
        login = Login(secrets.token_hex(16), _actor(user), now, now + LOGIN_LIFE)
        return self._tokens.sign(login), login

    async def sign_out(self, login: Login) -> None:
        """End this login; its token counts no longer."""
        await self._ended.add(login.id, login.expires_at)

    async def login_of(self, token: str) -> Login:
        """The login behind a token that still counts. Raises: TokenRefused."""
        login = self._tokens.read(token, self._now())
        user = await self._users.find(login.actor.id)
        if user is None or not user.enabled or login.issued_at < user.logins_valid_from:
            raise TokenRefused
        if await self._ended.holds(login.id):
            raise TokenRefused
        return replace(login, actor=_actor(user))

    async def actor_of_key(self, text: str) -> Actor:
        """The machine behind an API key. Raises: TokenRefused."""
        shape = _KEY.fullmatch(text)
        key = await self._keys.find(shape["id"]) if shape else None
        if not shape or not key or not _is_secret_of(key, shape["secret"]):
            raise TokenRefused
        return Actor(f"key:{key.id}", key.role)

    # people

    async def add_user(
        self, by: Actor, name: str, password: str, role: Role, agent_id: AgentId | None = None
    ) -> User:
        """Raises: NotPermitted, Invalid, WeakPassword, NameTaken."""
        check_may(by, Action.CHANGE_ACCOUNTS)
        return await self.admit(name, password, role, agent_id)

    async def admit(
        self, name: str, password: str, role: Role, agent_id: AgentId | None = None
    ) -> User:
        """Add a user on nobody's behalf: the first one of an installation.

        Raises: Invalid, WeakPassword, NameTaken.
        """
        name = folded_name(name)
        if not _NAME.fullmatch(name):
            raise Invalid("name: use 1 to 64 letters, digits, or . _ - @ +")
        hashed = await self._hash_new(name, password)
        user = User(name, role, hashed, agent_id, logins_valid_from=self._now())
        await self._users.add(user)
        return user

    async def list_users(self, by: Actor) -> Sequence[User]:
        """Raises: NotPermitted."""
        check_may(by, Action.READ_ACCOUNTS)
        return await self._users.list()

    async def change_user(
        self,
        by: Actor,
        name: str,
        *,
        role: Role | None = None,
        enabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Change what is given; a new password or closing ends all logins.

        Raises: NotPermitted, NoSuchUser, StillInUse, WeakPassword.
        """
        check_may(by, Action.CHANGE_ACCOUNTS)
        hashed = None if password is None else await self._hash_new(folded_name(name), password)
        async with self._changing:
            user = await self._get(name)
            changed = replace(
                user,
                role=user.role if role is None else role,
                enabled=user.enabled if enabled is None else enabled,
                password_hash=user.password_hash if hashed is None else hashed,
            )
            await self._check_admin_remains(user, changed)
            if hashed is not None or not changed.enabled:
                changed = replace(changed, logins_valid_from=self._now())
            await self._users.replace(changed)
        return changed

    async def change_own_password(self, by: Actor, old: str, new: str, address: str) -> None:
        """Ends all logins, this one too. Raises: WrongPassword, TooManyAttempts, WeakPassword."""
        self._attempts.count(by.id, address, self._now())
        user = await self._user_with_password(by.id, old)
        if user is None:
            raise WrongPassword
        self._attempts.forgive(by.id, address)
        hashed = await self._hash_new(user.name, new)
        async with self._changing:
            known = await self._users.find(user.name)
            if known is None or not known.enabled or known.password_hash != user.password_hash:
                raise WrongPassword
            await self._users.replace(
                replace(known, password_hash=hashed, logins_valid_from=self._now())
            )

    async def delete_user(self, by: Actor, name: str) -> None:
        """Raises: NotPermitted, NoSuchUser, StillInUse."""
        check_may(by, Action.CHANGE_ACCOUNTS)
        async with self._changing:
            user = await self._get(name)
            await self._check_admin_remains(user, None)
            await self._users.delete(user.name)

    # machines

    async def make_key(self, by: Actor, label: str, role: Role) -> tuple[str, ApiKey]:
        """The key's text, shown once and never again, and what is kept. Raises: NotPermitted."""
        check_may(by, Action.CHANGE_ACCOUNTS)
        if by.id.startswith("key:"):
            raise NotPermitted("a key makes no keys")
        secret = secrets.token_urlsafe(32)
        key = ApiKey(secrets.token_hex(6), label, role, _key_hash(secret), self._now())
        await self._keys.add(key)
        return f"cck_{key.id}_{secret}", key

    async def list_keys(self, by: Actor) -> Sequence[ApiKey]:
        """Raises: NotPermitted."""
        check_may(by, Action.READ_ACCOUNTS)
        return await self._keys.list()

    async def delete_key(self, by: Actor, key_id: str) -> None:
        """Raises: NotPermitted, NoSuchKey."""
        check_may(by, Action.CHANGE_ACCOUNTS)
        await self._keys.delete(key_id)

    # inside

    async def _hash_again(self, user: User, hashed: str) -> None:
        """Keep the same password in today's way, unless it was changed meanwhile."""
        async with self._changing:
            known = await self._users.find(user.name)
            if known is not None and known.password_hash == user.password_hash:
                await self._users.replace(replace(known, password_hash=hashed))

    async def _user_with_password(self, name: str, password: str) -> User | None:
        user = await self._users.find(name)
        hashed = user.password_hash if user else await self._decoy_hash()
        right = await self._hasher.verify(hashed, password)
        return user if user and right and user.enabled else None

    async def _decoy_hash(self) -> str:
        """A hash nobody has the password of, so that unknown names cost what known ones cost."""
        if not self._decoy:
            self._decoy = await self._hasher.hash(secrets.token_hex(16))
        return self._decoy

    async def _hash_new(self, name: str, password: str) -> str:
        if len(password) < PASSWORD_LENGTH or folded_name(password) == name:
            raise WeakPassword
        return await self._hasher.hash(password)

    async def _get(self, name: str) -> User:
        user = await self._users.find(folded_name(name))
        if user is None:
            raise NoSuchUser
        return user

    async def _check_admin_remains(self, user: User, changed: User | None) -> None:
        if changed is not None and changed.enabled and changed.role is Role.ADMIN:
            return
        others = [
            other
            for other in await self._users.list()
            if other.role is Role.ADMIN and other.enabled and other.name != user.name
        ]
        if user.role is Role.ADMIN and not others:
            raise StillInUse("this is the last admin: make another one first")


def _actor(user: User) -> Actor:
    return Actor(user.name, user.role, user.agent_id)


def _is_secret_of(key: ApiKey, secret: str) -> bool:
    return hmac.compare_digest(key.secret_hash, _key_hash(secret))


def _key_hash(secret: str) -> str:
    # A random secret of 256 bits needs no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
