"""`callcenter explain`: why a call went to whom it went to, or why nobody has it yet."""

from datetime import datetime

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.context import load_settings
from callcenter.cli.verifying import tell_verified, verified
from callcenter.cli.wording import language, said, show, show_json


@click.command()
@click.argument("call_id")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--verify", is_flag=True, help="Decide its offers again from this machine's journal.")
@click.pass_context
def explain(context: click.Context, call_id: str, as_json: bool, verify: bool) -> None:
    """Why a call, that is or was, went to whom it went to, or why nobody has it yet."""
    if verify:
        same = tell_verified(verified(load_settings(context).journal_folder, call_id))
        context.exit(0 if same else 1)
    asked = centre(context)
    path = f"/calls/{part(call_id)}"
    found = asked.ask("GET", f"{path}/explanation")
    if as_json:
        show_json(found)
        return
    begin = datetime.fromisoformat(asked.ask("GET", path)["arrived_at"])
    nothing = said("The call was in no queue.", "该通话没有进入队列。")
    columns = [("seconds", "秒"), ("agent", "坐席"), ("why", "原因")]
    steps = [
        [
            f"{(datetime.fromisoformat(step['at']) - begin).total_seconds():+.3f}",
            step["agent"] or "",
            step["why"][language()],
        ]
        for step in found["steps"]
    ]
    show(columns, steps, nothing)
    if found["agents"]:
        click.echo()
        now = [(one["agent"], one["why"][language()]) for one in found["agents"]]
        show([("agent", "坐席"), ("now", "目前")], now, "")
