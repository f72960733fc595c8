"""What of the live state an actor may see: everything, or the rows that are their own."""

from typing import Any

from callcenter.core.access import Action, Actor, Reach, reach
from callcenter.ports.feed import Change


def own_rows(actor: Actor, change: Change) -> Change | None:
    """All rows for those who may watch everybody; an agent sees their own row and their own calls.

    A call that stops being theirs is told as gone. That needs no memory of what was shown: whatever
    takes a call from an agent touches the agent's own row in the same change.
    """
    match reach(actor, Action.WATCH_LIVE):
        case Reach.ALL:
            return change
        case Reach.OWN if actor.agent_id is not None:
            return _of_agent(actor.agent_id, change)
        case _:
            return None


def _of_agent(agent: str, change: Change) -> Change | None:
    calls: dict[str, Any] = {
        call: row
        for call, row in change.get("calls", {}).items()
        if row is not None and row.get("agent") == agent
    }
    agents = change.get("agents", {})
    if agent not in agents:
        return {"calls": calls} if calls else None
    for call in change.get("calls", {}):
        calls.setdefault(call, None)
    return {"agents": {agent: agents[agent]}, "calls": calls}
