"""`callcenter expose`: open the centre to the network, deliberately, one thing at a time.

Out of the box everything listens on this machine only. This command writes the settings that change
that, refuses what cannot work, and says which doors of the firewall are needed.
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from callcenter.cli.context import config_path, load_settings
from callcenter.cli.settings_file import change
from callcenter.cli.wording import said, tell

if TYPE_CHECKING:
    from callcenter.settings import Settings

ANYWHERE: Final = "0.0.0.0"
_LOOPBACK: Final = "127.0.0.1"
_HOST: Final = re.compile(
    r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_TURN: Final = re.compile(r"turns?:[A-Za-z0-9.\[\]:-]+(\?transport=(udp|tcp))?")
_FEWEST_RTP_PORTS: Final = 100
_PORTS_A_CALL: Final = 4  # two legs, each with RTP and RTCP

Values = dict[tuple[str, str], Any]


@click.command()
@click.option("--address", help="What the outside calls us: public address or name.")
@click.option("--no-address", is_flag=True, help="No router between us and the outside.")
@click.option(
    "--local-net", "local_nets", multiple=True, help="A network without a router between."
)
@click.option("--sip", "sip_bind", help="Address on which SIP listens, such as 0.0.0.0.")
@click.option("--rtp", help="Ports for audio, such as 10000-20000.")
@click.option(
    "--page", "page_bind", help="Address on which page and API listen; needs --certificate."
)
@click.option("--page-port", type=click.IntRange(1, 65535), help="Port of page and API.")
@click.option("--certificate", type=click.Path(path_type=Path), help="PEM, with its chain.")
@click.option("--private-key", type=click.Path(path_type=Path), help="PEM.")
@click.option("--self-signed", is_flag=True, help="Make a certificate: for trying, browsers warn.")
@click.option("--turn", "turn_urls", multiple=True, help="turn:host:3478?transport=udp")
@click.option(
    "--turn-secret-file",
    type=click.Path(exists=True, path_type=Path),
    help="coturn's static-auth-secret.",
)
@click.option("--close", is_flag=True, help="Back to this machine only.")
@click.pass_context
def expose(context: click.Context, /, **wish: Any) -> None:
    """Open SIP, audio and HTTPS to the network. Without options it says how things are."""
    path = config_path(context)
    values = _closed() if wish.pop("close") else _wanted(wish)
    if values:
        before = load_settings(context)
        _check_together(before, values)
        change(path, values)
        tell(f"Written to {path}:", f"已写入 {path}：")
        for (section, key), value in values.items():
            shown = "***" if "secret" in key else ("-" if value is None else value)
            click.echo(f"  [{section}] {key} = {shown}")
        tell(
            "It holds from the next start on (Ctrl-C, then scripts/start).",
            "下次启动后生效（Ctrl-C 后重新执行 scripts/start）。",
        )
        click.echo()
    _explain(load_settings(context))


def _closed() -> Values:
    return {
        ("sip", "bind"): _LOOPBACK,
        ("sip", "external_address"): None,
        ("sip", "local_nets"): None,
        ("edge", "bind"): _LOOPBACK,
    }


def _wanted(wish: Mapping[str, Any]) -> Values:
    """The settings that the options ask for. Raises: click.BadParameter, saying what to write."""
    values: Values = {}
    if wish["address"]:
        values["sip", "external_address"] = _external(wish["address"])
    if wish["no_address"]:
        values["sip", "external_address"] = None
    if wish["local_nets"]:
        values["sip", "local_nets"] = tuple(_network(net) for net in wish["local_nets"])
    if wish["sip_bind"]:
        values["sip", "bind"] = _own_address(wish["sip_bind"], "--sip")
    if wish["rtp"]:
        values["sip", "rtp_first"], values["sip", "rtp_last"] = _ports(wish["rtp"])
    if wish["page_bind"]:
        values["edge", "bind"] = _own_address(wish["page_bind"], "--page")
    if wish["page_port"]:
        values["edge", "port"] = wish["page_port"]
    values |= _certificate(wish)
    if wish["turn_urls"]:
        values["edge", "turn_urls"] = tuple(_turn(url) for url in wish["turn_urls"])
    if wish["turn_secret_file"]:
        values["edge", "turn_secret"] = _secret(wish["turn_secret_file"])
    return values


def _external(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        if _HOST.fullmatch(text):
            return text
        raise _bad(
            "--address",
            f"{text!r} is neither an address nor a name; write 203.0.113.7 or sip.example.net",
            f"{text!r} 既不是地址也不是域名；请写 203.0.113.7 或 sip.example.net",
        ) from None
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        raise _bad(
            "--address",
            f"{text} cannot be reached from anywhere else; write the address the outside sees",
            f"其他机器无法访问 {text}；请写外部可见的地址",
        )
    return text


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _bad(
            "--local-net",
            f"{text!r} is no network; write for example 192.168.0.0/16",
            f"{text!r} 不是网段；例如 192.168.0.0/16",
        ) from None
    if network.prefixlen == 0:
        raise _bad(
            "--local-net",
            "the whole world is not local: nobody would be told the external address",
            "整个互联网不是本地网络：那样外部地址永远不会被使用",
        )
    return str(network)


def _own_address(text: str, option: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _bad(
            option,
            f"{text!r} is no address; write 0.0.0.0 for all of this machine's, or one of them",
            f"{text!r} 不是地址；0.0.0.0 表示本机所有地址，或写其中一个",
        ) from None
    if address.is_multicast or not (address.is_unspecified or _is_ours(str(address))):
        raise _bad(
            option,
            f"{text} is not an address of this machine; write 0.0.0.0 or one that is",
            f"{text} 不是本机地址；请写 0.0.0.0 或本机地址",
        )
    return text


def _is_ours(address: str) -> bool:
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _ports(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text.strip())
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1024 <= first < last <= 65535:
        raise _bad(
            "--rtp",
            f"{text!r} is no range of ports; write for example 10000-20000",
            f"{text!r} 不是端口范围；例如 10000-20000",
        )
    if last - first + 1 < _FEWEST_RTP_PORTS:
        raise _bad(
            "--rtp",
            f"{last - first + 1} ports carry {(last - first + 1) // _PORTS_A_CALL} calls at most; "
            f"write at least {_FEWEST_RTP_PORTS} ports",
            f"{last - first + 1} 个端口最多支持 {(last - first + 1) // _PORTS_A_CALL} 个通话；"
            f"请至少给出 {_FEWEST_RTP_PORTS} 个端口",
        )
    return first, last


def _certificate(wish: Mapping[str, Any]) -> Values:
    certificate, key = wish["certificate"], wish["private_key"]
    if wish["self_signed"]:
        if certificate or key:
            raise _bad(
                "--self-signed", "not together with --certificate", "不能与 --certificate 同用"
            )
        return {("edge", "certificate"): "self-signed", ("edge", "private_key"): None}
    if certificate is None and key is None:
        return {}
    if certificate is None or key is None:
        raise _bad(
            "--certificate",
            "--certificate and --private-key go together",
            "--certificate 和 --private-key 必须同时给出",
        )
    from callcenter.cli.certificates import CertificateUnusable, read_pair

    try:
        read_pair(certificate, key)
    except CertificateUnusable as error:
        raise click.BadParameter(str(error), param_hint="--certificate") from None
    names = {"certificate": str(certificate.absolute()), "private_key": str(key.absolute())}
    return {(part, name): value for part in ("edge", "sip") for name, value in names.items()}


def _turn(url: str) -> str:
    if not _TURN.fullmatch(url):
        raise _bad(
            "--turn",
            f"{url!r} is no TURN address; write turn:turn.example.net:3478?transport=udp",
            f"{url!r} 不是 TURN 地址；例如 turn:turn.example.net:3478?transport=udp",
        )
    return url


def _secret(path: Path) -> str:
    secret = path.read_text("utf-8").strip()
    if not secret or not secret.isprintable():
        raise _bad("--turn-secret-file", f"{path} holds no secret", f"{path} 中没有密钥")
    return secret


def _check_together(settings: "Settings", values: Values) -> None:
    """What can only be judged with all settings in view."""

    def now(section: str, key: str) -> Any:
        if (section, key) in values:
            return values[section, key] or ""
        return getattr(getattr(settings, section), key)

    page = now("edge", "bind")
    if not ipaddress.ip_address(page).is_loopback and not now("edge", "certificate"):
        raise _bad(
            "--page",
            "passwords would cross the network in the clear, and browsers give no microphone to a "
            "page without HTTPS; add --certificate and --private-key, or --self-signed for trying",
            "密码会以明文传输，且没有 HTTPS 浏览器不会提供麦克风；"
            "请加上 --certificate 和 --private-key，试用可加 --self-signed",
        )
    if now("sip", "external_address") and ipaddress.ip_address(now("sip", "bind")).is_loopback:
        raise _bad(
            "--address",
            "SIP listens on this machine only, so nobody outside could use that address; "
            f"add --sip {ANYWHERE}",
            f"SIP 仅监听本机，外部无法使用该地址；请加上 --sip {ANYWHERE}",
        )
    first, last = now("sip", "rtp_first"), now("sip", "rtp_last")
    for section, key in (
        ("sip", "port"),
        ("sip", "tls_port"),
        ("edge", "port"),
        ("http", "port"),
        ("switch", "http_port"),
        ("switch", "ami_port"),
    ):
        port = now(section, key)
        if first <= port <= last:
            raise _bad(
                "--rtp",
                f"[{section}] {key} = {port} lies in the range for audio",
                f"[{section}] {key} = {port} 落在音频端口范围内",
            )
    if bool(now("edge", "turn_urls")) != bool(now("edge", "turn_secret")):
        raise _bad(
            "--turn",
            "--turn and --turn-secret-file go together",
            "--turn 和 --turn-secret-file 必须同时给出",
        )


def _explain(settings: "Settings") -> None:
    """How things are, and what the firewall must let through."""
    sip, edge = settings.sip, settings.edge
    sip_open = not ipaddress.ip_address(sip.bind).is_loopback
    page_open = not ipaddress.ip_address(edge.bind).is_loopback
    scheme = "https" if edge.certificate else "http"
    here = said("this machine only", "仅本机")
    tell(
        f"SIP    {sip.bind}:{sip.port} UDP and TCP" + ("" if sip_open else f"  ({here})"),
        f"SIP    {sip.bind}:{sip.port} UDP 和 TCP" + ("" if sip_open else f"  （{here}）"),
    )
    tell(f"audio  UDP {sip.rtp_first}-{sip.rtp_last}", f"音频   UDP {sip.rtp_first}-{sip.rtp_last}")
    tell(
        f"page   {scheme}://{edge.bind}:{edge.port}/" + ("" if page_open else f"  ({here})"),
        f"网页   {scheme}://{edge.bind}:{edge.port}/" + ("" if page_open else f"  （{here}）"),
    )
    if sip.external_address:
        nets = ", ".join(sip.local_nets) or said("none", "无")
        tell(
            f"The outside is told {sip.external_address}; local networks: {nets}.",
            f"对外地址：{sip.external_address}；本地网段：{nets}。",
        )
    _say_if_forbidden(edge.bind, edge.port)
    doors = _doors(settings, sip_open=sip_open, page_open=page_open)
    if doors:
        click.echo()
        tell("Let these through firewall and router:", "请在防火墙和路由器上放行：")
        for door in doors:
            click.echo(f"  {door}")
    if sip_open and not settings.trunks:
        click.echo()
        tell(
            "No trunk is set, so calls from the network are refused; see [[trunks]] in the README.",
            "尚未配置中继，来自网络的呼叫会被拒绝；见 README 中的 [[trunks]]。",
        )


def _say_if_forbidden(bind: str, port: int) -> None:
    """Browsers like 443; ordinary users may not have it."""
    from socket import SOCK_STREAM

    from callcenter.host.free_ports import Door, try_door

    if try_door(SOCK_STREAM, bind, port) is not Door.FORBIDDEN:
        return
    click.echo()
    tell(
        f"Port {port} is not for ordinary users: take one from 1024 on, or run the centre as root or under"
        " systemd (sudo callcenter service install).",
        f"普通用户不能使用端口 {port}：请改用 1024 以上的端口，或以 root 或 systemd 运行"
        "（sudo callcenter service install）。",
    )


def _doors(settings: "Settings", *, sip_open: bool, page_open: bool) -> list[str]:
    sip = settings.sip
    doors = []
    if sip_open:
        doors += [f"udp {sip.port}", f"tcp {sip.port}"]
        doors += [f"tcp {sip.tls_port} (SIP TLS)"] if sip.certificate else []
        doors += [f"udp {sip.rtp_first}-{sip.rtp_last}"]
    return [*doors, f"tcp {settings.edge.port}"] if page_open else doors


def _bad(option: str, en: str, zh: str) -> click.BadParameter:
    return click.BadParameter(said(en, zh), param_hint=option)
