"""Who may decide, where engines on several machines share one lease row: what the one at work believes, and
what those who stand by have seen. Pure: moments are seconds of the reader's own clock, which must go on
while the machine sleeps, and no clock is ever compared with another one.

The row names the engine at work and is renewed each `RENEW`; its session holds a lock that the database
lets go of when the session ends. Two things end a turn:

* silence: whoever stands by has seen the row stand still for `SILENCE`, and was answered all the while;
* death: the lock was seen held, then free for `DEATH`, and the row stood still.

The one at work believes itself for `SURE` from the moment a renewal was asked for that succeeded, and for
`TORN` once it sees that its session has ended: both less than what the others wait. So while the
database answers, whoever stood still does not believe any more when another may begin.

A database that does not answer is no reason to stop: nobody else can begin without it. Each moment in
which we are awake and asking, and not answered, makes us sure for a while longer; a moment that
comes too late means that we stood still, and others may have been answered meanwhile. Where the database
answers others and not us, the switch decides: it tells us that we were replaced.
"""

from dataclasses import dataclass
from typing import Final

RENEW: Final = 0.5
"""Seconds between two renewals."""
LOOK: Final = 0.1
"""Seconds between two looks of those who stand by, and two signs of life of the one who is not answered."""
SURE: Final = 1.5
SILENCE: Final = 2.0
TORN: Final = 0.35
DEATH: Final = 0.5
_UNBROKEN: Final = 0.6
"""Looks that are further apart are two watches: what happened between them is not known."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """The lease as it stands in the database. `stamp` changes with each renewal and means nothing else;
    `journal` is the one in which the holder writes; `has_session`: whether the holder's is open."""

    epoch: int
    holder: str
    host: str
    journal: str
    stamp: str
    age_seconds: float
    has_session: bool

    @property
    def is_free(self) -> bool:
        """Whether it was given back, or never taken."""
        return not self.holder


class Lead:
    """What the engine at work believes of itself. It begins with a lease taken at `began`."""

    def __init__(self, began: float) -> None:
        self.sure_until = began + SURE
        self.is_lost = False
        self._renewed = self._seen_open = began
        self._is_torn = False

    def may_act(self, now: float) -> bool:
        """Whether anything may still be done in the centre's name."""
        return not self.is_lost and now <= self.sure_until

    def age(self, now: float) -> float:
        """Seconds since the renewal that was last confirmed was asked for."""
        return now - self._renewed

    def renewed(self, began: float) -> None:
        """It is still ours, says the answer to what was asked at `began`."""
        self._renewed = self._seen_open = began
        self.sure_until = max(self.sure_until, began + SURE)
        self._is_torn = False

    def lost(self) -> None:
        """It is another's."""
        self.is_lost = True

    def session_open(self, now: float) -> None:
        """The session that holds the lock is there."""
        self._seen_open = now

    def session_ended(self, now: float) -> None:
        """It is not: the others begin soon, unless we are heard."""
        if not self._is_torn and self.may_act(now):
            self._is_torn = True
            self.sure_until = min(self.sure_until, self._seen_open + TORN)

    def unanswered(self, now: float) -> None:
        """We are awake, have asked, and wait."""
        self._go_on(now, TORN if self._is_torn else SURE)

    def database_away(self, now: float) -> None:
        """We have asked, and the database cannot be reached."""
        self._go_on(now, SURE)

    def _go_on(self, now: float, seconds: float) -> None:
        if self.may_act(now):
            self.sure_until = max(self.sure_until, now + seconds)


class Watch:
    """What one who stands by has seen. `journal` is its own, on which it holds the lock."""

    def __init__(self, journal: str) -> None:
        self._journal = journal
        self._row: LeaseRow | None = None
        self._same_since = self._heard = 0.0
        self._had_session = False
        self._free_since: float | None = None

    @property
    def last(self) -> LeaseRow | None:
        """What was seen last, though it may be long ago."""
        return self._row

    def sees(self, row: LeaseRow, began: float, heard: float) -> bool:
        """Whether we may take it now, having asked at `began` and heard this at `heard`."""
        # Nobody else can be writing a journal whose lock is ours.
        if row.is_free or row.journal == self._journal:
            self._row = row
            return True
        if self._row is None or began - self._heard > _UNBROKEN:
            self._begin(row, heard)
        elif (row.epoch, row.holder, row.stamp) != _identity(self._row):
            had = self._had_session and row.epoch == self._row.epoch
            self._begin(row, heard)
            self._had_session |= had
        self._row, self._heard = row, heard
        if row.has_session:
            self._had_session, self._free_since = True, None
        elif self._had_session and self._free_since is None:
            self._free_since = heard
        is_dead = self._free_since is not None and began - self._free_since >= DEATH
        return is_dead or began - self._same_since >= SILENCE

    def unanswered(self) -> None:
        """The database did not answer: what was seen before counts no more."""
        self._heard = float("-inf")

    def _begin(self, row: LeaseRow, heard: float) -> None:
        self._same_since = heard
        self._had_session = row.has_session
        self._free_since = None


def _identity(row: LeaseRow) -> tuple[int, str, str]:
    return row.epoch, row.holder, row.stamp
