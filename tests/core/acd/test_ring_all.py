"""All who are free are rung at once: who that is, who is rung beside them later, what the others lose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.core.acd.agent_state import Activity, Talents
from callcenter.core.acd.explain import verdicts, words_of
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.facts.agents import Presence
from callcenter.core.facts.calls import AgentOffered, OfferEnd
from callcenter.core.ids import AgentId, CallId
from tests.core.acd.test_floor import ANA, BO, SALES, Hall
from tests.core.acd.test_matching import CY, hall_of, joins

pytestmark = pytest.mark.core

ALL = QueueRules(SALES, strategy=Strategy.RING_ALL, wrap_up=timedelta())


def all_rung(hall: Hall) -> list[tuple[str, AgentId]]:
    found = []
    while (pair := hall.match()) is not None:
        found.append(pair)
    return found


def test_everybody_who_is_free_is_rung_for_the_first_caller_and_nobody_for_the_second() -> None:
    hall = hall_of(ALL, ana={}, bo={}, cy={})
    hall.joins("a")
    hall.joins("b")
    assert all_rung(hall) == [("a", ANA), ("a", BO), ("a", CY)]
    assert hall.floor.entries[CallId("a")].rung == {1: ANA, 2: BO, 3: CY}


def test_one_takes_the_call_and_the_others_lose_nothing() -> None:
    hall = hall_of(ALL, ana={}, bo={}, cy={})
    idle = {agent: hall.floor.agents[agent].idle_since for agent in (ANA, CY)}
    hall.joins("a")
    hall.joins("b")
    all_rung(hall)
    hall.answers("a", BO, 2)
    hall.fails("a", OfferEnd.ELSEWHERE, ANA, 1)
    hall.fails("a", OfferEnd.ELSEWHERE, CY, 3)
    assert hall.activity(BO) is Activity.TALKING
    assert {agent: hall.floor.agents[agent].idle_since for agent in (ANA, CY)} == idle
    assert hall.floor.agents[ANA].misses == hall.floor.agents[CY].misses == 0
    assert all_rung(hall) == [("b", ANA), ("b", CY)]


def test_who_becomes_free_is_rung_too_unless_somebody_waits_for_them() -> None:
    hall = hall_of(ALL, ana={}, bo={}, cy={})
    hall.says(BO, Presence.PAUSED)
    hall.says(CY, Presence.PAUSED)
    hall.joins("a")
    assert all_rung(hall) == [("a", ANA)]
    hall.says(BO, Presence.READY)
    assert all_rung(hall) == [("a", BO)]
    hall.joins("b")
    hall.says(CY, Presence.READY)
    assert all_rung(hall) == [("b", CY)]


def test_who_did_not_take_the_call_is_not_rung_again_while_others_ring() -> None:
    hall = hall_of(ALL, ana={}, bo={})
    hall.joins("a")
    all_rung(hall)
    hall.fails("a", OfferEnd.REJECTED, ANA, 1)
    hall.after(11)
    assert hall.floor.agents[ANA].is_free
    assert all_rung(hall) == []
    hall.fails("a", OfferEnd.NO_ANSWER, BO, 2)
    assert all_rung(hall) == [("a", ANA)]


def test_when_all_have_failed_all_are_rung_again() -> None:
    hall = hall_of(ALL, ana={}, bo={})
    hall.joins("a")
    all_rung(hall)
    for agent, offer in ((ANA, 1), (BO, 2)):
        hall.fails("a", OfferEnd.BUSY, agent, offer)
    assert all_rung(hall) == []
    hall.after(11)
    assert all_rung(hall) == [("a", ANA), ("a", BO)]


def test_the_second_tier_is_rung_only_when_nobody_of_the_first_is_free() -> None:
    hall = hall_of(ALL, ana={}, bo={}, cy={})
    hall.talents = {CY: Talents(tiers={SALES: 2})}
    hall.assign([ALL], ana=[SALES], bo=[SALES], cy=[SALES])
    hall.joins("a")
    assert all_rung(hall) == [("a", ANA), ("a", BO)]
    for agent, offer in ((ANA, 1), (BO, 2)):
        hall.fails("a", OfferEnd.REJECTED, agent, offer)
    assert all_rung(hall) == [("a", CY)]


def test_only_who_can_do_it_is_rung_and_a_step_rings_more() -> None:
    rules = replace(ALL, easing=(Ease(timedelta(seconds=10), "english"),))
    hall = hall_of(rules, ana={"english": 1}, bo={})
    joins(hall, "a", "english")
    assert all_rung(hall) == [("a", ANA)]
    hall.after(10)
    assert all_rung(hall) == [("a", BO)]


def test_a_strategy_that_changes_meanwhile_rings_nobody_else() -> None:
    hall = hall_of(ALL, ana={}, bo={})
    hall.says(BO, Presence.PAUSED)
    hall.joins("a")
    assert all_rung(hall) == [("a", ANA)]
    hall.assign([replace(ALL, strategy=Strategy.LINEAR)], ana=[SALES], bo=[SALES])
    hall.says(BO, Presence.READY)
    assert all_rung(hall) == []
    hall.assign([ALL], ana=[SALES], bo=[SALES])
    assert all_rung(hall) == [("a", BO)]


def test_it_is_told_who_was_rung_beside_whom() -> None:
    hall = hall_of(ALL, ana={}, bo={})
    hall.joins("a")
    said = []
    while (fact := hall.floor.next_offer(hall.now)) is not None:
        hall.hear(fact)
        said.append(words_of(fact))
    assert [words["en"] for words in said if words] == [
        "ana: all rung at once of 2 free (2 signed in); the caller was first of 1",
        "bo: rung beside 1 already",
    ]
    assert [words["zh"] for words in said if words][1] == "bo：与其他 1 位同时振铃"
    rung = verdicts(hall.floor, CallId("a"), hall.now)
    assert {one.why["en"] for one in rung} == {"is being rung for this call"}


def test_a_lease_that_lapses_frees_one_phone_alone() -> None:
    hall = hall_of(ALL, ana={}, bo={})
    hall.joins("a")
    all_rung(hall)
    hall.rings("a", BO, 2)
    hall.after(16)
    assert hall.floor.entries[CallId("a")].rung == {2: BO}
    assert isinstance(hall.floor.next_offer(hall.now), AgentOffered | None)


def test_whoever_may_serve_somebody_who_came_first_is_not_rung_for_somebody_else() -> None:
    hall = hall_of(ALL, ana={}, bo={"english": 1})
    hall.says(ANA, Presence.PAUSED)
    hall.says(BO, Presence.PAUSED)
    joins(hall, "english", "english")
    joins(hall, "plain")
    hall.says(ANA, Presence.READY)
    hall.says(BO, Presence.READY)
    assert all_rung(hall) == [("plain", ANA), ("english", BO)]
