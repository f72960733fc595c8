"""Logins as signed JSON web tokens (HS256): one secret, shared by the engine and the edge."""

from datetime import UTC, datetime
from typing import Any, Final

import jwt

from callcenter.core.access import Actor, Role
from callcenter.core.ids import AgentId
from callcenter.ports.passwords import Login, TokenRefused

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "callcenter"
_SECRET_BYTES: Final = 32
_LENGTH_LIMIT: Final = 2048


class JwtTokens:
    """Signs and reads logins. ValueError for a secret shorter than 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SECRET_BYTES:
            raise ValueError(f"the token secret needs at least {_SECRET_BYTES} random bytes")
        self._secret = secret

    def __repr__(self) -> str:
        return "JwtTokens(secret=***)"

    def sign(self, login: Login) -> str:
        actor = login.actor
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": actor.id,
            "jti": login.id,
            "iat": login.issued_at.timestamp(),
            "exp": login.expires_at.timestamp(),
            "role": actor.role.value,
            "agent": actor.agent_id,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str, now: datetime) -> Login:
        if len(token) > _LENGTH_LIMIT:
            raise TokenRefused
        try:
            # The library reads the clock itself; here time is an argument, so expiry is ours.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={
                    "require": ["iss", "sub", "jti", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            login = _login(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
            raise TokenRefused from None
        if now >= login.expires_at:
            raise TokenRefused
        return login


def _login(claims: dict[str, Any]) -> Login:
    agent = claims["agent"]
    return Login(
        id=str(claims["jti"]),
        actor=Actor(str(claims["sub"]), Role(claims["role"]), AgentId(agent) if agent else None),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
