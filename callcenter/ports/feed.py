"""What live screens ask of the engine: the whole picture once, then every change by its number."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol


class Gap(Exception):
    """The changes asked for are no longer kept: take a fresh snapshot. Slow readers meet it."""


Change = Mapping[str, Any]


class LiveFeed(Protocol):
    def snapshot(self) -> tuple[int, Change]:
        """The state as it is, and the number of the last change in it."""
        ...

    def follow(self, after: int) -> AsyncIterator[tuple[int, Change]]:
        """What a snapshot numbered `after` may lack, in order, as it happens.

        All that has changed since the last pull comes as one change, with the number of the newest.
        The change numbered `after` itself may come again: a change is the rows as they are after
        it, so taking it twice does no harm.

        The reader pulls; nothing is buffered for it beyond the feed's own ring. Raises: Gap, at the
        first pull or at any later one, when the ring has moved past the reader.
        """
        ...
