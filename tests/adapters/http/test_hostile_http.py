"""Requests that nobody sends by accident. Each gets a clear no; the server goes on."""

import asyncio
import gzip
import io
import json
from typing import Any

import aiohttp
import pytest
from yarl import URL

pytestmark = pytest.mark.adapter

PASSWORD = "correct horse battery"
JSON = {"Content-Type": "application/json"}
GOOD = {"name": "ana", "password": PASSWORD}


def port_of(served: Any) -> int:
    return int(served.url.rpartition(":")[2])


async def post(client: aiohttp.ClientSession, body: bytes, **headers: str) -> tuple[int, Any]:
    response = await client.post("/api/v1/login", data=body, headers=JSON | headers)
    return response.status, await response.json(content_type="application/problem+json")


BROKEN = {
    "nothing": b"",
    "half": b'{"name": "ana", ',
    "not JSON": b"name=ana&password=x",
    "invalid UTF-8": b'{"name": "\xff\xfe", "password": "x"}',
    "lone surrogate": b'{"name": "\\ud800", "password": "x"}',
    "nested deep": b"[" * 100_000,
    "byte order mark": b"\xff\xfe{\x00}\x00",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_not_json_is_said_to_be_so(
    client: aiohttp.ClientSession, body: bytes
) -> None:
    status, problem = await post(client, body)
    assert (status, problem["code"]) == (400, "bad-request")
    assert "line 1" in problem["detail"]


WRONG: dict[str, tuple[Any, str, str]] = {
    "unknown field": (GOOD | {"admin": True}, "admin", "extra-forbidden"),
    "missing field": ({"name": "ana"}, "password", "missing"),
    "number for text": (GOOD | {"name": 5}, "name", "string-type"),
    "list for text": (GOOD | {"password": ["x"]}, "password", "string-type"),
    "null": (GOOD | {"name": None}, "name", "string-type"),
    "empty": (GOOD | {"name": ""}, "name", "string-too-short"),
    "long": (GOOD | {"password": "x" * 300}, "password", "string-too-long"),
    "line break": (GOOD | {"name": "a\nb"}, "name", "value-error"),
    "zero byte": (GOOD | {"name": "a\x00"}, "name", "value-error"),
    "right to left": (GOOD | {"name": "a\u202eb"}, "name", "value-error"),
    "no choice": (GOOD | {"keep": "forever"}, "keep", "literal-error"),
    "a list": ([GOOD], "", "model-type"),
    "a word": ("ana", "", "model-type"),
}


@pytest.mark.parametrize("body, field, code", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_field_is_named_with_its_path(
    client: aiohttp.ClientSession, body: Any, field: str, code: str
) -> None:
    status, problem = await post(client, json.dumps(body).encode())
    assert (status, problem["code"]) == (422, "invalid-request")
    assert (problem["errors"][0]["field"], problem["errors"][0]["code"]) == (field, code)


async def test_an_answer_never_repeats_what_was_sent(client: aiohttp.ClientSession) -> None:
    body = {"name": ["s3cret-one"], "password": {"x": "s3cret-two"}, "keep": "s3cret-three"}
    _, problem = await post(client, json.dumps(body).encode())
    assert "s3cret" not in json.dumps(problem)


async def test_a_thousand_wrong_fields_do_not_make_a_thousand_errors(
    client: aiohttp.ClientSession,
) -> None:
    body = {f"field{n}" + "x" * 200: 1 for n in range(1000)}
    _, problem = await post(client, json.dumps(body).encode())
    assert len(problem["errors"]) == 20
    assert len(problem["errors"][-1]["field"]) == 80


async def test_a_body_that_is_too_large_is_refused(client: aiohttp.ClientSession) -> None:
    body = io.BytesIO(b'"' + b"x" * 2_000_000 + b'"')
    response = await client.post("/api/v1/login", data=body, headers=JSON)
    problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (413, "body-too-large")


async def test_an_endless_body_is_refused_before_its_end(
    served: Any, client: aiohttp.ClientSession
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(served))
    writer.write(
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(20):
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    answer = await reader.readline()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert (await client.get("/healthz")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
        JSON | {"Content-Encoding": "gzip"},
    ],
)
async def test_forms_and_packed_bodies_are_refused(
    client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    body = gzip.compress(json.dumps(GOOD).encode())
    response = await client.post("/api/v1/login", data=body, headers=headers)
    assert response.status == 415


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/users/%00",
        "/api/v1/users/%ff%fe",
        "/api/v1/users/a%2fb",
        "/api/v1/users/a%0ab",
        "/api/v1/users/" + "x" * 500,
        "/api/v1/users/<b>",
        "/api/v1/../../etc/passwd",
        "/api/v2/users",
    ],
)
async def test_paths_that_cannot_be_are_not_found(
    served: Any, client: aiohttp.ClientSession, path: str
) -> None:
    response = await client.delete(
        URL(served.url + path, encoded=True), headers=await served.bearer("root")
    )
    assert response.status == 404
    assert (await response.json(content_type=None))["code"] in ("no-such-page", "no-such-user")


async def test_parameters_nobody_declared_are_refused(
    served: Any, client: aiohttp.ClientSession
) -> None:
    response = await client.get("/api/v1/me?debug=1&debug=2", headers=await served.bearer("ana"))
    assert response.status == 422
    assert (await response.json(content_type=None))["errors"][0]["field"] == "debug"


async def test_a_method_that_is_not_there_says_which_are(client: aiohttp.ClientSession) -> None:
    response = await client.put("/api/v1/users", json={})
    assert response.status == 405
    assert set(response.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}


RAW = {
    "huge header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n",
    "huge path": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "two lengths": (
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"
    ),
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
async def test_what_is_not_http_gets_a_400_and_the_door(
    served: Any, client: aiohttp.ClientSession, raw: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(served))
    writer.write(raw)
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert answer.count(b"HTTP/1.") == 1
    assert (await client.get("/healthz")).status == 200
