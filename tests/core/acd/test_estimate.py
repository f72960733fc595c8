"""How long one caller will still wait: each input moves it its own way, and nothing too wide is said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import exp, factorial, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.acd.estimate import Busy, Outlook, Reach, Served, bracket_of
from callcenter.core.acd.learned import KEPT, Patience, Recent

pytestmark = pytest.mark.core

MEAN = 180.0


def lasting(*seconds: float) -> Recent:
    recent = Recent()
    for one in seconds:
        recent.add(timedelta(seconds=one))
    return recent


def by_chance(mean: float = MEAN, count: int = KEPT) -> Recent:
    """Exponential, by its quantiles."""
    return lasting(*(-mean * log(1 - (n + 0.5) / count) for n in range(count)))


def giving_up(after: float, times: int = 300) -> Patience:
    patience = Patience()
    for _ in range(times):
        patience.left(timedelta(seconds=after), gave_up=True)
    return patience


TALK = by_chance()
ALIKE = lasting(*(170 + n % 20 for n in range(200)))


def outlook(agents: int = 14, ahead: float = 5, talk: Recent = TALK, since: float = 0) -> Outlook:
    busy = [Busy(talk, since)] * agents
    return Outlook(agents, busy, (), ahead, [Served(1.0, talk)], Patience())


def likely(seconds: float, one: Outlook) -> float:
    return Reach(one).by(seconds)


def erlang(seconds: float, need: int, rate: float) -> float:
    mean = seconds * rate
    return 1 - sum(exp(-mean) * mean**n / factorial(n) for n in range(need))


@pytest.mark.parametrize(("agents", "ahead"), [(3, 0), (3, 5), (14, 0), (14, 20), (100, 20)])
def test_where_all_is_exponential_it_is_the_erlang_distribution(agents: int, ahead: int) -> None:
    reach, mean = Reach(outlook(agents, ahead)), (ahead + 1) * MEAN / agents
    for share in (0.3, 0.6, 1.0, 1.5, 2.0):
        exact = erlang(share * mean, ahead + 1, agents / MEAN)
        assert reach.by(share * mean) == pytest.approx(exact, abs=0.03)


def test_more_ahead_is_later_and_more_agents_are_sooner() -> None:
    usual = likely(80, outlook())
    assert likely(80, outlook(ahead=8)) < usual < likely(80, outlook(agents=18))


def test_who_has_talked_for_long_is_done_sooner_where_calls_are_alike() -> None:
    assert likely(60, outlook(2, 0, ALIKE, since=150)) > 0.95
    assert likely(60, outlook(2, 0, ALIKE, since=30)) < 0.05


def test_longer_calls_and_more_work_after_them_are_later() -> None:
    usual = likely(80, outlook())
    assert likely(80, outlook(talk=by_chance(300))) < usual
    assert likely(200, replace(outlook(2, 3), calls=[Served(1.0, TALK, 60.0)])) < likely(
        200, outlook(2, 3)
    )


def test_callers_ahead_who_give_up_need_not_be_waited_for() -> None:
    many = outlook(ahead=40)
    assert likely(300, replace(many, patience=giving_up(60))) > likely(300, many) + 0.2


def test_whoever_is_free_for_certain_is_counted_from_then_on() -> None:
    one = replace(outlook(1, 0), busy=(), due=(300.0,))
    assert likely(250, one) < 0.05 and likely(350, one) > 0.9


def test_agents_who_open_up_later_serve_nobody_before() -> None:
    later = replace(outlook(), open_after=120.0)
    assert likely(119, later) == 0.0 and likely(121, later) > 0.5
    said = bracket_of([Reach(outlook(1, 5)), Reach(later)])
    assert said is not None and said.least.total_seconds() >= 60


def test_what_agents_take_to_answer_comes_on_top() -> None:
    assert likely(80, replace(outlook(), delay=20.0)) == pytest.approx(
        likely(60, outlook()), abs=0.05
    )


def test_where_few_of_many_agents_were_looked_at_less_is_certain() -> None:
    sure, unsure = outlook(30, 60), replace(outlook(30, 60), doubt=0.1)
    assert likely(250, sure) < likely(250, unsure) < likely(480, unsure) < likely(480, sure)


def test_where_nobody_can_know_nothing_is_said() -> None:
    assert bracket_of([Reach(outlook(1, 2))]) is None
    assert bracket_of([Reach(outlook(14, 5))]) is not None


def test_an_end_that_was_said_is_said_as_long_as_it_is_likely_enough() -> None:
    reach = Reach(outlook(50, 60))
    first = bracket_of([reach])
    assert first is not None
    kept = bracket_of([reach], first.most.total_seconds() + 30)
    assert kept is not None and kept.most == first.most + timedelta(seconds=30)


COUNTS = st.integers(1, 200)


@given(COUNTS, st.integers(0, 400), st.floats(1, 2000), st.floats(0, 3000))
def test_a_bracket_is_never_wider_than_two_minutes_or_half_its_end(
    agents: int, ahead: int, mean: float, since: float
) -> None:
    said = bracket_of([Reach(outlook(agents, ahead, by_chance(mean, 40), since))])
    if said is not None:  # silence is no bracket
        assert timedelta() <= said.least < said.most
        assert said.most - said.least <= max(timedelta(minutes=2), said.most / 2)


@given(COUNTS, st.integers(0, 100), st.floats(0, 900))
def test_it_never_ends_later_than_it_may(agents: int, ahead: int, most: float) -> None:
    said = bracket_of([Reach(outlook(agents, ahead))], most)
    assert said is None or said.most.total_seconds() <= most


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60), st.lists(st.floats(0, 2000)))
def test_ever_fewer_last_ever_longer(lasted: Sequence[float], asked: Sequence[float]) -> None:
    shares = lasting(*lasted).longer_than(sorted(asked))
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


def test_of_many_durations_the_last_are_remembered() -> None:
    recent = lasting(*[1000.0] * KEPT, *[10.0] * KEPT)
    assert len(recent) == KEPT and recent.mean == pytest.approx(10)
    assert recent.variation == pytest.approx(0, abs=1e-3)


def test_patience_is_known_by_how_long_they_have_waited() -> None:
    patience = giving_up(15)
    assert patience.rate == pytest.approx(1 / 15, rel=0.05)
    assert patience.rate_at(15) > patience.rate_at(5)


def test_who_was_served_waited_too() -> None:
    patience = giving_up(60, times=50)
    before = patience.rate
    patience.left(timedelta(seconds=600), gave_up=False)
    assert patience.rate < before
