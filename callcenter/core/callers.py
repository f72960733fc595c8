"""What is known of a caller before the first word, and what follows from it.

A customer is somebody with numbers whom the centre knows: what they need, whose they are, how much sooner
they come. A listed number is blocked, slowed down (grey) or favoured (VIP), for a reason and perhaps for a
time. The call carries what was known when it came, so that what follows can be decided again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from callcenter.core.facts.calls import Known


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
