"""A call whose caller does not wait on the line: the place is kept, and they are called back in their turn.

The call goes on under the same name when the leg it came by is gone. It stands in the queue like any other,
at the place that the caller had; so who is served next does not depend on whether they hold the line. It
leaves the queue for as long as it is no hour to call them, and after an attempt that came to nothing until
it is time for the next; the place counts from when they began to wait all along.

Two orders: the agent's phone first, and the caller's when the agent has answered; or the agent is only kept
free while the caller's phone rings, and rung when the caller has answered. From then on it is an ordinary
call, whose caller came by another leg.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from callcenter.core.calling import may_call, may_call_until
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    BridgeLegs,
    CallEffect,
    DialCaller,
    HangUpLeg,
    Prompt,
    Record,
    RingTone,
    Say,
    StopSaying,
)
from callcenter.core.calls.offers import (
    WHY,
    elsewhere,
    let_go,
    offer_ended,
    order,
    refusal,
    ring_of,
    too_late,
)
from callcenter.core.calls.phases import (
    Agreed,
    Call,
    Connected,
    Ended,
    InFlow,
    Kept,
    Offered,
    Queued,
    Reaching,
    Ring,
)
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    AgentRinging,
    Callback,
    CallbackOver,
    CallEnded,
    CallerAnswered,
    CallerDialled,
    CallerUnreached,
    CallFact,
    CallResumed,
    DeadlinePassed,
    DigitPressed,
    EndedBy,
    HangUpAsked,
    LeftBy,
    LegCause,
    LegEnded,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    PromptEnded,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.ids import (
    AgentId,
    LegId,
    called_leg,
    is_offer_leg,
    offer_leg,
    offer_of,
    prompt_id,
)
from callcenter.core.ivr.announcements import CALLBACK_HERE, SYSTEM_FLOW

# From the order to hang up until the switch has said that the leg is gone.
LEG_GONE_WITHIN: Final = timedelta(seconds=5)
# An agent who leaves while the caller's phone rings must not make it ring again at once.
BREATH: Final = timedelta(seconds=30)
# The first words to whom we call must not keep the music away, if the switch never says that they ended.
LONGEST_GREETING: Final = timedelta(seconds=30)

# What comes of itself or late, and changes nothing while nobody is on the line.
_NO_MATTER: Final = (
    QueueJoined,
    AgentRinging,
    PositionReached,
    PromptEnded,
    DigitPressed,
    CallResumed,
)

Step = tuple[Call, tuple[CallEffect, ...]]


def advance(
    call: Call, phase: Agreed | Kept | Reaching, fact: CallFact, directory: Directory
) -> Step:
    """One fact while the caller waits elsewhere, or is about to.

    Raises:
        IllegalTransition: the fact does not belong here.
    """
    match phase, fact:
        case _, CallbackOver(outcome=outcome):
            return _give_up(call, phase, fact.at, outcome, EndedBy.SWITCH)
        case _, HangUpAsked(by=by) if by is not EndedBy.AGENT:
            return _give_up(call, phase, fact.at, Outcome.DISMISSED, by)
        case Agreed(), _:
            return _agreed(call, phase, fact, directory)
        case Kept(), _:
            return _kept(call, phase, fact, directory)
        case Reaching(), _:
            return _reaching(call, phase, fact, directory)


def agreed(call: Call, callback: Callback, at: datetime) -> Step:
    """What was agreed then holds, whatever a flow that was changed since would say on replay."""
    if isinstance(call.phase, Agreed):
        return replace(call, phase=replace(call.phase, callback=callback)), ()
    if isinstance(call.phase, InFlow):
        return replace(call, phase=Agreed(callback, None, at, at + LEG_GONE_WITHIN)), ()
    return call, ()


def answered_late(call: Call, attempt: int) -> Step:
    """They answer when nobody calls them any more, or have answered already."""
    leg = called_leg(call.id, attempt)
    return call, () if leg == call.caller else (HangUpLeg(leg),)


# ── the last word ──


def _agreed(call: Call, phase: Agreed, fact: CallFact, directory: Directory) -> Step:
    match fact:
        case PromptEnded(number=number) if number == phase.saying:
            return _good_bye(call, phase, fact.at)
        case CallResumed():
            return _good_bye(call, phase, fact.at)
        case DeadlinePassed(at=at) if at >= phase.until:
            if phase.saying is not None:
                return _good_bye(call, phase, at)
            gone, effects = _wait(call, phase.callback, Kept(phase.callback), at, directory)
            return gone, (HangUpLeg(call.caller), *effects)
        case LegEnded(leg=leg) if leg == call.caller:
            return _wait(call, phase.callback, Kept(phase.callback), fact.at, directory)
        case AgentOffered(agent=agent, offer=offer):
            return call, (refusal(call, agent, offer, fact.at),)
        case AgentAnswered(offer=offer):
            return too_late(call, offer)
        case PromptEnded() | DigitPressed() | LegEnded() | DeadlinePassed() | OfferEnded():
            return call, ()
    raise IllegalTransition("agreed", type(fact).__name__)


def _good_bye(call: Call, phase: Agreed, at: datetime) -> Step:
    now = replace(phase, saying=None, since=at, until=at + LEG_GONE_WITHIN)
    return replace(call, phase=now), (HangUpLeg(call.caller),)


# ── the place ──


def _wait(
    call: Call,
    callback: Callback,
    before: Kept,
    at: datetime,
    directory: Directory,
    begin: datetime | None = None,
) -> Step:
    """Stand in the queue; from `begin`, or the next hour that is fit, if that is later."""
    if at >= callback.expires_at:
        return _over(call, at, Outcome.EXPIRED)
    hours, when = directory.calling_hours, max(at, begin or at)
    closes = None
    if hours is not None:
        fit = may_call(callback.number, when, hours, is_forbidden=False).at
        if fit is None:
            return _over(call, at, Outcome.BARRED)
        when = fit
        closes = may_call_until(callback.number, when, hours)
    # The leg it came by is gone; the next one is the caller's.
    call = replace(call, caller=called_leg(call.id, before.attempts + 1))
    if when > at:
        until = min(when, callback.expires_at)
        return replace(call, phase=replace(before, in_queue=False, until=until, rings=())), ()
    until = min(closes or callback.expires_at, callback.expires_at)
    kept = replace(before, in_queue=True, until=until, rings=())
    return replace(call, phase=kept), (Record(joined(call, callback, at)),)


def joined(call: Call, callback: Callback, at: datetime) -> QueueJoined:
    """How the place is taken."""
    place = (callback.queue, callback.priority, callback.since)
    needs = (callback.requires, callback.prefers)
    return QueueJoined(at, call.id, *place, *needs, offers=call.offers, is_kept=True)


def _kept(call: Call, phase: Kept, fact: CallFact, directory: Directory) -> Step:
    if isinstance(fact, _NO_MATTER):
        return call, ()
    match fact:
        case AgentOffered():
            return _offered(call, phase, fact, directory)
        case AgentAnswered(offer=offer):
            rung = phase.ring(offer)
            return too_late(call, offer) if rung is None else _taken(call, phase, rung, fact.at)
        case OfferEnded(offer=offer):
            return _taken_back(call, phase, phase.ring(offer))
        case LegEnded(leg=leg, cause=cause):
            rung = phase.ring(offer_of(leg)[1]) if is_offer_leg(leg) else None
            return _phone_gone(call, phase, rung, cause, fact.at)
        case HangUpAsked(agent=agent):
            return _declined(call, phase, fact.at, agent)
        case DeadlinePassed(at=at):
            return _due(call, phase, at, directory)
        case QueueLeft(why=why):
            return (call, ()) if why is LeftBy.HOURS else _over(call, fact.at, Outcome.DISMISSED)
        case CallerAnswered(attempt=attempt):
            return answered_late(call, attempt)
    raise IllegalTransition("kept", type(fact).__name__)


def _taken_back(call: Call, phase: Kept, rung: Ring | None) -> Step:
    """The floor's lease lapsed, or we said so ourselves."""
    if rung is None:
        return call, ()
    return replace(call, phase=_without(phase, rung)), (HangUpLeg(offer_leg(call.id, rung.offer)),)


