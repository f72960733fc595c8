"""Whom we may call, and when: people who do not want it, and hours by the called party's own clock.

Where a number may be in several time zones, it must be a fit hour in all of them; where nobody knows
which, it is never one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.core.calendar import Calendar
from callcenter.core.numbers import normalise

# Hours of different zones meet after a few steps, or never.
_TRIES: Final = 20


class Bar(StrEnum):
    """Why somebody may not be called now."""

    DO_NOT_CALL = "do-not-call"
    HOURS = "hours"
    NOWHERE = "nowhere"  # no telephone number, or nobody knows what time it is there


@dataclass(frozen=True, slots=True)
class Verdict:
    """`bar` None: they may be called now. `at`: when they may, if ever."""

    bar: Bar | None
    at: datetime | None


def may_call(number: str, now: datetime, hours: Calendar, *, is_forbidden: bool) -> Verdict:
    """Whether a number (E.164) may be called now, and else when."""
    if is_forbidden:
        return Verdict(Bar.DO_NOT_CALL, None)
    zones = zones_of(number)
    if not zones:
        return Verdict(Bar.NOWHERE, None)
    at = _fit(now, [replace(hours, zone=zone) for zone in zones])
    return Verdict(None if at == now else Bar.HOURS, at)


def may_call_until(number: str, now: datetime, hours: Calendar) -> datetime | None:
    """When it ceases to be a fit hour for a number that may be called now; None: not within a week."""
    ends = [replace(hours, zone=zone).next_close(now) for zone in zones_of(number)]
    return min((end for end in ends if end is not None), default=None)


def as_called(text: str, region: str) -> str | None:
    """A number as it is called (E.164), if it can be; `region` is where it is written like that."""
    number = normalise(text, region)
    return number if number.startswith("+") and zones_of(number) else None


@lru_cache(maxsize=4096)
def zones_of(number: str) -> tuple[ZoneInfo, ...]:
    """Where a number may be; empty for what is none, or may be anywhere."""
    # Here and not above: it reads all prefixes of the world, and few starts need it.
    import phonenumbers
    from phonenumbers import timezone

    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(number, None))
        return tuple(ZoneInfo(name) for name in names if name != "Etc/Unknown")
    except (phonenumbers.NumberParseException, ZoneInfoNotFoundError):
        return ()


def _fit(now: datetime, calendars: list[Calendar]) -> datetime | None:
    """The first moment from now on at which all are open."""
    at = now
    for _ in range(_TRIES):
        opens = [calendar.next_open(at) for calendar in calendars]
        known = [one for one in opens if one is not None]
        if len(known) < len(opens):
            return None
        if max(known) == at:
            return at
        at = max(known)
    return None
