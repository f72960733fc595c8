"""The way to our switch, from settings: for the engine that drives it and the lifeboat that watches."""

from collections.abc import Mapping

from callcenter.adapters.asterisk.ari.connection import Switch as Ari
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.endpoints import AriEndpoints
from callcenter.bootstrap.plans import SECRETS
from callcenter.host.render import ARI_USER
from callcenter.host.secret_file import ensure_secrets
from callcenter.settings import Settings

APP = "cc"


def ari(settings: Settings) -> Ari:
    """Where it answers, and as whom we speak."""
    secrets = ensure_secrets(settings.switch_run_folder, SECRETS)
    host = settings.switch.http_host
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.switch.http_port}/ari"
    return Ari(url, ARI_USER, secrets["ari_password"])


def phones(settings: Settings, http: PooledHttp) -> AriEndpoints:
    """The agents' telephone accounts on it."""
    return AriEndpoints(http, _loopback_media(settings))


def _loopback_media(settings: Settings) -> Mapping[str, str]:
    """On loopback only, media must be told to stay there; Asterisk would offer another address."""
    if not settings.sip.bind.startswith("127."):
        return {}
    return {"media_address": settings.sip.bind, "bind_rtp_to_media_address": "yes"}
