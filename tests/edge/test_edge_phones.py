"""Phones' sockets through the edge: who is let in, and what their sockets survive."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType, WSServerHandshakeError

from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.ports.passwords import Login

pytestmark = pytest.mark.adapter

REGISTER = "REGISTER sip:x SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n"


async def says_back(socket: Any, text: str) -> bool:
    await socket.send_str(text)
    return bool(await socket.receive_str() == text)


async def test_text_and_bytes_pass_both_ways_as_sub_protocol_sip(edge: Any) -> None:
    async with edge.phone() as socket:
        assert socket.protocol == "sip"
        assert await says_back(socket, REGISTER)
        assert await says_back(socket, "坐席 \u202e \x00")
        await socket.send_bytes(b"\xff\x00")
        assert await socket.receive_bytes() == b"\xff\x00"


async def test_a_phone_talks_on_while_the_engine_dies_and_comes_back(edge: Any) -> None:
    async with edge.phone() as socket:
        assert await says_back(socket, "before")
        await edge.engine.die()
        assert await says_back(socket, "without")
        assert (await edge.client.get(f"{edge.url}/api/v1/me")).status == 503
        async with edge.phone() as another:
            assert await says_back(another, "a new phone, too")
        await edge.engine.start()
        assert await says_back(socket, "after")
        assert (await edge.client.get(f"{edge.url}/api/v1/me")).status == 200


async def test_a_switch_that_is_away_is_said_before_the_socket_opens(edge: Any) -> None:
    await edge.switch.die()
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.phone()
    assert refused.value.status == 503
    await edge.switch.start()
    async with edge.phone() as socket:
        assert await says_back(socket, "back")


async def test_a_switch_that_dies_takes_its_sockets_along_with_a_word(edge: Any) -> None:
    async with edge.phone() as socket:
        await socket.send_str("die")
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.SERVICE_RESTART)


async def test_the_switchs_own_close_code_reaches_the_phone(edge: Any) -> None:
    async with edge.phone() as socket:
        await socket.send_str("bye")
        assert (await socket.receive()).data == 4000


async def test_when_the_edge_goes_phones_are_told_to_come_again(street: Any) -> None:
    async with street.edge():
        socket = await street.phone()
        reading = asyncio.create_task(socket.receive())
    assert (await reading).data == WSCloseCode.GOING_AWAY
    await socket.close()


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"X-Nothing": "1"}, 401),
        ({"Authorization": "Bearer forged.forged.forged"}, 401),
        ({"Authorization": "Basic xxx", "Cookie": "cc_login=forged", "Origin": "OWN"}, 401),
        ({"Cookie": "cc_login=TOKEN"}, 403),
        ({"Cookie": "cc_login=TOKEN", "Origin": "http://evil.example"}, 403),
        ({"Cookie": "cc_login=TOKEN", "Origin": "null"}, 403),
        ({"Authorization": "Bearer TOKEN", "Origin": "http://evil.example"}, 403),
        ({"Cookie": "other=TOKEN", "Origin": "OWN"}, 401),
    ],
)
async def test_who_is_not_signed_in_or_comes_from_another_site_stays_out(
    edge: Any, token: str, headers: dict[str, str], status: int
) -> None:
    real = {k: v.replace("TOKEN", token).replace("OWN", edge.url) for k, v in headers.items()}
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.phone(**real)
    assert refused.value.status == status


@pytest.mark.parametrize("origin", ["OWN", "https://desk.example"])
async def test_our_own_page_and_those_named_come_in_by_cookie(
    street: Any, token: str, origin: str
) -> None:
    async with street.edge(origins=frozenset({"https://desk.example"})):
        given = {"Cookie": f"cc_login={token}", "Origin": origin.replace("OWN", street.url)}
        async with street.phone(**given) as socket:
            assert await says_back(socket, "hello")


async def test_a_program_may_bring_its_token_as_a_sub_protocol(edge: Any, token: str) -> None:
    async with edge.client.ws_connect(
        f"{edge.url}/ws", protocols=("sip", f"cc-token.{token}")
    ) as socket:
        assert socket.protocol == "sip"


async def test_a_token_in_the_address_is_not_looked_at(edge: Any, token: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.client.ws_connect(f"{edge.url}/ws?token={token}", protocols=("sip",))
    assert refused.value.status == 401


async def test_an_expired_token_opens_nothing(street: Any, login: Login) -> None:
    later = login.expires_at + timedelta(seconds=1)
    async with street.edge(now=lambda: later):
        with pytest.raises(WSServerHandshakeError) as refused:
            await street.phone()
    assert refused.value.status == 401


async def test_a_token_signed_with_another_secret_opens_nothing(edge: Any, login: Login) -> None:
    forged = JwtTokens(b"another secret, just as long....").sign(login)
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.phone(Authorization=f"Bearer {forged}")
    assert refused.value.status == 401


async def test_what_is_no_sip_socket_is_told_what_this_is(edge: Any, token: str) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await edge.client.get(f"{edge.url}/ws", headers=bearer)).status == 400
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.client.ws_connect(f"{edge.url}/ws", headers=bearer)
    assert refused.value.status == 400


async def test_a_frame_that_is_too_large_ends_its_socket_and_no_other(edge: Any) -> None:
    async with edge.phone() as other, edge.phone() as socket:
        await socket.send_str("x" * 200_000)
        assert (await socket.receive()).data == WSCloseCode.MESSAGE_TOO_BIG
        assert await says_back(other, "still here")


async def test_one_person_holds_only_so_many_sockets_at_once(street: Any) -> None:
    async with street.edge(sockets_per_actor=2), street.phone():
        async with street.phone():
            with pytest.raises(WSServerHandshakeError) as refused:
                await street.phone()
            assert refused.value.status == 429
        async with asyncio.timeout(20):
            async with await phone_once_there_is_a_place(street) as again:
                assert await says_back(again, "in")


async def phone_once_there_is_a_place(street: Any) -> Any:
    """The edge needs a moment to see that a phone has gone."""
    while True:
        try:
            return await street.phone()
        except WSServerHandshakeError:
            continue


async def test_a_phone_that_vanishes_is_let_go_of_at_the_switch(edge: Any) -> None:
    socket = await edge.phone()
    assert await says_back(socket, "here")
    connection = socket._conn
    assert connection is not None
    connection.transport.abort()
    assert edge.switch.runner is not None
    async with asyncio.timeout(20):
        while edge.switch.runner.server.connections:
            await edge.client.get(f"{edge.url}/healthz")
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await socket.send_str("gone")
