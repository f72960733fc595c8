"""Brings a database to the schema this version needs, by alembic, without a file of settings.

An upgrade is one transaction on both databases: it happens whole or not at all, and two processes that
start together take turns. Migrations named `pre` run under the old code, `post` ones after it is gone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

import callcenter
from callcenter.adapters.db.session import first_line, is_away, make_private_file
from callcenter.adapters.db.url import read_url
from callcenter.ports.store import StoreAway

# Any number will do, as long as nobody else on the server means something by it.
_UPGRADE_LOCK: Final = 0x63616C6C
_BUSY_SECONDS: Final = 60


class SchemaTooNew(Exception):
    """A newer version has changed this database; this one must not touch it."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"the database is at {revision!r}, which this version does not know: it was changed by a"
            " newer one. Install that version again, or go back to a backup made before"
        )


def migrations_folder() -> Path:
    """Where the migrations are: beside the package in a checkout, inside it once installed."""
    package = Path(callcenter.__file__).parent
    for folder in (package.parent / "migrations", package / "data" / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise FileNotFoundError(f"no migrations beside {package}: install callcenter again")


def history() -> ScriptDirectory:
    """All migrations, as alembic sees them."""
    return ScriptDirectory.from_config(_config())


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`. Blocks; run it in a thread where a loop is alive.

    Raises: BadDatabaseUrl, StoreAway, SchemaTooNew.
    """
    with _locked(url) as connection:
        _check_known(connection)
        command.upgrade(_config(connection), revision)
    _write_ahead(read_url(url))


def downgrade(url: str, revision: str) -> None:
    """Take migrations back down to `revision`; `base` leaves nothing, data included.

    Raises: BadDatabaseUrl, StoreAway, SchemaTooNew.
    """
    with _locked(url) as connection:
        _check_known(connection)
        command.downgrade(_config(connection), revision)


def current_revision(url: str) -> str | None:
    """What the database is at; None when it is empty. Raises: BadDatabaseUrl, StoreAway."""
    with _locked(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_newer(revision: str | None) -> bool:
    """Whether a version that came after this one has changed the database."""
    return revision is not None and revision not in {script.revision for script in _all()}


def _check_known(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and is_newer(revision):
        raise SchemaTooNew(revision)


def _all() -> Iterator[Any]:
    return history().walk_revisions()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # Alembic expands percent signs in its options, as configuration files do.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _write_ahead(url: URL) -> None:
    """Give an SQLite file the mode in which it is used while nobody uses it: whoever changes the mode does
    not wait for others, and an engine and an archive that open it at once would be told it is away."""
    if url.get_backend_name() != "sqlite":
        return
    # Who is busy with it now does the same.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(str(url.database))) as file:
        file.execute("PRAGMA journal_mode=WAL")


@contextmanager
def _locked(text_url: str) -> Iterator[Connection]:
    """One connection in one transaction that nobody else can be in at the same time."""
    url = read_url(text_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        make_private_file(Path(str(url.database)))
        engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            hide_parameters=True,
            connect_args={"timeout": _BUSY_SECONDS},
        )
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_immediate)
    else:
        engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            if not is_sqlite:
                lock = text("SELECT pg_advisory_xact_lock(:lock)")
                connection.execute(lock, {"lock": _UPGRADE_LOCK})
            yield connection
            if is_sqlite:
                _check_references(connection)
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise StoreAway(first_line(error)) from None
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_references(connection: Connection) -> None:
    # References are not enforced while SQLite's tables are rebuilt, or the rebuilding would delete rows.
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(
            f"rows of {sorted({row[0] for row in broken})} would lose what they name"
        )
