"""Values taken apart before they are said, and the bounds within which they can be said.

No refusal repeats the value: a balance or a phone number is personal.
"""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from callcenter.core.errors import Invalid

LARGEST: Final = 10**15 - 1
MOST_PLACES: Final = 9
MOST_DIGITS: Final = 40
TOO_MANY_HOURS: Final = 1000

_SEPARATORS: Final = " -./()"
_SAYABLE: Final = frozenset("0123456789+")


class Currency(StrEnum):
    CNY = "CNY"
    USD = "USD"
    EUR = "EUR"


def whole(number: int, least: int = -LARGEST) -> int:
    """The number, if it can be said. Raises: Invalid."""
    if not least <= number <= LARGEST:
        raise Invalid(f"say: a number should be from {least} to {LARGEST}")
    return number


def taken_apart(value: Decimal, places: int) -> tuple[bool, int, str]:
    """Whether it is below zero, what stands before the point, and so many digits after it.

    Raises: Invalid.
    """
    if not value.is_finite() or abs(value) > LARGEST:
        raise Invalid(f"say: a number should be from {-LARGEST} to {LARGEST}")
    exact = value.quantize(Decimal(1).scaleb(-places))
    if exact != value:
        raise Invalid(f"say: a number should have at most {places} digits after the point")
    before, _, after = f"{abs(exact):f}".partition(".")
    return exact < 0, int(before), after


def money(amount: Decimal) -> tuple[bool, int, int]:
    """Whether it is below zero, the whole units, and the hundredths. Raises: Invalid."""
    below, units, hundredths = taken_apart(amount, 2)
    return below, units, int(hundredths)


def digit_groups(text: str) -> list[str]:
    """The digits of a phone, order or code number, as they are written together. Raises: Invalid."""
    groups = "".join(" " if c in _SEPARATORS else c for c in text).split()
    said = "".join(groups)
    if not said or not _SAYABLE.issuperset(said):
        raise Invalid(f"say: a code should be of digits and +, between them any of '{_SEPARATORS}'")
    if len(said) > MOST_DIGITS:
        raise Invalid(f"say: a code should have at most {MOST_DIGITS} digits")
    return groups


def hours_minutes_seconds(duration: timedelta) -> tuple[int, int, int]:
    """What has begun of a second is left out. Raises: Invalid."""
    if not timedelta() <= duration < timedelta(hours=TOO_MANY_HOURS):
        raise Invalid(f"say: a duration should not be below zero, and below {TOO_MANY_HOURS} hours")
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return *divmod(minutes, 60), seconds


def shares_unit(low: timedelta, high: timedelta) -> int | None:
    """How much `low` has of the unit, where both are of one unit, and the same: it need be said only once.

    Raises: Invalid, where `low` is the longer one.
    """
    if low > high:
        raise Invalid("say: a bracket should begin with its shorter duration")
    both = zip(hours_minutes_seconds(low), hours_minutes_seconds(high), strict=True)
    used = [least for least, most in both if least or most]
    return used[0] if len(used) == 1 else None


def roughly(lasting: timedelta) -> timedelta:
    """As somebody who has a second to listen is told it: whole minutes, or seconds below one; never more
    than can be said."""
    longest = timedelta(hours=TOO_MANY_HOURS) - timedelta(minutes=1)
    told = min(max(lasting, timedelta()), longest)
    minute = timedelta(minutes=1)
    unit = minute if told >= minute else timedelta(seconds=1)
    return told // unit * unit
