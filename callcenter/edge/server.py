"""The edge's server: what is at which address, TLS, and its life.

/api/v1/ice               answered here, so that a phone can be set up while the engine is away
/api/…, /healthz, /readyz   on to the engine (requests and sockets)
/ws                       a phone's socket, on to the switch
anything else             the page
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp
from aiohttp import web

from callcenter.edge.forwarding import CONNECT_SECONDS, forward
from callcenter.edge.gate import is_upgrade, login_of, refusals
from callcenter.edge.plan import EdgePlan, TlsFiles
from callcenter.edge.site import page_of
from callcenter.edge.sockets import Sockets
from callcenter.edge.turn import ice_servers

logger = logging.getLogger(__name__)

_HEAD_SECONDS: Final = 30.0  # A connection that asks nothing for so long is closed.
_SHUTDOWN_SECONDS: Final = 3.0
# Where we come from, seen by engine and switch, which are on this machine. Not 127.0.0.1: that may be a
# trunk's address, and whoever has a phone here would be taken for the carrier.
_FROM: Final = "127.0.8.2"
CERTIFICATE_LOOK_SECONDS = 60.0
_TO_ENGINE_LIMIT: Final = 256

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
}


async def serve(
    plan: EdgePlan, stop: asyncio.Event, started: Callable[[int], None] | None = None
) -> None:
    """Serve until `stop`. `started` is told the port once connections are taken.

    Raises: OSError, when the port is taken or a certificate cannot be read.
    """
    context = tls_context(plan.tls) if plan.tls else None
    async with _running(plan, context) as port:
        watching = asyncio.create_task(_watch_certificate(plan.tls, context))
        logger.info("edge is open", extra={"port": port, "tls": context is not None})
        if started is not None:
            started(port)
        try:
            await stop.wait()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 and later, with this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key)
    except OSError as error:
        raise OSError(
            f"TLS: {files.certificate} and {files.key} cannot be used ({error}); "
            "they must be readable PEM files that belong together"
        ) from error
    return context


@asynccontextmanager
async def _running(plan: EdgePlan, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    async with aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, local_addr=(_FROM, 0)),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as session:
        runner = web.AppRunner(
            application(plan, session),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=_HEAD_SECONDS,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, plan.host, plan.port, ssl_context=context)
            await site.start()
            yield int(runner.addresses[0][1])
        finally:
            await runner.cleanup()


def application(plan: EdgePlan, session: aiohttp.ClientSession) -> web.Application:
    """Everything that the edge serves; `session` is its way to the engine and the switch."""
    app = web.Application(middlewares=[refusals])
    sockets = Sockets(plan, session)
    at_once = asyncio.Semaphore(_TO_ENGINE_LIMIT)

    async def to_engine(request: web.Request) -> web.StreamResponse:
        if is_upgrade(request):
            return await sockets.screen(request)
        async with at_once:
            return await forward(request, plan, session)

    async def read_ice(request: web.Request) -> web.StreamResponse:
        login = login_of(request, plan)
        servers = ice_servers(login.id, plan.stun_urls, plan.turn, plan.now())
        return web.json_response(servers, headers={"Cache-Control": "no-store"})

    app.router.add_get("/api/v1/ice", read_ice)
    app.router.add_route("*", "/api/{path:.*}", to_engine)
    app.router.add_get("/healthz", to_engine)
    app.router.add_get("/readyz", to_engine)
    app.router.add_get("/ws", sockets.phone)
    app.router.add_route("*", "/{path:.*}", page_of(plan.site))

    async def close_sockets(_: web.Application) -> None:
        await sockets.close()

    app.on_shutdown.append(close_sockets)
    app.on_response_prepare.append(_add_headers)
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "callcenter"
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


async def _watch_certificate(files: TlsFiles | None, context: ssl.SSLContext | None) -> None:
    """Take up a renewed certificate without a restart: a restart would drop every phone."""
    if files is None or context is None:
        return
    seen = _changed_at(files)
    while True:
        await asyncio.sleep(CERTIFICATE_LOOK_SECONDS)
        changed = _changed_at(files)
        if changed == seen:
            continue
        try:
            context.load_cert_chain(files.certificate, files.key)
        except (OSError, ssl.SSLError):
            logger.exception("renewed certificate cannot be read; the old one stays")
        else:
            logger.info("renewed certificate taken up")
        seen = changed


def _changed_at(files: TlsFiles) -> tuple[int, int]:
    with suppress(OSError):
        return files.certificate.stat().st_mtime_ns, files.key.stat().st_mtime_ns
    return 0, 0
