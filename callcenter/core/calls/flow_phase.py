"""A call while the flow has it: from arrival until it waits in a queue or has heard the last word.

The interpreter says what follows from an input; here that becomes effects on the caller's leg, and
the nodes entered become facts, which are the IVR's trace. A prompt whose end is never reported, and
a caller who floods us with keys, are both bounded.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from callcenter.core.acd.queue import QueueRules
from callcenter.core.callers import REPEATED
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import (
    AnswerLeg,
    CallEffect,
    HangUpLeg,
    Prompt,
    Record,
    Say,
    StopSaying,
    TakeMessage,
    TellBusy,
    TurnAway,
    Words,
)
from callcenter.core.calls.phases import UNKNOWN, Agreed, Call, Ended, InFlow, Leaving, Queued
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    AgentAnswered,
    CallArrived,
    Callback,
    CallbackAgreed,
    CallbackOver,
    CallEnded,
    CallFact,
    DeadlinePassed,
    DigitPressed,
    EndedBy,
    Known,
    LegEnded,
    NodeEntered,
    Outcome,
    PromptEnded,
    QueueJoined,
)
from callcenter.core.ids import AgentId, FlowId, offer_leg, prompt_id
from callcenter.core.ivr import interpreter as ivr
from callcenter.core.ivr.announcements import LINES_BUSY, QUEUE_NO_AGENTS, SYSTEM_FLOW
from callcenter.core.ivr.cursor import Phase as CursorPhase
from callcenter.core.ivr.cursor import Variables
from callcenter.core.ivr.flow import (
    Collect,
    Enqueue,
    Flow,
    Language,
    Menu,
    Play,
    PromptName,
    SayValue,
)
from callcenter.core.skills import both

# The longest a prompt may run before we go on without hearing of its end.
LONGEST_PROMPT: Final = timedelta(minutes=3)
LONGEST_LAST_WORD: Final = LONGEST_PROMPT
_TAKEN_WITHIN: Final = timedelta(seconds=10)
# A person does not press more; a flood of keys makes the switch stumble over that leg.
KEYS_ALLOWED: Final = 200
REFUSED: Final = Outcome.REFUSED
# Turned away for who they are, and not for how many there are.
UNWANTED: Final = frozenset({"blocked", "too-often"})

Step = tuple[Call, tuple[CallEffect, ...]]


def begin(fact: CallArrived, directory: Directory) -> Step:
    """A new call at the start of the flow its number leads to, or turned away."""
    flow = directory.flow_for(fact.dnis)
    since = min(fact.since or fact.at, fact.at)
    # The phase is replaced by what the turn asks for; until then the call is nowhere.
    call = Call(
        id=fact.call,
        caller=fact.leg,
        ani=fact.ani,
        name=fact.name,
        dnis=fact.dnis,
        first_dialled=fact.first_dialled,
        arrived_at=since,
        language=flow.default_language,
        said=0,
        keys=0,
        phase=Ended(Outcome.FAULTED),
        unheard=fact.at - since,
        known=fact.known or UNKNOWN,
    )
    if fact.refused:
        return _refuse(call, fact.refused, fact.at, directory)
    call = replace(call, variables=_given(call))
    turn = ivr.begin(flow, _context(call, fact.at, directory, language=None))
    call, effects = _follow(call, flow, turn, fact.at, directory)
    if any(isinstance(effect, TellBusy) for effect in effects):
        return call, effects  # Busy by their own telephone, and at no cost to them.
    return call, (AnswerLeg(fact.leg), *effects)


def _refuse(call: Call, why: str, at: datetime, directory: Directory) -> Step:
    is_unwanted = why in UNWANTED
    if directory.tells_when_full and not is_unwanted:
        last = Leaving(None, at, at + LONGEST_LAST_WORD, REFUSED)
        return _last_word(call, SYSTEM_FLOW, (LINES_BUSY,), last, (AnswerLeg(call.caller),))
    ended = CallEnded(at, call.id, REFUSED, EndedBy.SWITCH)
    away = TurnAway(call.caller, is_unwanted)
    # Another route of their carrier would only bring them again.
    order = TellBusy(call.caller) if why == REPEATED else away
    return replace(call, phase=Ended(REFUSED)), (order, Record(ended))


def advance(call: Call, phase: InFlow, fact: CallFact, directory: Directory) -> Step:
    """One fact while the flow has the call.

    Raises:
        IllegalTransition: the fact does not belong here.
        EndlessFlow: the flow runs in a ring.
    """
    match fact:
        case PromptEnded(number=number, played=played):
            if number != phase.saying:
                return call, ()  # the end of one that was interrupted
            said = ivr.PromptOver() if played else ivr.PromptFailed()
            return _step(call, phase, said, fact.at, directory)
        case DigitPressed(digit=digit):
            return _key(call, phase, digit, fact.at, directory)
        case DeadlinePassed() if fact.at >= phase.until:
            over = ivr.WaitOver() if phase.saying is None else ivr.PromptOver()
            return _step(call, phase, over, fact.at, directory)
        case AgentAnswered(offer=offer):
            return call, (HangUpLeg(offer_leg(call.id, offer)),)
        case LegEnded() | DeadlinePassed():
            return call, ()
    raise IllegalTransition("in-flow", type(fact).__name__)


def leave(call: Call, phase: Leaving, fact: CallFact) -> Step:
    """One fact while the last word is being said."""
    match fact:
        case PromptEnded(number=phase.saying):
            return _said_all(call, phase, fact.at)
        case DeadlinePassed() if fact.at >= phase.until:
            return _said_all(call, phase, fact.at)
        case PromptEnded() | LegEnded() | DeadlinePassed() | DigitPressed():
            return call, ()
        case AgentAnswered(offer=offer):
            return call, (HangUpLeg(offer_leg(call.id, offer)),)
    raise IllegalTransition("leaving", type(fact).__name__)


def resume(call: Call, phase: InFlow, at: datetime, directory: Directory) -> Step:
    """Say once more what was being said: keys pressed while we were away are lost anyway."""
    flow = directory.flows.get(phase.cursor.flow)
    if flow is None or flow.version != phase.cursor.version:
        return _begin_again(call, flow or directory.flow_for(call.dnis), at, directory)
    match flow.nodes[phase.cursor.node]:
        case SayValue():
            turn = ivr.reenter(flow, phase.cursor, _context(call, at, directory, call.language))
            return _follow(call, flow, turn, at, directory)
        case Play(prompt=prompt) | Menu(prompt=prompt) | Collect(prompt=prompt):
            call, say = _say(call, flow.id, (prompt,), phase.cursor.language)
            saying = replace(phase.cursor, phase=CursorPhase.SAYING, digits="")
            return replace(call, phase=InFlow(saying, call.said, at, at + LONGEST_PROMPT)), say
        case _:
            return _begin_again(call, flow, at, directory)


def enter(
    call: Call, flow: Flow, at: datetime, directory: Directory, first: tuple[CallEffect, ...]
) -> Step:
    """From a queue into a flow, by its beginning."""
    call, effects = _begin_again(call, flow, at, directory)
    return call, (*first, *effects)


def _key(call: Call, phase: InFlow, digit: str, at: datetime, directory: Directory) -> Step:
    call = replace(call, keys=call.keys + 1)
    if call.keys > KEYS_ALLOWED:
        return _goodbye(call, at)
    return _step(call, phase, ivr.Digit(digit), at, directory)


def _step(call: Call, phase: InFlow, heard: ivr.Input, at: datetime, directory: Directory) -> Step:
    flow = directory.flows.get(phase.cursor.flow)
    if flow is None or flow.version != phase.cursor.version:
        again = flow or directory.flow_for(call.dnis)
        call, effects = _begin_again(call, again, at, directory)
        return call, (*_hush(call, phase, heard), *effects)
    turn = ivr.step(flow, phase.cursor, heard, _context(call, at, directory, call.language))
    if isinstance(turn.move, ivr.Carry):
        return call, ()
    stop = _hush(call, phase, heard)
    call, effects = _follow(call, flow, turn, at, directory)
    return call, (*stop, *effects)


def _hush(call: Call, phase: InFlow, heard: ivr.Input) -> tuple[CallEffect, ...]:
    if phase.saying is None or isinstance(heard, ivr.PromptOver | ivr.PromptFailed):
        return ()
    return (StopSaying(prompt_id(call.id, phase.saying)),)


def _begin_again(call: Call, flow: Flow, at: datetime, directory: Directory) -> Step:
    turn = ivr.begin(flow, _context(call, at, directory, call.language))
    return _follow(call, flow, turn, at, directory)


def _follow(call: Call, flow: Flow, turn: ivr.Turn, at: datetime, directory: Directory) -> Step:
    spoken = _language(turn) or call.language
    trace = tuple(
        Record(NodeEntered(at, call.id, flow.id, flow.version, node, spoken))
        for node in turn.entered
    )
    known = turn.cursor.variables if turn.cursor is not None else turn.variables
    call = replace(call, variables=known)
    match turn.move:
        case ivr.Say(prompts=names, language=language, words=words) if turn.cursor is not None:
            call, say = _say(call, flow.id, names, language, words)
            phase = InFlow(turn.cursor, call.said, at, at + LONGEST_PROMPT)
            return replace(call, phase=phase), (*trace, *say)
        case ivr.Listen(wait=wait) if turn.cursor is not None:
            return replace(call, phase=InFlow(turn.cursor, None, at, at + wait)), trace
        case ivr.ToQueue(queue=queue, language=language) as there:
            call = replace(call, language=language)
            if queue not in directory.queues:
                return nobody_serves(call, at, trace)
            joined, taken = _take_over(_placed(call, there, at, directory), call.ani, directory)
            return queued(call, joined, directory), (*trace, *taken, Record(joined))
        case ivr.ToCallback(node=node, language=language) as agreed:
            call = replace(call, language=language)
            if node.place.queue not in directory.queues:
                return nobody_serves(call, at, trace)
            return _agree(call, flow, agreed, at, directory, trace)
        case ivr.Goodbye(prompts=names, language=language, busy=busy):
            last = Leaving(None, at, at + LONGEST_LAST_WORD, busy=busy)
            return _last_word(replace(call, language=language), flow.id, names, last, trace)
        case ivr.ToMessage(prompts=names, language=language, longest=longest):
            last = Leaving(None, at, at + LONGEST_LAST_WORD, message=longest)
            return _last_word(replace(call, language=language), flow.id, names, last, trace)
        case _:
            return call, trace


def _placed(
    call: Call, there: ivr.ToQueue | Enqueue, at: datetime, directory: Directory
) -> QueueJoined:
    """How the caller joins a queue, as the flow and all else that is known of them would have it."""
    of_number = directory.needs.get(call.dnis, ("", ""))
    needs = both(of_number[0], there.requires), both(of_number[1], there.prefers)
    joined = _joined(call, directory.queue(there.queue), needs, there.priority, at)
    if there.from_arrival:
        before = (joined.since or at) - call.arrived_at
        ahead = joined.priority + max(before, timedelta()).total_seconds()
        joined = replace(joined, priority=ahead)
    return joined


def _take_over(
    joined: QueueJoined, number: str, directory: Directory
) -> tuple[QueueJoined, tuple[Record, ...]]:
    """Who was to be called back takes the place that was kept for them; it is kept no longer."""
    kept = directory.kept(number)
    if kept is None or kept[1].queue != joined.queue:
        return joined, ()
    since = min(joined.since or joined.at, kept[1].since)
    return replace(joined, since=since), (
        Record(CallbackOver(joined.at, kept[0], Outcome.RETURNED)),
    )


def _agree(
    call: Call,
    flow: Flow,
    agreed: ivr.ToCallback,
    at: datetime,
    directory: Directory,
    trace: tuple[CallEffect, ...],
) -> Step:
    """They will be called back; who was to be already, in whatever queue, is once."""
    node = agreed.node
    joined, taken = _take_over(_placed(call, node.place, at, directory), agreed.number, directory)
    before = directory.kept(agreed.number)
    if before is not None and not taken:
        taken = (Record(CallbackOver(at, before[0], Outcome.RETURNED)),)
    callback = Callback(
        agreed.number,
        joined.queue,
        joined.since or at,
        at + node.expires_after,
        joined.priority,
        joined.requires,
        joined.prefers,
        node.caller_first,
        node.tries,
        node.ring_for.total_seconds(),
        node.retry_after.total_seconds(),
    )
    call, say = _say(call, flow.id, (node.prompt,), call.language)
    phase = Agreed(callback, call.said, at, at + LONGEST_LAST_WORD)
    said = Record(CallbackAgreed(at, call.id, callback))
    return replace(call, phase=phase), (*trace, *taken, said, *say)


def _joined(
    call: Call, rules: QueueRules, of_flow: tuple[str, str], priority: timedelta, at: datetime
) -> QueueJoined:
    """How the caller joins a queue: needs and head start of flow and customer together, the wait counted
    from where it began, and for whom they wait first of all."""
    known = call.known
    needs = both(of_flow[0], known.requires), both(of_flow[1], known.prefers)
    head_start = priority.total_seconds() + known.head_start
    joined = QueueJoined(at, call.id, rules.id, head_start, None, *needs, offers=call.offers)
    if call.waited_since is not None:
        return replace(
            joined, since=call.waited_since
        )  # They are back, and have waited for somebody.
    since = at - call.unheard if call.unheard else None
    if known.dropped_queue == rules.id and known.dropped_at is not None:
        is_back = at - known.dropped_at <= rules.resume_within
        since = known.waited_since if is_back else since
    agent = _whom_they_know(known, rules, at)
    if agent is None:
        return replace(joined, since=since)
    return replace(joined, since=since, only=agent, only_seconds=rules.known_for.total_seconds())


def _whom_they_know(known: Known, rules: QueueRules, at: datetime) -> AgentId | None:
    """The agent they are to wait for: whose customer they are, or who talked with them last."""
    if not rules.known_for:
        return None
    is_fresh = known.last_talk is not None and at - known.last_talk <= rules.known_within
    return known.owner or (known.last_agent if is_fresh else None)


def _language(turn: ivr.Turn) -> str | None:
    match turn.move:
        case ivr.Listen() | ivr.Carry():
            return None
        case move:
            return str(move.language)


def _say(
    call: Call,
    flow: FlowId,
    names: tuple[PromptName, ...],
    language: Language | str,
    words: str = "",
) -> Step:
    call = replace(call, said=call.said + 1, language=str(language))
    prompts = tuple(Prompt(flow, name, call.language) for name in names)
    values = (Words(words, call.language),) if words else ()
    return call, (Say(call.caller, prompt_id(call.id, call.said), (*prompts, *values)),)


def _context(call: Call, at: datetime, directory: Directory, language: str | None) -> ivr.Context:
    looks = directory.look, directory.foresee
    known = call.variables, directory.reach
    return ivr.Context(at, directory.calendars, language, *looks, *known)


def _given(call: Call) -> Variables:
    """What flows may say of a caller without asking them."""
    known = {
        "ani": call.ani,
        "dnis": call.dnis,
        "customer": call.known.customer,
        "tier": call.known.tier,
    }
    return tuple(known.items())


def queued(call: Call, joined: QueueJoined, directory: Directory) -> Call:
    """The call as it waits in the queue from now on; a call that does already stays as it is."""
    if isinstance(call.phase, Queued) and call.phase.queue == joined.queue:
        return call
    quiet_until = joined.at + directory.queue(joined.queue).quiet_for
    return replace(call, phase=Queued(joined.queue, joined.since or joined.at, quiet_until))


def nobody_serves(call: Call, at: datetime, first: tuple[CallEffect, ...] = ()) -> Step:
    """Tell a caller that nobody can take their call, and end it."""
    last = Leaving(None, at, at + LONGEST_LAST_WORD)
    return _last_word(call, SYSTEM_FLOW, (QUEUE_NO_AGENTS,), last, first)


def _last_word(
    call: Call,
    flow: FlowId,
    names: tuple[PromptName, ...],
    last: Leaving,
    trace: tuple[CallEffect, ...],
) -> Step:
    if not names:
        call, effects = _said_all(call, last, last.since)
        return call, (*trace, *effects)
    call, say = _say(call, flow, names, call.language)
    return replace(call, phase=replace(last, saying=call.said)), (*trace, *say)


def _said_all(call: Call, last: Leaving, at: datetime) -> Step:
    """What comes after the last word. Whoever may leave a message has gone when their leg has left us: an
    order that was lost, or that nobody lived to give, is given again."""
    if last.message is not None:
        order = TakeMessage(call.caller, call.left_queue, call.language, last.message)
        return replace(call, phase=replace(last, saying=None, until=at + _TAKEN_WITHIN)), (order,)
    if last.busy:
        ended = CallEnded(at, call.id, last.outcome, EndedBy.FLOW)
        return replace(call, phase=Ended(last.outcome)), (TellBusy(call.caller), Record(ended))
    return _goodbye(call, at, last.outcome)


def _goodbye(call: Call, at: datetime, outcome: Outcome = Outcome.SERVED) -> Step:
    ended = CallEnded(at, call.id, outcome, EndedBy.FLOW)
    return replace(call, phase=Ended(outcome)), (HangUpLeg(call.caller), Record(ended))
