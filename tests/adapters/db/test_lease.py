"""The lease row on a real PostgreSQL: taken by one, kept, given back, lost with its session."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from callcenter.adapters.db.lease import PgLease, read_lease
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.bootstrap.turn import another_leads
from callcenter.core.leadership import LeaseRow
from callcenter.ports.store import StoreAway
from callcenter.services.leadership import Leadership
from callcenter.settings import DatabaseSettings, Secret, Settings
from tests.adapters.db.real_postgres import Cluster

pytestmark = pytest.mark.adapter

Make = Callable[[], PgLease]


class Ended(Exception):
    """The engine would be gone."""


@pytest.fixture
async def lease(postgres_url: str) -> AsyncIterator[Make]:
    """As many engines as a test wants."""
    made: list[PgLease] = []

    def make() -> PgLease:
        made.append(PgLease(postgres_url))
        return made[-1]

    yield make
    for one in made:
        await one.close()


def server_side(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(statement.encode())


def end_sessions(url: str) -> None:
    server_side(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'callcenter-engine'",
    )


async def until(look: Callable[[], Awaitable[bool]], within: float = 10) -> float:
    """How long it took."""
    began = time.monotonic()
    while not await look():
        assert time.monotonic() < began + within
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_a_lease_is_one_engines_at_a_time(lease: Make) -> None:
    first, second = lease(), lease()
    free = await first.look()
    assert (free.is_free, free.epoch) == (True, 0)
    assert await first.take(free) == 1
    assert await second.take(free) is None
    seen = await second.look()
    assert (seen.epoch, seen.has_session, seen.is_free) == (1, True, False)
    assert await first.renew()
    assert not await second.renew()
    assert (await second.look()).stamp != seen.stamp


async def test_who_is_overtaken_is_told_and_cannot_give_back_what_is_anothers(lease: Make) -> None:
    first, second = lease(), lease()
    await first.take(await first.look())
    assert await second.take(await second.look()) == 2
    assert not await first.renew()
    await first.release()
    seen = await second.look()
    assert (seen.epoch, seen.is_free, seen.has_session) == (2, False, True)


async def test_a_lease_that_is_given_back_is_free(lease: Make) -> None:
    first, second = lease(), lease()
    await first.take(await first.look())
    await first.settle("journal-1")
    await first.release()
    seen = await second.look()
    assert (seen.is_free, seen.journal, seen.epoch) == (True, "journal-1", 1)
    assert await second.take(seen) == 2


async def test_a_session_that_the_server_ends_is_seen_by_both_sides(
    lease: Make, postgres_url: str
) -> None:
    first, second = lease(), lease()
    await first.take(await first.look())
    assert first.has_session
    end_sessions(postgres_url)

    async def is_seen() -> bool:
        return not first.has_session and not (await second.look()).has_session

    await until(is_seen)
    assert await first.renew()
    assert first.has_session
    assert (await second.look()).has_session


async def test_a_database_that_is_away_is_said_to_be_away_and_found_again(
    lease: Make, cluster: Cluster
) -> None:
    first = lease()
    await first.take(await first.look())
    cluster.stop()
    try:
        with pytest.raises(StoreAway):
            await first.renew()
        assert not first.has_session
    finally:
        cluster.start()
    assert await first.renew()


def test_somebody_who_only_wants_to_know_is_told(postgres_url: str) -> None:
    assert read_lease(postgres_url) is None
    with pytest.raises(StoreAway):
        read_lease("postgresql://nobody@127.0.0.1:1/nothing")


async def test_a_start_knows_when_another_engine_leads(
    lease: Make, postgres_url: str, tmp_path: Path
) -> None:
    database = DatabaseSettings(url=Secret(postgres_url), lease=True)
    centre = Settings(tmp_path, database=database)
    assert not another_leads(centre)
    first = lease()
    await first.take(await first.look())
    await first.settle("journal-1")
    assert another_leads(centre)
    assert not another_leads(Settings(tmp_path))
    with closing(SegmentJournal(centre.journal_folder)) as own:
        await first.settle(own.journal_id)
    assert not another_leads(centre)
    await first.settle("journal-1")
    await first.release()
    assert not another_leads(centre)


# -- with those who take turns by it --------------------------------------------------------------


def engine(book: PgLease, *, followed: bool = True) -> Leadership:
    def end(why: str) -> None:
        raise Ended(why)

    async def is_followed() -> bool:
        return followed

    return Leadership(book, now=time.monotonic, end=end, is_followed=is_followed)


async def test_a_clean_stop_hands_over_at_once(lease: Make, postgres_url: str) -> None:
    first, second = engine(lease()), engine(lease())
    assert await first.take("journal-1") is None
    async with first.kept():
        await first.settle()
        await first.begin()
        coming = asyncio.create_task(second.take("journal-2"))
        await asyncio.sleep(0.3)
        assert not coming.done()
        first.check()
        began = time.monotonic()
    assert await coming == "journal-1"
    assert time.monotonic() - began < 1
    row = read_lease(postgres_url)
    assert isinstance(row, LeaseRow)
    assert (row.epoch, row.journal) == (2, "journal-1")


async def test_one_that_is_silent_is_replaced_and_does_nothing_more(lease: Make) -> None:
    first, second = engine(lease()), engine(lease())
    await first.take("journal-1")
    await first.settle()
    await first.begin()
    first.check()
    began = time.monotonic()
    assert await second.take("journal-2") == "journal-1"
    assert time.monotonic() - began < 3
    with pytest.raises(Ended, match="stood still"):
        first.check()


async def test_one_whose_session_ends_is_taken_for_dead(lease: Make) -> None:
    book = lease()
    first, second = engine(book), engine(lease())
    await first.take("journal-1")
    await first.settle()
    await first.begin()
    coming = asyncio.create_task(second.take("journal-2"))
    await asyncio.sleep(0.5)
    began = time.monotonic()
    await book.close()  # as the kernel does for one that died
    assert await coming == "journal-1"
    assert time.monotonic() - began < 1


async def test_one_whose_session_is_torn_is_heard_again_in_time(
    lease: Make, postgres_url: str
) -> None:
    first, second = engine(lease()), engine(lease())
    await first.take("journal-1")
    async with first.kept():
        await first.settle()
        await first.begin()
        coming = asyncio.create_task(second.take("journal-2"))
        for _ in range(3):
            await asyncio.sleep(0.5)
            end_sessions(postgres_url)
        await asyncio.sleep(1)
        first.check()
        assert not coming.done()
        coming.cancel()


async def test_whoever_holds_the_journal_of_the_dead_one_goes_on_at_once(lease: Make) -> None:
    first, second = engine(lease()), engine(lease())
    await first.take("journal-1")
    await first.settle()
    began = time.monotonic()
    assert await second.take("journal-1") is None
    assert time.monotonic() - began < 0.5
    assert second.epoch == 2


async def test_the_one_at_work_goes_on_without_a_database(lease: Make, cluster: Cluster) -> None:
    first = engine(lease())
    await first.take("journal-1")
    async with first.kept():
        await first.settle()
        await first.begin()
        cluster.stop()
        try:
            for _ in range(15):
                await asyncio.sleep(0.2)
                first.check()
        finally:
            cluster.start()
        await until(lambda: renewed(first))
        first.check()


async def renewed(lead: Leadership) -> bool:
    return lead.age < 1


async def test_one_begins_on_trust_when_nobody_is_at_the_switch(
    lease: Make, cluster: Cluster, postgres_url: str
) -> None:
    first = engine(lease(), followed=False)
    cluster.stop()
    try:
        assert await first.take("journal-1") is None
        assert first.epoch is None
    finally:
        cluster.start()
    async with first.kept():
        await first.begin()

        async def has_it() -> bool:
            first.check()
            return first.epoch == 1

        await until(has_it)
    row = read_lease(postgres_url)
    assert row is not None
    assert (row.journal, row.is_free) == ("journal-1", True)


async def test_nobody_begins_on_trust_while_somebody_may_be_at_the_switch(
    lease: Make, cluster: Cluster
) -> None:
    first = engine(lease(), followed=True)
    cluster.stop()
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first.take("journal-1"), 3)
    finally:
        cluster.start()
