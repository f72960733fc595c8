"""Which database a URL means, and what to write where it means none.

The password in a URL never leaves this file in clear text but inside SQLAlchemy's own URL, which masks it.
"""

from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


class BadDatabaseUrl(ValueError):
    """The setting does not name a database we can use; says what to write instead."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"database URL: {what}. Write sqlite:////absolute/path/callcenter.db (four slashes), or"
            " postgresql://user:password@host:5432/database (characters such as @ : / in the"
            " password as %40 %3A %2F)"
        )


def read_url(text: str) -> URL:
    """The URL with the driver that we use. Raises: BadDatabaseUrl."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The cause's text may hold the password.
        raise BadDatabaseUrl("it cannot be read") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise BadDatabaseUrl(f"{url.drivername!r} is not supported")
    if url.get_backend_name() == "sqlite" and (not url.database or ":memory:" in url.database):
        raise BadDatabaseUrl("a file must be named")
    if driver.startswith("postgresql") and not url.database:
        raise BadDatabaseUrl("the database's name is missing")
    return url.set(drivername=driver)
