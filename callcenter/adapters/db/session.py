"""Connections and transactions, on SQLite and PostgreSQL alike.

SQLite knows one writer. In this process writers queue at a lock, so that they wait in order and not
by chance; against other processes they begin IMMEDIATE and wait for `BUSY_SECONDS`. Readers never
wait (WAL). PostgreSQL needs none of it. What goes wrong leaves as one of our own errors, whose text
holds neither values nor passwords.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callcenter.adapters.db.url import read_url
from callcenter.core.errors import CoreError, Invalid
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

BUSY_SECONDS: Final = 10
POOL_SIZE: Final = 5
_UNIQUE: Final = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_FOREIGN: Final = {"23503", "23001", "SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_TRIGGER"}
_SQLITE_AWAY: Final = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_READONLY",
)


class Database:
    """One database by its URL. Close it when done. Raises: BadDatabaseUrl."""

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _make_engine(self.url)
        self._writers = asyncio.Lock()
        self._open: ContextVar[AsyncConnection | None] = ContextVar("open_unit", default=None)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent picture. Raises: StoreAway."""
        joined = self._open.get()
        if joined is not None:
            yield joined
            return
        with _in_our_words():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self, *, durable: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction, or a part of the one that `change` has open. What is `durable` outlives a power
        cut once it is committed; SQLite may lose the last of the rest. Raises: StoreAway."""
        joined = self._open.get()
        if joined is not None:
            yield joined
            return
        with _in_our_words():
            async with self._turn(), self._engine.connect() as connection:
                await connection.execution_options(writes=True, durable=durable)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """See `ports.store.UnitOfWork`."""
        async with self.writing() as connection:
            token = self._open.set(connection)
            try:
                yield
            finally:
                self._open.reset(token)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows what to do with a row that is there already."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        async with self._writers:
            yield


@contextmanager
def refusals(
    *, unique: CoreError | None = None, foreign: CoreError | None = None
) -> Iterator[None]:
    """Say what a broken constraint means here: a name that is taken, a thing in use or missing."""
    try:
        yield
    except IntegrityError as error:
        code = _code_of(error)
        if unique is not None and code in _UNIQUE:
            raise unique from None
        if foreign is not None and code in _FOREIGN:
            raise foreign from None
        raise Invalid(f"the database refuses this value ({code})") from None


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise Invalid(f"the database cannot hold this value ({_code_of(error)})") from None
    except IntegrityError as error:
        raise Invalid(f"the database refuses this value ({_code_of(error)})") from None
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, DBAPIError) and not is_away(error):
            raise
        logger.warning("database away", extra={"why": first_line(error)})
        raise StoreAway from None


def is_away(error: DBAPIError) -> bool:
    """Whether the database could not be had; a statement that is wrong is wrong at any time."""
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return str(name).startswith(_SQLITE_AWAY)
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _code_of(error: DBAPIError) -> str:
    origin = error.orig
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return str(code or type(origin).__name__)


def first_line(error: Exception) -> str:
    """What the driver said, without the lines that hold values."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(origin).__name__}: {str(origin).partition(chr(10))[0]}"


def _make_engine(url: URL) -> AsyncEngine:
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": POOL_SIZE,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, **options)
        file = Path(str(url.database))
        event.listen(engine.sync_engine, "do_connect", lambda *_: make_private_file(file))
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    # A connection that died while it lay in the pool is found before it is used.
    return create_async_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_SECONDS}, **options
    )


def make_private_file(path: Path) -> None:
    """Create the file, readable by its owner only: what SQLite adds beside it takes after it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say ourselves when a transaction begins, and how
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = "FULL" if options.get("durable", False) else "NORMAL"
    if connection.info.setdefault("synchronous", "NORMAL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")  # It cannot be changed later.
        connection.info["synchronous"] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")
