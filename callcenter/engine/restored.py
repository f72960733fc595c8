"""An agent's state as one fact, for the head of a new segment."""

from datetime import datetime

from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.facts.agents import AgentRestored


def restored(row: AgentRow, at: datetime) -> AgentRestored:
    """All that a start has to know of them at `at`."""
    wrapping = row.engagement if row.activity is Activity.WRAPPING else None
    return AgentRestored(
        at,
        row.id,
        row.device,
        row.presence,
        row.pause_reason,
        row.presence_since,
        row.reachable,
        row.idle_since,
        row.misses,
        row.rest_until,
        wrapping.until if wrapping else None,
        wrapping.call if wrapping else None,
        wrapping.queue if wrapping else None,
        wrapping.since if wrapping else None,
        row.failures,
        row.offered_at,
        row.calls,
        row.talked.total_seconds(),
        row.pause_until,
        wrapping.filed if wrapping else "",
    )
