"""What a replay left hanging: the engine died in the middle of a burst, or the flows and queues in
force are not those under which the facts were written.

Call and floor must agree before the first offer is made. Where they do not, the facts that are missing
are named here; they are journalled and heard like any other.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from callcenter.core.acd.agent_state import Activity
from callcenter.core.acd.floor import Floor
from callcenter.core.calls.effects import HangUpLeg, LegEffect
from callcenter.core.calls.phases import Call, Connected, Ended, Greeting, Offered, Queued, Ring
from callcenter.core.facts.agents import WrapEnded
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    CallEnded,
    CallFact,
    EndedBy,
    OfferEnd,
    OfferEnded,
    Outcome,
    QueueJoined,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, offer_leg


def loose_ends(calls: Mapping[CallId, Call], floor: Floor, now: datetime) -> Iterator[Fact]:
    """The facts that make call and floor agree again."""
    for call in calls.values():
        yield from _of_call(call, floor, now)
    for call_id in [call for call in floor.entries if call not in calls]:
        # The caller, if they are still there, will be found by reconciling and begin again.
        yield CallEnded(now, call_id, Outcome.FAULTED, EndedBy.SWITCH)
    for row in floor.agents.values():
        yield from _of_agent(row.id, calls, floor, now)


def _of_call(call: Call, floor: Floor, now: datetime) -> Iterator[Fact]:
    match call.phase:
        case Ended(outcome=outcome):
            yield CallEnded(now, call.id, outcome, EndedBy.SWITCH, _engaged_with(call.id, floor))
        case Queued(queue=queue, since=since) if call.id not in floor.entries:
            yield QueueJoined(now, call.id, queue, since=since)
        case Greeting(ring=ring):
            entry = floor.entries.get(call.id)
            if entry is None or entry.rung.get(ring.offer) != ring.agent:
                yield OfferEnded(now, call.id, ring.agent, ring.offer, OfferEnd.LAPSED)
        case Offered(rings=rings):
            entry = floor.entries.get(call.id)
            for ring in rings:
                if entry is None or entry.rung.get(ring.offer) != ring.agent:
                    yield OfferEnded(now, call.id, ring.agent, ring.offer, OfferEnd.LAPSED)


def _of_agent(
    agent: AgentId, calls: Mapping[CallId, Call], floor: Floor, now: datetime
) -> Iterator[Fact]:
    held = floor.agents[agent].engagement
    if held is None:
        return
    if held.activity is Activity.WRAPPING:
        if held.until is not None and held.until <= now:
            yield WrapEnded(now, agent)
        return
    call = calls.get(held.call)
    match call.phase if call else None:
        case Connected(agent=talking) | Greeting(ring=Ring(agent=talking)) if talking == agent:
            return
        case Offered(rings=rings) if any(ring.agent == agent for ring in rings):
            return
        case Ended():
            return  # it ends by the call's own end
    if held.activity is Activity.TALKING:
        yield CallEnded(now, held.call, Outcome.FAULTED, EndedBy.SWITCH, agent)
    else:
        yield OfferEnded(now, held.call, agent, held.offer, OfferEnd.LAPSED)


def _engaged_with(call: CallId, floor: Floor) -> AgentId | None:
    for row in floor.agents.values():
        if row.engagement is not None and row.engagement.call == call:
            return row.id
    return None


def offers_over(call: Call, at: datetime) -> Iterator[OfferEnded]:
    """Nobody is there any more for those whose phones ring for this call."""
    match call.phase:
        case Offered(rings=rings):
            pass
        case Greeting(ring=ring):
            rings = (ring,)
        case _:
            rings = ()
    for ring in rings:
        yield OfferEnded(at, call.id, ring.agent, ring.offer, OfferEnd.CALLER_GONE)


def answer_for_nobody(fact: CallFact) -> tuple[Fact, ...]:
    """A call that is gone cannot take an offer; the floor always gets its answer."""
    if isinstance(fact, AgentOffered):
        return (OfferEnded(fact.at, fact.call, fact.agent, fact.offer, OfferEnd.REFUSED),)
    return ()


def hang_up_for_nobody(fact: CallFact) -> tuple[LegEffect, ...]:
    """Nobody is there for this agent any more."""
    if isinstance(fact, AgentAnswered):
        return (HangUpLeg(offer_leg(fact.call, fact.offer)),)
    return ()
