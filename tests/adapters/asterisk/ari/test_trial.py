"""The test call against the double of the switch: each step in turn, how it fails, what is cleared away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.trial import TrialCalls, TrialFailed, is_trial
from callcenter.testing.ari_double import Double, Message, running, say_yes

pytestmark = pytest.mark.adapter

LONG = timedelta(seconds=30)


class Stage:
    """The double behaves as the switch does with a call, as far as the test wants it to."""

    def __init__(self, double: Double, trials: TrialCalls) -> None:
        self.double = double
        self.trials = trials
        self.leg = ""
        self.placed = asyncio.Event()
        self.silent: set[str] = set()
        self.status: dict[str, int] = {}
        self.played = "done"
        double.http_answer = self.http
        double.answer = self.command

    def tell(self, kind: str, **more: Any) -> None:
        # As the reading task does: later, on the same loop.
        event: Any = {"type": kind, "channel": {"id": self.leg}, **more}
        if kind not in self.silent:
            asyncio.get_running_loop().call_soon(self.trials.heard, event)

    async def http(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.leg = request.query["otherChannelId"]
            self.placed.set()
            self.tell("StasisStart", args=["test"])
        return web.json_response({}, status=self.status.get(request.method, 200))

    async def command(self, socket: web.WebSocketResponse, request: Message) -> None:
        what = request["uri"].partition("?")[0].split("/")[2:]
        name = "/".join(what[:1]) or "hangup"
        await say_yes(socket, request, self.status.get(name, 200))
        target = {"target_uri": f"channel:{self.leg}", "state": self.played}
        after = {
            "play": lambda: self.tell("PlaybackFinished", playback=target),
            "hangup": lambda: self.tell("ChannelDestroyed"),
        }
        after.get(name, lambda: None)()

    @property
    def commands(self) -> list[str]:
        return [uri for _, uri in self.double.asked if "test-call" in uri]

    @property
    def cleared(self) -> list[str]:
        paths = [path for method, path, _ in self.double.http if method == "DELETE"]
        return [path.rpartition("-")[2] for path in paths]


@pytest.fixture
async def stage(double: Double, switch: Switch) -> AsyncIterator[Stage]:
    rest = RestSockets(switch)
    async with PooledHttp(switch) as http, running(rest.run()):
        await rest.ready()
        yield Stage(double, TrialCalls(rest, http, within=LONG))


async def test_a_call_is_placed_answered_played_to_and_ended(stage: Stage) -> None:
    took = await stage.trials.place()
    assert timedelta(0) < took < LONG
    own = [uri.partition("?")[0].removeprefix(f"channels/{stage.leg}") for uri in stage.commands]
    assert own == ["/answer", f"/play/{stage.leg}-sound", ""]
    assert stage.cleared == []
    [(method, path, body)] = stage.double.http
    assert method == "POST"
    assert "endpoint=Local/s%40test-call/n" in path.replace("%2F", "/")
    assert body["variables"] == {"TIMEOUT(absolute)": "20"}


async def test_no_two_calls_have_ids_of_which_one_begins_the_other(stage: Stage) -> None:
    ids = []
    for _ in range(11):
        await stage.trials.place()
        path = stage.double.http[-1][1].partition("?")[0]
        ids += [stage.leg, path.rpartition("/")[2]]
    assert len(set(ids)) == 22
    assert not [one for one in ids for other in ids if one != other and one.startswith(other)]
    assert all(is_trial(one) for one in ids)


@pytest.mark.parametrize(
    ("silent", "how_far"),
    [
        ("StasisStart", "arrive: TimeoutError"),
        ("PlaybackFinished", "play: TimeoutError"),
        ("ChannelDestroyed", "hang-up: TimeoutError"),
    ],
)
async def test_what_does_not_happen_in_time_fails_the_call(
    stage: Stage, silent: str, how_far: str
) -> None:
    stage.silent = {silent}
    stage.trials.within = timedelta(seconds=0.5)
    with pytest.raises(TrialFailed, match=how_far):
        await stage.trials.place()
    stage.silent = set()
    stage.trials.within = LONG
    assert await stage.trials.place()


@pytest.mark.parametrize(
    ("refused", "how_far"),
    [("answer", "answer: status 500"), ("play", "play: status 500"), ("POST", "place: Refused")],
)
async def test_what_is_refused_fails_the_call_and_both_sides_are_hung_up(
    stage: Stage, refused: str, how_far: str
) -> None:
    stage.status = {refused: 500}
    with pytest.raises(TrialFailed, match=how_far):
        await stage.trials.place()
    assert stage.cleared == ["centre", "caller"]


async def test_a_sound_that_breaks_off_fails_the_call(stage: Stage) -> None:
    stage.played = "failed"
    with pytest.raises(TrialFailed, match="play: unheard"):
        await stage.trials.place()


async def test_a_leg_that_goes_before_it_arrives_fails_at_once(stage: Stage) -> None:
    stage.silent = {"StasisStart"}
    placing = asyncio.create_task(stage.trials.place())
    async with asyncio.timeout(LONG.total_seconds() / 2):
        await stage.placed.wait()
        stage.tell("ChannelDestroyed")
        with pytest.raises(TrialFailed, match="arrive: cut off"):
            await placing


async def test_only_events_of_test_calls_are_kept_from_the_engine(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await stage.trials.place()

    def heard(**event: Any) -> bool:
        told: Any = event
        return stage.trials.heard(told)

    assert heard(type="ChannelDestroyed", channel={"id": stage.leg})
    assert heard(type="StasisEnd", channel={"id": "test-call-of-another-engine-1-centre"})
    assert not heard(type="StasisStart", channel={"id": "cc1-1732246380.1"}, args=["inbound", "1"])
    playback = {"target_uri": "channel:cc1-1732246380.1", "state": "done"}
    assert not heard(type="PlaybackFinished", playback=playback)
    assert not heard(type="ContactStatusChange", endpoint={}, contact_info={})
