"""Typed settings from one TOML file and the environment. Standard library only.

Every value has a default that runs a demo on one machine, so an empty file is a valid one. What is
wrong is said all at once, each with file, line and what to write instead. The environment wins:
`CALLCENTER_SIP_PORT=5070` is `port` in `[sip]`.

Nobody else imports this module: bootstrap hands out plain values.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

PREFIX: Final = "CALLCENTER_"


class Secret(str):
    """A text that does not show itself."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


EMPTY: Final = Secret("")


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """The centre as a whole. `region` is the country whose way of writing numbers is used."""

    name: str = "demo"
    region: str = "DE"
    run_folder: str = "run/main"
    flows_folder: str = "ivr_flows"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    second_sign_in: Literal["takes-over", "refused"] = "takes-over"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The engine's own HTTP: loopback only, the edge stands before it."""

    port: int = 8081


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What browsers reach: page, API and SIP websocket on one origin."""

    bind: str = "127.0.0.1"
    port: int = 8080
    certificate: str = ""
    private_key: str = ""
    turn_urls: tuple[str, ...] = ()
    turn_secret: Secret = EMPTY


@dataclass(frozen=True, slots=True)
class SipSettings:
    """Where phones and trunks reach us. `authorities`: a PEM file with those who may vouch for a carrier
    reached by TLS; empty: whom this machine trusts."""

    bind: str = "127.0.0.1"
    port: int = 5060
    tls_port: int = 5061
    rtp_first: int = 10000
    rtp_last: int = 20000
    external_address: str = ""
    local_nets: tuple[str, ...] = ()
    certificate: str = ""
    private_key: str = ""
    authorities: str = ""


@dataclass(frozen=True, slots=True)
class SwitchSettings:
    """Asterisk on this machine. `mirror`: where Debian packages come from, if apt does not say."""

    folder: str = "run/switch"
    mirror: str = ""
    system_name: str = "cc1"
    http_port: int = 8088
    ami_port: int = 5038
    max_calls: int = 5000
    max_call_seconds: int = 21600


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`url` empty: SQLite in the run folder. Otherwise postgresql+psycopg://user@host/name."""

    url: Secret = EMPTY
    keep_facts_days: int = 90


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """One carrier. `hosts`: where its calls come from; the first is where ours go."""

    name: str
    hosts: tuple[str, ...]
    kind: Literal["ip", "registering"] = "ip"
    username: str = ""
    secret: Secret = EMPTY
    port: int = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    dtmf: Literal["rfc4733", "inband", "info", "auto", "auto_info"] = "rfc4733"
    trust_identity: bool = False
    max_calls: int = 0
    qualify_seconds: int = 30
    session_timers: Literal["always", "yes", "no"] = "always"
    language: str = "en"
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
    trunks: tuple[TrunkSettings, ...] = ()

    def path(self, text: str) -> Path:
        """A path from the settings, made absolute."""
        return self.root / text

    @property
    def run_folder(self) -> Path:
        """Where this instance keeps everything it writes."""
        return self.path(self.centre.run_folder)

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.database.url or f"sqlite+aiosqlite:///{self.run_folder / 'callcenter.db'}"


class SettingsError(Exception):
    """What is wrong with the settings: one line a problem, each with its place and its mend."""


_SECTIONS: Final[Mapping[str, type]] = {
    "centre": CentreSettings,
    "http": HttpSettings,
    "edge": EdgeSettings,
    "sip": SipSettings,
    "switch": SwitchSettings,
    "database": DatabaseSettings,
}


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read the file (a missing one is an empty one), then the environment.

    Raises:
        SettingsError: with every problem found.
    """
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}. Write TOML: key = value, text in quotes") from None
    reader = _Reader(path, text)
    unknown = [name for name in data if name not in _SECTIONS and name != "trunks"]
    for name in unknown:
        reader.complain(name, f"there is no section [{name}]", [*_SECTIONS, "trunks"])
    sections = {
        name: reader.section(kind, name, _with_environment(kind, name, data, environment))
        for name, kind in _SECTIONS.items()
    }
    entries = data.get("trunks", [])
    if not isinstance(entries, list):
        reader.complain("trunks", "write [[trunks]] for each trunk", [])
        entries = []
    trunks = tuple(reader.section(TrunkSettings, "trunks", entry) for entry in entries)
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return Settings(root=path.parent.resolve(), trunks=trunks, **sections)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {type(error).__name__}") from None


def _with_environment(
    kind: type, section: str, data: Mapping[str, Any], environment: Mapping[str, str]
) -> Any:
    given = data.get(section, {})
    if not isinstance(given, dict):
        return given
    hints = get_type_hints(kind)
    merged = dict(given)
    for item in fields(kind):
        name = f"{PREFIX}{section}_{item.name}".upper()
        if name in environment:
            merged[item.name] = _from_text(environment[name], hints[item.name])
    return merged


def _from_text(text: str, hint: Any) -> Any:
    if hint is int and re.fullmatch(r"-?\d+", text):
        return int(text)
    if hint is bool and text in ("true", "false"):
        return text == "true"
    if get_origin(hint) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


class _Reader:
    """Turns tables into settings and collects what is wrong with them."""

    def __init__(self, path: Path, text: str) -> None:
        self.problems: list[str] = []
        self._path = path
        self._lines = text.splitlines()

    def complain(self, word: str, what: str, known: list[str], key: str | None = None) -> None:
        """Note a problem with `word` at the line where `key` stands, which is the word itself if none
        is named."""
        near = get_close_matches(word, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.problems.append(f"{self._path}:{self._line(key or word)}: {what}{hint}")

    def section(self, kind: type, name: str, data: Any) -> Any:
        """One section; problems are noted and defaults taken, so that all can be said at once."""
        assert is_dataclass(kind)
        if not isinstance(data, dict):
            self.complain(name, f"[{name}] must be a section", [])
            data = {}
        hints = get_type_hints(kind)
        known = [item.name for item in fields(kind)]
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in known:
                self.complain(key, f"[{name}] knows no {key!r}", known)
                continue
            values[key] = self._value(name, key, value, hints[key])
        for item in fields(kind):
            if item.default is MISSING and item.default_factory is MISSING:
                if item.name not in values:
                    self.complain(name, f"[[{name}]] needs {item.name}", [])
                values.setdefault(item.name, () if get_origin(hints[item.name]) else "")
        return kind(**values)

    def _value(self, section: str, key: str, value: Any, hint: Any) -> Any:
        if get_origin(hint) is tuple:
            inner = get_args(hint)[0]
            if isinstance(value, list) and all(isinstance(item, inner) for item in value):
                return tuple(value)
            self.complain(key, f'[{section}] {key}: write a list, such as ["a", "b"]', [])
            return ()
        if get_origin(hint) is Literal:
            words: list[str] = list(get_args(hint))
            if value not in words:
                one_of = ", ".join(f'"{word}"' for word in words)
                self.complain(str(value), f"[{section}] {key}: write one of {one_of}", words, key)
                return words[0]
            return value
        if hint is Secret and isinstance(value, str):
            return Secret(value)
        if type(value) is not hint:
            wanted = {int: "a whole number", bool: "true or false"}.get(hint, "a text in quotes")
            self.complain(key, f"[{section}] {key}: write {wanted}", [])
            return hint()
        return value

    def _line(self, key: str) -> int:
        pattern = re.compile(rf"^\s*(\[+\s*)?[\"']?{re.escape(key)}\b")
        for number, line in enumerate(self._lines, 1):
            if pattern.match(line):
                return number
        return 1
