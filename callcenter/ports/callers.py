"""What is kept about callers: customers with their numbers, and numbers treated in their own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from callcenter.core.callers import Found, ListedNumber
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.ids import AgentId, QueueId


class NoSuchCustomer(NotFound):
    code = "no-such-customer"
    title: ClassVar = {"en": "There is no such customer.", "zh": "没有这位客户。"}


class NumberTaken(Conflict):
    """The number is another customer's."""

    code = "number-taken"
    title: ClassVar = {
        "en": "The number is another customer's. Take it from them first.",
        "zh": "该号码属于另一位客户，请先移除。",
    }


class NotListed(NotFound):
    code = "not-listed"
    title: ClassVar = {"en": "The number is on no list.", "zh": "该号码不在名单中。"}


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody the centre knows. `numbers` are E.164; `owner` is the agent they belong to; `tier` is the
    centre's own word for how much they matter; needs as in `core.skills`; `head_start` in seconds."""

    id: str
    name: str
    numbers: tuple[str, ...] = ()
    owner: AgentId | None = None
    tier: str = ""
    requires: str = ""
    prefers: str = ""
    head_start: float = 0.0


@dataclass(frozen=True, slots=True)
class MissedCaller:
    """Somebody who called `calls` times, from `first` to `last`, and has not talked with anybody since.
    `queue` is where they waited last, for `waited`; both None if they waited nowhere."""

    number: str
    customer: str
    calls: int
    first: datetime
    last: datetime
    queue: QueueId | None = None
    waited: timedelta | None = None


class NotMissed(NotFound):
    code = "not-missed"
    title: ClassVar = {
        "en": "Nobody with this number waits to be called back.",
        "zh": "没有该号码的待回电来电。",
    }


class MissedCallers(Protocol):
    """Each call a transaction. All may raise StoreAway."""

    async def list(self, since: datetime, limit: int) -> Sequence[MissedCaller]:
        """Those of whom a call has come since then, the last to call first."""
        ...

    async def done(self, number: str, by: str, at: datetime, since: datetime) -> None:
        """Somebody has seen to them: they are no longer missed, until they call again in vain.
        Raises: NotMissed."""
        ...


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A number that must not be called, `until` then if that is set."""

    number: str
    reason: str = ""
    until: datetime | None = None


class DoNotCall(Protocol):
    """Each call a transaction. All may raise StoreAway."""

    async def list(self) -> Sequence[Forbidden]:
        """All of them, in order of the numbers."""
        ...

    async def among(self, numbers: Sequence[str], at: datetime) -> frozenset[str]:
        """Those of these that must not be called then."""
        ...

    async def put(self, forbidden: Forbidden) -> None: ...

    async def delete(self, number: str) -> None:
        """Raises: NotListed."""
        ...


class CallerLookup(Protocol):
    """Asked before a call is answered, of whom something may be known."""

    async def numbers(self) -> frozenset[str]:
        """Every number that is a customer's or listed. Raises: StoreAway."""
        ...

    async def find(self, ani: str, at: datetime, *, talks: bool) -> Found:
        """All that is known of a number; with `talks`, whom they talked with last. Raises: StoreAway."""
        ...


class Customers(Protocol):
    """Each call a transaction. All may raise StoreAway."""

    async def find(self, customer: str) -> Customer | None: ...

    async def list(self, *, after: str, limit: int) -> Sequence[Customer]:
        """Some of them in order of their ids, those behind `after`."""
        ...

    async def put(self, customer: Customer) -> None:
        """Raises: NumberTaken, NoSuchAgent."""
        ...

    async def delete(self, customer: str) -> None:
        """Raises: NoSuchCustomer."""
        ...

    async def needing(self, skill: str) -> Sequence[str]:
        """The customers who need or prefer it."""
        ...


class ListedNumbers(Protocol):
    """Each call a transaction. All may raise StoreAway."""

    async def list(self) -> Sequence[ListedNumber]:
        """All of them, in order of the numbers."""
        ...

    async def put(self, listed: ListedNumber) -> None: ...

    async def delete(self, number: str) -> None:
        """Raises: NotListed."""
        ...
