"""Databases for tests: SQLite in a file, and a real PostgreSQL of our own, started once a run."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.session import Database
from tests.adapters.db.real_postgres import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "callcenter.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: a test that takes anything below runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a table."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/callcenter.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.stripped()


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str:
    """A database with all tables."""
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    file = shutil.copyfile(migrated_file, tmp_path / "callcenter.db")
    file.chmod(0o600)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(cluster: Cluster) -> str:
    return cluster.emptied()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url)
    yield database
    await database.close()
