"""Is it alive, is it ready, how is it doing; and the papers of the API."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from callcenter.adapters.http.routing import (
    API,
    Answer,
    Anybody,
    Asked,
    Right,
    Routes,
    json_response,
)
from callcenter.adapters.http.shapes import Shape
from callcenter.core.access import Action


class Health(Shape):
    status: Literal["alive"] = "alive"


class Readiness(Shape):
    """`reasons` says what is missing, as codes."""

    ready: bool
    reasons: Sequence[str]


def health_routes(ready: Callable[[], Sequence[str]], registry: CollectorRegistry) -> Routes:
    """`ready` gives the reasons why not."""
    routes = Routes("health")

    @routes.add("GET", "/healthz", "Alive", needs=Anybody.PUBLIC, gives=Health)
    async def read_health(asked: Asked[None]) -> Answer:
        return Health()

    @routes.add(
        "GET",
        "/readyz",
        "Ready to take calls; 503 with the reasons when not",
        needs=Anybody.PUBLIC,
        gives=Readiness,
    )
    async def read_readiness(asked: Asked[None]) -> Answer:
        reasons = list(ready())
        return json_response(
            Readiness(ready=not reasons, reasons=reasons), status=503 if reasons else 200
        )

    @routes.add(
        "GET",
        "/metrics",
        "Metrics for Prometheus; from this machine, or by key",
        needs=Right(Action.READ_HEALTH, or_local=True),
        produces="text/plain",
    )
    async def read_metrics(asked: Asked[None]) -> Answer:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return routes


def papers_routes(document: Callable[[], Mapping[str, Any]]) -> Routes:
    """The OpenAPI document, made when it is first asked for: an engine that takes over has no time."""
    routes = Routes("papers")
    body = cache(lambda: json.dumps(document(), ensure_ascii=False).encode())

    @routes.add(
        "GET",
        f"{API}/openapi.json",
        "This document",
        needs=Anybody.PUBLIC,
        produces="application/json",
    )
    async def read_papers(asked: Asked[None]) -> Answer:
        return web.Response(body=await asyncio.to_thread(body), content_type="application/json")

    return routes
