"""The quick look says yes only where the long way would have had nothing to do."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callcenter.adapters.db.accounts import DbUsers
from callcenter.adapters.db.migrations import downgrade, history, upgrade
from callcenter.adapters.db.quick_look import HEAD, is_ready
from callcenter.adapters.db.session import Database
from callcenter.core.access import Role
from callcenter.ports.accounts import User

pytestmark = pytest.mark.adapter

SOMEBODY = User("admin", Role.ADMIN, "$argon2id$", None, datetime(2026, 3, 2, tzinfo=UTC))


async def add_somebody(url: str) -> None:
    database = Database(url)
    await DbUsers(database).add(SOMEBODY)
    await database.close()


def test_it_knows_the_newest_migration() -> None:
    assert history().get_current_head() == HEAD


def test_a_database_with_its_tables_and_a_user_needs_nothing(empty_url: str) -> None:
    assert not is_ready(empty_url)
    upgrade(empty_url)
    assert not is_ready(empty_url)
    asyncio.run(add_somebody(empty_url))
    assert is_ready(empty_url)
    assert is_ready(
        empty_url.replace("://", "+psycopg://").replace("lite+psycopg", "lite+aiosqlite")
    )
    downgrade(empty_url, "-1")
    assert not is_ready(empty_url)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_database_is_left_to_the_long_way(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a b.db"
    file.write_bytes(content)
    assert not is_ready(f"sqlite+aiosqlite:///{file}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://127.0.0.1:1/callcenter",
        "postgresql://u:p%zz@[::1/callcenter",
        "mysql://somewhere/callcenter",
    ],
)
def test_a_server_that_does_not_answer_is_left_to_the_long_way(url: str) -> None:
    assert not is_ready(url)
