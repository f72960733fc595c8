"""Values in English, in words throughout.

American usage, as the voice is: no "and" inside a number (one hundred two), which is kept for what
joins two units (two dollars and five cents). Nothing is abbreviated: engines read "a.m." as they like.
"""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final

from callcenter.core.say import values
from callcenter.core.say.values import Currency

_SMALL: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = (
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_SIZES: Final = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1000, "thousand"),
    (100, "hundred"),
)
_IRREGULAR: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_UNITS: Final = {
    Currency.USD: (("dollar", "dollars"), ("cent", "cents")),
    Currency.EUR: (("euro", "euros"), ("cent", "cents")),
}
_UNTIL: Final = (
    (1, "at night"),
    (12, "in the morning"),
    (18, "in the afternoon"),
    (22, "in the evening"),
    (24, "at night"),
)
_DURATIONS: Final = (("hour", "hours"), ("minute", "minutes"), ("second", "seconds"))


def cardinal(number: int) -> str:
    """one hundred two, minus two thousand. Raises: Invalid."""
    return _sign(values.whole(number) < 0) + _numeral(abs(number))


def counted(number: int, one: str, more: str) -> str:
    """So many of something: one minute, two minutes. Raises: Invalid."""
    return f"{_numeral(values.whole(number, 0))} {one if number == 1 else more}"


def people(number: int) -> str:
    """How many are ahead of somebody. Raises: Invalid."""
    return counted(number, "person", "people")


def ordinal(number: int) -> str:
    """second, twenty-first. Raises: Invalid."""
    words = _numeral(values.whole(number, 1))
    last = words.replace("-", " ").split()[-1]
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return words.removesuffix(last) + _IRREGULAR.get(last, regular)


def position(number: int) -> str:
    """The place in a queue, from 1: second in line. Raises: Invalid."""
    return f"{ordinal(number)} in line"


def decimal(value: Decimal) -> str:
    """three point one four; zeros at its end are not said. Raises: Invalid."""
    below, before, after = values.taken_apart(value, values.MOST_PLACES)
    return _sign(below) + _decimal(before, after.rstrip("0"))


def percent(value: Decimal) -> str:
    """fifty percent, of 50. Raises: Invalid."""
    return f"{decimal(value)} percent"


def money(amount: Decimal, currency: Currency) -> str:
    """two dollars and five cents; two point zero five yuan, as jiao and fen mean nothing in English.

    Raises: Invalid.
    """
    below, units, hundredths = values.money(amount)
    if currency is Currency.CNY:
        after = f"{hundredths:02}" if hundredths else ""
        return f"{_sign(below)}{_decimal(units, after)} yuan"
    large, small = _UNITS[currency]
    said = [counted(units, *large)] if units or not hundredths else []
    if hundredths:
        said.append(counted(hundredths, *small))
    return _sign(below) + " and ".join(said)


def digits(text: str) -> str:
    """One by one; what is written apart is said apart. Raises: Invalid."""
    return ", ".join(_one_by_one(group) for group in values.digit_groups(text))


def time_of_day(at: time) -> str:
    """two oh two in the afternoon, two o'clock in the morning, noon, midnight; seconds are not said."""
    if not at.minute and at.hour % 12 == 0:
        return "noon" if at.hour else "midnight"
    part = next(name for until, name in _UNTIL if at.hour < until)
    minutes = _two_digits(at.minute, none="o'clock")
    return f"{_SMALL[at.hour % 12 or 12]} {minutes} {part}"


def day(on: date) -> str:
    """February second, twenty twenty-six."""
    return f"{_MONTHS[on.month - 1]} {ordinal(on.day)}, {_year(on.year)}"


def duration(lasting: timedelta) -> str:
    """two minutes, one hour and thirty minutes, zero seconds. Raises: Invalid."""
    counts = zip(values.hours_minutes_seconds(lasting), _DURATIONS, strict=True)
    *first, last = [counted(count, *unit) for count, unit in counts if count] or ["zero seconds"]
    return f"{', '.join(first)} and {last}" if first else last


def between(low: timedelta, high: timedelta) -> str:
    """three to five minutes, thirty seconds to two minutes. Raises: Invalid."""
    shorter, longer = duration(low), duration(high)
    shared = values.shares_unit(low, high)
    if shorter == longer:
        return longer
    return f"{shorter if shared is None else _numeral(shared)} to {longer}"


def wait(least: timedelta, most: timedelta) -> str:
    """Between what it will still be: Your wait will probably be two to four minutes. Raises: Invalid."""
    said = f"less than {duration(most)}" if not least else between(least, most)
    return f"Your wait will probably be {said}."


def greeting(number: str) -> str:
    """An agent by their number: Agent one zero zero one is at your service. Raises: Invalid."""
    return f"Agent {digits(number)} is at your service."


def briefing(queue: str, waited: timedelta) -> str:
    """To an agent, of the caller they are given: support, waited two minutes."""
    return f"{queue}, waited {duration(values.roughly(waited))}."


def _numeral(number: int) -> str:
    for size, name in _SIZES:
        if number >= size:
            head, rest = divmod(number, size)
            return f"{_numeral(head)} {name}" + (f" {_numeral(rest)}" if rest else "")
    if number < 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]


def _year(year: int) -> str:
    """In two halves, but for those that begin a thousand: nineteen hundred, two thousand five."""
    century, rest = divmod(year, 100)
    if not century or (century % 10 == 0 and rest < 10):
        return _numeral(year)
    return f"{_numeral(century)} {_two_digits(rest, none='hundred')}"


def _two_digits(number: int, none: str) -> str:
    if not number:
        return none
    return f"oh {_SMALL[number]}" if number < 10 else _numeral(number)


def _decimal(before: int, after: str) -> str:
    return _numeral(before) + (f" point {_one_by_one(after)}" if after else "")


def _one_by_one(digits: str) -> str:
    return " ".join("plus" if c == "+" else _SMALL[int(c)] for c in digits)


def _sign(below: bool) -> str:
    return "minus " if below else ""
