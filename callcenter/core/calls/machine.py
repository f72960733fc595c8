"""The call machine: `advance(call, fact) -> (call, effects)`, from arrival to end.

Facts from the switch may be late or doubled: what does not fit the phase raises IllegalTransition,
is counted and ignored. Facts from the floor are never ignored: an agent is reserved until the call
answers, so a call that cannot take an offer refuses it in the same step.

Sound while waiting: nothing for `quiet_for` (a caller who is served at once never pays for music),
then music; an announcement silences the music, its end starts it again, and whoever is connected
while something is said is not kept waiting for its end.
"""

from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Final

from callcenter.core.calls import callback_phase, flow_phase, greeting_phase, queue_phase
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    BridgeLegs,
    CallEffect,
    HangUpLeg,
    Record,
    StopMusic,
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
    Greeting,
    InFlow,
    Kept,
    Leaving,
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
    CallArrived,
    CallbackAgreed,
    CallEnded,
    CallerAnswered,
    CallerDialled,
    CallerUnreached,
    CallFact,
    CallResumed,
    DeadlinePassed,
    DigitPressed,
    EndedBy,
    GreetingBegan,
    HangUpAsked,
    LegCause,
    LegEnded,
    NodeEntered,
    OfferEnd,
    OfferEnded,
    Outcome,
    PositionReached,
    PromptEnded,
    QueueJoined,
    QueueLeft,
    WantChanged,
    WantEased,
)
from callcenter.core.ids import AgentId, is_offer_leg, offer_leg, offer_of, prompt_id

# What the call itself has said, or the floor alone hears.
_FOR_OTHERS: Final = (
    NodeEntered,
    CallEnded,
    WantEased,
    WantChanged,
    CallerDialled,
    CallerUnreached,
)
LivePhase = InFlow | Queued | Offered | Greeting | Connected | Leaving
Step = tuple[Call, tuple[CallEffect, ...]]


def arrive(fact: CallArrived, directory: Directory) -> Step:
    """A new call, at the beginning of the flow its number leads to."""
    return flow_phase.begin(fact, directory)


def advance(call: Call, fact: CallFact, directory: Directory) -> Step:
    """The call after `fact`, and what must be done about it.

    Raises:
        IllegalTransition: the fact is late or doubled; nothing changes.
    """
    if isinstance(fact, _FOR_OTHERS):
        return call, ()
    match call.phase, fact:
        case _, CallbackAgreed(callback=callback):
            return callback_phase.agreed(call, callback, fact.at)
        case (Agreed() | Kept() | Reaching()) as phase, _:
            return callback_phase.advance(call, phase, fact, directory)
        case (
            InFlow() | Greeting() | Connected() | Leaving() | Ended(),
            AgentOffered(agent=agent, offer=offer),
        ):
            # A fact from the floor is never ignored: the agent is reserved until we answer.
            return call, (refusal(call, agent, offer, fact.at),)
        case InFlow() | Connected() | Leaving() | Ended(), OfferEnded():
            # Nor is this: what a start must hear again is what the call has heard.
            return call, ()
        case InFlow() | Queued() | Leaving(), QueueJoined() as joined:
            return queue_phase.join(call, joined, directory)
        case Ended(), _:
            return _after_the_end(call, fact)
        case _, LegEnded(leg=leg) if leg == call.caller:
            return _caller_gone(call, fact)
        case phase, _:
            return _in_any_phase(call, phase, fact, directory)


def _in_any_phase(call: Call, phase: LivePhase, fact: CallFact, directory: Directory) -> Step:
    if isinstance(fact, HangUpAsked):
        return _hang_up(call, fact, directory)
    if isinstance(fact, CallerAnswered):
        return callback_phase.answered_late(call, fact.attempt)
    if isinstance(fact, CallResumed):
        return _resume(call, fact.at, directory)
    if isinstance(fact, QueueLeft):
        return queue_phase.leave(call, phase, fact, directory)
    return _in_phase(call, phase, fact, directory)


def _in_phase(call: Call, phase: LivePhase, fact: CallFact, directory: Directory) -> Step:
    match phase:
        case InFlow():
            return flow_phase.advance(call, phase, fact, directory)
        case Queued():
            return _queued(call, phase, fact, directory)
        case Offered():
            return _offered(call, phase, fact, directory)
        case Greeting():
            return greeting_phase.advance(call, phase, fact, directory)
        case Connected():
            return _connected(call, phase, fact)
        case Leaving():
            return flow_phase.leave(call, phase, fact)


