"""The programs of one installation, as a keeper runs them.

The engine is there twice. Both load everything; whoever gets the journal works, the other stands by
and has it the moment the first one dies. Starting a Python program of this size takes seconds, going
on with a loaded one a fraction of a second.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from callcenter.host.asterisk_cli import wait_ready
from callcenter.host.precedence import Precedence
from callcenter.host.processes import Child
from callcenter.host.render import Rendered
from callcenter.host.switch import Switch

ENGINES: Final = ("engine-1", "engine-2")


def switch_program(switch: Switch, rendered: Rendered, log: Path) -> Child:
    """Asterisk; ready when ARI answers."""
    return Child(
        "asterisk",
        switch.asterisk_argv(rendered.conf),
        precedence=Precedence.SWITCH,
        env=switch.asterisk.environment(),
        log=log,
        stop_last=True,
        ready=lambda: wait_ready(rendered.ari_url, rendered.ari_user, rendered.ari_password),
    )


def own_programs(
    argv: Sequence[str], logs: Path, *, env: Mapping[str, str] | None = None
) -> list[Child]:
    """Engine, edge, archive, and the engine that stands by.

    `argv` comes before the command's name. The last two are best started when the first two are
    ready, so that they take no time from them.
    """

    def child(
        name: str, command: str, log: str, precedence: Precedence = Precedence.USUAL
    ) -> Child:
        own = logs / f"{log}.log"
        return Child(name, [*argv, command], env=env, log=own, precedence=precedence)

    at_work, standby = ENGINES
    return [
        child(at_work, "run", "engine", Precedence.STANDING_BY),
        child("edge", "edge", "edge"),
        child("archive", "archive", "archive"),
        child(standby, "run", "engine", Precedence.STANDING_BY),
    ]
