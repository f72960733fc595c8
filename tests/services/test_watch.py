"""Watchdogs: who looks, who is told, and what a look that fails does to the others."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.watch import AT_ONCE, KINDS, Bounds
from callcenter.ports.feed import Change
from callcenter.services.watch import (
    LONGEST_PAUSE,
    Figures,
    Growth,
    Post,
    Standing,
    Watchdogs,
    Worst,
    of_centre,
    of_subjects,
)
from callcenter.testing.centre import Centre
from callcenter.testing.screen import apply

pytestmark = pytest.mark.service

A_WHILE = timedelta(seconds=10)
SECOND = timedelta(seconds=1)
STATE = Bounds(1.0, 0.0, A_WHILE)


class Place:
    """A centre with one trunk that is watched, and what its screens show."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.seen: Figures = {"main": 0.0}
        self.post = Post("trunk-silent", STATE, A_WHILE, of_subjects(lambda: self.seen))
        self.dogs = Watchdogs([self.post], self.centre.clock, self.centre.door.show_alerts)
        self.number, rows = self.centre.door.snapshot()
        self.rows: dict[str, dict[str, Any]] = {kind: dict(of) for kind, of in rows.items()}

    async def sees(self, figures: Figures, after: timedelta = AT_ONCE) -> list[Standing]:
        self.centre.clock.move(after)
        self.seen = figures
        await self.dogs.look(self.post)
        return self.dogs.standings

    async def change(self) -> Change:
        """The next change on a screen that has seen everything up to now."""
        async with asyncio.timeout(1):
            async for _, change in self.centre.door.follow(self.number):
                apply(self.rows, change)
                return change
        raise AssertionError


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [
        (record.levelname, record.message, record.__dict__["subject"])
        for record in caplog.records
        if record.message.startswith("alert")
    ]


