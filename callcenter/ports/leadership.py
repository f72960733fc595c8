"""The lease row, as those see it who take turns by it."""

from typing import Protocol

from callcenter.core.leadership import LeaseRow


class LeaseBook(Protocol):
    """One engine's way to the lease row. All may raise StoreAway; then nothing is known of what was
    asked for: it may have been done."""

    async def look(self) -> LeaseRow:
        """The row as it is."""
        ...

    async def take(self, seen: LeaseRow) -> int | None:
        """Make it ours if it is still as it was seen: the new epoch; None if it is not. The row names the
        former holder's journal until `settle`."""
        ...

    async def settle(self, journal: str) -> None:
        """From now on all that is needed to go on stands in this journal."""
        ...

    async def renew(self) -> bool:
        """Renew it, with the lock if the session is a new one; False if it is another's."""
        ...

    async def release(self) -> None:
        """Give it back, if it is ours."""
        ...

    @property
    def has_session(self) -> bool:
        """Whether the session is open, as far as this machine knows this very moment."""
        ...
