"""Whoever may not speak to the switch any more says nothing: not by either way, nor by connecting."""

import asyncio
from dataclasses import replace

import pytest

from callcenter.adapters.asterisk.ari.connection import Switch, open_socket
from callcenter.adapters.asterisk.ari.generated import channels
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import SwitchGone
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.testing.ari_double import Double, Message, say_yes

pytestmark = pytest.mark.adapter


class NotOurTurn(BaseException):
    """In earnest the process ends here."""


class Turn:
    """Ours until it is said to be over."""

    def __init__(self) -> None:
        self.is_over = False

    def check(self) -> None:
        if self.is_over:
            raise NotOurTurn


async def test_nothing_is_sent_over_http(double: Double, switch: Switch) -> None:
    turn = Turn()
    async with PooledHttp(replace(switch, may_speak=turn.check)) as http:
        await http.send(channels.hangup("one"))
        turn.is_over = True
        with pytest.raises(NotOurTurn):
            await http.send(channels.hangup("two"))
    assert [path for _, path, _ in double.http] == ["/ari/channels/one"]


async def test_nothing_is_sent_over_a_socket(double: Double, switch: Switch) -> None:
    turn = Turn()
    heard: list[str] = []

    async def answer(socket: object, request: Message) -> None:
        heard.append(request["uri"])
        await say_yes(socket, request)  # type: ignore[arg-type]

    double.answer = answer
    rest = RestSockets(replace(switch, may_speak=turn.check), sockets=1)
    running = asyncio.create_task(rest.run())
    await rest.ready()
    await rest.send(channels.hangup("one"))
    turn.is_over = True
    late = rest.send(channels.hangup("two"))
    with pytest.raises(NotOurTurn):
        await running
    with pytest.raises(SwitchGone):
        await late
    assert [uri for uri in heard if uri.startswith("channels")] == ["channels/one"]


async def test_nobody_connects_again(double: Double, switch: Switch) -> None:
    turn = Turn()
    turn.is_over = True
    ours = replace(switch, may_speak=turn.check)
    async with ours.session(connections=0) as session:
        with pytest.raises(NotOurTurn):
            async with open_socket(session, ours, "cc"):
                pass