def _queued(call: Call, place: Queued, fact: CallFact, directory: Directory) -> Step:
    match fact:
        case AgentOffered():
            return _ring(call, Offered(place, ()), fact, directory)
        case PositionReached():
            return queue_phase.announce(call, place, fact)
        case OfferEnded():
            return call, ()
        case AgentAnswered(offer=offer):
            return too_late(call, offer)
        case DigitPressed():
            return call, queue_phase.key(call, place, fact, directory)
        case PromptEnded() | DeadlinePassed():
            now, effects = queue_phase.sound(call, place, fact, directory)
            return replace(call, phase=now), effects
        case LegEnded(leg=leg) if is_offer_leg(leg):
            return call, ()
    raise IllegalTransition("queued", type(fact).__name__)


def _ring(call: Call, phase: Offered, fact: AgentOffered, directory: Directory) -> Step:
    rung = ring_of(fact, phase.place.queue, directory)
    now = replace(call, phase=replace(phase, rings=(*phase.rings, rung)), offers=fact.offer)
    return now, (order(call, rung, call.caller, directory),)


def _offered(call: Call, phase: Offered, fact: CallFact, directory: Directory) -> Step:
    match fact:
        case AgentOffered():
            return _ring(call, phase, fact, directory)
        case PositionReached():
            return call, ()
        case GreetingBegan():
            return greeting_phase.begin(call, phase, fact)
        case AgentRinging(offer=offer) | AgentAnswered(offer=offer) | OfferEnded(offer=offer):
            return _of_offer(call, phase, phase.ring(offer), fact)
        case LegEnded(leg=leg, cause=cause) if is_offer_leg(leg):
            rung = phase.ring(offer_of(leg)[1])
            if rung is None:
                return call, ()
            # A leg that was only not found may still be on its way to the phone.
            first = (HangUpLeg(leg),) if cause is LegCause.GONE else ()
            return _back(call, phase, rung, WHY[cause], fact.at, first)
        case DigitPressed(at=at):
            return _key_while_it_rings(call, phase, fact, directory)
        case DeadlinePassed(at=at) if any(at >= ring.until for ring in phase.rings):
            return _rung_out(call, phase, at)
        case PromptEnded() | DeadlinePassed():
            place, effects = queue_phase.sound(call, phase.place, fact, directory)
            return replace(call, phase=replace(phase, place=place)), effects
    raise IllegalTransition("offered", type(fact).__name__)


def _of_offer(
    call: Call, phase: Offered, rung: Ring | None, fact: AgentRinging | AgentAnswered | OfferEnded
) -> Step:
    match fact:
        case AgentAnswered(offer=offer) if rung is None:
            return too_late(call, offer)
        case AgentAnswered() if rung is not None:
            return _taken(call, phase, rung, fact.at)
        case OfferEnded(offer=offer) if rung is not None:
            # The floor's lease lapsed, or the floor could not hold it: stop ringing.
            return replace(call, phase=phase.without(rung)), (HangUpLeg(offer_leg(call.id, offer)),)
        case OfferEnded():
            return call, ()  # we said so ourselves, and others ring on
        case AgentRinging() if rung is not None:
            return call, ()
    raise IllegalTransition("offered", type(fact).__name__)


def _key_while_it_rings(
    call: Call, phase: Offered, fact: DigitPressed, directory: Directory
) -> Step:
    """Whoever asks for the way out does not want to wait for who is being rung."""
    left = queue_phase.key(call, phase.place, fact, directory)
    if not left:
        return call, ()
    gone = (let_go(call, ring, OfferEnd.CALLER_GONE, fact.at) for ring in phase.rings)
    return replace(call, phase=phase.place), (*chain.from_iterable(gone), *left)


def _rung_out(call: Call, phase: Offered, at: datetime) -> Step:
    over = [ring for ring in phase.rings if at >= ring.until]
    left = tuple(ring for ring in phase.rings if at < ring.until)
    effects = chain.from_iterable(let_go(call, ring, OfferEnd.NO_ANSWER, at) for ring in over)
    waits = replace(phase, rings=left) if left else phase.place
    return replace(call, phase=waits), tuple(effects)


def _taken(call: Call, phase: Offered, rung: Ring, at: datetime) -> Step:
    """One agent answered; whoever is rung beside them is told that there is nothing left to answer."""
    others = (ring for ring in phase.rings if ring is not rung)
    talk = Connected(rung.agent, rung.offer, at)
    together = _connect(call, phase.place, rung.offer)
    return replace(call, phase=talk), (*together, *elsewhere(call, others, at))


def _connected(call: Call, phase: Connected, fact: CallFact) -> Step:
    match fact:
        case LegEnded(leg=leg) if leg == offer_leg(call.id, phase.offer):
            ended = CallEnded(fact.at, call.id, Outcome.ANSWERED, EndedBy.AGENT, phase.agent)
            return replace(call, phase=Ended(Outcome.ANSWERED)), (
                HangUpLeg(call.caller),
                Record(ended),
            )
        case LegEnded(leg=leg) if is_offer_leg(leg):
            return call, ()
        case AgentAnswered(offer=offer) if offer != phase.offer:
            return too_late(call, offer)
        case PromptEnded():
            return call, ()  # the announcement we cut short when the agent answered
    raise IllegalTransition("connected", type(fact).__name__)


