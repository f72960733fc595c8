"""Writers in turn, outages in our own words, and no secret in any of them."""

import asyncio
import logging
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callcenter.adapters.db.agents import DbAgents, agents
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.url import BadDatabaseUrl, read_url
from callcenter.core.errors import Invalid
from callcenter.core.ids import AgentId
from callcenter.ports.store import AgentProfile, StoreAway

pytestmark = pytest.mark.adapter


async def test_many_writers_at_once_all_succeed(database: Database) -> None:
    store = DbAgents(database)
    async with asyncio.TaskGroup() as everybody:
        for i in range(40):
            everybody.create_task(store.add(AgentProfile(AgentId(f"a{i:02}"), "A")))
    assert len(await store.list()) == 40


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    store = DbAgents(database)
    async with database.writing() as connection:
        await connection.execute(sa.insert(agents).values(_row("ana")))
        seen = await asyncio.wait_for(asyncio.create_task(store.list()), timeout=5)
    assert seen == []
    assert len(await store.list()) == 1


async def test_a_fault_inside_takes_everything_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as connection:
            await connection.execute(sa.insert(agents).values(_row("ana")))
            raise ZeroDivisionError
    assert await DbAgents(database).list() == []


async def test_two_processes_share_one_sqlite_file(sqlite_url: str) -> None:
    one, two = Database(sqlite_url), Database(sqlite_url)
    async with asyncio.TaskGroup() as both:
        for i in range(20):
            both.create_task(DbAgents(one).add(AgentProfile(AgentId(f"one{i}"), "1")))
            both.create_task(DbAgents(two).add(AgentProfile(AgentId(f"two{i}"), "2")))
    assert len(await DbAgents(one).list()) == 40
    await one.close()
    await two.close()


async def test_sqlite_is_set_up_as_meant_and_private(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as connection:
        read = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert read == {
        "journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 10_000,
    }  # fmt: skip
    file = Path(str(sqlite_database.url.database))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("callcenter.db*")}
    assert modes == {0o600}


async def test_an_outage_is_said_in_our_words_and_over_when_it_is_over(
    cluster: Any, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(cluster.emptied())
    store = DbAgents(database)
    await store.add(AgentProfile(AgentId("ana"), "Ana"))
    cluster.stop()
    try:
        with caplog.at_level(logging.WARNING), pytest.raises(StoreAway) as refusal:
            await store.list()
    finally:
        cluster.start()
    assert refusal.value.__cause__ is None
    assert "s3cret" not in caplog.text + str([vars(r) for r in caplog.records])
    assert len(await store.list()) == 1
    await database.close()


async def test_a_wrong_password_is_an_outage_without_the_password(
    cluster: Any, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(cluster.url("postgres").replace("s3cret", "hunter2"))
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreAway):
        await DbAgents(database).list()
    said = caplog.text + str([vars(record) for record in caplog.records])
    assert "password authentication failed" in said
    assert "hunter2" not in said + repr(database.url) + str(database.url)
    await database.close()


async def test_what_the_database_cannot_hold_is_invalid_and_not_repeated(
    postgres_database: Database,
) -> None:
    with pytest.raises(Invalid) as refusal:
        await DbAgents(postgres_database).add(AgentProfile(AgentId("ana"), "Se\0cret"))
    assert "cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("mysql://root:hunter2@localhost/x", "'mysql' is not supported"),
        ("postgresql://u:hunter2@host:notaport/x", "cannot be read"),
        ("postgresql://u:hunter2@host:5432", "name is missing"),
        ("hunter2", "cannot be read"),
        ("", "cannot be read"),
        ("sqlite://", "a file must be named"),
        ("sqlite:///:memory:", "a file must be named"),
    ],
)
def test_a_url_that_means_no_database_is_refused_with_what_to_write(text: str, what: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refusal:
        read_url(text)
    assert what in str(refusal.value)
    assert "postgresql://user:password@host:5432/database" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("sqlite:////srv/cc.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////srv/cc.db", "sqlite+aiosqlite"),
        ("postgres://u@h/x", "postgresql+psycopg"),
        ("postgresql://u@h/x", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/x", "postgresql+psycopg"),
    ],
)
def test_short_forms_of_a_url_mean_our_drivers(text: str, driver: str) -> None:
    assert read_url(text).drivername == driver


def _row(agent: str) -> dict[str, object]:
    return {"id": agent, "name_en": "A", "name_zh": "", "enabled": True}


async def test_sqlite_waits_for_the_disk_where_it_is_told_to_and_nowhere_else(
    sqlite_database: Database,
) -> None:
    levels = []
    for durable in (True, False, True):
        async with sqlite_database.writing(durable=durable) as connection:
            levels.append((await connection.execute(sa.text("PRAGMA synchronous"))).scalar_one())
    async with sqlite_database.reading() as connection:
        levels.append((await connection.execute(sa.text("PRAGMA synchronous"))).scalar_one())
    assert levels == [2, 1, 2, 1]
