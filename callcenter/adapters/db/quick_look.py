"""Whether a database needs anything at all, told in milliseconds: SQLAlchemy and alembic take seconds to
load, and most starts need neither of them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote

# The newest migration. A test holds it against alembic's own idea.
HEAD: Final = "2026_11_24_0500"
_SQLITE: Final = ("sqlite+aiosqlite:///", "sqlite:///")
_POSTGRES: Final = ("postgresql+psycopg://", "postgresql://", "postgres://")
_VERSIONS: Final = "SELECT version_num FROM alembic_version"
_SOMEBODY: Final = "SELECT 1 FROM users LIMIT 1"
_ANSWERS_WITHIN: Final = 3  # seconds


def is_ready(url: str) -> bool:
    """Whether it has this version's tables and somebody who can sign in. False where that is not
    known: the long way tells, mends, and says what is wrong."""
    for prefix in _SQLITE:
        if url.startswith(prefix):
            return _is_file_ready(Path(unquote(url.removeprefix(prefix))))
    for prefix in _POSTGRES:
        if url.startswith(prefix):
            return _is_server_ready("postgresql://" + url.removeprefix(prefix))
    return False


def _is_file_ready(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            versions = database.execute(_VERSIONS).fetchall()
            somebody = database.execute(_SOMEBODY).fetchone()
    except sqlite3.Error:
        return False
    return versions == [(HEAD,)] and somebody is not None


def _is_server_ready(url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=_ANSWERS_WITHIN) as database:
            versions = database.execute(_VERSIONS).fetchall()
            somebody = database.execute(_SOMEBODY).fetchone()
    except psycopg.Error:
        return False
    return versions == [(HEAD,)] and somebody is not None
