"""Callers are looked up before the engine hears of them, and answered whatever becomes of that."""

import asyncio
from datetime import timedelta

import pytest

from callcenter.core.callers import Found, ListedNumber, ListKind, Repeats
from callcenter.core.facts.calls import CallArrived, DigitPressed, Known, LegCause, LegEnded
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import CallId, LegId
from callcenter.ports.store import StoreAway
from callcenter.services.arrivals import MOST_AT_ONCE, PAUSE, Arrivals
from callcenter.testing.clock import HandClock

pytestmark = pytest.mark.service

ACME = Found(Known(customer="acme"))
BLOCKED = Found(listed=ListedNumber("+491", ListKind.BLOCK))


class Records:
    """What is known, given out when the test says so."""

    def __init__(self) -> None:
        self.answer: Found | Exception = ACME
        self.asked = 0
        self.talks: list[bool] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def numbers(self) -> frozenset[str]:
        """See `ports.callers.CallerLookup`."""
        return frozenset({"+492"})

    async def find(self, ani: str, at: object, *, talks: bool) -> Found:
        """See `ports.callers.CallerLookup`."""
        self.asked += 1
        self.talks.append(talks)
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Desk:
    """Arrivals, the records behind them, and what the engine heard."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.records = Records()
        self.heard: list[Fact] = []
        self.wants_talks = False
        self.arrivals = Arrivals(
            self.records,
            self.heard.append,
            self.clock.now,
            lambda: self.wants_talks,
            Repeats(3, timedelta(minutes=10)),
        )
        self.names = iter(range(1_000))

    @property
    def refused(self) -> list[str]:
        """Why each of those who called was turned away."""
        return [fact.refused for fact in self.heard if isinstance(fact, CallArrived)]

    def calls(self, ani: str = "+491") -> CallArrived:
        call = CallId(f"c{next(self.names)}")
        fact = CallArrived(self.clock.now(), call, LegId(call), ani, "1")
        self.arrivals.deliver(fact)
        return fact

    async def settles(self) -> None:
        """Whoever is being looked up has been."""
        await asyncio.gather(*self.arrivals._tasks)


async def test_an_arrival_carries_what_is_known() -> None:
    desk = Desk()
    desk.calls()
    assert desk.heard == []
    await desk.settles()
    (fact,) = desk.heard
    assert isinstance(fact, CallArrived)
    assert (fact.known, fact.refused) == (Known(customer="acme"), "")


async def test_a_stranger_carries_nothing_and_a_blocked_number_is_refused() -> None:
    desk = Desk()
    desk.records.answer = Found()
    desk.calls()
    await desk.settles()
    desk.records.answer = BLOCKED
    desk.calls()
    await desk.settles()
    told = [fact for fact in desk.heard if isinstance(fact, CallArrived)]
    assert [(fact.known, fact.refused) for fact in told] == [(None, ""), (None, "blocked")]


async def test_what_happens_meanwhile_waits_behind_the_arrival_and_other_calls_do_not() -> None:
    desk = Desk()
    desk.records.may_answer.clear()
    first = desk.calls()
    leg = LegId(first.call)
    pressed = DigitPressed(first.at, first.call, leg, "1")
    gone = LegEnded(first.at, first.call, leg, LegCause.NORMAL)
    other = LegEnded(first.at, CallId("other"), LegId("other"), LegCause.NORMAL)
    for fact in (pressed, other, gone):
        desk.arrivals.deliver(fact)
    assert desk.heard == [other]
    desk.records.may_answer.set()
    await desk.settles()
    assert [type(fact) for fact in desk.heard[1:]] == [CallArrived, DigitPressed, LegEnded]


@pytest.mark.parametrize("why", [StoreAway(), ZeroDivisionError("a bug")])
async def test_a_look_that_fails_holds_nobody_up(why: Exception) -> None:
    desk = Desk()
    desk.records.answer = why
    fact = desk.calls()
    await desk.settles()
    assert desk.heard == [fact]


async def test_while_the_records_are_away_nobody_waits_for_them_until_later() -> None:
    desk = Desk()
    desk.records.answer = StoreAway()
    desk.calls()
    await desk.settles()
    at_once = desk.calls()
    assert desk.heard[-1] == at_once
    assert desk.records.asked == 1
    desk.clock.move(PAUSE + timedelta(seconds=1))
    desk.records.answer = ACME
    desk.calls()
    await desk.settles()
    assert desk.records.asked == 2


async def test_a_look_that_takes_too_long_is_given_up() -> None:
    desk = Desk()
    desk.records.may_answer.clear()
    fact = desk.calls()
    await desk.settles()
    assert desk.heard == [fact]


async def test_in_a_flood_callers_are_answered_and_not_looked_up() -> None:
    desk = Desk()
    desk.records.may_answer.clear()
    for _ in range(MOST_AT_ONCE):
        desk.calls()
    assert desk.heard == []
    one_more = desk.calls()
    assert desk.heard == [one_more]
    await desk.arrivals.close()
    assert desk.heard == [one_more]  # the others are found on the switch


async def test_only_those_are_looked_up_of_whom_something_may_be_known() -> None:
    desk = Desk()
    await desk.arrivals.learn()
    stranger = desk.calls("+491")
    assert desk.heard == [stranger]
    desk.calls("+492")
    desk.arrivals.expect("+493")
    desk.calls("+493")
    await desk.settles()
    assert (desk.records.asked, desk.records.talks) == (2, [False, False])
    desk.wants_talks = True
    desk.calls("+491")
    await desk.settles()
    assert (desk.records.asked, desk.records.talks[-1]) == (3, True)


async def test_a_stranger_who_calls_too_often_is_refused_for_a_while() -> None:
    desk = Desk()
    await desk.arrivals.learn()
    for _ in range(5):
        desk.calls("+499")
    desk.calls("+498")
    desk.calls("anonymous")
    assert desk.refused == ["", "", "", "repeated", "repeated", "", ""]
    desk.clock.move(timedelta(minutes=10))
    desk.calls("+499")
    assert desk.refused[-1] == ""


@pytest.mark.parametrize(
    ("found", "last"),
    [
        (ACME, "repeated"),
        (Found(listed=ListedNumber("+491", ListKind.VIP)), ""),
        (BLOCKED, "blocked"),
        (StoreAway(), ""),
    ],
)
async def test_who_is_known_may_not_either_but_a_vip_may(
    found: Found | Exception, last: str
) -> None:
    desk = Desk()
    desk.records.answer = found
    for _ in range(4):
        desk.calls()
        await desk.settles()
    assert desk.refused[-1] == last
