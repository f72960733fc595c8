"""An engine of today takes over the calls of every release that was captured.

A capture holds what an engine finds that starts while callers are in every phase: journal, configuration,
database and flows as that release wrote them, and what the switch answered. See
`tests/live/capture_release.py`.
"""

import asyncio
import json
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

import callcenter.bootstrap.engine as bootstrap
from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.flows.yaml_files import FlowFolder
from callcenter.bootstrap.turn import our_turn
from callcenter.ports.speech import Speech, SpeechCapabilities
from callcenter.services.prompts import PromptLibrary
from callcenter.settings import load
from callcenter.testing.ari_double import Double, Message, say_yes, serving

pytestmark = pytest.mark.adapter

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.tar.xz"))
SETTINGS = """
[centre]
run_folder = "run"
flows_folder = "flows"
[http]
port = {own}
[switch]
http_port = {port}
"""
HALF_A_SECOND = b"\0\1" * 4000


class Beep:
    """Says the same of every text."""

    capabilities = SpeechCapabilities(frozenset({"zh", "en"}))

    def voice(self, language: str) -> str:
        return f"beep/{language}"

    async def synthesize(self, text: str, language: str) -> Speech:
        return Speech(HALF_A_SECOND, 8000)


async def nothing_to_rehearse() -> None:
    return


@asynccontextmanager
async def taken_over(
    folder: Path, double: Double, port: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Any]]:
    """Start today's engine on what is in `folder`; what it shows once it decides."""
    answers = json.loads((folder / "switch.json").read_text())

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/ari")
        nothing: Any = {"value": ""} if path == "/asterisk/variable" else {}
        return web.json_response(answers.get(path, nothing))

    double.http_answer = answer
    (folder / "callcenter.toml").write_text(
        SETTINGS.format(own=port, port=urlsplit(double.url).port)
    )
    at_that_time = datetime.fromisoformat(json.loads((folder / "shown.json").read_text())["at"])
    later = time.time() - at_that_time.timestamp()
    wall = lambda: time.time() - later  # noqa: E731
    monkeypatch.setattr(bootstrap, "SystemClock", lambda: SystemClock(wall))
    settings = load(folder / "callcenter.toml", {})
    upgrade(settings.database_url)
    prompts = PromptLibrary(folder / "run/prompts", Beep())
    flows = FlowFolder(folder / "flows")
    async with (
        our_turn(settings, nothing_to_rehearse) as turn,
        bootstrap.engine(settings, prompts, flows, turn) as running,
    ):
        following = asyncio.create_task(until_first_ends(running.link.run()))
        try:
            async with asyncio.timeout(20):
                while not running.link.is_alive:
                    await asyncio.wait((following,), timeout=0.02)
                    assert not following.done(), following.exception()
            yield running.door.snapshot()[1]
        finally:
            following.cancel()
            await asyncio.wait((following,))


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture.name)
async def test_calls_of_an_earlier_release_go_on_where_they_were(
    capture: Path, tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(capture) as archive:
        # Debian 12's Python has no filters yet; later ones want one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    before = json.loads((tmp_path / "shown.json").read_text())["state"]
    music = asyncio.Event()

    async def obey(socket: web.WebSocketResponse, order: Message) -> None:
        await say_yes(socket, order)
        if sum(uri.endswith("/moh") for _, uri in double.asked) == len(in_queue(before)):
            music.set()

    async with (
        serving(obey) as double,
        taken_over(tmp_path, double, unused_tcp_port, monkeypatch) as now,
    ):
        after = json.loads(json.dumps(now, default=str))
        assert whereabouts(after["calls"]) == whereabouts(before["calls"])
        assert len(whereabouts(before["calls"])) >= 6, "too little for a capture"
        assert waiting(after["queues"]) == waiting(before["queues"])
        assert at_work(after["agents"]) == at_work(before["agents"])
        # Whoever waits hears music again; nobody is rung, moved or let go.
        await asyncio.wait_for(music.wait(), 20)
        assert {uri.rpartition("/")[2] for _, uri in double.asked} == {"ping", "moh"}
        assert {method for method, _, _ in double.http} <= {"GET", "POST", "PUT"}


def whereabouts(calls: Mapping[str, Any]) -> dict[str, Any]:
    """Where every caller is, with whom, and since when they wait."""
    told = ("phase", "queue", "agent", "flow", "node", "language", "arrived_at", "ani")
    return {call: {key: row.get(key) for key in told} for call, row in calls.items()}


def in_queue(state: Mapping[str, Any]) -> list[str]:
    """Who waits, also while a phone rings for them."""
    return [call for call, row in state["calls"].items() if row["phase"] in {"queued", "offered"}]


def waiting(queues: Mapping[str, Any]) -> dict[str, int]:
    return {queue: row["waiting"] for queue, row in queues.items() if row["waiting"]}


def at_work(agents: Mapping[str, Any]) -> dict[str, Any]:
    told = ("presence", "activity")
    return {agent: {key: row.get(key) for key in told} for agent, row in agents.items()}
