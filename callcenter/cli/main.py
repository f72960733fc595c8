"""`callcenter`: the table of commands. Each is imported only when it is used or its help is shown.

Modules named here import nothing heavy when they are loaded: what a command needs, it imports when
it runs. So `callcenter --help` answers at once.
"""

from importlib import import_module
from typing import Any, Final

import click

from callcenter.cli.wording import LANGUAGES, usual_language
from callcenter.host.mending import Mendable

COMMANDS: Final = {
    "start": "callcenter.cli.start:start",
    "run": "callcenter.cli.run:run",
    "edge": "callcenter.cli.run:edge",
    "archive": "callcenter.cli.run:archive",
    "doctor": "callcenter.cli.doctor:doctor",
    "agents": "callcenter.cli.agents:agents",
    "users": "callcenter.cli.users:users",
    "queues": "callcenter.cli.queues:queues",
    "numbers": "callcenter.cli.numbers:numbers",
    "codes": "callcenter.cli.codes:codes",
    "customers": "callcenter.cli.callers:customers",
    "callers": "callcenter.cli.callers:callers",
    "skills": "callcenter.cli.skills:skills",
    "config": "callcenter.cli.config:config",
    "flows": "callcenter.cli.flows:flows",
    "call": "callcenter.cli.call:call",
    "callbacks": "callcenter.cli.callbacks:callbacks",
    "explain": "callcenter.cli.explain:explain",
    "simulate": "callcenter.cli.simulate:simulate",
    "import": "callcenter.cli.import_queues:import_queues",
    "messages": "callcenter.cli.messages:messages",
    "alerts": "callcenter.cli.alerts:alerts",
    "db": "callcenter.cli.db:db",
    "backup": "callcenter.cli.backup:backup",
    "restore": "callcenter.cli.restore:restore",
    "expose": "callcenter.cli.expose:expose",
    "switch": "callcenter.cli.switch:switch",
    "service": "callcenter.cli.service:service",
}


class LazyGroup(click.Group):
    """A group whose commands are named, not imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A complaint that says how to mend it is an answer, not a trace."""
        try:
            return super().invoke(ctx)
        except Mendable as error:
            raise click.ClickException(str(error)) from None


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    default="callcenter.toml",
    envvar="CALLCENTER_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The settings; a file that is not there is an empty one.",
)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=usual_language,
    help="Language of the answers  输出语言  [default: by LANG]",
)
@click.version_option(package_name="callcenter", prog_name="callcenter")
@click.pass_context
def main(context: click.Context, config: str, lang: str) -> None:
    """A call centre on Asterisk: queues, IVR, agents, and a reason for every decision.

    `callcenter doctor` says what is wrong with this machine and how to mend it.
    """
    context.ensure_object(dict).update(config=config, lang=lang)
