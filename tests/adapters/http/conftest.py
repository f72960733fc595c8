"""A real server on loopback in front of real accounts, and a client to ask it."""

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
from callcenter.engine.feed import Feed
from callcenter.services.accounts import Accounts, Stores
from callcenter.services.attempts import Attempts
from callcenter.testing.stores import MemoryEndedLogins, MemoryKeys, MemoryUsers

PASSWORD = "correct horse battery"


@dataclass
class House:
    """The server under test, what stands behind it, and how to ask it things."""

    accounts: Accounts
    feed: Feed
    state: dict[str, Any]
    number: int = 0
    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    reasons: list[str] = field(default_factory=list)
    routes: list[Routes] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    url: str = ""

    def change(self, name: str, value: Any) -> None:
        """One change of the live state, and its number."""
        self.number += 1
        self.state["agents"] = self.state["agents"] | {name: value}
        self.feed.publish(self.number, {"agents": {name: value}})

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
    state: dict[str, Any] = {"agents": {}}
    houses.append(House(accounts, Feed(lambda: (houses[0].number, dict(state))), state))
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
