"""The agents' SIP accounts, written over ARI into the switch's memory: nothing to reload, no secret on
its disk, and the application's database is the only truth. They are written again whenever the switch
has restarted."""

from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from callcenter.adapters.asterisk.ari.generated import asterisk, endpoints
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError, Refused, Request
from callcenter.core.ids import LegId, is_offer_leg
from callcenter.ports.telephony import SwitchAway

_GONE: Final = 404
PREFIX: Final = "agent-"

# A stranger who writes an agent's name into From is asked for the password: the name alone never
# identifies. Agents dial through us only, so a phone's own transfer is refused.
_ENDPOINT: Final = {
    "context": "from-agent",
    "identify_by": "auth_username,username",
    "disallow": "all",
    "direct_media": "no",
    "rewrite_contact": "yes",
    "rtp_symmetric": "yes",
    "force_rport": "yes",
    "allow_transfer": "no",
    "allow_subscribe": "no",
    "dtmf_mode": "rfc4733",
    "rtp_timeout": "60",
    "rtp_timeout_hold": "600",
    "send_pai": "no",
    "trust_id_outbound": "no",
}
_DESK_PHONE: Final = {"allow": "alaw,ulaw", "timers": "yes"}
_BROWSER: Final = {
    "webrtc": "yes",
    "dtls_auto_generate_cert": "yes",
    "allow": "alaw,ulaw,opus",
    "rtp_timeout": "30",  # a dead browser is not noticed by anything else
    "rtp_timeout_hold": "300",
}
_AOR: Final = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "qualify_timeout": "3",
}
# Phones that registered together, after a restart of the switch, would else be asked together for ever.
_ASK_AFTER_SECONDS: Final = range(10, 15)


class AriEndpoints:
    """See `ports.telephony.Endpoints`. `extra` goes to every endpoint (media address on loopback)."""

    def __init__(self, http: PooledHttp, extra: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._extra = dict(extra or {})

    async def put(self, endpoint: str, password: str, *, browser: bool) -> None:
        """Make an account anew.

        Never over an old one: the switch would merge the two. What only a browser's account says
        would stay on a desk phone's, and the phones that are registered would be taken for ones that
        never go (Asterisk 22.10 writes an AOR's present contacts down as permanent), so that the next
        phone is never rung.
        """
        await self._delete(endpoint, "endpoint", "aor")
        auth = {"auth_type": "digest", "username": endpoint, "password": password}
        own = {"auth": endpoint, "aors": endpoint}
        kind = _BROWSER if browser else _DESK_PHONE
        await self._do(_write("auth", endpoint, auth))
        every = _ASK_AFTER_SECONDS[crc32(endpoint.encode()) % len(_ASK_AFTER_SECONDS)]
        await self._do(_write("aor", endpoint, {**_AOR, "qualify_frequency": str(every)}))
        await self._do(_write("endpoint", endpoint, {**_ENDPOINT, **kind, **self._extra, **own}))

    async def remove(self, endpoint: str) -> None:
        """Forget an account."""
        await self._delete(endpoint, "endpoint", "aor", "auth")

    async def reachable(self) -> Mapping[str, bool]:
        """Which accounts have a telephone behind them that may be rung: one that answers, and is in no
        call but ours. The fallback's calls, whose talkers are left alone, are not ours."""
        try:
            found = await self._http.ask(endpoints.list_by_tech("PJSIP"))
        except AriError as error:
            raise SwitchAway(type(error).__name__) from None
        return {
            one["resource"]: one.get("state") == "online"
            and all(is_offer_leg(LegId(leg)) for leg in one["channel_ids"])
            for one in found
            if one["resource"].startswith(PREFIX)
        }

    async def _delete(self, endpoint: str, *kinds: str) -> None:
        for kind in kinds:
            await self._do(asterisk.delete_object("res_pjsip", kind, endpoint))

    async def _do(self, request: Request[Any]) -> None:
        try:
            await self._http.ask(request)
        except Refused as refused:
            if refused.status != _GONE:
                raise SwitchAway(f"status {refused.status}") from None
        except AriError as error:
            raise SwitchAway(type(error).__name__) from None


def _write(kind: str, name: str, values: Mapping[str, str]) -> Request[Any]:
    fields = [{"attribute": key, "value": value} for key, value in values.items()]
    return asterisk.update_object("res_pjsip", kind, name, fields=fields)
