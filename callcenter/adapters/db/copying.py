"""A copy of the database as it was at one moment, while it is used; and a database made from a copy.

SQLite: the file, page by page within one reading transaction. PostgreSQL: the rows of each table (COPY)
within one. Rows by which somebody could sign in or register leave apart from all others.
"""

import json
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from callcenter.adapters.db.migrations import is_newer, upgrade
from callcenter.adapters.db.session import make_private_file
from callcenter.adapters.db.tables import metadata
from callcenter.adapters.db.url import read_url
from callcenter.ports.store import StoreAway

APART: Final = ("users", "api_keys", "endpoints")
SQLITE, POSTGRES = "sqlite", "postgresql"
_PAGES: Final = 2048
_ANSWERS_WITHIN: Final = 10  # seconds
_OURS: Final = "name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"

Share = Callable[[float], None]


class NotEmpty(Exception):
    """There are tables in the database that was to be filled."""


class CopyTooNew(Exception):
    """A newer version made the copy."""


class BrokenCopy(Exception):
    """The database that came out of the copy is not sound."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the copy. Whoever takes it may delete it."""

    name: str
    path: Path
    apart: bool


class Snapshot(ABC):
    """The database at one moment; see `snapshot_of`."""

    kind: str
    revision: str
    archived: dict[str, int]  # the number of the last fact of each journal

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows by table. Reads them all: whoever must hurry asks later, and hears the same."""
        return {name: self._count(name) for name in self._tables()}

    @abstractmethod
    def _tables(self) -> list[str]: ...

    @abstractmethod
    def _count(self, table: str) -> int: ...

    @abstractmethod
    def pieces(self, staging: Path, share: Share = lambda _share: None) -> Iterator[Piece]:
        """Write the copy, a file at a time, into `staging`. Raises: StoreAway, OSError."""


@contextmanager
def snapshot_of(url: str) -> Iterator[Snapshot]:
    """Take the picture. Raises: StoreAway (also where there is no database yet), BadDatabaseUrl."""
    parsed = read_url(url)
    with _in_our_words():
        if parsed.get_backend_name() == SQLITE:
            file = Path(str(parsed.database)).absolute()
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as source:
                yield _SqliteSnapshot(source)
            return
        with closing(_connect(url)) as server:
            server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            server.read_only = True
            yield _PostgresSnapshot(server)


def restore(
    copy: Path, kind: str, revision: str, url: str, share: Share = lambda _share: None
) -> None:
    """Make the database at `url`, of the same kind, from the pieces in `copy`, which are used up.

    Pieces that were kept apart may be missing: those tables are then empty.

    Raises: NotEmpty, CopyTooNew, BrokenCopy, StoreAway, BadDatabaseUrl, OSError.
    """
    if is_newer(revision):
        raise CopyTooNew(revision)
    with _in_our_words():
        if kind == SQLITE:
            _restore_file(copy, Path(str(read_url(url).database)))
        else:
            _restore_server(copy, revision, url, share)


def must_be_empty(url: str) -> None:
    """Raises: NotEmpty, StoreAway, BadDatabaseUrl."""
    read_url(url)
    with _in_our_words(), closing(_connect(url)) as server:
        found = server.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchone()
    if found != (0,):
        raise NotEmpty


@contextmanager
def temporary_database(beside: str) -> Iterator[str]:
    """The URL of a new PostgreSQL database on the server of another one; it is dropped in the end.

    Raises: StoreAway, also where that is not allowed.
    """
    url = read_url(beside)
    name = f"callcenter_drill_{secrets.token_hex(4)}"
    with _in_our_words(), closing(_connect(beside)) as server:
        server.autocommit = True
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with _in_our_words(), closing(_connect(beside)) as server:
            server.autocommit = True
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            server.execute(drop)


def counts(url: str) -> dict[str, int]:
    """Rows by table. Raises: StoreAway, BadDatabaseUrl."""
    with snapshot_of(url) as now:
        return now.counts


# -- SQLite ---------------------------------------------------------------------------------------


class _SqliteSnapshot(Snapshot):
    kind = SQLITE

    def __init__(self, source: sqlite3.Connection) -> None:
        self._source = source
        source.isolation_level = None
        source.execute("BEGIN")  # From the first reading on this is one picture.
        self.revision = str(source.execute("SELECT version_num FROM alembic_version").fetchone()[0])
        self.archived = dict(source.execute("SELECT journal, number FROM archive_progress"))

    def _tables(self) -> list[str]:
        listed = f"SELECT name FROM sqlite_master WHERE type='table' AND {_OURS} ORDER BY name"
        return [str(name) for (name,) in self._source.execute(listed)]

    def _count(self, table: str) -> int:
        found = self._source.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()
        return int(found[0])

    def pieces(self, staging: Path, share: Share = lambda _share: None) -> Iterator[Piece]:
        for table in APART:
            path = staging / f"{table}.jsonl"
            self._write_rows(table, path)
            yield Piece(f"database/{path.name}", path, apart=True)
        whole, clean = staging / "whole.db", staging / "callcenter.db"
        make_private_file(whole)
        with closing(sqlite3.connect(whole, isolation_level=None)) as copy:
            self._source.backup(
                copy, pages=_PAGES, progress=lambda _rc, left, all_: share(1 - left / max(1, all_))
            )
            copy.execute("PRAGMA journal_mode=DELETE")
            for table in APART:
                copy.execute(f'DELETE FROM "{table}"')
            # Deleted rows, these and older ones, are still in the file's free pages.
            make_private_file(clean)
            copy.execute("VACUUM INTO ?", (str(clean),))
        whole.unlink()
        yield Piece(f"database/{clean.name}", clean, apart=False)

    def _write_rows(self, table: str, path: Path) -> None:
        make_private_file(path)
        found = self._source.execute(f'SELECT * FROM "{table}"')
        columns = [column[0] for column in found.description]
        with path.open("w", encoding="utf-8") as out:
            for row in found:
                out.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False))
                out.write("\n")


def _restore_file(copy: Path, file: Path) -> None:
    if file.exists():
        raise NotEmpty
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (copy / "callcenter.db").rename(file)
    file.chmod(0o600)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for table in APART:
            path = copy / f"{table}.jsonl"
            if path.exists():
                _read_rows(database, table, path)
        complaints = database.execute("PRAGMA quick_check").fetchall()
        lost = database.execute("PRAGMA foreign_key_check").fetchall()
    if complaints != [("ok",)] or lost:
        raise BrokenCopy(str((complaints[:3], sorted({row[0] for row in lost}))))


def _read_rows(database: sqlite3.Connection, table: str, path: Path) -> None:
    known = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
    places = ", ".join("?" * len(known))
    database.execute("BEGIN")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            values = [row.get(column) for column in known]
            database.execute(f'INSERT INTO "{table}" VALUES ({places})', values)
    database.execute("COMMIT")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- PostgreSQL -----------------------------------------------------------------------------------


class _PostgresSnapshot(Snapshot):
    kind = POSTGRES

    def __init__(self, server: psycopg.Connection[Any]) -> None:
        self._server = server
        found = server.execute("SELECT version_num FROM alembic_version").fetchone()
        self.revision = str(found[0]) if found else ""
        rows = server.execute("SELECT journal, number FROM archive_progress").fetchall()
        self.archived = {str(journal): int(number) for journal, number in rows}

    def _tables(self) -> list[str]:
        listed = self._server.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            " AND tablename <> 'alembic_version' ORDER BY tablename"
        )
        return [str(name) for (name,) in listed]

    def pieces(self, staging: Path, share: Share = lambda _share: None) -> Iterator[Piece]:
        all_, done = max(1, sum(self.counts.values())), 0
        for table in self._tables():
            path = staging / f"{table}.copy"
            make_private_file(path)
            columns = self._columns(table)
            out_of = sql.SQL("COPY {} TO STDOUT").format(_table_with(table, columns))
            with path.open("wb") as out, self._server.cursor().copy(out_of) as rows:
                out.write(f"{','.join(columns)}\n".encode())
                for piece in rows:
                    out.write(piece)
            done += self.counts[table]
            share(done / all_)
            yield Piece(f"database/{path.name}", path, apart=table in APART)

    def _count(self, table: str) -> int:
        asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        found = self._server.execute(asked).fetchone()
        return int(found[0]) if found else 0

    def _columns(self, table: str) -> list[str]:
        found = self._server.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            (table,),
        )
        return [str(name) for (name,) in found]


def _restore_server(copy: Path, revision: str, url: str, share: Share) -> None:
    must_be_empty(url)
    upgrade(url, revision)
    # Those that others name come first; what this version does not know, last.
    order = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
    paths = sorted(copy.glob("*.copy"), key=lambda path: order.get(path.stem, len(order)))
    with closing(_connect(url)) as server, server.transaction():
        for done, path in enumerate(paths, 1):
            _fill(server, path)
            share(done / len(paths))


def _fill(server: psycopg.Connection[Any], path: Path) -> None:
    with path.open("rb") as source:
        columns = source.readline().decode().strip().split(",")
        table = sql.Identifier(path.stem)
        server.execute(sql.SQL("DELETE FROM {}").format(table))
        into = sql.SQL("COPY {} FROM STDIN").format(_table_with(path.stem, columns))
        with server.cursor().copy(into) as rows:
            while piece := source.read(2**18):
                rows.write(piece)


def _table_with(table: str, columns: list[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("{} ({})").format(sql.Identifier(table), names)


def _connect(url: str) -> psycopg.Connection[Any]:
    plain = read_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    # Moments and texts are written as everywhere, whatever this server's own habits are.
    habits = "-c timezone=UTC -c datestyle=ISO -c client_encoding=UTF8 -c extra_float_digits=1"
    return psycopg.connect(plain, connect_timeout=_ANSWERS_WITHIN, options=habits)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, psycopg.Error) as error:
        # Only the first line: those after it hold values.
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise StoreAway(said) from None
