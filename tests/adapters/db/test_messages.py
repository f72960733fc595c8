"""The table of messages, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.session import Database
from callcenter.core.errors import Invalid
from callcenter.core.ids import CallId
from callcenter.ports.messages import NoSuchMessage
from tests.adapters.message_left import ARRIVED, ONE

pytestmark = pytest.mark.adapter


async def test_a_message_is_found_as_it_was_kept(database: Database) -> None:
    messages = DbMessages(database)
    with pytest.raises(NoSuchMessage):
        await messages.find(ONE.call)
    await messages.put(ONE)
    assert await messages.find(ONE.call) == ONE


async def test_what_is_kept_again_is_one_message_received_once(database: Database) -> None:
    messages = DbMessages(database)
    await messages.put(ONE)
    again = replace(ONE, received_at=ARRIVED + timedelta(hours=1), size=70000)
    await messages.put(again)
    page = await messages.recent()
    assert page.messages == [replace(again, received_at=ONE.received_at)]


async def test_pages_go_from_the_newest_to_the_oldest_without_a_gap(database: Database) -> None:
    messages = DbMessages(database)
    # Two of them arrive in the same second.
    ids = [CallId(f"cc1-1.{number}") for number in range(5)]
    for number, call in enumerate(ids):
        at = ARRIVED + timedelta(seconds=number // 2)
        await messages.put(replace(ONE, call=call, arrived_at=at))
    first = await messages.recent(limit=2)
    second = await messages.recent(limit=2, older=first.older)
    last = await messages.recent(limit=2, older=second.older)
    found = [*first.messages, *second.messages, *last.messages]
    assert [message.call for message in found] == ids[::-1]
    assert last.older is None
    with pytest.raises(Invalid, match="older"):
        await messages.recent(older="yesterday")
