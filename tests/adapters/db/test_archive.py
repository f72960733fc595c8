"""Journal to database: every fact once, whatever dies when, and what the facts come to."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.tables import metadata
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.core.errors import Invalid, NoSuchCall
from callcenter.core.facts.agents import AgentSignedIn, Presence, PresenceChanged, WrapEnded
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallArrived,
    CallEnded,
    EndedBy,
    LegCause,
    LegEnded,
    NodeEntered,
    OfferEnd,
    OfferEnded,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId
from callcenter.ports.history import CallRecord, Exit, OfferRecord, QueueVisit, SpanKind
from callcenter.ports.journal import Numbered
from callcenter.ports.store import StoreAway
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANA, BO = AgentId("ana"), AgentId("bo")
SALES, HELP = QueueId("sales"), QueueId("help")
ONE, TWO = CallId("cc1-1.1"), CallId("cc1-1.2")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def arrived(call: CallId, seconds: float, name: str = "") -> CallArrived:
    ani, dnis, first = "+4930123456", "+49800100", "+4930999999"
    return CallArrived(at(seconds), call, LegId(call), ani, dnis, name, first_dialled=first)


def offered(call: CallId, seconds: float, agent: AgentId, offer: int) -> AgentOffered:
    return AgentOffered(at(seconds), call, SALES, agent, offer, "sip:agent-x", "longest idle")


# One caller whom Bo misses and Ana serves, one who gives up; with the late and doubled facts that a
# switch sends.
STORY: list[Fact] = [
    AgentSignedIn(at(0), ANA, "sip:agent-ana"),
    PresenceChanged(at(1), ANA, Presence.READY),
    AgentSignedIn(at(2), BO, "sip:agent-bo"),
    PresenceChanged(at(3), BO, Presence.READY),
    arrived(ONE, 10, "O'Neill \0<b>"),
    NodeEntered(at(10), ONE, "hotline", "v7", "greet"),
    arrived(ONE, 10.5),
    NodeEntered(at(12), ONE, "hotline", "v7", "sales"),
    QueueJoined(at(12), ONE, SALES, 2.5),
    QueueJoined(at(12), ONE, SALES, 2.5),
    offered(ONE, 12, BO, 1),
    AgentRinging(at(13), ONE, BO, 1),
    AgentRinging(at(13), ONE, BO, 1),
    arrived(TWO, 14),
    QueueJoined(at(15), TWO, SALES),
    OfferEnded(at(33), ONE, BO, 1, OfferEnd.NO_ANSWER),
    OfferEnded(at(33), ONE, BO, 1, OfferEnd.REJECTED),
    PresenceChanged(at(33), BO, Presence.PAUSED, "rona"),
    offered(ONE, 33, ANA, 2),
    AgentAnswered(at(33.5), ONE, BO, 1),
    AgentRinging(at(34), ONE, ANA, 2),
    AgentAnswered(at(40), ONE, ANA, 2),
    AgentAnswered(at(41), ONE, ANA, 2),
    PresenceChanged(at(50), ANA, Presence.PAUSED, "lunch"),
    CallEnded(at(60), TWO, Outcome.ABANDONED, EndedBy.CALLER),
    LegEnded(at(100), ONE, LegId(ONE), LegCause.NORMAL),
    CallEnded(at(100), ONE, Outcome.ANSWERED, EndedBy.CALLER, ANA),
    LegEnded(at(100), ONE, LegId("ag-1"), LegCause.NORMAL),
    WrapEnded(at(110), ANA),
    WrapEnded(at(111), ANA),
    PresenceChanged(at(120), ANA, Presence.SIGNED_OUT),
]


def journal_of(*facts: Fact) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(list(enumerate(facts, 1)))
    return journal


def archive_of(database: Database, source: Any, **options: Any) -> Archive:
    return Archive(database, source, now=lambda: at(1000), **options)


async def archived(archive: Archive) -> int:
    total = 0
    while count := await archive.step():
        total += count
    return total


WRITTEN = "facts", "archive_progress", "calls", "queue_visits", "offers", "agent_spans"


async def everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table that the archive writes."""
    rows: dict[str, list[Any]] = {}
    async with database.reading() as connection:
        for name in WRITTEN:
            found = await connection.execute(sa.select(metadata.tables[name]))
            rows[name] = sorted(map(repr, found))
    return rows


async def wipe(database: Database) -> None:
    async with database.writing() as connection:
        for name in reversed(WRITTEN):
            await connection.execute(sa.delete(metadata.tables[name]))


