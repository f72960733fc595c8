"""The feed: a ring, gaps, and following. The timers: one alarm, moved by phases alone."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from callcenter.engine.feed import RING, Feed
from callcenter.ports.feed import Gap
from callcenter.testing.centre import MENU, SALES, Centre
from callcenter.testing.screen import apply

pytestmark = pytest.mark.engine


class Source(Feed):
    """A feed and the rows it is asked for; `made` says which it asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.made: list[str] = []
        super().__init__(lambda: (0, {}), self._make)

    def tell(self, number: int, rows: dict[str, dict[str, Any]]) -> None:
        """Let these rows be so from now on."""
        for kind, of_kind in rows.items():
            self.rows.setdefault(kind, {}).update(of_kind)
        self.publish(number, [(kind, key) for kind, of_kind in rows.items() for key in of_kind])

    def _make(self, kind: str, key: str) -> Any:
        self.made.append(key)
        return self.rows[kind][key]


def change(number: int) -> dict[str, dict[str, Any]]:
    return {"calls": {f"c{number}": {"n": number}}}


async def following(source: Feed, after: int, count: int) -> list[int]:
    return [number for number, _ in await changes(source, after, count)]


async def changes(source: Feed, after: int, count: int) -> list[tuple[int, dict[str, Any]]]:
    follow = source.follow(after)
    return [await anext(follow) for _ in range(count)]


async def test_what_changed_since_the_snapshot_is_told_as_one_change() -> None:
    source = Source()
    for number in range(1, 6):
        source.tell(number, change(number))
    [(number, rows)] = await changes(source, 2, 1)
    assert number == 5
    assert rows == {"calls": {f"c{n}": {"n": n} for n in (2, 3, 4, 5)}}


async def test_of_a_row_that_changed_twice_the_newest_is_told() -> None:
    source = Source()
    source.tell(1, {"calls": {"a": {"n": 1}, "b": {"n": 1}}, "agents": {"x": {"n": 1}}})
    source.tell(2, {"calls": {"a": {"n": 2}, "b": None}})
    [(number, rows)] = await changes(source, 0, 1)
    assert (number, rows) == (2, {"calls": {"a": {"n": 2}, "b": None}, "agents": {"x": {"n": 1}}})


async def test_a_row_is_made_when_somebody_looks_and_once_for_everybody() -> None:
    source = Source()
    source.tell(1, change(1))
    source.tell(2, change(1))
    assert source.made == []
    await changes(source, 0, 1)
    await changes(source, 0, 1)
    assert source.made == ["c1"]
    source.tell(3, {"calls": {"c1": {"n": 3}}})
    assert await changes(source, 2, 1) == [(3, {"calls": {"c1": {"n": 3}}})]


async def test_one_follower_does_not_see_what_was_put_together_for_another() -> None:
    source = Source()
    source.tell(1, change(1))
    source.tell(2, change(2))
    await changes(source, 0, 1)
    assert await changes(source, 2, 1) == [(2, change(2))]


async def test_a_follower_waits_for_what_is_to_come() -> None:
    source = Source()
    task = asyncio.create_task(following(source, 0, 3))
    await asyncio.sleep(0)
    source.tell(1, change(1))
    await asyncio.sleep(0)
    source.tell(2, change(2))
    await asyncio.sleep(0)
    assert not task.done()
    source.tell(3, change(3))
    assert await task == [1, 2, 3]


async def test_changes_that_share_a_number_are_all_told() -> None:
    source = Source()
    source.tell(7, change(7))
    task = asyncio.create_task(changes(source, 7, 2))
    await asyncio.sleep(0)
    source.tell(7, change(70))
    source.tell(7, change(71))
    assert await task == [(7, change(7)), (7, {"calls": {"c70": {"n": 70}, "c71": {"n": 71}}})]


async def test_a_new_configuration_reaches_a_screen_that_is_up_to_date() -> None:
    centre = Centre()
    number, _ = centre.engine.snapshot()
    task = asyncio.create_task(following(centre.engine.feed, number, 1))
    await asyncio.sleep(0)
    assert not task.done()
    centre.directory = replace(centre.directory, queues={})
    centre.door.configure(centre.directory)
    await task


