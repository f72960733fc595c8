"""Renders `asterisk-conf/` and `dialplan/` into an instance's own folder, secrets included.

The folder is rewritten at each start: the templates and the settings are the truth, the copy is
nobody's to edit. Folders are 0700 and files 0600, because trunk and ARI secrets are in them.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callcenter.host.documentation import ensure_short_documentation
from callcenter.host.plan import SwitchPlan, Trunk
from callcenter.host.secret_file import ensure_secrets
from callcenter.host.template import Block, Value, render

ARI_USER = "cc"
MONITOR_USER = "monitor"
# Pieces of pjsip.conf that are rendered once per trunk, not files of their own.
PIECES = {"pjsip-tls.conf", "pjsip-trunk.conf", "pjsip-registration.conf"}
# The header in which a carrier says which number was dialled; none: in the request itself.
_NUMBER_IN = {"request": "", "to": "To", "p-called-party-id": "P-Called-Party-ID"}
_SPARE_LEGS = 50  # beyond a caller and an agent for each call: legs that ring, or are about to go
CONTROL_SOCKET_LIMIT = 100  # A Unix socket's path is cut off at 107 bytes by the kernel.


@dataclass(frozen=True, slots=True)
class Rendered:
    """An instance that can be started, and how to speak to it."""

    conf: Path
    log: Path
    ari_url: str
    """Without a slash at the end, for example `http://127.0.0.1:8088/ari`."""
    ari_user: str
    ari_password: str = field(repr=False)
    monitor_user: str
    monitor_password: str = field(repr=False)
    trunk_endpoints: Mapping[str, str]
    """Trunk name to the random name of its endpoint: calls out go to `PJSIP/<number>@<name>`."""
    recordings_dir: Path
    """Where ARI recordings appear."""


def find_templates() -> Path:
    """The folder that holds `asterisk-conf/` and `dialplan/`: the clone, or the installed package."""
    package = Path(__file__).resolve().parent.parent
    clone = package.parent
    return clone if (clone / "asterisk-conf").is_dir() else package / "data"


def render_instance(plan: SwitchPlan, templates: Path | None = None) -> Rendered:
    """Write the whole configuration of `plan`; secrets are made on the first call and then kept.

    Raises:
        TemplateError: a template and the values do not fit together.
        SecretsUnreadable: the file with the secrets is damaged.
    """
    templates = templates or find_templates()
    secrets = ensure_secrets(plan.run_folder, ["ari_password", "monitor_password"])
    endpoints = trunk_endpoints(plan.run_folder, [trunk.name for trunk in plan.trunks])
    _make_folders(plan)
    values = _values(plan, secrets)
    values |= _pjsip(plan, endpoints, templates / "asterisk-conf")
    fresh = Path(tempfile.mkdtemp(prefix=".etc-", dir=plan.state_dir))
    (fresh / "dialplan").mkdir(mode=0o700)
    for source in sorted((templates / "asterisk-conf").glob("*.conf")):
        if source.name not in PIECES:
            _write(fresh / source.name, source, values)
    for source in sorted((templates / "dialplan").glob("*.conf")):
        _write(fresh / "dialplan" / source.name, source, values)
    shutil.rmtree(plan.etc_dir, ignore_errors=True)
    os.rename(fresh, plan.etc_dir)
    return Rendered(
        conf=plan.conf,
        log=plan.state_dir / "log/messages",
        ari_url=f"http://127.0.0.1:{plan.http_port}/ari",
        ari_user=ARI_USER,
        ari_password=secrets["ari_password"],
        monitor_user=MONITOR_USER,
        monitor_password=secrets["monitor_password"],
        trunk_endpoints=endpoints,
        recordings_dir=plan.state_dir / "spool/recording",
    )


def trunk_endpoints(run_folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The random name of each trunk's endpoint, by the trunk's name; the same ever after."""
    secrets = ensure_secrets(run_folder, [_key(name) for name in names])
    # Lower-case hex: an endpoint's name is compared in a header, where case may get lost.
    return {
        name: "tk-" + hashlib.sha256(secrets[_key(name)].encode()).hexdigest()[:20]
        for name in names
    }


