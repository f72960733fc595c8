"""Values in English: what a caller hears, and that nothing can be heard as another value."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.say import english
from callcenter.core.say.values import Currency

pytestmark = pytest.mark.core

WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"""
VALUES = dict(zip(WORDS.split(), [*range(20), *range(20, 100, 10)], strict=True))
SIZES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def read(words: str) -> int:
    """A number as a person adds it up while hearing it."""
    total = group = 0
    for word in words.replace("-", " ").split():
        if word in SIZES:
            total, group = total + group * SIZES[word], 0
        else:
            group = group * 100 if word == "hundred" else group + VALUES[word]
    return total + group


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (10, "ten"),
        (19, "nineteen"),
        (20, "twenty"),
        (21, "twenty-one"),
        (40, "forty"),
        (100, "one hundred"),
        (102, "one hundred two"),
        (115, "one hundred fifteen"),
        (1010, "one thousand ten"),
        (2222, "two thousand two hundred twenty-two"),
        (110_000, "one hundred ten thousand"),
        (100_000_001, "one hundred million one"),
        (2 * 10**9, "two billion"),
        (10**12, "one trillion"),
        (-2, "minus two"),
    ],
)
def test_a_number_is_said_without_and(number: int, words: str) -> None:
    assert english.cardinal(number) == words


@given(st.integers(0, 10**12))
def test_a_number_is_understood(number: int) -> None:
    assert read(english.cardinal(number)) == number


@given(st.lists(st.sampled_from([0, 1, 10, 12, 20, 90, 99, 100, 101, 110, 999]), max_size=4))
def test_a_number_with_gaps_is_understood(groups: list[int]) -> None:
    number = sum(group * 1000**place for place, group in enumerate(groups))
    assert read(english.cardinal(number)) == number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (4, "fourth"),
        (5, "fifth"),
        (8, "eighth"),
        (9, "ninth"),
        (12, "twelfth"),
        (19, "nineteenth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (32, "thirty-second"),
        (100, "one hundredth"),
        (112, "one hundred twelfth"),
        (1000, "one thousandth"),
    ],
)
def test_an_order_is_said_by_its_last_word(number: int, words: str) -> None:
    assert english.ordinal(number) == words


def test_a_place_in_a_queue_is_said_from_its_head() -> None:
    assert english.position(2) == "second in line"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "zero people"), (1, "one person"), (2, "two people")]
)
def test_one_of_something_is_one_alone(number: int, words: str) -> None:
    assert english.people(number) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3.14", "three point one four"),
        ("0.5", "zero point five"),
        ("-0.5", "minus zero point five"),
        ("2.02", "two point zero two"),
        ("2.50", "two point five"),
        ("-0.0", "zero"),
        ("1E+3", "one thousand"),
    ],
)
def test_digits_after_the_point_are_said_one_by_one(value: str, words: str) -> None:
    assert english.decimal(Decimal(value)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("50", "fifty percent"),
        ("99.9", "ninety-nine point nine percent"),
        ("-5", "minus five percent"),
    ],
)
def test_a_percentage_is_said_as_such(value: str, words: str) -> None:
    assert english.percent(Decimal(value)) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("2.05", Currency.USD, "two dollars and five cents"),
        ("1.01", Currency.USD, "one dollar and one cent"),
        ("0.50", Currency.USD, "fifty cents"),
        ("0", Currency.USD, "zero dollars"),
        ("-2", Currency.USD, "minus two dollars"),
        ("102.00", Currency.USD, "one hundred two dollars"),
        ("1", Currency.EUR, "one euro"),
        ("2.50", Currency.EUR, "two euros and fifty cents"),
        ("2.05", Currency.CNY, "two point zero five yuan"),
        ("2.50", Currency.CNY, "two point five zero yuan"),
        ("0.05", Currency.CNY, "zero point zero five yuan"),
        ("-2.00", Currency.CNY, "minus two yuan"),
    ],
)
def test_money_is_said_with_its_coins(amount: str, currency: Currency, words: str) -> None:
    assert english.money(Decimal(amount), currency) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("13802", "one three eight zero two"),
        ("020 7946", "zero two zero, seven nine four six"),
        ("+1 (202) 5", "plus one, two zero two, five"),
    ],
)
def test_digits_are_said_one_by_one(text: str, words: str) -> None:
    assert english.digits(text) == words


