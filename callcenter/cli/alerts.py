"""`callcenter alerts`: what is wrong now, since when, and how it is mended."""

from typing import Any

import click

from callcenter.cli.centre import centre
from callcenter.cli.wording import ago, said, show, show_json


@click.command()
@click.option("--all", "every", is_flag=True, help="Every watch, and how it stands.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def alerts(context: click.Context, every: bool, as_json: bool) -> None:
    """What is wrong now, and how it is mended."""
    found = centre(context).items("/alerts?all=true" if every else "/alerts")
    if as_json:
        show_json(found)
        return
    columns = [
        ("alert", "告警"),
        ("of", "对象"),
        ("severity", "级别"),
        ("for", "持续"),
        ("value", "数值"),
        ("meaning", "说明"),
        ("mend", "处理"),
    ]
    show(columns, [_row(one) for one in found], said("Nothing is wrong.", "一切正常。"))


def _row(one: dict[str, Any]) -> list[str]:
    severities = {"critical": said("critical", "严重"), "warning": said("warning", "警告")}
    return [
        one["code"],
        one["subject"],
        severities[one["severity"]] if one["raised_at"] else said("fine", "正常"),
        ago(one["raised_at"]),
        _figure(one["value"], one["unit"]),
        one["title"],
        one["mend"],
    ]


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return said("unknown", "未知")
    match unit:
        case "seconds":
            return f"{value:.3g} s"
        case "bytes":
            return f"{value / 1e9:.1f} GB"
        case "ratio":
            return f"{value:.0%}"
        case "state":
            return said("yes", "是") if value else said("no", "否")
        case _:
            return f"{value:g}"
