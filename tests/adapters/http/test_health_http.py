"""Health, readiness, metrics, headers, papers."""

from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from callcenter.core.access import Actor, Role

pytestmark = pytest.mark.adapter

ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


async def test_it_is_alive_even_when_it_is_not_ready(
    served: Any, client: aiohttp.ClientSession
) -> None:
    served.reasons.append("canary-stale")
    assert (await client.get("/healthz")).status == 200
    assert (await client.head("/healthz")).status == 200
    response = await client.get("/readyz")
    assert response.status == 503
    assert await response.json() == {"ready": False, "reasons": ["canary-stale"]}


async def test_it_is_ready_when_there_is_no_reason_against_it(
    client: aiohttp.ClientSession,
) -> None:
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (200, {"ready": True, "reasons": []})


async def test_metrics_are_for_this_machine_and_for_keys(
    served: Any, client: aiohttp.ClientSession
) -> None:
    assert (await client.get("/metrics")).status == 200
    assert (await client.get("/metrics", headers=ELSEWHERE)).status == 401
    text, _ = await served.accounts.make_key(
        Actor("root", Role.ADMIN), "prometheus", Role.SUPERVISOR
    )
    key = {"Authorization": f"ApiKey {text}"}
    assert (await client.get("/metrics", headers=ELSEWHERE | key)).status == 200


async def test_requests_are_counted_by_route_and_never_by_what_was_asked(
    client: aiohttp.ClientSession,
) -> None:
    await client.get("/api/v1/users/private-name")
    await client.get("/nowhere/private-name")
    metrics = await (await client.get("/metrics")).text()
    assert "private-name" not in metrics
    assert 'callcenter_http_requests_total{method="any",route="none",status="404"} 1.0' in metrics
    assert "/api/v1/users/{name}" not in metrics  # No GET there: the route was not found either.


async def test_every_answer_carries_the_headers_that_keep_browsers_careful(
    client: aiohttp.ClientSession,
) -> None:
    for path in ("/healthz", "/nowhere", "/api/v1/me"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert "aiohttp" not in headers["Server"]


async def test_the_papers_are_valid_openapi_and_name_every_code(
    client: aiohttp.ClientSession,
) -> None:
    papers = await (await client.get("/api/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(papers).validate()
    sign_in = papers["paths"]["/api/v1/login"]["post"]
    assert "wrong-password" in sign_in["responses"]["401"]["description"]
    assert "security" not in sign_in
    users = papers["paths"]["/api/v1/users/{name}"]["patch"]
    assert users["x-permission"] == "change-accounts"
    assert [parameter["name"] for parameter in users["parameters"]] == ["name"]
    ice = papers["paths"]["/api/v1/ice"]["get"]
    assert "login-required" in ice["responses"]["401"]["description"]
    live = papers["paths"]["/api/v1/live"]["get"]
    assert live["parameters"][0]["name"] == "after"
