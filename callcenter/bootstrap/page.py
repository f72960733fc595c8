"""The edge, from settings: the page, the phones' sockets, and the lifeboat."""

import asyncio
import time
from datetime import timedelta

from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.relief import AriRelief
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.adapters.run_folder.accounts import read_accounts
from callcenter.adapters.run_folder.ready import read_ready
from callcenter.bootstrap.plans import SECRETS, cookie_name
from callcenter.bootstrap.switch import APP, ari, phones
from callcenter.edge.lifeboat import Lifeboat
from callcenter.edge.plan import EdgePlan, TlsFiles, TurnPlan
from callcenter.edge.server import serve
from callcenter.host.addresses import reached_at
from callcenter.host.plan import HEARTBEAT_SECONDS
from callcenter.host.secret_file import ensure_secrets
from callcenter.settings import Settings

# A switch that does not answer for so long is asked anew.
_PATIENCE = timedelta(seconds=5)


async def run_edge(settings: Settings, stop: asyncio.Event) -> int:
    """Run it until `stop`. The exit status: 0. Raises: OSError (see `edge.server.serve`)."""
    folder = settings.run_folder
    async with PooledHttp(ari(settings), timeout=_PATIENCE) as http:
        lifeboat = Lifeboat(
            AriRelief(http, app=APP),
            phones(settings, http),
            lambda: read_accounts(folder),
            lambda: read_ready(folder),
            away_after=timedelta(seconds=HEARTBEAT_SECONDS),
            time=time.monotonic,
        )
        await until_first_ends(serve(edge_plan(settings, SystemClock()), stop), lifeboat.run())
    return 0


def edge_plan(settings: Settings, clock: SystemClock) -> EdgePlan:
    """What the edge is told."""
    from callcenter.edge.certificates import self_signed

    edge = settings.edge
    secrets = ensure_secrets(settings.run_folder, SECRETS)
    tls = None
    if edge.certificate == "self-signed":
        outside = settings.sip.external_address
        names = dict.fromkeys([*reached_at(edge.bind), *([outside] if outside else [])])
        tls = self_signed(settings.run_folder / "tls", list(names), clock.now())
    elif edge.certificate:
        tls = TlsFiles(settings.path(edge.certificate), settings.path(edge.private_key))
    return EdgePlan(
        tokens=JwtTokens(secrets["token_secret"].encode()),
        now=clock.now,
        host=edge.bind,
        port=edge.port,
        engine_url=f"http://127.0.0.1:{settings.http.port}",
        switch_url=f"ws://127.0.0.1:{settings.switch.http_port}/ws",
        cookie_name=cookie_name(settings),
        tls=tls,
        turn=TurnPlan(edge.turn_urls, edge.turn_secret) if edge.turn_urls else None,
    )
