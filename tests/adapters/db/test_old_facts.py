"""Old facts leave the database for files, once, and what they came to stays."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.session import Database
from callcenter.core.facts.calls import (
    CallArrived,
    CallEnded,
    DigitPressed,
    EndedBy,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId, LegId, QueueId
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL, LEG = CallId("cc1-1.1"), LegId("cc1-1.1")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


STORY: list[Fact] = [
    CallArrived(at(0), CALL, LEG, "+4930123456", "+49800100", "Ana"),
    *(DigitPressed(at(1), CALL, LEG, str(digit)) for digit in range(5)),
    QueueJoined(at(2), CALL, QueueId("sales")),
    CallEnded(at(30), CALL, Outcome.ABANDONED, EndedBy.CALLER),
]


@pytest.fixture
async def archive(database: Database, tmp_path: Path) -> Archive:
    """The story, archived."""
    journal = MemoryJournal()
    journal.append(list(enumerate(STORY, 1)))
    archive = Archive(database, journal, folder=tmp_path / "cold", now=lambda: at(100))
    assert await archive.step() == len(STORY)
    return archive


async def test_old_facts_leave_for_a_file_and_what_they_came_to_stays(
    archive: Archive, database: Database, tmp_path: Path
) -> None:
    assert await archive.fold_and_archive(at(2)) == 6
    (file,) = (tmp_path / "cold").iterdir()
    lines = [orjson.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert [(number, kind) for number, kind, _ in lines] == [
        (1, "call.arrived"),
        *((number, "call.digit_pressed") for number in range(2, 7)),
    ]
    assert lines[0][2]["name"] == "Ana"
    assert file.stat().st_mode & 0o777 == 0o600
    history = await DbHistory(database).call(CALL)
    assert history.record.outcome is Outcome.ABANDONED
    assert [fact.kind for fact in history.facts] == ["call.queue_joined", "call.ended"]
    assert await archive.fold_and_archive(at(2)) == 0


async def test_without_a_folder_they_are_gone(database: Database) -> None:
    journal = MemoryJournal()
    journal.append(list(enumerate(STORY, 1)))
    archive = Archive(database, journal, now=lambda: at(100))
    await archive.step()
    assert await archive.fold_and_archive(at(1000)) == len(STORY)
    assert (await DbHistory(database).call(CALL)).facts == []


class Killed(BaseException):
    """The process is gone."""


def kill_before_deletion(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith("DELETE"):
        raise Killed


async def test_a_death_before_the_deletion_writes_the_same_file_again(
    archive: Archive, tmp_path: Path
) -> None:
    sa.event.listen(Engine, "before_cursor_execute", kill_before_deletion)
    try:
        with pytest.raises(Killed):
            await archive.fold_and_archive(at(2))
    finally:
        sa.event.remove(Engine, "before_cursor_execute", kill_before_deletion)
    first = {path.name: path.read_bytes() for path in (tmp_path / "cold").iterdir()}
    assert await archive.fold_and_archive(at(2)) == 6
    assert {path.name: path.read_bytes() for path in (tmp_path / "cold").iterdir()} == first
