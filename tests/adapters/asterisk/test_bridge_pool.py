"""Bridges used again and never too early: nobody may hear a stranger."""

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenter.adapters.asterisk.bridge_pool import BridgePool
from callcenter.core.ids import BridgeId, LegId

pytestmark = pytest.mark.adapter

A, AG_A, B, AG_B = LegId("a"), LegId("ag-a-1"), LegId("b"), LegId("ag-b-1")
ONE, TWO = BridgeId("br-1"), BridgeId("br-2")


def known() -> BridgePool:
    pool = BridgePool()
    pool.learn([])
    return pool


def test_a_bridge_is_made_when_none_is_free() -> None:
    pool = known()
    assert pool.take((A, AG_A)) == (ONE, True)
    assert pool.take((B, AG_B)) == (TWO, True)


def test_a_bridge_is_used_again_when_its_last_leg_has_left() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.left(ONE, A, [AG_A])
    assert pool.take((B, AG_B)) == (TWO, True)
    pool.left(ONE, AG_A, [])
    assert pool.take((LegId("c"), LegId("ag-c-1"))) == (ONE, False)


def test_legs_that_should_be_together_keep_their_bridge_and_it_may_have_to_be_made() -> None:
    pool = known()
    pool.take((A, AG_A))
    assert pool.take((A, AG_A)) == (ONE, True)


def test_a_bridge_that_the_switch_does_not_have_is_never_given_out_again() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.lost(ONE)
    pool.gone(A)
    pool.left(ONE, AG_A, [])
    assert [pool.take((B, AG_B)), pool.take((A, AG_A))] == [(TWO, True), (BridgeId("br-3"), True)]


def test_a_second_agent_in_a_bridge_keeps_it_when_the_first_two_have_left() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.take((A, AG_B))
    pool.left(ONE, AG_A, [A, AG_B])
    pool.left(ONE, A, [AG_B])
    assert pool.take((B, LegId("ag-b-2")))[0] == TWO
    pool.left(ONE, AG_B, [])
    assert pool.take((LegId("c"), LegId("ag-c-1"))) == (ONE, False)


def test_legs_that_died_on_their_way_in_give_the_bridge_back() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.gone(A)
    pool.gone(AG_A)
    assert pool.take((B, AG_B)) == (ONE, False)


def test_a_bridge_is_given_back_once_however_often_its_end_is_told() -> None:
    pool = known()
    pool.take((A, AG_A))
    for _ in range(3):
        pool.gone(A)
        pool.left(ONE, A, [AG_A])
        pool.gone(AG_A)
        pool.left(ONE, AG_A, [])
    assert pool.take((A, AG_A))[0] != pool.take((B, AG_B))[0]


def test_a_stranger_who_is_still_inside_keeps_the_bridge() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.left(ONE, A, [AG_A])
    pool.left(ONE, AG_A, [LegId("spy")])
    assert pool.take((B, AG_B)) == (TWO, True)
    pool.left(ONE, LegId("spy"), [])
    assert pool.take((LegId("c"), LegId("ag-c-1"))) == (ONE, False)


def test_what_the_switch_has_is_learnt_at_the_start() -> None:
    pool = BridgePool()
    pool.learn([(BridgeId("br-7"), [A, AG_A]), (BridgeId("br-3"), []), (BridgeId("br-x"), [B])])
    assert pool.take((A, AG_A))[0] == BridgeId("br-7")
    assert pool.take((LegId("c"), LegId("d"))) == (BridgeId("br-3"), False)
    assert pool.take((LegId("e"), LegId("f"))) == (BridgeId("br-8"), True)


def test_a_picture_that_is_older_than_our_order_does_not_free_the_bridge() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.learn([(ONE, [])])
    assert pool.take((B, AG_B)) == (TWO, True)


def test_what_was_ordered_while_we_were_away_is_kept_when_we_learn() -> None:
    pool = known()
    pool.take((A, AG_A))
    pool.stale = True
    bridge, new = pool.take((B, AG_B))
    assert new
    pool.learn([(ONE, []), (bridge, [])])
    assert pool.take((B, AG_B))[0] == bridge
    assert pool.take((LegId("c"), LegId("d"))) == (ONE, False)


def test_before_we_know_the_switch_no_number_of_it_is_taken() -> None:
    bridge, new = BridgePool().take((A, AG_A))
    assert (bridge, new) == ("br-a", True)


class Lines(RuleBasedStateMachine):
    """Pairs come and go; events are told late, twice, and in any order between legs."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = known()
        self.inside: dict[BridgeId, set[LegId]] = {}
        self.pairs = self.peak = 0

    @rule()
    def two_are_joined(self) -> None:
        self.pairs += 1
        legs = (LegId(f"c{self.pairs}"), LegId(f"ag-c{self.pairs}-1"))
        bridge, new = self.pool.take(legs)
        assert not self.inside.get(bridge), "strangers in the line"
        assert new == (bridge not in self.inside)
        self.inside[bridge] = set(legs)
        self.peak = max(self.peak, sum(1 for legs_in in self.inside.values() if legs_in))

    @precondition(lambda self: any(self.inside.values()))
    @rule()
    def somebody_leaves(self) -> None:
        bridge = next(bridge for bridge, legs in self.inside.items() if legs)
        leg = self.inside[bridge].pop()
        self.pool.left(bridge, leg, tuple(self.inside[bridge]))
        self.pool.gone(leg)

    @rule()
    def a_picture_is_taken(self) -> None:
        self.pool.learn((bridge, ()) for bridge in self.inside)

    @invariant()
    def no_more_bridges_than_ever_talked_at_once(self) -> None:
        assert len(self.inside) <= self.peak


TestLines = Lines.TestCase
TestLines.settings = settings(max_examples=15, stateful_step_count=30)
