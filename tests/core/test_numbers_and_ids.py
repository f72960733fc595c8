"""Numbers and names from the outside, made harmless; ids, made and taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.ids import (
    CallId,
    LegId,
    PromptId,
    is_offer_leg,
    offer_leg,
    offer_of,
    prompt_id,
    prompt_of,
)
from callcenter.core.numbers import (
    ANONYMOUS,
    LONGEST,
    LONGEST_NAME,
    clean,
    clean_name,
    is_region,
    normalise,
)

pytestmark = pytest.mark.core

HARMLESS = set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+*#._-")


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        ("+49 (0)30 1234567", "DE", "+49301234567"),
        ("010-12345678", "CN", "+861012345678"),
        ("13812345678", "CN", "+8613812345678"),
        ("0086 138 1234 5678", "CN", "+8613812345678"),
        ("+86 138 1234 5678", "DE", "+8613812345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("011 44 20 7946 0000", "US", "+442079460000"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("110", "DE", "110"),
        ("4000", "CN", "4000"),
        ("sip.user", "DE", "sip.user"),
        ("0800-ANNA-MEIER", "DE", "0800-ANNA-MEIER"),
        ("030 1234567", "XX", "0301234567"),
    ],
)
def test_a_number_becomes_e164_where_it_is_one(raw: str, region: str, expected: str) -> None:
    assert normalise(raw, region) == expected


@pytest.mark.parametrize(
    "raw",
    ["", "anonymous", "Anonymous", "ANONYMOUS", "restricted", "unavailable", "unknown", "private"],
)
def test_a_withheld_number_is_anonymous(raw: str) -> None:
    assert normalise(raw, "DE") == ANONYMOUS


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("5000,adopt-push", "5000adopt-push"),
        ("5000&SIP/evil", "5000SIPevil"),
        ("<img src=x onerror=alert(1)>", "imgsrcxonerroralert1"),
        ("+49\u202e30\u200f1", "+49301"),
        ("49\x00301", "49301"),
        ("٣٠١٢٣", ""),
        ("\ud800123", "123"),
        ("'; drop table calls; --", "droptablecalls--"),
        ("${SHELL(id)}", "SHELLid"),
        ("1\r\nVia: x", "1Viax"),
    ],
)
def test_hostile_numbers_lose_their_sting(raw: str, expected: str) -> None:
    assert clean(raw) == expected


@given(st.text() | st.text("0123456789+ -()"), st.sampled_from(["DE", "CN", "US", "XX"]))
def test_normalising_twice_is_normalising_once(raw: str, region: str) -> None:
    once = normalise(raw, region)
    assert normalise(once, region) == once


@given(st.text(st.characters(), max_size=4000))
def test_no_number_is_long_or_holds_anything_but_harmless_signs(raw: str) -> None:
    number = normalise(raw, "DE")
    assert len(number) <= LONGEST
    assert set(number) <= HARMLESS


@given(st.text(st.characters(), max_size=4000))
def test_no_name_is_long_or_turns_the_text_around_or_breaks_the_line(raw: str) -> None:
    name = clean_name(raw)
    assert len(name) <= LONGEST_NAME
    assert not set(name) & set("\x00\n\r\t\x7f\x85\u061c\u200f\u202e\u2028\u2066\ufeff")
    name.encode()


def test_three_thousand_characters_are_cut() -> None:
    assert clean("1" * 3000) == "1" * LONGEST
    assert clean_name("é" * 3000) == "é" * LONGEST_NAME


def test_a_name_keeps_its_markup_for_whoever_shows_it_to_escape() -> None:
    assert clean_name("  <b>李 & Söhne</b> ") == "<b>李 & Söhne</b>"


@pytest.mark.parametrize("call", ["cc1-1700000000.1", "c", "a-b-3", "ag-x-1"])
def test_names_derived_from_a_call_lead_back_to_it(call: str) -> None:
    leg = offer_leg(CallId(call), 12)
    assert is_offer_leg(leg)
    assert offer_of(leg) == (call, 12)
    assert prompt_of(prompt_id(CallId(call), 3)) == (call, 3)


@pytest.mark.parametrize(
    "leg", ["cc1-17.1", "ag-", "ag-x", "ag--1", "ag-x-", "ag-x-y", "ag-x-٣", "ag-x-1\n", ""]
)
def test_a_foreign_leg_is_not_taken_for_an_offer(leg: str) -> None:
    assert not is_offer_leg(LegId(leg))
    with pytest.raises(ValueError, match="not an offer's leg"):
        offer_of(LegId(leg))


@pytest.mark.parametrize("prompt", ["", "pb-", "pb-x", "pb-x-y", "music", "3c0e-uuid"])
def test_a_foreign_playback_is_not_taken_for_a_prompt(prompt: str) -> None:
    with pytest.raises(ValueError, match="not a prompt"):
        prompt_of(PromptId(prompt))


def test_a_country_is_known_by_its_two_letters() -> None:
    assert is_region("DE") and is_region("CN")
    assert not is_region("XX") and not is_region("de") and not is_region("Germany")
