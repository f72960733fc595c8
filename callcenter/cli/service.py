"""`callcenter service`: systemd in the keeper's place, one unit a process."""

import os
import pwd
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from callcenter.cli.context import config_path, load_settings
from callcenter.cli.wording import said, tell
from callcenter.host.precedence import Precedence

if TYPE_CHECKING:
    from callcenter.host.systemd import Service
    from callcenter.settings import Settings

SWITCH: Final = "callcenter-switch"
ENGINES: Final = ("callcenter-engine-1", "callcenter-engine-2")
EDGE: Final = "callcenter-edge"
ARCHIVE: Final = "callcenter-archive"
_PASSED_ON: Final = "CALLCENTER_"
_ENV_FILE: Final = "service.env"
_LOWEST_FREE: Final = (
    1024  # The lowest port that ordinary users may have, unless the kernel was told.
)


@click.group()
def service() -> None:
    """Run the centre under systemd."""


@service.command("install")
@click.option("--user", help="With root: who runs it. Otherwise the owner of the run folder.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where units go, if not usual.")
@click.pass_context
def install(context: click.Context, user: str | None, folder: Path | None) -> None:
    """Write the units and say how to start them. Run scripts/start once before."""
    from callcenter.host.switch import find_switch
    from callcenter.host.systemd import next_steps, write_env, write_units

    settings = load_settings(context)
    if find_switch(settings.path(settings.switch.folder)) is None:
        raise click.ClickException(
            said(
                "Run scripts/start once first: it prepares what the services need.",
                "请先运行一次 scripts/start，它会准备服务所需的一切。",
            )
        )
    owner = _runner(user, settings.run_folder)
    env = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    env_file = settings.run_folder / _ENV_FILE
    if env:
        write_env(env_file, env)
        tell(f"written  {env_file}", f"已写入  {env_file}")
    services = _services(settings, config_path(context), env_file if env else None)
    if owner is None and any(service.low_port for service in services):
        tell(
            "Ports below 1024 are for root to give: set higher ones, or use sudo.",
            "1024 以下的端口须由 root 授权：请改用更大的端口，或使用 sudo。",
        )
    for path in write_units(services, folder or _unit_folder(owner), user=owner):
        tell(f"written  {path}", f"已写入  {path}")
    tell("Stop scripts/start if it runs, then:", "如 scripts/start 正在运行请先停止，然后执行：")
    for step in next_steps(services, user=owner):
        click.echo(f"  {step}")


@service.command("uninstall")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the units are.")
@click.pass_context
def uninstall(context: click.Context, folder: Path | None) -> None:
    """Take the units away and say how to stop what they started. Data stays."""
    owner = "root" if os.getuid() == 0 else None
    folder = folder or _unit_folder(owner)
    paths = [folder / f"{name}.service" for name in (ARCHIVE, EDGE, *ENGINES, SWITCH)]
    found = [path for path in paths if path.exists()]
    if not found:
        tell(f"There are no units in {folder}.", f"{folder} 中没有服务单元。")
        return
    env_file = load_settings(context).run_folder / _ENV_FILE
    for path in [*found, *([env_file] if env_file.exists() else [])]:
        path.unlink(missing_ok=True)
        tell(f"removed  {path}", f"已删除  {path}")
    systemctl = "systemctl" if owner else "systemctl --user"
    tell("What runs goes on until you say:", "正在运行的服务需执行以下命令停止：")
    click.echo(f"  {systemctl} stop {' '.join(path.name for path in found)}")
    click.echo(f"  {systemctl} daemon-reload")


def _services(settings: "Settings", config: Path, env_file: Path | None) -> "list[Service]":
    from callcenter.host.systemd import Service

    own = [sys.executable, "-m", "callcenter", "--config", str(config)]
    folder, sip = config.parent, settings.sip
    return [
        Service(
            SWITCH,
            "Call centre: Asterisk",
            [*own, "switch", "run"],
            folder,
            env_file,
            precedence=Precedence.SWITCH,
            low_port=min(sip.port, sip.tls_port) < _LOWEST_FREE,
        ),
        *(
            Service(
                *(name, "Call centre: engine", [*own, "run"], folder, env_file, (SWITCH,)),
                precedence=Precedence.STANDING_BY,
                may_take=Precedence.AT_WORK,
            )
            for name in ENGINES
        ),
        Service(
            EDGE,
            "Call centre: page, API and phones' sockets",
            [*own, "edge"],
            folder,
            env_file,
            low_port=settings.edge.port < _LOWEST_FREE,
        ),
        Service(
            ARCHIVE, "Call centre: journal into the database", [*own, "archive"], folder, env_file
        ),
    ]


def _unit_folder(owner: str | None) -> Path:
    from callcenter.host.systemd import SYSTEM_FOLDER

    if owner is not None:
        return SYSTEM_FOLDER
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd/user"


def _runner(user: str | None, run_folder: Path) -> str | None:
    """Who the services run as; None: one's own systemd."""
    if os.getuid() != 0:
        if user is not None:
            raise click.UsageError(said("--user needs root", "--user 需要 root 权限"))
        return None
    name = user or pwd.getpwuid(run_folder.stat().st_uid).pw_name
    try:
        pwd.getpwnam(name)
    except KeyError:
        raise click.UsageError(said(f"there is no user {name}", f"没有用户 {name}")) from None
    return name
