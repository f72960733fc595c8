"""The live socket on a real server: snapshot, numbered changes, gaps, slow and hostile clients."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from callcenter.adapters.http import live
from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.core.access import Actor, Role
from callcenter.ports.feed import Change
from callcenter.ports.store import StoreAway

pytestmark = pytest.mark.adapter

ROOT = Actor("root", Role.ADMIN)


@pytest.fixture
async def sue(served: Any, client: aiohttp.ClientSession) -> AsyncIterator[Any]:
    async with client.ws_connect("/api/v1/live", headers=await served.bearer("sue")) as socket:
        yield socket


async def test_the_picture_comes_first_then_every_change_by_its_number(
    served: Any, sue: Any
) -> None:
    assert await sue.receive_json() == {"type": "snapshot", "number": 0, "state": {"agents": {}}}
    served.feed.change("a1", {"presence": "ready"})
    served.feed.change("a1", None)
    first, second = await sue.receive_json(), await sue.receive_json()
    assert first == {
        "type": "change",
        "number": 1,
        "change": {"agents": {"a1": {"presence": "ready"}}},
    }
    assert second["number"] == 2


async def test_who_was_cut_off_goes_on_where_they_were(
    served: Any, client: aiohttp.ClientSession
) -> None:
    for number in range(5):
        served.feed.change(f"a{number}", {})
    headers = await served.bearer("sue")
    async with client.ws_connect("/api/v1/live?after=3", headers=headers) as socket:
        assert [(await socket.receive_json())["number"] for _ in range(2)] == [4, 5]


async def test_after_a_gap_the_picture_is_fetched_again_on_the_same_socket(
    served: Any, client: aiohttp.ClientSession
) -> None:
    served.feed.change("a1", {})
    served.feed.kept.clear()
    headers = await served.bearer("sue")
    async with client.ws_connect("/api/v1/live?after=0", headers=headers) as socket:
        assert await socket.receive_json() == {"type": "gap"}
        await socket.send_json({"type": "fetch"})
        assert (await socket.receive_json())["type"] == "snapshot"


async def test_a_number_from_the_future_is_a_gap(
    served: Any, client: aiohttp.ClientSession
) -> None:
    headers = await served.bearer("sue")
    async with client.ws_connect("/api/v1/live?after=99", headers=headers) as socket:
        assert await socket.receive_json() == {"type": "gap"}


async def test_who_sees_only_their_own_takes_the_picture_again_after_a_cut(
    served: Any, client: aiohttp.ClientSession
) -> None:
    served.feed.change("a9", {"presence": "ready"})
    async with client.ws_connect(
        "/api/v1/live?after=0", headers=await served.bearer("ana")
    ) as socket:
        assert await socket.receive_json() == {"type": "gap"}


async def test_a_fresh_picture_can_be_asked_for_at_any_time(served: Any, sue: Any) -> None:
    await sue.receive_json()
    served.feed.change("a1", {})
    assert (await sue.receive_json())["number"] == 1
    await sue.send_json({"type": "fetch"})
    again = await sue.receive_json()
    assert (again["type"], again["number"]) == ("snapshot", 1)
    served.feed.change("a2", {})
    assert (await sue.receive_json())["number"] == 2


async def read_until(socket: Any, kind: str) -> list[Any]:
    heard = [await socket.receive_json()]
    while heard[-1]["type"] != kind:
        heard.append(await socket.receive_json())
    return heard


async def test_a_slow_reader_is_told_of_the_gap_and_nothing_is_piled_up_for_it(
    house: Any,
) -> None:
    house.feed.kept = deque(maxlen=4)
    plan = HttpPlan(accounts=house.accounts, ready=list, registry=house.registry, feed=house.feed)
    async with (
        serving(application(plan), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as client,
        client.ws_connect(
            f"http://127.0.0.1:{port}/api/v1/live",
            headers=await house.bearer("sue"),
            max_msg_size=0,
        ) as socket,
    ):
        await socket.receive_json()
        for _ in range(200):
            house.feed.change("a1", "x" * 500_000)
            await client.get(f"http://127.0.0.1:{port}/healthz")  # Lets the server have its turn.
        heard = await read_until(socket, "gap")
        assert len(heard) < 100
        await socket.send_json({"type": "fetch"})
        assert (await socket.receive_json())["number"] == 200


async def test_who_does_not_read_at_all_is_cut_off(
    served: Any, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(served.url.rpartition(":")[2]), limit=1024
    )
    writer.write(
        b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        b"Authorization: Bearer " + (await served.token("sue")).encode() + b"\r\n\r\n"
    )
    await reader.readuntil(b'"snapshot"')
    for _ in range(40):
        served.feed.change("a1", "x" * 1_000_000)
    async with asyncio.timeout(20):
        while 'route="/api/v1/live",status="101"' not in await metrics_of(client):
            pass
    writer.close()


async def metrics_of(client: aiohttp.ClientSession) -> str:
    return await (await client.get("/metrics")).text()


@pytest.mark.parametrize("said", ["", "fetch", "[]", '{"type":"write"}', "[" * 4000, "\x00"])
async def test_a_client_that_says_anything_else_is_shown_the_door(sue: Any, said: str) -> None:
    await sue.receive_json()
    await sue.send_str(said)
    message = await sue.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)


async def test_binary_and_large_messages_are_refused(
    served: Any, client: aiohttp.ClientSession
) -> None:
    for data, code in ((b"\xff\xfe", 1008), (b"x" * 100_000, 1009)):
        headers = await served.bearer("sue")
        async with client.ws_connect("/api/v1/live", headers=headers) as socket:
            await socket.receive_json()
            await socket.send_bytes(data)
            assert (await socket.receive()).data == code


@pytest.mark.parametrize(
    "headers, path, status",
    [
        ({}, "/api/v1/live", 401),
        ({"Authorization": "Bearer forged"}, "/api/v1/live", 401),
        ({"Cookie": "cc_login=TOKEN"}, "/api/v1/live", 403),
        ({"Cookie": "cc_login=TOKEN", "Origin": "http://evil.example"}, "/api/v1/live", 403),
        ({"Cookie": "cc_login=TOKEN", "Origin": "ORIGIN"}, "/api/v1/live?after=x", 422),
        ({"Cookie": "cc_login=TOKEN", "Origin": "ORIGIN"}, "/api/v1/live?after=-1", 422),
    ],
)
async def test_a_socket_opens_only_for_our_own_page_or_a_token(
    served: Any, headers: dict[str, str], path: str, status: int
) -> None:
    token = await served.token("sue")
    real = {k: v.replace("TOKEN", token).replace("ORIGIN", served.url) for k, v in headers.items()}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(served.url + path, headers=real)
    assert refused.value.status == status


async def test_our_own_page_opens_it_with_its_cookie(served: Any) -> None:
    cookie = {"Cookie": f"cc_login={await served.token('sue')}", "Origin": served.url}
    async with (
        aiohttp.ClientSession(served.url) as session,
        session.ws_connect("/api/v1/live", headers=cookie) as socket,
    ):
        assert (await socket.receive_json())["type"] == "snapshot"


async def test_each_actor_sees_what_the_view_lets_them(house: Any) -> None:
    def own_row(actor: Actor, change: Change) -> Change | None:
        rows = {name: row for name, row in change["agents"].items() if name == actor.agent_id}
        return {"agents": rows} if rows else None

    plan = HttpPlan(
        accounts=house.accounts,
        ready=list,
        registry=house.registry,
        feed=house.feed,
        view=own_row,
    )
    async with (
        serving(application(plan), "127.0.0.1", 0) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        client.ws_connect("/api/v1/live", headers=await house.bearer("ana")) as socket,
    ):
        assert (await socket.receive_json())["state"] == {}
        for name in ("a9", "a1"):
            house.feed.change(name, {"presence": "ready"})
        assert (await socket.receive_json())["number"] == 2


async def test_without_a_view_agents_see_nothing_rather_than_everything(
    served: Any, client: aiohttp.ClientSession
) -> None:
    served.feed.change("a9", {"presence": "ready"})
    async with client.ws_connect("/api/v1/live", headers=await served.bearer("ana")) as socket:
        assert (await socket.receive_json())["state"] == {}


async def test_closing_an_account_closes_its_screens(
    served: Any, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_SECONDS", 0.01)
    async with client.ws_connect("/api/v1/live", headers=await served.bearer("sue")) as socket:
        await socket.receive_json()
        await served.accounts.change_user(ROOT, "sue", enabled=False)
        assert (await socket.receive()).data == live.LOGIN_OVER


async def test_a_database_that_is_away_closes_no_screen(
    served: Any, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_SECONDS", 0.01)
    async with client.ws_connect("/api/v1/live", headers=await served.bearer("sue")) as socket:
        await socket.receive_json()
        asked = asyncio.Event()

        async def away(token: str) -> None:
            asked.set()
            raise StoreAway

        monkeypatch.setattr(served.accounts, "login_of", away)
        await asked.wait()
        served.feed.change("a9", {"presence": "ready"})
        assert (await socket.receive_json())["number"] == 1


async def test_when_the_engine_goes_the_screens_are_told_to_come_again(house: Any) -> None:
    plan = HttpPlan(accounts=house.accounts, ready=list, registry=house.registry, feed=house.feed)
    async with aiohttp.ClientSession() as client:
        async with serving(application(plan), "127.0.0.1", 0) as port:
            socket = await client.ws_connect(
                f"http://127.0.0.1:{port}/api/v1/live", headers=await house.bearer("sue")
            )
            await socket.receive_json()
            reading = asyncio.create_task(socket.receive())
        assert (await reading).data == aiohttp.WSCloseCode.SERVICE_RESTART
        await socket.close()
