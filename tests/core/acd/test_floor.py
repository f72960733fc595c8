"""The floor's rules: whose turn it is, what a missed offer costs, what time and rules change."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from callcenter.core.acd.agent_state import ON_THEIR_SIDE, Activity, Rests, Talents
from callcenter.core.acd.floor import LEASE, RING_GRACE, Floor
from callcenter.core.acd.queue import QueueRules
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.agents import (
    AgentRestored,
    AgentSignedIn,
    DeviceReachable,
    Presence,
    PresenceChanged,
    RestEnded,
    WrapEnded,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    CallEnded,
    EndedBy,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, QueueId

pytestmark = pytest.mark.core

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SALES, SUPPORT = QueueId("sales"), QueueId("support")
ANA, BO = AgentId("ana"), AgentId("bo")
NOT_THEIR_FAULT = [OfferEnd.CALLER_GONE]
RESTING = sorted(ON_THEIR_SIDE)


class Hall:
    """A floor, a clock, and the words of these tests."""

    def __init__(self, *rules: QueueRules, **assignments: Iterable[QueueId]) -> None:
        self.now = NOON
        self.talents: dict[AgentId, Talents] = {}
        self.floor = Floor(draw=Random(0).randrange)
        self.assign(rules or (QueueRules(SALES),), **(assignments or {"ana": (SALES,)}))
        self.followed: list[Fact] = []

    def assign(self, rules: Iterable[QueueRules], **assignments: Iterable[QueueId]) -> None:
        served = {AgentId(a): tuple(q) for a, q in assignments.items()}
        self.floor.configure(rules, served, self.talents, self.now)

    def hear(self, fact: Fact) -> None:
        following = self.floor.advance(fact)
        self.followed.extend(following)
        for one in following:
            self.hear(one)

    def after(self, seconds: float) -> list[Fact]:
        self.now += timedelta(seconds=seconds)
        facts = [
            *self.floor.agenda.due_of_agents(self.now),
            *self.floor.agenda.due_of_calls(self.now),
        ]
        for fact in facts:
            self.hear(fact)
        return facts

    def ready(self, *agents: AgentId) -> None:
        for agent in agents:
            self.hear(AgentSignedIn(self.now, agent, f"sip:agent-{agent}"))
            self.hear(DeviceReachable(self.now, agent, True))
            self.says(agent, Presence.READY)
            self.now += timedelta(seconds=1)

    def says(self, agent: AgentId, presence: Presence) -> None:
        self.hear(PresenceChanged(self.now, agent, presence))

    def joins(self, call: str, queue: QueueId = SALES, priority: float = 0) -> None:
        self.hear(QueueJoined(self.now, CallId(call), queue, priority))
        self.now += timedelta(seconds=1)

    def match(self) -> tuple[str, AgentId] | None:
        offer = self.floor.next_offer(self.now)
        if offer is None:
            return None
        self.hear(offer)
        return offer.call, offer.agent

    def rings(self, call: str, agent: AgentId = ANA, offer: int = 1) -> None:
        self.hear(AgentRinging(self.now, CallId(call), agent, offer))

    def answers(self, call: str, agent: AgentId = ANA, offer: int = 1) -> None:
        self.hear(AgentAnswered(self.now, CallId(call), agent, offer))

    def fails(self, call: str, why: OfferEnd, agent: AgentId = ANA, offer: int = 1) -> None:
        self.hear(OfferEnded(self.now, CallId(call), agent, offer, why))

    def ends(self, call: str, agent: AgentId | None = ANA) -> None:
        ended = CallEnded(self.now, CallId(call), Outcome.ANSWERED, EndedBy.CALLER, agent)
        self.hear(ended)

    def activity(self, agent: AgentId = ANA) -> Activity:
        return self.floor.agents[agent].activity


# -- whose turn it is ---------------------------------------------------------------------------


def test_the_agent_who_is_idle_longest_is_offered_the_call() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(BO, ANA)
    hall.joins("a")
    assert hall.match() == ("a", BO)


def test_the_caller_who_waits_longest_is_served_first() -> None:
    hall = Hall()
    hall.joins("a")
    hall.joins("b")
    hall.ready(ANA)
    assert hall.match() == ("a", ANA)


def test_a_shared_agent_goes_to_the_oldest_caller_of_all_their_queues() -> None:
    hall = Hall(QueueRules(SALES), QueueRules(SUPPORT), ana=[SALES, SUPPORT])
    hall.joins("a", SUPPORT)
    hall.joins("b", SALES)
    hall.ready(ANA)
    assert hall.match() == ("a", ANA)


def test_priority_is_a_head_start_in_seconds() -> None:
    hall = Hall()
    hall.joins("a")
    hall.joins("b", priority=30)
    hall.ready(ANA)
    assert hall.match() == ("b", ANA)


def test_priority_does_not_starve_who_has_waited_longer_than_the_head_start() -> None:
    hall = Hall()
    hall.joins("a")
    hall.after(60)
    hall.joins("b", priority=30)
    hall.ready(ANA)
    assert hall.match() == ("a", ANA)


def test_callers_of_one_moment_are_served_in_the_order_they_joined() -> None:
    hall = Hall()
    for call in ("c", "a", "b"):
        hall.hear(QueueJoined(NOON, CallId(call), SALES))
    hall.ready(ANA)
    assert hall.match() == ("c", ANA)


def test_a_caller_nobody_can_serve_does_not_block_those_behind() -> None:
    hall = Hall(QueueRules(SALES), QueueRules(SUPPORT), ana=[SALES])
    hall.joins("a", SUPPORT)
    hall.joins("b", SALES)
    hall.ready(ANA)
    assert hall.match() == ("b", ANA)
    assert hall.match() is None


def test_nobody_is_offered_to_two_agents() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(ANA, BO)
    hall.joins("a")
    assert hall.match() == ("a", ANA)
    assert hall.match() is None


def test_an_offered_entry_keeps_its_place_and_its_position() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.joins("b")
    hall.match()
    line = hall.floor.lines[SALES]
    assert [line.position(hall.floor.entries[CallId(c)]) for c in ("a", "b")] == [1, 2]


def test_rona_returns_the_caller_to_their_original_place() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.joins("b")
    hall.match()
    hall.fails("a", OfferEnd.NO_ANSWER)
    hall.ready(BO)
    assert hall.match() == ("a", BO)


def test_the_second_offer_of_a_call_has_another_number() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(ANA, BO)
    hall.joins("a")
    hall.match()
    hall.fails("a", OfferEnd.BUSY)
    offer = hall.floor.next_offer(hall.now)
    assert offer is not None
    assert (offer.agent, offer.offer) == (BO, 2)


@pytest.mark.parametrize(
    ("presence", "reachable"),
    [(Presence.PAUSED, True), (Presence.READY, False), (Presence.SIGNED_OUT, True)],
)
def test_who_is_not_ready_or_not_reachable_gets_nothing(
    presence: Presence, reachable: bool
) -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.says(ANA, presence)
    hall.hear(DeviceReachable(hall.now, ANA, reachable))
    hall.joins("a")
    assert hall.match() is None


def test_an_outside_number_counts_as_reachable() -> None:
    hall = Hall()
    hall.hear(AgentSignedIn(NOON, ANA, "tel:+4930123"))
    hall.says(ANA, Presence.READY)
    hall.joins("a")
    assert hall.match() == ("a", ANA)


def test_signing_in_pauses_with_a_reason() -> None:
    hall = Hall()
    hall.hear(AgentSignedIn(NOON, ANA, "sip:agent-ana"))
    row = hall.floor.agents[ANA]
    assert (row.presence, row.pause_reason) == (Presence.PAUSED, "signed-in")


def test_signing_in_again_elsewhere_keeps_presence_and_place_among_the_free() -> None:
    hall = Hall()
    hall.ready(ANA)
    since = hall.floor.agents[ANA].idle_since
    hall.hear(AgentSignedIn(hall.now, ANA, "tel:+49301"))
    row = hall.floor.agents[ANA]
    assert (row.presence, row.idle_since, row.device) == (Presence.READY, since, "tel:+49301")


class Looked(dict[str, int]):
    """Skills that count how often somebody looks at them."""

    looks = 0

    def get(self, skill: str, default: Any = None) -> Any:
        Looked.looks += 1
        return super().get(skill, default)


def test_a_thousand_agents_who_become_ready_at_once_cost_a_few_looks_each() -> None:
    names = [f"a{number}" for number in range(1000)]
    hall = Hall(**{name: [SALES] for name in names})
    hall.talents = {AgentId(name): Talents(Looked(english=1)) for name in names}
    hall.assign([QueueRules(SALES)], **{name: [SALES] for name in names})
    for number in range(2000):
        joined = QueueJoined(NOON, CallId(f"c{number}"), SALES, requires="english")
        hall.hear(joined)
    hall.ready(*map(AgentId, names))
    Looked.looks = 0
    offered = []
    while (pair := hall.match()) is not None:
        offered.append(pair)
    assert [call for call, _ in offered] == [f"c{number}" for number in range(1000)]
    assert 1000 < Looked.looks < 10_000


# -- offers that fail ---------------------------------------------------------------------------


@pytest.mark.parametrize("why", [OfferEnd.NO_ANSWER, OfferEnd.REJECTED])
def test_the_nth_miss_pauses_the_agent_with_reason_rona(why: OfferEnd) -> None:
    hall = Hall(QueueRules(SALES, misses_allowed=2), ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", why)
    assert hall.floor.agents[ANA].presence is Presence.READY
    hall.after(30)
    hall.match()
    hall.fails("a", why, offer=2)
    row = hall.floor.agents[ANA]
    assert (row.presence, row.pause_reason, row.misses) == (Presence.PAUSED, "rona", 0)


@pytest.mark.parametrize(
    "why", [OfferEnd.BUSY, OfferEnd.UNREACHABLE, OfferEnd.LAPSED, OfferEnd.CALLER_GONE]
)
def test_offers_that_failed_otherwise_are_no_misses(why: OfferEnd) -> None:
    hall = Hall(QueueRules(SALES, misses_allowed=1), ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", why)
    assert (hall.floor.agents[ANA].misses, hall.followed) == (0, [])


def test_a_phone_that_fails_again_and_again_rests_longer_and_comes_last() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    rests = []
    for offer in range(1, 9):
        hall.match()
        hall.fails("a", OfferEnd.UNREACHABLE, offer=offer)
        row = hall.floor.agents[ANA]
        assert row.rest_until is not None
        rests.append((row.rest_until - hall.now).total_seconds())
        hall.after(rests[-1])
    assert rests == [10, 20, 40, 80, 160, 300, 300, 300]
    assert row.idle_since == hall.now - timedelta(seconds=300)


def test_a_phone_that_is_heard_of_again_begins_afresh() -> None:
    hall = Hall(ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    for offer in range(1, 4):
        hall.match()
        hall.fails("a", OfferEnd.UNREACHABLE, offer=offer)
        hall.after(300)
    for there in (False, True):
        hall.hear(DeviceReachable(hall.now, ANA, there))
    assert hall.floor.agents[ANA].failures == 0


def test_an_agent_who_paused_while_it_rang_keeps_their_own_reason() -> None:
    hall = Hall(QueueRules(SALES, misses_allowed=1), ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.hear(PresenceChanged(hall.now, ANA, Presence.PAUSED, "lunch"))
    hall.fails("a", OfferEnd.NO_ANSWER)
    assert hall.floor.agents[ANA].pause_reason == "lunch"


def test_an_answer_forgives_the_misses() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", OfferEnd.NO_ANSWER)
    hall.after(30)
    hall.match()
    hall.answers("a", offer=2)
    assert hall.floor.agents[ANA].misses == 0


def test_pressing_ready_forgives_the_misses() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", OfferEnd.NO_ANSWER)
    hall.says(ANA, Presence.READY)
    assert hall.floor.agents[ANA].misses == 0


@pytest.mark.parametrize("why", RESTING)
@pytest.mark.parametrize("rests", [Rests(), Rests(*(timedelta(seconds=s) for s in (2, 30, 400)))])
def test_after_a_failed_offer_the_agent_rests_as_the_queue_says(
    why: OfferEnd, rests: Rests
) -> None:
    named = (rests.no_answer, rests.rejected, rests.unreachable)
    names = ("rest_no_answer", "rest_rejected", "rest_unreachable")
    rules: Any = dict(zip(names, named, strict=True))
    hall = Hall(QueueRules(SALES, **rules))
    rest = rests.after(why, 1)
    assert rest is not None
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", why)
    assert hall.match() is None
    hall.after(rest.total_seconds() - 0.1)
    assert hall.match() is None
    hall.after(0.1)
    assert hall.match() == ("a", ANA)


def test_a_missed_offer_puts_the_agent_behind_the_others() -> None:
    hall = Hall(ana=[SALES], bo=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.ready(BO)
    hall.fails("a", OfferEnd.NO_ANSWER)
    hall.hear(RestEnded(hall.now, ANA))
    assert hall.match() == ("a", BO)


@pytest.mark.parametrize("why", NOT_THEIR_FAULT)
def test_an_offer_that_ended_by_no_fault_gives_idle_since_back(why: OfferEnd) -> None:
    hall = Hall()
    hall.ready(ANA)
    since = hall.floor.agents[ANA].idle_since
    hall.joins("a")
    hall.match()
    hall.after(3)
    hall.fails("a", why)
    assert hall.floor.agents[ANA].idle_since == since
    assert hall.floor.agents[ANA].is_free


# -- leases -------------------------------------------------------------------------------------


def test_a_reservation_nobody_reports_on_lapses() -> None:
    hall = Hall(QueueRules(SALES, announce_every=None), ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    assert hall.after(LEASE.total_seconds() - 0.1) == []
    lapsed = hall.after(0.1)
    assert [getattr(fact, "why", None) for fact in lapsed] == [OfferEnd.LAPSED]
    assert hall.activity() is Activity.IDLE


def test_ringing_extends_the_lease_to_the_ring_time() -> None:
    hall = Hall(QueueRules(SALES, ring_for=timedelta(seconds=12), announce_every=None), ana=[SALES])
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.rings("a")
    assert hall.after(11.9 + RING_GRACE.total_seconds()) == []
    assert len(hall.after(0.1)) == 1


def test_an_answered_offer_has_no_lease() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.answers("a")
    assert hall.after(3600) == []
    assert hall.activity() is Activity.TALKING


def test_a_late_answer_to_a_lapsed_offer_changes_nothing() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.after(LEASE.total_seconds())
    hall.answers("a")
    assert hall.activity() is Activity.IDLE
    assert CallId("a") in hall.floor.entries


def test_a_doubled_answer_is_refused_and_changes_nothing() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.answers("a")
    with pytest.raises(IllegalTransition):
        hall.answers("a")
    assert hall.activity() is Activity.TALKING


# -- wrap-up ------------------------------------------------------------------------------------


def talking(hall: Hall) -> Hall:
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.answers("a")
    return hall


def test_wrap_up_ends_by_time() -> None:
    hall = talking(Hall(QueueRules(SALES, wrap_up=timedelta(seconds=7)), ana=[SALES]))
    hall.ends("a")
    assert hall.activity() is Activity.WRAPPING
    hall.after(6.9)
    assert hall.activity() is Activity.WRAPPING
    hall.after(0.1)
    assert hall.activity() is Activity.IDLE
    assert hall.floor.agents[ANA].idle_since == hall.now


def test_wrap_up_ends_by_word_and_time_does_not_end_the_next_one() -> None:
    hall = talking(Hall())
    hall.ends("a")
    hall.after(5)
    hall.hear(WrapEnded(hall.now, ANA))
    hall.joins("b")
    assert hall.match() == ("b", ANA)
    hall.answers("b")
    hall.ends("b")
    hall.after(5)
    assert hall.activity() is Activity.WRAPPING


def test_a_queue_without_wrap_up_frees_its_agent_at_once() -> None:
    hall = talking(Hall(QueueRules(SALES, wrap_up=timedelta()), ana=[SALES]))
    hall.ends("a")
    assert hall.activity() is Activity.IDLE
    assert hall.floor.agents[ANA].is_free


def test_a_pause_pressed_while_talking_takes_hold_when_the_call_ends() -> None:
    hall = talking(Hall())
    hall.says(ANA, Presence.PAUSED)
    assert hall.activity() is Activity.TALKING
    hall.ends("a")
    hall.hear(WrapEnded(hall.now, ANA))
    hall.joins("b")
    assert hall.match() is None


def test_signing_out_while_talking_does_not_end_the_call() -> None:
    hall = talking(Hall())
    hall.says(ANA, Presence.SIGNED_OUT)
    assert hall.activity() is Activity.TALKING


@pytest.mark.parametrize(
    "leaving",
    [
        PresenceChanged(NOON, ANA, Presence.SIGNED_OUT),
        AgentSignedIn(NOON, ANA, "tel:+4930123"),
        AgentSignedIn(NOON, ANA, "sip:agent-ana"),
    ],
    ids=["goes home", "sits down elsewhere", "sits down anew"],
)
@pytest.mark.parametrize("rings", [True, False])
def test_who_leaves_the_phone_that_is_rung_gives_the_call_back(leaving: Fact, rings: bool) -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    assert hall.match() == ("a", ANA)
    for _ in range(rings):
        hall.rings("a")
    hall.hear(leaving)
    assert OfferEnded(NOON, CallId("a"), ANA, 1, OfferEnd.WITHDRAWN) in hall.followed
    assert hall.floor.agents[ANA].engagement is None
    assert hall.floor.entries[CallId("a")].rung == {}


def test_who_only_pauses_may_still_take_the_call_that_rings() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    assert hall.match() == ("a", ANA)
    hall.says(ANA, Presence.PAUSED)
    assert hall.activity() is Activity.RESERVED


# -- rules that change --------------------------------------------------------------------------


def test_deleting_the_queue_of_a_call_that_is_talked_in_does_not_break_its_end() -> None:
    hall = talking(Hall())
    hall.assign((), ana=())
    hall.ends("a")
    assert hall.activity() is Activity.WRAPPING


def test_a_queue_that_is_deleted_keeps_those_who_wait_in_it_in_order() -> None:
    hall = Hall()
    hall.joins("a")
    hall.joins("b")
    hall.assign((), ana=())
    assert [entry.call for entry in hall.floor.lines[SALES].entries] == ["a", "b"]
    hall.assign((QueueRules(SALES),), ana=(SALES,))
    hall.ready(ANA)
    assert hall.match() == ("a", ANA)


def test_a_caller_whose_queue_is_gone_when_they_join_waits_by_the_usual_rules() -> None:
    hall = Hall(QueueRules(SUPPORT), ana=[SUPPORT])
    hall.joins("a")
    assert CallId("a") in hall.floor.entries


def test_a_queue_that_is_deleted_goes_with_the_last_who_waited_in_it() -> None:
    hall = Hall()
    hall.joins("a")
    hall.joins("b")
    hall.assign((), ana=())
    hall.hear(QueueLeft(hall.now, CallId("a"), SALES))
    assert SALES in hall.floor.lines
    hall.hear(QueueLeft(hall.now, CallId("b"), SALES))
    assert SALES not in hall.floor.lines
    assert hall.floor.next_move(hall.now) is None


def test_an_empty_queue_that_is_deleted_is_gone() -> None:
    hall = Hall()
    hall.assign((), ana=())
    assert SALES not in hall.floor.lines


def test_an_agent_who_is_taken_from_a_queue_gets_no_more_of_its_calls() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.assign((QueueRules(SALES),), ana=())
    hall.joins("a")
    assert hall.match() is None


def test_an_agent_who_is_given_a_queue_gets_its_waiting_calls_at_once() -> None:
    hall = Hall(QueueRules(SALES), QueueRules(SUPPORT), ana=[SUPPORT])
    hall.ready(ANA)
    hall.joins("a")
    hall.assign((QueueRules(SALES), QueueRules(SUPPORT)), ana=(SALES,))
    assert hall.match() == ("a", ANA)


def test_an_agent_dismissed_while_their_phone_rings_may_still_answer() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.assign((QueueRules(SALES),), bo=(SALES,))
    hall.answers("a")
    assert hall.activity() is Activity.TALKING
    assert CallId("a") not in hall.floor.entries


def test_an_agent_dismissed_while_they_talk_is_gone_once_they_have_wrapped_up() -> None:
    hall = talking(Hall())
    hall.says(ANA, Presence.SIGNED_OUT)
    hall.assign((QueueRules(SALES),), bo=(SALES,))
    hall.ends("a")
    assert hall.activity() is Activity.WRAPPING
    hall.after(60)
    assert ANA not in hall.floor.agents


def test_an_agent_dismissed_and_signed_out_while_their_phone_rings_is_gone() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.says(ANA, Presence.SIGNED_OUT)
    hall.assign((QueueRules(SALES),), bo=(SALES,))
    hall.fails("a", OfferEnd.NO_ANSWER)  # heard late
    assert ANA not in hall.floor.agents
    assert hall.floor.entries[CallId("a")].rung == {}


def test_an_agent_who_was_dismissed_and_signed_out_is_gone() -> None:
    hall = Hall()
    hall.assign((QueueRules(SALES),), bo=(SALES,))
    assert ANA not in hall.floor.agents


def test_new_times_hold_for_the_next_ring_and_wrap_up() -> None:
    hall = talking(Hall())
    hall.assign((QueueRules(SALES, wrap_up=timedelta(seconds=99)),), ana=(SALES,))
    hall.ends("a")
    row = hall.floor.agents[ANA]
    assert row.engagement is not None
    assert row.engagement.until == hall.now + timedelta(seconds=99)


# -- telling callers where they stand -----------------------------------------------------------


def told(facts: list[Fact]) -> list[tuple[str, int, bool]]:
    return [(f.call, f.position, f.better) for f in facts if isinstance(f, PositionReached)]


def test_positions_are_told_first_early_then_at_intervals() -> None:
    hall = Hall()
    hall.joins("a")
    assert told(hall.after(2.9)) == []
    assert told(hall.after(0.1)) == [("a", 1, True)]
    assert told(hall.after(29.9)) == []
    assert told(hall.after(0.1)) == [("a", 1, False)]


def test_a_position_that_improved_is_told_as_better() -> None:
    hall = Hall()
    hall.joins("a")
    hall.joins("b")
    hall.after(10)
    hall.ends("a", None)
    assert told(hall.after(30)) == [("b", 1, True)]


def test_a_position_that_grew_worse_is_not_told_as_better() -> None:
    hall = Hall()
    hall.joins("a")
    hall.after(10)
    hall.joins("b", priority=3600)
    assert told(hall.after(4)) == [("b", 1, True)]
    assert told(hall.after(30)) == [("a", 2, False), ("b", 1, False)]


def test_a_queue_that_announces_nothing_wakes_nobody() -> None:
    hall = Hall(QueueRules(SALES, announce_every=None), ana=[SALES])
    hall.joins("a")
    assert hall.floor.agenda.next() is None


def test_announcements_switched_on_reach_those_who_already_wait() -> None:
    hall = Hall(QueueRules(SALES, announce_every=None), ana=[SALES])
    hall.joins("a")
    hall.after(60)
    hall.assign((QueueRules(SALES),), ana=(SALES,))
    assert told(hall.after(0)) == [("a", 1, True)]


def test_announcements_switched_off_fall_silent_for_those_who_already_wait() -> None:
    hall = Hall()
    hall.joins("a")
    hall.assign((QueueRules(SALES, announce_every=None),), ana=(SALES,))
    assert hall.after(600) == []


# -- replays ------------------------------------------------------------------------------------


def test_an_offer_written_under_other_rules_is_answered() -> None:
    hall = Hall()
    hall.hear(AgentOffered(NOON, CallId("gone"), SALES, ANA, 1, "sip:agent-ana", "why"))
    assert hall.followed == [OfferEnded(NOON, CallId("gone"), ANA, 1, OfferEnd.REFUSED)]
    assert hall.activity() is Activity.IDLE


def test_an_agent_is_restored_resting_no_more() -> None:
    hall = Hall()
    hall.ready(ANA)
    hall.joins("a")
    hall.match()
    hall.fails("a", OfferEnd.BUSY)
    hall.hear(
        AgentRestored(hall.now, ANA, "sip:agent-ana", Presence.READY, "", NOON, True, NOON, 1, None)
    )
    assert hall.floor.agents[ANA].is_free
    assert hall.match() == ("a", ANA)


def test_an_agent_is_restored_wrapping_up_until_the_same_moment() -> None:
    hall = Hall()
    until = NOON + timedelta(seconds=9)
    hall.hear(
        AgentRestored(
            NOON,
            ANA,
            "sip:agent-ana",
            Presence.READY,
            "",
            NOON,
            True,
            NOON,
            0,
            None,
            until,
            CallId("a"),
            SALES,
            NOON - timedelta(seconds=1),
        )
    )
    assert hall.activity() is Activity.WRAPPING
    hall.after(8.9)
    assert hall.activity() is Activity.WRAPPING
    hall.after(0.1)
    assert hall.activity() is Activity.IDLE
