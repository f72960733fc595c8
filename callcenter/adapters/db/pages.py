"""Pages of what grows for ever, newest first: a page begins below the place of the last row before it."""

from datetime import datetime
from typing import Final

from callcenter.core.errors import Invalid

LARGEST_PAGE: Final = 500


def place(at: datetime, row_id: str) -> str:
    """Where a row stands: what the next page is asked for with."""
    return f"{at.isoformat()} {row_id}"


def read_place(text: str) -> tuple[datetime, str]:
    """The inverse of `place`. Raises: Invalid."""
    moment, _, row_id = text.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("older: give it as the page before gave it")
    return at, row_id
