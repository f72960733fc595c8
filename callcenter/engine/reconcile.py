"""What we believe against what the switch has: the differences, as facts and repairs.

Used at every connect and from time to time in between. Asterisk is the truth about what exists, the
journal about what was meant. Only what was settled before the picture was asked for is compared: a leg
that was ordered a moment ago may not be on the picture yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.calls.effects import AnswerLeg, BridgeLegs, HangUpLeg, LegEffect
from callcenter.core.calls.phases import (
    Call,
    Connected,
    Greeting,
    Kept,
    Reaching,
    Ring,
    greeted,
    offers_of,
    rings_of,
    saying,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    CallArrived,
    CallEnded,
    CallerAnswered,
    EndedBy,
    LegCause,
    LegEnded,
    PromptEnded,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import (
    CallId,
    LegId,
    PromptId,
    call_of,
    is_called_leg,
    is_offer_leg,
    offer_leg,
    offer_of,
    prompt_id,
)
from callcenter.ports.telephony import SeenLeg, SwitchPicture

SETTLED_AFTER: Final = timedelta(seconds=2)


@dataclass(slots=True)
class Differences:
    """What to tell the engine, and what to tell the switch."""

    facts: list[Fact] = field(default_factory=list)
    repairs: list[tuple[CallId, LegEffect]] = field(default_factory=list)


def differences(
    calls: Mapping[CallId, Call],
    ended: Mapping[CallId, CallEnded],
    picture: SwitchPicture,
    now: datetime,
    *,
    away: bool = False,
) -> Differences:
    """Compare. Facts come before repairs, callers who arrived in our absence in their order.

    `away`: we come back from an absence, so nothing of ours is still under way.
    """
    found = Differences()
    settled = picture.at if away else picture.at - SETTLED_AFTER
    for call in calls.values():
        for fact in _missing(call, picture, settled, now):
            found.facts.append(fact)
        for repair in (*_unanswered(call, picture, settled), *_apart(call, picture, settled)):
            found.repairs.append((call.id, repair))
    for seen in sorted(picture.legs.values(), key=_arrival):
        if seen.arrived is not None and seen.arrived.call not in calls:
            arrived = _heard_now(seen.arrived, now)
            _unknown_caller(arrived, ended.get(arrived.call), settled, found)
        elif is_offer_leg(seen.leg):
            _unknown_offer(seen.leg, calls, found)
        elif is_called_leg(seen.leg) and not seen.has_left:
            _unknown_called(seen.leg, calls, found)
    return found


def prompts_asked_about(calls: Mapping[CallId, Call]) -> list[PromptId]:
    """The prompts whose end we wait for."""
    return [prompt_id(call.id, number) for call in calls.values() for number, _ in _said(call)]


def _said(call: Call) -> tuple[tuple[int, datetime], ...]:
    said = saying(call)
    return greeted(call) if said is None else (said,)


def _missing(
    call: Call, picture: SwitchPicture, settled: datetime, now: datetime
) -> Iterator[Fact]:
    """Legs and prompts we believe in and the switch does not have."""
    match call.phase:
        case Kept():
            pass  # Nobody is on the line.
        case Reaching() as phase:
            yield from _called(call, phase, picture, settled, now)
        case _ if not _is_here(call, picture):
            # Gone, or handed to the fallback while we were away.
            if call.heard_at <= settled:
                yield LegEnded(now, call.id, call.caller, LegCause.GONE)
            return
    # While the caller's own phone rings, those who are kept free are not rung yet.
    for ring in () if isinstance(call.phase, Reaching | Greeting) else rings_of(call):
        yield from _rung(call, ring, picture, settled, now)
    match call.phase:
        case Connected(offer=offer, since=since) | Greeting(ring=Ring(offer=offer), since=since):
            if offer_leg(call.id, offer) not in picture.legs and since <= settled:
                yield LegEnded(now, call.id, offer_leg(call.id, offer), LegCause.NORMAL)
    yield from _unsaid(call, picture, settled, now)


def _unsaid(call: Call, picture: SwitchPicture, settled: datetime, now: datetime) -> Iterator[Fact]:
    """What was being said and has been by now."""
    for number, since in _said(call):
        if since <= settled and prompt_id(call.id, number) not in picture.playing:
            yield PromptEnded(now, call.id, number)  # more likely missed than never begun


def _is_here(call: Call, picture: SwitchPicture) -> bool:
    """Whether the caller is on the line, in our hands."""
    seen = picture.legs.get(call.caller)
    if seen is None:
        return False
    return not seen.has_left if is_called_leg(call.caller) else seen.arrived is not None


def _called(
    call: Call, phase: Reaching, picture: SwitchPicture, settled: datetime, now: datetime
) -> Iterator[Fact]:
    """What became of a caller's phone that was ringing, and of the agent who waits for them."""
    leg = picture.legs.get(call.caller)
    if leg is not None and leg.answered:
        yield CallerAnswered(now, call.id, phase.attempt)
    elif (leg is None or leg.has_left) and phase.since <= settled:
        yield LegEnded(now, call.id, call.caller, LegCause.GONE)
    if phase.agent is not None and phase.since <= settled:
        agent = offer_leg(call.id, phase.rings[0].offer)
        if agent not in picture.legs:
            yield LegEnded(now, call.id, agent, LegCause.NORMAL)


