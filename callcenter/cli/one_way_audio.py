"""The doctor's look at audio: why one side may hear nothing.

SIP says where audio is to be sent. Behind a router that is a private address unless we were told the
public one, and then the call is up and silent. The settings show most of it; for calls that are up,
the packets that Asterisk counts show which leg is silent.
"""

import ipaddress
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from callcenter.adapters.asterisk.looking import Silence
from callcenter.cli.ask_switch import switch_look
from callcenter.cli.findings import Finding, and_more, broken, doubtful, fine
from callcenter.core.ids import LegId, is_offer_leg

if TYPE_CHECKING:
    from callcenter.settings import Settings

_PORTS_A_CALL: Final = 4
_PROBED: Final = 25
_SETTLED: Final = timedelta(seconds=3)
_MOST_LEGS: Final = 50
_EPHEMERAL: Final = "/proc/sys/net/ipv4/ip_local_port_range"


def check_addresses(settings: "Settings") -> Iterator[Finding]:
    """Whether far ends are told an address at which we can be reached."""
    sip = settings.sip
    bind = ipaddress.ip_address(sip.bind)
    if bind.is_loopback:
        yield fine(
            "audio", "this machine only (callcenter expose)", "仅限本机（callcenter expose）"
        )
        return
    if not sip.external_address:
        yield _without_external_address(settings)
        return
    external = _resolved(sip.external_address)
    if external is None:
        yield broken(
            "audio",
            f"external_address {sip.external_address} cannot be resolved: outside calls are silent",
            f"external_address {sip.external_address} 无法解析：外部通话将没有声音",
            mend=(
                "callcenter expose --address PUBLIC-ADDRESS",
                "callcenter expose --address 公网地址",
            ),
        )
    elif external.is_private:
        yield doubtful(
            "audio",
            f"external_address {external} is a private address: carriers on the internet cannot reach it",
            f"external_address {external} 是私有地址：互联网上的运营商无法访问",
            mend=(
                "Right only if all trunks are in a private network; else: callcenter expose --address "
                "PUBLIC-ADDRESS",
                "仅当所有中继都在专网内时才正确；否则：callcenter expose --address 公网地址",
            ),
        )
    elif not sip.local_nets:
        yield doubtful(
            "audio",
            "no local_nets: phones in this building are told the outside address, and many routers do "
            "not turn such packets round, so one side hears nothing",
            "未设置 local_nets：内网话机会被告知外部地址，许多路由器不支持回流，会出现单通",
            mend=(
                "callcenter expose --local-net 192.168.0.0/16 (your networks)",
                "callcenter expose --local-net 192.168.0.0/16（您的网段）",
            ),
        )
    else:
        yield fine("audio", f"far ends are told {external}", f"对外通告地址 {external}")


def _without_external_address(settings: "Settings") -> Finding:
    own = _own_address()
    public = own is not None and own.is_global
    if public or not settings.trunks:
        return fine("audio", f"far ends are told {own}", f"对外通告地址 {own}")
    return doubtful(
        "audio",
        f"carriers are told {own}, an address of this network only: callers from outside may hear "
        "us not, or we not them",
        f"向运营商通告的是内网地址 {own}：与外部的通话可能单通",
        mend=(
            "If a router stands between: callcenter expose --address PUBLIC-ADDRESS --local-net NET",
            "若中间有路由器：callcenter expose --address 公网地址 --local-net 网段",
        ),
    )


def _own_address() -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address with which we go out. No packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return ipaddress.ip_address(probe.getsockname()[0])
        except OSError:
            return None


def _resolved(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.getaddrinfo(text, None)[0][4][0])
    except (OSError, ValueError):
        return None


def check_rtp_range(settings: "Settings") -> Iterator[Finding]:
    """Whether the ports for audio are enough, and to be had."""
    sip = settings.sip
    span = sip.rtp_last - sip.rtp_first + 1
    taken = _taken(sip.bind, sip.rtp_first, sip.rtp_last)
    legs = switch_look(settings).legs()
    calls_up = 0 if isinstance(legs, Silence) else len(legs)
    where = f"UDP {sip.rtp_first}-{sip.rtp_last}"
    if taken > _PROBED // 2 and not calls_up:
        yield broken(
            "audio ports",
            f"{where}: another program holds most of them",
            f"{where}：大部分被其他程序占用",
            mend=("callcenter expose --rtp 30000-32000", "callcenter expose --rtp 30000-32000"),
        )
        return
    first, last = _ephemeral()
    if sip.rtp_first <= last and first <= sip.rtp_last:
        yield doubtful(
            "audio ports",
            f"{where} lies among the ports this machine gives to any program ({first}-{last})",
            f"{where} 与本机临时端口范围（{first}-{last}）重叠",
            mend=("callcenter expose --rtp 10000-20000", "callcenter expose --rtp 10000-20000"),
        )
        return
    room = span // _PORTS_A_CALL
    yield fine("audio ports", f"{where}, for {room} calls", f"{where}，可容纳 {room} 个通话")


def _taken(bind: str, first: int, last: int) -> int:
    """How many of some ports, evenly over the range, cannot be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    step = max(1, (last - first) // _PROBED)
    taken = 0
    for port in range(first, last + 1, step):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((bind, port))
            except OSError:
                taken += 1
    return taken


def _ephemeral() -> tuple[int, int]:
    try:
        with open(_EPHEMERAL) as file:
            first, last = map(int, file.read().split())
    except (OSError, ValueError):
        return 0, -1
    return first, last


def check_live_audio(settings: "Settings") -> Iterator[Finding]:
    """For calls that are up: which leg sends nothing, and what that means."""
    look = switch_look(settings)
    legs = look.legs()
    if isinstance(legs, Silence):
        return
    up = [leg for leg in legs if leg["state"] == "Up" and _is_settled(leg["creationtime"])][
        :_MOST_LEGS
    ]
    if not up:
        return
    deaf: list[str] = []
    for leg in up:
        counted = look.packets(leg["id"])
        if not isinstance(counted, Silence) and counted["rxcount"] == 0:
            deaf.append(_who(leg["id"], counted["txcount"]))
    if not deaf:
        yield fine("live audio", f"{len(up)} legs all send", f"{len(up)} 条线路均有音频")
        return
    listed = and_more(deaf)
    yield broken(
        "live audio",
        f"nothing comes from: {listed}",
        f"未收到音频：{listed}",
        mend=(
            "What we send reaches a far end that answers to the wrong address or through a closed door:\n"
            f"let UDP {settings.sip.rtp_first}-{settings.sip.rtp_last} in through firewall and router;\n"
            "set the outside address and the local networks (callcenter expose);\n"
            "for a browser: has the page the microphone, and does it need a TURN server?",
            "对端向错误的地址发送音频，或被防火墙阻挡：\n"
            f"请在防火墙和路由器上放行 UDP {settings.sip.rtp_first}-{settings.sip.rtp_last}；\n"
            "设置外部地址和本地网段（callcenter expose）；\n"
            "若是浏览器：是否已授权麦克风，是否需要 TURN 服务器？",
        ),
    )


def _is_settled(created_at: str) -> bool:
    try:
        begun = datetime.fromisoformat(created_at)
    except ValueError:
        return True
    return datetime.now(UTC) - begun > _SETTLED


def _who(leg: str, sent: int) -> str:
    """Whose leg it is, without the caller's number: a report is passed around."""
    side = "agent" if is_offer_leg(LegId(leg)) else "caller"
    return f"{side} {leg} (0 in, {sent} out)"


AUDIO_CHECKS: Final = (check_addresses, check_rtp_range, check_live_audio)
