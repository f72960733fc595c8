"""A TURN server of our own (coturn), set up as the handbook says: one secret shared with the edge."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.live.browser.page import needed

HOST: Final = "127.0.0.1"
RELAYED: Final = (20520, 20999)  # coturn takes what is free of them
SHARED_SECRET: Final = "a secret that two programs share"
_START_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A server that runs."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """What pages are told."""
        return f"turn:{HOST}:{self.port}?transport=udp"

    def relays(self, username: str, password: str) -> bool:
        """Whether coturn's own client gets an allocation with these, and its packets through."""
        # -y: between two of its own ports; -c: no RTCP port beside each.
        arguments = ["-y", "-c", "-n", "2", "-p", str(self.port), "-u", username, "-w", password]
        command = [needed("turnutils_uclient", "coturn"), *arguments, HOST]
        done = subprocess.run(command, capture_output=True, timeout=60)
        return done.returncode == 0 and b"Total lost packets 0 " in done.stdout


@contextmanager
def turn_server(folder: Path, port: int) -> Iterator[TurnServer]:
    """coturn on the loopback, whose peers are there too (outside of tests that is forbidden)."""
    server = TurnServer(port, folder / "turn.log")
    config = folder / "turnserver.conf"
    config.write_text(
        f"listening-ip={HOST}\nrelay-ip={HOST}\nlistening-port={port}\n"
        f"min-port={RELAYED[0]}\nmax-port={RELAYED[1]}\n"
        f"use-auth-secret\nstatic-auth-secret={SHARED_SECRET}\nrealm=cc.example\n"
        f"allow-loopback-peers\nno-cli\nno-tls\nno-dtls\nno-multicast-peers\n"
        f"userdb={folder / 'turn.db'}\npidfile={folder / 'turn.pid'}\n"
        f"log-file=stdout\nsimple-log\nverbose\n"
    )
    with (
        server.log.open("wb") as log,
        subprocess.Popen(
            [needed("turnserver", "coturn"), "-c", config], stdout=log, stderr=log
        ) as process,
    ):
        try:
            _wait_until_open(port, process)
            yield server
        finally:
            process.terminate()


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_SECONDS
    while True:
        assert process.poll() is None, "coturn ended"
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        assert time.monotonic() < ends, "coturn does not open its port"
        time.sleep(0.02)
