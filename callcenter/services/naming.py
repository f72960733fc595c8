"""What may be an id, and what may be a name."""

import re
from typing import Final

from callcenter.core.errors import Invalid

LONGEST_NAME: Final = 80
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
