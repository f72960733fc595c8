"""Typed settings from one TOML file and the environment. Standard library only.

Every value has a default that runs a demo on one machine, so an empty file is a valid one. What is
wrong is said all at once, each with its place (file and line, or the name in the environment) and what
to write instead, in both languages. The environment wins: `CALLCENTER_SIP_PORT=5070` is `port` in `[sip]`.

A field's type says all that its value must be by itself; what values must be together stands in
`_TOGETHER`.

Only bootstrap and the command line import this package: others are handed plain values.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from callcenter.settings.reading import Lines, Problem, Reader, SettingsError, Shape
from callcenter.settings.rules import (
    Address,
    Codec,
    Network,
    Outside,
    Peer,
    Port,
    Region,
    Rule,
    Together,
    between,
    is_hours,
    spelt,
)

__all__ = ["Settings", "SettingsError", "load", "read"]


class Secret(str):
    """A text that does not show itself."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


EMPTY: Final = Secret("")


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """The centre as a whole. `region` is the country whose way of writing numbers is used. `queue_log`: the
    file in which reporting tools find what app_queue would write; empty: none."""

    name: str = "demo"
    region: Region = "DE"
    run_folder: str = "run/main"
    flows_folder: str = "ivr_flows"
    recordings_folder: str = "recordings"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    second_sign_in: Literal["takes-over", "refused"] = "takes-over"
    queue_log: str = ""


CalledHours = Annotated[
    str,
    Rule(is_hours, 'hours, such as "mon-fri 08:00-21:00"', '时段，例如 "mon-fri 08:00-21:00"'),
]


