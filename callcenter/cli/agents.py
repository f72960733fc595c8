"""`callcenter agents`: who takes calls here, and what they are doing."""

from datetime import UTC, datetime
from typing import Any

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import ago, said, show, show_json, state, tell


@click.group()
def agents() -> None:
    """Who takes calls, and what they are doing."""


@agents.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_agents(context: click.Context, as_json: bool) -> None:
    """All agents."""
    found = centre(context).items("/agents")
    if as_json:
        show_json(found)
        return
    columns = [
        ("agent", "坐席"),
        ("name", "姓名"),
        ("queues", "队列"),
        ("presence", "状态"),
        ("activity", "活动"),
        ("for", "持续"),
        ("phone", "话机"),
        ("skills", "技能"),
    ]
    nothing = said(
        "Nobody yet. Add somebody: callcenter agents add ID --name NAME",
        "还没有坐席。添加：callcenter agents add ID --name 姓名",
    )
    show(columns, [_row(agent) for agent in found], nothing)


@agents.command("add")
@click.argument("agent")
@click.option("--name", default="", help="In Latin script.")
@click.option("--name-zh", default="", help="In Chinese characters.")
@click.option("--outside", help="A telephone outside that may be rung instead of a browser.")
@click.option("--queue", "queues", multiple=True, help="A queue to serve; may be repeated.")
@click.pass_context
def add_agent(
    context: click.Context,
    agent: str,
    name: str,
    name_zh: str,
    outside: str | None,
    queues: tuple[str, ...],
) -> None:
    """Add an agent. AGENT is a short name: a-z, 0-9 and hyphens."""
    if not name and not name_zh:
        raise click.UsageError(said("give --name or --name-zh", "请给出 --name 或 --name-zh"))
    new = {
        "id": agent,
        "name_en": name,
        "name_zh": name_zh,
        "outside_number": outside,
        "queues": list(queues),
    }
    centre(context).ask("POST", "/agents", new)
    tell(f"{agent} is added and may sign in.", f"已添加 {agent}，可以签入。")


@agents.command("change")
@click.argument("agent")
@click.option("--name", help="In Latin script.")
@click.option("--name-zh", help="In Chinese characters.")
@click.option("--outside", help="A telephone outside; empty takes it away.")
@click.option("--on/--off", "enabled", default=None, help="Switch the agent off, or on again.")
@click.option(
    "--answers",
    "answering",
    type=click.Choice(["by-hand", "by-itself", "by-key"]),
    help="How their phone takes calls: lifted, at once, or by pressing 1.",
)
@click.option("--skill", "skills", multiple=True, help="SKILL=LEVEL, 1 to 100; 0 takes it away.")
@click.pass_context
def change_agent(
    context: click.Context,
    agent: str,
    name: str | None,
    name_zh: str | None,
    outside: str | None,
    enabled: bool | None,
    answering: str | None,
    skills: tuple[str, ...],
) -> None:
    """Change what is given; the rest stays."""
    levels = _levels(skills)
    given = {"name_en": name, "name_zh": name_zh, "enabled": enabled, "answering": answering}
    change: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if outside is not None:
        change["outside_number"] = outside or None
    if levels:
        had = centre(context).ask("GET", f"/agents/{part(agent)}")["skills"]
        change["skills"] = {skill: level for skill, level in {**had, **levels}.items() if level}
    if not change:
        raise click.UsageError(said("nothing to change was given", "未给出任何更改"))
    centre(context).ask("PATCH", f"/agents/{part(agent)}", change)
    tell(f"{agent} is changed.", f"已更改 {agent}。")


@agents.command("delete")
@click.argument("agent")
@click.pass_context
def delete_agent(context: click.Context, agent: str) -> None:
    """Sign an agent out and forget them."""
    centre(context).ask("DELETE", f"/agents/{part(agent)}")
    tell(f"{agent} is deleted.", f"已删除 {agent}。")


