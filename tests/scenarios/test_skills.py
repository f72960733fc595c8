"""Specialists, and what happens when they do not come: stories through the whole engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.access import Actor, Role
from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.verify import verify
from callcenter.core.acd.want import Ease
from callcenter.core.errors import Invalid, NoSuchSkill, NotPermitted, NotWaiting
from callcenter.core.facts.calls import AgentOffered, QueueJoined, WantEased
from callcenter.core.ids import AgentId
from callcenter.core.ivr.flow import Enqueue
from callcenter.core.skills import parse_need
from callcenter.engine.api import ChangeNeeds
from callcenter.testing.centre import BOSS, SALES, STRAIGHT, Centre

pytestmark = pytest.mark.scenario

STEPS = (Ease(timedelta(seconds=30), "english", 20), Ease(timedelta(seconds=60), "english"))


def centre_with(requires: str = "english >= 50", **skills: dict[str, int]) -> Centre:
    """Its callers need `requires`; agents with these skills sit in sales, one second apart."""
    rules = QueueRules(SALES, ring_for=timedelta(seconds=20), misses_allowed=1, easing=STEPS)
    centre = Centre(rules=rules)
    talents = {AgentId(agent): Talents(held) for agent, held in skills.items()}
    centre.directory = replace(
        centre.directory,
        talents=talents,
        needs={STRAIGHT: (requires, "")},
        skills=frozenset({"english", "billing"}),
    )
    for agent in skills:
        centre.agent(agent)
        centre.passes(1)
    return centre


def test_a_specialist_does_not_answer_and_after_a_while_somebody_else_takes_the_call() -> None:
    centre = centre_with(ana={"english": 30}, bo={"english": 80})
    first = centre.call()
    later = centre.call()
    assert centre.rings(AgentId("bo")) and not centre.rings(AgentId("ana"))
    centre.passes(20)  # nobody answers
    assert not centre.rings(AgentId("ana"))
    centre.passes(10)
    assert centre.rings(AgentId("ana"))
    centre.answers(AgentId("ana"))
    assert centre.talking_to(first) == AgentId("ana")
    assert centre.talking_to(later) is None
    (eased,) = (fact for fact in centre.facts(first) if isinstance(fact, WantEased))
    assert (eased.steps, eased.requires) == (1, "english >= 20")


async def test_easing_outlives_the_engine_and_goes_on_where_it_was() -> None:
    centre = centre_with(ana={}, bo={"english": 80})
    centre.pauses(AgentId("bo"))
    call = centre.call()
    centre.passes(45)
    await centre.restart()
    entry = centre.engine.floor.entries[call]
    assert (entry.steps, entry.want.requires) == (1, parse_need("english >= 50"))
    assert not centre.rings(AgentId("ana"))
    centre.passes(15)
    assert centre.rings(AgentId("ana"))


async def test_what_fell_due_while_no_engine_was_there_holds_at_once() -> None:
    centre = centre_with(ana={}, bo={"english": 80})
    centre.pauses(AgentId("bo"))
    centre.call()
    centre.switch.deaf = True
    centre.clock.wake_at(None, lambda: None)
    centre.clock.move(timedelta(seconds=90))
    await centre.restart()
    centre.passes(1)
    assert centre.rings(AgentId("ana"))


def test_somebody_who_waits_is_given_other_needs_and_is_served_at_once() -> None:
    centre = centre_with(ana={"billing": 1}, bo={"english": 80})
    centre.pauses(AgentId("bo"))
    call = centre.call()
    assert not centre.rings(AgentId("ana"))
    centre.door.ask(BOSS, ChangeNeeds(call, requires="billing"))
    assert centre.rings(AgentId("ana"))


async def test_changed_needs_outlive_the_engine() -> None:
    centre = centre_with(ana={}, bo={"english": 80})
    centre.pauses(AgentId("bo"))
    call = centre.call()
    centre.door.ask(BOSS, ChangeNeeds(call, prefers="billing", priority=300))
    await centre.restart()
    entry = centre.engine.floor.entries[call]
    assert (entry.want.requires, entry.priority) == (parse_need("english >= 50"), 300)
    assert entry.want.prefers == parse_need("billing")


def test_needs_that_cannot_be_are_refused_and_nothing_changes() -> None:
    centre = centre_with(ana={})
    call = centre.call()
    talking = Actor("ana", Role.AGENT, AgentId("ana"))
    with pytest.raises(NoSuchSkill, match="requires: french"):
        centre.door.ask(BOSS, ChangeNeeds(call, requires="french"))
    with pytest.raises(Invalid, match="prefers: skills: after '>='"):
        centre.door.ask(BOSS, ChangeNeeds(call, prefers="english >= 300"))
    with pytest.raises(Invalid, match="priority_seconds"):
        centre.door.ask(BOSS, ChangeNeeds(call, priority=float("nan")))
    with pytest.raises(NotPermitted):
        centre.door.ask(talking, ChangeNeeds(call, requires=""))
    assert centre.engine.floor.entries[call].want.requires == parse_need("english >= 50")


def test_who_talks_already_needs_nobody() -> None:
    centre = centre_with("", ana={})
    call = centre.call()
    centre.answers(AgentId("ana"))
    with pytest.raises(NotWaiting):
        centre.door.ask(BOSS, ChangeNeeds(call, requires="english"))


def test_what_the_flow_says_and_what_the_number_says_are_both_needed() -> None:
    centre = centre_with("english >= 50", ana={"english": 80}, bo={"english": 80, "billing": 1})
    flow = centre.directory.flow_for(STRAIGHT)
    node = Enqueue(SALES, requires="billing or vip")
    asks = replace(flow, nodes={flow.start: node})
    centre.directory = replace(centre.directory, flows={**centre.directory.flows, flow.id: asks})
    centre.door.configure(centre.directory)
    call = centre.call()
    (joined,) = (fact for fact in centre.facts(call) if isinstance(fact, QueueJoined))
    assert joined.requires == "english >= 50 and (billing or vip)"
    assert centre.rings(AgentId("bo"))


@pytest.mark.parametrize("easing", [STEPS, STEPS[1:], ()])
async def test_what_is_decided_after_a_gap_and_a_change_is_decided_again_alike(
    easing: tuple[Ease, ...],
) -> None:
    centre = centre_with(ana={}, bo={"english": 80}, cy={"english": 25})
    for name in ("bo", "cy", "ana"):
        centre.pauses(AgentId(name))
    calls = [centre.call() for _ in range(3)]
    centre.passes(25)
    centre.switch.deaf = True
    centre.clock.wake_at(None, lambda: None)
    centre.clock.move(timedelta(seconds=10))  # the first step falls due while nobody decides
    rules = replace(centre.directory.queues[SALES], easing=easing)
    queues = {**centre.directory.queues, SALES: rules}
    centre.directory = replace(centre.directory, queues=queues)
    await centre.restart()
    for name in ("ana", "cy", "bo"):
        centre.ready(AgentId(name))
    centre.passes(40)
    decided = verify(centre.journal.read_after(0))
    assert decided.offers >= 1
    assert (decided.unknown, decided.differences) == (0, [])
    assert calls[0] in {fact.call for _, fact in offers_of(centre)}


def offers_of(centre: Centre) -> list[tuple[int, AgentOffered]]:
    facts = centre.journal.read_after(0)
    return [(number, fact) for number, fact in facts if isinstance(fact, AgentOffered)]
