"""The connection to the switch as a whole: when the dialplan is told of us, and what follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.event_socket import EventSocket, Pace
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.bridge_pool import BridgePool
from callcenter.adapters.asterisk.link import AriLink
from callcenter.adapters.clock.system import SystemClock
from callcenter.ports.clock import Clock
from callcenter.testing.ari_double import Double, running
from callcenter.testing.clock import HandClock

pytestmark = pytest.mark.adapter

SOON = Pace(every=timedelta(milliseconds=50))


class Owner:
    """What the link calls, and the order of it."""

    def __init__(self, double: Double) -> None:
        double.http_answer = self._answer
        self.happened: list[str] = []
        self.may_return = asyncio.Event()
        self._beats = asyncio.Condition()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("variable") == "CC_HB":
            await self._note("heartbeat")
        return web.json_response({})

    async def _note(self, what: str) -> None:
        async with self._beats:
            self.happened.append(what)
            self._beats.notify_all()

    async def connected(self) -> None:
        await self._note("connected")

    async def followed(self) -> None:
        await self._note("looked back")
        await self.may_return.wait()

    async def until(self, happened: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(20), self._beats:
            await self._beats.wait_for(lambda: happened(self.happened))


@asynccontextmanager
async def linked(
    switch: Switch, owner: Owner, clock: Clock | None = None
) -> AsyncIterator[AriLink]:
    async with PooledHttp(switch) as http:
        rest = RestSockets(switch, app="cc")
        link = AriLink(
            lambda listener: EventSocket(switch, listener, pace=SOON),
            rest,
            http,
            BridgePool(),
            clock=clock or SystemClock(),
            region="DE",
            deliver=lambda fact: None,
            set_reachable=lambda agent, answers: None,
            leg_ended=lambda leg: owner.happened.append(f"{leg} ended"),
            trunk_heard=lambda trunk, answers: None,
            carrier_refused=lambda leg, status, cause: False,
            turned_away=lambda: owner.happened.append("turned away"),
            trial_heard=lambda event: False,
            on_connected=owner.connected,
            on_followed=owner.followed,
            on_lost=lambda: None,
        )
        async with running(link.run()):
            yield link


async def test_it_is_looked_back_once_the_dialplan_knows_of_us_and_the_heart_beats_on(
    double: Double, switch: Switch
) -> None:
    owner = Owner(double)
    async with linked(switch, owner):
        await owner.until(lambda happened: "looked back" in happened)
        assert owner.happened[:2] == ["connected", "heartbeat"]
        before = owner.happened.count("heartbeat")
        await owner.until(lambda happened: happened.count("heartbeat") >= before + 3)
        assert owner.happened.count("looked back") == 1


async def test_who_is_turned_away_at_the_door_is_counted_and_nobody_else(
    double: Double, switch: Switch
) -> None:
    owner = Owner(double)
    async with linked(switch, owner) as link:
        await owner.until(lambda happened: "looked back" in happened)
        link.on_event(ended_in("inbound"))
        assert "turned away" not in owner.happened
        link.on_event(ended_in("turned-away"))
        assert owner.happened.count("turned away") == 1


async def test_whoever_puts_words_on_a_leg_hears_that_it_has_ended(
    double: Double, switch: Switch
) -> None:
    owner = Owner(double)
    async with linked(switch, owner) as link:
        await owner.until(lambda happened: "looked back" in happened)
        link.on_event(ended_in("inbound"))
        assert owner.happened.count("1795427904.7 ended") == 1


def ended_in(context: str) -> Any:
    where = {"context": context, "exten": "s", "priority": 1}
    leg = {"id": "1795427904.7", "name": "PJSIP/trunk-1", "dialplan": where}
    return {"type": "ChannelDestroyed", "cause": 34, "cause_txt": "", "channel": leg}


async def test_after_each_loss_it_is_looked_back_again(double: Double, switch: Switch) -> None:
    owner = Owner(double)
    owner.may_return.set()
    async with linked(switch, owner):
        await owner.until(lambda happened: "looked back" in happened)
        await double.cut("cc")
        await owner.until(lambda happened: happened.count("connected") == 2)
        again = len(owner.happened)
        await owner.until(lambda happened: "looked back" in happened[again:])
        assert "heartbeat" in owner.happened[again:]


async def test_who_has_just_thawed_is_not_taken_for_alive(double: Double, switch: Switch) -> None:
    owner, clock = Owner(double), HandClock()
    async with linked(switch, owner, clock) as link:
        await owner.until(lambda happened: "looked back" in happened)
        assert link.is_alive
        clock.move(timedelta(seconds=4))
        assert not link.is_alive
        before = owner.happened.count("heartbeat")
        await owner.until(lambda happened: happened.count("heartbeat") >= before + 2)
        assert link.is_alive
