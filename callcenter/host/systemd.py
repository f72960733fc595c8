"""Units for `callcenter service install`: systemd in the keeper's place.

One unit a process, so that a dead engine never takes the switch, and with it every call, along.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from callcenter.host.precedence import Precedence
from callcenter.private_file import write_private

SYSTEM_FOLDER = Path("/etc/systemd/system")


@dataclass(frozen=True, slots=True)
class Service:
    """One process as systemd shall run it."""

    name: str
    """Without `.service`, for example `callcenter-engine`."""
    description: str
    argv: Sequence[str]
    folder: Path
    env_file: Path | None = None
    """What `write_env` wrote."""
    after: Sequence[str] = ()
    """Names of services to be started before this one, which may still die without it."""
    stop_within: timedelta = timedelta(seconds=30)
    precedence: Precedence = Precedence.USUAL
    """Its place among those who want a processor; one's own systemd has none to give but this."""
    may_take: Precedence = Precedence.USUAL
    """The place that it may take by itself."""
    low_port: bool = False
    """It listens below port 1024, which root alone may, or who is given the right to. One's own systemd
    has no such right to give."""


def unit_text(service: Service, *, user: str | None) -> str:
    """The unit file: of the system, running as `user`, or of one's own systemd if that is None."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@_.-]*", service.name):
        raise ValueError(f"{service.name!r} cannot be the name of a unit; use letters and -")
    after = " ".join(["network-online.target", *(f"{name}.service" for name in service.after)])
    wants = "\nWants=network-online.target" if user else ""
    env_file = str(service.env_file).replace("%", "%%")
    environment = f"EnvironmentFile={env_file}\n" if service.env_file else ""
    right = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if user and service.low_port else ""
    places = _places(service) if user else ""
    return f"""\
[Unit]
Description={service.description.replace("%", "%%")}
After={after}{wants}
# Never give up: a centre that is down stays worth another try.
StartLimitIntervalSec=0

[Service]
Type=exec
{f"User={user}" if user else ""}
WorkingDirectory={str(service.folder).replace("%", "%%")}
{environment}ExecStart={" ".join(map(_quote, service.argv))}
Restart=always
RestartSec=0.5
TimeoutStopSec={service.stop_within.total_seconds():g}
KillMode=mixed
UMask=0077
NoNewPrivileges=yes
{right}{places}LimitNOFILE=65536

[Install]
WantedBy={"multi-user.target" if user else "default.target"}
""".replace("\n\nWorking", "\nWorking")


def _places(service: Service) -> str:
    lines = {"Nice": service.precedence, "LimitNICE": service.may_take}
    return "".join(f"{name}={place:d}\n" for name, place in lines.items() if place)


def write_units(services: Sequence[Service], folder: Path, *, user: str | None) -> list[Path]:
    """Write all units into `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{service.name}.service" for service in services]
    for path, service in zip(paths, services, strict=True):
        path.write_text(unit_text(service, user=user))
    return paths


def write_env(path: Path, env: Mapping[str, str]) -> Path:
    """Write an environment for units into a file that only its owner can read: anybody may read units,
    and there are passwords among the values."""
    # Between double quotes these four need a backslash (systemd.exec, EnvironmentFile=).
    lines = [
        f'{name}="' + re.sub(r'(["\\\\`$])', r"\\\1", _one_line(value)) + '"\n'
        for name, value in sorted(env.items())
    ]
    write_private(path, "".join(lines))
    return path


def next_steps(services: Sequence[Service], *, user: str | None) -> list[str]:
    """The commands that put written units to work."""
    names = " ".join(f"{service.name}.service" for service in services)
    systemctl = "systemctl" if user else "systemctl --user"
    steps = [f"{systemctl} daemon-reload", f"{systemctl} enable --now {names}"]
    # Without lingering a user's services end when they sign out.
    return steps if user else [*steps, "loginctl enable-linger"]


def _quote(word: str) -> str:
    escaped = _one_line(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + escaped.replace("$", "$$") + '"'


def _one_line(word: str) -> str:
    if "\n" in word:
        raise ValueError("a unit file cannot hold a line end in a word")
    return word