@pytest.fixture
async def told(database: Database) -> DbHistory:
    """The story, archived."""
    assert await archived(archive_of(database, journal_of(*STORY))) == len(STORY)
    return DbHistory(database)


async def test_a_call_is_one_record_from_arrival_to_end(told: DbHistory) -> None:
    assert (await told.call(ONE)).record == CallRecord(
        ONE,
        "+4930123456",
        "O'Neill \ufffd<b>",
        "+49800100",
        at(10),
        flow=FlowId("hotline"),
        flow_version="v7",
        answered_at=at(40),
        ended_at=at(100),
        outcome=Outcome.ANSWERED,
        ended_by=EndedBy.CALLER,
        agent=ANA,
        first_dialled="+4930999999",
    )


async def test_a_stay_in_a_queue_has_its_exit_wait_and_offers(told: DbHistory) -> None:
    visits = (await told.call(ONE)).visits
    assert visits == [QueueVisit(ONE, 1, SALES, 2.5, at(12), at(40), Exit.ANSWERED, ANA, offers=2)]
    assert visits[0].waited == timedelta(seconds=28)
    (lost,) = (await told.call(TWO)).visits
    assert (lost.exit, lost.waited) == (Exit.ABANDONED, timedelta(seconds=45))


async def test_every_offer_has_its_result_and_its_reason(told: DbHistory) -> None:
    why = "longest idle"
    assert (await told.call(ONE)).offers == [
        OfferRecord(ONE, 1, 1, BO, at(12), why, at(13), None, at(33), "no-answer"),
        OfferRecord(ONE, 1, 2, ANA, at(33), why, at(34), at(40), at(100), "answered"),
    ]


async def test_a_call_is_shown_with_its_facts_in_order(told: DbHistory) -> None:
    facts = (await told.call(ONE)).facts
    assert [fact.number for fact in facts] == [
        number for number, fact in enumerate(STORY, 1) if getattr(fact, "call", None) == ONE
    ]
    assert (facts[0].kind, facts[0].at, facts[0].body["name"]) == (
        "call.arrived", at(10), "O'Neill \0<b>",
    )  # fmt: skip


async def test_an_agents_time_is_told_without_gaps_in_presence_and_activity(
    told: DbHistory,
) -> None:
    spans = await told.spans(ANA, NOON, at(1000))
    assert [
        (s.state, s.reason, s.began_at, s.ended_at) for s in spans if s.kind is SpanKind.PRESENCE
    ] == [
        ("paused", "signed-in", at(0), at(1)),
        ("ready", "", at(1), at(50)),
        ("paused", "lunch", at(50), at(120)),
    ]
    assert [
        (s.state, s.call, s.queue, s.began_at, s.ended_at)
        for s in spans
        if s.kind is SpanKind.ACTIVITY
    ] == [
        ("idle", None, None, at(0), at(33)),
        ("reserved", ONE, SALES, at(33), at(34)),
        ("ringing", ONE, SALES, at(34), at(40)),
        ("talking", ONE, SALES, at(40), at(100)),
        ("wrapping", ONE, SALES, at(100), at(110)),
        ("idle", None, None, at(110), at(120)),
    ]


async def test_an_agent_who_missed_is_idle_again_and_still_there(told: DbHistory) -> None:
    spans = await told.spans(BO, at(33), at(1000))
    assert [(s.state, s.reason, s.ended_at) for s in spans if s.began_at >= at(33)] == [
        ("idle", "", None),
        ("paused", "rona", None),
    ]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
async def test_what_the_facts_come_to_does_not_depend_on_where_batches_end(
    database: Database, batch: int
) -> None:
    journal = journal_of(*STORY)
    await archived(archive_of(database, journal))
    whole = await everything(database)
    await wipe(database)
    await archived(archive_of(database, journal, batch=batch))
    assert await everything(database) == whole


async def test_a_caller_who_comes_back_goes_on_in_the_same_record(database: Database) -> None:
    facts: list[Fact] = [
        *STORY,
        arrived(TWO, 200),
        QueueJoined(at(201), TWO, HELP),
        offered(TWO, 202, ANA, 1),
        AgentAnswered(at(203), TWO, ANA, 1),
        CallEnded(at(210), TWO, Outcome.ANSWERED, EndedBy.AGENT, ANA),
    ]
    await archived(archive_of(database, journal_of(*facts)))
    history = await DbHistory(database).call(TWO)
    assert history.record.arrived_at == at(14)
    assert (history.record.ended_at, history.record.outcome) == (at(210), Outcome.ANSWERED)
    assert [(v.queue, v.exit) for v in history.visits] == [
        (SALES, Exit.ABANDONED), (HELP, Exit.ANSWERED),
    ]  # fmt: skip


