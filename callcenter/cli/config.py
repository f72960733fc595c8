"""`callcenter config`: the whole configuration as one file: written out, looked at, put in force."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import click

from callcenter.cli.centre import Centre, centre
from callcenter.cli.config_yaml import one_line, written
from callcenter.cli.wording import language, said, show, show_json, tell

if TYPE_CHECKING:
    from callcenter.adapters.flows.yaml_source import Source

_LARGEST: Final = 768 * 1024  # As JSON it must fit into a request.
_MOST_THINGS: Final = 100_000
_MARKS: Final = {"added": "+", "changed": "~", "removed": "-"}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def config() -> None:
    """Skills, queues, agents, numbers and codes as one YAML file; and who changed what.

    What a file names shall be as it says; fields that it leaves out have their defaults. What it does not
    name stays, unless --prune is given.
    """


@config.command("export")
@click.option("--version", type=int, help="As it was before a change: see `config history`.")
@click.pass_context
def export(context: click.Context, version: int | None) -> None:
    """Write the configuration to the standard output; what has its default is left out."""
    path = "/config" if version is None else f"/config/versions/{version}"
    click.echo(written(centre(context).ask("GET", path)["document"]), nl=False)


@config.command("history")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def history(context: click.Context, as_json: bool) -> None:
    """The configurations that were, the newest first."""
    found = centre(context).items("/config/versions")
    if as_json:
        show_json(found)
        return
    columns = [("version", "版本"), ("in force until", "有效至"), ("changed by", "更改者")]
    rows = [[str(one["number"]), one["at"], one["by"]] for one in found]
    show(columns, rows, said("No file was applied yet.", "尚未应用过配置文件。"))


@config.command("changes")
@click.option(
    "--section", help="Only skills, queues, agents, numbers, pause_reasons or dispositions."
)
@click.option("--id", "entry", help="Only the entry of this id.")
@click.option("--before", type=int, help="Only those older than the change of this number.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def changes(
    context: click.Context,
    section: str | None,
    entry: str | None,
    before: int | None,
    as_json: bool,
) -> None:
    """What was changed, one by one, the newest first; by a file or otherwise."""
    asked = {"section": section, "id": entry, "before": before}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    found = centre(context).items("/config/changes" + (f"?{query}" if query else ""))
    if as_json:
        show_json(found)
        return
    for one in found:
        click.echo(f"#{one['number']}  {one['at']}  {one['by']}")
        _show_change(one)
    if not found:
        tell("Nothing was changed yet.", "尚无任何更改。")


@config.command("plan")
@click.argument("file", type=_FILE)
@click.option("--prune", is_flag=True, help="What the sections in FILE do not name shall go.")
@click.pass_context
def plan(context: click.Context, file: Path, prune: bool) -> None:
    """Show what FILE would change, and everything that is wrong with it. Changes nothing.

    The exit status is 0 if there is nothing to change, 2 if there is, 1 if something is wrong.
    """
    found = _planned(centre(context), file, _read(file), prune)
    if found["changes"]:
        tell(f"Nothing was changed. To do it: callcenter config apply {file}", "未做任何更改。")
        sys.exit(2)


@config.command("apply")
@click.argument("file", type=_FILE)
@click.option("--prune", is_flag=True, help="What the sections in FILE do not name goes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def apply(context: click.Context, file: Path, prune: bool, yes: bool) -> None:
    """Show what FILE changes, ask, and do all of it or nothing.

    If somebody changes the configuration meanwhile, nothing is done.
    """
    asked, source = centre(context), _read(file)
    found = _planned(asked, file, source, prune)
    if not found["changes"]:
        return
    if not yes:
        click.confirm(said("Do it?", "确认执行？"), abort=True)
    change = {"document": source.data, "prune": prune, "digest": found["digest"]}
    done = asked.ask("POST", "/config/apply", change)
    number = done["kept_as"]
    if number is not None:
        tell(
            f"Done. What was before: callcenter config export --version {number}",
            f"已完成。之前的配置：callcenter config export --version {number}",
        )


def _read(file: Path) -> "Source":
    from callcenter.adapters.flows.yaml_source import Unsafe, read_text, text_of

    try:
        source = read_text(text_of(file, largest=_LARGEST), most=_MOST_THINGS)
    except Unsafe as unsafe:
        text = unsafe.problem.text[language()]
        raise click.ClickException(f"{file}:{unsafe.line}: {text}") from None
    _check_keys(file, source, source.data, ())
    if not isinstance(source.data, dict):
        raise click.ClickException(
            f"{file}:1: "
            + said("Write sections, such as `queues:`.", "请按段落填写，例如 `queues:`。")
        )
    return source


def _check_keys(file: Path, source: "Source", data: Any, path: tuple[str | int, ...]) -> None:
    """An unquoted 0049… or true is no name; to guess what was meant would be worse than to ask."""
    if isinstance(data, list):
        for place, one in enumerate(data):
            _check_keys(file, source, one, (*path, place))
    for key, one in data.items() if isinstance(data, dict) else ():
        if not isinstance(key, str):
            line = source.line((*path, str(key)))
            text = said(f'Put the key in quotes: "{key}".', f'请给键加引号："{key}"。')
            raise click.ClickException(f"{file}:{line}: {text}")
        _check_keys(file, source, one, (*path, key))


def _planned(asked: Centre, file: Path, source: "Source", prune: bool) -> dict[str, Any]:
    found: dict[str, Any] = asked.ask(
        "POST", "/config/plan", {"document": source.data, "prune": prune}
    )
    for problem in found["notes"]:
        click.echo(_line(file, source, problem), err=True)
    for problem in found["problems"]:
        click.echo(_line(file, source, problem))
    if found["problems"]:
        tell("Nothing was changed.", "未做任何更改。", error=True)
        sys.exit(1)
    for change in found["changes"]:
        _show_change(change)
    if not found["changes"]:
        tell("There is nothing to change.", "没有需要更改的内容。")
    return found


def _show_change(change: dict[str, Any]) -> None:
    click.echo(f"{_MARKS[change['kind']]} {change['section']}.{change['id']}")
    for one in change["fields"]:
        click.echo(f"    {one['field']}: {one_line(one['before'])} -> {one_line(one['after'])}")


def _line(file: Path, source: "Source", problem: dict[str, Any]) -> str:
    text = problem["text"].get(language()) or problem["text"]["en"]
    where = f"{file}:{source.line(tuple(problem['path']))}"
    return f"{where}: {problem['field']}: {text}" if problem["field"] else f"{where}: {text}"