@given(st.text("0123456789", min_size=1, max_size=40))
def test_no_digit_is_said_as_a_number(text: str) -> None:
    assert "".join(str(VALUES[word]) for word in english.digits(text).split()) == text


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(0, 0), "midnight"),
        (time(0, 5), "twelve oh five at night"),
        (time(1, 0), "one o'clock in the morning"),
        (time(11, 59), "eleven fifty-nine in the morning"),
        (time(12, 0), "noon"),
        (time(12, 0, 30), "noon"),
        (time(12, 30), "twelve thirty in the afternoon"),
        (time(14, 0), "two o'clock in the afternoon"),
        (time(14, 2), "two oh two in the afternoon"),
        (time(17, 59), "five fifty-nine in the afternoon"),
        (time(18, 0), "six o'clock in the evening"),
        (time(22, 10), "ten ten at night"),
        (time(23, 59), "eleven fifty-nine at night"),
    ],
)
def test_a_time_is_said_with_its_part_of_the_day(at: time, words: str) -> None:
    assert english.time_of_day(at) == words


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (date(2026, 2, 2), "February second, twenty twenty-six"),
        (date(2005, 3, 21), "March twenty-first, two thousand five"),
        (date(2000, 1, 1), "January first, two thousand"),
        (date(2010, 5, 3), "May third, twenty ten"),
        (date(1900, 12, 31), "December thirty-first, nineteen hundred"),
        (date(1905, 8, 12), "August twelfth, nineteen oh five"),
        (date(1066, 10, 14), "October fourteenth, ten sixty-six"),
        (date(2100, 6, 30), "June thirtieth, twenty-one hundred"),
        (date(30, 4, 7), "April seventh, thirty"),
    ],
)
def test_a_date_has_its_year_as_years_are_said(on: date, words: str) -> None:
    assert english.day(on) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "zero seconds"),
        (1.9, "one second"),
        (60, "one minute"),
        (120, "two minutes"),
        (90, "one minute and thirty seconds"),
        (7265, "two hours, one minute and five seconds"),
    ],
)
def test_a_duration_is_said_in_the_units_that_it_has(seconds: float, words: str) -> None:
    assert english.duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (180, 300, "three to five minutes"),
        (0, 60, "zero to one minute"),
        (30, 120, "thirty seconds to two minutes"),
        (3600, 7200, "one to two hours"),
        (120, 120, "two minutes"),
    ],
)
def test_a_bracket_says_a_unit_once_where_both_ends_have_it(
    low: int, high: int, words: str
) -> None:
    assert english.between(timedelta(seconds=low), timedelta(seconds=high)) == words


def test_a_wait_is_said_as_it_will_probably_be() -> None:
    minute = timedelta(minutes=1)
    assert english.wait(2 * minute, 4 * minute) == "Your wait will probably be two to four minutes."
    assert english.wait(timedelta(), minute) == "Your wait will probably be less than one minute."


def test_an_agent_is_named_to_a_caller_by_number_digit_by_digit() -> None:
    assert english.greeting("1001") == "Agent one zero zero one is at your service."


def test_an_agent_is_told_the_queue_and_roughly_how_long_the_caller_waited() -> None:
    assert english.briefing("support", timedelta(seconds=155)) == "support, waited two minutes."
    assert english.briefing("support", timedelta(seconds=5.7)) == "support, waited five seconds."


def test_a_wait_too_long_to_be_said_is_said_as_the_longest() -> None:
    assert english.briefing("support", timedelta(days=900))
