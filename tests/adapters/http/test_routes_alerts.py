"""Alerts over a real server, and as metrics: who may read them, in which language, and what is 0 or 1."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

from callcenter.adapters.http.routes.alerts import alert_routes
from callcenter.adapters.prometheus.watch import WatchMetrics
from callcenter.core.watch import KINDS, Bounds
from callcenter.services.watch import Figures, Post, Watchdogs, of_subjects
from callcenter.testing.clock import NOON, HandClock

pytestmark = pytest.mark.adapter

SEEN: Figures = {"run": 4e8, "recordings": 9e9}


@pytest.fixture
async def dogs(house: Any) -> Watchdogs:
    """The disk of the run folder is low; the recordings have room."""
    post = Post("disk-low", Bounds(5e8, 6e8), timedelta(0), of_subjects(lambda: SEEN))
    dogs = Watchdogs([post], HandClock(), lambda rows: None)
    await dogs.look(post)
    house.routes.append(alert_routes(lambda: dogs.standings))
    house.registry.register(WatchMetrics(lambda: dogs.standings))
    return dogs


async def items(client: aiohttp.ClientSession, query: str, **headers: str) -> list[dict[str, Any]]:
    async with client.get(f"/api/v1/alerts{query}", headers=headers) as response:
        assert response.status == 200
        found: list[dict[str, Any]] = (await response.json())["items"]
        return found


async def test_what_is_raised_is_told_with_its_mend(
    dogs: Watchdogs, client: aiohttp.ClientSession, served: Any
) -> None:
    assert await items(client, "", **await served.bearer("sue")) == [
        {
            "code": "disk-low",
            "subject": "run",
            "severity": "critical",
            "title": KINDS["disk-low"].title["en"],
            "mend": KINDS["disk-low"].mend["en"],
            "unit": "bytes",
            "value": 4e8,
            "raise_at": 5e8,
            "clear_at": 6e8,
            "raised_at": f"{NOON:%Y-%m-%dT%H:%M:%SZ}",
        }
    ]


async def test_every_watch_is_told_to_who_asks_for_all_in_their_language(
    dogs: Watchdogs, client: aiohttp.ClientSession, served: Any
) -> None:
    headers = {**await served.bearer("root"), "Accept-Language": "zh-CN"}
    found = await items(client, "?all=true", **headers)
    assert [(one["subject"], one["raised_at"] is None) for one in found] == [
        ("run", False),
        ("recordings", True),
    ]
    assert {one["title"] for one in found} == {KINDS["disk-low"].title["zh"]}


@pytest.mark.parametrize("query", ["?all=perhaps", "?code=disk-low"])
async def test_a_question_that_nobody_understands_is_refused(
    dogs: Watchdogs, client: aiohttp.ClientSession, served: Any, query: str
) -> None:
    sue = await served.bearer("sue")
    async with client.get(f"/api/v1/alerts{query}", headers=sue) as response:
        assert response.status == 422


async def test_agents_may_not_and_strangers_must_sign_in(
    dogs: Watchdogs, client: aiohttp.ClientSession, served: Any
) -> None:
    async with client.get("/api/v1/alerts", headers=await served.bearer("ana")) as response:
        assert response.status == 403
    async with client.get("/api/v1/alerts") as response:
        assert response.status == 401


async def test_the_papers_hold_with_alerts_in_them(
    dogs: Watchdogs, client: aiohttp.ClientSession
) -> None:
    papers = await (await client.get("/api/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(papers).validate()
    assert "get" in papers["paths"]["/api/v1/alerts"]


async def test_metrics_hold_the_figure_and_whether_it_is_raised(
    dogs: Watchdogs, client: aiohttp.ClientSession, served: Any
) -> None:
    async with client.get("/metrics", headers=await served.bearer("root")) as response:
        families = text_string_to_metric_families(await response.text())
        samples = {
            (sample.name, sample.labels["subject"]): sample.value
            for family in families
            for sample in family.samples
            if "subject" in sample.labels
        }
    assert samples == {
        ("callcenter_alert", "run"): 1.0,
        ("callcenter_alert", "recordings"): 0.0,
        ("callcenter_watch_disk_free_bytes", "run"): 4e8,
        ("callcenter_watch_disk_free_bytes", "recordings"): 9e9,
    }
