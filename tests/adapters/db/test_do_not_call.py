"""The do-not-call list, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.adapters.db.do_not_call import DbDoNotCall
from callcenter.adapters.db.session import Database
from callcenter.ports.callers import Forbidden, NotListed

pytestmark = pytest.mark.adapter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE, TWO, THREE = "+4930111", "+4930222", "+4930333"


async def test_numbers_are_kept_changed_and_let_go(database: Database) -> None:
    store = DbDoNotCall(database)
    await store.put(Forbidden(TWO, "asked 要求"))
    await store.put(Forbidden(ONE, "", NOON))
    await store.put(Forbidden(TWO, "asked twice", NOON))
    assert await store.list() == [Forbidden(ONE, "", NOON), Forbidden(TWO, "asked twice", NOON)]
    await store.delete(ONE)
    with pytest.raises(NotListed):
        await store.delete(ONE)


async def test_of_many_numbers_those_are_told_that_hold_at_that_moment(database: Database) -> None:
    store = DbDoNotCall(database)
    await store.put(Forbidden(ONE))
    await store.put(Forbidden(TWO, until=NOON))
    asked = [ONE, TWO, THREE]
    assert await store.among(asked, NOON - timedelta(seconds=1)) == {ONE, TWO}
    assert await store.among(asked, NOON) == {ONE}
    assert await store.among([], NOON) == frozenset()
