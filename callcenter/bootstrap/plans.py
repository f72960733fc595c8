"""Plain values out of settings: what the parts are told that do not know settings."""

import ipaddress
import logging
import ssl
from pathlib import Path

from callcenter.host.addresses import ipv4_of, offered_to_browsers, own_addresses
from callcenter.host.plan import SwitchPlan, Trunk
from callcenter.host.switch import Switch
from callcenter.settings import Settings, TrunkSettings

logger = logging.getLogger(__name__)

SECRETS = ("ari_password", "token_secret")


def switch_plan(settings: Settings, switch: Switch) -> SwitchPlan:
    """What our Asterisk is told. Looks up `external_address` where it is a name.

    Raises:
        PlanError: with the setting and its cure.
    """
    sip, own = settings.sip, settings.switch
    certificate = settings.path(sip.certificate) if sip.certificate else None
    return SwitchPlan(
        run_folder=settings.run_folder,
        modules_dir=switch.modules_dir,
        data_dir=switch.data_dir,
        sounds_dir=switch.sounds_dir,
        moh_dir=switch.moh_dir,
        system_name=own.system_name,
        sip_bind=sip.bind,
        sip_port=sip.port,
        tls_port=sip.tls_port,
        http_port=own.http_port,
        ami_port=own.ami_port,
        rtp_first=sip.rtp_first,
        rtp_last=sip.rtp_last,
        external_address=sip.external_address,
        local_nets=_local_nets(settings),
        certificate=certificate,
        private_key=settings.path(sip.private_key) if sip.private_key else None,
        authorities=settings.path(sip.authorities) if sip.authorities else _trusted_here(),
        trunks=trunks(settings),
        max_calls=own.max_calls,
        max_call_seconds=own.max_call_seconds,
        ice_host_candidates=offered_to_browsers(sip.bind, _outside(settings), own_addresses()),
        prompts_dir=prompts_folder(settings),
    )


def _trusted_here() -> Path | None:
    """The file with the certificate authorities that this machine trusts."""
    found = ssl.get_default_verify_paths().cafile
    return Path(found) if found else None


def _local_nets(settings: Settings) -> tuple[str, ...]:
    """Where no router stands between. This machine is there itself: the switch puts the outside address
    in place of its own only where that is a local one, and would leave it in every SDP otherwise."""
    sip = settings.sip
    if not (sip.external_address and sip.local_nets):
        return sip.local_nets
    is_any = ipaddress.ip_address(sip.bind).is_unspecified
    return (*sip.local_nets, *(own_addresses() if is_any else (sip.bind,)))


def _outside(settings: Settings) -> str:
    """The address that stands behind `external_address`; none where its name is unknown just now: a
    centre whose name server is down still serves those inside."""
    text = settings.sip.external_address
    address = ipv4_of(text)
    if address is None and text and ":" not in text:
        logger.warning("[sip] external_address has no IPv4 address: nobody outside may hear us")
    return address or ""


def trunks(settings: Settings) -> tuple[Trunk, ...]:
    """The carriers; where there are none and only this machine can reach us, this machine is one,
    so that any softphone on it can call."""
    if settings.trunks:
        return tuple(_trunk(trunk) for trunk in settings.trunks)
    if settings.sip.bind.startswith("127."):
        return (Trunk("loopback", (settings.sip.bind,), qualify_seconds=0, trust_identity=True),)
    return ()


def _trunk(trunk: TrunkSettings) -> Trunk:
    values = {name: getattr(trunk, name) for name in TrunkSettings.__dataclass_fields__}
    return Trunk(**values)


def cookie_name(settings: Settings) -> str:
    """Cookies do not tell ports apart, so each installation has its own name."""
    return f"cc_login_{settings.edge.port}"


def prompts_folder(settings: Settings) -> Path:
    """Where spoken prompts lie."""
    return settings.run_folder / "prompts"
