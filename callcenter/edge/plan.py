"""What the edge is told, as plain values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from callcenter.ports.passwords import TokenReader


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its key, PEM. Read again when the files change."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """A TURN server that shares `secret` with us (coturn: use-auth-secret, static-auth-secret)."""

    urls: tuple[str, ...]
    secret: str = field(repr=False)
    life: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan:
    """Where the edge listens and what stands behind it.

    `site` is the built browser app, None for a plain page. `origins` are further pages (scheme, host
    and port) that may open sockets here; our own always may. `cookie_name` is the engine's.
    """

    tokens: TokenReader
    now: Callable[[], datetime]
    host: str = "127.0.0.1"
    port: int = 8080
    engine_url: str = "http://127.0.0.1:8081"
    switch_url: str = "ws://127.0.0.1:8088/ws"
    cookie_name: str = "cc_login"
    site: Path | None = None
    tls: TlsFiles | None = None
    origins: frozenset[str] = frozenset()
    stun_urls: tuple[str, ...] = ()
    turn: TurnPlan | None = None
    body_limit: int = 16 * 1024 * 1024
    frame_limit: int = 64 * 1024
    sockets_limit: int = 10_000
    sockets_per_actor: int = 8
