"""A real server on loopback in front of real accounts, and a client to ask it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.http.routing import Routes
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.core.access import Role
from callcenter.core.ids import AgentId
from callcenter.ports.feed import Change, Gap
from callcenter.services.accounts import Accounts, Stores
from callcenter.services.attempts import Attempts
from callcenter.testing.stores import MemoryEndedLogins, MemoryKeys, MemoryUsers

PASSWORD = "correct horse battery"


class Ring:
    """A live feed with a ring as small as a test wants it."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"agents": {}}
        self.number = 0
        self.kept: deque[tuple[int, Change]] = deque(maxlen=8192)
        self._more = asyncio.Event()

    def change(self, name: str, value: Any) -> None:
        self.number += 1
        self.state["agents"] = self.state["agents"] | {name: value}
        self.kept.append((self.number, {"agents": {name: value}}))
        self._more.set()
        self._more = asyncio.Event()

    def snapshot(self) -> tuple[int, Change]:
        return self.number, dict(self.state)

    async def follow(self, after: int) -> AsyncIterator[tuple[int, Change]]:
        while True:
            if after < self.number - len(self.kept):
                raise Gap
            more = self._more
            for number, change in [one for one in self.kept if one[0] > after]:
                yield number, change
                after = number
            if after == self.number:
                await more.wait()


@dataclass
class House:
    """The server under test, what stands behind it, and how to ask it things."""

    accounts: Accounts
    feed: Ring = field(default_factory=Ring)
    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    reasons: list[str] = field(default_factory=list)
    routes: list[Routes] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    url: str = ""

    async def token(self, name: str) -> str:
        token, _ = await self.accounts.sign_in(name, PASSWORD, "127.0.0.1")
        return token

    async def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token(name)}"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Not serving yet; `serve` it once its routes are as the test wants them."""
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    houses: list[House] = []
    accounts = Accounts(
        Stores(MemoryUsers(), MemoryKeys(), MemoryEndedLogins()),
        hasher,
        JwtTokens(b"s" * 32),
        lambda: houses[0].now,
        attempts=Attempts(per_name=3),
    )
    houses.append(House(accounts))
    await accounts.admit("root", PASSWORD, Role.ADMIN)
    await accounts.admit("sue", PASSWORD, Role.SUPERVISOR)
    await accounts.admit("ana", PASSWORD, Role.AGENT, AgentId("a1"))
    yield houses[0]
    hasher.close()


@pytest.fixture
async def served(house: House) -> AsyncIterator[House]:
    plan = HttpPlan(
        accounts=house.accounts,
        ready=lambda: house.reasons,
        registry=house.registry,
        routes=house.routes,
        feed=house.feed,
    )
    async with serving(application(plan), "127.0.0.1", 0) as port:
        house.url = f"http://127.0.0.1:{port}"
        yield house


@pytest.fixture
async def client(served: House) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(served.url, cookie_jar=jar) as session:
        yield session
