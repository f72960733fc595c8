"""Tables for people, JSON for machines."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from callcenter.bench.calls import Pace, Run, highest
from callcenter.bench.figures import Spread, Target, percentile, ratio, spread
from callcenter.bench.machine import Machine
from callcenter.bench.matching import Matched, Outage
from callcenter.bench.waiting import BUSY_LIMIT, REST_LIMIT_MS, MusicStep, Silence


def console() -> Console:
    """Where everything is said; wide enough for the tables where it is no terminal."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=150)


def show_machine(out: Console, machine: Machine, versions: Mapping[str, str]) -> None:
    """Where this is measured."""
    load = " ".join(f"{value:.2f}" for value in machine.load)
    out.print(
        f"{machine.cores} cores {machine.cpu}, {machine.memory_gib} GiB, Linux {machine.kernel}; "
        f"load {load}"
    )
    out.print(", ".join(f"{name} {version}" for name, version in versions.items()))


def calls_table(runs: Sequence[Run]) -> Table:
    """The fixed rates: a line for each cell."""
    table = Table(title="Fixed rates, 2 s on the phone: median (range) of the rounds")
    for head in ("agents", "calls/s", "system", "runs", "join → agent INVITE p50 ms", "p95 ms"):
        table.add_column(head, justify="left" if head == "system" else "right")
    for head in ("p99 ms", "Asterisk ms/call", "Python ms/call", "INVITEs/calls", "again"):
        table.add_column(head, justify="right")
    table.add_column("busy/foreign", justify="right")
    for agents, rate, system in cells(runs):
        table.add_row(*_cell_row(agents, rate, system, cell(runs, agents, rate, system)))
    return table


def cells(runs: Iterable[Run]) -> list[tuple[int, int, str]]:
    """What was measured at fixed rates."""
    return sorted({(run.agents, run.rate, run.system) for run in runs if not run.searching})


def cell(runs: Iterable[Run], agents: int, rate: int, system: str) -> list[Run]:
    """The runs of one cell."""
    wanted = (agents, rate, system, False)
    return [run for run in runs if (run.agents, run.rate, run.system, run.searching) == wanted]


def _cell_row(agents: int, rate: int, system: str, runs: list[Run]) -> list[str]:
    rings, calls = sum(run.rings for run in runs), sum(run.calls for run in runs)
    busy, foreign = spread(run.busy for run in runs), spread(run.foreign for run in runs)
    return [
        str(agents),
        str(rate),
        system,
        str(len(runs)),
        *(_of(runs, name, 2) for name in ("p50", "p95", "p99", "asterisk_ms", "engine_ms")),
        f"{rings}/{calls}",
        str(sum(run.retransmissions for run in runs)),
        f"{busy.median:.0%}/{foreign.median:.0%}",
    ]


def _of(runs: Iterable[Run], name: str, digits: int) -> str:
    return spread(getattr(run, name) for run in runs).text(digits)


def calls_targets(runs: Sequence[Run], pace: Pace) -> list[Target]:
    """What the issue promises of calls."""
    targets: list[Target] = []
    for agents, rate, system in cells(runs):
        if system == "engine":
            ours = cell(runs, agents, rate, "engine")
            theirs = cell(runs, agents, rate, "app_queue")
            targets += _cell_targets(agents, rate, ours, theirs, many=agents == pace.many)
    ours_top = spread(highest(list(runs), "engine", pace.many))
    theirs_top = spread(highest(list(runs), "app_queue", pace.many))
    name = f"{pace.many} agents: highest rate, as a multiple of app_queue's"
    top = ratio(ours_top, theirs_top)
    targets.append(Target(name, top, 1.25, "×", at_least=True, runs=ours_top.runs))
    return targets


def _cell_targets(
    agents: int, rate: int, ours: list[Run], theirs: list[Run], *, many: bool
) -> list[Target]:
    where = f"{agents} agents, {rate} calls/s"
    p95, their_p95 = spread(r.p95 for r in ours), spread(r.p95 for r in theirs)
    python = spread(run.engine_ms for run in ours)
    targets = [Target(f"{where}: Python", python.median, 2.0, "ms/call", runs=python.runs)]
    if not many:
        bound = their_p95.median + 3
        name = f"{where}: p95 within 3 ms of app_queue's"
        return [*targets, Target(name, p95.median, bound, "ms", runs=p95.runs)]
    if rate < 40:
        return targets
    cpu, their_cpu = spread(r.asterisk_ms for r in ours), spread(r.asterisk_ms for r in theirs)
    return [
        *targets,
        _below(f"{where}: p95 below app_queue's", p95, their_p95, "ms"),
        _below(f"{where}: Asterisk's CPU below app_queue's", cpu, their_cpu, "ms/call"),
    ]