def _key(trunk: str) -> str:
    return f"trunk_{trunk}"


def _values(plan: SwitchPlan, secrets: Mapping[str, str]) -> dict[str, Value]:
    ice = "".join(f"{own} => {offered}\n" for own, offered in plan.ice_host_candidates)
    return {
        "etc_dir": plan.etc_dir,
        "state_dir": plan.state_dir,
        "control_dir": _control_dir(plan.state_dir),
        "modules_dir": plan.modules_dir,
        "moh_dir": plan.moh_dir,
        "system_name": plan.system_name,
        "max_legs": 2 * plan.max_calls + _SPARE_LEGS,
        "max_call_seconds": plan.max_call_seconds,
        "heartbeat_seconds": plan.heartbeat_seconds,
        "sip_bind": plan.sip_bind if ":" not in plan.sip_bind else f"[{plan.sip_bind}]",
        "sip_port": plan.sip_port,
        "tls_port": plan.tls_port,
        "http_port": plan.http_port,
        "ami_port": plan.ami_port,
        "rtp_first": plan.rtp_first,
        "rtp_last": plan.rtp_last,
        "ari_user": ARI_USER,
        "ari_password": secrets["ari_password"],
        "monitor_user": MONITOR_USER,
        "monitor_password": secrets["monitor_password"],
        "ice": Block(f"\n[ice_host_candidates]\n{ice}" if ice else ""),
        "nat": Block(_nat(plan)),
        "media": Block(_media(plan)),
    }


def _nat(plan: SwitchPlan) -> str:
    lines = [f"local_net = {net}" for net in plan.local_nets]
    if plan.external_address:
        lines += [
            f"external_media_address = {plan.external_address}",
            f"external_signaling_address = {plan.external_address}",
        ]
    return "\n".join(lines)


def _media(plan: SwitchPlan) -> str:
    """Keep media on the address that signalling was bound to, when that was one address."""
    if plan.sip_bind in ("0.0.0.0", "::"):
        return ""
    return f"media_address = {plan.sip_bind}\nbind_rtp_to_media_address = yes"


def _pjsip(plan: SwitchPlan, endpoints: Mapping[str, str], conf: Path) -> dict[str, Value]:
    shared: dict[str, Value] = {
        "sip_bind": plan.sip_bind,
        "nat": Block(_nat(plan)),
        "media": Block(_media(plan)),
    }
    tls = ""
    if plan.certificate and plan.private_key:
        keys: dict[str, Value] = {
            "tls_port": plan.tls_port,
            "certificate": plan.certificate,
            "private_key": plan.private_key,
            "vouched": Block(_vouched(plan)),
        }
        tls = _piece(conf / "pjsip-tls.conf", shared | keys)
    trunks = [_trunk(trunk, endpoints[trunk.name], conf, shared) for trunk in plan.trunks]
    return {"tls": Block(tls), "trunks": Block("\n".join(trunks))}


def _vouched(plan: SwitchPlan) -> str:
    """Call nobody over TLS who cannot prove to be who we mean."""
    if plan.authorities is None:
        return ""
    return f"ca_list_file = {plan.authorities}\nverify_server = yes"


