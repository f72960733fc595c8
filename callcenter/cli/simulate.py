"""`callcenter simulate`: a made-up day through the real core."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcenter.cli.calibrating import tell_calibration
from callcenter.cli.progress import Progress
from callcenter.cli.verifying import tell_verified, verified
from callcenter.cli.wording import language, said, show, tell

if TYPE_CHECKING:
    from callcenter.core.reading import Problem
    from callcenter.simulation.figures import Results
    from callcenter.simulation.scenario import Scenario


@click.command()
@click.argument(
    "scenarios",
    metavar="[SCENARIO]...",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--journal",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Decide a recorded journal's offers again instead.",
)
@click.option("--seed", type=click.IntRange(0), help="Of everything by chance; else the file's.")
@click.option("--runs", type=click.IntRange(1, 1000), default=1, help="So many, a seed each.")
@click.option(
    "--estimates", is_flag=True, help="How true estimates of waits are, of one SCENARIO or several."
)
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Figures go here.")
def simulate(
    scenarios: tuple[Path, ...],
    journal: Path | None,
    seed: int | None,
    runs: int,
    estimates: bool,
    as_json: Path | None,
) -> None:
    """Play SCENARIO, a YAML file, through the real core with a moved clock; needs no running centre.

    The same file and seed give the same day. Examples are in the folder simulations/.
    """
    if journal is None and estimates and scenarios:
        plans = [(file.stem, _read(file)) for file in scenarios]
        tell_calibration(plans, seed, runs, as_json)
        return
    if len(scenarios) + (journal is not None) != 1 or estimates:
        raise click.UsageError(
            said("give a SCENARIO or --journal FOLDER", "请给出 SCENARIO 或 --journal 文件夹")
        )
    if journal is not None:
        click.get_current_context().exit(0 if tell_verified(verified(journal)) else 1)
    plan = _read(scenarios[0])
    first = plan.seed if seed is None else seed
    results = _play(plan, range(first, first + runs))
    tables = [_figures(result) for result in results]
    _show(tables)
    tell(_seeds(first, runs, "seed"), _seeds(first, runs, "种子"))
    if as_json is not None:
        told = [{"seed": first + n, **table} for n, table in enumerate(tables)]
        as_json.write_text(json.dumps(told, indent=2) + "\n")


def _read(file: Path) -> "Scenario":
    """What the file says. Ends the command with every mistake, each with its line."""
    from callcenter.adapters.flows.yaml_source import Unsafe, read_text, text_of
    from callcenter.core.reading import Unreadable
    from callcenter.simulation.scenario import read_scenario

    try:
        source = read_text(text_of(file))
    except Unsafe as unsafe:
        raise click.ClickException(_line(file, unsafe.line, unsafe.problem)) from None
    try:
        return read_scenario(source.data)
    except Unreadable as error:
        lines = [_line(file, source.line(problem.path), problem) for problem in error.problems]
        raise click.ClickException("\n".join(lines)) from None


def _line(file: Path, line: int, problem: "Problem") -> str:
    return f"{file}:{line}: {problem.text.get(language()) or problem.text['en']}"


def _play(plan: "Scenario", seeds: Sequence[int]) -> "list[Results]":
    from callcenter.simulation.world import World

    progress, done = Progress(), []
    progress.step("Simulating", "正在模拟")
    for number, seed in enumerate(seeds):
        part = said(f"run {number + 1} of {len(seeds)}", f"第 {number + 1}/{len(seeds)} 次")
        done.append(World(plan, seed).run(partial(progress, part)))
    progress.done("")
    return done


def _figures(results: "Results") -> dict[str, Any]:
    """Everything a run came to, for programs."""
    from callcenter.core import metrics
    from callcenter.core.durations import in_seconds
    from callcenter.simulation.figures import whole

    def of(counts: metrics.QueueCounts) -> dict[str, Any]:
        return {
            "offered": counts.offered,
            "answered": counts.answered,
            "abandoned": counts.abandoned,
            "short_abandons": counts.short,
            "service_level": metrics.service_level(counts),
            "abandon_rate": metrics.abandon_rate(counts),
            "average_speed_of_answer_seconds": in_seconds(metrics.average_speed_of_answer(counts)),
            "longest_wait_seconds": counts.longest_wait.total_seconds(),
        }

    return {
        "queues": {str(queue): of(counts) for queue, counts in results.queues.items()},
        "all": of(whole(results)),
        "occupancy": metrics.occupancy(results.times),
        "offers": results.offers,
        "missed": results.missed,
        "still_waiting": results.left,
    }


def _show(tables: Sequence[Mapping[str, Any]]) -> None:
    columns = [
        ("queue", "队列"),
        ("offered", "进线"),
        ("answered", "接听"),
        ("abandoned", "放弃"),
        ("service level", "服务水平"),
        ("abandon rate", "放弃率"),
        ("ASA", "平均应答"),
        ("longest wait", "最长等待"),
    ]
    rows = [
        _row(queue, [table["queues"][queue] for table in tables]) for queue in tables[0]["queues"]
    ]
    if len(rows) > 1:
        rows.append(_row(said("all", "合计"), [table["all"] for table in tables]))
    show(columns, rows, said("No queue.", "没有队列。"))
    busy = _over((table["occupancy"] for table in tables), _percent)
    missed = _over((table["missed"] for table in tables), _whole)
    offers = _over((table["offers"] for table in tables), _whole)
    left = _over((table["still_waiting"] for table in tables), _whole)
    tell(
        f"agents busy {busy}; {offers} offers, {missed} missed; still waiting at the end: {left}",
        f"坐席利用率 {busy}；分配 {offers} 次，未接 {missed} 次；结束时仍在等待：{left}",
    )


def _row(name: str, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    def over(field: str, text: Callable[[float], str]) -> str:
        return _over((run[field] for run in runs), text)

    return [
        name,
        over("offered", _whole),
        over("answered", _whole),
        over("abandoned", _whole),
        over("service_level", _percent),
        over("abandon_rate", _percent),
        over("average_speed_of_answer_seconds", _seconds),
        over("longest_wait_seconds", _seconds),
    ]


def _over(values: Iterable[float | None], text: Callable[[float], str]) -> str:
    """One value, or the mean and the range of several; a dash where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return text(known[0])
    return f"{text(statistics.mean(known))} ({text(min(known))}–{text(max(known))})"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _seeds(first: int, runs: int, word: str) -> str:
    return f"{word} {first}" if runs == 1 else f"{word} {first}–{first + runs - 1}"
