"""`callcenter switch`: which Asterisk there is, newer ones, and running it for systemd."""

import os
from typing import TYPE_CHECKING, NoReturn

import click

from callcenter.cli.context import load_settings, settings_in_force
from callcenter.cli.progress import Progress
from callcenter.cli.wording import said, tell

if TYPE_CHECKING:
    from callcenter.host.switch import Switch
    from callcenter.settings import Settings


@click.group()
def switch() -> None:
    """The Asterisk that carries the calls."""


@switch.command("show")
@click.pass_context
def show_switch(context: click.Context) -> None:
    """Say which Asterisk is used, and why."""
    found = _found(load_settings(context))
    click.echo(found.version)
    click.echo(found.note)
    click.echo(f"modules\t{found.modules_dir}")
    click.echo(f"asterisk\t{found.asterisk.argv[-1]}")


@switch.command("prepare")
@click.pass_context
def prepare(context: click.Context) -> None:
    """Find Asterisk or fetch it; quick when it is there already."""
    from callcenter.host.switch import prepare_switch

    settings = load_settings(context)
    home = settings.path(settings.switch.folder)
    say = Progress()
    found = prepare_switch(home, mirror=settings.switch.mirror or None, progress=say)
    say.end_line()
    click.echo(found.version)


@switch.command("upgrade")
@click.pass_context
def upgrade_switch(context: click.Context) -> None:
    """Fetch the newest packages. A running switch keeps its own until it is restarted."""
    from callcenter.host.switch import find_switch, upgrade_switch

    settings = load_settings(context)
    home = settings.path(settings.switch.folder)
    before = find_switch(home)
    say = Progress()
    now = upgrade_switch(home, mirror=settings.switch.mirror or None, progress=say)
    say.end_line()
    if before is not None and before.version == now.version:
        tell(f"{now.version} is the newest already.", f"{now.version} 已是最新。")
        return
    tell(
        f"{now.version} is ready, and used from the next start on.",
        f"{now.version} 已就绪，下次启动时启用。",
    )


@switch.command("run", hidden=True)
@click.pass_context
def run_switch(context: click.Context) -> NoReturn:
    """Render the configuration and become Asterisk: what the systemd unit does."""
    from callcenter.bootstrap.plans import switch_plan
    from callcenter.host.render import render_instance

    settings = settings_in_force(context)
    found = _found(settings)
    rendered = render_instance(switch_plan(settings, found))
    argv = found.asterisk_argv(rendered.conf)
    os.execve(argv[0], argv, found.asterisk.environment())


def _found(settings: "Settings") -> "Switch":
    from callcenter.host.switch import find_switch

    found = find_switch(settings.path(settings.switch.folder))
    if found is None:
        raise click.ClickException(
            said(
                "There is no Asterisk yet: scripts/start fetches one.",
                "尚无 Asterisk：scripts/start 会自动获取。",
            )
        )
    return found
