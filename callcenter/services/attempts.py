"""How often a password may be tried.

Attempts are counted before the password is looked at and given back when it was right, so that a
thousand guesses sent at once are a thousand attempts. Two counts hold: one per name and address, so
that a stranger cannot lock a person out from elsewhere, and a wide one per address, so that one
guess each at many names is noticed too. What is remembered is bounded; the oldest goes first.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar, Final

from callcenter.ports.problems import TryLater

PER_NAME: Final = 5
PER_ADDRESS: Final = 200  # An office behind one address signs in at the same minute.
WITHIN: Final = timedelta(minutes=15)
REMEMBERED: Final = 20_000

_Key = tuple[str, str]


class TooManyAttempts(TryLater):
    code = "too-many-attempts"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Too many attempts. Wait before you try again.",
        "zh": "尝试次数过多，请稍后再试。",
    }

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.retry_after_seconds = max(1, ceil(wait.total_seconds()))


class Attempts:
    """Attempts not known to be right, by who and from where. Time is an argument."""

    def __init__(
        self,
        *,
        per_name: int = PER_NAME,
        per_address: int = PER_ADDRESS,
        within: timedelta = WITHIN,
        remembered: int = REMEMBERED,
    ) -> None:
        self._per_name = per_name
        self._per_address = per_address
        self._within = within
        self._remembered = remembered
        self._tried: OrderedDict[_Key, deque[datetime]] = OrderedDict()

    def count(self, name: str, address: str, now: datetime) -> None:
        """Count one attempt that is about to be made. Raises: TooManyAttempts, counting nothing."""
        self._check(self._recent((name, address), now), self._per_name, now)
        self._check(self._recent(("", address), now), self._per_address, now)
        for key in ((name, address), ("", address)):
            self._tried.setdefault(key, deque()).append(now)
            self._tried.move_to_end(key)
        while len(self._tried) > self._remembered:
            self._tried.popitem(last=False)

    def forgive(self, name: str, address: str) -> None:
        """The attempt was right: the name starts afresh, the address gets its one attempt back."""
        self._tried.pop((name, address), None)
        wide = self._tried.get(("", address))
        if wide:
            wide.pop()

    def _recent(self, key: _Key, now: datetime) -> deque[datetime]:
        tried = self._tried.get(key)
        if tried is None:
            return deque()
        # Attempts in the future are from before the clock was set back: they would count for as long.
        while tried and not now - self._within < tried[0] <= now:
            tried.popleft()
        return tried

    def _check(self, recent: deque[datetime], limit: int, now: datetime) -> None:
        if len(recent) >= limit:
            raise TooManyAttempts(recent[0] + self._within - now)
