"""`callcenter simulate` as it is typed."""

import json
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from callcenter.adapters.flows.yaml_source import read_text
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.cli.main import main
from callcenter.core.facts.calls import AgentOffered
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId
from callcenter.simulation.scenario import read_scenario
from callcenter.simulation.world import World
from callcenter.testing.centre import Centre
from callcenter.testing.journal import MemoryJournal

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


def test_a_recorded_journal_is_decided_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = SegmentJournal(folder, max_bytes=20_000)
    facts: list[Fact] = []
    World(read_scenario(read_text(DAY).data), hear=facts.append).run()
    for number, fact in enumerate(facts, start=1):
        journal.append([(number, fact)])
    journal.close()
    again = CliRunner().invoke(main, ["--lang", "en", "simulate", "--journal", str(folder)])
    offers = sum(isinstance(fact, AgentOffered) for fact in facts)
    assert again.output == f"{offers} offers decided again: {offers} the same, 0 otherwise\n"
    assert again.exit_code == 0


def test_a_segment_alone_is_decided_again_by_what_was_carried_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    written = SegmentJournal(folder, max_bytes=3_000)
    centre = Centre(journal=cast(MemoryJournal, written))  # its twin
    for name in ("ana", "bo"):
        centre.agent(name)
    for _ in range(30):
        call = centre.call()
        rung = [agent for agent in map(AgentId, ("ana", "bo")) if centre.rings(agent)]
        centre.answers(rung[0])
        centre.passes(20)
        centre.hangs_up(call)
    left = sorted(folder.glob("facts-*"))
    assert len(left) > 3
    left[0].unlink()
    left[1].unlink()
    shown = CliRunner().invoke(main, ["--lang", "zh", "simulate", "--journal", str(folder)])
    assert shown.exit_code == 0
    assert "0 次不同" in shown.output


def test_what_there_is_nothing_to_decide_of_is_said(tmp_path: Path) -> None:
    empty = CliRunner().invoke(main, ["--lang", "en", "simulate", "--journal", str(tmp_path)])
    assert (empty.exit_code, "no offer" in empty.output) == (1, True)
    neither = CliRunner().invoke(main, ["--lang", "en", "simulate"])
    assert (neither.exit_code, "SCENARIO" in neither.output) == (2, True)


def test_estimates_are_judged_by_scenario_and_beside_app_queues(tmp_path: Path) -> None:
    kept = tmp_path / "truth.json"
    result = typed(tmp_path, DAY, "--estimates", "--runs", "2", "--json", str(kept))
    assert result.exit_code == 0
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[0][:2] == ["scenario", "of"]
    assert [line[:2] for line in lines[1:3]] == [["day", "ours"], ["day", "app_queue"]]
    assert json.loads(kept.read_text())["day"]["ours"]["moments"] == int(lines[1][2])


def test_estimates_need_a_scenario() -> None:
    result = CliRunner().invoke(main, ["--lang", "en", "simulate", "--estimates"])
    assert result.exit_code == 2 and "SCENARIO" in result.output
