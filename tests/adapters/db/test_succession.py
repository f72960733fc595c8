"""An engine goes on where another one's journal ended, from what the database has of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.adapters.db.agents import DbAgents, DbEndpoints
from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.succession import what_is_open
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.core.facts.agents import AgentRestored, AgentSignedIn, Presence, PresenceChanged
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallArrived,
    CallEnded,
    EndedBy,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, QueueId
from callcenter.ports.store import AgentProfile, EndpointSecret

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANA, BO, CY = AgentId("ana"), AgentId("bo"), AgentId("cy")
SALES = QueueId("sales")
TALKS, WAITS, OVER = CallId("cc1-1.1"), CallId("cc1-1.2"), CallId("cc1-1.3")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def arrives(call: CallId, seconds: float) -> list[Fact]:
    came = CallArrived(at(seconds), call, LegId(call), "+4930123456", "+49800100")
    return [came, QueueJoined(at(seconds), call, SALES)]


OF_TALKS: list[Fact] = [
    *arrives(TALKS, 10),
    AgentOffered(at(12), TALKS, SALES, ANA, 1, "sip:agent-ana", "longest idle"),
    AgentAnswered(at(14), TALKS, ANA, 1),
]
STORY: list[Fact] = [
    AgentSignedIn(at(0), ANA, "sip:agent-ana"),
    PresenceChanged(at(1), ANA, Presence.READY),
    AgentSignedIn(at(2), BO, "tel:+49301"),
    PresenceChanged(at(3), BO, Presence.PAUSED, "lunch"),
    AgentSignedIn(at(4), CY, "tel:+49302"),
    PresenceChanged(at(5), CY, Presence.SIGNED_OUT),
    *OF_TALKS,
    *arrives(OVER, 15),
    *arrives(WAITS, 16),
    CallEnded(at(17), OVER, Outcome.ABANDONED, EndedBy.CALLER),
]


def journal_in(folder: Path, *facts: Fact) -> SegmentJournal:
    journal = SegmentJournal(folder)
    journal.append(list(enumerate(facts, journal.last_number + 1)))
    return journal


async def archived(database: Database, journal: SegmentJournal) -> None:
    archive = Archive(database, journal, now=lambda: at(100))
    while await archive.step():
        pass


@pytest.fixture
async def told(database: Database, tmp_path: Path) -> Database:
    """The database, when another engine has told all this."""
    for agent, number in ((ANA, None), (BO, "+49301"), (CY, "+49302")):
        await DbAgents(database).add(AgentProfile(agent, agent, outside_number=number))
    await DbEndpoints(database).put(EndpointSecret(ANA, "agent-ana", "secret", browser=False))
    await archived(database, journal_in(tmp_path / "other", *STORY))
    return database


async def test_open_calls_are_known_and_who_is_signed_in(told: Database) -> None:
    facts = await what_is_open(told, at(200))
    calls = [fact for fact in facts if not isinstance(fact, AgentRestored)]
    assert calls == [*OF_TALKS, *arrives(WAITS, 16)]
    agents = {fact.agent: fact for fact in facts if isinstance(fact, AgentRestored)}
    assert agents.keys() == {ANA, BO}
    assert (agents[ANA].device, agents[ANA].presence) == ("sip:agent-ana", Presence.READY)
    assert (agents[BO].device, agents[BO].reason) == ("tel:+49301", "lunch")
    assert (agents[ANA].reachable, agents[BO].reachable) == (False, True)


@pytest.mark.parametrize("before", [[], STORY[:4]], ids=["a new journal", "an old one"])
async def test_a_start_reads_what_was_taken_over_and_the_archive_does_not(
    told: Database, tmp_path: Path, before: list[Fact]
) -> None:
    mine = journal_in(tmp_path / "mine", *before)
    reader = SegmentReader(tmp_path / "mine")
    assert len(list(reader.read_after(0))) == len(before)
    facts = await what_is_open(told, at(200))
    mine.go_on_from(facts)
    ended = CallEnded(at(300), WAITS, Outcome.ABANDONED, EndedBy.CALLER)
    mine.append([(mine.last_number + 1, ended)])
    mine.close()
    again = SegmentJournal(tmp_path / "mine")
    replayed = list(again.replay())
    assert [fact for _, fact in replayed] == [*facts, ended]
    assert [number for number, _ in replayed] == sorted(number for number, _ in replayed)
    assert [fact for _, fact in reader.read_after(len(before))] == [ended]
    await archived(told, again)
    left = await what_is_open(told, at(400))
    assert {fact.call for fact in left if isinstance(fact, CallArrived)} == {TALKS}


async def test_a_call_of_three_journals_keeps_the_order_in_which_they_were_written(
    told: Database, tmp_path: Path
) -> None:
    second = journal_in(
        tmp_path / "second", CallEnded(at(50), TALKS, Outcome.ANSWERED, EndedBy.CALLER, ANA)
    )
    await archived(told, second)
    late = QueueJoined(at(60), WAITS, QueueId("help"))
    await archived(told, journal_in(tmp_path / "third", late))
    facts = await what_is_open(told, at(200))
    assert [fact for fact in facts if not isinstance(fact, AgentRestored)] == [
        *arrives(WAITS, 16),
        late,
    ]
