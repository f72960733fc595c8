"""The demo as a user starts it: real SIP and RTP on a real Asterisk, judged by its people's records."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[2]
PORTS = "28000-28999"


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


def test_six_calls_of_every_kind_are_carried_as_they_should_be() -> None:
    ended = play(6, CALLCENTER_DEMO_SEED="7")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "calls 通话 6/6" in ended.stdout
    for kind in ("answered", "left the menu", "unknown number"):
        assert kind in ended.stdout
    used = re.search(r"logs .* (\S+/run/demo-\d+)/logs", ended.stdout)
    assert used and not Path(used[1]).exists()


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
