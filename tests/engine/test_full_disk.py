"""A disk that is full: nothing is done that is not written, and nothing is lost or done twice."""

import logging
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.calls.effects import AnswerLeg, LegEffect, RingAgent
from callcenter.core.facts.agents import AgentFact, Presence
from callcenter.core.ids import AgentId, CallId, LegId
from callcenter.engine.api import HangUp, SetPresence
from callcenter.engine.loop import LONGEST_BURST, RETRY_WRITE
from callcenter.ports.journal import JournalAway
from callcenter.ports.problems import status_of
from callcenter.ports.telephony import SwitchAway
from callcenter.testing.centre import BOSS, MENU, SALES, Centre

pytestmark = pytest.mark.engine

FOR_EVER = 1_000_000


class Day:
    """A few minutes of a centre, told step by step."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.ana = self.centre.agent("ana")
        self.calls: list[CallId] = []

    def _comes(self, dnis: str) -> None:
        self.calls.append(self.centre.call(dnis))

    def steps(self) -> list[Callable[[], object]]:
        centre = self.centre
        return [
            lambda: self._comes("4000"),
            lambda: self._comes(MENU),
            lambda: centre.answers(self.ana),
            lambda: centre.switch.press(self.calls[1], "1"),
            lambda: self._comes("4000"),
            lambda: centre.hangs_up(self.calls[0]),
            lambda: centre.hangs_up(self.calls[2]),
            lambda: centre.passes(11),
            lambda: centre.switch.decline(self.ana),
            lambda: centre.passes(40),
        ]

    def told(self) -> tuple[list[str], list[LegEffect]]:
        facts = [type(fact).__name__ for _, fact in self.centre.journal.read_after(0)]
        return facts, self.centre.switch.done


def live(refusals: dict[int, int]) -> Day:
    """The day, with a disk that refuses so many writes from the given steps on."""
    day = Day()
    for number, step in enumerate(day.steps()):
        day.centre.journal.refusals = refusals.get(number, 0)
        step()
        day.centre.passes(2)
    return day


@cache
def undisturbed() -> tuple[list[str], list[LegEffect]]:
    """What the day comes to where every write succeeds."""
    return live({}).told()


@given(st.dictionaries(st.integers(0, 9), st.integers(1, 5)))
def test_a_disk_that_is_full_for_a_moment_changes_nothing_but_the_time(
    refusals: dict[int, int],
) -> None:
    day = live(refusals)
    assert day.told() == undisturbed()
    assert day.centre.engine.number == day.centre.journal.last_number
    assert day.centre.engine.counters.faults == 0


def test_while_the_disk_is_full_nothing_is_done_and_then_everything_once_and_in_order() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.journal.refusals = FOR_EVER
    call = centre.call()
    other = centre.call()
    centre.passes(15)
    assert (centre.switch.done, centre.facts(call)) == ([], [])
    assert centre.engine.can_write is False
    centre.journal.refusals = 0
    centre.passes(RETRY_WRITE.total_seconds())
    assert centre.engine.can_write is True
    assert centre.rings(ana)
    answered = [effect.leg for effect in centre.switch.done if isinstance(effect, AnswerLeg)]
    assert answered == [call, other]
    assert len([effect for effect in centre.switch.done if isinstance(effect, RingAgent)]) == 1


def test_time_does_not_decide_what_cannot_be_written() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.journal.refusals = FOR_EVER
    centre.passes(19)
    centre.answers(ana)
    centre.passes(60)  # the ringing would have been over long ago
    centre.journal.refusals = 0
    centre.passes(1)
    assert "AgentAnswered" in [type(fact).__name__ for fact in centre.facts(call)]


def test_a_flood_behind_a_full_disk_is_heard_in_its_order() -> None:
    centre = Centre()
    centre.journal.refusals = FOR_EVER
    callers = [centre.call() for _ in range(LONGEST_BURST)]
    centre.journal.refusals = 0
    centre.passes(1)
    assert [entry.call for entry in centre.engine.floor.lines[SALES].entries] == callers


def test_people_are_told_that_it_cannot_be_done_now() -> None:
    centre = Centre()
    ana, bo = centre.agent("ana", ready=False), centre.agent("bo", ready=False)
    call = centre.call()
    centre.journal.refusals = FOR_EVER
    for command in (
        SetPresence(bo, Presence.READY),
        SetPresence(ana, Presence.READY),
        HangUp(call),
    ):
        with pytest.raises(JournalAway):
            centre.door.ask(BOSS, command)
    centre.journal.refusals = 0
    centre.passes(1)
    # Whoever found the disk full is served late; who came after was turned away.
    assert centre.rings(bo)
    assert centre.row(ana).presence is Presence.PAUSED
    centre.ready(ana)


def test_it_is_said_to_be_for_a_while_only() -> None:
    assert (status_of(JournalAway), JournalAway.retry_after_seconds) == (503, 1)


async def test_the_switch_is_not_followed_before_what_it_said_is_heard() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.journal.refusals = FOR_EVER
    centre.call()
    gone = centre.call()
    centre.switch.deaf = True
    centre.runtime.lost()
    centre.hangs_up(gone)
    centre.switch.deaf = False
    with pytest.raises(SwitchAway):
        await centre.runtime.reconcile()
    centre.journal.refusals = 0
    centre.passes(1)
    assert gone in centre.engine.calls
    await centre.runtime.reconcile()
    assert gone not in centre.engine.calls


async def test_differences_are_looked_for_when_they_can_be_heard() -> None:
    centre = Centre()
    call = centre.call()
    await centre.runtime.reconcile()
    centre.passes(5)
    del centre.switch.legs[LegId(call)]
    centre.journal.refusals = FOR_EVER
    centre.call()
    before = centre.engine.number
    await centre.runtime.look_around()
    centre.journal.refusals = 0
    centre.passes(1)
    assert call in centre.engine.calls
    await centre.runtime.look_around()
    assert call not in centre.engine.calls
    assert centre.engine.number > before


def test_a_phone_that_comes_and_goes_meanwhile_is_known_as_it_is_at_last() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    centre.journal.refusals = FOR_EVER
    centre.call()
    for reachable in (False, True):
        centre.door.set_reachable(ana, reachable)
    centre.journal.refusals = 0
    centre.passes(1)
    assert centre.row(ana).reachable is True


async def test_what_was_never_written_did_not_happen_for_the_next_engine() -> None:
    centre = Centre()
    centre.agent("ana")
    centre.journal.refusals = FOR_EVER
    call = centre.call()
    centre.journal.refusals = 0
    await centre.restart()
    assert centre.rings(AgentId("ana"))
    numbers = [number for number, _ in centre.journal.read_after(0)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [type(fact).__name__ for fact in centre.facts(call)].count("CallArrived") == 1


def test_it_is_said_once_when_the_disk_refuses_and_once_when_it_takes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    centre = Centre()
    centre.journal.refusals = 9
    with caplog.at_level(logging.INFO, "callcenter.engine.loop"):
        centre.call()
        centre.passes(60)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_wrap_up_that_ran_out_meanwhile_ends_when_it_can_be_written() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.hangs_up(call)
    centre.journal.refusals = 4
    centre.passes(10)  # its end is what the disk refuses
    assert centre.engine.can_write is False
    centre.passes(1)
    ends = [fact for _, fact in centre.journal.read_after(0) if isinstance(fact, AgentFact)]
    assert [type(fact).__name__ for fact in ends[-1:]] == ["WrapEnded"]
    assert centre.row(ana).is_free
