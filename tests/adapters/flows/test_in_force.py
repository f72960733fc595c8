"""What is in force survives in a file: whole, or as much of it as can be read."""

import errno
import json
import os
from pathlib import Path

import pytest

from callcenter.adapters.flows.in_force import FlowsInForce
from callcenter.adapters.flows.set_aside import set_aside
from callcenter.adapters.flows.yaml_files import FlowFolder, Loaded
from callcenter.core.ids import FlowId
from callcenter.ports.journal import JournalAway
from callcenter.services.emergency_flow import emergency_system_flow
from callcenter.services.flows import FlowShelf, Recalled

pytestmark = pytest.mark.adapter

SHIPPED = Path(__file__).parents[3] / "ivr_flows"
FILE = "flows-in-force.json"
HOTLINE = FlowId("hotline")
CALENDARS = """
hotline: {zone: Asia/Shanghai, weekly: {mon-fri: ["09:00-17:30"]}, holidays: [2026-10-01]}
"""
NOTHING = Recalled({}, {}, holds=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An admin's folder with the flows that we ship, and hours."""
    folder = tmp_path / "flows"
    folder.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "calendars.yaml").write_text(CALENDARS)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    run.mkdir()
    return run


@pytest.fixture
def loaded(folder: Path, run: Path) -> Loaded:
    """What the folder holds, which has come into force."""
    loaded = FlowFolder(folder).load()
    FlowsInForce(run).write(loaded.flows, loaded.calendars)
    return loaded


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_what_came_into_force_is_read_again_as_it_was(run: Path, loaded: Loaded) -> None:
    assert len(loaded.flows) > 1
    assert loaded.calendars
    assert FlowsInForce(run).read() == Recalled(loaded.flows, loaded.calendars, holds=True)


def test_where_nothing_was_kept_there_is_nothing(run: Path) -> None:
    assert FlowsInForce(run).read() == NOTHING


def test_the_centres_own_words_are_not_kept_for_they_are_no_file(run: Path, loaded: Loaded) -> None:
    own = emergency_system_flow()
    FlowsInForce(run).write({**loaded.flows, own.id: own}, {})
    assert own.id not in FlowsInForce(run).read().flows


def test_what_is_set_aside_is_known_and_does_not_hold(run: Path, loaded: Loaded) -> None:
    set_aside(run)
    set_aside(run)  # a start that came to nothing, and the next one
    assert FlowsInForce(run).read() == Recalled(loaded.flows, loaded.calendars, holds=False)
    FlowsInForce(run).write(loaded.flows, {})
    assert FlowsInForce(run).read() == Recalled(loaded.flows, {}, holds=True)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"flows": {}}', '{"flows": 1, "calendars": {}}', "[" * 100_000]
)
def test_a_record_that_cannot_be_read_is_none(run: Path, text: str) -> None:
    (run / FILE).write_text(text)
    assert FlowsInForce(run).read() == NOTHING


def test_what_a_new_version_of_ours_no_longer_understands_is_left_to_the_folder(
    run: Path, loaded: Loaded
) -> None:
    kept = json.loads((run / FILE).read_text())
    kept["flows"]["hotline"]["start"] = "nowhere"
    (run / FILE).write_text(json.dumps(kept))
    recalled = FlowsInForce(run).read()
    assert set(recalled.flows) == set(loaded.flows) - {HOTLINE}
    assert not recalled.holds


def test_a_disk_that_takes_nothing_leaves_what_was_kept(
    run: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JournalAway):
        FlowsInForce(run).write({}, {})
    assert FlowsInForce(run).read().flows == loaded.flows


async def test_hours_that_were_taken_away_serve_on_where_a_flow_asks_for_them(
    folder: Path, run: Path
) -> None:
    before = FlowFolder(folder).load()
    hours = before.calendars["hotline"]
    FlowsInForce(run).write(before.flows, {"hotline": hours, "unused": hours})
    change(folder / "calendars.yaml", "hotline:", "shop:")
    set_aside(run)
    shelf = FlowShelf(FlowFolder(folder).load, None, FlowsInForce(run))
    ready = await shelf.recall(["sales", "support"], [HOTLINE])
    assert [problem.code for problem in ready.problems] == ["unknown-calendar"]
    assert ready.in_force[HOTLINE] == before.flows[HOTLINE]
    assert set(ready.calendars) == {"hotline", "shop"}


async def test_a_typo_that_nobody_reloaded_is_told_and_changes_nothing(
    folder: Path, run: Path, loaded: Loaded
) -> None:
    change(folder / "hotline.yaml", "start:", "start")
    shelf = FlowShelf(FlowFolder(folder).load, None, FlowsInForce(run))
    ready = await shelf.recall(["sales", "support"], [HOTLINE])
    (problem,) = ready.problems
    assert Path(problem.file).name == "hotline.yaml"
    assert problem.line > 1
    assert ready.in_force[HOTLINE] == loaded.flows[HOTLINE]
    assert ready.calendars == loaded.calendars
