"""`callcenter skills`: what agents may be good at, and what callers may ask for."""

import click

from callcenter.cli.centre import centre, part
from callcenter.cli.wording import said, show, show_json, tell


@click.group()
def skills() -> None:
    """What agents may be good at."""


@skills.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_skills(context: click.Context, as_json: bool) -> None:
    """All skills, and who has them."""
    asked = centre(context)
    found = asked.items("/skills")
    if as_json:
        show_json(found)
        return
    agents = asked.items("/agents")
    nothing = said(
        "No skill yet. Add one: callcenter skills set ID --name NAME",
        "还没有技能。添加：callcenter skills set ID --name-zh 名称",
    )
    columns = [("skill", "技能"), ("name", "名称"), ("agents", "坐席")]
    rows = []
    for skill in found:
        name = said(skill["name_en"] or skill["name_zh"], skill["name_zh"] or skill["name_en"])
        held = (
            f"{agent['id']} {agent['skills'][skill['id']]}"
            for agent in agents
            if skill["id"] in agent["skills"]
        )
        rows.append([skill["id"], name, ", ".join(held)])
    show(columns, rows, nothing)


@skills.command("set")
@click.argument("skill")
@click.option("--name", default="", help="In Latin script.")
@click.option("--name-zh", default="", help="In Chinese characters.")
@click.pass_context
def set_skill(context: click.Context, skill: str, name: str, name_zh: str) -> None:
    """Add a skill, or change its names. SKILL is a short name, as flows and numbers ask for it."""
    if not name and not name_zh:
        raise click.UsageError(said("give --name or --name-zh", "请给出 --name 或 --name-zh"))
    names = {"name_en": name, "name_zh": name_zh}
    centre(context).ask("PUT", f"/skills/{part(skill)}", names)
    tell(
        f"{skill} is known. Give it to agents: callcenter agents change AGENT --skill {skill}=80",
        f"已设置 {skill}。分配给坐席：callcenter agents change 坐席 --skill {skill}=80",
    )


@skills.command("delete")
@click.argument("skill")
@click.pass_context
def delete_skill(context: click.Context, skill: str) -> None:
    """Forget a skill that nobody has and nothing asks for."""
    centre(context).ask("DELETE", f"/skills/{part(skill)}")
    tell(f"{skill} is forgotten.", f"已删除 {skill}。")
