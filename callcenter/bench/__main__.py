"""`python -m callcenter.bench`: the command line of the benches."""

import asyncio
import functools
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from callcenter.bench import (
    callbacks,
    calls,
    core,
    guard,
    kills,
    matching,
    overload,
    report,
    start,
    waiting,
)
from callcenter.bench.capture import can_capture
from callcenter.bench.figures import Target, doubts, spread
from callcenter.bench.house import PROJECT, Ground
from callcenter.bench.machine import look, pulse_ms
from callcenter.host.precedence import Precedence, take
from callcenter.host.switch import prepare_switch


@click.group()
def main() -> None:
    """Measure this centre on this machine."""


class Bench:
    """What every bench begins and ends with."""

    def __init__(self, json_path: Path | None, keep: bool) -> None:
        self.out = report.console()
        self._json = json_path
        self._keep = keep
        self._began = time.monotonic()
        self.folder = PROJECT / "run/bench" / f"{datetime.now(UTC):%H%M%S}-{os.getpid()}"

    def ground(self) -> Ground:
        """A folder of our own, and the switch, which is fetched when it is not there yet."""
        take(Precedence.SWITCH)  # And with us the telephones.
        self.folder.mkdir(parents=True)
        home = PROJECT / "run/switch"
        switch = prepare_switch(home, mirror=None, progress=self._progress)
        return Ground(self.folder, switch, home)

    def begin(self, ground: Ground | None = None) -> dict[str, Any]:
        """Say where this is measured."""
        versions = {"Python": sys.version.split()[0]}
        if ground is not None:
            versions["Asterisk"] = ground.switch.version
        machine = look()
        report.show_machine(self.out, machine, versions)
        return {"machine": asdict(machine), "versions": versions, "at": datetime.now(UTC)}

    def end(
        self, data: Mapping[str, Any], targets: list[Target], doubts: Sequence[str] = ()
    ) -> None:
        """Say what became of the targets, unless there are `doubts`, and clean up."""
        report.show_targets(self.out, targets, doubts)
        took = time.monotonic() - self._began
        self.out.print(f"{took / 60:.1f} minutes")
        if self._json is not None:
            met = (None if doubts else target.is_met for target in targets)
            kept = [asdict(t) | {"met": m} for t, m in zip(targets, met, strict=True)]
            told = {"targets": kept, "doubts": list(doubts), "seconds": round(took)}
            report.write_json(self._json, {**data, **told})
            self.out.print(f"raw figures: {self._json}")
        if self._keep:
            self.out.print(f"logs: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, text: str) -> None:
        """A line for whoever watches."""
        self.out.print(text, markup=False)

    def _progress(self, what: str, share: float | None) -> None:
        if share is None:
            self.say(what)


def _bench(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command with the options that every bench has; its function gets the `Bench` first."""

    def declare(run: Callable[..., None]) -> click.Command:
        @main.command(name, help=run.__doc__)
        @click.option("--json", type=click.Path(path_type=Path), help="Raw figures go here.")
        @click.option("--keep", is_flag=True, help="Leave the bench's folder with its logs.")
        @functools.wraps(run)
        def command(json: Path | None, keep: bool, **options: Any) -> None:
            run(Bench(json, keep), **options)

        return command

    return declare


def _rates(_context: click.Context, _option: click.Parameter, text: str | None) -> Any:
    """The whole numbers in a list with commas; None where there is none."""
    if text is None:
        return None
    try:
        rates = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter("write whole numbers with commas between, such as 5,10") from None
    if min(rates) < 1:
        raise click.BadParameter("the lowest rate is 1 call a second")
    return rates


@_bench("calls")
@click.option(
    "--quick", is_flag=True, help="One short round: to see that it works, not to judge by."
)
@click.option("--seed", type=int, help="Of the order; said at the start.")
@click.option(
    "--rates", callback=_rates, help="Calls a second, such as 5,10: for a slower or faster machine."
)
def calls_command(
    bench: Bench, quick: bool, seed: int | None, rates: tuple[int, ...] | None
) -> None:
    """Callers to app_queue at its best and to this engine, side by side."""
    ground = bench.ground()
    data = bench.begin(ground)
    seed = random.randrange(10_000) if seed is None else seed
    way = "packet capture on lo, kernel time stamps" if can_capture() else "SIPp's own logs"
    bench.say(f"order of seed {seed}; latency by {way}")
    pace = calls.QUICK if quick else calls.FULL
    pace = pace.at(rates) if rates else pace
    runs = asyncio.run(calls.measure(ground, pace, bench.say, seed))
    _show_calls(bench.out, runs, pace)
    raw = {"pace": asdict(pace), "seed": seed, "latency_by": way}
    raw["runs"] = [calls.as_data(run) for run in runs]
    why_not = doubts(
        quick=quick,
        rounds=pace.rounds,
        foreign=[run.foreign for run in runs],
        pulses=[run.pulse_ms for run in runs],
    )
    bench.end({**data, **raw}, report.calls_targets(runs, pace), why_not)


def _show_calls(out: Console, runs: list[calls.Run], pace: calls.Pace) -> None:
    out.print()
    out.print(report.calls_table(runs))
    out.print("\nHighest rate without failure, repetition or p95 >= 100 ms (1 s on the phone)")
    for text in report.top_lines(runs, pace):
        out.print(f"  {text}", markup=False)
    out.print("\nEngine divided by app_queue")
    for text in report.ratio_lines(runs):
        out.print(f"  {text}", markup=False)


@_bench("waiting")
@click.option("--quick", is_flag=True, help="200 callers in silence only.")
def waiting_command(bench: Bench, quick: bool) -> None:
    """2,000 callers waiting in silence, and how many this machine holds with music."""
    ground = bench.ground()
    data = bench.begin(ground)
    count, rounds = (200, 1) if quick else (waiting.CALLERS, 3)
    runs: list[waiting.Silence] = []
    for number in range(1, rounds + 1):
        bench.say(f"silence, round {number}")
        measured = waiting.measure_silence(ground, bench.say, count=count, number=number)
        runs.append(asyncio.run(measured))
        report.show_silence(bench.out, runs[-1])
    steps: list[waiting.MusicStep] = []
    if not quick:
        bench.say("music")
        steps = asyncio.run(waiting.measure_music(ground, bench.say))
        report.show_music(bench.out, steps)
    raw = {"silence": [asdict(run) for run in runs], "music": [asdict(step) for step in steps]}
    why_not = doubts(
        quick=quick,
        rounds=rounds,
        foreign=[run.foreign for run in runs],
        pulses=[*(run.pulse_ms for run in runs), pulse_ms()],
    )
    bench.end({**data, **raw}, waiting.silence_targets(runs), why_not)


@_bench("start")
def start_command(bench: Bench) -> None:
    """From the start of the engine's process until it is ready."""
    ground = bench.ground()
    data = bench.begin(ground)
    starts = asyncio.run(start.measure_starts(ground, bench.say))
    total, packages = start.import_shares()
    bench.say(f"imports {total:.0f} ms by their own count:")
    for name, took in packages:
        bench.say(f"  {took:7.1f} ms  {name}")
    raw = {"starts": [asdict(one) for one in starts], "imports_ms": dict(packages)}
    why_not = doubts(
        quick=False,
        rounds=len(starts),
        foreign=[one.foreign for one in starts],
        pulses=[one.pulse_ms for one in starts],
    )
    bench.end({**data, **raw}, start.start_targets(starts), why_not)


@_bench("kills")
@click.option("--quick", is_flag=True, help="40 calls, three kills and no crowd.")
@click.option("--seed", type=int, help="Of the instants; said at the start.")
def kills_command(bench: Bench, quick: bool, seed: int | None) -> None:
    """200 calls and ten kills; then 2,000 who wait, and three."""
    _needs_the_wire()
    ground = bench.ground()
    data = bench.begin(ground)
    seed = random.randrange(10_000) if seed is None else seed
    bench.say(f"instants of seed {seed}")
    count, times = (40, 3) if quick else (kills.CALLERS, kills.KILLS)
    measured = kills.measure_kills(ground, bench.say, seed, count=count, kills=times)
    table, judgement = asyncio.run(measured)
    bench.say(f"{judgement}")
    crowd = [] if quick else asyncio.run(kills.measure_crowd(ground, bench.say))
    raw = {
        "seed": seed,
        "table": [asdict(one) for one in table],
        "judgement": asdict(judgement),
        "crowd": [asdict(one) for one in crowd],
    }
    why_not = doubts(
        quick=quick,
        rounds=len(table),
        foreign=(),
        pulses=[one.pulse_ms for one in (*table, *crowd)],
    )
    bench.end({**data, **raw}, kills.kill_targets(table, judgement, crowd), why_not)


@_bench("guard")
@click.option("--quick", is_flag=True, help="The guard only.")
def guard_command(bench: Bench, quick: bool) -> None:
    """What the guard before the engine costs a call, and the fallback's queue while nobody is in it."""
    ground = bench.ground()
    data = bench.begin(ground)
    rounds = asyncio.run(guard.measure_guard(ground, bench.say))
    found = [] if quick else asyncio.run(guard.measure_fallback(ground, bench.say))
    runs = [run for some in found for run in some]
    why_not = doubts(
        quick=quick,
        rounds=len(rounds),
        foreign=[*(one.foreign for one in rounds), *(run.foreign for run in runs)],
        pulses=[*(one.pulse_ms for one in rounds), *(run.pulse_ms for run in runs)],
    )
    raw = {"guard": [asdict(one) for one in rounds], "fallback": [asdict(run) for run in runs]}
    bench.end({**data, **raw}, guard.guard_targets(rounds, found), why_not)


@_bench("overload")
@click.option("--rate", type=click.IntRange(1), help="The highest rate, where it is known.")
def overload_command(bench: Bench, rate: int | None) -> None:
    """Twice the highest rate for half a minute: who is served, who is refused, and what follows."""
    _needs_the_wire()
    ground = bench.ground()
    data = bench.begin(ground)
    highest = rate or asyncio.run(overload.find_highest(ground, bench.say))
    floods = []
    for limited in (True, False):
        bench.say(f"highest {highest}/s; {'limited' if limited else 'not limited'} by settings")
        measured = overload.measure_flood(ground, bench.say, highest, limited=limited)
        floods.append(asyncio.run(measured))
        bench.say(f"  refused {dict(floods[-1].refused)}, lost {floods[-1].lost}")
    why_not = doubts(
        quick=False,
        rounds=1,
        foreign=(),
        pulses=[*(flood.pulse_ms for flood in floods), pulse_ms()],
    )
    raw = {"floods": [asdict(flood) for flood in floods]}
    bench.end({**data, **raw}, overload.flood_targets(floods), why_not)


def _needs_the_wire() -> None:
    if not can_capture():
        raise click.ClickException("run it as root: what is judged is read on the wire")


@_bench("core")
def core_command(bench: Bench) -> None:
    """What a call costs the engine alone, on fakes, and where it goes."""
    data = bench.begin()
    costs = [core.measure_core() for _ in range(3)]
    cpu = spread(cost.cpu_ms for cost in costs)
    bench.say(
        f"{cpu.text(3)} ms CPU a call, {costs[0].facts:.1f} facts a call, {core.AGENTS} agents, "
        f"{core.AT_ONCE} calls at once; pulse {pulse_ms():.0f} ms"
    )
    bench.say(core.profile_core())
    bench.end({**data, "runs": [asdict(cost) for cost in costs]}, [])


@_bench("matching")
@click.option("--quick", is_flag=True, help="One round, the small floors only.")
def matching_command(bench: Bench, quick: bool) -> None:
    """How long the floor takes to find who takes whom: 100 to 10,000 agents, ten skills each."""
    data = bench.begin()
    rounds, sizes = (1, matching.FLOORS[:2]) if quick else (3, matching.FLOORS)
    pulses, floors = [pulse_ms()], []
    for agents, waiting_ in sizes:
        runs = [matching.measure_floor(agents, waiting_, seed=number) for number in range(rounds)]
        floors.append(runs)
        pulses.append(pulse_ms())
        bench.say(report.matching_line(runs))
    outages = [matching.measure_outage(*matching.AFTER_OUTAGE, seed=n) for n in range(rounds)]
    bench.say(report.outage_line(outages))
    memory = matching.measure_memory()
    bench.say(f"{memory:.1f} KiB for each waiting call, the fake switch's share included")
    why_not = doubts(quick=quick, rounds=rounds, foreign=(), pulses=pulses)
    raw = {
        "floors": [[asdict(run) for run in runs] for runs in floors],
        "outages": [asdict(one) for one in outages],
        "memory_kib": memory,
    }
    bench.end({**data, **raw}, matching.matching_targets(floors, outages, memory), why_not)


@_bench("callbacks")
@click.option("--rushes", type=click.IntRange(1), default=1000, show_default=True)
def callbacks_command(bench: Bench, rushes: int) -> None:
    """Whether who is called back is served in their turn, and whom that delays: made-up rushes."""
    data = bench.begin()
    raw = {}
    targets = []
    for first in ("agent", "caller"):
        found = [callbacks.measure_rush(n, caller_first=first == "caller") for n in range(rushes)]
        bench.say(f"the {first} first: {callbacks.callback_line(found)}")
        targets += callbacks.callback_targets(found)
        raw[first] = [asdict(rush) for rush in found]
    bench.end({**data, **raw}, targets)


if __name__ == "__main__":
    main()
