"""How true the estimates of waits are, as a table: `callcenter simulate --estimates`."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcenter.cli.progress import Progress
from callcenter.cli.wording import said, show, tell

if TYPE_CHECKING:
    from callcenter.simulation.calibration import Calibration, Truth
    from callcenter.simulation.scenario import Scenario

LEARNED_FROM = 2
"""So many days of each scenario, before those that are judged."""


def tell_calibration(
    plans: Sequence[tuple[str, "Scenario"]], seed: int | None, runs: int, as_json: Path | None
) -> None:
    """Learn, judge and show, each scenario by itself and all together."""
    from callcenter.simulation.calibration import Calibration, calibrate

    progress, found = Progress(), {}
    progress.step("Simulating", "正在模拟")
    for name, plan in plans:
        first = plan.seed if seed is None else seed
        learn = range(first + runs, first + runs + LEARNED_FROM)
        judge = range(first, first + runs)
        found[name] = calibrate(plan, learn, judge, partial(progress, name))
    progress.done("")
    if len(found) > 1:
        found[said("all", "合计")] = sum(found.values(), Calibration())
    _show(found)
    tell(
        f"learned from {LEARNED_FROM} days, judged on {runs} others (app_queue is given as much room"
        " around its number as an estimate may have)",
        f"用 {LEARNED_FROM} 天学习，在另外 {runs} 天检验（app_queue 的数字按预估允许的最大宽度放宽）",
    )
    if as_json is not None:
        told = {name: _figures(one) for name, one in found.items()}
        as_json.write_text(json.dumps(told, indent=2) + "\n")


def _show(found: dict[str, "Calibration"]) -> None:
    columns = [
        ("scenario", "场景"),
        ("of", "来源"),
        ("moments", "时刻"),
        ("spoken", "已播报"),
        ("judged", "可检验"),
        ("served inside", "区间内接通"),
        ("mean width", "平均宽度"),
        ("silent", "未播报"),
    ]
    rows = []
    for name, one in found.items():
        rows += [_row(name, said("ours", "本系统"), one.ours)]
        rows += [_row(name, "app_queue", one.app_queue)]
    show(columns, rows, said("No scenario.", "没有场景。"))


def _row(name: str, whose: str, truth: "Truth") -> list[str]:
    width = truth.mean_width
    return [
        name,
        whose,
        str(truth.occasions),
        str(truth.spoken),
        str(truth.judged),
        _percent(truth.share_inside),
        "-" if width is None else f"{width:.0f} s",
        _percent(truth.share_silent),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _figures(one: "Calibration") -> dict[str, Any]:
    return {
        whose: {
            "moments": truth.occasions,
            "spoken": truth.spoken,
            "judged": truth.judged,
            "served_inside": truth.share_inside,
            "mean_width_seconds": truth.mean_width,
            "silent": truth.share_silent,
        }
        for whose, truth in (("ours", one.ours), ("app_queue", one.app_queue))
    }
