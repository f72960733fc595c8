"""What is an address of a network, a network, and a name of a machine. Nothing is looked up."""

import ipaddress
import re
from typing import Final

_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def is_address(text: str) -> bool:
    """Whether this is one IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """Whether this is a network such as 10.0.0.0/8, or one address."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_host(text: str) -> bool:
    """Whether this may be a name of a machine (RFC 1123), or is an address."""
    return bool(_NAME.fullmatch(text)) or is_address(text)
