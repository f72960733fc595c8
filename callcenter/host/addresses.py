"""This machine's own names and IPv4 addresses, and where browsers are told to send their sound to.

ICE (RFC 8445) tries the addresses that each side offers. Asterisk offers those of the network cards and
never the loopback's; that is wrong in two cases, which `offered_to_browsers` puts right.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TABLE: Final = Path("/proc/net/fib_trie")
_LOCAL: Final = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL\n")
# Asterisk's word for "the outside address as well as the own one, not instead of it".
_AS_WELL: Final = ",include_local_address"
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


def own_addresses(table: Path = _TABLE) -> tuple[str, ...]:
    """Every address by which another machine could reach this one, in order.

    Empty where the kernel does not say (it is no Linux): then nothing is put right.
    """
    try:
        found = _LOCAL.findall(table.read_text())
    except OSError:
        return ()
    addresses = {ipaddress.IPv4Address(text) for text in found}
    return tuple(str(one) for one in sorted(addresses) if not one.is_loopback)


def ipv4_of(text: str) -> str | None:
    """The IPv4 address that an address or a name stands for; None for a name that nobody knows."""
    if not text or _is_ipv4(text):
        return text or None
    try:
        found = socket.getaddrinfo(text, None, socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0])


def reached_at(bind: str) -> tuple[str, ...]:
    """The names and addresses by which people may reach what listens at `bind`, the likeliest first."""
    if not ipaddress.ip_address(bind).is_unspecified:
        return (bind,)
    name = socket.gethostname()
    names = (name,) if _NAME.fullmatch(name) else ()
    return (*own_addresses(), *names, "localhost", "127.0.0.1")


def offered_to_browsers(
    bind: str, external: str, own: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Pairs of an own address and what is offered in its place (`[ice_host_candidates]`).

    Bound to the loopback, sound is taken there and nowhere else. Behind a router that forwards to us,
    the outside address is offered too. ICE knows addresses only: see `ipv4_of` for a name.
    """
    if _is_loopback(bind):
        return tuple((address, bind) for address in own)
    if _is_ipv4(external):
        return tuple((address, f"{external}{_AS_WELL}") for address in own if address != external)
    return ()


def _is_loopback(text: str) -> bool:
    return _is_ipv4(text) and ipaddress.IPv4Address(text).is_loopback


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
