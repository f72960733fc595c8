"""What is known of a caller before the first word, and what follows from it.

A customer is somebody with numbers whom the centre knows: what they need, whose they are, how much sooner
they come. A listed number is blocked, slowed down (grey) or favoured (VIP), for a reason and perhaps for a
time. The call carries what was known when it came, so that what follows can be decided again.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from callcenter.core.facts.calls import Known
from callcenter.core.numbers import ANONYMOUS

REPEATED: Final = "repeated"
"""Why a call is turned away whose number called too often of late."""


class Repeats:
    """Which numbers call too often: `calls` are taken within `within`, what comes beyond is not, and does
    not count either, so that nobody is kept out for longer than that. Callers without a number are many
    people. `numbers` are remembered at most, those that called longest ago forgotten first."""

    def __init__(self, calls: int, within: timedelta, numbers: int = 20_000) -> None:
        self._calls = calls
        self._within = within
        self._numbers = numbers
        self._taken: OrderedDict[str, deque[datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken)

    def is_too_often(self, number: str, at: datetime) -> bool:
        """Whether a call of this number is one too many; if not, it is one more."""
        if not self._calls or number == ANONYMOUS:
            return False
        taken = self._taken.setdefault(number, deque(maxlen=self._calls))
        self._taken.move_to_end(number)
        if len(self._taken) > self._numbers:
            self._taken.popitem(last=False)
        if len(taken) == self._calls and at - taken[0] < self._within:
            return True
        taken.append(at)
        return False


class ListKind(StrEnum):
    """What is done with callers of a listed number."""

    BLOCK = "block"
    GREY = "grey"
    VIP = "vip"


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A number (E.164, or `anonymous`) and what is done with its callers, `until` then if that is set.
    Grey: so many calls `per_hour` are taken; VIP: a head start in seconds."""

    number: str
    kind: ListKind
    reason: str = ""
    until: datetime | None = None
    per_hour: int = 0
    head_start: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the records say of a number. `recent`: how many calls came from it within the last hour."""

    known: Known = field(default_factory=Known)
    listed: ListedNumber | None = None
    recent: int = 0


def is_vip(found: Found, at: datetime) -> bool:
    """Whether the number is favoured now."""
    listed = found.listed
    if listed is None or listed.kind is not ListKind.VIP:
        return False
    return listed.until is None or at < listed.until


def judge(found: Found, at: datetime) -> tuple[Known, str]:
    """What the call is to carry, and why it is turned away; empty: it is not."""
    listed = found.listed
    if listed is None or (listed.until is not None and listed.until <= at):
        return found.known, ""
    match listed.kind:
        case ListKind.BLOCK:
            return found.known, "blocked"
        case ListKind.GREY:
            return found.known, "too-often" if found.recent >= listed.per_hour else ""
        case ListKind.VIP:
            ahead = found.known.head_start + listed.head_start
            return replace(found.known, head_start=ahead), ""
