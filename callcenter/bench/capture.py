"""When INVITEs come to the switch and leave it, by the kernel's clock, seen on the wire.

A packet socket with a filter in the kernel hands us the INVITEs alone, each stamped when it passed the
loopback. So neither SIPp's own pace nor ours is in the figures. It needs root (CAP_NET_RAW); without,
`can_capture` says no, and the benches fall back on SIPp's logs.
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ETH_P_IP: Final = 0x0800
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_SO_ATTACH_FILTER: Final = 26
_SO_TIMESTAMPNS: Final = 35
_SO_RCVBUFFORCE: Final = 33
_BUFFER: Final = 32 * 2**20
_SNAP: Final = 1500

_FROM = re.compile(rb"^(?:From|f)\s*:[^\r\n]*?sip:([^@;>\r\n]*)@", re.M | re.I)
_TO = re.compile(rb"^(?:To|t)\s*:[^\r\n]*", re.M | re.I)
_CALL_ID = re.compile(rb"^(?:Call-ID|i)\s*:\s*([^\r\n]+)", re.M | re.I)
_BRANCH = re.compile(rb"branch=([^;\s,]+)")
_USER = re.compile(rb"^INVITE sips?:([^@;>\s]*)")


@dataclass(frozen=True, slots=True)
class Invite:
    """One INVITE that began a call. `number` is the caller's, `user` whom it was sent to."""

    at: float
    number: str
    user: str
    to_switch: bool
    branch: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a capture saw. `again`: INVITEs that were sent more than once."""

    invites: tuple[Invite, ...]
    again: int
    dropped: int

    def join_to_ring(self) -> dict[str, float]:
        """Seconds from a caller's INVITE to the first INVITE to an agent, by the caller's number."""
        came: dict[str, float] = {}
        rang: dict[str, float] = {}
        for invite in self.invites:
            (came if invite.to_switch else rang).setdefault(invite.number, invite.at)
        return {number: at - came[number] for number, at in rang.items() if number in came}

    def rings(self) -> list[Invite]:
        """The INVITEs to agents."""
        return [invite for invite in self.invites if not invite.to_switch]


def can_capture() -> bool:
    """Whether packets may be looked at here."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except (OSError, AttributeError):
        return False
    return True


class Capture:
    """Sees the INVITEs to and from the switch at `address`, `port` from `with` to its end."""

    def __init__(self, address: str, port: int) -> None:
        self._switch = socket.inet_aton(address), port
        self._frames: list[tuple[float, bytes]] = []
        self._dropped = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._open = True

    def __enter__(self) -> "Capture":
        _attach_filter(self._socket, self._switch[1])
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.settimeout(0.1)
        self._socket.bind(("lo", _ETH_P_IP))
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._open = False
        self._thread.join()
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self._dropped = struct.unpack("II", statistics)[1]
        self._socket.close()

    def seen(self) -> Seen:
        """What passed so far."""
        return read_frames(list(self._frames), self._switch, self._dropped)

    def _listen(self) -> None:
        # Reads on until the kernel's buffer is empty: what came before the end belongs to us.
        space = socket.CMSG_SPACE(16)
        while True:
            try:
                frame, extra, _flags, _from = self._socket.recvmsg(_SNAP, space)
            except TimeoutError:
                if self._open:
                    continue
                return
            seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
            self._frames.append((seconds + nanoseconds / 1e9, frame))


def read_frames(
    frames: Iterable[tuple[float, bytes]], switch: tuple[bytes, int], dropped: int = 0
) -> Seen:
    """Ethernet frames to INVITEs; those inside a call and repeated ones are left out."""
    invites: list[Invite] = []
    known: set[tuple[bool, str]] = set()
    again = 0
    for at, frame in frames:
        invite = _invite(at, frame, switch)
        if invite is None:
            continue
        key = invite.to_switch, invite.branch
        if key in known:
            again += 1
            continue
        known.add(key)
        invites.append(invite)
    return Seen(tuple(invites), again, dropped)


def _invite(at: float, frame: bytes, switch: tuple[bytes, int]) -> Invite | None:
    start = 14 + (frame[14] & 0xF) * 4
    source_port, target_port = struct.unpack("!HH", frame[start : start + 4])
    text = frame[start + 8 :]
    to_switch = (frame[30:34], target_port) == switch
    if not to_switch and (frame[26:30], source_port) != switch:
        return None
    sender, user, recipient = _FROM.search(text), _USER.match(text), _TO.search(text)
    branch = _BRANCH.search(text) or _CALL_ID.search(text)
    if not (sender and user and branch and recipient) or b";tag=" in recipient[0]:
        return None
    return Invite(at, _plain(sender[1]), _plain(user[1]), to_switch, _plain(branch[1]))


def _plain(text: bytes) -> str:
    return text.decode("utf-8", "replace").replace("%2B", "+")


def _attach_filter(packets: socket.socket, port: int) -> None:
    """UDP from or to `port` that begins with INVITE; each packet once, although lo shows it twice."""
    outgoing, kind = 4, 0xFFFFF000 + 4  # PACKET_OUTGOING, SKF_AD_OFF + SKF_AD_PKTTYPE
    program = [
        (0x20, 0, 0, kind),  # what kind of packet
        (0x15, 10, 0, outgoing),  # … on its way out: drop, it comes in again
        (0x30, 0, 0, 23),  # IP protocol
        (0x15, 0, 8, 17),  # … not UDP: drop
        (0xB1, 0, 0, 14),  # X = length of the IP header
        (0x48, 0, 0, 14),  # source port
        (0x15, 2, 0, port),
        (0x48, 0, 0, 16),  # target port
        (0x15, 0, 3, port),
        (0x40, 0, 0, 22),  # the first four bytes
        (0x15, 0, 1, int.from_bytes(b"INVI", "big")),
        (0x06, 0, 0, _SNAP),
        (0x06, 0, 0, 0),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    memory = _Memory(code)
    packets.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), memory.address)
    )


class _Memory:
    """Bytes at an address that holds still while the kernel reads them."""

    def __init__(self, content: bytes) -> None:
        import ctypes

        self._buffer = ctypes.create_string_buffer(content)
        self.address = ctypes.addressof(self._buffer)
