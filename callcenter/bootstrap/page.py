"""The edge, from settings."""

from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.bootstrap.plans import SECRETS, cookie_name
from callcenter.edge.plan import EdgePlan, TlsFiles, TurnPlan
from callcenter.host.addresses import reached_at
from callcenter.host.secret_file import ensure_secrets
from callcenter.settings import Settings


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
