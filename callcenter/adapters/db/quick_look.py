"""Whether a database needs anything at all, told in milliseconds: SQLAlchemy and alembic take seconds to
load, and most starts need neither of them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote

# The newest migration. A test holds it against alembic's own idea.
HEAD: Final = "2026_11_22_0800"
_SQLITE: Final = "sqlite+aiosqlite:///"


def is_ready(url: str) -> bool:
    """Whether it has this version's tables and somebody who can sign in. False where that is not
    known: the long way tells, mends, and says what is wrong."""
    if not url.startswith(_SQLITE):
        return False
    file = Path(unquote(url.removeprefix(_SQLITE)))
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            versions = database.execute("SELECT version_num FROM alembic_version").fetchall()
            somebody = database.execute("SELECT 1 FROM users LIMIT 1").fetchone()
    except sqlite3.Error:
        return False
    return versions == [(HEAD,)] and somebody is not None
