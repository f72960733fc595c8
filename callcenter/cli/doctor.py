"""`callcenter doctor`: what is wrong with this machine, this Asterisk, this network, and how to mend it.

It only looks. It runs beside a running centre as well as on a machine where nothing runs yet.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from callcenter.cli.context import load_settings
from callcenter.cli.findings import Finding, Level, broken, report, report_json

if TYPE_CHECKING:
    from callcenter.settings import Settings

Check = Callable[["Settings"], Iterable[Finding]]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is wrong here and how to mend it. The exit status is 1 when something is broken."""
    from callcenter.cli.checks_backup import BACKUP_CHECKS
    from callcenter.cli.checks_centre import CENTRE_CHECKS
    from callcenter.cli.checks_machine import MACHINE_CHECKS
    from callcenter.cli.checks_switch import SWITCH_CHECKS
    from callcenter.cli.one_way_audio import AUDIO_CHECKS

    settings = load_settings(context)
    groups = MACHINE_CHECKS, SWITCH_CHECKS, AUDIO_CHECKS, CENTRE_CHECKS, BACKUP_CHECKS
    checks = [check for group in groups for check in group]
    findings = [finding for check in checks for finding in _looked_at(check, settings)]
    (report_json if as_json else report)(findings)
    sys.exit(any(finding.level is Level.BROKEN for finding in findings))


def _looked_at(check: Check, settings: "Settings") -> list[Finding]:
    """A check that fails is itself a finding: the others are still worth hearing."""
    try:
        return list(check(settings))
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        name = getattr(check, "__name__", "check").removeprefix("check_")
        return [
            broken(
                name,
                f"this could not be looked at ({what})",
                f"无法检查（{what}）",
                mend=("Report it with this line.", "请附上此行报告问题。"),
            )
        ]
