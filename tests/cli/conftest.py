"""A command line at work: typed commands, a real server in front of a real database and engine."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from callcenter.adapters.db.accounts import DbEndedLogins, DbKeys, DbUsers
from callcenter.adapters.db.agents import DbEndpoints
from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.callers import DbCustomers, DbListedNumbers
from callcenter.adapters.db.codes import DbCodes
from callcenter.adapters.db.config_versions import DbConfigVersions
from callcenter.adapters.db.do_not_call import DbDoNotCall
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.missed import DbMissedCallers
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.skills import DbSkills
from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.http.document import changes_of, text_of
from callcenter.adapters.http.routes.agents import Registrar, agent_routes
from callcenter.adapters.http.routes.alerts import alert_routes
from callcenter.adapters.http.routes.callers import caller_routes
from callcenter.adapters.http.routes.calls import call_routes
from callcenter.adapters.http.routes.codes import code_routes
from callcenter.adapters.http.routes.config import config_routes
from callcenter.adapters.http.routes.flows import flow_routes
from callcenter.adapters.http.routes.messages import message_routes
from callcenter.adapters.http.routes.numbers import number_routes
from callcenter.adapters.http.routes.queues import queue_routes
from callcenter.adapters.http.routes.skills import skill_routes
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.bootstrap.database import stores_on
from callcenter.cli.main import main
from callcenter.core.access import Actor, Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.calendar import parse_hours
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.flow import Enqueue, Flow, Language, NodeId
from callcenter.ports.store import NumberEntry
from callcenter.services import accounts
from callcenter.services.callers import CallerBook
from callcenter.services.calling import Calling
from callcenter.services.codes import CodeBook
from callcenter.services.replanning import Replanning
from callcenter.services.watch import Watchdogs
from callcenter.testing.clock import HandClock
from callcenter.testing.desk import DeskHouse

ROOT = Actor("root", Role.ADMIN)
Typed = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation whose ports nobody else uses."""
    for name in ("CALLCENTER_CONFIG", "LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "callcenter.toml").write_text(
        '# mine\n[centre]\nrun_folder = "run"\n\n[http]\nport = 26081\n\n'
        "[edge]\nport = 26080\n\n[switch]\nhttp_port = 26088\n\n"
        "[sip]\nport = 26060\nrtp_first = 26200\nrtp_last = 26899\n"
    )
    return tmp_path


@pytest.fixture
def type_command(folder: Path) -> Typed:
    """Type a command, as a person would."""

    def typed(*words: str) -> Result:
        config = str(folder / "callcenter.toml")
        return CliRunner().invoke(main, ["--config", config, *words])

    return typed


@dataclass
class Running:
    """A running centre, and a command line beside it."""

    desk: DeskHouse
    archive: Archive
    folder: Path
    messages: DbMessages
    dogs: Watchdogs

    async def type(self, *words: str, status: int = 0) -> str:
        """Type a command in a terminal of its own; what it said, if it ended with `status`."""
        config = str(self.folder / "callcenter.toml")
        runner = CliRunner()
        done = await asyncio.to_thread(runner.invoke, main, ["--config", config, *words])
        assert done.exit_code == status, done.output
        return done.output


def hotline(version: str = "v1") -> Flow:
    nodes = {NodeId("wait"): Enqueue(QueueId("sales"))}
    english = Language("en")
    return Flow(FlowId("hotline"), version, NodeId("wait"), nodes, {}, (english,), english)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
async def database(empty_database: bytes, folder: Path) -> AsyncIterator[Database]:
    path = folder / "run/callcenter.db"
    path.parent.mkdir()
    path.write_bytes(empty_database)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


def _calling(database: Database) -> Calling:
    always = parse_hours(["daily 00:00-24:00"])
    return Calling(DbDoNotCall(database), always, lambda: datetime.now(UTC), region="DE")


def _caller_book(database: Database) -> CallerBook:
    async def skills() -> frozenset[str]:
        return frozenset(skill.id for skill in await DbSkills(database).list())

    stores = DbCustomers(database), DbListedNumbers(database), DbMissedCallers(database)
    expected: set[str] = set()
    now = lambda: datetime.now(UTC)  # noqa: E731
    return CallerBook(*stores, skills, expected.update, now, region="DE")


@pytest.fixture
async def running(database: Database, folder: Path) -> AsyncIterator[Running]:
    """One queue, one flow, the number 4000; the key of this machine lies where it should."""
    stores = stores_on(database)
    desk = DeskHouse(stores, DbEndpoints(database), changes_of=changes_of)
    await stores.queues.add(QueueRules(QueueId("sales")))
    await stores.numbers.add(NumberEntry("4000", FlowId("hotline")))
    desk.folder.hold(hotline())
    await desk.configuration.load()
    hasher = Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    people = accounts.Accounts(
        accounts.Stores(DbUsers(database), DbKeys(database), DbEndedLogins(database)),
        hasher,
        JwtTokens(b"s" * 32),
        lambda: datetime.now(UTC),
    )
    key, _ = await people.make_key(ROOT, "command line", Role.ADMIN)
    dogs = Watchdogs([], HandClock(), desk.door.show_alerts)
    plan = HttpPlan(
        accounts=people,
        ready=lambda: [],
        registry=CollectorRegistry(),
        routes=[
            agent_routes(
                desk.configuration,
                desk.desk,
                desk.door,
                Registrar("pbx.example:5060", "pbx.example:5061"),
            ),
            queue_routes(desk.configuration, desk.door),
            number_routes(desk.configuration),
            skill_routes(desk.configuration),
            caller_routes(_caller_book(database), _calling(database)),
            code_routes(CodeBook(DbCodes(database), desk.configuration)),
            config_routes(
                Replanning(
                    desk.configuration,
                    stores,
                    DbConfigVersions(database),
                    desk.desk,
                    lambda: datetime.now(UTC),
                    text_of,
                )
            ),
            flow_routes(desk.configuration),
            call_routes(desk.door, DbHistory(database)),
            message_routes(DbMessages(database), Shelf(folder / "recordings")),
            alert_routes(lambda: dogs.standings),
        ],
    )
    async with serving(application(plan), "127.0.0.1", 0) as port:
        known = {"url": f"http://127.0.0.1:{port}", "key": key}
        (folder / "run/cli.json").write_text(json.dumps(known))
        archive = Archive(database, desk.journal)
        yield Running(desk, archive, folder, DbMessages(database), dogs)
    hasher.close()
