"""`callcenter call`: the calls that are, and the story of one."""

from datetime import datetime
from typing import Any

import click

from callcenter.cli.centre import Centre, centre, part
from callcenter.cli.wording import ago, said, show, show_json, state, tell


@click.group()
def call() -> None:
    """The calls that are, and the story of one."""


@call.command("list")
@click.option("--queue", help="Only those in this queue.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_calls(context: click.Context, queue: str | None, as_json: bool) -> None:
    """Calls that are."""
    found = centre(context).items(f"/calls?queue={part(queue)}" if queue else "/calls")
    if as_json:
        show_json(found)
        return
    columns = [
        ("call", "通话"),
        ("caller", "主叫"),
        ("dialled", "被叫"),
        ("phase", "阶段"),
        ("for", "持续"),
        ("where", "位置"),
    ]
    show(columns, [_row(one) for one in found], said("Nobody is calling.", "目前没有通话。"))


@call.command("show")
@click.argument("call_id")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def show_call(context: click.Context, call_id: str, as_json: bool) -> None:
    """The story of one call, that is or was, step by step."""
    asked = centre(context)
    one, facts = _story(asked, call_id)
    if as_json:
        show_json({"call": one, "facts": facts})
        return
    for name, value in _heading(one):
        click.echo(f"{name}\t{value}")
    click.echo()
    begin = datetime.fromisoformat(one["arrived_at"])
    columns = [("seconds", "秒"), ("fact", "事件"), ("", "")]
    nothing = said(
        "Its facts are not in the archive (yet, or any longer).", "事件尚未归档，或已过期。"
    )
    show(columns, [_fact(fact, begin) for fact in facts], nothing)


@call.command("hang-up")
@click.argument("call_id")
@click.pass_context
def hang_up(context: click.Context, call_id: str) -> None:
    """End a call."""
    centre(context).ask("DELETE", f"/calls/{part(call_id)}")
    tell(f"{call_id} is being hung up.", f"正在挂断 {call_id}。")


@call.command("needs")
@click.argument("call_id")
@click.option(
    "--requires", help="Skills an agent must have: 'english >= 50 and billing'; '' for none."
)
@click.option("--prefers", help="Skills an agent had better have.")
@click.option("--priority", type=float, help="A head start over those who came later, in seconds.")
@click.pass_context
def change_needs(
    context: click.Context,
    call_id: str,
    requires: str | None,
    prefers: str | None,
    priority: float | None,
) -> None:
    """Change what a caller who waits needs of an agent, at once."""
    given = {"requires": requires, "prefers": prefers, "priority_seconds": priority}
    change = {name: value for name, value in given.items() if value is not None}
    if not change:
        raise click.UsageError(said("nothing to change was given", "未给出任何更改"))
    centre(context).ask("PATCH", f"/calls/{part(call_id)}/needs", change)
    tell(f"{call_id} is changed.", f"已更改 {call_id}。")


def _story(asked: Centre, call_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    path = f"/calls/{part(call_id)}"
    one: dict[str, Any] = asked.ask("GET", path)
    return one, asked.items(f"{path}/facts")


def _heading(one: dict[str, Any]) -> list[tuple[str, str]]:
    caller = " ".join(filter(None, (one["ani"], one["name"])))
    lines = [
        (said("call", "通话"), one["id"]),
        (said("caller", "主叫"), caller),
        (said("dialled", "被叫"), one["dnis"]),
        (said("first dialled", "原被叫"), one["first_dialled"]),
        (said("arrived", "呼入"), one["arrived_at"]),
        (said("phase", "阶段"), state(one["phase"])),
        (said("queue", "队列"), one["queue"]),
        (said("agent", "坐席"), one["agent"]),
        (said("outcome", "结果"), one["outcome"]),
        (said("ended by", "挂断方"), one["ended_by"]),
    ]
    return [(name, _harmless(str(value))) for name, value in lines if value]


def _row(one: dict[str, Any]) -> list[str]:
    where = [one["flow"] and f"{one['flow']}/{one['node']}", one["queue"], one["agent"]]
    return [
        one["id"],
        " ".join(filter(None, (one["ani"], one["name"]))),
        one["dnis"],
        state(one["phase"]),
        ago(one["since"] or one["arrived_at"]),
        " ".join(filter(None, where)),
    ]


def _fact(fact: dict[str, Any], begin: datetime) -> list[str]:
    after = (datetime.fromisoformat(fact["at"]) - begin).total_seconds()
    # What an offer was decided by is told by `explain`.
    told = [(key, value) for key, value in fact["body"].items() if not isinstance(value, dict)]
    fields = [f"{key}={value}" for key, value in told if value not in (None, "")]
    return [f"{after:+.3f}", fact["kind"], " ".join(fields)]


def _harmless(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
