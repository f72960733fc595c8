"""`callcenter messages`: what callers left because nobody could take their call."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import said, show, show_json, tell


@click.group()
def messages() -> None:
    """Messages that callers left."""


@messages.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--older", help="The next page, as the one before named it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_messages(context: click.Context, limit: int, older: str | None, as_json: bool) -> None:
    """Messages, the newest first."""
    query = urlencode({"limit": limit, **({"older": older} if older else {})})
    page = centre(context).ask("GET", f"/messages?{query}")
    if as_json:
        show_json(page)
        return
    columns = [
        ("message", "留言"),
        ("arrived", "呼入"),
        ("caller", "主叫"),
        ("dialled", "被叫"),
        ("seconds", "秒"),
        ("queue", "队列"),
        ("language", "语言"),
    ]
    nothing = said("Nobody has left a message.", "没有留言。")
    show(columns, [_row(one) for one in page["items"]], nothing)
    if page["older"]:
        tell(
            f'More: callcenter messages list --older "{page["older"]}"',
            f'更多：callcenter messages list --older "{page["older"]}"',
            error=True,
        )


@messages.command("save")
@click.argument("message_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def save_message(context: click.Context, message_id: str, file: Path) -> None:
    """Save what was said as a new WAV file."""
    sound = centre(context).load(f"/messages/{part(message_id)}/sound")
    try:
        with file.open("xb") as written:
            written.write(sound)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise click.ClickException(said(f"{file}: {why}", f"{file}：{why}")) from None
    tell(f"{message_id} is in {file}.", f"{message_id} 已保存到 {file}。")


def _row(one: dict[str, Any]) -> list[str]:
    arrived = datetime.fromisoformat(one["arrived_at"]).astimezone()
    return [
        one["id"],
        f"{arrived:%Y-%m-%d %H:%M:%S}",
        one["ani"],
        one["dnis"],
        f"{one['duration_seconds']:.1f}",
        one["queue"] or "",
        one["language"],
    ]
