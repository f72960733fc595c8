"""What a start wants of the store, while that is away and when it is back."""

import asyncio
from datetime import timedelta

import pytest

from callcenter.bootstrap import later as module
from callcenter.bootstrap.later import Later
from callcenter.ports.store import StoreAway

pytestmark = pytest.mark.service


class Store:
    """There or away; hears what is done."""

    def __init__(self, *, is_there: bool) -> None:
        self.is_there = is_there
        self.done: list[str] = []

    async def load(self) -> None:
        if not self.is_there:
            raise StoreAway
        self.done.append("load")

    async def recall(self) -> None:
        self.done.append("recall")


async def test_what_can_be_done_now_is_done_now_and_once() -> None:
    store, later = Store(is_there=True), Later()
    await later.do(store.load, instead=store.recall)
    await later.catch_up()
    assert store.done == ["load"]


async def test_what_cannot_is_made_up_for_and_done_when_the_store_is_back() -> None:
    store, later = Store(is_there=False), Later()
    await later.do(store.load, instead=store.recall)
    await later.catch_up()
    assert store.done == ["recall"]
    store.is_there = True
    await later.catch_up()
    await later.catch_up()
    assert store.done == ["recall", "load"]


async def test_a_store_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", timedelta())
    store, later = Store(is_there=True), Later()
    await later.look(asyncio.Event().wait)
    await later.do(store.load, instead=store.recall)
    assert store.done == ["recall"]
