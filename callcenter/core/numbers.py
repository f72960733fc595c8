"""Phone numbers as they come from the outside, made safe and comparable.

What a carrier or an attacker puts into a SIP header is text without any promise. `clean` makes it
short and harmless, `normalise` turns what is a phone number into E.164. Nothing here raises: a
number that cannot be understood is kept as its harmless characters, since the caller behind it is
still a caller.
"""

import re
from functools import lru_cache

import phonenumbers

ANONYMOUS = "anonymous"
LONGEST = 40  # E.164 has 15 digits; extensions and SIP names need some more
LONGEST_NAME = 80
SHORT = (
    6  # up to so many digits without a + are an extension or a short code, not a national number
)

_NOT_NUMBER = re.compile(r"[^0-9A-Za-z+*#._-]")
_LETTER = re.compile(r"[A-Za-z]")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffd]"
)
_WITHHELD = frozenset(
    {"", "anonymous", "restricted", "unavailable", "unknown", "private", "asterisk"}
)


def clean(raw: str) -> str:
    """The harmless characters of a dialled or calling number, at most `LONGEST` of them."""
    return _NOT_NUMBER.sub("", raw[: LONGEST * 4])[:LONGEST]


def clean_name(raw: str) -> str:
    """A display name without control and direction characters, at most `LONGEST_NAME` long.

    Markup stays as it is: escaping belongs to whoever shows it.
    """
    return _CONTROL.sub("", raw[: LONGEST_NAME * 4])[:LONGEST_NAME].strip()


def is_region(text: str) -> bool:
    """Whether `normalise` can read numbers as they are dialled there; elsewhere it leaves them alone."""
    return text in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=16_384)
def normalise(raw: str, region: str) -> str:
    """E.164 where `raw` is a possible number dialled in `region`; else its harmless characters.

    A withheld number is `ANONYMOUS`.
    """
    number = clean(raw)
    if number.lower() in _WITHHELD:
        return ANONYMOUS
    if number.isdecimal() and len(number) <= SHORT:
        return number
    if _LETTER.search(number):
        return number  # a SIP name; read as a vanity number it would be somebody else's
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
