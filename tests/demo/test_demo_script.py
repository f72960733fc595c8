"""The script of the demo: the same seed gives the same cast, and every kind of caller comes."""

from itertools import islice

import pytest

from callcenter.demo.script import Intent, Reaction, callers, moods

pytestmark = pytest.mark.scenario


def test_the_same_seed_gives_the_same_callers() -> None:
    assert list(callers(7, 25)) == list(callers(7, 25))


def test_another_seed_gives_other_callers() -> None:
    assert list(callers(7, 25)) != list(callers(8, 25))


@pytest.mark.parametrize("seed", range(5))
def test_six_calls_hold_every_kind_of_caller(seed: int) -> None:
    assert {part.intent for part in callers(seed, 6)} == set(Intent)


def test_exactly_as_many_call_as_were_asked_for() -> None:
    assert [part.number for part in callers(1, 23)] == list(range(1, 24))


def test_without_a_number_they_never_stop_calling() -> None:
    assert len(list(islice(callers(1), 1000))) == 1000


def test_callers_on_the_line_together_have_numbers_of_their_own() -> None:
    hundred = [part.ani for part in callers(3, 100)]
    assert len(set(hundred)) == 100


def test_only_who_wants_an_unknown_number_dials_one() -> None:
    dialled = {part.dial for part in callers(3, 50) if part.intent is not Intent.UNKNOWN_NUMBER}
    assert dialled == {"4000"}


def test_keys_are_those_of_the_demo_hotline() -> None:
    keys = {(part.language, part.queue): part.keys for part in callers(3, 100)}
    assert keys == {
        ("zh", "sales"): ("1", "1"),
        ("zh", "support"): ("1", "2"),
        ("en", "sales"): ("2", "1"),
        ("en", "support"): ("2", "2"),
    }


@pytest.mark.parametrize("agent", ["ana", "bo"])
def test_each_agent_misses_and_rejects_within_seven_rings(agent: str) -> None:
    assert {mood.reaction for mood in islice(moods(1, agent), 7)} == set(Reaction)


def test_agents_do_not_all_behave_alike() -> None:
    assert list(islice(moods(1, "ana"), 7)) != list(islice(moods(1, "bo"), 7))
