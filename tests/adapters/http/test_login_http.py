"""Signing in over HTTP: tokens, cookies, keys, and those who try without."""

from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import pytest

from callcenter.core.access import Actor, Role

pytestmark = pytest.mark.adapter

PASSWORD = "correct horse battery"
PAGE = {"X-Callcenter": "1"}
ROOT = Actor("root", Role.ADMIN)


async def sign_in(client: aiohttp.ClientSession, name: str, **more: Any) -> aiohttp.ClientResponse:
    wish = {"name": name, "password": PASSWORD} | more.pop("json", {})
    return await client.post("/api/v1/login", json=wish, **more)


async def code_of(response: aiohttp.ClientResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json"
    return response.status, (await response.json())["code"]


async def test_a_program_takes_the_token_and_shows_it(client: aiohttp.ClientSession) -> None:
    response = await sign_in(client, "ana", json={"keep": "token"})
    token = (await response.json())["token"]
    assert not response.cookies
    me = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    shown = await me.json()
    assert (shown["id"], shown["role"], shown["agent_id"]) == ("ana", "agent", "a1")
    assert shown["permissions"]["set-presence"] == "own"


async def test_a_browser_gets_a_cookie_that_scripts_and_other_sites_cannot_use(
    client: aiohttp.ClientSession,
) -> None:
    response = await sign_in(client, "ana")
    assert (await response.json())["token"] is None
    cookie = response.cookies["cc_login"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    assert cookie["max-age"] == str(12 * 3600)
    assert not cookie["secure"]
    assert (await client.get("/api/v1/me")).status == 200


async def test_the_cookie_is_secure_when_the_edge_speaks_tls(client: aiohttp.ClientSession) -> None:
    response = await sign_in(client, "ana", headers={"X-Forwarded-Proto": "https"})
    assert response.cookies["cc_login"]["secure"]


async def test_a_cookie_alone_changes_nothing(client: aiohttp.ClientSession) -> None:
    await sign_in(client, "root")
    new = {"label": "wallboard", "role": "agent"}
    refused = await client.post("/api/v1/keys", json=new)
    assert await code_of(refused) == (403, "csrf-header-missing")
    assert (await client.post("/api/v1/keys", json=new, headers=PAGE)).status == 201


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "//"])
async def test_a_page_of_another_site_is_refused_although_it_brings_the_cookie(
    client: aiohttp.ClientSession, origin: str
) -> None:
    await sign_in(client, "root")
    response = await client.get("/api/v1/me", headers=PAGE | {"Origin": origin})
    assert await code_of(response) == (403, "foreign-origin")


async def test_signing_out_ends_the_login_and_takes_the_cookie(
    client: aiohttp.ClientSession,
) -> None:
    response = await sign_in(client, "ana")
    token = SimpleCookie(response.headers["Set-Cookie"])["cc_login"].value
    assert (await client.delete("/api/v1/login", headers=PAGE)).status == 204
    assert await code_of(await client.get("/api/v1/me")) == (401, "login-required")
    stolen = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert await code_of(stolen) == (401, "token-refused")


async def test_wrong_password_and_unknown_name_look_the_same(client: aiohttp.ClientSession) -> None:
    wrong = await sign_in(client, "ana", json={"password": "wrong"})
    unknown = await sign_in(client, "nobody")
    assert await wrong.read() == await unknown.read()
    assert await code_of(wrong) == await code_of(unknown) == (401, "wrong-password")


async def test_too_many_guesses_are_told_when_to_come_back(client: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await sign_in(client, "ana", json={"password": "wrong"})
    refused = await sign_in(client, "ana")
    assert await code_of(refused) == (429, "too-many-attempts")
    assert refused.headers["Retry-After"] == "900"


async def test_guesses_are_counted_by_the_address_that_the_edge_saw(
    client: aiohttp.ClientSession,
) -> None:
    there = {"X-Forwarded-For": "203.0.113.9"}
    for _ in range(3):
        await sign_in(client, "ana", json={"password": "wrong"}, headers=there)
    assert (await sign_in(client, "ana", headers=there)).status == 429
    assert (await sign_in(client, "ana")).status == 200


async def test_a_key_signs_in_a_machine(served: Any, client: aiohttp.ClientSession) -> None:
    text, key = await served.accounts.make_key(ROOT, "wallboard", Role.SUPERVISOR)
    response = await client.get("/api/v1/me", headers={"Authorization": f"ApiKey {text}"})
    assert (await response.json())["id"] == f"key:{key.id}"


@pytest.mark.parametrize(
    "claim",
    ["", "Bearer", "Bearer x.y.z", "ApiKey cck_x", "Basic cm9vdDpyb290", "Bearer \xff\xfe", "ÿ"],
)
async def test_a_claim_that_does_not_hold_is_refused_even_beside_a_good_cookie(
    client: aiohttp.ClientSession, claim: str
) -> None:
    await sign_in(client, "ana")
    response = await client.get("/api/v1/me", headers={"Authorization": claim})
    assert await code_of(response) == (401, "token-refused")
    assert response.headers["WWW-Authenticate"] == "Bearer, ApiKey"


async def test_agents_may_not_look_at_accounts(served: Any, client: aiohttp.ClientSession) -> None:
    response = await client.get("/api/v1/users", headers=await served.bearer("ana"))
    assert await code_of(response) == (403, "not-permitted")


async def test_users_are_added_changed_and_deleted(
    served: Any, client: aiohttp.ClientSession
) -> None:
    root = await served.bearer("root")
    new = {"name": "李雷", "password": PASSWORD, "role": "agent", "agent_id": "a2"}
    added = await client.post("/api/v1/users", json=new, headers=root)
    assert added.status == 201
    assert await code_of(await client.post("/api/v1/users", json=new, headers=root)) == (
        409,
        "name-taken",
    )
    changed = await client.patch("/api/v1/users/李雷", json={"enabled": False}, headers=root)
    assert (await changed.json())["enabled"] is False
    assert (await client.delete("/api/v1/users/李雷", headers=root)).status == 204
    listed = await (await client.get("/api/v1/users", headers=root)).json()
    assert [user["name"] for user in listed["items"]] == ["ana", "root", "sue"]
    assert "password" not in str(listed)


async def test_a_problem_speaks_the_readers_language(client: aiohttp.ClientSession) -> None:
    chinese = {"Accept-Language": "fr, zh-CN;q=0.8, en;q=0.5"}
    response = await client.get("/api/v1/me", headers=chinese)
    assert (await response.json())["title"] == "请先登录。"
    assert response.headers["Content-Language"] == "zh-CN"
    response = await client.get("/api/v1/me", headers={"Accept-Language": "xx;q=;,,;q=9, en"})
    assert (await response.json())["title"] == "Sign in first."
