"""The change log, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from callcenter.adapters.db.changes import DbChanges
from callcenter.adapters.db.session import Database
from callcenter.core.errors import Invalid
from callcenter.ports.store import Change, ChangeMade

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RINGS = Change("changed", "queues", "sales", {"ring_for_seconds": (20, 15)})
ANA = Change("added", "agents", "ana", {"name_zh": ("", "安娜"), "queues": ([], ["sales"])})
GONE = Change("removed", "queues", "old")


@pytest.fixture
async def log(database: Database) -> DbChanges:
    log = DbChanges(database)
    await log.keep(NOON, "root", [RINGS, ANA])
    await log.keep(NOON, "boss", [GONE])
    return log


async def test_changes_come_back_numbered_the_newest_first(log: DbChanges) -> None:
    assert await log.newest(9) == [
        ChangeMade(3, NOON, "boss", GONE),
        ChangeMade(2, NOON, "root", Change(ANA.kind, ANA.section, ANA.id, ANA.fields)),
        ChangeMade(1, NOON, "root", RINGS),
    ]


async def test_they_are_found_by_section_entry_and_page(log: DbChanges) -> None:
    assert [one.number for one in await log.newest(9, section="queues")] == [3, 1]
    assert [one.number for one in await log.newest(9, section="queues", id="sales")] == [1]
    assert [one.number for one in await log.newest(1, before=3)] == [2]


@pytest.mark.parametrize(
    "deed", ["UPDATE config_changes SET entry = 'other'", "DELETE FROM config_changes"]
)
async def test_the_database_lets_nobody_alter_them(
    log: DbChanges, database: Database, deed: str
) -> None:
    with pytest.raises(Invalid, match="refuses"):
        async with database.writing() as connection:
            await connection.execute(text(deed))
    assert len(await log.newest(9)) == 3
