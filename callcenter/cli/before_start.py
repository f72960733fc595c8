"""What is refused before anything is started, because the programs would stumble over it or keep silent."""

import socket
from typing import TYPE_CHECKING, Final

import click

from callcenter.cli.wording import said
from callcenter.host.free_ports import Door, try_door

if TYPE_CHECKING:
    from callcenter.settings import Settings


def check_ports(settings: "Settings") -> None:
    """Say which port cannot be had before three programs stumble over it, or, as Asterisk does, go on
    without it. Raises: click.ClickException."""
    shut = {
        _SHUT[door].format(host=host, port=port, name=name): door
        for kind, host, port, name in _doors(settings)
        if (door := try_door(kind, host, port)) is not Door.FREE
    }
    if not shut:
        return
    head = "We cannot listen where we should.\n无法在所设的位置监听。"
    if Door.TAKEN in shut.values():
        head = (
            "Another program holds our ports. Is the centre running already?\n"
            "其他程序占用了端口。呼叫中心是否已在运行？"
        )
    lines = "\n".join(f"  {line}" for line in shut)
    raise click.ClickException(
        f"{head}\n{lines}\n  (in callcenter.toml, or e.g. CALLCENTER_EDGE_PORT=9080 scripts/start)"
    )


_SHUT: Final = {
    Door.TAKEN: "port {port} is in use; set another as {name}  端口被占用，请另设 {name}",
    Door.FORBIDDEN: (
        "port {port} is not for ordinary users: set {name} to 1024 or more, or run as root or under systemd"
        " (sudo callcenter service install)\n"
        "  普通用户不能使用端口 {port}：请将 {name} 设为 1024 以上，或以 root 或 systemd 运行"
        "（sudo callcenter service install）"
    ),
    Door.ELSEWHERE: (
        "{host} is not an address of this machine ({name}): set bind to 0.0.0.0, or to one that is"
        "  {host} 不是本机地址：请将 bind 设为 0.0.0.0 或本机地址"
    ),
}


def _doors(settings: "Settings") -> list[tuple[socket.SocketKind, str, int, str]]:
    """Everywhere we listen: how, where, and by which setting."""
    tcp, udp, sip = socket.SOCK_STREAM, socket.SOCK_DGRAM, settings.sip
    return [
        (tcp, "127.0.0.1", settings.http.port, "[http] port"),
        (tcp, settings.edge.bind, settings.edge.port, "[edge] port"),
        (tcp, "127.0.0.1", settings.switch.http_port, "[switch] http_port"),
        (tcp, sip.bind, sip.port, "[sip] port"),
        (udp, sip.bind, sip.port, "[sip] port"),
        *([(tcp, sip.bind, sip.tls_port, "[sip] tls_port")] if sip.certificate else []),
    ]


def check_region(settings: "Settings") -> None:
    """Refuse a country that nobody knows: every number would be left as it was dialled, and nobody told.
    Raises: click.ClickException."""
    from callcenter.core.numbers import is_region

    region = settings.centre.region
    if not is_region(region):
        raise click.ClickException(
            said(
                f'[centre] region: there is no country {region!r}; write for example "DE", "GB" or "CN"',
                f'[centre] region：没有国家 {region!r}；例如 "DE"、"GB" 或 "CN"',
            )
        )


def check_certificate(settings: "Settings") -> None:
    """Refuse a certificate that Asterisk cannot use: it would go on without TLS and say so in a log.
    One that has expired may stay: phones may not mind, and the doctor does. Raises: click.ClickException.
    """
    sip = settings.sip
    if not (sip.certificate and sip.private_key):
        return  # With one of the two the plan complains.
    from callcenter.cli.certificates import CertificateUnusable, read_fitting

    try:
        read_fitting(settings.path(sip.certificate), settings.path(sip.private_key))
    except CertificateUnusable as error:
        raise click.ClickException(f"[sip] certificate, private_key: {error}") from None
