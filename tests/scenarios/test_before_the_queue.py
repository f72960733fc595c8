"""A flow looks at a queue before it lets a caller in."""

from dataclasses import replace

import pytest

from callcenter.core.calls.phases import Leaving, Queued
from callcenter.core.facts.calls import NodeEntered
from callcenter.core.ids import CallId
from callcenter.core.ivr.flow import Enqueue, HangUp, Node, NodeId, PromptName, Staffing
from callcenter.testing.centre import SALES, STRAIGHT, Centre

pytestmark = pytest.mark.scenario

NODES: dict[NodeId, Node] = {
    NodeId("look"): Staffing(
        SALES,
        NodeId("wait"),
        nobody=NodeId("nobody"),
        nobody_ready=NodeId("break"),
        full=NodeId("full"),
        most_waiting=2,
    ),
    NodeId("wait"): Enqueue(SALES),
    **{NodeId(name): HangUp(PromptName("unknown")) for name in ("nobody", "break", "full")},
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


async def test_a_restart_asks_nobody_again(centre: Centre) -> None:
    ana = centre.agent("ana")
    first, second = centre.call(), centre.call()
    centre.signs_out(ana)
    await centre.restart()
    assert [way(centre, call)[-1] for call in (first, second)] == ["wait", "wait"]
    assert isinstance(centre.phase(second), Queued)
