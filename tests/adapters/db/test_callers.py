"""Customers, listed numbers, and the look at all that is known of a number; on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from callcenter.adapters.db.agents import DbAgents
from callcenter.adapters.db.callers import DbCallerLookup, DbCustomers, DbListedNumbers
from callcenter.adapters.db.calls import call_columns, calls
from callcenter.adapters.db.session import Database
from callcenter.core.callers import Found, ListedNumber, ListKind
from callcenter.core.errors import NoSuchAgent
from callcenter.core.facts.calls import Known, Outcome
from callcenter.core.ids import AgentId, CallId, QueueId
from callcenter.ports.callers import Customer, NoSuchCustomer, NotListed, NumberTaken
from callcenter.ports.history import CallRecord
from callcenter.ports.store import AgentProfile

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA, BO, SALES = AgentId("ana"), AgentId("bo"), QueueId("sales")
ANI = "+4930123456"
ACME = Customer(
    "acme", "Acme 公司", (ANI, "+4940999"), ANA, "gold", "english >= 50", "billing", 90.5
)


@pytest.fixture
async def customers(database: Database) -> DbCustomers:
    await DbAgents(database).add(AgentProfile(ANA, "Ana"))
    return DbCustomers(database)


async def called(
    database: Database,
    call: str,
    ago: timedelta,
    outcome: Outcome | None = None,
    agent: AgentId | None = None,
) -> None:
    at = NOON - ago
    record = CallRecord(CallId(call), ANI, "", "1", at, outcome=outcome, agent=agent)
    record.answered_at = at if agent else None
    record.ended_at = at + timedelta(seconds=50) if outcome else None
    async with database.writing() as connection:
        await connection.execute(insert(calls).values(call_columns(record)))


async def test_a_customer_is_kept_whole_changed_and_forgotten(customers: DbCustomers) -> None:
    await customers.put(ACME)
    assert await customers.find("acme") == ACME
    await customers.put(Customer("acme", "Acme", ("+491",)))
    await customers.put(Customer("beta", "Beta"))
    assert await customers.list(after="", limit=9) == [
        Customer("acme", "Acme", ("+491",)),
        Customer("beta", "Beta"),
    ]
    assert await customers.list(after="acme", limit=9) == [Customer("beta", "Beta")]
    assert len(await customers.list(after="", limit=1)) == 1
    await customers.delete("acme")
    assert await customers.find("acme") is None
    with pytest.raises(NoSuchCustomer):
        await customers.delete("acme")


async def test_a_number_is_one_customers_and_a_refusal_changes_nothing(
    customers: DbCustomers,
) -> None:
    await customers.put(ACME)
    with pytest.raises(NumberTaken):
        await customers.put(Customer("beta", "Beta", (ANI,)))
    with pytest.raises(NoSuchAgent):
        await customers.put(Customer("beta", "Beta", owner=BO))
    assert await customers.find("beta") is None


async def test_a_customer_loses_an_owner_who_is_gone(
    customers: DbCustomers, database: Database
) -> None:
    await customers.put(ACME)
    await DbAgents(database).delete(ANA)
    kept = await customers.find("acme")
    assert kept is not None
    assert kept.owner is None


async def test_who_needs_a_skill_is_found_by_the_skill_and_not_by_a_word_like_it(
    customers: DbCustomers,
) -> None:
    await customers.put(ACME)
    await customers.put(Customer("beta", "Beta", requires="business-english"))
    assert await customers.needing("english") == ["acme"]
    assert await customers.needing("billing") == ["acme"]
    assert await customers.needing("eng%") == []


async def test_listed_numbers_are_kept_changed_and_forgotten(database: Database) -> None:
    listed = DbListedNumbers(database)
    grey = ListedNumber(ANI, ListKind.GREY, "robot 机器人", NOON, 3)
    await listed.put(ListedNumber(ANI, ListKind.BLOCK))
    await listed.put(ListedNumber("anonymous", ListKind.VIP, head_start=9.5))
    await listed.put(grey)
    assert await listed.list() == [grey, ListedNumber("anonymous", ListKind.VIP, head_start=9.5)]
    await listed.delete(ANI)
    with pytest.raises(NotListed):
        await listed.delete(ANI)


async def test_of_a_stranger_nothing_is_known(database: Database) -> None:
    assert await DbCallerLookup(database).find(ANI, NOON, talks=True) == Found()


async def test_all_that_is_known_is_found_at_once(
    customers: DbCustomers, database: Database
) -> None:
    await customers.put(ACME)
    grey = ListedNumber(ANI, ListKind.GREY, per_hour=5)
    await DbListedNumbers(database).put(grey)
    await called(database, "old", timedelta(days=400), Outcome.ANSWERED, BO)
    await called(database, "answered", timedelta(days=3), Outcome.ANSWERED, BO)
    await called(database, "gave-up", timedelta(minutes=2), Outcome.ABANDONED)
    lookup = DbCallerLookup(database)
    found = await lookup.find(ANI, NOON, talks=True)
    assert found == Found(
        Known(
            *("acme", "gold", "english >= 50", "billing", 90.5, ANA),
            last_agent=BO,
            last_talk=NOON - timedelta(days=3),
        ),
        grey,
        recent=1,
    )
    assert (await lookup.find(ANI, NOON, talks=False)).known.last_agent is None
    assert await lookup.numbers() == {ANI, "+4940999"}
