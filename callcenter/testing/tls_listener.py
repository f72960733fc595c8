"""A carrier's door for SIP over TLS: takes down what is said to it, and who would not believe its name."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Heard:
    """What has come in so far."""

    said: list[str] = field(default_factory=list)
    """The first line of each first message."""
    turned_away: int = 0
    """Connections that the other side ended over our certificate."""


@contextmanager
def tls_listener(address: str, port: int, certificate: Path, key: Path) -> Iterator[Heard]:
    """Listen until the end of the block. Answers nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard = Heard()
    door = socket.create_server((address, port))
    worker = threading.Thread(target=_take_down, args=(door, context, heard))
    worker.start()
    try:
        yield heard
    finally:
        # Closing alone would not wake who waits in accept.
        door.shutdown(socket.SHUT_RDWR)
        worker.join()
        door.close()


def _take_down(door: socket.socket, context: ssl.SSLContext, heard: Heard) -> None:
    while True:
        try:
            plain, _ = door.accept()
        except OSError:
            return
        plain.settimeout(5)
        with suppress(TimeoutError), plain:
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    data = line.recv(4096)
            except (ssl.SSLError, ConnectionError):
                heard.turned_away += 1
                continue
            if data:
                heard.said.append(data.split(b"\r\n")[0].decode(errors="replace"))
            else:
                heard.turned_away += 1
