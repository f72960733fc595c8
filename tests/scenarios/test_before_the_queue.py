"""A flow looks at a queue before it lets a caller in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.calls.phases import Leaving, Queued
from callcenter.core.facts.calls import NodeEntered
from callcenter.core.ids import CallId, FlowId
from callcenter.core.ivr.flow import Enqueue, HangUp, Node, NodeId, PromptName, Staffing
from callcenter.testing.centre import MENU, SALES, STRAIGHT, Centre, menu

pytestmark = pytest.mark.scenario

NODES: dict[NodeId, Node] = {
    NodeId("look"): Staffing(
        SALES,
        NodeId("wait"),
        nobody=NodeId("nobody"),
        nobody_ready=NodeId("break"),
        full=NodeId("full"),
        most_waiting=2,
        long_wait=NodeId("long"),
        longest_wait=timedelta(seconds=60),
    ),
    NodeId("wait"): Enqueue(SALES),
    **{NodeId(name): HangUp(PromptName("unknown")) for name in ("nobody", "break", "full", "long")},
}


@pytest.fixture
def centre() -> Centre:
    """Its number leads to the look."""
    centre = Centre()
    usual = centre.directory.flow_for(STRAIGHT)
    prompts = centre.directory.flow_for("nobody has this number").prompts
    flow = replace(usual, start=NodeId("look"), nodes=NODES, prompts=prompts)
    flows = {**centre.directory.flows, flow.id: flow}
    centre.directory = replace(centre.directory, flows=flows)
    centre.door.configure(centre.directory)
    return centre


def way(centre: Centre, call: CallId) -> list[str]:
    return [fact.node for fact in centre.facts(call) if isinstance(fact, NodeEntered)]


def test_nobody_is_let_wait_for_nobody(centre: Centre) -> None:
    call = centre.call()
    assert way(centre, call) == ["look", "nobody"]
    assert isinstance(centre.phase(call), Leaving)


def test_who_could_come_back_from_a_break_is_another_matter(centre: Centre) -> None:
    ana = centre.agent("ana", ready=False)
    assert way(centre, centre.call()) == ["look", "break"]
    centre.ready(ana)
    assert way(centre, centre.call()) == ["look", "wait"]
    centre.signs_out(ana)
    assert way(centre, centre.call()) == ["look", "nobody"]


def test_a_full_queue_takes_nobody_more_until_somebody_is_served(centre: Centre) -> None:
    ana = centre.agent("ana")
    calls = [centre.call() for _ in range(3)]
    centre.answers(ana)
    assert [way(centre, call)[-1] for call in calls] == ["wait", "wait", "full"]
    fourth = centre.call()
    assert isinstance(centre.phase(fourth), Queued)


def test_who_would_wait_too_long_is_not_let_in_and_where_nobody_can_say_everybody_is(
    centre: Centre,
) -> None:
    staff = [centre.agent(f"a{n}") for n in range(4)]
    for agent in staff:
        centre.call()
        centre.answers(agent)
    assert way(centre, centre.call())[-1] == "wait"  # nothing is known yet
    for _ in range(60):
        centre.engine.floor.waits.learned.of(SALES).talk.add(timedelta(seconds=600))
    assert way(centre, centre.call())[-1] == "long"


async def test_a_restart_asks_nobody_again(centre: Centre) -> None:
    ana = centre.agent("ana")
    first, second = centre.call(), centre.call()
    centre.signs_out(ana)
    await centre.restart()
    assert [way(centre, call)[-1] for call in (first, second)] == ["wait", "wait"]
    assert isinstance(centre.phase(second), Queued)


def test_the_time_in_a_menu_counts_where_the_flow_says_so_and_is_not_lost_on_the_way_back() -> None:
    centre = Centre(rules=QueueRules(SALES, ways_out=(WayOut(key="5", flow=FlowId("menu")),)))
    slow = menu()
    nodes = {**slow.nodes, NodeId("sales"): Enqueue(SALES, from_arrival=True)}
    flows = {**centre.directory.flows, slow.id: replace(slow, nodes=nodes)}
    centre.directory = replace(centre.directory, flows=flows)
    centre.door.configure(centre.directory)
    thinker = centre.call(MENU)
    centre.passes(2)
    quick = centre.call(STRAIGHT)
    centre.passes(1)
    centre.switch.press(thinker, "1")
    assert centre.engine.floor.entries[thinker].priority == 3.0
    centre.passes(1)
    centre.switch.press(thinker, "5")
    centre.passes(1)
    centre.switch.press(thinker, "1")
    assert centre.engine.floor.entries[thinker].priority == 3.0
    ana = centre.agent("ana")
    centre.answers(ana)
    assert (centre.talking_to(thinker), centre.talking_to(quick)) == (ana, None)
