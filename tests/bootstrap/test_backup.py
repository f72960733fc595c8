"""A backup is taken while facts are written, archived and forgotten: none may be lost between the two."""

import asyncio
import json
import resource
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.copying import APART, counts
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.tables import metadata
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.bootstrap.backup import make_backup, own_recipients, without_secrets
from callcenter.bootstrap.restore import Restored, check_database, restore_backup
from callcenter.core.facts.calls import CallArrived
from callcenter.core.ids import CallId, LegId
from callcenter.host.sealing import BackupUnusable, identities, opened
from callcenter.settings import DatabaseSettings, Secret, Settings, load
from tests.adapters.db.real_postgres import Cluster

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SMALL = 3000
PASSWORD_HASH = "$argon2id$hash-of-ana"
SIP_PASSWORD = "sip-password-of-ana"


def quiet(_what: str, _share: float | None) -> None:
    """Nobody watches."""


class House:
    """A run folder with its journal, archive and database, and a backup of it."""

    def __init__(self, folder: Path, url: str) -> None:
        (folder / "run").mkdir(parents=True)
        (folder / "callcenter.toml").write_text('[centre]\nrun_folder = "run"\n')
        settings = load(folder / "callcenter.toml", {})
        self.settings: Settings = replace(settings, database=DatabaseSettings(url=Secret(url)))
        self.folder = folder
        self.journal = SegmentJournal(self.settings.journal_folder, max_bytes=SMALL)
        self.written = 0
        self._safe = 0

    def write(self, count: int) -> None:
        """What an engine does: bursts of three, and a new segment when one is full."""
        for _ in range(count // 3):
            burst = [self._fact(self.written + n) for n in (1, 2, 3)]
            self.journal.append(burst)
            self.written += 3
            if self.journal.is_full:
                self.journal.turn_over([self._fact(1)])

    def _fact(self, number: int) -> tuple[int, CallArrived]:
        call = CallId(f"cc1-1.{number}")
        return number, CallArrived(NOON, call, LegId(call), "+4930", "+49800", "")

    async def archive(self, database: Database) -> None:
        """What the archive does, but without waiting before it forgets."""
        archive = Archive(database, SegmentReader(self.settings.journal_folder))
        await archive.step()
        self.journal.forget(self._safe + 1)
        self._safe = archive.number

    def archive_now(self) -> None:
        async def once() -> None:
            database = Database(self.settings.database_url)
            try:
                await self.archive(database)
            finally:
                await database.close()

        asyncio.run(once())

    def back_up(self, name: str, say: Callable[[str, float | None], None] = quiet) -> Path:
        config = self.folder / "callcenter.toml"
        to = own_recipients(self.settings.run_folder)
        made = make_backup(self.settings, config, self.folder / name, to, say)
        assert made.warnings == []
        return made.data

    def keys(self) -> list[Any]:
        run = self.settings.run_folder
        return identities([run / "backup-key.txt", run / "backup-key-of-keys.txt"])

    def restore(
        self, data: Path, into: Path, url: str | None, *, with_keys: bool = True
    ) -> Restored:
        keys = data.with_name(data.name.replace(".tar.age", ".keys.tar.age"))
        return restore_backup(
            data,
            into,
            keys=keys if with_keys else None,
            private_keys=self.keys(),
            database_url=url,
            say=quiet,
        )


@pytest.fixture
def house(tmp_path: Path, url: str) -> Iterator[House]:
    house = House(tmp_path / "centre", url)
    yield house
    house.journal.close()


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """Makes room for a restore; where it goes."""

    def of_server() -> str | None:
        cluster: Cluster = request.getfixturevalue("cluster")
        return cluster.stripped()

    return {"sqlite": lambda: None, "postgres": of_server}[kind]


async def numbers_after_going_on(done: Restored, url: str | None) -> list[int]:
    """Every fact that a restored centre knows once its archive has read the journal on."""
    database = Database(url or f"sqlite:///{done.folder}/run/callcenter.db")
    try:
        archive = Archive(database, SegmentReader(done.folder / "run/journal"))
        while await archive.step():
            pass
        async with database.reading() as connection:
            rows = await connection.execute(sa.text("SELECT number FROM facts ORDER BY number"))
            return [number for (number,) in rows]
    finally:
        await database.close()


def journal_end(done: Restored) -> int:
    """The number behind which an engine goes on. One that the archive has passed would be given twice."""
    with closing(SegmentJournal(done.folder / "run/journal")) as goes_on:
        return goes_on.last_number


def test_no_fact_is_missing_when_all_goes_on_at_every_step_of_a_backup(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    house.write(300)
    house.archive_now()
    house.write(300)
    before = house.written

    def goes_on(_what: str, _share: float | None) -> None:
        house.write(90)
        house.archive_now()

    data = house.back_up("b", goes_on)
    assert house.written > before
    url = empty()
    done = house.restore(data, tmp_path / "restored", url)
    assert done.is_whole
    found = asyncio.run(numbers_after_going_on(done, url))
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= before
    assert journal_end(done) == found[-1]


def test_no_fact_is_missing_beside_an_engine_and_an_archive_that_hurry(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    house.write(30)
    house.archive_now()
    over = Event()
    wrong: list[BaseException] = []

    async def go_on() -> None:
        database = Database(house.settings.database_url)
        try:
            while not over.is_set():
                house.write(30)
                await house.archive(database)
        finally:
            await database.close()

    def work() -> None:
        try:
            asyncio.run(go_on())
        except BaseException as error:
            wrong.append(error)

    engine = Thread(target=work)
    engine.start()
    try:
        made = [(house.written, house.back_up(f"b{n}")) for n in range(4)]
    finally:
        over.set()
        engine.join()
    assert wrong == []
    for n, (at_least, data) in enumerate(made):
        url = empty()
        done = house.restore(data, tmp_path / f"restored{n}", url)
        assert done.is_whole, done.counted
        found = asyncio.run(numbers_after_going_on(done, url))
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= at_least
        assert journal_end(done) == found[-1]


def test_a_journal_never_ends_before_its_database(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    house.write(300)
    house.archive_now()
    url = empty()
    done = house.restore(house.back_up("b"), tmp_path / "restored", url)
    with closing(SegmentJournal(done.folder / "run/journal")) as goes_on:
        assert goes_on.last_number == house.written


def test_a_fact_that_really_is_gone_is_told(house: House) -> None:
    house.write(300)
    for path in sorted(house.settings.journal_folder.glob("facts-*"))[:1]:
        path.unlink()
    to = own_recipients(house.settings.run_folder)
    config = house.folder / "callcenter.toml"
    made = make_backup(house.settings, config, house.folder / "b", to, quiet)
    assert "neither in the journal nor in the database" in made.warnings[0][0]


def test_a_burst_that_is_being_written_is_left_out(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    house.write(9)
    head = max(house.settings.journal_folder.glob("facts-*"))
    head.write_bytes(head.read_bytes() + b'[10,"call.arrived",{},"more"]\n[11,"call.arr')
    done = house.restore(house.back_up("b"), tmp_path / "restored", empty())
    assert done.counted["journal: last number"] == (9, 9)


def fill_secrets(url: str) -> None:
    async def put() -> None:
        database = Database(url)
        try:
            async with database.writing() as connection:
                users, agents, endpoints = (
                    metadata.tables[name] for name in ("users", "agents", "endpoints")
                )
                who = {"id": "ana", "name_en": "Ana\t\\N\n", "name_zh": "安娜", "enabled": True}
                await connection.execute(agents.insert().values(who))
                user: dict[str, Any] = {
                    "name": "ana",
                    "role": "agent",
                    "password_hash": PASSWORD_HASH,
                }
                user |= {"logins_valid_from": NOON, "enabled": True}
                await connection.execute(users.insert().values(user))
                account = {"agent_id": "ana", "endpoint": "agent-ana", "browser": False}
                account |= {"password": SIP_PASSWORD}
                await connection.execute(endpoints.insert().values(account))
        finally:
            await database.close()

    asyncio.run(put())


def test_who_gets_the_data_alone_gets_no_secret(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    fill_secrets(house.settings.database_url)
    (house.settings.run_folder / "secrets.json").write_text('{"token_secret": "tok-secret"}')
    (house.folder / "callcenter.toml").write_text(
        '# once "old-secret"\n[edge]\nturn_secret = "turn-secret"\n'
    )
    data = house.back_up("b")
    with opened(data, house.keys()) as source:
        content = source.read()
    for secret in (PASSWORD_HASH, SIP_PASSWORD, "tok-secret", "turn-secret", "old-secret"):
        assert secret.encode() not in content
    url = empty()
    done = house.restore(data, tmp_path / "restored", url, with_keys=False)
    found = counts(url or f"sqlite:///{done.folder}/run/callcenter.db")
    assert (found["users"], found["endpoints"], found["agents"]) == (0, 0, 1)


def test_with_its_keys_everything_comes_back(
    house: House, tmp_path: Path, empty: Callable[[], str | None]
) -> None:
    fill_secrets(house.settings.database_url)
    (house.settings.run_folder / "secrets.json").write_text("{}")
    url = empty()
    done = house.restore(house.back_up("b"), tmp_path / "restored", url)
    assert done.is_whole
    assert (done.folder / "run/secrets.json").read_text() == "{}"

    async def name() -> list[Any]:
        database = Database(url or f"sqlite:///{done.folder}/run/callcenter.db")
        try:
            async with database.reading() as connection:
                return list(await connection.execute(sa.select(metadata.tables["agents"])))
        finally:
            await database.close()

    assert asyncio.run(name()) == [("ana", "Ana\t\\N\n", "安娜", True, None, "by-hand")]


def test_the_private_key_of_the_data_does_not_open_the_keys(house: House) -> None:
    data = house.back_up("b")
    only = identities([house.settings.run_folder / "backup-key.txt"])
    with (
        pytest.raises(BackupUnusable, match="does not open"),
        opened(data.with_name("b.keys.tar.age"), only) as source,
    ):
        source.read()


def test_every_table_with_something_secret_is_kept_apart() -> None:
    words = ("password", "secret", "hash", "token")
    secret = {
        column.table.name
        for table in metadata.sorted_tables
        for column in table.c
        if any(word in column.name for word in words)
    }
    assert secret <= set(APART)


def test_secrets_of_trunks_and_database_are_no_part_of_the_data() -> None:
    text = (
        '[database]\nurl = "postgresql://u:db-secret@h/d"\n'
        '[[trunks]]\nname = "a"\nsecret = "s1"\n[[trunks]]\nname = "b"\nsecret = "s2"\n'
    )
    shown = without_secrets(text)
    assert "s1" not in shown and "s2" not in shown and "db-secret" not in shown
    assert 'name = "b"' in shown


@contextmanager
def room_for(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_half_way_leaves_nothing_under_the_name(house: House) -> None:
    house.write(30)
    recordings = house.settings.run_folder / "recordings"
    recordings.mkdir()
    (recordings / "a.wav").write_bytes(bytes(3_000_000))
    (house.folder / "out").mkdir()
    own_recipients(house.settings.run_folder)
    with room_for(2_000_000), pytest.raises(OSError, match="File too large"):
        house.back_up("out/b")
    assert list((house.folder / "out").iterdir()) == []
    assert list(house.settings.run_folder.glob("backup-part-*")) == []


def test_a_database_that_is_not_empty_is_refused_before_anything_is_done(
    house: House, kind: str
) -> None:
    with pytest.raises(BackupUnusable):
        check_database(house.settings.database_url)


def test_a_plain_tar_behind_age_is_all_there_is(house: House) -> None:
    house.write(9)
    data = house.back_up("b")
    with opened(data, house.keys()) as source, tarfile.open(fileobj=source, mode="r|") as tar:
        names = {}
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            names[member.name] = content.read()
    assert json.loads(names["manifest.json"])["journal"]["facts"] == 9
    assert names["run/journal/facts-0000000000000001.jsonl"].count(b"\n") == 10
