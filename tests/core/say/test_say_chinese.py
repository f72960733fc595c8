"""Values in Chinese: what a caller hears, and that nothing can be heard as another value."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.say import chinese
from callcenter.core.say.values import LARGEST, Currency

pytestmark = pytest.mark.core

SIZES = {"十": 10, "百": 100, "千": 1000}
DIGITS = {numeral: value for value, numeral in enumerate("零一二三四五六七八九")} | {"两": 2}


def read(words: str) -> int:
    """A numeral as a person reads it: by its largest word first."""
    for word, size in (("亿", 10**8), ("万", 10**4)):
        before, found, after = words.rpartition(word)
        if found:
            return read(before) * size + read(after)
    total, digit = 0, None
    for word in words:
        if word in SIZES:
            total += SIZES[word] * (1 if digit is None else digit)
        digit = DIGITS.get(word)
    return total + (digit or 0)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (1, "一"),
        (2, "二"),
        (10, "十"),
        (11, "十一"),
        (12, "十二"),
        (20, "二十"),
        (22, "二十二"),
        (102, "一百零二"),
        (110, "一百一十"),
        (111, "一百一十一"),
        (115, "一百一十五"),
        (200, "二百"),
        (222, "二百二十二"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (1011, "一千零一十一"),
        (2000, "两千"),
        (2002, "两千零二"),
        (2222, "两千二百二十二"),
        (10005, "一万零五"),
        (10010, "一万零一十"),
        (10500, "一万零五百"),
        (20000, "两万"),
        (22000, "两万二千"),
        (100000, "十万"),
        (100010, "十万零一十"),
        (110000, "十一万"),
        (120000, "十二万"),
        (1_000_010, "一百万零一十"),
        (1_100_000, "一百一十万"),
        (20_002_000, "两千万二千"),
        (100_000_001, "一亿零一"),
        (100_100_000, "一亿零一十万"),
        (200_000_000, "两亿"),
        (1_000_000_000, "十亿"),
        (1_010_000_000, "十亿一千万"),
        (10**12, "一万亿"),
        (10**12 + 10**8, "一万零一亿"),
        (-2, "负二"),
        (-2000, "负两千"),
    ],
)
def test_a_number_is_said_as_it_is_read(number: int, words: str) -> None:
    assert chinese.cardinal(number) == words


@given(st.integers(0, 10**12))
def test_a_number_is_understood(number: int) -> None:
    assert read(chinese.cardinal(number)) == number


@given(
    st.lists(
        st.sampled_from([0, 1, 2, 10, 11, 12, 20, 100, 102, 110, 1000, 1010, 2002]), max_size=3
    )
)
def test_a_number_with_gaps_is_understood(groups: list[int]) -> None:
    number = sum(group * (10**4) ** place for place, group in enumerate(groups))
    assert read(chinese.cardinal(number)) == number


@given(st.integers(-LARGEST, LARGEST))
def test_a_gap_is_one_zero_and_none_stands_at_an_end(number: int) -> None:
    words = chinese.cardinal(number)
    assert "零零" not in words
    assert words == "零" or words.strip("零") == words


@given(st.integers(3, LARGEST))
def test_in_a_number_two_is_said_liang_at_its_head_alone(number: int) -> None:
    assert "两" not in chinese.cardinal(number)[1:]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "零位"), (1, "一位"), (2, "两位"), (12, "十二位"), (20, "二十位"), (22, "二十二位")],
)
def test_two_of_something_are_liang(number: int, words: str) -> None:
    assert chinese.people(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "第一位"), (2, "第二位"), (12, "第十二位"), (20, "第二十位"), (115, "第一百一十五位")],
)
def test_the_second_place_is_er(number: int, words: str) -> None:
    assert chinese.position(number) == words


@given(st.integers(1, LARGEST))
def test_an_order_is_never_counted_with_liang(number: int) -> None:
    assert "两" not in chinese.ordinal(number)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3.14", "三点一四"),
        ("0.5", "零点五"),
        ("-0.5", "负零点五"),
        ("2.02", "二点零二"),
        ("2.50", "二点五"),
        ("2000.2", "两千点二"),
        ("0", "零"),
        ("-0.0", "零"),
        ("1E+3", "一千"),
    ],
)
def test_digits_after_the_point_are_said_one_by_one(value: str, words: str) -> None:
    assert chinese.decimal(Decimal(value)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("50", "百分之五十"),
        ("2", "百分之二"),
        ("99.9", "百分之九十九点九"),
        ("200", "百分之二百"),
        ("-5", "负百分之五"),
    ],
)
def test_a_percentage_is_said_of_a_hundred(value: str, words: str) -> None:
    assert chinese.percent(Decimal(value)) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("2.05", Currency.CNY, "两元零五分"),
        ("2.50", Currency.CNY, "两元五角"),
        ("2.5", Currency.CNY, "两元五角"),
        ("2.22", Currency.CNY, "两元两角两分"),
        ("2.02", Currency.CNY, "两元零二分"),
        ("0.05", Currency.CNY, "五分"),
        ("0.02", Currency.CNY, "两分"),
        ("0.20", Currency.CNY, "两角"),
        ("0.25", Currency.CNY, "两角五分"),
        ("0", Currency.CNY, "零元"),
        ("12.00", Currency.CNY, "十二元"),
        ("100.05", Currency.CNY, "一百元零五分"),
        ("2000", Currency.CNY, "两千元"),
        ("-2.05", Currency.CNY, "负两元零五分"),
        ("2.05", Currency.USD, "两美元零五美分"),
        ("2.50", Currency.USD, "两美元五十美分"),
        ("0.02", Currency.USD, "两美分"),
        ("-0.02", Currency.USD, "负两美分"),
        ("2.22", Currency.EUR, "两欧元二十二欧分"),
    ],
)
def test_money_is_said_as_it_is_counted(amount: str, currency: Currency, words: str) -> None:
    assert chinese.money(Decimal(amount), currency) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("13812", "幺三八幺二"),
        ("2020", "二零二零"),
        ("138 1234 5678", "幺三八，幺二三四，五六七八"),
        ("010-12345678", "零幺零，幺二三四五六七八"),
        ("+86 (21) 2", "加八六，二幺，二"),
    ],
)
def test_digits_are_said_one_by_one(text: str, words: str) -> None:
    assert chinese.digits(text) == words


@given(st.text("0123456789", min_size=1, max_size=40))
def test_no_digit_is_said_as_a_number(text: str) -> None:
    words = chinese.digits(text)
    assert len(words) == len(text)
    assert set(words) <= set("零幺二三四五六七八九")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(0, 0), "凌晨零点"),
        (time(0, 5), "凌晨零点零五分"),
        (time(2, 0), "凌晨两点"),
        (time(4, 59), "凌晨四点五十九分"),
        (time(5, 0), "早上五点"),
        (time(7, 59), "早上七点五十九分"),
        (time(8, 0), "上午八点"),
        (time(11, 59), "上午十一点五十九分"),
        (time(12, 0), "中午十二点"),
        (time(12, 59), "中午十二点五十九分"),
        (time(13, 0), "下午一点"),
        (time(14, 0), "下午两点"),
        (time(14, 2), "下午两点零二分"),
        (time(14, 2, 59), "下午两点零二分"),
        (time(14, 10), "下午两点十分"),
        (time(14, 22), "下午两点二十二分"),
        (time(17, 59), "下午五点五十九分"),
        (time(18, 0), "晚上六点"),
        (time(22, 30), "晚上十点三十分"),
        (time(23, 59), "晚上十一点五十九分"),
    ],
)
def test_a_time_is_said_with_its_part_of_the_day(at: time, words: str) -> None:
    assert chinese.time_of_day(at) == words


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (date(2026, 2, 2), "二零二六年二月二日"),
        (date(2005, 10, 10), "二零零五年十月十日"),
        (date(1900, 12, 31), "一九零零年十二月三十一日"),
    ],
)
def test_a_date_has_its_year_digit_by_digit(on: date, words: str) -> None:
    assert chinese.day(on) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "零秒"),
        (0.9, "零秒"),
        (2, "两秒"),
        (60, "一分钟"),
        (120, "两分钟"),
        (150, "两分钟三十秒"),
        (3600, "一小时"),
        (7320, "两小时两分钟"),
        (3605, "一小时五秒"),
        (43200, "十二小时"),
    ],
)
def test_a_duration_is_said_in_the_units_that_it_has(seconds: float, words: str) -> None:
    assert chinese.duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (180, 300, "三到五分钟"),
        (60, 120, "一到两分钟"),
        (120, 180, "两到三分钟"),
        (0, 300, "零到五分钟"),
        (10, 20, "十到二十秒"),
        (3600, 7200, "一到两小时"),
        (30, 120, "三十秒到两分钟"),
        (90, 120, "一分钟三十秒到两分钟"),
        (3600, 5400, "一小时到一小时三十分钟"),
        (120, 120, "两分钟"),
        (0, 0.5, "零秒"),
    ],
)
def test_a_bracket_says_a_unit_once_where_both_ends_have_it(
    low: float, high: float, words: str
) -> None:
    assert chinese.between(timedelta(seconds=low), timedelta(seconds=high)) == words


def test_a_wait_is_said_as_it_will_probably_be() -> None:
    minute = timedelta(minutes=1)
    assert chinese.wait(2 * minute, 4 * minute) == "预计还需等待两到四分钟。"
    assert chinese.wait(timedelta(), minute) == "预计还需等待不到一分钟。"


def test_an_agent_is_named_to_a_caller_by_number_digit_by_digit() -> None:
    assert chinese.greeting("1001") == "工号幺零零幺，为您服务。"


def test_an_agent_is_told_the_queue_and_roughly_how_long_the_caller_waited() -> None:
    assert chinese.briefing("客服", timedelta(seconds=155)) == "客服，已等待两分钟。"
    assert chinese.briefing("客服", timedelta(seconds=5.7)) == "客服，已等待五秒。"


def test_a_wait_too_long_to_be_said_is_said_as_the_longest() -> None:
    assert chinese.briefing("客服", timedelta(days=900))