@dataclass(frozen=True, slots=True)
class CallingSettings:
    """`hours` in which people may be called, by their own clock; none: never."""

    hours: tuple[CalledHours, ...] = ("mon-sat 08:00-21:00",)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The engine's own HTTP: loopback only, the edge stands before it."""

    port: Port = 8081


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What browsers reach: page, API and SIP websocket on one origin."""

    bind: Address = "127.0.0.1"
    port: Port = 8080
    certificate: str = ""
    private_key: str = ""
    turn_urls: tuple[str, ...] = ()
    turn_secret: Secret = EMPTY


@dataclass(frozen=True, slots=True)
class SipSettings:
    """Where phones and trunks reach us. `authorities`: a PEM file with those who may vouch for a carrier
    reached by TLS; empty: whom this machine trusts."""

    bind: Address = "127.0.0.1"
    port: Port = 5060
    tls_port: Port = 5061
    rtp_first: Port = 10000
    rtp_last: Port = 20000
    external_address: Outside = ""
    local_nets: tuple[Network, ...] = ()
    certificate: str = ""
    private_key: str = ""
    authorities: str = ""


@dataclass(frozen=True, slots=True)
class SwitchSettings:
    """Asterisk on this machine. `mirror`: where Debian packages come from, if apt does not say.
    `run_folder`: that of the centre which started it, where an engine with another one drives it;
    `http_host`: where its ARI is reached from here."""

    folder: str = "run/switch"
    run_folder: str = ""
    http_host: Address = "127.0.0.1"
    mirror: str = ""
    system_name: Annotated[
        str,
        spelt(
            "[a-z0-9]{1,16}", '1 to 16 of a-z 0-9, such as "cc1"', '1 至 16 个 a-z 0-9，例如 "cc1"'
        ),
    ] = "cc1"
    http_port: Port = 8088
    ami_port: Port = 5038
    max_calls: Annotated[int, between(1, 1_000_000)] = 5000
    max_call_seconds: Annotated[int, between(1, 31 * 86400)] = 21600


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What we take on at most; 0 is no limit. `waiting` is for any one queue. `late_ms`: answers that take
    longer mean that we have too much to do, and fewer calls are let in until they do not. Of one number no
    more than `calls_per_number` are taken within `per_number_minutes`; VIPs may call as they like."""

    calls: Annotated[int, between(0, 1_000_000)] = 0
    calls_per_second: Annotated[int, between(0, 10_000)] = 0
    waiting: Annotated[int, between(0, 1_000_000)] = 0
    music: Annotated[int, between(0, 1_000_000)] = 0
    late_ms: Annotated[int, between(50, 10_000)] = 500
    calls_per_number: Annotated[int, between(0, 1000)] = 0
    per_number_minutes: Annotated[int, between(1, 1440)] = 10
    announce: bool = False


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """When somebody is told. An alert is raised at these figures and cleared a good way back from them.

    `synthetic_call_seconds`: how often the centre calls itself; 0: never. `answer_ms`: within what time
    that call must be answered. `backlog`: tasks in one line inside the switch; it ignores calls at 500.
    """

    synthetic_call_seconds: Annotated[
        int,
        Rule(
            lambda seconds: seconds == 0 or 10 <= seconds <= 86400,
            "a number in 10 … 86400, or 0 for none",
            " 10 … 86400 之间的整数，或 0 表示不拨打",
        ),
    ] = 0
    answer_ms: Annotated[int, between(100, 20_000)] = 3000
    canary_seconds: Annotated[int, between(2, 3600)] = 5
    switch_answer_ms: Annotated[int, between(50, 20_000)] = 1000
    backlog: Annotated[int, between(10, 1_000_000)] = 250
    disk_free_mb: Annotated[int, between(1, 1_000_000_000)] = 500
    disk_free_percent: Annotated[int, between(1, 90)] = 10
    archive_behind: Annotated[int, between(100, 1_000_000_000)] = 5000


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`url` empty: SQLite in the run folder. Otherwise postgresql+psycopg://user@host/name. `lease`:
    engines on several machines take turns by a row in it."""

    url: Secret = EMPTY
    lease: bool = False
    keep_facts_days: Annotated[int, between(1, 36500)] = 90


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """One carrier. `hosts`: where its calls come from; the first is where ours go."""

    name: Annotated[
        str,
        spelt("[a-z0-9][a-z0-9_-]{0,39}", "1 to 40 of a-z 0-9 - _", "1 至 40 个 a-z 0-9 - _"),
    ]
    hosts: Annotated[
        tuple[Peer, ...],
        Rule(len, 'a list, such as ["sip.example.net"]', '列表，例如 ["sip.example.net"]'),
    ]
    kind: Literal["ip", "registering"] = "ip"
    username: str = ""
    secret: Secret = EMPTY
    port: Port = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    codecs: Annotated[
        tuple[Codec, ...], Rule(len, 'a list, such as ["alaw"]', '列表，例如 ["alaw"]')
    ] = ("ulaw", "alaw")
    dtmf: Literal["rfc4733", "inband", "info", "auto", "auto_info"] = "rfc4733"
    trust_identity: bool = False
    max_calls: Annotated[int, between(0, 1_000_000)] = 0
    qualify_seconds: Annotated[int, between(0, 86400)] = 30
    session_timers: Literal["always", "yes", "no"] = "always"
    language: Annotated[str, spelt("[a-z]{2}(_[A-Z]{2})?", '"en" or "zh"', '"en" 或 "zh"')] = "en"
    number_in: Literal["request", "to", "p-called-party-id"] = "request"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything. `root` is the folder that relative paths are relative to."""

    root: Path
    centre: CentreSettings = field(default_factory=CentreSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    edge: EdgeSettings = field(default_factory=EdgeSettings)
    sip: SipSettings = field(default_factory=SipSettings)
    switch: SwitchSettings = field(default_factory=SwitchSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    calling: CallingSettings = field(default_factory=CallingSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    trunks: tuple[TrunkSettings, ...] = ()

    def path(self, text: str) -> Path:
        """A path from the settings, made absolute."""
        return self.root / text

    @property
    def run_folder(self) -> Path:
        """Where this instance keeps everything it writes."""
        return self.path(self.centre.run_folder)

    @property
    def switch_run_folder(self) -> Path:
        """Where what belongs to the switch was written when it was started: its passwords and files."""
        return self.path(self.switch.run_folder or self.centre.run_folder)

    @property
    def recordings_folder(self) -> Path:
        """Where sound is kept that callers left."""
        return self.path(self.centre.recordings_folder)

    @property
    def queue_log(self) -> Path | None:
        """Where reporting tools find what happened in queues; None: nowhere."""
        return self.path(self.centre.queue_log) if self.centre.queue_log else None

    @property
    def journal_folder(self) -> Path:
        """Where the engine at work writes facts."""
        return self.run_folder / "journal"

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.database.url or f"sqlite+aiosqlite:///{self.run_folder / 'callcenter.db'}"


_PAIR: Final = Together(
    ("certificate", "private_key"),
    lambda one: bool(one.private_key) == (one.certificate not in ("", "self-signed")),
    "certificate and private_key go together",
    "certificate 和 private_key 必须同时给出",
)
_TOGETHER: Final[Mapping[type, tuple[Together, ...]]] = {
    DatabaseSettings: (
        Together(
            ("lease", "url"),
            lambda one: not one.lease or one.url.startswith("postgres"),
            "lease needs a PostgreSQL database that all engines share: write its url, such as"
            ' "postgresql://user:password@host/callcenter"',
            "lease 需要所有引擎共用的 PostgreSQL 数据库；请写 url，例如"
            ' "postgresql://user:password@host/callcenter"',
        ),
    ),
    EdgeSettings: (_PAIR,),
    SipSettings: (
        _PAIR,
        Together(
            ("rtp_last", "rtp_first"),
            lambda sip: sip.rtp_last - sip.rtp_first >= 3,
            "there is no room from rtp_first to rtp_last: write for example 10000 and 20000",
            "rtp_first 到 rtp_last 之间没有足够的端口；例如 10000 和 20000",
        ),
    ),
    TrunkSettings: (
        Together(
            ("kind",),
            lambda trunk: trunk.kind != "registering" or (trunk.username and trunk.secret),
            "a registering trunk needs username and secret",
            "注册型中继需要 username 和 secret",
        ),
    ),
}
_SHAPE: Final = Shape(
    sections={
        "centre": CentreSettings,
        "http": HttpSettings,
        "edge": EdgeSettings,
        "sip": SipSettings,
        "switch": SwitchSettings,
        "database": DatabaseSettings,
        "limits": LimitSettings,
        "calling": CallingSettings,
        "watch": WatchSettings,
    },
    lists={"trunks": TrunkSettings},
    together=_TOGETHER,
    other_names=("CONFIG", "DEMO_SEED", "DEMO_IMPOSTOR", "DEMO_PORTS", "DEMO_DATABASE_URL"),
)


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read the file (a missing one is an empty one), then the environment.

    Raises:
        SettingsError: with every problem found.
    """
    return read(path, text_of(path), environment)


def read(path: Path, text: str, environment: Mapping[str, str]) -> Settings:
    """The settings of a file at `path` that holds `text`.

    Raises:
        SettingsError: with every problem found.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_no_toml(path, error)]) from None
    reader = Reader(_SHAPE, Lines(path, text), environment)
    reader.check_names(data)
    sections = {
        name: reader.section(kind, name, data.get(name, {}))
        for name, kind in _SHAPE.sections.items()
    }
    trunks = reader.entries("trunks", data.get("trunks", []))
    if reader.problems:
        raise SettingsError(reader.problems)
    return Settings(root=path.parent.resolve(), trunks=trunks, **sections)


def text_of(path: Path) -> str:
    """What the file says; nothing, if there is none. Raises: SettingsError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = type(error).__name__
        problem = Problem(str(path), f"cannot be read: {why}", f"无法读取：{why}")
        raise SettingsError([problem]) from None


def _no_toml(path: Path, error: tomllib.TOMLDecodeError) -> Problem:
    line = re.search(r"at line (\d+)", str(error))
    return Problem(
        f"{path}:{line[1]}" if line else str(path),
        f"{error}. Write TOML: key = value, text in quotes",
        f"{error}。请按 TOML 书写：键 = 值，文本加引号",
    )
