"""`callcenter simulate` as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callcenter.cli.main import main

pytestmark = pytest.mark.service

DAY = """\
hours: 1
queues:
  sales:
    arrivals: {per_hour: 60}
    handle: {mean: 100}
    patience: {mean: 60}
agents:
  team: {count: 2, queues: [sales]}
"""


def typed(folder: Path, text: str, *options: str, lang: str = "en") -> Result:
    file = folder / "day.yaml"
    file.write_text(text)
    return CliRunner().invoke(main, ["--lang", lang, "simulate", str(file), *options])


def test_a_day_is_played_and_its_figures_are_kept(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    result = typed(tmp_path, DAY, "--seed", "5", "--json", str(kept))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("queue\toffered")
    assert lines[1].startswith("sales\t")
    assert lines[-1] == "seed 5"
    (run,) = json.loads(kept.read_text())
    assert run["seed"] == 5
    counts = run["queues"]["sales"]
    assert counts["offered"] == counts["answered"] + counts["abandoned"] > 30
    assert run["all"] == counts


def test_several_runs_give_a_mean_and_its_range(tmp_path: Path) -> None:
    result = typed(tmp_path, DAY, "--runs", "3", lang="zh")
    assert result.exit_code == 0
    assert "–" in result.stdout.splitlines()[1]
    assert result.stdout.splitlines()[-1] == "种子 1–3"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (DAY.replace("[sales]", "[sale]"), 8, "sale"),
        (DAY.replace("per_hour: 60", "per_hour: many"), 4, "many"),
        (DAY + "agents: {}\n", 9, "agents"),
        ("", 1, "empty"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    result = typed(tmp_path, text)
    assert result.exit_code == 1
    assert f"day.yaml:{line}: " in result.output
    assert says in result.output
    assert typed(tmp_path, text, lang="zh").exit_code == 1
