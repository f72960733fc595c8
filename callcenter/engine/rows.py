"""What a live screen sees of calls, queues and agents: plain rows, complete in themselves."""

from datetime import datetime
from typing import Any

from callcenter.core.acd.agent_state import Activity, AgentRow
from callcenter.core.acd.queue import Line
from callcenter.core.calls.phases import (
    Agreed,
    Call,
    Connected,
    Ended,
    Greeting,
    InFlow,
    Kept,
    Leaving,
    Offered,
    Phase,
    Queued,
    Reaching,
)
from callcenter.core.facts.calls import Callback
from callcenter.core.ivr.flow import GIVEN
from callcenter.core.ivr.interpreter import QueueLook

Row = dict[str, Any]


def agent_row(agent: AgentRow) -> Row:
    """One agent: what they asked for, what we are doing with them, and since when."""
    held = agent.engagement
    return {
        "presence": agent.presence.value,
        "reason": agent.pause_reason,
        "presence_since": _when(agent.presence_since),
        "pause_until": _when(agent.pause_until),
        "activity": agent.activity.value,
        "activity_until": _when(
            held.until if held and held.activity is Activity.WRAPPING else None
        ),
        "activity_since": _when(held.since if held else agent.idle_since),
        "call": held.call if held else None,
        "filed": held.filed if held else "",
        "queue": held.queue if held else None,
        "device": agent.device.partition(":")[0],
        "reachable": agent.reachable,
        "queues": list(agent.queues),
    }


def queue_row(line: Line) -> Row:
    """One queue: who waits, how long, and how many could serve them now."""
    first = line.entries[0] if line.entries else None
    return {
        "waiting": len(line.entries),
        "longest_since": _when(first.enqueued_at if first else None),
        "free": len(line.free),
    }


def queue_look(line: Line | None) -> QueueLook:
    """The same for a flow that asks before it lets a caller in; a queue that is gone has nobody."""
    return QueueLook(*line.look()) if line else QueueLook(0, 0, 0)


def call_row(call: Call) -> Row:
    """One call: who, where it came in, and where it is now."""
    return {
        "ani": call.ani,
        "name": call.name,
        "dnis": call.dnis,
        "first_dialled": call.first_dialled,
        "language": call.language,
        "arrived_at": _when(call.arrived_at),
        "customer": call.known.customer,
        "tier": call.known.tier,
        "collected": {name: value for name, value in call.variables if name not in GIVEN},
        **_phase_row(call.phase),
    }


def _phase_row(phase: Phase) -> Row:
    match phase:
        case InFlow(cursor=cursor):
            return {"phase": "in-flow", "flow": cursor.flow, "node": cursor.node}
        case Queued(queue=queue, since=since):
            return {"phase": "queued", "queue": queue, "since": _when(since)}
        case Offered(place=place, rings=rings):
            waiting = {"queue": place.queue, "since": _when(place.since)}
            rung = [ring.agent for ring in rings]
            return {"phase": "offered", **waiting, "agent": rung[0], "also_rung": rung[1:]}
        case Greeting(place=place, ring=ring):
            waiting = {"queue": place.queue, "since": _when(place.since)}
            return {"phase": "greeting", **waiting, "agent": ring.agent}
        case Agreed(callback=callback) | Kept(callback=callback) | Reaching(callback=callback):
            return _callback_row(phase, callback)
        case Connected(agent=agent, since=since):
            return {"phase": "connected", "agent": agent, "since": _when(since)}
        case Leaving():
            return {"phase": "leaving"}
        case Ended(outcome=outcome):
            return {"phase": "ended", "outcome": outcome.value}


def _callback_row(phase: Agreed | Kept | Reaching, callback: Callback) -> Row:
    """Where the place is that is kept, how often they were called already, and until when that goes on."""
    row: Row = {"queue": callback.queue, "since": _when(callback.since)}
    row["callback_number"], row["expires_at"] = callback.number, _when(callback.expires_at)
    match phase:
        case Agreed():
            return {"phase": "agreed", **row}
        case Kept(in_queue=in_queue, attempts=attempts, until=until, rings=rings):
            rung = [ring.agent for ring in rings]
            later = None if in_queue else _when(until)
            who = {"agent": rung[0] if rung else None, "also_rung": rung[1:]}
            return {"phase": "kept", **row, "attempts": attempts, "not_before": later, **who}
        case Reaching(attempt=attempt, agent=agent, rings=rings):
            held = agent or next((ring.agent for ring in rings), None)
            return {"phase": "reaching", **row, "attempts": attempt, "agent": held}


def _when(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
