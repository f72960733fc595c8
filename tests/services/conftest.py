"""Services on a real database in a file of its own, and the real engine behind them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.adapters.db.agents import DbEndpoints
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from callcenter.bootstrap.database import stores_on
from callcenter.services.stored import Stores
from callcenter.testing.desk import DeskHouse


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database after its migrations, made once."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
async def database(empty_database: bytes, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "centre.db"
    path.write_bytes(empty_database)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
def stores(database: Database) -> Stores:
    return stores_on(database)


@pytest.fixture
def kept(database: Database) -> DbEndpoints:
    return DbEndpoints(database)


@pytest.fixture
def desk_house(stores: Stores, kept: DbEndpoints) -> DeskHouse:
    return DeskHouse(stores, kept)
