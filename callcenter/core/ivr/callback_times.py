"""How long a callback may take: what a flow may say of it, and what holds where it says nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.reading import Path, Reader

_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
# Field: the unit, the least and the most of it, and what is usual.
_LIMITS: Final = {
    "ring_seconds": (_SECOND, 10, 120, 30),
    "retry_minutes": (_MINUTE, 1, 1440, 10),
    "expires_hours": (_HOUR, 1, 96, 24),
}
CALLBACK_TIMES: Final = tuple(_LIMITS)


def callback_times(
    reader: Reader, fields: Mapping[str, object], path: Path
) -> tuple[timedelta, timedelta, timedelta]:
    """How long the caller's phone rings, how long until the next attempt, and until it is given up."""
    ring_for, retry_after, expires_after = (
        _time(reader, fields, path, name) for name in CALLBACK_TIMES
    )
    return ring_for, retry_after, expires_after


def _time(reader: Reader, fields: Mapping[str, object], path: Path, name: str) -> timedelta:
    unit, least, most, usual = _LIMITS[name]
    said = reader.number(fields.get(name, usual), (*path, name), least=least, most=most)
    return (usual if said is None else said) * unit
