"""Messages over a real server: who may read them, page by page, and what they sound like."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from callcenter.adapters.http.routes.messages import message_routes
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.core.ids import CallId
from tests.adapters.message_left import ARRIVED, ONE

pytestmark = pytest.mark.adapter

SOUND = b"RIFF\0\0\0\0"


@pytest.fixture
async def messages(house: Any, tmp_path: Path) -> AsyncIterator[DbMessages]:
    url = f"sqlite+aiosqlite:///{tmp_path}/centre.db"
    upgrade(url)
    database = Database(url)
    messages = DbMessages(database)
    house.routes.append(message_routes(messages, Shelf(tmp_path / "recordings")))
    yield messages
    await database.close()


async def test_messages_are_read_newest_first_and_page_by_page(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any
) -> None:
    for number in (1, 2, 3):
        at = ARRIVED + timedelta(minutes=number)
        await messages.put(replace(ONE, call=CallId(f"cc1-1732246380.{number}"), arrived_at=at))
    sue = await served.bearer("sue")
    async with client.get("/api/v1/messages?limit=2", headers=sue) as response:
        page = await response.json()
    assert [one["id"] for one in page["items"]] == ["cc1-1732246380.3", "cc1-1732246380.2"]
    rest = {"older": page["older"]}
    async with client.get("/api/v1/messages", params=rest, headers=sue) as response:
        page = await response.json()
    assert page == {
        "items": [
            {
                "id": "cc1-1732246380.1",
                "ani": "+4917139200",
                "dnis": "4101",
                "arrived_at": "2026-03-02T12:01:00Z",
                "received_at": "2026-03-02T12:05:00Z",
                "duration_seconds": 4.25,
                "sha256": "0" * 64,
                "size": 8,
                "queue": None,
                "language": "",
            }
        ],
        "older": None,
    }


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "older=yesterday", "newer=x"])
async def test_a_page_that_nobody_named_is_refused(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any, query: str
) -> None:
    sue = await served.bearer("sue")
    async with client.get(f"/api/v1/messages?{query}", headers=sue) as response:
        assert response.status == 422
        assert response.content_type == "application/problem+json"


async def test_one_message_and_its_sound(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any, tmp_path: Path
) -> None:
    await messages.put(ONE)
    (tmp_path / "recordings/messages").mkdir(parents=True)
    (tmp_path / "recordings" / ONE.path).write_bytes(SOUND)
    sue = await served.bearer("sue")
    async with client.get(f"/api/v1/messages/{ONE.call}", headers=sue) as response:
        assert (await response.json())["ani"] == ONE.ani
    async with client.get(f"/api/v1/messages/{ONE.call}/sound", headers=sue) as response:
        assert (response.content_type, await response.read()) == ("audio/wav", SOUND)
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["cc1-1.1", "cc1-1.1/sound", "..%2F..%2Fcentre.db/sound"])
async def test_a_message_that_is_not_there(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any, path: str
) -> None:
    sue = await served.bearer("sue")
    async with client.get(f"/api/v1/messages/{path}", headers=sue) as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["../centre.db", "messages/none.wav"])
async def test_a_row_leads_to_no_other_file(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any, path: str
) -> None:
    await messages.put(replace(ONE, path=path))
    sue = await served.bearer("sue")
    async with client.get(f"/api/v1/messages/{ONE.call}/sound", headers=sue) as response:
        problem = await response.json()
        assert (response.status, problem["code"]) == (404, "no-such-message")


@pytest.mark.parametrize("path", ["", "/cc1-1732246380.1", "/cc1-1732246380.1/sound"])
async def test_agents_may_not_and_strangers_must_sign_in(
    messages: DbMessages, client: aiohttp.ClientSession, served: Any, path: str
) -> None:
    await messages.put(ONE)
    ana = await served.bearer("ana")
    async with client.get(f"/api/v1/messages{path}", headers=ana) as response:
        assert response.status == 403
    async with client.get(f"/api/v1/messages{path}") as response:
        assert response.status == 401


async def test_the_papers_hold_with_messages_in_them(
    messages: DbMessages, client: aiohttp.ClientSession
) -> None:
    papers = await (await client.get("/api/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(papers).validate()
    sound = papers["paths"]["/api/v1/messages/{message_id}/sound"]["get"]
    assert "audio/wav" in sound["responses"]["200"]["content"]
