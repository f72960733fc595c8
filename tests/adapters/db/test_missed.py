"""Whom to call back, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from callcenter.adapters.db.callers import DbCustomers, DbListedNumbers
from callcenter.adapters.db.calls import call_columns, calls, queue_visits, visit_columns
from callcenter.adapters.db.missed import DbMissedCallers
from callcenter.adapters.db.session import Database
from callcenter.core.callers import ListedNumber, ListKind
from callcenter.core.facts.calls import Outcome
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.ports.callers import Customer, MissedCaller, NotMissed
from callcenter.ports.history import CallRecord, QueueVisit

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = NOON - timedelta(days=7)
ONE, TWO = "+4930111", "+4930222"


class Office:
    """Calls as they are kept, and who was missed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.missed = DbMissedCallers(database)
        self.count = 0

    async def call(
        self, number: str, minutes_ago: float, outcome: Outcome | None, queue: str = ""
    ) -> datetime:
        self.count += 1
        at = NOON - timedelta(minutes=minutes_ago)
        record = CallRecord(CallId(f"c{self.count}"), number, "", "1", at, outcome=outcome)
        if outcome is Outcome.ANSWERED:
            record.answered_at, record.agent = at + timedelta(seconds=9), AgentId("ana")
        async with self.database.writing() as connection:
            await connection.execute(insert(calls).values(call_columns(record)))
            if queue:
                left = at + timedelta(seconds=45)
                stay = QueueVisit(record.call, 1, QueueId(queue), 0.0, at, left)
                await connection.execute(insert(queue_visits).values(visit_columns(stay)))
        return at

    async def numbers(self) -> list[str]:
        return [one.number for one in await self.missed.list(WEEK, 99)]


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_who_gave_up_is_folded_by_number_with_where_and_how_long_they_waited(
    office: Office,
) -> None:
    await DbCustomers(office.database).put(Customer("acme", "Acme", (ONE,)))
    first = await office.call(ONE, 90, Outcome.ABANDONED, "support")
    last = await office.call(ONE, 30, Outcome.ABANDONED, "sales")
    turned = await office.call(TWO, 60, Outcome.REFUSED)
    assert await office.missed.list(WEEK, 99) == [
        MissedCaller(ONE, "acme", 2, first, last, QueueId("sales"), timedelta(seconds=45)),
        MissedCaller(TWO, "", 1, turned, turned),
    ]
    assert len(await office.missed.list(WEEK, 1)) == 1


async def test_who_got_through_later_is_missed_no_more_and_only_later_calls_count(
    office: Office,
) -> None:
    await office.call(ONE, 90, Outcome.ABANDONED)
    await office.call(ONE, 60, Outcome.ANSWERED)
    assert await office.numbers() == []
    await office.call(ONE, 30, Outcome.FAULTED)
    (missed,) = await office.missed.list(WEEK, 99)
    assert (missed.number, missed.calls) == (ONE, 1)


@pytest.mark.parametrize("outcome", [Outcome.LEFT_FLOW, Outcome.SERVED, Outcome.DISMISSED, None])
async def test_who_wanted_nobody_or_is_on_the_line_is_not_missed(
    office: Office, outcome: Outcome | None
) -> None:
    await office.call(ONE, 30, outcome)
    assert await office.numbers() == []


async def test_nobody_can_be_called_back_who_withholds_the_number_or_called_long_ago(
    office: Office,
) -> None:
    await office.call("anonymous", 30, Outcome.ABANDONED)
    await office.call(ONE, 60 * 24 * 8, Outcome.ABANDONED)
    assert await office.numbers() == []


async def test_who_has_been_seen_to_is_gone_until_they_call_again_in_vain(office: Office) -> None:
    await office.call(ONE, 30, Outcome.ABANDONED)
    await office.missed.done(ONE, "sue", NOON - timedelta(minutes=20), WEEK)
    assert await office.numbers() == []
    with pytest.raises(NotMissed):
        await office.missed.done(ONE, "sue", NOON, WEEK)
    await office.call(ONE, 10, Outcome.ABANDONED)
    assert await office.numbers() == [ONE]
    await office.missed.done(ONE, "sue", NOON, WEEK)
    assert await office.numbers() == []


@pytest.mark.parametrize(
    ("listed_as", "is_there"), [("block", False), ("grey", False), ("vip", True)]
)
async def test_nobody_is_called_back_who_is_not_wanted(
    office: Office, listed_as: str, is_there: bool
) -> None:
    await office.call(ONE, 30, Outcome.REFUSED)
    await DbListedNumbers(office.database).put(ListedNumber(ONE, ListKind(listed_as)))
    assert (await office.numbers() == [ONE]) is is_there
