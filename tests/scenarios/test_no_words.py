"""Prompts that cannot be played: nobody is left in silence, and everybody gets somewhere."""

from dataclasses import replace

import pytest

from callcenter.core.calls.phases import InFlow, Leaving, Queued
from callcenter.core.facts.calls import CallEnded, NodeEntered, Outcome
from callcenter.core.ids import FlowId, LegId
from callcenter.core.ivr.flow import Menu, NodeId
from callcenter.testing.centre import MENU, Centre

pytestmark = pytest.mark.scenario


def nodes_of(centre: Centre, call: object) -> list[str]:
    facts = [fact for _, fact in centre.journal.read_after(0) if isinstance(fact, NodeEntered)]
    return [fact.node for fact in facts if fact.call == call]


def test_a_menu_that_cannot_be_played_sends_the_caller_the_way_of_silence_at_once() -> None:
    centre = Centre()
    centre.switch.unplayable = {"menu"}
    call = centre.call(MENU)
    assert nodes_of(centre, call) == ["menu", "bye"]
    assert isinstance(centre.phase(call), Leaving)
    assert [prompt.name for prompt in centre.switch.legs[LegId(call)].heard] == ["bye"]


def test_where_nothing_can_be_played_the_call_ends_at_once_too() -> None:
    centre = Centre()
    centre.switch.unplayable = {"menu", "bye"}
    call = centre.call(MENU)
    (ended,) = (fact for fact in centre.facts(call) if isinstance(fact, CallEnded))
    assert ended.outcome is Outcome.SERVED
    assert centre.switch.legs == {}


def test_a_prompt_that_fails_once_is_said_at_the_second_try() -> None:
    centre = Centre()
    call = centre.call(MENU)
    centre.switch.fail_prompt(call)
    assert isinstance(centre.phase(call), InFlow)
    assert [prompt.name for prompt in centre.switch.legs[LegId(call)].heard] == ["menu", "menu"]
    centre.switch.press(call, "1")
    assert isinstance(centre.phase(call), Queued)


def test_who_waits_hears_music_where_their_position_cannot_be_said() -> None:
    centre = Centre()
    centre.switch.unplayable = {"queue-position-1", "queue-wait"}
    call = centre.call()
    centre.passes(4)
    assert centre.switch.legs[LegId(call)].music == "default"
    centre.passes(60)
    assert centre.switch.legs[LegId(call)].music == "default"


async def test_a_prompt_that_a_new_version_no_longer_has_does_not_hold_the_caller() -> None:
    centre = Centre()
    call = centre.call(MENU)
    old = centre.directory.flows[FlowId("menu")]
    ask = old.nodes[NodeId("menu")]
    assert isinstance(ask, Menu)
    new = replace(old, version="v2", nodes={**old.nodes, NodeId("menu"): replace(ask)})
    centre.directory = replace(centre.directory, flows={**centre.directory.flows, new.id: new})
    centre.switch.unplayable = {"menu"}  # it was never spoken
    centre.switch.legs[LegId(call)].saying = None  # its end is lost with us
    await centre.restart()
    assert isinstance(centre.phase(call), Leaving)
    centre.switch.finish_prompt(call)
    assert call not in centre.engine.calls
