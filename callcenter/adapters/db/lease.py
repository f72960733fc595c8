"""The lease row: one engine at a time, wherever they run. PostgreSQL only.

A connection of its own, since a lock belongs to its session: the database lets go of it the moment the
session ends, and others see that. Each epoch has a lock of its own, so that the session of a holder
who froze is in nobody's way. Whether ours is still open is asked of the kernel, which knows although we
stood still.

Nothing here is cancelled for being slow: a renewal that waits is not yet refused. A server that is gone
without a word is found by TCP within seconds.
"""

import logging
import secrets
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Column, DateTime, Integer, Table, Text

from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import first_line
from callcenter.adapters.db.url import read_url
from callcenter.core.leadership import LeaseRow
from callcenter.ports.store import StoreAway

logger = logging.getLogger(__name__)

leases: Final = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("journal", Text, nullable=False),
    Column("renewed_at", DateTime(timezone=True), nullable=False),
)

# Any number will do, as long as nobody else on the server means something by it.
_LOCK: Final = 0x63616C6D
_CONNECT_SECONDS: Final = 2  # libpq knows no less
_GONE_AFTER_MS: Final = 4000
_ENDED: Final = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL

_BEGIN: Final = (
    "INSERT INTO leases (name, epoch, holder, host, journal, renewed_at)"
    " VALUES ('engine', 0, '', '', '', clock_timestamp()) ON CONFLICT DO NOTHING"
)
_LOOK: Final = (
    "SELECT epoch, holder, host, journal, renewed_at::text,"
    " extract(epoch FROM clock_timestamp() - renewed_at)::float8,"
    " EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = %s::bigint::oid AND objid = epoch::bigint::oid)"
    " FROM leases WHERE name = 'engine'"
)
_TAKE: Final = (
    "WITH taken AS (UPDATE leases SET epoch = epoch + 1, holder = %s, host = %s,"
    " renewed_at = clock_timestamp()"
    " WHERE name = 'engine' AND epoch = %s AND holder = %s AND renewed_at::text = %s"
    " RETURNING epoch) SELECT epoch, pg_try_advisory_lock(%s, epoch) FROM taken"
)
_LOCK_AGAIN: Final = "SELECT pg_try_advisory_lock(%s, %s)"
_OURS: Final = "WHERE name = 'engine' AND epoch = %s AND holder = %s"
_RENEW: Final = f"UPDATE leases SET renewed_at = clock_timestamp() {_OURS}"
_SETTLE: Final = f"UPDATE leases SET journal = %s {_OURS}"
_RELEASE: Final = f"UPDATE leases SET holder = '' {_OURS}"


class PgLease:
    """See `ports.leadership.LeaseBook`. `url` names a PostgreSQL database. Close it when done."""

    def __init__(self, url: str) -> None:
        self._url = _plain(url)
        self._holder = secrets.token_hex(8)
        self._host = socket.gethostname()
        self._epoch = 0
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._is_locked = False
        self._is_away = False
        self._poll = select.poll()

    @property
    def has_session(self) -> bool:
        """See `ports.leadership.LeaseBook`. Costs a microsecond or two."""
        if self._connection is None or self._connection.closed:
            return False
        return not any(event & _ENDED for _, event in self._poll.poll(0))

    async def look(self) -> LeaseRow:
        async with self._session() as connection:
            found = await (await connection.execute(_LOOK, (_LOCK,))).fetchone()
            if found is None:
                await connection.execute(_BEGIN)
                found = await (await connection.execute(_LOOK, (_LOCK,))).fetchone()
            if found is None:
                raise StoreAway
            return LeaseRow(*found)

    async def take(self, seen: LeaseRow) -> int | None:
        wanted = (self._holder, self._host, seen.epoch, seen.holder, seen.stamp, _LOCK)
        async with self._session() as connection:
            taken = await (await connection.execute(_TAKE, wanted)).fetchone()
            if taken is None:
                return None
            self._epoch, self._is_locked = taken
            return self._epoch

    async def settle(self, journal: str) -> None:
        async with self._session() as connection:
            await connection.execute(_SETTLE, (journal, self._epoch, self._holder))

    async def renew(self) -> bool:
        had_session = self.has_session
        try:
            return await self._renew()
        except StoreAway:
            if not had_session:
                raise
        # Only the session has ended, as far as we know: the database may well be there.
        return await self._renew()

    async def _renew(self) -> bool:
        async with self._session() as connection:
            if not self._is_locked:
                locked = await connection.execute(_LOCK_AGAIN, (_LOCK, self._epoch))
                self._is_locked = bool((await locked.fetchone() or (False,))[0])
            done = await connection.execute(_RENEW, (self._epoch, self._holder))
            return done.rowcount == 1

    async def release(self) -> None:
        async with self._session() as connection:
            await connection.execute(_RELEASE, (self._epoch, self._holder))

    async def close(self) -> None:
        """End the session."""
        connection, self._connection, self._is_locked = self._connection, None, False
        if connection is not None:
            await connection.close()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        try:
            if not self.has_session:
                await self._open()
            assert self._connection is not None
            yield self._connection
            self._is_away = False
        except (psycopg.Error, OSError) as error:
            if not self._is_away:  # It is asked ten times a second.
                logger.warning("lease cannot be asked about", extra={"why": first_line(error)})
            self._is_away = True
            await self.close()
            raise StoreAway from None

    async def _open(self) -> None:
        await self.close()
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=_GONE_AFTER_MS,
            application_name="callcenter-engine",
        )
        self._poll = select.poll()
        self._poll.register(connection.fileno(), _ENDED)
        self._connection = connection


def read_lease(url: str) -> LeaseRow | None:
    """The row, for somebody who only wants to know; None if there is none. Raises: StoreAway."""
    try:
        with psycopg.connect(_plain(url), connect_timeout=_CONNECT_SECONDS) as connection:
            found = connection.execute(_LOOK, (_LOCK,)).fetchone()
    except (psycopg.Error, OSError) as error:
        raise StoreAway(first_line(error)) from None
    return LeaseRow(*found) if found else None


def _plain(url: str) -> str:
    return read_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
