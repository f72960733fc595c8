"""What the inside asks of those who keep secrets: hash a password, sign and read a login.

A login's token is read in two processes, the engine's and the edge's, by the same reader: the edge
can let a phone through while the engine is away. What only the engine knows (the user was closed,
the login was ended early) is therefore not in the token, and the token is short-lived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from callcenter.core.access import Actor
from callcenter.core.errors import CoreError
from callcenter.ports.problems import TryLater


class TokenRefused(CoreError):
    """A token that is forged, expired, or not ours. Which of these is nobody's business."""

    code = "token-refused"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The sign-in is not valid, or no longer. Sign in again.",
        "zh": "登录无效或已过期，请重新登录。",
    }


class PasswordsBusy(TryLater):
    """Hashing is slow on purpose, so only so much of it may wait."""

    code = "passwords-busy"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Too many sign-ins at once. Try again in a moment.",
        "zh": "同时登录的人过多，请稍后再试。",
    }


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in of one actor: what a token says."""

    id: str
    actor: Actor
    issued_at: datetime
    expires_at: datetime


class Hasher(Protocol):
    async def hash(self, password: str) -> str:
        """The text to keep instead of the password. Raises: PasswordsBusy."""
        ...

    async def verify(self, hashed: str, password: str) -> bool:
        """Whether the password is the one behind `hashed`. Raises: PasswordsBusy."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether `hashed` was made with weaker settings than today's."""
        ...


class TokenReader(Protocol):
    def read(self, token: str, now: datetime) -> Login:
        """The login behind a token. Raises: TokenRefused."""
        ...


class Tokens(TokenReader, Protocol):
    def sign(self, login: Login) -> str:
        """A text that only holders of our secret can make."""
        ...