def _offered(call: Call, phase: Kept, fact: AgentOffered, directory: Directory) -> Step:
    if not phase.in_queue:
        return call, (refusal(call, fact.agent, fact.offer, fact.at),)
    call = replace(call, offers=fact.offer)
    rung = ring_of(fact, phase.callback.queue, directory)
    if phase.callback.caller_first:
        reaching, effects = _dial(call, phase, rung, None, fact.at)
        leg = called_leg(call.id, reaching.attempt)
        return replace(call, caller=leg, phase=reaching), effects
    rings = replace(call, phase=replace(phase, rings=(*phase.rings, rung)))
    # They see whom they will talk with, at the number that was agreed.
    seen = replace(call, ani=phase.callback.number)
    return rings, (order(seen, rung, None, directory),)


def _taken(call: Call, phase: Kept, rung: Ring, at: datetime) -> Step:
    """An agent is on the line: now the caller's phone, which they hear ringing."""
    others = elsewhere(call, (ring for ring in phase.rings if ring is not rung), at)
    beside, number = offer_leg(call.id, rung.offer), call.said + 1
    reaching, effects = _dial(call, phase, rung, beside, at)
    reaching = replace(reaching, agent=rung.agent, saying=number)
    tone = Say(beside, prompt_id(call.id, number), (RingTone(),))
    now = replace(call, caller=called_leg(call.id, reaching.attempt), said=number, phase=reaching)
    return now, (*others, *effects, tone)