async def test_an_alert_is_told_once_when_raised_and_once_when_cleared(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    place = Place()
    for _ in range(4):
        await place.sees({"main": 1.0, "second": 0.0}, A_WHILE)
    assert told(caplog) == [("ERROR", "alert raised", "main")]
    assert [one.key for one in place.dogs.standings] == ["trunk-silent:main", "trunk-silent:second"]
    for _ in range(4):
        await place.sees({"main": 0.0, "second": 0.0}, A_WHILE)
    assert told(caplog)[1:] == [("WARNING", "alert cleared", "main")]


async def test_screens_show_what_is_raised_and_nothing_else() -> None:
    place = Place()
    assert place.rows["alerts"] == {}
    await place.sees({"main": 1.0})
    await place.sees({"main": 1.0}, A_WHILE)
    await place.change()
    row = place.rows["alerts"]["trunk-silent:main"]
    assert (row["code"], row["subject"], row["severity"]) == ("trunk-silent", "main", "critical")
    assert row["title"] == dict(KINDS["trunk-silent"].title)
    assert place.rows == place.centre.door.snapshot()[1]
    await place.sees({"main": 0.0})
    await place.sees({"main": 0.0}, A_WHILE)
    assert (await place.change())["alerts"] == {"trunk-silent:main": None}
    assert place.rows == place.centre.door.snapshot()[1]
    assert place.rows["alerts"] == {}


async def test_a_screen_goes_on_being_told_of_calls() -> None:
    place = Place()
    await place.sees({"main": 1.0})
    await place.sees({"main": 1.0}, A_WHILE)
    place.centre.call()
    change = await place.change()
    assert set(change) >= {"alerts", "calls"}
    assert place.rows == place.centre.door.snapshot()[1]


async def test_the_journal_that_cannot_be_written_is_one_of_them() -> None:
    centre = Centre()
    away = of_centre(lambda: float(not centre.door.can_write))
    post = Post("journal-away", Bounds(1.0, 0.0), A_WHILE, away)
    dogs = Watchdogs([post], centre.clock, centre.door.show_alerts)
    centre.journal.refusals = 1000
    centre.call()
    await dogs.look(post)
    assert list(centre.door.snapshot()[1]["alerts"]) == ["journal-away"]
    centre.journal.refusals = 0
    centre.clock.move(A_WHILE)
    await dogs.look(post)
    assert centre.door.snapshot()[1]["alerts"] == {}


async def test_what_was_not_seen_this_time_is_neither_raised_nor_cleared() -> None:
    place = Place()
    await place.sees({"main": 1.0})
    await place.sees({"main": 1.0}, A_WHILE)
    [main] = await place.sees({}, A_WHILE)
    assert (main.watch.is_raised, main.watch.value) == (True, None)


async def test_a_look_that_fails_leaves_everything_as_it_is_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def fails() -> Figures:
        raise OSError("personal words")

    place = Place()
    await place.dogs.look(Post("disk-low", STATE, A_WHILE, fails))
    assert place.dogs.standings == []
    [record] = [one for one in caplog.records if one.message == "watch saw nothing"]
    assert (record.__dict__["code"], record.__dict__["why"]) == ("disk-low", "OSError")
    assert "personal" not in caplog.text


async def test_each_looks_at_its_own_pace_whatever_becomes_of_the_others() -> None:
    looked = asyncio.Event()
    count = 0

    async def hangs() -> Figures:
        await asyncio.Event().wait()
        return {}

    async def fails() -> Figures:
        raise OSError

    async def counts() -> Figures:
        nonlocal count
        count += 1
        looked.set() if count == 3 else None
        return {"": 0.0}

    quick = timedelta(milliseconds=1)
    centre = Centre()
    posts = [
        Post("switch-slow", STATE, quick, hangs),
        Post("disk-low", STATE, quick, fails),
        Post("engine-late", STATE, quick, counts),
    ]
    task = asyncio.create_task(Watchdogs(posts, centre.clock, centre.door.show_alerts).run())
    try:
        async with asyncio.timeout(5):
            await looked.wait()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert count >= 3


def test_a_dear_look_is_taken_seldom_and_one_that_waited_in_vain_soon_again() -> None:
    post = Post("orphan-legs", STATE, 5 * SECOND, of_centre(float), share=0.02)
    assert post.pause(0.01 * SECOND, saw=True) == 5 * SECOND
    assert post.pause(0.2 * SECOND, saw=True) == 9.8 * SECOND
    assert post.pause(10 * SECOND, saw=True) == LONGEST_PAUSE
    assert post.pause(10 * SECOND, saw=False) == 5 * SECOND


async def test_raised_ones_come_first_and_what_callers_feel_before_the_rest() -> None:
    centre = Centre()
    figures: Mapping[str, float] = {"engine-late": 1.0, "switch-away": 1.0, "disk-low": 0.0}
    posts = [
        Post(code, Bounds(1.0, 0.0), A_WHILE, of_centre(lambda value=value: value))  # type: ignore[misc]  # bound now
        for code, value in figures.items()
    ]
    dogs = Watchdogs(posts, centre.clock, centre.door.show_alerts)
    for post in posts:
        await dogs.look(post)
    assert [one.key for one in dogs.standings] == ["switch-away", "engine-late", "disk-low"]


def test_of_what_is_measured_often_the_worst_is_seen_once() -> None:
    worst = Worst()
    assert worst.seconds() is None
    worst.tell(timedelta(seconds=2))
    worst.tell(timedelta(seconds=1))
    assert (worst.seconds(), worst.seconds()) == (2.0, None)


def test_of_what_is_counted_for_ever_only_the_last_looks_matter() -> None:
    totals: dict[str, float] = {"rate": 5.0}
    growth = Growth(lambda: totals, ["rate", "calls"], looks=3)
    assert growth.figures() == {"rate": 5.0, "calls": 0.0}
    totals["calls"] = 2.0
    assert growth.figures() == {"rate": 5.0, "calls": 2.0}
    growth.figures()
    assert growth.figures() == {"rate": 0.0, "calls": 2.0}
    assert growth.figures() == {"rate": 0.0, "calls": 0.0}


def test_a_total_that_begins_anew_has_grown_by_what_it_is() -> None:
    totals: dict[str, float] = {"rate": 5.0}
    growth = Growth(lambda: totals, ["rate"], looks=1)
    growth.figures()
    totals["rate"] = 2.0
    assert growth.figures() == {"rate": 2.0}
