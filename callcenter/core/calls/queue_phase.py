"""A call while it waits in a queue: what the caller hears, and how they leave it unserved.

Nothing is heard for `quiet_for`, then music; an announcement silences the music, and its end starts it
again.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from callcenter.core.acd.ways_out import way_by_key
from callcenter.core.calls import flow_phase
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    CallEffect,
    Prompt,
    Record,
    Say,
    StartMusic,
    StopMusic,
    StopSaying,
    Words,
)
from callcenter.core.calls.phases import Call, Connected, Greeting, InFlow, Leaving, Offered, Queued
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    DeadlinePassed,
    DigitPressed,
    PositionReached,
    PromptEnded,
    QueueJoined,
    QueueLeft,
)
from callcenter.core.ids import prompt_id
from callcenter.core.ivr.announcements import QUEUE_WAIT, SYSTEM_FLOW, queue_position
from callcenter.core.say.wording import WORDINGS

# An announcement whose end the switch never reports must not keep the music away.
LONGEST_ANNOUNCEMENT: Final = timedelta(seconds=30)

Step = tuple[Call, tuple[CallEffect, ...]]


def join(call: Call, joined: QueueJoined, directory: Directory) -> Step:
    """The call as it waits in the queue from now on."""
    if isinstance(call.phase, Queued):
        return _moved(call, call.phase, joined, directory)
    # Met on replay only, when the flow was changed since: what was decided then holds.
    return flow_phase.queued(call, joined, directory), ()


def leave(
    call: Call,
    phase: InFlow | Queued | Offered | Greeting | Connected | Leaving,
    left: QueueLeft,
    directory: Directory,
) -> Step:
    """Nobody served them there. The floor lets a phone that rings ring out first."""
    if not isinstance(phase, Queued) or phase.queue != left.queue:
        raise IllegalTransition(type(phase).__name__, "QueueLeft")
    if left.to is not None:
        return call, ()  # They hear on what they hear until they have joined it.
    silence = hush(call, phase)
    flow = directory.flows.get(left.flow) if left.flow is not None else None
    if flow is None:
        return flow_phase.nobody_serves(call, left.at, silence)
    waiting = replace(call, waited_since=phase.since, left_queue=phase.queue)
    return flow_phase.enter(waiting, flow, left.at, directory, silence)


def key(call: Call, place: Queued, fact: DigitPressed, directory: Directory) -> tuple[Record, ...]:
    """What a key does in a queue: nothing, or it opens a way out."""
    way = way_by_key(directory.queue(place.queue).ways_out, fact.digit)
    if way is None:
        return ()
    left = QueueLeft(fact.at, call.id, place.queue, way.why, way.queue, way.flow, fact.digit)
    return (Record(left),)


def announce(call: Call, place: Queued, fact: PositionReached) -> Step:
    """Where they stand, if that is better than before, and how long they will wait, if it is known."""
    if place.saying is not None:
        return call, ()
    number = call.said + 1
    name = queue_position(fact.position) if fact.better else QUEUE_WAIT
    position = Prompt(SYSTEM_FLOW, name, call.language)
    said: tuple[Prompt | Words, ...] = (position, *_estimate(call, fact))
    until = fact.at + LONGEST_ANNOUNCEMENT
    place = replace(place, quiet_until=None, saying=number, say_since=fact.at, say_until=until)
    say = Say(call.caller, prompt_id(call.id, number), said)
    return replace(call, said=number, phase=place), (say,)


def _estimate(call: Call, fact: PositionReached) -> tuple[Words, ...]:
    wording = WORDINGS.get(call.language.partition("-")[0])
    if wording is None or fact.least_seconds is None or fact.most_seconds is None:
        return ()
    least, most = timedelta(seconds=fact.least_seconds), timedelta(seconds=fact.most_seconds)
    return (Words(wording.wait(least, most), call.language),)


def sound(
    call: Call, place: Queued, fact: PromptEnded | DeadlinePassed, directory: Directory
) -> tuple[Queued, tuple[CallEffect, ...]]:
    """Music, when the quiet is over or an announcement has been said."""
    music = _music(call, place, directory)
    match fact:
        case PromptEnded(number=number) if number == place.saying:
            return replace(place, saying=None, say_since=None, say_until=None), music
        case PromptEnded():
            return place, ()
        case DeadlinePassed(at=at) if place.say_until is not None:
            if at < place.say_until:
                return place, ()
            return replace(place, saying=None, say_since=None, say_until=None), music
        case DeadlinePassed(at=at) if place.quiet_until is not None and at >= place.quiet_until:
            return replace(place, quiet_until=None), music
        case _:
            return place, ()


def music_again(
    call: Call, place: Queued, directory: Directory
) -> tuple[Queued, tuple[CallEffect, ...]]:
    place = replace(place, quiet_until=None, saying=None, say_since=None, say_until=None)
    return place, _music(call, place, directory)


def _moved(call: Call, place: Queued, joined: QueueJoined, directory: Directory) -> Step:
    """From one queue into another: words are said to their end, and the music is the new queue's."""
    there = replace(place, queue=joined.queue, since=joined.since or joined.at)
    call = replace(call, phase=there)
    plays = place.saying is None and place.quiet_until is None
    is_same = directory.queue(place.queue).music == directory.queue(joined.queue).music
    return call, () if is_same or not plays else _music(call, there, directory)


def hush(call: Call, place: Queued) -> tuple[CallEffect, ...]:
    """What ends the words or the music that they hear."""
    if place.saying is not None:
        return (StopSaying(prompt_id(call.id, place.saying)),)
    return (StopMusic(call.caller),) if place.quiet_until is None else ()


def _music(call: Call, place: Queued, directory: Directory) -> tuple[CallEffect, ...]:
    """What the queue plays; nothing where its music is called nothing."""
    music = directory.queue(place.queue).music
    return (StartMusic(call.caller, music),) if music else ()
