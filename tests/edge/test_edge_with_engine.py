"""The edge in front of the engine's real HTTP door: one login opens page, screen and phone."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry
from yarl import URL

from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.core.access import Role
from callcenter.core.ids import AgentId
from callcenter.engine.feed import Feed
from callcenter.services.accounts import Accounts, Stores
from callcenter.testing.stores import MemoryEndedLogins, MemoryKeys, MemoryUsers

pytestmark = pytest.mark.adapter

PAGE = {"X-Callcenter": "1"}
WISH = {"name": "ana", "password": "correct horse battery"}


@pytest.fixture
async def centre(street: Any) -> AsyncIterator[Any]:
    """The street with a real engine door in it, and a browser in front."""
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    stores = Stores(MemoryUsers(), MemoryKeys(), MemoryEndedLogins())
    accounts = Accounts(stores, hasher, street.plan.tokens, street.plan.now)
    await accounts.admit("ana", "correct horse battery", Role.ADMIN, AgentId("a1"))
    plan = HttpPlan(
        accounts=accounts,
        ready=list,
        registry=CollectorRegistry(),
        feed=Feed(lambda: (0, {"agents": {}}), lambda _kind, _key: None),
        cookie_name="cc_here",
    )
    async with (
        serving(application(plan), "127.0.0.1", 0) as port,
        street.edge(engine_url=f"http://127.0.0.1:{port}", cookie_name="cc_here"),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        street.browser = browser
        yield street
    hasher.close()


async def test_one_login_opens_the_page_the_screen_and_the_phone(centre: Any) -> None:
    browser, url = centre.browser, centre.url
    assert (await browser.post(f"{url}/api/v1/login", json=WISH)).status == 200
    me = await (await browser.get(f"{url}/api/v1/me")).json()
    assert me["id"] == "ana"
    own = {"Origin": url}
    async with browser.ws_connect(f"{url}/api/v1/live", headers=own) as screen:
        assert (await screen.receive_json())["state"] == {"agents": {}}
    async with browser.ws_connect(f"{url}/ws", protocols=("sip",), headers=own) as phone:
        await phone.send_str("OPTIONS")
        assert await phone.receive_str() == "OPTIONS"
    assert (await browser.get(f"{url}/api/v1/ice")).status == 200
    assert (await browser.delete(f"{url}/api/v1/login", headers=PAGE)).status == 204
    assert (await browser.get(f"{url}/api/v1/me")).status == 401


async def test_the_engines_metrics_are_out_of_reach_through_the_edge(centre: Any) -> None:
    for path in ("/metrics", "/api/../metrics", "/api/%2e%2e/metrics", "/api//../metrics"):
        response = await centre.client.get(URL(centre.url + path, encoded=True))
        assert response.status in (401, 404)
        assert "callcenter_http" not in await response.text()


async def test_refusals_of_edge_and_engine_look_alike(centre: Any) -> None:
    engines = await centre.client.get(f"{centre.url}/api/v1/me")
    edges = await centre.client.get(f"{centre.url}/api/v1/ice")
    assert await engines.json(content_type=None) == await edges.json(content_type=None)
    assert engines.status == edges.status == 401
    for name in ("Content-Type", "Content-Language", "WWW-Authenticate", "Cache-Control"):
        assert engines.headers[name] == edges.headers[name]
