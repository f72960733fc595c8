"""The demo as a user starts it: real SIP and RTP on a real Asterisk, judged by its people's records."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.adapters.db.real_postgres import Cluster

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[2]
PORTS = "28000-28999"


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty database."""
    cluster = Cluster()
    yield cluster.bare
    cluster.remove()


def play(calls: int, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CALLCENTER_DEMO_PORTS": PORTS, **settings}
    command = [sys.executable, "-m", "callcenter", "start", "--demo", "--calls", str(calls)]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300
    )


def kept_folder(ended: "subprocess.CompletedProcess[str]") -> Path:
    """The run folder that was said to be kept."""
    found = re.search(r"Kept with its logs .*: (\S+)", ended.stderr)
    assert found, ended.stderr
    return Path(found[1])


def said_of(kind: str, text: str) -> int:
    """How many calls of a kind the last word counts."""
    found = re.search(rf"{kind} \S+ (\d+)", text)
    assert found, text
    return int(found[1])


def remembered(url: str) -> tuple[Counter[str], set[str]]:
    """The outcomes of all calls in a database, and the calls whose end is among its facts."""
    with closing(psycopg.connect(url)) as server:
        calls = server.execute("SELECT outcome FROM calls WHERE ended_at IS NOT NULL")
        ends = server.execute("SELECT call_id FROM facts WHERE kind = 'call.ended'")
        return Counter(str(row[0]) for row in calls), {str(row[0]) for row in ends}


# On PostgreSQL, since every other live test runs on SQLite.
def test_six_calls_of_every_kind_are_carried_and_remembered_in_postgresql(postgres: str) -> None:
    ended = play(6, CALLCENTER_DEMO_SEED="7", CALLCENTER_DEMO_DATABASE_URL=postgres)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "calls 通话 6/6" in ended.stdout
    for kind in ("answered", "left the menu", "unknown number"):
        assert kind in ended.stdout
    used = re.search(r"logs .* (\S+/run/demo-\d+)/logs", ended.stdout)
    assert used and not Path(used[1]).exists()
    outcomes, ends = remembered(postgres)
    assert len(ends) == outcomes.total() == 6
    assert outcomes["answered"] == said_of("answered", ended.stdout)


def test_an_agent_who_speaks_with_anothers_voice_makes_the_demo_fail() -> None:
    ended = play(3, CALLCENTER_DEMO_IMPOSTOR="everybody")
    folder = kept_folder(ended)
    try:
        assert ended.returncode == 1, ended.stdout
        assert re.search(r"heard \w+ while \w+ heard the caller", ended.stdout), ended.stdout
        assert list((folder / "demo-recordings").glob("call-*-caller.wav"))
        assert (folder / "logs" / "engine.log").exists()
    finally:
        shutil.rmtree(folder)
