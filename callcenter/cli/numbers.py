"""`callcenter numbers`: what may be dialled, and which flow its callers hear."""

import click

from callcenter.cli.centre import centre, number_part
from callcenter.cli.wording import said, show, show_json, tell


@click.group()
def numbers() -> None:
    """Numbers that may be dialled, and their flows."""


@numbers.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_numbers(context: click.Context, as_json: bool) -> None:
    """All numbers."""
    found = centre(context).items("/numbers")
    if as_json:
        show_json(found)
        return
    nothing = said(
        "No number yet. Add one: callcenter numbers set NUMBER FLOW",
        "还没有号码。添加：callcenter numbers set 号码 流程",
    )
    columns = [
        ("number", "号码"),
        ("flow", "流程"),
        ("requires", "必需技能"),
        ("prefers", "优先技能"),
    ]
    fields = ("did", "flow", "requires", "prefers")
    show(columns, [[number[field] for field in fields] for number in found], nothing)


@numbers.command("set")
@click.argument("number")
@click.argument("flow")
@click.option(
    "--requires", default="", help="Skills an agent must have: 'english >= 50 and billing'."
)
@click.option("--prefers", default="", help="Skills an agent had better have.")
@click.pass_context
def set_number(context: click.Context, number: str, flow: str, requires: str, prefers: str) -> None:
    """Let callers of NUMBER hear FLOW. Write it as it is dialled, or with its country code."""
    target = {"flow": flow, "requires": requires, "prefers": prefers}
    shown = centre(context).ask("PUT", f"/numbers/{number_part(number)}", target)
    tell(
        f"Callers of {shown['did']} now hear {shown['flow']}.",
        f"拨打 {shown['did']} 的来电现在进入 {shown['flow']}。",
    )


@numbers.command("delete")
@click.argument("number")
@click.pass_context
def delete_number(context: click.Context, number: str) -> None:
    """Forget a number; its callers hear that it is unknown."""
    centre(context).ask("DELETE", f"/numbers/{number_part(number)}")
    tell(f"{number} is forgotten.", f"已删除 {number}。")
