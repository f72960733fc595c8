"""Who is asking: a person by token or cookie, a machine by key.

* `Authorization: Bearer <token>` and `Authorization: ApiKey <key>`: programs.
* a cookie that scripts cannot read (HttpOnly) and that other sites do not bring along
  (SameSite=Strict): browsers. What changes something needs the header `X-Callcenter` besides, which
  no form of another site can set, and a socket needs an Origin of our own.

An Authorization header that does not hold is refused, never overlooked in favour of a cookie.
The client's address is believed from a proxy on this machine only: that is the edge.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from callcenter.adapters.http.errors import CsrfHeaderMissing
from callcenter.core.access import Actor
from callcenter.core.addresses import is_address
from callcenter.ports.passwords import Login, TokenRefused
from callcenter.ports.problems import ForeignOrigin
from callcenter.services.accounts import Accounts

CSRF_HEADER: Final = "X-Callcenter"
COOKIE_NAME: Final = "cc_login"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, and by which login; a machine has none."""

    actor: Actor
    login: Login | None = None


class Authenticator:
    """Finds out who is asking. Cookies do not tell ports apart, hence a name per installation."""

    def __init__(self, accounts: Accounts, cookie_name: str = COOKIE_NAME) -> None:
        self._accounts = accounts
        self._cookie_name = cookie_name

    async def who(self, request: web.Request) -> Who | None:
        """None when nobody claims to be anybody.

        Raises: TokenRefused, CsrfHeaderMissing, ForeignOrigin.
        """
        claims = request.headers.getall("Authorization", [])
        if len(claims) > 1:
            raise TokenRefused
        if claims:
            return await self._who_claims(claims[0])
        token = request.cookies.get(self._cookie_name)
        if not token:
            return None
        _check_own_page(request)
        return await self._who_signed_in(token)

    async def _who_claims(self, claim: str) -> Who:
        scheme, _, secret = claim.partition(" ")
        match scheme.lower():
            case "bearer":
                return await self._who_signed_in(secret.strip())
            case "apikey":
                return Who(await self._accounts.actor_of_key(secret.strip()))
            case _:
                raise TokenRefused

    async def _who_signed_in(self, token: str) -> Who:
        login = await self._accounts.login_of(token)
        return Who(login.actor, login)

    def keep(self, request: web.Request, response: web.Response, token: str, login: Login) -> None:
        """Give the browser its cookie."""
        response.set_cookie(
            self._cookie_name,
            token,
            max_age=_seconds_between(login.issued_at, login.expires_at),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=is_secure(request),
        )

    def forget(self, request: web.Request, response: web.Response) -> None:
        """Take the cookie away."""
        response.del_cookie(
            self._cookie_name,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=is_secure(request),
        )


def _check_own_page(request: web.Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ForeignOrigin
    if request.headers.get("Upgrade", "").lower() == "websocket" and origin is None:
        raise ForeignOrigin
    if request.method not in _SAFE_METHODS and CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing


def is_local(request: web.Request) -> bool:
    """Whether a program on this machine asks on its own behalf, not through a proxy."""
    return _is_loopback(request.remote) and "X-Forwarded-For" not in request.headers


def client_address(request: web.Request) -> str:
    """The address of who is asking, as the edge saw it."""
    peer = request.remote or ""
    if not _is_loopback(peer):
        return peer
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return seen if is_address(seen) else peer


def is_secure(request: web.Request) -> bool:
    """Whether the client speaks TLS, to us or to the edge."""
    forwarded = _is_loopback(request.remote) and request.headers.get("X-Forwarded-Proto")
    return request.secure or forwarded == "https"


def _is_loopback(text: str | None) -> bool:
    return bool(text) and is_address(text or "") and ipaddress.ip_address(text or "").is_loopback


def _seconds_between(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())
