"""Made-up days through the real core."""

from dataclasses import replace
from pathlib import Path

import pytest

from callcenter.adapters.flows.yaml_source import read_text
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.verify import verify
from callcenter.core.facts.calls import AgentOffered, WantEased
from callcenter.core.facts.centre import FloorConfigured
from callcenter.core.facts.wire import Fact
from callcenter.core.metrics import (
    average_speed_of_answer,
    occupancy,
    service_level,
)
from callcenter.simulation.figures import whole
from callcenter.simulation.scenario import Duration, Scenario, read_scenario
from callcenter.simulation.world import World

pytestmark = pytest.mark.scenario

SEED = 3
EXAMPLES = Path(__file__).parents[2] / "simulations"


def example(name: str, hours: float) -> Scenario:
    scenario = read_scenario(read_text((EXAMPLES / f"{name}.yaml").read_text()).data)
    return replace(scenario, hours=hours)


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    def day(seed: int) -> list[Fact]:
        facts: list[Fact] = []
        World(example("two-languages", 2), seed, facts.append).run()
        return facts

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_everybody_is_counted_once_whatever_becomes_of_them() -> None:
    results = World(example("two-languages", 3)).run()
    counts = whole(results)
    assert counts.offered == counts.answered + counts.abandoned + results.left
    assert counts.offered > 200 and counts.abandoned > 0
    assert results.offers >= counts.answered


def test_callers_are_offered_to_whom_they_need_until_less_will_do() -> None:
    facts: list[Fact] = []
    World(example("two-languages", 8), hear=facts.append).run()
    reasons = {
        offer.reason.requires: offer.agent.rpartition("-")[0]
        for offer in facts
        if isinstance(offer, AgentOffered) and offer.reason is not None
    }
    assert {"", "english >= 60", "english >= 20"} <= reasons.keys()
    assert any(isinstance(fact, WantEased) for fact in facts)


def test_a_textbook_queue_comes_out_as_the_textbook_says() -> None:
    """M/M/14 with 10 Erlang: 88.84 % within 20 s, ASA 7.84 s, occupancy 71.4 % (Erlang C)."""
    results = World(example("small-hotline", 60), seed=SEED).run()
    counts = whole(results)
    waited = average_speed_of_answer(counts)
    assert service_level(counts) == pytest.approx(0.8884, abs=0.02)
    assert waited is not None and waited.total_seconds() == pytest.approx(7.84, abs=2.0)
    assert occupancy(results.times) == pytest.approx(10 / 14, abs=0.02)


def test_a_queue_that_people_leave_comes_out_as_the_textbook_says() -> None:
    """M/M/10+M with 10 Erlang and a patience of 120 s: 13.7 % give up, 86.3 % busy (Erlang A)."""
    scenario = example("small-hotline", 40)
    (plan,), (group,) = scenario.queues, scenario.groups
    scenario = replace(
        scenario,
        queues=(replace(plan, patience=Duration(mean=120)),),
        groups=(replace(group, count=10),),
    )
    results = World(scenario, seed=SEED).run()
    counts = whole(results)
    assert counts.abandoned / counts.offered == pytest.approx(0.1375, abs=0.02)
    assert counts.in_time / counts.offered == pytest.approx(0.6399, abs=0.04)
    assert occupancy(results.times) == pytest.approx(0.8625, abs=0.02)


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_carries_the_same_textbook_queue(strategy: Strategy) -> None:
    """Who takes a call does not matter to how long callers wait, where agents are alike."""
    scenario = example("small-hotline", 6)
    plan = scenario.queues[0]
    rules = replace(plan.rules, strategy=strategy)
    results = World(replace(scenario, queues=(replace(plan, rules=rules),)), seed=4).run()
    usual = World(scenario, seed=4).run()
    assert whole(results).offered > 1000
    assert service_level(whole(results)) == pytest.approx(service_level(whole(usual)), abs=0.08)


@pytest.mark.parametrize("name", ["two-languages", "small-hotline"])
def test_every_offer_of_a_day_is_decided_again_as_it_was(name: str) -> None:
    facts: list[Fact] = []
    World(example(name, 3), hear=facts.append).run()
    found = verify(enumerate(facts, start=1))
    assert found.offers > 300
    assert (found.same, found.differences) == (found.offers, [])


@pytest.mark.parametrize("strategy", Strategy)
def test_by_every_strategy_the_same_is_decided_again(strategy: Strategy) -> None:
    scenario = example("two-languages", 2)
    queues = tuple(
        replace(plan, rules=replace(plan.rules, strategy=strategy)) for plan in scenario.queues
    )
    facts: list[Fact] = []
    World(replace(scenario, queues=queues), hear=facts.append).run()
    found = verify(enumerate(facts, start=1))
    assert found.offers > 100
    assert [one for one in found.differences if not one.by_chance] == []
    assert len(found.differences) < 0.02 * found.offers


def test_a_rule_that_was_not_in_force_is_found_out() -> None:
    facts: list[Fact] = []
    World(example("two-languages", 3), hear=facts.append).run()
    other = [
        replace(fact, queues=tuple(replace(q, strategy="linear") for q in fact.queues))
        if isinstance(fact, FloorConfigured)
        else fact
        for fact in facts
    ]
    assert len(verify(enumerate(other, start=1)).differences) > 50
    without = [fact for fact in facts if not isinstance(fact, FloorConfigured)]
    assert verify(enumerate(without, start=1)).unknown > 0
