"""The drill as a person types it: a backup is restored, started beside, and called."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from callcenter.bootstrap.database import prepare_database
from callcenter.settings import load
from tests.adapters.db.real_postgres import Cluster
from tests.live.live_centre import FIGURES, LONGER, PROJECT, free_ports, write_centre

pytestmark = pytest.mark.live


def typed(folder: Path, *words: str) -> str:
    """What a command said; it must not fail."""
    done = subprocess.run(
        [sys.executable, "-m", "callcenter", "--config", folder / "callcenter.toml", *words],
        cwd=PROJECT,
        env={**os.environ, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=LONGER.total_seconds(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The lines of settings that name it; none for SQLite."""
    if request.param == "sqlite":
        yield ""
        return
    cluster = Cluster()
    try:
        url = cluster.bare
        yield f'[database]\nurl = "{url}"\n'
        with psycopg.connect(url) as server:
            names = [name for (name,) in server.execute("SELECT datname FROM pg_database")]
        assert not [name for name in names if "drill" in name]
    finally:
        cluster.remove()


async def test_a_restored_centre_takes_a_call_and_leaves_nothing_behind(
    tmp_path: Path, database: str
) -> None:
    with free_ports() as ports:
        write_centre(tmp_path, ports)
    with (tmp_path / "callcenter.toml").open("a") as file:
        file.write(database)
    settings = load(tmp_path / "callcenter.toml", {})
    await prepare_database(settings)
    typed(tmp_path, "backup", str(tmp_path / "night"))
    said = typed(tmp_path, "backup", "drill", str(tmp_path / "night.tar.age"))
    assert "answered and was heard; facts go on at number 1" in said
    record = json.loads((settings.run_folder / "last-drill.json").read_text())
    assert record["passed"]
    assert list(settings.run_folder.glob("drill-*")) == []
    FIGURES.append(f"drill: restored, started and called in {record['seconds']:.1f} s")
