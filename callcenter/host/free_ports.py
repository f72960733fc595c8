"""Whether a port can still be had on this machine."""

import errno
import socket
from enum import Enum, auto


class Door(Enum):
    """What became of trying to listen somewhere."""

    FREE = auto()
    TAKEN = auto()
    FORBIDDEN = auto()
    """A port below 1024 (net.ipv4.ip_unprivileged_port_start), which root alone may have."""
    ELSEWHERE = auto()
    """The address belongs to another machine, or to none."""


_WHY = {errno.EACCES: Door.FORBIDDEN, errno.EADDRNOTAVAIL: Door.ELSEWHERE}


def try_door(kind: socket.SocketKind, host: str, port: int) -> Door:
    """Whether we could listen there now. Somebody else may be quicker."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:  # UDP would share the port with whoever allows it too.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _WHY.get(error.errno or 0, Door.TAKEN)
    return Door.FREE


def is_free(kind: socket.SocketKind, host: str, port: int) -> bool:
    """Whether we could listen there now."""
    return try_door(kind, host, port) is Door.FREE
