"""`callcenter callbacks`: who is to be called back, and when."""

from typing import Any

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import ago, said, show, show_json, state, tell


@click.group()
def callbacks() -> None:
    """Who is to be called back."""


@callbacks.command("list")
@click.option("--queue", help="Only those of this queue.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_callbacks(context: click.Context, queue: str | None, as_json: bool) -> None:
    """Callers who keep their place without holding the line."""
    calls = centre(context).items(f"/calls?queue={part(queue)}" if queue else "/calls")
    found = [one for one in calls if one["callback_number"]]
    if as_json:
        show_json(found)
        return
    columns = [
        ("call", "通话"),
        ("number", "回电号码"),
        ("queue", "队列"),
        ("waiting for", "已等待"),
        ("state", "状态"),
        ("tries", "已拨次数"),
        ("not before", "最早时间"),
        ("until", "有效期至"),
    ]
    show(
        columns,
        [_row(one) for one in found],
        said("Nobody is to be called back.", "目前没有待回电。"),
    )


@callbacks.command("cancel")
@click.argument("call_id")
@click.pass_context
def cancel(context: click.Context, call_id: str) -> None:
    """Do not call somebody back."""
    centre(context).ask("DELETE", f"/calls/{part(call_id)}")
    tell(f"{call_id} will not be called back.", f"已取消回电 {call_id}。")


def _row(one: dict[str, Any]) -> list[str]:
    return [
        one["id"],
        one["callback_number"],
        one["queue"],
        ago(one["since"]),
        state(one["phase"]),
        str(one["attempts"]),
        one["not_before"] or "",
        one["expires_at"],
    ]
