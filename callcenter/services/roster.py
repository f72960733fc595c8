"""Who takes calls, kept where those find it who carry callers while no engine does."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from callcenter.core.facts.agents import Presence
from callcenter.core.ids import AgentId
from callcenter.engine.api import Door
from callcenter.ports.feed import Gap

logger = logging.getLogger(__name__)

# Several changes in a moment are one: each costs the disk something.
_TOGETHER: Final = timedelta(seconds=0.2)

Write = Callable[[Collection[AgentId]], None]


async def keep_roster(door: Door, write: Write) -> None:
    """Call `write` with those who are ready at one of our phones, now and at each change, for ever."""
    while True:
        number, rows = door.snapshot()
        ready = {AgentId(agent) for agent, row in rows["agents"].items() if _takes_calls(row)}
        await _written(write, ready)
        try:
            async for _, changed in door.follow(number):
                before = frozenset(ready)
                for agent, row in changed.get("agents", {}).items():
                    (ready.add if _takes_calls(row) else ready.discard)(AgentId(agent))
                if ready != before:
                    await _written(write, ready)
                await asyncio.sleep(_TOGETHER.total_seconds())
        except Gap:
            continue


def _takes_calls(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["device"] == "sip" and row["presence"] == Presence.READY.value


async def _written(write: Write, ready: Collection[AgentId]) -> None:
    try:
        await asyncio.to_thread(write, frozenset(ready))
    except OSError as error:
        # The next change tries again. Nobody loses anything as long as we live.
        logger.exception("who is ready cannot be kept", extra={"why": error.strerror or ""})
