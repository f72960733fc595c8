"""The quick look says yes only where the long way would have had nothing to do."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from callcenter.adapters.db.migrations import downgrade, history, upgrade
from callcenter.adapters.db.quick_look import HEAD, is_ready

pytestmark = pytest.mark.adapter


def url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def test_it_knows_the_newest_migration() -> None:
    assert history().get_current_head() == HEAD


def test_a_database_with_its_tables_and_a_user_needs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a b.db"
    assert not is_ready(url_of(file))
    upgrade(url_of(file))
    assert not is_ready(url_of(file))
    with closing(sqlite3.connect(file)) as database, database:
        columns = database.execute("PRAGMA table_info(users)").fetchall()
        names = [name for _, name, _, needed, default, _ in columns if needed and default is None]
        marks = ", ".join("?" * len(names))
        row = f"INSERT INTO users ({', '.join(names)}) VALUES ({marks})"
        database.execute(row, ["admin"] * len(names))
    assert is_ready(url_of(file))
    downgrade(url_of(file), "-1")
    assert not is_ready(url_of(file))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_database_is_left_to_the_long_way(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "callcenter.db"
    file.write_bytes(content)
    assert not is_ready(url_of(file))


def test_a_server_is_left_to_the_long_way() -> None:
    assert not is_ready("postgresql+psycopg://somewhere/callcenter")
