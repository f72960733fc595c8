"""Ports for a demo, so that two demos at once, of one clone or of two, never meet.

A block of ports is ours while we hold its first one open. Whoever wants the same block finds that
door shut and takes another; the ports behind it are tried before, so that other programs are not
disturbed either. Everything is bound on loopback only.
"""

import random
import socket
from dataclasses import dataclass
from typing import Final

from callcenter.host.free_ports import is_free

LOOPBACK: Final = "127.0.0.1"
SIZE: Final = 330
# Below what Linux gives to clients (32768 and up), above Asterisk's usual media (10000 to 20000).
RANGE: Final = (20010, 32760)

_RTP_AT, _PHONE_RTP_AT = 10, 170


class NoPorts(OSError):
    """Every block of the range is in use."""


@dataclass(frozen=True, slots=True)
class PortBlock:
    """One demo's ports, counted from the guard at `base`."""

    base: int

    @classmethod
    def of_sip(cls, sip: int) -> "PortBlock":
        """The block whose SIP port this is."""
        return cls(sip - 1)

    @property
    def sip(self) -> int:
        """The switch's SIP."""
        return self.base + 1

    @property
    def sip_tls(self) -> int:
        return self.base + 2

    @property
    def switch_http(self) -> int:
        return self.base + 3

    @property
    def ami(self) -> int:
        return self.base + 4

    @property
    def engine(self) -> int:
        return self.base + 5

    @property
    def edge(self) -> int:
        return self.base + 6

    @property
    def phones(self) -> int:
        """The simulated telephones' SIP."""
        return self.base + 7

    @property
    def rtp(self) -> tuple[int, int]:
        """The switch's media."""
        return self.base + _RTP_AT, self.base + _PHONE_RTP_AT - 1

    @property
    def phones_rtp(self) -> tuple[int, int]:
        """The simulated telephones' media."""
        return self.base + _PHONE_RTP_AT, self.base + SIZE - 1


def reserve(first: int = RANGE[0], last: int = RANGE[1]) -> tuple[PortBlock, socket.socket]:
    """A block that nobody uses, and the open socket that keeps it ours. Raises: NoPorts."""
    bases = list(range(first, last - SIZE + 2, SIZE))
    random.SystemRandom().shuffle(bases)
    for base in bases:
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind((LOOPBACK, base))
            # A bound socket that does not listen could be shared by one that reuses addresses.
            guard.listen(1)
        except OSError:
            guard.close()
            continue
        if _all_free(base):
            return PortBlock(base), guard
        guard.close()
    raise NoPorts(f"no {SIZE} free ports in a row between {first} and {last} on {LOOPBACK}")


def _all_free(base: int) -> bool:
    doors = range(base + 1, base + _RTP_AT)
    return all(is_free(socket.SOCK_STREAM, LOOPBACK, port) for port in doors) and all(
        is_free(socket.SOCK_DGRAM, LOOPBACK, port) for port in range(base + 1, base + SIZE)
    )