async def test_rows_that_follow_from_no_fact_are_on_the_snapshot_and_are_told() -> None:
    source = Source()
    number, rows = source.snapshot()
    task = asyncio.create_task(changes(source, number, 1))
    await asyncio.sleep(0)
    source.put_beside(number, "alerts", {"a": {"n": 1}, "b": {"n": 1}})
    [(_, change)] = await task
    shown: dict[str, dict[str, Any]] = {**rows, "alerts": {}}
    apply(shown, change)
    assert shown == source.snapshot()[1]
    source.put_beside(number, "alerts", {"a": None, "c": None})
    for _, change in await changes(source, number, 1):
        apply(shown, change)
    assert shown == source.snapshot()[1] == {"alerts": {"b": {"n": 1}}}


async def test_to_show_no_rows_tells_nobody_anything() -> None:
    source = Source()
    task = asyncio.create_task(following(source, 0, 1))
    await asyncio.sleep(0)
    source.put_beside(0, "alerts", {})
    await asyncio.sleep(0)
    assert not task.done()
    assert source.snapshot()[1] == {"alerts": {}}
    source.tell(1, change(1))
    await task


async def test_who_is_too_far_behind_is_told_of_the_gap() -> None:
    source = Source()
    for number in range(1, RING + 3):
        source.tell(number, change(number))
    with pytest.raises(Gap):
        await following(source, 1, 1)
    assert await following(source, 3, 1) == [RING + 2]


async def test_who_falls_behind_while_following_is_told_of_the_gap() -> None:
    source = Source()
    source.tell(1, change(1))
    follow = source.follow(0)
    assert (await anext(follow))[0] == 1
    for number in range(2, RING + 4):
        source.tell(number, change(number))
    with pytest.raises(Gap):
        await anext(follow)


async def test_after_a_replay_older_numbers_are_a_gap() -> None:
    source = Source()
    source.begin(100)
    with pytest.raises(Gap):
        await following(source, 99, 1)


def test_rows_replace_rows_and_none_takes_them_away() -> None:
    rows: dict[str, dict[str, Any]] = {"calls": {"a": {"n": 1}}}
    apply(rows, {"calls": {"a": {"n": 2}, "b": {"n": 3}}})
    apply(rows, {"calls": {"a": None}})
    assert rows == {"calls": {"b": {"n": 3}}}


async def test_a_shared_agents_other_queue_is_told_that_they_are_no_longer_free() -> None:
    centre = Centre()
    ana = centre.agent("ana", *centre.directory.queues)
    number, _ = centre.engine.snapshot()
    centre.call()
    assert centre.rings(ana)
    [(_, seen)] = await changes(centre.engine.feed, number, 1)
    free = {queue: row["free"] for queue, row in seen["queues"].items()}
    assert free == {queue: 0 for queue in centre.directory.queues}


# -- timers ---------------------------------------------------------------------------------------


def test_one_alarm_serves_calls_and_floor_in_their_order() -> None:
    centre = Centre()
    first = centre.call()
    centre.passes(0.5)
    centre.call(MENU)
    centre.passes(0.3)
    assert centre.switch.legs[centre.engine.calls[first].caller].music == "default"
    centre.passes(3.2)
    assert "PositionReached" in [type(fact).__name__ for fact in centre.facts(first)]


def test_deadlines_that_no_longer_stand_ring_nobody() -> None:
    centre = Centre()
    centre.agent("ana")
    call = centre.call()
    centre.hangs_up(call)
    before = centre.engine.number
    centre.passes(3)
    assert centre.engine.number == before


def test_nobody_is_woken_for_a_deadline_that_no_longer_stands() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.call()
    centre.answers(ana)
    assert centre.clock.alarm_at is None


def test_an_engine_with_nothing_to_wait_for_sets_no_alarm() -> None:
    centre = Centre()
    centre.agent("ana")
    call = centre.call()
    centre.hangs_up(call)
    centre.passes(3600)
    assert centre.clock.alarm_at is None
    assert SALES in centre.engine.floor.lines