def _trunk(trunk: Trunk, endpoint: str, conf: Path, shared: Mapping[str, Value]) -> str:
    registering = trunk.kind == "registering"
    server = f"sip:{trunk.hosts[0]}:{trunk.port};transport={trunk.transport}".replace(";", "\\;")
    values: dict[str, Value] = {
        **shared,
        "name": trunk.name,
        "endpoint": endpoint,
        "codecs": ",".join(trunk.codecs),
        "dtmf": trunk.dtmf,
        "session_timers": trunk.session_timers,
        "trust_identity": trunk.trust_identity,
        "language": trunk.language,
        "max_calls": trunk.max_calls,
        "qualify_seconds": trunk.qualify_seconds,
        "number_in": _NUMBER_IN[trunk.number_in],
        "contacts": Block(f"contact = {server}"),
        "identifies": Block(_identifies(trunk, endpoint)),
        "signed_in": Block(_signed_in(trunk, endpoint) if registering else ""),
        "username": trunk.username,
        "secret": trunk.secret,
        "server_uri": Block(server),
        "client_uri": f"sip:{trunk.username}@{trunk.hosts[0]}",
    }
    registration = _piece(conf / "pjsip-registration.conf", values) if registering else ""
    return _piece(conf / "pjsip-trunk.conf", {**values, "registration": Block(registration)})


def _identifies(trunk: Trunk, endpoint: str) -> str:
    """One section for each host: a name that nobody knows when the switch starts takes its section along,
    and with it every address beside it."""
    return "\n\n".join(
        f"[{endpoint}-{number}]\ntype = identify\nendpoint = {endpoint}\nmatch = {host}"
        for number, host in enumerate(trunk.hosts, 1)
    )


def _signed_in(trunk: Trunk, endpoint: str) -> str:
    """What a carrier wants to see in calls from a customer who is known by name, not by address: the
    password when it asks, and From with the name. Who is calling is in P-Asserted-Identity."""
    domain = trunk.hosts[0]
    return f"outbound_auth = {endpoint}\nfrom_user = {trunk.username}\nfrom_domain = {domain}"


def _piece(path: Path, values: Mapping[str, Value]) -> str:
    return render(path.read_text(), values, source=path.name)


def _write(target: Path, source: Path, values: Mapping[str, Value]) -> None:
    text = render(source.read_text(), values, source=str(source))
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _make_folders(plan: SwitchPlan) -> None:
    state = plan.state_dir
    state.mkdir(parents=True, exist_ok=True)
    os.chmod(state, 0o700)
    for part in (
        "lib/keys",
        "log",
        "spool/recording",
        "spool/fallback",
        "fallback",
        "spool/tmp",
        "spool/monitor",
    ):
        (state / part).mkdir(parents=True, exist_ok=True)
    control = _control_dir(state)
    control.mkdir(mode=0o700, parents=True, exist_ok=True)
    if control.stat().st_uid != os.getuid():
        raise PermissionError(f"{control} belongs to somebody else; remove it")
    _link_data(plan, state / "data")


def control_socket(state_dir: Path) -> Path:
    """Where the console of an instance listens."""
    return _control_dir(state_dir) / "asterisk.ctl"


def _control_dir(state: Path) -> Path:
    """Where Asterisk's control socket lies: with the rest, or somewhere short if that is too deep."""
    own = state / "run"
    if len(os.fsencode(own / "asterisk.ctl")) <= CONTROL_SOCKET_LIMIT:
        return own
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"callcenter-{os.getuid()}-{name}"


def _link_data(plan: SwitchPlan, data: Path) -> None:
    """Lay out Asterisk's data folder: its own things by link, with our prompts among the sounds.

    Debian names the English sounds by their speaker and makes the link `en` when it installs,
    which unpacking alone does not.
    """
    shutil.rmtree(data, ignore_errors=True)
    (data / "sounds").mkdir(parents=True)
    for entry in plan.data_dir.iterdir():
        if entry.name not in ("sounds", "documentation"):
            (data / entry.name).symlink_to(entry)
    documentation = ensure_short_documentation(plan.data_dir / "documentation", plan.state_dir)
    (data / "documentation").symlink_to(documentation)
    english = plan.sounds_dir / "en"
    if not english.is_dir():
        english = next(iter(sorted(plan.sounds_dir.glob("en_*"))), english)
    (data / "sounds/en").symlink_to(english)
    if plan.prompts_dir:
        (data / "sounds/cc").symlink_to(plan.prompts_dir)
