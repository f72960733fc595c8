"""The ear, against a switch that misbehaves."""

import asyncio
import time
from datetime import timedelta

import pytest

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.event_socket import (
    MUTED,
    NEVER_MUTED,
    Canary,
    EventSocket,
    Pace,
    Replaced,
)
from callcenter.adapters.asterisk.ari.generated.messages import AnyEvent
from callcenter.testing.ari_double import Double, running

pytestmark = pytest.mark.adapter

SOON = 5.0  # Far more than anything here takes.
PROMPT = Pace(
    every=timedelta(seconds=0.02),
    first_within=timedelta(seconds=0.1),
    within=timedelta(seconds=0.1),
)


class Ear:
    """A listener that writes down what it hears and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.canaries: list[Canary] = []
        self._more = asyncio.Event()

    def on_event(self, event: AnyEvent) -> None:
        self._note(event["type"])

    def on_up(self, canary: Canary) -> None:
        self.canaries.append(canary)
        self._note("up")

    def on_canary(self, canary: Canary) -> None:
        self.canaries.append(canary)
        self._note("canary")

    def on_lost(self, why: str) -> None:
        self._note("lost")

    @property
    def story(self) -> list[str]:
        return [what for what in self.heard if what != "canary"]

    async def until(self, what: str, times: int = 1) -> None:
        async with asyncio.timeout(SOON):
            while self.heard.count(what) < times:
                self._more.clear()
                await self._more.wait()

    def _note(self, what: str) -> None:
        self.heard.append(what)
        self._more.set()


async def test_up_means_filtered_subscribed_and_a_canary_heard(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    socket = EventSocket(switch, ear, pace=PROMPT)
    async with running(socket.run()):
        await ear.until("up")
        await ear.until("canary", times=3)
        assert socket.is_up
    (_, filter_path, filtered), (_, subscribe_path, _) = double.http
    assert filter_path == "/ari/applications/cc/eventFilter"
    assert {kind["type"] for kind in filtered["disallowed"]} == MUTED
    assert (
        subscribe_path == "/ari/applications/cc/subscription?eventSource=channel%3A%2Cendpoint%3A"
    )
    assert ear.canaries[0].at.isoformat() == "2026-11-22T03:56:18.270000+00:00"
    assert ear.canaries[0].epoch_seconds == 1795319778
    assert socket.last_canary == ear.canaries[-1]


async def test_an_open_but_dead_socket_is_found_out_and_replaced(
    double: Double, switch: Switch
) -> None:
    double.deaf_sockets = 3
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
    assert len(double.sockets["cc"]) == 4
    assert ear.story == ["up"]


async def test_a_slow_switch_is_given_more_time_with_each_try(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    double.songs_take = 0.08
    pace = Pace(first_within=timedelta(seconds=0.02))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await ear.until("up")
    assert 2 < len(double.sockets["cc"]) < 6


async def test_a_new_socket_is_never_opened_right_after_the_old_one_closed(
    double: Double, switch: Switch
) -> None:
    double.deaf_sockets = 2
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
        pauses = [
            opened - closed
            for closed, opened in zip(double.closed_at, double.opened_at[1:], strict=True)
        ]
    assert min(pauses) >= 0.04


async def test_a_socket_that_falls_silent_is_lost_and_found_again(
    double: Double, switch: Switch
) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("canary")
        double.deaf_sockets = 1
        await ear.until("lost")
        await ear.until("up", times=2)
    assert ear.story == ["up", "lost", "up"]


async def test_a_cut_connection_is_lost_and_found_again(double: Double, switch: Switch) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()):
        await ear.until("up")
        await double.cut("cc")
        await ear.until("up", times=2)
    assert ear.story == ["up", "lost", "up"]
    filters = [path for _, path, _ in double.http if path.endswith("eventFilter")]
    assert len(filters) == 2


async def test_being_replaced_ends_the_listening_for_good(double: Double, switch: Switch) -> None:
    ear = Ear()
    async with running(EventSocket(switch, ear, pace=PROMPT).run()) as listening:
        await ear.until("up")
        await double.tell(type="ApplicationReplaced", application="cc")
        with pytest.raises(Replaced):
            await asyncio.wait_for(listening, SOON)
    assert ear.story == ["up", "lost"]
    assert len(double.sockets["cc"]) == 1


async def test_events_come_in_order_even_before_the_canary(double: Double, switch: Switch) -> None:
    ear = Ear()
    double.deaf_sockets = 1
    pace = Pace(first_within=timedelta(seconds=SOON))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await asyncio.wait_for(double.opened["cc"].wait(), SOON)
        for kind in ("StasisStart", "ChannelDtmfReceived", "StasisEnd"):
            await double.tell(type=kind)
        await ear.until("StasisEnd")
    assert ear.heard == ["StasisStart", "ChannelDtmfReceived", "StasisEnd"]


async def test_another_engines_canary_proves_nothing(double: Double, switch: Switch) -> None:
    ear = Ear()
    double.deaf_sockets = 1
    pace = Pace(first_within=timedelta(seconds=SOON))
    async with running(EventSocket(switch, ear, pace=pace).run()):
        await asyncio.wait_for(double.opened["cc"].wait(), SOON)
        await double.tell(**double.canary(song="somebody-1"))
        await double.tell(type="StasisStart")
        await ear.until("StasisStart")
    assert ear.heard == ["StasisStart"]


@pytest.mark.parametrize("kind", [*sorted(NEVER_MUTED), "ChanelVarset"])
def test_what_must_be_heard_and_what_does_not_exist_cannot_be_muted(
    switch: Switch, kind: str
) -> None:
    with pytest.raises(ValueError, match=kind):
        EventSocket(switch, Ear(), muted=[kind])


@pytest.mark.parametrize("told", ["before", "after"])
async def test_who_stood_still_does_not_hear_what_is_old_but_listens_anew(
    double: Double, switch: Switch, told: str
) -> None:
    ear = Ear()
    pace = Pace(stands_still=timedelta(seconds=0.4), first_within=timedelta(seconds=SOON))
    socket = EventSocket(switch, ear, pace=pace)
    async with running(socket.run()):
        await ear.until("up")
        assert socket.is_awake
        if told == "before":
            await double.tell(type="StasisEnd", application="cc")
        time.sleep(0.6)  # noqa: ASYNC251 - to stand still is the point
        assert not socket.is_awake
        await ear.until("lost")
        await ear.until("up", times=2)
    assert ear.story == ["up", "lost", "up"]
