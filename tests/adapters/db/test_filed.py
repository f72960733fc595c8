"""What follows from what is said of calls, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.adapters.db.archive import Archive
from callcenter.adapters.db.codes import DbCodes
from callcenter.adapters.db.do_not_call import DbDoNotCall
from callcenter.adapters.db.session import Database
from callcenter.core.codes import Disposition
from callcenter.core.facts.agents import CallFiled
from callcenter.core.facts.calls import CallArrived
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId
from callcenter.core.numbers import ANONYMOUS
from callcenter.ports.callers import Forbidden
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVE, CALL = "+4930111", CallId("c1")
ANA = AgentId("ana")


def arrives(call: CallId = CALL, number: str = EVE) -> CallArrived:
    return CallArrived(NOON, call, LegId(call), number, "4000")


def files(disposition: str, call: CallId = CALL) -> CallFiled:
    return CallFiled(NOON, ANA, call, disposition)


async def told(database: Database, *batches: list[Fact]) -> list[Forbidden]:
    """What is on the list once each of these batches was archived, by an archive of its own."""
    codes = DbCodes(database)
    await codes.put_disposition(Disposition("no-more", "No more", flags=("do-not-call",)))
    await codes.put_disposition(Disposition("sold", "Sold", flags=("sale",)))
    journal, number = MemoryJournal(), 0
    for batch in batches:
        journal.append([(number + n, fact) for n, fact in enumerate(batch, 1)])
        number += len(batch)
        archive = Archive(database, journal, now=lambda: NOON + timedelta(hours=1))
        while await archive.step():
            pass
    return list(await DbDoNotCall(database).list())


async def test_who_does_not_want_to_be_called_is_on_the_list(database: Database) -> None:
    assert await told(database, [arrives(), files("no-more")]) == [Forbidden(EVE, "call c1")]


async def test_whatever_else_is_said_puts_nobody_there(database: Database) -> None:
    assert await told(database, [arrives(), files("sold"), files("unknown")]) == []


async def test_who_was_put_there_by_mistake_goes_when_something_else_is_said_of_the_call(
    database: Database,
) -> None:
    assert await told(database, [arrives(), files("no-more")], [files("sold")]) == []


async def test_what_is_said_of_another_call_takes_nobody_off(database: Database) -> None:
    other = CallId("c2")
    later: list[Fact] = [arrives(other), files("sold", other)]
    assert await told(database, [arrives(), files("no-more")], later) == [Forbidden(EVE, "call c1")]


async def test_an_entry_made_by_hand_stays_as_it_is(database: Database) -> None:
    by_hand = Forbidden(EVE, "a letter", NOON + timedelta(days=9))
    await DbDoNotCall(database).put(by_hand)
    first: list[Fact] = [arrives(), files("no-more")]
    assert await told(database, first, [files("sold")]) == [by_hand]


async def test_nobody_knows_whom_not_to_call_who_told_no_number(database: Database) -> None:
    assert await told(database, [arrives(number=ANONYMOUS), files("no-more")]) == []
