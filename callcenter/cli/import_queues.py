"""`callcenter import`: take over the queues of an Asterisk that ran app_queue."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcenter.cli.centre import Centre, centre, part
from callcenter.cli.wording import said, show, tell

if TYPE_CHECKING:
    from callcenter.adapters.asterisk.queues_conf import Imported, OldQueue


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", is_flag=True, help="Do it; without it only the plan is shown.")
@click.pass_context
def import_queues(context: click.Context, file: Path, apply: bool) -> None:
    """Take over queues and people from FILE, a queues.conf.

    Queues and agents that are there already are left as they are; only who serves what is added. What
    has no counterpart here is named with its line.
    """
    from callcenter.adapters.asterisk.queues_conf import read_queues_conf

    found = read_queues_conf(file.read_text(errors="replace"))
    if not found.queues:
        raise click.ClickException(said(f"There is no queue in {file}.", f"{file} 中没有队列。"))
    asked = centre(context)
    known = {queue["id"] for queue in asked.items("/queues")}
    agents = {agent["id"] for agent in asked.items("/agents")}
    _show(found, known, agents)
    for left in found.left:
        click.echo(f"{file}:{left.line}: [{left.queue}] {left.text}")
    if found.left:
        tell(
            "The lines above have no counterpart here and are left out.",
            "以上各行在本系统中没有对应设置，未导入。",
        )
    if not apply:
        tell("Nothing was changed. To do it, add --apply.", "未做任何更改。确认后请加上 --apply。")
        return
    for queue in found.queues:
        _take_over(asked, queue, known, agents)
    tell("Done.", "已完成。")


def _show(found: "Imported", known: set[str], agents: set[str]) -> None:
    columns = [("queue", "队列"), ("", ""), ("rules", "设置"), ("agents", "坐席")]
    rows = [
        [
            queue.id,
            said("is there", "已存在") if queue.id in known else said("new", "新建"),
            ", ".join(
                f"{name.removesuffix('_seconds')} {value}" for name, value in queue.rules.items()
            ),
            ", ".join(
                f"{one.agent}{'' if one.agent in agents else ' *'}"
                + (f" ({one.tier})" if one.tier > 1 else "")
                for one in queue.people
            ),
        ]
        for queue in found.queues
    ]
    show(columns, rows, "")
    if any(one.agent not in agents for queue in found.queues for one in queue.people):
        tell("* is added as an agent; (2): of that tier", "* 将新建为坐席；(2)：所在层级")


def _take_over(asked: Centre, queue: "OldQueue", known: set[str], agents: set[str]) -> None:
    if queue.id not in known:
        asked.ask("POST", "/queues", {"id": queue.id, **queue.rules})
        known.add(queue.id)
    for person in queue.people:
        if person.agent not in agents:
            asked.ask("POST", "/agents", {"id": person.agent, "name_en": person.name})
            agents.add(person.agent)
        path = f"/agents/{part(person.agent)}"
        before: dict[str, Any] = asked.ask("GET", path)
        if queue.id not in before["queues"]:
            served = [*before["queues"], queue.id]
            tiers = {**before["tiers"], queue.id: person.tier}
            asked.ask("PATCH", path, {"queues": served, "tiers": tiers})
