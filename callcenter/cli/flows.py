"""`callcenter flows`: what callers hear, and whether its files are sound."""

import asyncio
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcenter.cli.centre import NotRunning, Refused, centre
from callcenter.cli.context import load_settings
from callcenter.cli.wording import language, said, show, show_json, tell

if TYPE_CHECKING:
    from callcenter.services.flows import FlowProblem


@click.group()
def flows() -> None:
    """What callers hear: check it, and put it in force."""


@flows.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def list_flows(context: click.Context, as_json: bool) -> None:
    """All flows, with the version in force."""
    found = centre(context).items("/flows")
    if as_json:
        show_json(found)
        return
    columns = [("flow", "流程"), ("version", "版本"), ("numbers", "号码"), ("problems", "问题")]
    never = said("none: out of order", "无：线路故障")
    rows = [
        [
            flow["id"],
            (flow["version"] or never)[:12] if flow["version"] else never,
            ", ".join(flow["numbers"]),
            str(len(flow["problems"])) if flow["problems"] else "",
        ]
        for flow in found
    ]
    show(columns, rows, said("No flow yet.", "还没有流程。"))


@flows.command("check")
@click.argument("folder", required=False, type=click.Path(exists=True, path_type=Path))
@click.pass_context
def check_flows(context: click.Context, folder: Path | None) -> None:
    """Say what is wrong with the flows in FOLDER; needs no running centre, changes nothing.

    Without FOLDER it is the one of the settings. The exit status is 1 when something is wrong.
    """
    settings = load_settings(context)
    folder = folder or settings.path(settings.centre.flows_folder)
    if not folder.is_dir():
        raise click.ClickException(
            said(f"{folder} is no folder of flows.", f"{folder} 不是流程文件夹。")
        )
    queues = _known_queues(context)
    count, problems = asyncio.run(_problems(folder, queues))
    for problem in problems:
        text = problem.text.get(language()) or problem.text["en"]
        click.echo(f"{problem.file}:{problem.line}: {text}")
    if queues is None:
        tell(
            "The centre is not running, so it was not checked whether the queues exist.",
            "呼叫中心未在运行，因此未检查队列是否存在。",
            error=True,
        )
    if problems:
        sys.exit(1)
    tell(f"{count} flows are sound.", f"{count} 个流程均无问题。")


@flows.command("reload")
@click.pass_context
def reload_flows(context: click.Context) -> None:
    """Put in force what is sound; a broken flow keeps its running version."""
    found = centre(context).ask("POST", "/flows/reload")["problems"]
    for problem in found:
        click.echo(_line(problem))
    if found:
        tell(
            "These are not in force; what ran before goes on running.",
            "以上流程未生效，原有版本继续运行。",
            error=True,
        )
        sys.exit(1)
    tell("All flows are in force.", "所有流程均已生效。")


def _line(problem: dict[str, Any]) -> str:
    text = problem["text"].get(language()) or problem["text"]["en"]
    return f"{problem['file']}:{problem['line']}: {text}"


def _known_queues(context: click.Context) -> list[str] | None:
    """The queues of the running centre; None when there is none to ask."""
    try:
        return [queue["id"] for queue in centre(context).items("/queues")]
    except (NotRunning, Refused):
        return None


async def _problems(
    folder: Path, queues: Collection[str] | None
) -> "tuple[int, tuple[FlowProblem, ...]]":
    """How many flows there are, and what is wrong with them; `queues` None: any will do."""
    from callcenter.adapters.flows.yaml_files import FlowFolder
    from callcenter.core.ivr.flow import Enqueue
    from callcenter.services.flows import FlowShelf

    found = FlowFolder(folder).load()
    if queues is None:
        nodes = [node for flow in found.flows.values() for node in flow.nodes.values()]
        queues = {str(node.queue) for node in nodes if isinstance(node, Enqueue)}
    return len(found.flows), await FlowShelf(lambda: found, None).check(queues)
