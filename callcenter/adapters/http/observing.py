"""How many requests, how they ended, how long they took. Labels are routes, never what was asked."""

from time import perf_counter
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram

from callcenter.adapters.http.errors import Handler

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


def observing(registry: CollectorRegistry) -> Middleware:
    """A middleware that counts into `registry`."""
    requests = Counter(
        "callcenter_http_requests",
        "Requests answered, by method, route and status.",
        ("method", "route", "status"),
        registry=registry,
    )
    seconds = Histogram(
        "callcenter_http_request_seconds",
        "Time from the request's head to its answer, sockets excluded.",
        ("method", "route"),
        buckets=_BUCKETS,
        registry=registry,
    )

    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        response = await handler(request)
        route = _route_of(request)
        method = request.method if route != "none" else "any"
        requests.labels(method, route, str(response.status)).inc()
        if not isinstance(response, web.WebSocketResponse):
            seconds.labels(method, route).observe(perf_counter() - started)
        return response

    return observe


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
