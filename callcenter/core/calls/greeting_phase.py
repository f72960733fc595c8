"""A call between the agent's answer and the talk: what each of the two is told, at the same time.

The caller may hear the agent's number, the agent which queue the call is from and how long the caller has
waited. Each is said to one leg alone, so that neither hears the other's, and they are connected when both
have been said, or `LONGEST_GREETING` after the answer. Until then the call is on offer still: the entry has
not left the floor, nothing counts as talk, and an agent who hangs up has declined it.

`AgentAnswered` begins the talk. Where there is something to be said first, the switch's becomes
`GreetingBegan`, and ours follows when it has been said; everything that measures goes by ours.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from callcenter.core.calls import queue_phase
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    BridgeLegs,
    CallEffect,
    HangUpLeg,
    Record,
    Say,
    StopMusic,
    StopSaying,
    Words,
)
from callcenter.core.calls.phases import Call, Connected, Greeting, Offered, Ring
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentRinging,
    CallFact,
    DeadlinePassed,
    DigitPressed,
    GreetingBegan,
    LegCause,
    LegEnded,
    OfferEnd,
    OfferEnded,
    PositionReached,
    PromptEnded,
)
from callcenter.core.ids import is_offer_leg, offer_leg, prompt_id
from callcenter.core.say.wording import WORDINGS, Wording

# Whatever the voice and the switch do: nobody waits longer than this for somebody who is there.
LONGEST_GREETING: Final = timedelta(seconds=10)
# An agent goes by an id that is a number; other ids are names for screens, not for ears.
_LONGEST_NUMBER: Final = 12

NOTHING: Final[tuple[CallEffect, ...]] = ()
Step = tuple[Call, tuple[CallEffect, ...]]


def picked_up(
    call: Call | None, fact: AgentAnswered, directory: Directory
) -> AgentAnswered | GreetingBegan:
    """What it means that the agent answered the phone. What is decided here is written down, so that other
    rules do not undo it on replay."""
    if call is None or not isinstance(call.phase, Offered) or call.phase.ring(fact.offer) is None:
        return fact
    rules = directory.queue(call.phase.place.queue)
    if not (rules.greets_with_number or rules.briefs_agent) or _wording(call) is None:
        return fact
    number = fact.agent if rules.greets_with_number and _is_number(fact.agent) else ""
    if not number and not rules.briefs_agent:
        return fact
    return GreetingBegan(fact.at, call.id, fact.agent, fact.offer, number, rules.briefs_agent)


def is_told_twice(call: Call | None, fact: AgentAnswered) -> bool:
    """Whether it is about the phone that was picked up, whose talk begins when we say so."""
    phase = call.phase if call else None
    return isinstance(phase, Greeting) and phase.ring.offer == fact.offer


def begin(call: Call, phase: Offered, fact: GreetingBegan) -> Step:
    """Say both, each to its own leg; phones that ring beside have nothing left to answer.

    Raises:
        IllegalTransition: this phone rings no longer.
    """
    ring, wording = phase.ring(fact.offer), _wording(call)
    if ring is None or wording is None:
        raise IllegalTransition("offered", type(fact).__name__)
    others = [other for other in phase.rings if other is not ring]
    says: list[CallEffect] = []
    place, said = phase.place, call.said
    if fact.says_number:
        said += 1
        words = Words(wording.greeting(fact.says_number), call.language)
        says += queue_phase.hush(call, place)
        says.append(Say(call.caller, prompt_id(call.id, said), (words,)))
        place = replace(place, quiet_until=None, saying=None, say_since=None, say_until=None)
    if fact.briefs:
        said += 1
        words = Words(wording.briefing(place.queue, fact.at - place.since), call.language)
        says.append(Say(offer_leg(call.id, ring.offer), prompt_id(call.id, said), (words,)))
    saying, until = tuple(range(call.said + 1, said + 1)), fact.at + LONGEST_GREETING
    now = Greeting(place, ring, fact.at, until, saying, is_hushed=bool(fact.says_number))
    return replace(call, said=said, phase=now), (*says, *_stop(call, others, fact))


def _stop(call: Call, others: list[Ring], fact: GreetingBegan) -> list[CallEffect]:
    stops = [HangUpLeg(offer_leg(call.id, ring.offer), elsewhere=True) for ring in others]
    ends = [OfferEnded(fact.at, call.id, r.agent, r.offer, OfferEnd.ELSEWHERE) for r in others]
    return [*stops, *map(Record, ends)]


def advance(call: Call, phase: Greeting, fact: CallFact, directory: Directory) -> Step:
    """What becomes of it.

    Raises:
        IllegalTransition: the fact is late or doubled; nothing changes.
    """
    ring = phase.ring
    match fact:
        case PromptEnded(number=number) if number in phase.saying:
            left = tuple(one for one in phase.saying if one != number)
            over = () if left else (_talk(call, ring, fact),)
            return replace(call, phase=replace(phase, saying=left)), over
        case DeadlinePassed(at=at) if at >= phase.until:
            return call, (_talk(call, ring, fact),)
        case PromptEnded() | DeadlinePassed() if not phase.is_hushed:
            place, effects = queue_phase.sound(call, phase.place, fact, directory)
            return replace(call, phase=replace(phase, place=place)), effects
        case AgentAnswered(offer=offer) if offer != ring.offer:
            return call, (HangUpLeg(offer_leg(call.id, offer)),)
        case AgentAnswered():
            return _connect(call, phase, fact)
        case LegEnded() | OfferEnded():
            return _of_offer(call, phase, fact, directory)
        case AgentRinging() | DigitPressed() | PositionReached() | PromptEnded() | DeadlinePassed():
            return call, ()
    raise IllegalTransition("greeting", type(fact).__name__)


def _of_offer(
    call: Call, phase: Greeting, fact: LegEnded | OfferEnded, directory: Directory
) -> Step:
    leg = offer_leg(call.id, phase.ring.offer)
    match fact:
        case OfferEnded(offer=offer) if offer == phase.ring.offer:
            return back(call, phase, directory, HangUpLeg(leg))
        case LegEnded(leg=gone, cause=cause) if gone == leg:
            is_lost = cause in (LegCause.GONE, LegCause.UNREACHABLE)
            why = OfferEnd.UNREACHABLE if is_lost else OfferEnd.REJECTED
            return back(call, phase, directory, Record(_ended(call, phase.ring, fact, why)))
        case LegEnded(leg=gone) if not is_offer_leg(gone):
            raise IllegalTransition("greeting", type(fact).__name__)
    return call, ()


def decline(call: Call, phase: Greeting, fact: CallFact, directory: Directory) -> Step:
    """The agent does not want the call after all."""
    stop = HangUpLeg(offer_leg(call.id, phase.ring.offer))
    ended = _ended(call, phase.ring, fact, OfferEnd.REJECTED)
    return back(call, phase, directory, stop, Record(ended))


def back(call: Call, phase: Greeting, directory: Directory, *first: CallEffect) -> Step:
    """The caller waits on, at the place they never lost."""
    place, music = phase.place, NOTHING
    stops = tuple(StopSaying(prompt_id(call.id, number)) for number in phase.saying)
    if phase.is_hushed:
        place, music = queue_phase.music_again(call, place, directory)
    return replace(call, phase=place), (*first, *stops, *music)


def _connect(call: Call, phase: Greeting, fact: AgentAnswered) -> Step:
    legs = (call.caller, offer_leg(call.id, phase.ring.offer))
    stops = [StopSaying(prompt_id(call.id, number)) for number in phase.saying]
    hush = () if phase.is_hushed else queue_phase.hush(call, phase.place)
    is_busy = bool(stops) or any(not isinstance(one, StopMusic) for one in hush)
    talk = Connected(phase.ring.agent, phase.ring.offer, fact.at)
    return replace(call, phase=talk), (*stops, *hush, BridgeLegs(legs, busy=is_busy))


def _talk(call: Call, ring: Ring, fact: CallFact) -> Record:
    return Record(AgentAnswered(fact.at, call.id, ring.agent, ring.offer))


def _ended(call: Call, ring: Ring, fact: CallFact, why: OfferEnd) -> OfferEnded:
    return OfferEnded(fact.at, call.id, ring.agent, ring.offer, why)


def _wording(call: Call) -> Wording | None:
    return WORDINGS.get(call.language.partition("-")[0])


def _is_number(agent: str) -> bool:
    return agent.isascii() and agent.isdigit() and len(agent) <= _LONGEST_NUMBER
