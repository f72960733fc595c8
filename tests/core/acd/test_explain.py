"""Every decision can say why, in both languages."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from callcenter.core.acd.agent_state import Talents
from callcenter.core.acd.explain import verdicts, words_of
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.facts.agents import DeviceReachable, Presence
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    LeftBy,
    OfferEnd,
    OfferEnded,
    QueueJoined,
    QueueLeft,
    WantChanged,
    WantEased,
)
from callcenter.core.facts.wire import from_wire, name_of
from callcenter.core.ids import AgentId, CallId
from tests.core.acd.test_floor import ANA, BO, NOON, SALES, SUPPORT, Hall
from tests.core.acd.test_matching import CY, NO_WRAP, hall_of, joins

pytestmark = pytest.mark.core

CALL = CallId("a")


def offered(hall: Hall) -> AgentOffered:
    fact = hall.floor.next_offer(hall.now)
    assert fact is not None
    return fact


def test_an_offer_names_who_was_compared_and_what_decided() -> None:
    hall = hall_of(NO_WRAP, ana={"vip": 1}, bo={"vip": 1}, cy={})
    joins(hall, "a", "vip", prefers="billing")
    words = words_of(offered(hall))
    assert words is not None
    assert words["en"] == (
        "ana: longest idle with vip best with billing of 3 free (3 signed in);"
        " the caller was first of 1; bo: idle for 3.0 s"
    )
    assert words["zh"].startswith("ana：3 位空闲坐席中空闲最久（具备 vip）（优先 billing）")


@pytest.mark.parametrize("strategy", [one for one in Strategy if one is not Strategy.RING_ALL])
def test_every_strategy_has_words_for_who_came_later(strategy: Strategy) -> None:
    hall = hall_of(replace(NO_WRAP, strategy=strategy), ana={}, bo={})
    joins(hall, "a")
    fact = offered(hall)
    hall.hear(fact)
    hall.answers("a", fact.agent)
    hall.after(10)
    hall.ends("a", fact.agent)
    joins(hall, "b")
    words = words_of(offered(hall))
    assert words is not None
    assert words["en"].count(";") == words["zh"].count("；") == 2


def test_what_decided_is_in_the_fact_and_outlives_the_journal() -> None:
    hall = hall_of(NO_WRAP, **{f"a{n}": {} for n in range(9)})
    joins(hall, "a")
    fact = offered(hall)
    assert fact.reason is not None
    assert [one.agent for one in fact.reason.candidates] == ["a0", "a1", "a2", "a3", "a4"]
    assert (fact.reason.free, fact.reason.staff, fact.reason.waiting) == (9, 9, 1)
    body = _plain(fact)
    assert from_wire(name_of(fact), body) == fact


def test_better_tiers_and_skills_are_said_before_the_strategy() -> None:
    hall = hall_of(NO_WRAP, ana={"vip": 1}, bo={}, cy={"vip": 1})
    hall.talents |= {CY: Talents({"vip": 1}, {SALES: 2})}
    hall.assign([NO_WRAP], ana=[SALES], bo=[SALES], cy=[SALES])
    joins(hall, "a", prefers="vip")
    words = words_of(offered(hall))
    assert words is not None
    assert words["en"].endswith("bo: lacks 1 more of what is preferred; cy: tier 2")


def test_of_each_agent_the_first_thing_that_keeps_them_away_is_said() -> None:
    rules = replace(NO_WRAP, easing=(Ease(timedelta(minutes=5), "english"),))
    names = ("home", "tea", "lost", "rung", "tired", "plain", "talks")
    hall = hall_of(rules, **{name: {"english": 5} for name in names} | {"plain": {}})
    hall.says(AgentId("tea"), Presence.PAUSED)
    hall.hear(DeviceReachable(hall.now, AgentId("lost"), False))
    hall.says(AgentId("home"), Presence.SIGNED_OUT)
    for call in ("x", "y"):
        joins(hall, call, "english")
    assert hall.match() == ("x", AgentId("rung"))
    hall.fails("x", OfferEnd.REJECTED, AgentId("rung"))
    assert hall.match() == ("x", AgentId("tired"))
    hall.fails("x", OfferEnd.REJECTED, AgentId("tired"), offer=2)
    assert hall.match() == ("x", AgentId("talks"))
    hall.answers("x", AgentId("talks"), 3)
    joins(hall, "a", "english")
    found = {one.agent: (one.can, one.why["en"]) for one in verdicts(hall.floor, CALL, hall.now)}
    assert found == {
        "home": (False, "is signed out"),
        "tea": (False, "is paused ()"),
        "lost": (False, "their phone is not there"),
        "plain": (False, "lacks english (has none)"),
        "rung": (False, "rests for 9 s more"),
        "tired": (False, "rests for 9 s more"),
        "talks": (False, "talks"),
    }
    assert all(one.why["zh"] for one in verdicts(hall.floor, CALL, hall.now))
    assert verdicts(hall.floor, CallId("nobody"), hall.now) == ()


def test_who_waits_for_one_agent_or_a_tier_says_so() -> None:
    rules = replace(NO_WRAP, strategy=Strategy.TOP_DOWN)
    hall = Hall(rules, ana=[SALES], bo=[SALES])
    hall.talents = {BO: Talents(tiers={SALES: 3})}
    hall.assign([rules], ana=[SALES], bo=[SALES])
    hall.ready(ANA, BO)
    hall.says(ANA, Presence.PAUSED)
    joins(hall, "a")
    joins(hall, "b", only=ANA, only_seconds=30)
    said = [one.why["en"] for one in verdicts(hall.floor, CALL, hall.now)]
    assert said == ["is paused ()", "tier 3 is not asked yet"]
    said = [one.why["en"] for one in verdicts(hall.floor, CallId("b"), hall.now)]
    assert said == ["is paused ()", "the caller waits for ana"]


@pytest.mark.parametrize(
    ("fact", "en"),
    [
        (
            QueueJoined(NOON, CALL, SALES, 60, None, "vip", "billing", ANA, 20),
            "waits in sales; requires vip; prefers billing; 60 s head start; for 20 s only ana",
        ),
        (QueueJoined(NOON, CALL, SALES), "waits in sales"),
        (AgentAnswered(NOON, CALL, ANA, 1), "answered"),
        (OfferEnded(NOON, CALL, ANA, 1, OfferEnd.NO_ANSWER), "did not answer"),
        (WantEased(NOON, CALL, 2, False, "vip"), "step 2: asks for vip now"),
        (WantEased(NOON, CALL, 0, True, ""), "waits for anybody; asks for no skill any more"),
        (
            WantChanged(NOON, CALL, "", "vip"),
            "changed by hand: requires nothing, prefers vip",
        ),
        (AgentOffered(NOON, CALL, SALES, ANA, 1, "sip:ana", "as it was said"), "as it was said"),
    ],
)
def test_each_step_has_words(fact: QueueJoined, en: str) -> None:
    words = words_of(fact)
    assert words is not None and words["en"] == en and words["zh"]


@pytest.mark.parametrize("why", OfferEnd)
def test_each_end_of_an_offer_has_words(why: OfferEnd) -> None:
    words = words_of(OfferEnded(NOON, CALL, ANA, 1, why))
    assert words is not None and words["en"] and words["zh"]


def _plain(fact: AgentOffered) -> dict[str, object]:
    read: dict[str, object] = orjson.loads(orjson.dumps(fact))
    return read


@pytest.mark.parametrize("why", LeftBy)
def test_leaving_without_an_agent_has_a_reason_and_a_place(why: LeftBy) -> None:
    words = words_of(QueueLeft(NOON, CALL, SALES, why, to=SUPPORT))
    assert words is not None
    assert words["en"].startswith("left sales for support: ")
    assert words["zh"].startswith("离开队列 sales，转往 support：")
    alone = words_of(QueueLeft(NOON, CALL, SALES, why))
    assert alone is not None
    assert "for support" not in alone["en"]
