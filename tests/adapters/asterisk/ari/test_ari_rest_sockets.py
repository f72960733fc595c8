"""REST over WebSockets, against a switch that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.generated import asterisk, channels
from callcenter.adapters.asterisk.ari.request import NoReply, SwitchGone
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.testing.ari_double import Double, Message, running, say_yes, silence

pytestmark = pytest.mark.adapter

SOON = 5.0  # Far more than anything here takes.


@asynccontextmanager
async def rest_sockets(switch: Switch, **settings: Any) -> AsyncIterator[RestSockets]:
    rest = RestSockets(switch, **settings)
    async with running(rest.run()):
        async with asyncio.timeout(SOON):
            await rest.ready()
        yield rest


async def test_answers_find_their_questions_whatever_their_order(
    double: Double, switch: Switch
) -> None:
    kept: list[Message] = []

    async def backwards(socket: web.WebSocketResponse, request: Message) -> None:
        kept.append(request)
        for waiting in reversed(kept if len(kept) == 3 else []):
            await say_yes(socket, waiting)

    double.answer = backwards
    async with rest_sockets(switch, sockets=1) as rest:
        replies = await asyncio.gather(*(rest.send(channels.get(f"c{n}")) for n in range(3)))
    assert [reply.payload for reply in replies] == [f'"channels/c{n}"' for n in range(3)]


async def test_commands_of_one_call_keep_their_order_on_one_socket(
    double: Double, switch: Switch
) -> None:
    async with rest_sockets(switch, sockets=4) as rest:
        await asyncio.gather(
            *(
                rest.send(channels.ring(f"{call}-{step}"), key=f"call{call}")
                for step in range(5)
                for call in range(20)
            )
        )
    asked = [(app, uri) for app, uri in double.asked if uri != "asterisk/ping"]
    for call in range(20):
        mine = [(app, uri) for app, uri in asked if uri.startswith(f"channels/{call}-")]
        assert [uri for _, uri in mine] == [f"channels/{call}-{step}/ring" for step in range(5)]
        assert len({app for app, _ in mine}) == 1
    assert len({app for app, _ in asked}) == 4


async def test_an_error_status_is_an_answer(double: Double, switch: Switch) -> None:
    async def gone(socket: web.WebSocketResponse, request: Message) -> None:
        await say_yes(socket, request, status=404)

    double.answer = gone
    async with rest_sockets(switch) as rest:
        reply = await rest.send(channels.hangup("c1"))
    assert reply.status == 404


async def test_a_cut_connection_fails_what_was_on_its_way_and_heals(
    double: Double, switch: Switch
) -> None:
    asked = asyncio.Event()

    async def heard_only(socket: web.WebSocketResponse, request: Message) -> None:
        asked.set()

    double.answer = heard_only
    async with rest_sockets(switch, sockets=1) as rest:
        (app,) = double.sockets
        unanswered = rest.send(channels.answer("c1"))
        await asked.wait()
        await double.cut(app)
        with pytest.raises(SwitchGone) as lost:
            await unanswered
        assert lost.value.maybe_done
        double.answer = say_yes
        given_while_down = rest.send(channels.answer("c2"))
        assert (await asyncio.wait_for(given_while_down, SOON)).ok


async def test_a_command_nobody_takes_is_given_back_as_surely_not_done(
    double: Double, switch: Switch
) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1) as rest:
        double.is_shut = True
        (app,) = double.sockets
        on_its_way = rest.send(channels.answer("c1"))
        await double.cut(app)
        with pytest.raises(SwitchGone):
            await on_its_way
        with pytest.raises(SwitchGone) as lost:
            await rest.send(channels.answer("c2"))
    assert not lost.value.maybe_done


async def test_before_the_first_connection_commands_are_refused_at_once(switch: Switch) -> None:
    with pytest.raises(SwitchGone):
        await RestSockets(switch).send(asterisk.ping())


async def test_a_switch_that_is_only_slow_loses_no_command(double: Double, switch: Switch) -> None:
    async def slowly(socket: web.WebSocketResponse, request: Message) -> None:
        await asyncio.sleep(0.1)
        await say_yes(socket, request)

    double.answer = slowly
    async with rest_sockets(switch, sockets=1, timeout=timedelta(seconds=0.6)) as rest:
        replies = await asyncio.gather(*(rest.send(channels.answer(f"c{n}")) for n in range(10)))
        assert all(reply.ok for reply in replies)
        assert len(double.opened_at) == 1


async def test_a_late_answer_is_no_failure_of_the_command_but_ends_the_socket(
    double: Double, switch: Switch
) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1, timeout=timedelta(seconds=0.1)) as rest:
        (app,) = double.sockets
        double.opened[app].clear()
        with pytest.raises(NoReply):
            await rest.send(channels.answer("c1"))
        await asyncio.wait_for(double.opened[app].wait(), SOON)
        double.answer = say_yes
        await asyncio.wait_for(rest.ready(), SOON)
        assert (await rest.send(channels.answer("c2"))).ok


async def test_a_cancelled_command_that_has_not_left_stays(double: Double, switch: Switch) -> None:
    async with rest_sockets(switch, sockets=1) as rest:
        rest.send(channels.answer("never")).cancel()
        await rest.send(channels.answer("c2"))
        assert rest.unanswered == 0
    assert [uri for _, uri in double.asked if "channels" in uri] == ["channels/c2/answer"]


@pytest.mark.parametrize("nonsense", ["{", "[]", '"text"'])
async def test_nonsense_ends_the_socket_and_not_the_engine(
    double: Double, switch: Switch, nonsense: str
) -> None:
    async def talk_nonsense(socket: web.WebSocketResponse, request: Message) -> None:
        await socket.send_str(nonsense)

    double.answer = talk_nonsense
    async with rest_sockets(switch, sockets=1) as rest:
        with pytest.raises(SwitchGone):
            await rest.send(channels.answer("c1"))
        double.answer = say_yes
        assert (await rest.send(channels.answer("c2"))).ok


async def test_stopping_answers_whoever_still_waits(double: Double, switch: Switch) -> None:
    double.answer = silence
    async with rest_sockets(switch, sockets=1) as rest:
        waiting = rest.send(channels.answer("c1"))
    with pytest.raises(SwitchGone):
        await waiting
