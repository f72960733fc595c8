"""Queues and agents that are taken away while callers depend on them: everybody lands somewhere."""

from dataclasses import replace

import pytest

from callcenter.core.acd.agent_state import Activity
from callcenter.core.calls.phases import Leaving, Offered, Queued
from callcenter.core.facts.calls import CallEnded, LegCause, Outcome
from callcenter.core.ids import CallId, LegId
from callcenter.core.ivr.announcements import QUEUE_NO_AGENTS
from callcenter.testing.centre import SALES, SUPPORT, Centre

pytestmark = pytest.mark.scenario


def without_sales(centre: Centre) -> None:
    """The admin deletes the queue; agents are taken out of it first."""
    queues = {SUPPORT: centre.directory.queues[SUPPORT]}
    assignments = {agent: () for agent in centre.directory.assignments}
    centre.directory = replace(centre.directory, queues=queues, assignments=assignments)
    centre.door.configure(centre.directory)


def last_heard(centre: Centre, call: CallId) -> str:
    return centre.switch.legs[LegId(call)].heard[-1].name


def test_who_waits_in_a_queue_that_is_deleted_is_told_and_ended() -> None:
    centre = Centre()
    calls = [centre.call() for _ in range(3)]
    centre.passes(2)
    without_sales(centre)
    for call in calls:
        assert isinstance(centre.phase(call), Leaving)
        assert last_heard(centre, call) == QUEUE_NO_AGENTS
        centre.switch.finish_prompt(call)
    assert centre.switch.legs == {}
    assert centre.engine.floor.entries == {}


def test_who_is_being_told_their_position_is_interrupted() -> None:
    centre = Centre()
    call = centre.call()
    centre.passes(4)
    without_sales(centre)
    said = centre.switch.legs[LegId(call)].saying
    assert said is not None
    assert [prompt.name for prompt in said.prompts] == [QUEUE_NO_AGENTS]


def test_a_phone_that_rings_already_may_still_be_answered() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    without_sales(centre)
    assert isinstance(centre.phase(call), Offered)
    centre.answers(ana)
    assert centre.talking_to(call) == ana
    centre.hangs_up(call)
    assert centre.activity(ana) is Activity.WRAPPING


def test_a_phone_that_rang_out_for_a_deleted_queue_was_the_last_one() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    without_sales(centre)
    centre.switch.decline(ana, LegCause.REJECTED)
    assert last_heard(centre, call) == QUEUE_NO_AGENTS
    centre.switch.finish_prompt(call)
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert ended.outcome is Outcome.SERVED


async def test_a_queue_deleted_while_we_were_down_lets_its_callers_go_when_we_are_back() -> None:
    centre = Centre()
    call = centre.call()
    queues = {SUPPORT: centre.directory.queues[SUPPORT]}
    centre.directory = replace(centre.directory, queues=queues)
    centre.switch.deaf = True
    centre.restart_blind()
    centre.passes(60)
    assert isinstance(centre.phase(call), Queued)
    centre.switch.deaf = False
    await centre.runtime.reconcile()
    assert last_heard(centre, call) == QUEUE_NO_AGENTS


async def test_who_left_a_deleted_queue_does_not_wait_in_it_after_a_restart() -> None:
    centre = Centre()
    centre.call()
    without_sales(centre)
    await centre.restart()
    assert centre.engine.floor.entries == {}
    centre.passes(60)
    assert centre.switch.legs == {}


def test_a_queue_that_comes_back_serves_again() -> None:
    centre = Centre()
    before = centre.directory
    centre.call()
    without_sales(centre)
    centre.directory = before
    centre.door.configure(before)
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    assert centre.talking_to(call) == ana
    assert SALES in centre.row(ana).queues


# -- agents -----------------------------------------------------------------------------------------


def dismissed(centre: Centre) -> None:
    """The admin deletes every agent: they are signed out first."""
    for agent in centre.directory.assignments:
        centre.signs_out(agent)
    centre.directory = replace(centre.directory, assignments={})
    centre.door.configure(centre.directory)


def test_an_agent_deleted_while_talking_ends_the_talk_as_anybody_would() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    leg = centre.answers(ana)
    dismissed(centre)
    assert centre.talking_to(call) == ana
    centre.switch.hang_up(leg)
    assert centre.switch.legs == {}
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert (ended.outcome, ended.agent) == (Outcome.ANSWERED, ana)


def test_the_caller_of_an_agent_deleted_while_ringing_goes_to_the_next() -> None:
    centre = Centre()
    centre.agent("ana")
    call = centre.call()
    dismissed(centre)
    bo = centre.agent("bo")
    centre.passes(26)  # it rings out
    assert centre.rings(bo)
    centre.answers(bo)
    assert centre.talking_to(call) == bo


def test_an_agent_deleted_while_wrapping_up_is_forgotten_at_the_next_change() -> None:
    centre = Centre()
    ana = centre.agent("ana")
    call = centre.call()
    centre.answers(ana)
    centre.hangs_up(call)
    dismissed(centre)
    assert centre.activity(ana) is Activity.WRAPPING
    centre.passes(60)
    centre.agent("bo")
    assert ana not in centre.engine.floor.agents