def _dial(
    call: Call, phase: Kept, held: Ring, beside: LegId | None, at: datetime
) -> tuple[Reaching, tuple[CallEffect, ...]]:
    """Let the caller's phone ring for the agent who is `held`, and on the line by `beside` or kept free."""
    callback, attempt = phase.callback, phase.attempts + 1
    ring_for = timedelta(seconds=callback.ring_seconds)
    until = at + ring_for
    leg = called_leg(call.id, attempt)
    dial = DialCaller(leg, callback.number, call.dnis, ring_for, beside, call.arrived_at)
    said = Record(CallerDialled(at, call.id, attempt, held.agent, held.offer, until))
    rings = (replace(held, until=until),)
    return Reaching(callback, attempt, phase.failures, None, rings, at, until), (said, dial)


def _without(phase: Kept, gone: Ring) -> Kept:
    return replace(phase, rings=tuple(ring for ring in phase.rings if ring is not gone))


def _phone_gone(call: Call, phase: Kept, rung: Ring | None, cause: LegCause, at: datetime) -> Step:
    if rung is None:
        return call, ()
    # A leg that was only not found may still be on its way to the phone.
    first = (HangUpLeg(offer_leg(call.id, rung.offer)),) if cause is LegCause.GONE else ()
    ended = offer_ended(call, rung, WHY[cause], at)
    return replace(call, phase=_without(phase, rung)), (*first, ended)


def _declined(call: Call, phase: Kept, at: datetime, agent: AgentId | None) -> Step:
    for ring in phase.rings:
        if agent in (None, ring.agent):
            now = replace(call, phase=_without(phase, ring))
            return now, let_go(call, ring, OfferEnd.REJECTED, at)
    return call, ()


