"""A live screen: takes a snapshot once and applies every change to it, as the page does."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from callcenter.ports.feed import LiveFeed


class Screen:
    """What somebody sees who watches `feed`; `read` lets what was published arrive."""

    def __init__(self, feed: LiveFeed, loop: asyncio.AbstractEventLoop) -> None:
        number, rows = feed.snapshot()
        self.rows = {kind: dict(of_kind) for kind, of_kind in rows.items()}
        self._loop = loop
        self._task = loop.create_task(self._watch(feed, number))

    def read(self) -> None:
        """Catch up."""
        for _ in range(2):
            self._loop.run_until_complete(asyncio.sleep(0))
        if self._task.done():
            self._task.result()

    def close(self) -> None:
        """Look away."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    async def _watch(self, feed: LiveFeed, after: int) -> None:
        async for _, change in feed.follow(after):
            apply(self.rows, change)


def apply(rows: dict[str, dict[str, Any]], change: Mapping[str, Any]) -> None:
    """Put whole rows in place of what was there; None takes a row away."""
    for kind, of_kind in change.items():
        for key, row in of_kind.items():
            if row is None:
                rows[kind].pop(key, None)
            else:
                rows[kind][key] = row
