"""`callcenter codes`: why agents pause, and what calls come to."""

from typing import Any

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import said, show, show_json, tell


@click.group()
def codes() -> None:
    """Pause reasons, and dispositions: what calls come to."""


@codes.command("pauses")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_pauses(context: click.Context, as_json: bool) -> None:
    """Why agents may pause; where nothing is set, any word will do."""
    found = centre(context).items("/pause-reasons")
    if as_json:
        show_json(found)
        return
    columns = [("reason", "原因"), ("name", "名称"), ("paid", "计薪"), ("at most", "最长")]
    nothing = said(
        "Any word will do. Name some: callcenter codes set-pause ID --name NAME",
        "任何原因都可以。添加：callcenter codes set-pause ID --name 名称",
    )
    show(columns, [_pause_row(one) for one in found], nothing)


@codes.command("set-pause")
@click.argument("code")
@click.option("--name", "name_en", default="", help="In Latin script.")
@click.option("--name-zh", default="", help="In Chinese characters.")
@click.option(
    "--paid/--unpaid", default=True, show_default=True, help="Whether it is working time."
)
@click.option("--longest", "longest_seconds", type=float, help="In seconds; left out: no end.")
@click.pass_context
def set_pause(context: click.Context, /, code: str, **wish: Any) -> None:
    """Add the pause reason CODE, or change it."""
    centre(context).ask("PUT", f"/pause-reasons/{part(code)}", wish)
    tell(f"Agents may pause for {code}.", f"坐席可以因 {code} 暂停。")


@codes.command("delete-pause")
@click.argument("code")
@click.pass_context
def delete_pause(context: click.Context, code: str) -> None:
    """Forget a pause reason."""
    centre(context).ask("DELETE", f"/pause-reasons/{part(code)}")
    tell(f"{code} is forgotten.", f"已删除 {code}。")


@codes.command("dispositions")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_dispositions(context: click.Context, as_json: bool) -> None:
    """What calls may come to, as a tree."""
    found = centre(context).items("/dispositions")
    if as_json:
        show_json(found)
        return
    columns = [("disposition", "通话结果"), ("name", "名称"), ("flags", "标记")]
    nothing = said(
        "None yet. Add some: callcenter codes set-disposition ID --name NAME",
        "还没有。添加：callcenter codes set-disposition ID --name 名称",
    )
    show(columns, _tree(found, None, 0), nothing)


@codes.command("set-disposition")
@click.argument("code")
@click.option("--name", "name_en", default="", help="In Latin script.")
@click.option("--name-zh", default="", help="In Chinese characters.")
@click.option("--under", "parent", help="The disposition above it.")
@click.option("--flag", "flags", multiple=True, help="Such as sale, callback, do-not-call; repeat.")
@click.pass_context
def set_disposition(context: click.Context, /, code: str, **wish: Any) -> None:
    """Add the disposition CODE, or change it."""
    wish["flags"] = list(wish["flags"])
    centre(context).ask("PUT", f"/dispositions/{part(code)}", wish)
    tell(f"{code} may be said of a call.", f"通话结果可以选择 {code}。")


@codes.command("delete-disposition")
@click.argument("code")
@click.pass_context
def delete_disposition(context: click.Context, code: str) -> None:
    """Forget a disposition that has none under it."""
    centre(context).ask("DELETE", f"/dispositions/{part(code)}")
    tell(f"{code} is forgotten.", f"已删除 {code}。")


def _pause_row(one: dict[str, Any]) -> list[str]:
    longest = one["longest_seconds"]
    return [
        one["id"],
        said(one["name_en"] or one["name_zh"], one["name_zh"] or one["name_en"]),
        said("paid", "计薪") if one["paid"] else said("unpaid", "不计薪"),
        "" if longest is None else f"{longest:g} s",
    ]


def _tree(found: list[dict[str, Any]], parent: str | None, depth: int) -> list[list[str]]:
    rows = []
    for one in found:
        if one["parent"] == parent:
            name = said(one["name_en"] or one["name_zh"], one["name_zh"] or one["name_en"])
            rows.append(["  " * depth + one["id"], name, ", ".join(one["flags"])])
            rows += _tree(found, one["id"], depth + 1)
    return rows