def _rung(
    call: Call, ring: Ring, picture: SwitchPicture, settled: datetime, now: datetime
) -> Iterator[Fact]:
    """What became of a phone that was ringing."""
    leg_id = offer_leg(call.id, ring.offer)
    leg = picture.legs.get(leg_id)
    if leg is None and ring.since <= settled:
        yield LegEnded(now, call.id, leg_id, LegCause.GONE)
    elif leg is not None and leg.answered:
        yield AgentAnswered(now, call.id, ring.agent, ring.offer)


def _unanswered(call: Call, picture: SwitchPicture, settled: datetime) -> Iterator[LegEffect]:
    """A caller who still hears it ring: the order to answer was lost, and is the first of any call."""
    caller = picture.legs.get(call.caller)
    if caller and caller.arrived and not caller.answered and call.heard_at <= settled:
        yield AnswerLeg(call.caller)


def _apart(call: Call, picture: SwitchPicture, settled: datetime) -> Iterator[LegEffect]:
    """Parties that should hear each other and do not."""
    match call.phase:
        case Connected(offer=offer, since=since) if since <= settled:
            agent = offer_leg(call.id, offer)
            caller = picture.legs.get(call.caller)
            if caller and agent in picture.legs and agent not in caller.together:
                yield BridgeLegs((call.caller, agent), busy=True)


def _heard_now(arrived: CallArrived, now: datetime) -> CallArrived:
    """The picture says when they came; it is only now that anything can be done for them."""
    return replace(arrived, at=now, since=arrived.at) if arrived.at < now else arrived


def _unknown_caller(
    arrived: CallArrived, ended: CallEnded | None, settled: datetime, found: Differences
) -> None:
    """A caller in our hands whom we do not have: new, come back, or about to be gone."""
    if ended is None:
        found.facts.append(arrived)
    elif ended.by not in (EndedBy.CALLER, EndedBy.SWITCH):
        found.repairs.append((arrived.call, HangUpLeg(arrived.leg)))
    elif ended.at <= settled:
        # They left us for the fallback and were sent to us again.
        found.facts.append(arrived)


def _unknown_offer(leg: LegId, calls: Mapping[CallId, Call], found: Differences) -> None:
    """A phone that rings, or an agent who waits, for nobody."""
    call_id, offer = offer_of(leg)
    call = calls.get(call_id)
    if call is None or offer not in offers_of(call):
        found.repairs.append((call_id, HangUpLeg(leg)))


def _unknown_called(leg: LegId, calls: Mapping[CallId, Call], found: Differences) -> None:
    """Somebody is called back, or has been, for no call of ours."""
    call = calls.get(call_of(leg))
    if call is None or call.caller != leg or isinstance(call.phase, Kept):
        found.repairs.append((call_of(leg), HangUpLeg(leg)))


def _arrival(seen: SeenLeg) -> tuple[bool, datetime | None, LegId]:
    at = seen.arrived.at if seen.arrived else None
    return (at is None, at, seen.leg)
