"""An offer of a call to an agent, as the call has it: how a phone is rung, and what is said when it rings
no longer."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from callcenter.core.acd.device import Answering
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import CallEffect, HangUpLeg, Record, RingAgent
from callcenter.core.calls.phases import Call, Ring
from callcenter.core.facts.calls import AgentOffered, LegCause, OfferEnd, OfferEnded
from callcenter.core.ids import AgentId, LegId, QueueId, offer_leg

WHY: Final[Mapping[LegCause, OfferEnd]] = {
    LegCause.BUSY: OfferEnd.BUSY,
    LegCause.REJECTED: OfferEnd.REJECTED,
    LegCause.NO_ANSWER: OfferEnd.NO_ANSWER,
    LegCause.UNREACHABLE: OfferEnd.UNREACHABLE,
    LegCause.GONE: OfferEnd.UNREACHABLE,
    # A phone that hangs up instead of answering declined the call.
    LegCause.NORMAL: OfferEnd.REJECTED,
}


def ring_of(fact: AgentOffered, queue: QueueId, directory: Directory) -> Ring:
    """The phone that is to ring for so long as the queue's rules say."""
    until = fact.at + directory.queue(queue).ring_for
    return Ring(fact.agent, fact.offer, fact.at, until, fact.device)


def order(call: Call, ring: Ring, caller: LegId | None, directory: Directory) -> RingAgent:
    """What rings it. `caller` is the leg of who waits, if they are on the line."""
    leg, who = offer_leg(call.id, ring.offer), (caller, call.ani, call.name)
    how = directory.answering.get(ring.agent, Answering.BY_HAND)
    ring_for = ring.until - ring.since
    return RingAgent(leg, ring.device, ring.agent, *who, ring_for, call.language, how)


def let_go(call: Call, ring: Ring, why: OfferEnd, at: datetime) -> tuple[CallEffect, ...]:
    """Ring no more."""
    return HangUpLeg(offer_leg(call.id, ring.offer)), offer_ended(call, ring, why, at)


def offer_ended(call: Call, ring: Ring, why: OfferEnd, at: datetime) -> Record:
    """That it came to nothing."""
    return Record(OfferEnded(at, call.id, ring.agent, ring.offer, why))


def elsewhere(call: Call, rings: Iterable[Ring], at: datetime) -> tuple[CallEffect, ...]:
    """Somebody else has answered: these are told that there is nothing left to answer."""
    rung = tuple(rings)
    stops = (HangUpLeg(offer_leg(call.id, ring.offer), elsewhere=True) for ring in rung)
    return (*stops, *(offer_ended(call, ring, OfferEnd.ELSEWHERE, at) for ring in rung))


def too_late(call: Call, offer: int) -> tuple[Call, tuple[CallEffect, ...]]:
    """Who answers finds nobody."""
    return call, (HangUpLeg(offer_leg(call.id, offer)),)


def refusal(call: Call, agent: AgentId, offer: int, at: datetime) -> Record:
    """The call cannot take it."""
    return Record(OfferEnded(at, call.id, agent, offer, OfferEnd.REFUSED))