def _below(name: str, ours: Spread, theirs: Spread, unit: str) -> Target:
    return Target(name, ours.median, theirs.median, unit, runs=ours.runs, strictly=True)


def ratio_lines(runs: Sequence[Run]) -> list[str]:
    """Engine divided by app_queue, for each cell."""
    lines = []
    for agents, rate, system in cells(runs):
        if system != "engine":
            continue
        ours, theirs = cell(runs, agents, rate, system), cell(runs, agents, rate, "app_queue")
        shares = [
            f"{label} {_ratio(ours, theirs, name)}"
            for label, name in (
                ("p50", "p50"),
                ("p95", "p95"),
                ("p99", "p99"),
                ("Asterisk CPU", "asterisk_ms"),
            )
        ]
        together = ratio(
            spread(run.asterisk_ms + run.engine_ms for run in ours),
            spread(run.asterisk_ms for run in theirs),
        )
        lines.append(f"{agents} agents, {rate}/s: {', '.join(shares)}, with Python {together:.2f}")
    return lines


def _ratio(ours: list[Run], theirs: list[Run], name: str) -> str:
    value = ratio(spread(getattr(r, name) for r in ours), spread(getattr(r, name) for r in theirs))
    return "-" if math.isnan(value) else f"{value:.2f}"


def top_lines(runs: Sequence[Run], pace: Pace) -> list[str]:
    """The highest rates, and that of few agents, which the agents themselves bound."""
    lines = []
    for system in ("app_queue", "engine"):
        top = spread(highest(list(runs), system, pace.many))
        lines.append(f"{pace.many} agents, {system}: {top.text(0)} calls/s, {top.runs} searches")
    lines.append(f"{pace.few} agents: not sought; {pace.few / 2:.0f} calls/s of 2 s fill them all")
    return lines


def show_silence(out: Console, silence: Silence) -> None:
    """What those who wait in silence cost."""
    delays = silence.decisions
    p50, p95, p99 = (percentile(delays, share) for share in (0.5, 0.95, 0.99))
    out.print(
        f"{silence.waiting} in silence: engine {silence.engine_mib:.0f} MiB and "
        f"{silence.engine_cpu:.1%} of a core, Asterisk {silence.asterisk_mib:.0f} MiB and "
        f"{silence.asterisk_cpu:.1%}; Ready to INVITE p50/p95/p99 {p50:.1f}/{p95:.1f}/{p99:.1f} ms "
        f"of {len(delays)}; foreign {silence.foreign:.0%}, pulse {silence.pulse_ms:.0f} ms"
    )


def show_music(out: Console, steps: Sequence[MusicStep]) -> None:
    """How many are held with music, and what stopped it."""
    held = max((step.waiting for step in steps if step.holds), default=0)
    last = steps[-1]
    out.print(
        f"with music this machine holds {held}; at {last.waiting} commands take "
        f"{last.rest_p95_ms:.0f} ms (p95; limit {REST_LIMIT_MS:.0f}) and the machine is "
        f"{last.busy:.0%} busy (limit {BUSY_LIMIT:.0%}, foreign {last.foreign:.0%})",
        style="bold",
    )


def matching_line(runs: Sequence[Matched]) -> str:
    """One size of floor."""
    first = runs[0]
    p50, p99 = spread(run.freed_p50 for run in runs), spread(run.freed_p99 for run in runs)
    joined = spread(run.joined_p99 for run in runs)
    return (
        f"{first.agents} agents, {first.waiting} waiting, {first.wants} different wants: freed to"
        f" offered p50 {p50.text(3)} ms, p99 {p99.text(3)} ms; a caller joins p99 {joined.text(3)} ms"
    )


def outage_line(outages: Sequence[Outage]) -> str:
    """The minute after an outage."""
    first = outages[0]
    seconds = spread(one.seconds for one in outages)
    longest = spread(one.longest_lap_ms for one in outages)
    return (
        f"{first.waiting} waiting, {first.agents} ready at once: {first.matched} matched in"
        f" {seconds.text(3)} s, the longest lap {longest.text(2)} ms"
    )


def show_targets(out: Console, targets: Iterable[Target], doubts: Sequence[str]) -> None:
    """A line for each; no verdict where there are doubts."""
    out.print("\nTargets")
    for doubt in doubts:
        out.print(f"  NO VERDICT: {doubt}", style="yellow", markup=False)
    for target in targets:
        colour = "yellow" if doubts else "green" if target.is_met else "red"
        text = f"(not judged)  {target}" if doubts else str(target)
        out.print(f"  {text}", style=colour, markup=False)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Everything raw."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, default=str) + "\n")
