"""Whether a port can still be had on this machine."""

import socket


def is_free(kind: socket.SocketKind, host: str, port: int) -> bool:
    """Whether we could listen there now. Somebody else may be quicker."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:  # UDP would share the port with whoever allows it too.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
