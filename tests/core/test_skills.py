"""What a caller needs of an agent, as it is written and as it is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import Invalid
from callcenter.core.skills import (
    NO_NEED,
    AllOf,
    AnyOf,
    AtLeast,
    Need,
    lowered,
    missing,
    parse_need,
    read_need,
    skills_in,
    text_of,
    without,
)

pytestmark = pytest.mark.core

SKILLS = ("english", "billing", "vip", "a-b_c9")
ONE = st.builds(AtLeast, st.sampled_from(SKILLS), st.integers(1, 100))
NEEDS: st.SearchStrategy[Need] = st.recursive(
    ONE,
    lambda inner: st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda parts: st.sampled_from([AllOf(tuple(parts)), AnyOf(tuple(parts))])
    ),
    max_leaves=8,
)
HELD = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 100))


@pytest.mark.parametrize(
    ("text", "skills", "met"),
    [
        ("", {}, True),
        ("english", {}, False),
        ("english", {"english": 1}, True),
        ("english >= 50", {"english": 49}, False),
        ("english>=50", {"english": 50}, True),
        ("english and billing", {"english": 1}, False),
        ("english or billing", {"billing": 1}, True),
        ("english and billing or vip", {"vip": 1}, True),
        ("english and (billing or vip)", {"vip": 1}, False),
        ("  english\n and vip ", {"english": 3, "vip": 3}, True),
    ],
)
def test_a_need_means_what_it_says(text: str, skills: dict[str, int], met: bool) -> None:
    assert (missing(parse_need(text), skills) == 0) is met


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("english >=", "after '>=' write a level, 1 to 100"),
        ("english >= 0", "after '>=' write a level, 1 to 100"),
        ("english >= 101", "after '>=' write a level, 1 to 100"),
        ("english >= 99999999999999999999", "after '>=' write a level, 1 to 100"),
        ("english >= -5", "'-5' is not understood"),
        ("english billing", "'and' or 'or' should stand before 'billing'"),
        ("and", "the name of a skill should stand at 'and'"),
        ("english and", "the name of a skill should stand at 'the end'"),
        ("(english", "a ')' is missing"),
        ("english)", "'and' or 'or' should stand before ')'"),
        ("English", "'English' is not understood"),
        ("english; drop table", "'; drop table' is not understood"),
        ("英语", "'英语' is not understood"),
        ("(" * 30 + "vip" + ")" * 30, "too many brackets inside each other"),
        ("vip or " * 100 + "vip", "write at most 500 characters"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_need(text)
    assert says in str(refusal.value)
    assert read_need(text) == NO_NEED


@given(NEEDS, HELD)
def test_what_is_written_is_read_back_as_it_was_meant(need: Need, skills: dict[str, int]) -> None:
    again = parse_need(text_of(need))
    assert missing(again, skills) == missing(need, skills)
    assert text_of(again) == text_of(parse_need(text_of(again)))


@given(NEEDS, st.sampled_from(SKILLS), HELD)
def test_whoever_would_do_with_a_skill_does_without(
    need: Need, skill: str, skills: dict[str, int]
) -> None:
    less = without(need, skill)
    assert skill not in skills_in(less)
    if missing(need, skills) == 0:
        assert missing(less, skills) == 0


@given(NEEDS, st.sampled_from(SKILLS), st.integers(1, 100), HELD)
def test_whoever_would_do_at_a_level_does_at_a_lower_one(
    need: Need, skill: str, level: int, skills: dict[str, int]
) -> None:
    less = lowered(need, skill, level)
    assert missing(less, skills) <= missing(need, skills)
    assert missing(less, {**skills, skill: 100}) <= missing(need, {**skills, skill: 100})


def test_dropping_one_of_two_ways_leaves_no_need_of_either() -> None:
    assert without(parse_need("english or billing"), "english") == NO_NEED
    assert text_of(without(parse_need("vip and (english or billing)"), "english")) == "vip"
    assert without(parse_need("english"), "english") == NO_NEED


def test_lowering_never_asks_for_more() -> None:
    assert text_of(lowered(parse_need("english >= 80 and vip"), "english", 40)) == (
        "english >= 40 and vip"
    )
    assert text_of(lowered(parse_need("english >= 20"), "english", 40)) == "english >= 20"