@agents.command("sign-in")
@click.argument("agent")
@click.option("--outside", is_flag=True, help="At the number outside that the agent is known by.")
@click.pass_context
def sign_in(context: click.Context, agent: str, outside: bool) -> None:
    """Sign an agent in at a desk phone; says what to type into it.

    The agent takes calls once the phone has registered and `agents presence AGENT ready` was said.
    """
    wish = {"phone": "outside" if outside else "desk-phone"}
    account = centre(context).ask("POST", f"/agents/{part(agent)}/login", wish)["account"]
    if account is None:
        tell(f"{agent} is signed in, at the number outside.", f"{agent} 已在外线号码签入。")
        return
    tell(f"{agent} is signed in. Type into the phone:", f"{agent} 已签入。请在话机中填写：")
    rows = [
        (said("server", "服务器"), account["registrar"] + said(" (UDP or TCP)", "（UDP 或 TCP）")),
        (said("user", "用户名"), account["endpoint"]),
        (said("password", "密码"), account["password"]),
    ]
    if account["registrar_tls"]:
        rows.insert(1, (said("or by TLS", "或经 TLS"), account["registrar_tls"]))
    for heading, value in rows:
        click.echo(f"  {heading}\t{value}")
    tell(
        "The password holds until the next sign-in. Then: callcenter agents presence"
        f" {agent} ready",
        f"密码在下次签入前有效。随后运行：callcenter agents presence {agent} ready",
    )


@agents.command("sign-out")
@click.argument("agent")
@click.pass_context
def sign_out(context: click.Context, agent: str) -> None:
    """Sign an agent out; a call under way goes on to its end."""
    centre(context).ask("DELETE", f"/agents/{part(agent)}/login")
    tell(f"{agent} is signed out.", f"{agent} 已签出。")


@agents.command("presence")
@click.argument("agent")
@click.argument("presence", type=click.Choice(["ready", "paused"]))
@click.option("--reason", default="", help="Why paused.")
@click.pass_context
def set_presence(context: click.Context, agent: str, presence: str, reason: str) -> None:
    """Let an agent take calls, or pause them."""
    wish = {"presence": presence, "reason": reason}
    centre(context).ask("PUT", f"/agents/{part(agent)}/presence", wish)
    tell(f"{agent} is {presence}.", f"{agent}：{state(presence)}。")


@agents.command("wrap")
@click.argument("agent")
@click.option("--more", type=float, help="So many seconds more, instead of ending it.")
@click.pass_context
def wrap(context: click.Context, agent: str, more: float | None) -> None:
    """End an agent's work after a call, or give it more time."""
    path = f"/agents/{part(agent)}/wrap"
    if more is None:
        centre(context).ask("DELETE", path)
        tell(f"{agent} has finished.", f"{agent} 已完成话后整理。")
    else:
        centre(context).ask("POST", path, {"seconds": more})
        tell(f"{agent} has {more:g} s more.", f"{agent} 的话后整理延长 {more:g} 秒。")


@agents.command("file")
@click.argument("agent")
@click.argument("disposition")
@click.pass_context
def file_call(context: click.Context, agent: str, disposition: str) -> None:
    """Say what AGENT's call came to, while they talk or after."""
    wish = {"disposition": disposition}
    centre(context).ask("PUT", f"/agents/{part(agent)}/disposition", wish)
    tell(f"The call is filed as {disposition}.", f"通话结果已记为 {disposition}。")


def _levels(given: tuple[str, ...]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for one in given:
        skill, equals, level = one.partition("=")
        if not equals or not level.isdecimal():
            raise click.UsageError(
                said(f"'{one}': write SKILL=LEVEL", f"“{one}”：请写成 技能=等级")
            )
        levels[skill.strip()] = int(level)
    return levels


def _row(agent: dict[str, Any]) -> list[str]:
    name = said(agent["name_en"] or agent["name_zh"], agent["name_zh"] or agent["name_en"])
    tiers = agent["tiers"]
    served = (f"{queue} ({tiers[queue]})" if queue in tiers else queue for queue in agent["queues"])
    skills = (f"{skill} {level}" for skill, level in agent["skills"].items())
    return [agent["id"], name, ", ".join(served), *_doing(agent["live"]), ", ".join(skills)]


def _doing(live: dict[str, Any] | None) -> list[str]:
    if live is None:
        return [said("switched off", "已停用"), "", "", ""]
    if live["presence"] == "signed-out":
        return [state("signed-out"), "", "", ""]
    presence = state(live["presence"]) + (f" ({live['reason']})" if live["reason"] else "")
    if live["pause_until"] and datetime.fromisoformat(live["pause_until"]) < datetime.now(UTC):
        presence += said(", too long", "，超时")
    return [presence, state(live["activity"]), ago(live["activity_since"]), _phone(live)]


def _phone(live: dict[str, Any]) -> str:
    if live["device"] == "tel":
        return said("outside", "外线")
    return said("registered", "已注册") if live["reachable"] else said("not there", "未注册")