def _after_the_end(call: Call, fact: CallFact) -> Step:
    match fact:
        case AgentAnswered(offer=offer):
            return too_late(call, offer)
        case CallerAnswered(attempt=attempt):
            return callback_phase.answered_late(call, attempt)
        case LegEnded() | PromptEnded() | QueueJoined():
            return call, ()
    raise IllegalTransition("ended", type(fact).__name__)


def _caller_gone(call: Call, fact: LegEnded) -> Step:
    if isinstance(call.phase, Leaving) and call.phase.saying is None:
        return _end(call, fact.at, EndedBy.FLOW)  # The switch has them, and takes their message.
    by = EndedBy.SWITCH if fact.cause is LegCause.GONE else EndedBy.CALLER
    return _end(call, fact.at, by)


def _hang_up(call: Call, fact: HangUpAsked, directory: Directory) -> Step:
    if isinstance(call.phase, Greeting) and fact.by is EndedBy.AGENT:
        if fact.agent in (None, call.phase.ring.agent):
            return greeting_phase.decline(call, call.phase, fact, directory)
        return call, ()
    if isinstance(call.phase, Offered) and fact.by is EndedBy.AGENT:
        # They mean the ringing: the caller is not theirs to hang up on yet.
        for ring in call.phase.rings:
            if fact.agent in (None, ring.agent):
                stop = (HangUpLeg(offer_leg(call.id, ring.offer)),)
                return _back(call, call.phase, ring, OfferEnd.REJECTED, fact.at, stop)
        return call, ()
    ended, effects = _end(call, fact.at, fact.by)
    return ended, (HangUpLeg(call.caller), *effects)


def _end(call: Call, at: datetime, by: EndedBy) -> Step:
    effects: tuple[CallEffect, ...] = ()
    agent: AgentId | None = None
    outcome = Outcome.LEFT_FLOW
    match call.phase:
        case Queued():
            outcome = Outcome.ABANDONED
        case Offered(rings=rings):
            outcome = Outcome.ABANDONED
            gone = (let_go(call, ring, OfferEnd.CALLER_GONE, at) for ring in rings)
            effects = tuple(chain.from_iterable(gone))
        case Greeting(ring=ring):
            outcome, effects = Outcome.ABANDONED, let_go(call, ring, OfferEnd.CALLER_GONE, at)
        case Connected(agent=talking, offer=offer):
            agent, outcome = talking, Outcome.ANSWERED
            effects = (HangUpLeg(offer_leg(call.id, offer)),)
        case Leaving(outcome=outcome):
            pass
    if by is EndedBy.SUPERVISOR and outcome in (Outcome.ABANDONED, Outcome.LEFT_FLOW):
        outcome = Outcome.DISMISSED  # the caller did not give up
    ended = CallEnded(at, call.id, outcome, by, agent)
    return replace(call, phase=Ended(outcome)), (*effects, Record(ended))


def _back(
    call: Call,
    phase: Offered,
    rung: Ring,
    why: OfferEnd,
    at: datetime,
    first: tuple[CallEffect, ...],
) -> Step:
    """Back to waiting, unless others are being rung: the place was never lost, so that there is nothing to
    restore."""
    return replace(call, phase=phase.without(rung)), (*first, offer_ended(call, rung, why, at))


def _connect(call: Call, place: Queued, offer: int) -> tuple[CallEffect, ...]:
    legs = (call.caller, offer_leg(call.id, offer))
    if place.saying is not None:
        stop = StopSaying(prompt_id(call.id, place.saying))
        return stop, BridgeLegs(legs, busy=True)
    if place.quiet_until is None:
        return StopMusic(call.caller), BridgeLegs(legs, busy=False)
    return (BridgeLegs(legs, busy=False),)


def _resume(call: Call, at: datetime, directory: Directory) -> Step:
    """What must be sent after we were away, for the world to match the call again.

    Everything here may be sent although nothing was lost.
    """
    match call.phase:
        case InFlow() as phase:
            return flow_phase.resume(call, phase, at, directory)
        case Queued() as place:
            place, music = queue_phase.music_again(call, place, directory)
            return replace(call, phase=place), music
        case Offered(place=place) as offered:
            place, music = queue_phase.music_again(call, place, directory)
            return replace(call, phase=replace(offered, place=place)), music
        case Connected(offer=offer):
            legs = (call.caller, offer_leg(call.id, offer))
            return call, (BridgeLegs(legs, busy=False),)
        case _:
            return call, ()
