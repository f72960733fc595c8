"""`callcenter users`: who may sign in, and with which rights. Passwords are never given as arguments:
other people of this machine could read them there."""

from typing import Any

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import said, show, show_json, tell

_ROLES = click.Choice(["agent", "supervisor", "admin"])
_MADE_UP = 12  # signs


@click.group()
def users() -> None:
    """People who may sign in, and their passwords."""


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_users(context: click.Context, as_json: bool) -> None:
    """All people."""
    found = centre(context).items("/users")
    if as_json:
        show_json(found)
        return
    columns = [("name", "用户名"), ("role", "角色"), ("agent", "坐席"), ("may sign in", "可登录")]
    show(columns, [_row(user) for user in found], said("Nobody yet.", "还没有用户。"))


@users.command("add")
@click.argument("name")
@click.option("--role", type=_ROLES, default="agent", show_default=True, help="What they may do.")
@click.option("--agent", help="The agent that this person is.")
@click.option(
    "--ask", is_flag=True, help="Ask for the password; otherwise one is made up and shown."
)
@click.pass_context
def add_user(context: click.Context, name: str, role: str, agent: str | None, ask: bool) -> None:
    """Let somebody sign in."""
    password = _password(ask)
    new = {"name": name, "role": role, "agent_id": agent, "password": password}
    centre(context).ask("POST", "/users", new)
    tell(f"{name} may sign in.", f"{name} 可以登录。")
    _say_password(password, ask)


@users.command("password")
@click.argument("name")
@click.option(
    "--ask", is_flag=True, help="Ask for the password; otherwise one is made up and shown."
)
@click.pass_context
def set_password(context: click.Context, name: str, ask: bool) -> None:
    """Give somebody a new password, which ends all their logins."""
    password = _password(ask)
    centre(context).ask("PATCH", f"/users/{part(name)}", {"password": password})
    tell(f"{name} has a new password.", f"{name} 的密码已更改。")
    _say_password(password, ask)


@users.command("change")
@click.argument("name")
@click.option("--role", type=_ROLES, help="What they may do.")
@click.option("--on/--off", "enabled", default=None, help="Whether they may sign in.")
@click.pass_context
def change_user(context: click.Context, name: str, role: str | None, enabled: bool | None) -> None:
    """Change what is given; the rest stays."""
    given = {"role": role, "enabled": enabled}
    change = {key: value for key, value in given.items() if value is not None}
    if not change:
        raise click.UsageError(said("nothing to change was given", "未给出任何更改"))
    centre(context).ask("PATCH", f"/users/{part(name)}", change)
    tell(f"{name} is changed.", f"已更改 {name}。")


@users.command("delete")
@click.argument("name")
@click.pass_context
def delete_user(context: click.Context, name: str) -> None:
    """Forget somebody; an agent of that name stays."""
    centre(context).ask("DELETE", f"/users/{part(name)}")
    tell(f"{name} is deleted.", f"已删除 {name}。")


def _row(user: dict[str, Any]) -> list[str]:
    yes_or_no = said("yes", "是") if user["enabled"] else said("no", "否")
    return [user["name"], user["role"], user["agent_id"] or "", yes_or_no]


def _password(ask: bool) -> str:
    from callcenter.services.passwords import make_password

    if not ask:
        return make_password(_MADE_UP)
    typed: str = click.prompt(
        said("password", "密码"), hide_input=True, confirmation_prompt=said("again", "再次输入")
    )
    return typed


def _say_password(password: str, asked: bool) -> None:
    if not asked:
        click.echo(f"  {said('password', '密码')}\t{password}")