async def test_a_faulted_call_leaves_its_queue_by_our_fault(database: Database) -> None:
    facts: list[Fact] = [
        arrived(ONE, 1),
        QueueJoined(at(2), ONE, SALES),
        CallEnded(at(3), ONE, Outcome.FAULTED, EndedBy.SWITCH),
    ]
    await archived(archive_of(database, journal_of(*facts)))
    (visit,) = (await DbHistory(database).call(ONE)).visits
    assert visit.exit is Exit.SYSTEM_ERROR


async def test_calls_are_paged_from_the_latest_back(database: Database) -> None:
    calls: list[Fact] = [arrived(CallId(f"c{i}"), 10 + i // 2) for i in range(7)]
    await archived(archive_of(database, journal_of(*calls)))
    history = DbHistory(database)
    first = await history.recent(limit=3)
    second = await history.recent(limit=3, older=first.older)
    last = await history.recent(limit=3, older=second.older)
    pages = [[record.call for record in page.calls] for page in (first, second, last)]
    assert pages == [["c6", "c5", "c4"], ["c3", "c2", "c1"], ["c0"]]
    assert last.older is None


async def test_an_agents_calls_are_theirs_alone(told: DbHistory) -> None:
    assert [record.call for record in (await told.recent(agent=ANA)).calls] == [ONE]
    assert (await told.recent(agent=BO)).calls == []


@pytest.mark.parametrize("older", ["", "yesterday", "2026-03-02T12:00:00 cc1"])
async def test_a_page_that_we_never_named_is_refused(database: Database, older: str) -> None:
    with pytest.raises(Invalid, match="older"):
        await DbHistory(database).recent(older=older)


async def test_an_unknown_call_is_said_to_be_unknown(database: Database) -> None:
    with pytest.raises(NoSuchCall):
        await DbHistory(database).call(ONE)


# -- exactly once ---------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Reaper:
    """Counts the steps towards the database and the journal, and kills at one of them."""

    dies_at: int
    steps: int = 0

    def step(self, *_: Any, **__: Any) -> None:
        self.steps += 1
        if self.steps == self.dies_at:
            raise Killed

    def listen(self) -> Callable[[], None]:
        """Be asked before each statement and each commit; the answer undoes it."""
        for name in ("before_cursor_execute", "commit"):
            sa.event.listen(Engine, name, self.step)

        def undo() -> None:
            for name in ("before_cursor_execute", "commit"):
                sa.event.remove(Engine, name, self.step)

        return undo


class WatchedJournal(MemoryJournal):
    """A journal whose reading is a step too."""

    def __init__(self, reaper: Reaper) -> None:
        super().__init__()
        self._reaper = reaper

    def read_after(self, number: int) -> Iterator[Numbered]:
        self._reaper.step()
        return super().read_after(number)


async def one_life(database: Database, dies_at: int) -> tuple[bool, int]:
    """Archive the story until it is done or somebody dies; whether they lived, and the steps."""
    reaper = Reaper(dies_at)
    journal = WatchedJournal(reaper)
    journal.append(list(enumerate(STORY, 1)))
    undo = reaper.listen()
    try:
        await archived(archive_of(database, journal, batch=16))
    except Killed:
        return False, reaper.steps
    finally:
        undo()
    return True, reaper.steps


async def test_a_death_between_any_two_steps_loses_and_doubles_nothing(
    database: Database,
) -> None:
    _, steps = await one_life(database, dies_at=0)
    whole = await everything(database)
    assert len(whole["facts"]) == len(STORY)
    assert steps > 20
    for step in range(1, steps + 1):
        await wipe(database)
        assert await one_life(database, dies_at=step) == (False, step)
        lived, _ = await one_life(database, dies_at=0)
        assert lived
        assert await everything(database) == whole, f"after a death at step {step}"


async def test_two_archives_at_once_share_the_work_without_doubling_it(database: Database) -> None:
    journal = journal_of(*STORY)
    await archived(archive_of(database, journal))
    whole = await everything(database)
    await wipe(database)
    one, two = (archive_of(database, journal, batch=3) for _ in range(2))
    for _ in range(len(STORY)):
        await asyncio.gather(one.step(), two.step())
    assert await everything(database) == whole


async def test_an_archive_goes_on_where_the_last_one_stopped(database: Database) -> None:
    journal = journal_of(*STORY[:9])
    assert await archived(archive_of(database, journal, batch=4)) == 9
    journal.append(list(enumerate(STORY[9:], 10)))
    later = archive_of(database, journal)
    assert await archived(later) == len(STORY) - 9
    assert later.number == len(STORY)
    assert (await DbHistory(database).call(ONE)).record.outcome is Outcome.ANSWERED


async def test_a_journal_begun_anew_is_archived_beside_the_old_one(database: Database) -> None:
    await archived(archive_of(database, journal_of(*STORY)))
    fresh = journal_of(arrived(CallId("new"), 500))
    fresh.journal_id = "other"
    await archived(archive_of(database, fresh))
    assert (await DbHistory(database).call(CallId("new"))).facts[0].number == 1
    assert len((await everything(database))["facts"]) == len(STORY) + 1


async def test_facts_that_are_missing_are_reported_with_their_numbers(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    journal = MemoryJournal()
    journal.append(list(enumerate(STORY[:4], 1)))
    journal.turn_over([])
    journal.append(list(enumerate(STORY[4:], 5)))
    journal.forget(before=5)
    await archived(archive_of(sqlite_database, journal))
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.message == "facts are missing from the journal"
    assert (vars(record)["from_number"], vars(record)["to_number"]) == (1, 4)


async def test_real_segments_are_archived_and_forgotten_only_when_that_is_safe(
    sqlite_database: Database, tmp_path: Path
) -> None:
    journal = SegmentJournal(tmp_path / "journal", max_bytes=500)
    for number, fact in enumerate(STORY, 1):
        journal.append([(number, fact)])
        journal.turn_over([(number, fact)])
    files = len(list((tmp_path / "journal").glob("facts-*")))
    moments = iter([at(0), at(0), at(0), at(400), at(400), *[at(800)] * 50])
    archive = Archive(sqlite_database, journal, batch=10_000, now=lambda: next(moments))
    await archived(archive)
    await archive._tidy_up()
    assert len(list((tmp_path / "journal").glob("facts-*"))) == files
    await archive._tidy_up()
    await archive._tidy_up()
    assert len(list((tmp_path / "journal").glob("facts-*"))) == 1
    assert len((await everything(sqlite_database))["facts"]) == len(STORY)
    journal.close()


# -- outages --------------------------------------------------------------------------------------


async def test_an_outage_of_the_database_makes_the_archive_late_and_nothing_else(
    cluster: Any, postgres_database: Database
) -> None:
    journal = journal_of(*STORY)
    archive = archive_of(postgres_database, journal, batch=10)
    assert await archive.step() == 10
    cluster.stop()
    try:
        with pytest.raises(StoreAway):
            await archive.step()
    finally:
        cluster.start()
    assert await archived(archive) == len(STORY) - 10
    assert len((await everything(postgres_database))["facts"]) == len(STORY)


class BrokenSource:
    """A journal that cannot be read."""

    journal_id = "broken"

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def read_after(self, number: int) -> Iterator[Numbered]:
        self._loop.call_soon_threadsafe(self.asked.set)
        raise OSError("disk on fire")

    def forget(self, before: int) -> int:
        raise AssertionError("nothing was archived")


async def test_nothing_that_goes_wrong_ends_the_archives_task(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    source = BrokenSource()
    task = asyncio.create_task(archive_of(sqlite_database, source).run())
    await asyncio.wait_for(source.asked.wait(), 10)
    done, _ = await asyncio.wait([task], timeout=0.2)
    assert not done
    task.cancel()
    await asyncio.wait([task])
    assert "archive stopped for now" in caplog.text


class BusySource:
    """A journal to which a fact is added whenever it is read."""

    journal_id = "busy"

    def __init__(self, facts: int) -> None:
        self.facts = facts
        self.read: list[int] = []

    def read_after(self, number: int) -> Iterator[Numbered]:
        self.read.append(number)
        there = range(number + 1, self.facts + 1)
        self.facts += 1
        return iter([(n, arrived(CallId(f"cc1-1.{n}"), n)) for n in there])

    def forget(self, before: int) -> int:
        return 0


async def test_facts_gather_for_a_pause_unless_the_archive_is_behind(
    sqlite_database: Database,
) -> None:
    source = BusySource(facts=5)
    all_stored = asyncio.Event()

    def now() -> datetime:
        if archive.number == 7:  # the next batch, or the look around before a pause
            all_stored.set()
        return NOON

    an_hour = timedelta(hours=1)
    archive = Archive(sqlite_database, source, batch=3, pause=an_hour, now=now)
    task = asyncio.create_task(archive.run())
    await asyncio.wait_for(all_stored.wait(), 30)
    task.cancel()
    await asyncio.wait([task])
    assert source.read == [0, 3, 6]
    assert archive.number == 7
