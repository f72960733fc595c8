"""What of the live state an actor may see: everything, or the rows that are their own."""

from collections.abc import Mapping
from typing import Any

from callcenter.core.access import Action, Actor, Reach, reach
from callcenter.core.ids import AgentId
from callcenter.ports.feed import Change


def own_rows(actor: Actor, change: Change) -> Change | None:
    """All rows for those who may watch everybody; an agent sees their own row and their own calls.

    A call that stops being theirs is told as gone: whatever takes a call from an agent touches the
    agent's own row in the same change. Which of the calls in it was theirs is not known here, so that
    `Shown` has the last word about what is told.
    """
    match reach(actor, Action.WATCH_LIVE):
        case Reach.ALL:
            return change
        case Reach.OWN if actor.agent_id is not None:
            return _of_agent(actor.agent_id, change)
        case _:
            return None


class Shown:
    """What one screen has been shown since its snapshot: nobody is told that a row is gone which they
    never saw, since a bare id says that somebody called."""

    def __init__(self) -> None:
        self._rows: set[tuple[str, str]] = set()

    def tell(self, seen: Change) -> Change | None:
        """The change without what the screen need not know; None if nothing is left."""
        told: dict[str, dict[str, Any]] = {}
        for kind, rows in seen.items():
            news = {
                key: row
                for key, row in rows.items()
                if row is not None or (kind, key) in self._rows
            }
            if news:
                told[kind] = news
            self._rows.update((kind, key) for key, row in news.items() if row is not None)
            self._rows.difference_update((kind, key) for key, row in news.items() if row is None)
        return told or None


def whose(row: Mapping[str, Any], asker: AgentId | None) -> AgentId | None:
    """The agent whose call this is: the one who asks, if it is theirs too."""
    return asker if asker in row.get("also_rung", ()) else row.get("agent")


def _of_agent(agent: str, change: Change) -> Change | None:
    calls: dict[str, Any] = {
        call: row
        for call, row in change.get("calls", {}).items()
        if row is not None and whose(row, AgentId(agent)) == agent
    }
    agents = change.get("agents", {})
    if agent not in agents:
        return {"calls": calls} if calls else None
    for call in change.get("calls", {}):
        calls.setdefault(call, None)
    return {"agents": {agent: agents[agent]}, "calls": calls}
