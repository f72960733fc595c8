"""Routes are declared once, and a declaration that is not safe does not start."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from pydantic import Field

from callcenter.adapters.http.openapi import document
from callcenter.adapters.http.routing import Answer, Anybody, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Shape
from callcenter.core.access import Action
from callcenter.core.errors import CoreError, NoSuchAgent
from callcenter.core.reading import field_path
from callcenter.ports.problems import STATUS, TryLater, language_of, status_of

pytestmark = pytest.mark.adapter


class Presence(Shape):
    presence: Line
    tags: list[int] = Field(default_factory=list)


class Search(Shape):
    limit: int = Field(default=10, ge=1, le=100)
    queue: list[str] | str = ""


@pytest.fixture(autouse=True)
def routes(house: Any) -> Routes:
    routes = Routes("test")

    @routes.add(
        "PUT",
        "/api/v1/agents/{agent_id}/presence",
        "Set presence",
        takes=Presence,
        gives=Presence,
        needs=Right(Action.SET_PRESENCE, owner="agent_id"),
        errors=(NoSuchAgent,),
    )
    async def set_presence(asked: Asked[Presence]) -> Answer:
        return asked.body

    @routes.add("GET", "/api/v1/search", "Search", takes=Search, gives=Search, needs=Anybody.PUBLIC)
    async def search(asked: Asked[Search]) -> Answer:
        return asked.body

    @routes.add("POST", "/api/v1/fault", "Fails", needs=Anybody.PUBLIC)
    async def fault(asked: Asked[None]) -> Answer:
        raise ConnectionRefusedError("secret: the database's address")

    @routes.add(
        "GET",
        "/api/v1/slow",
        "Never answers",
        needs=Anybody.PUBLIC,
        within=timedelta(milliseconds=20),
    )
    async def slow(asked: Asked[None]) -> Answer:
        await asyncio.Event().wait()
        return None

    @routes.add("GET", "/api/v1/careless", "Public, but asks who", needs=Anybody.PUBLIC)
    async def careless(asked: Asked[None]) -> Answer:
        asked.actor.id.strip()
        return None

    house.routes.append(routes)
    return routes


async def test_agents_set_their_own_presence_and_nobody_elses(
    served: Any, client: aiohttp.ClientSession
) -> None:
    ana = await served.bearer("ana")
    body = {"presence": "ready", "tags": [1]}
    own = await client.put("/api/v1/agents/a1/presence", json=body, headers=ana)
    assert (own.status, await own.json()) == (200, body)
    other = await client.put("/api/v1/agents/a2/presence", json=body, headers=ana)
    assert other.status == 403
    sue = await served.bearer("sue")
    assert (await client.put("/api/v1/agents/a2/presence", json=body, headers=sue)).status == 200


async def test_who_may_not_is_told_so_before_the_body_is_looked_at(
    served: Any, client: aiohttp.ClientSession
) -> None:
    response = await client.put(
        "/api/v1/agents/a2/presence", data=b"nonsense", headers=await served.bearer("ana")
    )
    assert response.status == 403


async def test_the_place_of_a_wrong_item_is_given(
    served: Any, client: aiohttp.ClientSession
) -> None:
    response = await client.put(
        "/api/v1/agents/a1/presence",
        json={"presence": "ready", "tags": [1, "2"]},
        headers=await served.bearer("ana"),
    )
    problem = await response.json(content_type=None)
    assert problem["errors"] == [
        {"field": "tags[1]", "code": "int-type", "detail": "Input should be a valid integer"}
    ]


async def test_query_strings_are_read_by_shape(client: aiohttp.ClientSession) -> None:
    response = await client.get("/api/v1/search?limit=5&queue=a&queue=b")
    assert await response.json() == {"limit": 5, "queue": ["a", "b"]}
    for wrong in ("limit=0", "limit=many", "offset=1", "limit=1&limit=2"):
        assert (await client.get(f"/api/v1/search?{wrong}")).status == 422


async def test_a_fault_is_logged_and_told_without_its_reason(
    client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await client.post("/api/v1/fault")
    problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (500, "internal-error")
    assert "secret" not in json.dumps(problem)
    assert "request failed" in caplog.messages


async def test_what_takes_too_long_is_given_up(client: aiohttp.ClientSession) -> None:
    response = await client.get("/api/v1/slow")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_a_public_handler_that_wants_an_actor_gets_a_401_for_it(
    client: aiohttp.ClientSession,
) -> None:
    assert (await client.get("/api/v1/careless")).status == 401


@pytest.mark.parametrize(
    "path, needs, why",
    [
        ("/x/{agent_id}", Right(Action.SET_PRESENCE), "owner="),
        ("/x/{id}", Right(Action.SET_PRESENCE, owner="agent_id"), "no {agent_id}"),
    ],
)
def test_a_right_that_would_reach_too_far_is_refused_at_start(
    path: str, needs: Right, why: str
) -> None:
    async def handler(asked: Asked[None]) -> Answer:
        return None

    with pytest.raises(ValueError, match=why):
        Routes("x").add("POST", path, "x", needs=needs)(handler)


def test_two_routes_cannot_be_one(routes: Routes) -> None:
    with pytest.raises(ValueError, match="declared twice"):
        document([*routes.declared, routes.declared[0]], "1")


def everything_below(family: type[CoreError]) -> list[type[CoreError]]:
    return [family] + [k for child in family.__subclasses__() for k in everything_below(child)]


def test_every_refusal_has_a_code_of_its_own_a_status_and_a_title_in_both_languages() -> None:
    known = [kind for kind in everything_below(CoreError) if kind.__module__.startswith("callce")]
    own = [kind.code for kind in known if "code" in vars(kind)]
    assert len(own) == len(set(own))
    assert [
        kind.code for kind in known if not kind.title.get("en") or not kind.title.get("zh")
    ] == []
    assert [kind.code for kind in known if status_of(kind) == 500] == ["internal-error"]


def test_a_refusal_without_a_row_has_its_parents_status() -> None:
    class Fresh(NoSuchAgent):
        code = "fresh"

    assert "fresh" not in STATUS
    assert status_of(Fresh) == 404
    assert status_of(type("Busy", (TryLater,), {"code": "busy"})) == 503


@pytest.mark.parametrize(
    "header, language",
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-Hans-CN, en;q=0.9", "zh"),
        ("en, zh", "en"),
        ("en;q=0.1, ZH-tw;q=0.2", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nan", "en"),
        ("zh;x=1", "en"),
        (",;,q" * 1000, "en"),
    ],
)
def test_the_readers_language_is_understood(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_a_fields_place_is_written_as_people_do() -> None:
    assert field_path(("skills", 0, "level")) == "skills[0].level"
