"""What is refused before anything is started, because the programs would stumble over it or keep silent."""

import socket
from typing import TYPE_CHECKING

import click

from callcenter.cli.wording import said
from callcenter.host.free_ports import is_free

if TYPE_CHECKING:
    from callcenter.settings import Settings


def check_ports(settings: "Settings") -> None:
    """Say which port is taken before three programs stumble over it, or, as Asterisk does, go on
    without it. Raises: click.ClickException."""
    tcp, udp, sip = socket.SOCK_STREAM, socket.SOCK_DGRAM, settings.sip
    wanted = [
        (tcp, "127.0.0.1", settings.http.port, "[http] port"),
        (tcp, settings.edge.bind, settings.edge.port, "[edge] port"),
        (tcp, "127.0.0.1", settings.switch.http_port, "[switch] http_port"),
        (tcp, sip.bind, sip.port, "[sip] port"),
        (udp, sip.bind, sip.port, "[sip] port"),
        *([(tcp, sip.bind, sip.tls_port, "[sip] tls_port")] if sip.certificate else []),
    ]
    taken = {
        (port, name): None for kind, host, port, name in wanted if not is_free(kind, host, port)
    }
    if taken:
        lines = [
            f"  port {port} is in use; set another as {name}  端口被占用，请另设 {name}"
            for port, name in taken
        ]
        raise click.ClickException(
            "Another program holds our ports. Is the centre running already?\n"
            "其他程序占用了端口。呼叫中心是否已在运行？\n"
            + "\n".join(lines)
            + "\n  (in callcenter.toml, or e.g. CALLCENTER_EDGE_PORT=9080 scripts/start)"
        )


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
