"""Values in Chinese, in Chinese numerals throughout.

二 or 两: counted things are 两 when there are two of them (两位, 两元, 两点, 两分钟), but not behind a
零 (零二分). In a number 两 stands at its head before 千, 万 and 亿, and 二 everywhere else. What is not
counted (ordinals, dates, digits, what stands around a decimal point) has 二.
"""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final

from callcenter.core.say import values
from callcenter.core.say.values import Currency

_DIGITS: Final = "零一二三四五六七八九"
_SIZES: Final = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十"))
_ONE_BY_ONE: Final = str.maketrans("0123456789", _DIGITS)
# 一 and 七 sound alike on a bad line.
_ON_THE_PHONE: Final = str.maketrans("0123456789+", "零幺二三四五六七八九加")
_UNITS: Final = {Currency.CNY: "元", Currency.USD: "美元", Currency.EUR: "欧元"}
_HUNDREDTHS: Final = {Currency.CNY: "分", Currency.USD: "美分", Currency.EUR: "欧分"}
_UNTIL: Final = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
_DURATIONS: Final = ("小时", "分钟", "秒")


def cardinal(number: int) -> str:
    """一百一十五, 两千, 二. Raises: Invalid."""
    return _sign(values.whole(number) < 0) + _headed(_numeral(abs(number)))


def counted(number: int, measure: str) -> str:
    """So many of something: 两位, 十二位. Raises: Invalid."""
    return ("两" if values.whole(number, 0) == 2 else cardinal(number)) + measure


def people(number: int) -> str:
    """How many are ahead of somebody. Raises: Invalid."""
    return counted(number, "位")


def ordinal(number: int) -> str:
    """第二, to which a measure word may be added. Raises: Invalid."""
    return "第" + _numeral(values.whole(number, 1))


def position(number: int) -> str:
    """The place in a queue, from 1: 第二位. Raises: Invalid."""
    return ordinal(number) + "位"


def decimal(value: Decimal) -> str:
    """三点一四; zeros at its end are not said. Raises: Invalid."""
    below, before, after = values.taken_apart(value, values.MOST_PLACES)
    return _sign(below) + _decimal(before, after)


def percent(value: Decimal) -> str:
    """百分之五十, of 50. Raises: Invalid."""
    below, before, after = values.taken_apart(value, values.MOST_PLACES)
    return f"{_sign(below)}百分之{_decimal(before, after)}"


def money(amount: Decimal, currency: Currency) -> str:
    """两元零五分, 两元五角, 五分. Raises: Invalid."""
    below, units, hundredths = values.money(amount)
    said = counted(units, _UNITS[currency]) if units or not hundredths else ""
    if currency is Currency.CNY and hundredths >= 10:
        tenths, hundredths = divmod(hundredths, 10)
        return _sign(below) + said + counted(tenths, "角") + _rest(hundredths, "分", behind=False)
    return _sign(below) + said + _rest(hundredths, _HUNDREDTHS[currency], behind=bool(said))


def digits(text: str) -> str:
    """One by one, 1 as 幺; what is written apart is said apart. Raises: Invalid."""
    return "，".join(group.translate(_ON_THE_PHONE) for group in values.digit_groups(text))


def time_of_day(at: time) -> str:
    """下午两点零二分, 中午十二点, 凌晨零点; seconds are not said."""
    part = next(name for until, name in _UNTIL if at.hour < until)
    hour = at.hour if at.hour <= 12 else at.hour - 12
    return part + counted(hour, "点") + _rest(at.minute, "分", behind=True)


def day(on: date) -> str:
    """二零二六年二月二日."""
    year = str(on.year).translate(_ONE_BY_ONE)
    return f"{year}年{_numeral(on.month)}月{_numeral(on.day)}日"


def duration(lasting: timedelta) -> str:
    """两分钟, 一小时三十分钟, 零秒. Raises: Invalid."""
    counts = zip(values.hours_minutes_seconds(lasting), _DURATIONS, strict=True)
    return "".join(counted(count, unit) for count, unit in counts if count) or "零秒"


def between(low: timedelta, high: timedelta) -> str:
    """三到五分钟, 三十秒到两分钟. Raises: Invalid."""
    shorter, longer = duration(low), duration(high)
    shared = values.shares_unit(low, high)
    if shorter == longer:
        return longer
    return f"{shorter if shared is None else counted(shared, '')}到{longer}"


def wait(least: timedelta, most: timedelta) -> str:
    """Between what a wait will still be: 预计还需等待两到四分钟。 Raises: Invalid."""
    said = between(least, most) if least else f"不到{duration(most)}"
    return f"预计还需等待{said}。"


def greeting(number: str) -> str:
    """An agent by their number: 工号幺零零幺，为您服务。 Raises: Invalid."""
    return f"工号{digits(number)}，为您服务。"


def briefing(queue: str, waited: timedelta) -> str:
    """To an agent, of the caller they are given: 客服，已等待两分钟。"""
    return f"{queue}，已等待{duration(values.roughly(waited))}。"


def _numeral(number: int) -> str:
    """With 二 throughout. At the head 十 stands without 一: 十五, 一百一十五."""
    read = _read(number)
    return read[1:] if read.startswith("一十") else read


def _read(number: int) -> str:
    for size, name in _SIZES:
        if number >= size:
            head, rest = divmod(number, size)
            # A gap between two digits is one 零, however long it is.
            gap = "零" if 0 < rest < size // 10 else ""
            return _read(head) + name + gap + (_read(rest) if rest else "")
    return _DIGITS[number]


def _headed(numeral: str) -> str:
    return "两" + numeral[1:] if numeral[:2] in {"二千", "二万", "二亿"} else numeral


def _decimal(before: int, after: str) -> str:
    digits = after.rstrip("0").translate(_ONE_BY_ONE)
    return cardinal(before) + (f"点{digits}" if digits else "")


def _rest(number: int, unit: str, *, behind: bool) -> str:
    """The smaller unit, where there is any of it; one digit `behind` a larger unit has a 零 before it."""
    if not number:
        return ""
    return f"零{_DIGITS[number]}{unit}" if behind and number < 10 else counted(number, unit)


def _sign(below: bool) -> str:
    return "负" if below else ""
