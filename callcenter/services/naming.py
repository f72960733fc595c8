"""What may be an id, a name, a telephone number."""

import re
from typing import Final

from callcenter.core.errors import Invalid
from callcenter.core.numbers import normalise

LONGEST_NAME: Final = 80
DID: Final = re.compile(r"\+?[0-9]{2,20}")
OUTSIDE: Final = re.compile(r"\+[0-9]{6,15}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def check_id(field: str, text: str) -> None:
    """Raises: Invalid."""
    if not _ID.fullmatch(text):
        raise Invalid(f"{field}: use 1 to 40 of a-z, 0-9 and hyphens, the first no hyphen")


def check_names(name_en: str, name_zh: str) -> None:
    """Raises: Invalid."""
    for field, name in (("name_en", name_en), ("name_zh", name_zh)):
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise Invalid(f"{field}: at most {LONGEST_NAME} printable characters")
    if not name_en.strip() and not name_zh.strip():
        raise Invalid("name_en: a name is needed in at least one script")


def checked_number(field: str, text: str, allowed: re.Pattern[str], region: str) -> str:
    """The number in E.164, or as short as it is dialled. Raises: Invalid."""
    number = normalise(text, region)
    if not allowed.fullmatch(number):
        raise Invalid(
            f"{field}: not a telephone number; write it with its country code, such as +4930901820"
        )
    return number
