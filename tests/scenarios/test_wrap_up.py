"""The work after a call: none, for a while, for longer, or until it is done."""

from datetime import timedelta

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.queue import QueueRules
from callcenter.core.errors import Invalid, NothingToWrap, NotPermitted
from callcenter.core.ids import AgentId
from callcenter.engine.api import ExtendWrap
from callcenter.testing.centre import BOSS, SALES, Centre
from callcenter.testing.journal import MemoryJournal

pytestmark = pytest.mark.scenario

ANA = AgentId("ana")


def after_a_call(wrap_up: timedelta | None, *, segment_facts: int = 1_000) -> Centre:
    journal = MemoryJournal(segment_facts=segment_facts)
    centre = Centre(rules=QueueRules(SALES, wrap_up=wrap_up), journal=journal)
    centre.agent(ANA)
    call = centre.call()
    centre.answers(ANA)
    centre.passes(30)
    centre.hangs_up(call)
    return centre


def test_without_wrap_up_the_next_call_comes_at_once() -> None:
    centre = after_a_call(timedelta())
    centre.call()
    assert centre.rings(ANA)


def test_for_a_while_and_no_longer() -> None:
    centre = after_a_call(timedelta(seconds=10))
    centre.call()
    centre.passes(9.9)
    assert not centre.rings(ANA)
    centre.passes(0.1)
    assert centre.rings(ANA)


def test_an_agent_takes_more_time_and_then_ends_it_early() -> None:
    centre = after_a_call(timedelta(seconds=10))
    centre.call()
    centre.passes(8)
    centre.door.ask(BOSS, ExtendWrap(ANA, 60))
    centre.passes(20)
    assert centre.activity(ANA) is Activity.WRAPPING
    assert centre.door.agent(ANA)["activity_until"] is not None
    centre.wraps_up(ANA)
    assert centre.rings(ANA)


def test_more_time_ends_by_itself_too() -> None:
    centre = after_a_call(timedelta(seconds=10))
    centre.door.ask(BOSS, ExtendWrap(ANA, 20))
    centre.passes(29)
    assert centre.activity(ANA) is Activity.WRAPPING
    centre.passes(1)
    assert centre.activity(ANA) is Activity.IDLE


@pytest.mark.parametrize("segment_facts", [1_000, 2])
async def test_until_it_is_done_however_long_and_whatever_dies(segment_facts: int) -> None:
    centre = after_a_call(None, segment_facts=segment_facts)
    centre.call()
    centre.passes(7_200)
    await centre.restart()
    assert centre.activity(ANA) is Activity.WRAPPING
    assert centre.door.agent(ANA)["activity_until"] is None
    centre.door.ask(BOSS, ExtendWrap(ANA, 60))  # needs no more, and is no mistake
    centre.passes(600)
    assert not centre.rings(ANA)
    centre.wraps_up(ANA)
    assert centre.rings(ANA)


async def test_more_time_outlives_the_engine() -> None:
    centre = after_a_call(timedelta(seconds=10))
    centre.door.ask(BOSS, ExtendWrap(ANA, 60))
    await centre.restart()
    centre.passes(65)
    assert centre.activity(ANA) is Activity.WRAPPING
    centre.passes(5)
    assert centre.activity(ANA) is Activity.IDLE


@pytest.mark.parametrize("seconds", [0, -5, 3_601, float("nan")])
def test_more_time_has_bounds(seconds: float) -> None:
    centre = after_a_call(timedelta(seconds=10))
    with pytest.raises(Invalid, match="seconds: write 1 to 3600"):
        centre.door.ask(BOSS, ExtendWrap(ANA, seconds))


def test_more_time_is_for_those_who_wrap_up_and_in_all_for_an_hour() -> None:
    centre = after_a_call(timedelta(seconds=10))
    with pytest.raises(NotPermitted):
        centre.door.ask(Actor("bo", Role.AGENT, AgentId("bo")), ExtendWrap(ANA, 60))
    centre.door.ask(Actor("ana", Role.AGENT, ANA), ExtendWrap(ANA, 3_590))
    with pytest.raises(Invalid, match="in all"):
        centre.door.ask(BOSS, ExtendWrap(ANA, 1))
    centre.wraps_up(ANA)
    with pytest.raises(NothingToWrap):
        centre.door.ask(BOSS, ExtendWrap(ANA, 60))