def _due(call: Call, phase: Kept, at: datetime, directory: Directory) -> Step:
    if phase.rings:
        over = tuple(ring for ring in phase.rings if at >= ring.until)
        effects = _all_gone(call, over, OfferEnd.NO_ANSWER, at)
        left = tuple(ring for ring in phase.rings if at < ring.until)
        return replace(call, phase=replace(phase, rings=left)), effects
    if at < phase.until:
        return call, ()
    if not phase.in_queue or at >= phase.callback.expires_at:
        return _wait(call, phase.callback, phase, at, directory)
    # The hour is over in which they may be called.
    call, effects = _wait(call, phase.callback, phase, at, directory)
    if isinstance(call.phase, Kept) and call.phase.in_queue:
        return call, ()
    left_it = QueueLeft(at, call.id, phase.callback.queue, LeftBy.HOURS)
    return call, (Record(left_it), *effects)


def _all_gone(
    call: Call, rings: Iterable[Ring], why: OfferEnd, at: datetime
) -> tuple[CallEffect, ...]:
    return tuple(chain.from_iterable(let_go(call, ring, why, at) for ring in rings))


# ── the attempt ──


def _reaching(call: Call, phase: Reaching, fact: CallFact, directory: Directory) -> Step:
    # Where their queue was deleted meanwhile, they are called all the same.
    if isinstance(fact, (*_NO_MATTER, QueueLeft)):
        return call, ()
    match fact:
        case CallerAnswered(attempt=phase.attempt):
            return _reached(call, phase, fact.at, directory)
        case CallerAnswered(attempt=attempt):
            return answered_late(call, attempt)
        case LegEnded(leg=leg, cause=cause) if leg == call.caller:
            return _unreached(call, phase, fact.at, directory, cause)
        case LegEnded(leg=leg):
            offer = offer_of(leg)[1] if is_offer_leg(leg) else 0
            return _agent_left(call, phase, offer, fact.at, directory)
        case HangUpAsked(agent=agent):
            return _agent_hangs_up(call, phase, agent, fact.at, directory)
        case DeadlinePassed(at=at):
            return _rang_out(call, phase, at, directory)
        case _:
            return _of_offer(call, phase, fact)


def _of_offer(call: Call, phase: Reaching, fact: CallFact) -> Step:
    match fact:
        case AgentOffered():
            return _offered_too(call, phase, fact)
        case OfferEnded(offer=offer):
            left = tuple(ring for ring in phase.rings if ring.offer != offer or phase.agent)
            return replace(call, phase=replace(phase, rings=left)), ()
        case AgentAnswered(agent=phase.agent):
            return call, ()
        case AgentAnswered(offer=offer):
            return too_late(call, offer)
    raise IllegalTransition("reaching", type(fact).__name__)


def _rang_out(call: Call, phase: Reaching, at: datetime, directory: Directory) -> Step:
    if at < phase.until:
        return call, ()
    first = (HangUpLeg(call.caller),)
    return _unreached(call, phase, at, directory, LegCause.NO_ANSWER, first)


def _reached(call: Call, phase: Reaching, at: datetime, directory: Directory) -> Step:
    if phase.agent is not None:
        offer = phase.rings[0].offer
        legs = (call.caller, offer_leg(call.id, offer))
        quiet = () if phase.saying is None else (StopSaying(prompt_id(call.id, phase.saying)),)
        talk = replace(call, phase=Connected(phase.agent, offer, at))
        return talk, (*quiet, BridgeLegs(legs, busy=True))
    number = call.said + 1
    words = Say(
        call.caller,
        prompt_id(call.id, number),
        (Prompt(SYSTEM_FLOW, CALLBACK_HERE, call.language),),
    )
    callback = phase.callback
    place = Queued(callback.queue, callback.since, None, number, at, at + LONGEST_GREETING)
    until = at + directory.queue(callback.queue).ring_for
    rings = tuple(replace(ring, since=at, until=until) for ring in phase.rings)
    now = replace(call, said=number, phase=Offered(place, rings) if rings else place)
    orders = (order(now, ring, call.caller, directory) for ring in rings)
    return now, (words, *orders)


