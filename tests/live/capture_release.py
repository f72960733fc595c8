"""Not a test of the suite: takes the capture of a release that later versions must be able to take over.

    CAPTURE_TO=tests/upgrade/captures/0.2.0.tar.xz pytest tests/live/capture_release.py

It sets up callers in every phase on a real switch and keeps what an engine that starts at that moment
would find: run folder, flows and settings, and what the switch answers. `tests/upgrade` plays it to the
engine of today. Take one when a version is released, and never change it afterwards.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.live.live_centre import House
from tests.live.test_engine_killed import set_the_scene

pytestmark = pytest.mark.live

KEPT = ("configuration-in-force.json", "flows-in-force.json", "journal")


async def test_callers_in_every_phase_are_kept_for_later_versions(
    house: House, tmp_path: Path
) -> None:
    target = Path(os.environ["CAPTURE_TO"])
    scene = await set_the_scene(house)
    await asyncio.gather(*(caller.hears_anything() for caller in scene.waiting))

    run_folder = house.centre.run_folder
    shown = await _what_the_engine_shows(house)
    answers = {
        path: await house.ari(path) for path in ("/channels", "/bridges", "/endpoints/PJSIP")
    }
    kept = tmp_path / "capture/run"
    kept.mkdir(parents=True)
    for name in KEPT:
        copy = shutil.copytree if (run_folder / name).is_dir() else shutil.copy
        copy(run_folder / name, kept / name)
    with (
        closing(sqlite3.connect(run_folder / "callcenter.db")) as database,
        closing(sqlite3.connect(kept / "callcenter.db")) as copied,
    ):
        database.backup(copied)
        copied.execute("vacuum")
    assert await _what_the_engine_shows(house) == shown, "it moved while it was taken: try again"

    shutil.copytree(house.centre.folder / "flows", kept.parent / "flows")
    (kept.parent / "switch.json").write_text(json.dumps(answers, indent=1))
    told = {"at": datetime.now(UTC).isoformat(), "state": shown}
    (kept.parent / "shown.json").write_text(json.dumps(told, indent=1))
    with tarfile.open(target, "w:xz") as archive:
        archive.add(kept.parent, ".")


async def _what_the_engine_shows(house: House) -> object:
    key = json.loads((house.centre.run_folder / "cli.json").read_text())["key"]
    asked = {"Authorization": f"ApiKey {key}"}
    async with house.http.ws_connect(f"{house.centre.url}/api/v1/live", headers=asked) as socket:
        return (await socket.receive_json())["state"]
