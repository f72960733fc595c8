"""The engine's HTTP server: routes, middlewares and limits put together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

import callcenter
from callcenter.adapters.http.auth import COOKIE_NAME, Authenticator
from callcenter.adapters.http.errors import refusals
from callcenter.adapters.http.live import LiveSockets, View, supervisors_only
from callcenter.adapters.http.observing import observing
from callcenter.adapters.http.openapi import document
from callcenter.adapters.http.routes.accounts import account_routes
from callcenter.adapters.http.routes.health import health_routes, papers_routes
from callcenter.adapters.http.routing import Route, Routes, mount
from callcenter.ports.feed import LiveFeed
from callcenter.services.accounts import Accounts

BODY_LIMIT: Final = 1024 * 1024
_KEEPALIVE_SECONDS: Final = 75.0
_LINGERING_SECONDS: Final = 0.5  # For the rest of a body that was refused; the edge is near.
_SHUTDOWN_SECONDS: Final = 5.0

_HEADERS: Final = {
    "Server": "callcenter",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPlan:
    """Everything the server stands in front of.

    `ready` gives the reasons why the centre is not ready, none when it is. `routes` are the nouns
    beyond accounts and health.
    """

    accounts: Accounts
    ready: Callable[[], Sequence[str]]
    registry: CollectorRegistry
    routes: Sequence[Routes] = ()
    feed: LiveFeed | None = None
    view: View = supervisors_only
    cookie_name: str = COOKIE_NAME


def application(plan: HttpPlan) -> web.Application:
    """The application, with all that it serves."""
    app = web.Application(
        middlewares=[observing(plan.registry), refusals], client_max_size=BODY_LIMIT
    )
    authenticator = Authenticator(plan.accounts, plan.cookie_name)
    routes = _all_routes(plan, authenticator, app)
    papers = papers_routes(lambda: document(routes, callcenter.__version__, plan.cookie_name))
    mount(app, [*routes, *papers.declared], authenticator)
    app.on_response_prepare.append(_add_headers)
    return app


def _all_routes(plan: HttpPlan, authenticator: Authenticator, app: web.Application) -> list[Route]:
    parts = [
        health_routes(plan.ready, plan.registry),
        account_routes(plan.accounts, authenticator),
        *plan.routes,
    ]
    if plan.feed is not None:
        live = LiveSockets(plan.feed, authenticator, plan.view)
        parts.append(live.routes())

        async def close_live(_: web.Application) -> None:
            await live.close()

        app.on_shutdown.append(close_live)
    return [route for part in parts for route in part.declared]


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port (another one only if 0 was asked for).

    Raises: OSError, when the port is taken.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