def _offered_too(call: Call, phase: Reaching, fact: AgentOffered) -> Step:
    """Another agent is kept free beside the first, or in their stead."""
    if phase.agent is not None:
        return call, (refusal(call, fact.agent, fact.offer, fact.at),)
    ring = Ring(fact.agent, fact.offer, fact.at, phase.until, fact.device)
    held = CallerDialled(fact.at, call.id, phase.attempt, fact.agent, fact.offer, phase.until)
    now = replace(phase, rings=(*phase.rings, ring))
    return replace(call, offers=fact.offer, phase=now), (Record(held),)


def _agent_hangs_up(
    call: Call, phase: Reaching, agent: AgentId | None, at: datetime, directory: Directory
) -> Step:
    if phase.agent is None or agent not in (None, phase.agent):
        return call, ()
    offer = phase.rings[0].offer
    stop = HangUpLeg(offer_leg(call.id, offer))
    call, effects = _agent_left(call, phase, offer, at, directory)
    return call, (stop, *effects)


def _agent_left(
    call: Call, phase: Reaching, offer: int, at: datetime, directory: Directory
) -> Step:
    """The agent has hung up before the caller could answer: nobody is to find an empty line."""
    if phase.agent is None or offer != phase.rings[0].offer:
        return call, ()
    stop = HangUpLeg(call.caller)
    ended = CallerUnreached(at, call.id, phase.attempt, LegCause.NORMAL, phase.agent, counts=False)
    kept = Kept(phase.callback, phase.attempt, phase.failures)
    call, effects = _wait(call, phase.callback, kept, at, directory, at + BREATH)
    return call, (stop, Record(ended), *effects)


def _unreached(
    call: Call,
    phase: Reaching,
    at: datetime,
    directory: Directory,
    why: LegCause,
    first: tuple[CallEffect, ...] = (),
) -> Step:
    let = _let_agents_go(call, phase, at, OfferEnd.CALLER_AWAY)
    said = Record(CallerUnreached(at, call.id, phase.attempt, why, phase.agent))
    failures, callback = phase.failures + 1, phase.callback
    if failures >= callback.tries:
        call, effects = _over(call, at, Outcome.UNREACHED)
    else:
        kept = Kept(callback, phase.attempt, failures)
        again = at + timedelta(seconds=callback.retry_seconds)
        call, effects = _wait(call, callback, kept, at, directory, again)
    return call, (*first, *let, said, *effects)


def _let_agents_go(
    call: Call, phase: Reaching, at: datetime, why: OfferEnd
) -> tuple[CallEffect, ...]:
    """Who waits on the line is hung up on; who was kept free is so again."""
    if phase.agent is not None:
        return (HangUpLeg(offer_leg(call.id, phase.rings[0].offer)),)
    return tuple(offer_ended(call, ring, why, at) for ring in phase.rings)


# ── the end ──


def _give_up(
    call: Call, phase: Agreed | Kept | Reaching, at: datetime, outcome: Outcome, by: EndedBy
) -> Step:
    first: tuple[CallEffect, ...]
    match phase:
        case Agreed():
            first = (HangUpLeg(call.caller),)
        case Kept(rings=rings):
            first = _all_gone(call, rings, OfferEnd.CALLER_GONE, at)
        case Reaching():
            why, agent = LegCause.NORMAL, phase.agent
            ended = CallerUnreached(at, call.id, phase.attempt, why, agent, counts=False)
            let = _let_agents_go(call, phase, at, OfferEnd.CALLER_GONE)
            first = (HangUpLeg(call.caller), *let, Record(ended))
    call, effects = _over(call, at, outcome, by)
    return call, (*first, *effects)


def _over(call: Call, at: datetime, outcome: Outcome, by: EndedBy = EndedBy.SWITCH) -> Step:
    return replace(call, phase=Ended(outcome)), (Record(CallEnded(at, call.id, outcome, by)),)
