"""What one instance of the switch is told: ports, addresses, limits and trunks, as plain values.

Every value is checked when it is made, with the name of the setting in the complaint, because
Asterisk itself would start with half of it and say so in a log nobody reads.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from callcenter.core.addresses import is_address, is_host, is_network
from callcenter.host.mending import Mendable

HEARTBEAT_SECONDS = 3
"""A heartbeat older than this sends callers to the fallback."""
CODECS = ("ulaw", "alaw", "opus", "g722", "slin16")


class PlanError(Mendable, ValueError):
    """A value that the switch cannot be given: which setting, what is wrong, what to write."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line to a carrier or another exchange.

    Known by address (`hosts`) only. A registering trunk also signs in there, so that the carrier
    knows where we are.
    """

    name: str
    hosts: tuple[str, ...]
    """Addresses, networks or names that its calls come from; the first is where calls go to."""
    kind: Literal["ip", "registering"] = "ip"
    username: str = ""
    secret: str = field(default="", repr=False)
    port: int = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    """In order of liking."""
    dtmf: Literal["rfc4733", "inband", "info", "auto", "auto_info"] = "rfc4733"
    trust_identity: bool = False
    """Believe P-Asserted-Identity and Privacy from there, and send ours."""
    max_calls: int = 0
    """Calls at a time, in and out together: the next caller gets "no circuit", the next call out goes over
    another trunk. 0 is no limit."""
    qualify_seconds: int = 30
    """How often OPTIONS asks whether it is there; 0 never."""
    session_timers: Literal["always", "yes", "no"] = "always"
    """`always` finds far ends that died; a few carriers refuse it."""
    language: str = "en"
    number_in: Literal["request", "to", "p-called-party-id"] = "request"
    """Where it says which number was dialled. Some carriers that we sign in to name our account in the
    request itself."""

    def __post_init__(self) -> None:
        where = f"trunk {self.name!r}"
        _require(
            re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", self.name),
            f"{where}: a trunk's name is 1 to 40 of a-z 0-9 - _, for example main-carrier",
        )
        _require(self.hosts, f'{where}: hosts is empty; write hosts = ["sip.example.net"]')
        for host in self.hosts:
            _require(
                is_host(host) or is_network(host), f"{where}: hosts: {host!r} is no address or name"
            )
        _require("/" not in self.hosts[0], f"{where}: the first of hosts must not be a network")
        unknown = [codec for codec in self.codecs if codec not in CODECS]
        known = ", ".join(CODECS)
        _require(not unknown, f"{where}: codecs: {unknown} unknown; there are {known}")
        _require(self.codecs, f'{where}: codecs is empty; write codecs = ["ulaw", "alaw"]')
        _require(re.fullmatch(r"[a-z]{2}(_[A-Z]{2})?", self.language), f"{where}: language: en")
        _require_port(self.port, f"{where}: port")
        _require(self.max_calls >= 0, f"{where}: max_calls must be 0 (no limit) or more")
        _require(0 <= self.qualify_seconds <= 86400, f"{where}: qualify_seconds: 0 to 86400")
        registering = self.kind == "registering"
        _require(
            not registering or (self.username and self.secret),
            f"{where}: a registering trunk needs username and secret",
        )
        _require(
            re.fullmatch(r"[^\s;<>@\"]*", self.username),
            f"{where}: username must not hold blanks, quotes or any of ; < > @",
        )


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """Everything that differs between two instances of the switch. Loopback unless told."""

    run_folder: Path
    modules_dir: Path
    data_dir: Path
    sounds_dir: Path
    moh_dir: Path
    system_name: str = "cc1"
    sip_bind: str = "127.0.0.1"
    sip_port: int = 5060
    tls_port: int = 5061
    http_port: int = 8088
    ami_port: int = 5038
    rtp_first: int = 10000
    rtp_last: int = 20000
    external_address: str = ""
    """What the outside calls us, where a router stands between; empty when there is none."""
    local_nets: tuple[str, ...] = ()
    certificate: Path | None = None
    private_key: Path | None = None
    authorities: Path | None = None
    """Who may vouch for a carrier that is reached by TLS."""
    trunks: tuple[Trunk, ...] = ()
    max_calls: int = 5000
    max_call_seconds: int = 6 * 3600
    """Last bound on a call's length: nothing lives for ever if nobody is there."""
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    ice_host_candidates: tuple[tuple[str, str], ...] = ()
    """(own address, address to offer instead) for browsers on loopback."""
    prompts_dir: Path | None = None
    """Played as `sound:cc/<name>`."""

    def __post_init__(self) -> None:
        _require(
            re.fullmatch(r"[a-z0-9]{1,16}", self.system_name),
            f"system_name is {self.system_name!r}; write 1 to 16 of a-z 0-9, for example cc1",
        )
        for name in ("sip_port", "tls_port", "http_port", "ami_port", "rtp_first", "rtp_last"):
            _require_port(getattr(self, name), name)
        _require(
            self.rtp_last - self.rtp_first >= 3,
            f"rtp_first {self.rtp_first} and rtp_last {self.rtp_last} leave no room; a call needs "
            "two ports a leg, so write for example 10000 and 20000",
        )
        _require(is_address(self.sip_bind), f"sip_bind is {self.sip_bind!r}; write an address")
        _require(
            not self.external_address or is_host(self.external_address),
            f"external_address is {self.external_address!r}; write an address or a name",
        )
        for net in self.local_nets:
            _require(is_network(net), f"local_nets: {net!r}; write for example 192.168.0.0/16")
        _require(
            (self.certificate is None) == (self.private_key is None),
            "certificate and private_key go together; write both or neither",
        )
        _require(self.max_calls > 0, "max_calls must be more than 0")
        names = [trunk.name for trunk in self.trunks]
        _require(len(set(names)) == len(names), f"two trunks have the same name: {names}")
        _require(
            self.certificate or all(trunk.transport != "tls" for trunk in self.trunks),
            "a trunk over tls needs certificate and private_key",
        )
        _require(
            self.authorities or all(trunk.transport != "tls" for trunk in self.trunks),
            "a trunk over tls needs authorities, who vouch for the carrier: install the package "
            "ca-certificates, or write the PEM file with them into authorities",
        )

    @property
    def state_dir(self) -> Path:
        """Everything of Asterisk's own that this instance writes."""
        return self.run_folder / "asterisk"

    @property
    def etc_dir(self) -> Path:
        """The rendered configuration."""
        return self.state_dir / "etc"

    @property
    def conf(self) -> Path:
        """The `asterisk.conf` that names all the rest."""
        return self.etc_dir / "asterisk.conf"


def _require(condition: object, complaint: str) -> None:
    if not condition:
        raise PlanError(complaint)


def _require_port(port: int, name: str) -> None:
    _require(0 < port < 65536, f"{name} is {port}; a port is 1 to 65535")
