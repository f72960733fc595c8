"""Migrations, up and down, on both databases."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from callcenter.adapters.db.migrations import (
    SchemaTooNew,
    current_revision,
    downgrade,
    history,
    upgrade,
)
from callcenter.adapters.db.tables import metadata
from callcenter.adapters.db.url import read_url

pytestmark = pytest.mark.adapter

HEAD = history().get_current_head()
REVISIONS = [script.revision for script in history().walk_revisions()][::-1]


def connected(url: str) -> sa.Engine:
    real = read_url(url)
    sync = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    return sa.create_engine(
        real.set(drivername=sync[real.get_backend_name()]), poolclass=sa.NullPool
    )


def tables(url: str) -> set[str]:
    with connected(url).connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_migrated_schema_is_the_one_in_the_code(empty_url: str) -> None:
    upgrade(empty_url)
    with connected(empty_url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert tables(empty_url) == {*metadata.tables, "alembic_version"}


def test_constraints_have_the_names_in_the_code(empty_url: str) -> None:
    upgrade(empty_url)
    with connected(empty_url).connect() as connection:
        inspector = sa.inspect(connection)
        real = {
            (table, constraint["name"])
            for table in metadata.tables
            for constraint in [
                inspector.get_pk_constraint(table),
                *inspector.get_foreign_keys(table),
                *inspector.get_check_constraints(table),
            ]
        }
    meant = {
        (table.name, constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
    }
    assert real == meant


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_migration_goes_up_down_and_up_again(empty_url: str, revision: str) -> None:
    upgrade(empty_url, revision)
    before = tables(empty_url)
    upgrade(empty_url)
    downgrade(empty_url, revision)
    assert tables(empty_url) == before
    downgrade(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    upgrade(empty_url)
    assert current_revision(empty_url) == HEAD


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    assert current_revision(empty_url) is None
    upgrade(empty_url)
    upgrade(empty_url)
    assert current_revision(empty_url) == HEAD


def test_two_processes_that_start_together_take_turns(empty_url: str) -> None:
    with ThreadPoolExecutor(2) as both:
        list(both.map(upgrade, [empty_url, empty_url]))
    assert current_revision(empty_url) == HEAD


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str) -> None:
    with connected(empty_url).begin() as connection:
        connection.execute(sa.text("CREATE TABLE facts (mine INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError, match="already exists"):
        upgrade(empty_url)
    assert tables(empty_url) == {"facts"}


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    upgrade(empty_url)
    with connected(empty_url).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '2099_01_01_0000'"))
    with pytest.raises(SchemaTooNew, match="newer"):
        upgrade(empty_url)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/new/callcenter.db")
    assert stat.S_IMODE((tmp_path / "new" / "callcenter.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_new_file_is_in_the_mode_in_which_several_may_open_it_at_once(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/callcenter.db")
    with closing(sqlite3.connect(tmp_path / "callcenter.db")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
