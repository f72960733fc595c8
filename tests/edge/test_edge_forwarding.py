"""Requests through the edge: what reaches the engine, what comes back, what happens without it."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import WSServerHandshakeError
from yarl import URL

pytestmark = pytest.mark.adapter


async def said_back(edge: Any, method: str, path: str, **more: Any) -> dict[str, Any]:
    response = await edge.client.request(method, URL(edge.url + path, encoded=True), **more)
    return dict(await response.json())


async def test_method_path_query_and_body_reach_the_engine_as_they_were(edge: Any) -> None:
    path = "/api/v1/a%2Fb/%E5%9D%90?x=%20&x=2&&y"
    said = await said_back(edge, "PATCH", path, data=b"\xff\x00body")
    assert said["method"] == "PATCH"
    assert said["path"] == path
    assert said["body"] == "ÿ\x00body"


async def test_a_body_of_unknown_length_passes_too(edge: Any) -> None:
    async def pieces() -> Any:
        for _ in range(10):
            yield b"x" * 10_000

    said = await said_back(edge, "POST", "/api/v1/x", data=pieces())
    assert len(said["body"]) == 100_000


async def test_a_packed_body_is_not_unpacked_on_the_way(edge: Any) -> None:
    said = await said_back(
        edge, "POST", "/api/v1/x", data=b"\x1f\x8bnot really", headers={"Content-Encoding": "x"}
    )
    assert said["body"] == "\x1f\x8bnot really"


async def test_what_clients_say_about_their_way_is_replaced_by_what_the_edge_saw(
    edge: Any,
) -> None:
    lies = {
        "X-Forwarded-For": "10.0.0.1",
        "x-forwarded-proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Anything": "x",
        "Forwarded": "for=10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        "Connection": "close, X-Callcenter",
        "X-Callcenter": "1",
        "TE": "trailers",
        "Proxy-Authorization": "Basic x",
        "Cookie": "cc_login=abc",
    }
    said = await said_back(edge, "GET", "/api/v1/x", headers=lies)
    got = {name.lower(): value for name, value in said["headers"]}
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert got["cookie"] == "cc_login=abc"
    assert got["host"] == URL(edge.url).authority
    gone = {"x-forwarded-host", "x-forwarded-anything", "forwarded", "x-real-ip", "x-callcenter"}
    assert not got.keys() & (gone | {"te", "proxy-authorization"})


async def test_doubled_lies_are_replaced_too(edge: Any) -> None:
    lies = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "10.0.0.2")]
    said = await said_back(edge, "GET", "/api/v1/x", headers=lies)
    assert [v for name, v in said["headers"] if name.lower() == "x-forwarded-for"] == ["127.0.0.1"]


async def test_the_answer_comes_back_with_its_status_and_its_own_headers(edge: Any) -> None:
    response = await edge.client.get(f"{edge.url}/api/v1/x?status=418")
    assert response.status == 418
    assert response.headers["X-Of-Engine"] == "1"
    assert response.headers["Set-Cookie"] == "a=b"
    assert "Keep-Alive" not in response.headers
    assert response.headers["Server"] == "callcenter"


async def test_a_head_has_the_length_and_no_body(edge: Any) -> None:
    response = await edge.client.head(f"{edge.url}/api/v1/x")
    assert int(response.headers["Content-Length"]) > 0
    assert await response.read() == b""


@pytest.mark.parametrize("path", ["/api/v1/me", "/healthz", "/readyz"])
async def test_without_the_engine_a_problem_says_so_and_when_to_ask_again(
    edge: Any, path: str
) -> None:
    await edge.engine.die()
    response = await edge.client.get(edge.url + path, headers={"Accept-Language": "zh-CN"})
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (503, "engine-away")
    assert problem["title"] == "引擎正在重启，请稍后再试。"
    assert response.headers["Retry-After"] == "1"
    await edge.engine.start()
    assert (await edge.client.get(edge.url + path)).status == 200


async def test_half_an_answer_does_not_look_like_a_whole_one(edge: Any) -> None:
    response = await edge.client.get(f"{edge.url}/api/v1/half")
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/api", "/apix", "/api/../metrics", "/api/%2e%2e/metrics", "//api/v1/me"],
)
async def test_only_the_api_and_health_are_reached_through_the_edge(edge: Any, path: str) -> None:
    response = await edge.client.get(URL(edge.url + path, encoded=True))
    inside = "X-Of-Engine" in response.headers
    assert not inside or (await response.json())["path"] == path


async def test_the_engine_is_never_asked_for_a_path_it_would_read_as_another(edge: Any) -> None:
    said = await said_back(edge, "GET", "/api/../metrics")
    assert said["path"] == "/api/../metrics"
    got = {name.lower() for name, _ in said["headers"]}
    assert "x-forwarded-for" in got  # With it, the engine's metrics ask for a key.


async def test_a_body_over_the_limit_is_refused_whether_its_length_is_said_or_not(
    street: Any,
) -> None:
    async def pieces() -> Any:
        for _ in range(5):
            yield b"x" * 1000

    async with street.edge(body_limit=3000):
        for data in (b"x" * 5000, pieces()):
            response = await street.client.post(f"{street.url}/api/v1/x", data=data)
            assert response.status == 413
        assert (await street.client.post(f"{street.url}/api/v1/x", data=b"x" * 3000)).ok


async def test_the_live_socket_passes_with_pictures_larger_than_a_phones_frame(
    edge: Any, token: str
) -> None:
    async with edge.client.ws_connect(
        f"{edge.url}/api/v1/live?after=1", headers={"Authorization": f"Bearer {token}"}
    ) as socket:
        assert (await socket.receive_json())["type"] == "snapshot"
        await socket.send_str('{"type":"fetch"}')
        assert await socket.receive_str() == '{"type":"fetch"}'
        await edge.engine.die()
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_a_live_socket_that_the_engine_refuses_is_refused(edge: Any, token: str) -> None:
    page = {"Origin": edge.url, "Cookie": "cc_login=old"}
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.client.ws_connect(f"{edge.url}/api/v1/live", headers=page)
    assert refused.value.status == 401
    await edge.engine.die()
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.client.ws_connect(
            f"{edge.url}/api/v1/live", headers={"Authorization": f"Bearer {token}"}
        )
    assert refused.value.status == 503


async def test_another_sites_page_gets_no_live_socket(edge: Any) -> None:
    foreign = {"Origin": "http://evil.example", "Cookie": "cc_login=x"}
    with pytest.raises(WSServerHandshakeError) as refused:
        await edge.client.ws_connect(f"{edge.url}/api/v1/live", headers=foreign)
    assert refused.value.status == 403


RAW = {
    "huge header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n",
    "no HTTP": bytes(range(256)),
    "two lengths": (
        b"POST /api/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
    "two equal lengths": (
        b"POST /api/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nxGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
async def test_nothing_is_smuggled_past_the_edge(edge: Any, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
    writer.write(raw)
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert answer.count(b"HTTP/1.") == 1
    assert (await edge.client.get(f"{edge.url}/healthz")).status == 200
