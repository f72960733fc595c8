"""One caller's way through a flow: a place and an input give the next place and what to do now.

The interpreter holds no state and reads no clock, so the same inputs always give the same walk.

* Barge-in: a key pressed while a menu speaks interrupts it, and counts as an answer even when it is
  a wrong one. A key pressed while anything else is said is dropped, and keys are not kept for a
  menu to come: typing ahead past an announcement that may have changed sends people astray.
* Silence: a menu listens for 2.5 s at most and then speaks again, or moves on. One that cannot be
  said does not listen at all: it is tried again at once, by itself, and then moved on from.
* Rings: a caller who presses nothing enters each node at most once (`check` proves it for a flow
  before it is used), so a walk that enters more nodes than there are without a key is running in a
  ring. It ends in `EndlessFlow`, and whoever drives the call gives the caller to the fallback.
* A cursor belongs to the version of the flow it was made for. Held against another it raises
  `FlowChanged`; the caller begins again rather than land in a node that means something else.

Inputs that come late are ignored with `Carry`: nothing is to be done, what runs goes on running.
Every other move replaces what was being said: stop a prompt that still runs first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from callcenter.core.calendar import Calendar
from callcenter.core.errors import Conflict, CoreError
from callcenter.core.ids import QueueId
from callcenter.core.ivr.cursor import Cursor, Phase, Variables
from callcenter.core.ivr.flow import (
    USUAL_TRIES,
    CallBack,
    Collect,
    Ending,
    Enqueue,
    Flow,
    HangUp,
    Hours,
    Language,
    Menu,
    Node,
    NodeId,
    Play,
    PromptName,
    SayValue,
    SetLanguage,
    Staffing,
    Voicemail,
)
from callcenter.core.ivr.spoken import in_words


class FlowChanged(Conflict):
    """The cursor belongs to another flow or to another version of this one: begin again."""

    code: ClassVar[str] = "flow-changed"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The flow has changed since the caller entered it.",
        "zh": "来电者进入后流程已被修改。",
    }


class EndlessFlow(CoreError):
    """The flow runs in a ring without asking the caller anything."""

    code: ClassVar[str] = "endless-flow"
    title: ClassVar[Mapping[str, str]] = {
        "en": "The flow runs in a ring without the caller pressing a key.",
        "zh": "流程在没有来电者按键的情况下循环。",
    }


# ── what comes in ──


@dataclass(frozen=True, slots=True)
class PromptOver:
    """What the last `Say` asked for has been said."""


@dataclass(frozen=True, slots=True)
class PromptFailed:
    """What the last `Say` asked for could not be said, or not to its end."""


@dataclass(frozen=True, slots=True)
class Digit:
    key: str


@dataclass(frozen=True, slots=True)
class WaitOver:
    """The time of the last `Listen` ran out."""


Input = PromptOver | PromptFailed | Digit | WaitOver


@dataclass(frozen=True, slots=True)
class QueueLook:
    """How a queue is: callers who wait, agents of it who are signed in, and those who take calls."""

    waiting: int
    signed_in: int
    ready: int


def unforeseen(queue: QueueId, now: datetime) -> timedelta | None:
    """Where nothing is known of waits."""
    return None


def unseen(queue: QueueId) -> QueueLook:
    """A queue of which nothing is known keeps nobody out."""
    return QueueLook(0, 1, 1)


def nowhere(number: str) -> str | None:
    """Nobody can be called back where it is not known how."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What the flow may ask about. `language` is the one in which to begin, if it is known, and `variables`
    what is known then. `reach` says as what a number is called (E.164), None: it cannot be."""

    now: datetime
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    language: str | None = None
    look: Callable[[QueueId], QueueLook] = unseen
    foresee: Callable[[QueueId, datetime], timedelta | None] = unforeseen
    variables: Variables = ()
    reach: Callable[[str], str | None] = nowhere


# ── what comes out ──


@dataclass(frozen=True, slots=True)
class Say:
    """Say these one after the other, then `words`, if any, then report `PromptOver`."""

    prompts: tuple[PromptName, ...]
    language: Language
    words: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """Say nothing; report `WaitOver` after this long."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class Carry:
    """Nothing to do: what is being said or waited for goes on."""


@dataclass(frozen=True, slots=True)
class ToQueue:
    """The flow is over: the caller waits for an agent."""

    queue: QueueId
    priority: timedelta
    language: Language
    requires: str = ""
    prefers: str = ""
    from_arrival: bool = False


@dataclass(frozen=True, slots=True)
class ToCallback:
    """The flow is over: say the node's prompt, then hang up and call them back at `number`."""

    node: CallBack
    number: str
    language: Language


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The flow is over: say these, if any, then hang up; `busy`: with the busy tone."""

    prompts: tuple[PromptName, ...]
    language: Language
    busy: bool = False


@dataclass(frozen=True, slots=True)
class ToMessage:
    """The flow is over: say these, if any, then let them leave a message."""

    prompts: tuple[PromptName, ...]
    language: Language
    longest: timedelta


Move = Say | Listen | Carry | ToQueue | ToCallback | Goodbye | ToMessage


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the caller stands now, what to do, and the nodes entered on the way, in order.

    `cursor` is None once the flow is over (`ToQueue`, `ToCallback`, `Goodbye`, `ToMessage`); `variables`
    are what was collected by then.
    """

    cursor: Cursor | None
    move: Move
    entered: tuple[NodeId, ...] = ()
    variables: Variables = ()


def begin(flow: Flow, context: Context) -> Turn:
    """Enter the flow at its start.

    Raises: EndlessFlow, for a flow that `check` would have refused.
    """
    wanted = Language(context.language or "")
    language = wanted if wanted in flow.languages else flow.default_language
    where = (flow.id, flow.version, flow.start, language, Phase.SAYING)
    origin = Cursor(*where, drifted=0, variables=context.variables)
    return _walk(flow, origin, flow.start, context)


def step(flow: Flow, cursor: Cursor, heard: Input, context: Context) -> Turn:
    """What follows from one input.

    Raises: FlowChanged; EndlessFlow, for a flow that `check` would have refused.
    """
    if (cursor.flow, cursor.version) != (flow.id, flow.version):
        raise FlowChanged(f"{cursor.flow} {cursor.version} is now {flow.id} {flow.version}")
    match flow.nodes[cursor.node], heard:
        case Play(then=then) | SayValue(then=then), PromptOver() | PromptFailed():
            return _walk(flow, cursor, then, context)
        case Menu(wait=wait) | Collect(wait=wait), PromptOver() if cursor.phase is Phase.SAYING:
            return Turn(replace(cursor, phase=Phase.LISTENING), Listen(wait))
        case Menu() | Collect() as menu, PromptFailed() if cursor.phase is Phase.SAYING:
            tried = replace(menu, tries=min(menu.tries, USUAL_TRIES))  # each may cost half a second
            return _again(flow, cursor, tried, None, context)
        case Menu(on_timeout=excuse) as menu, WaitOver() if cursor.phase is Phase.LISTENING:
            return _again(flow, cursor, menu, excuse, context)
        case Collect() as collect, WaitOver() if cursor.phase is Phase.LISTENING:
            return _collected(flow, cursor, collect, context)
        case Collect() as collect, Digit(key=key):
            return _collect(flow, replace(cursor, drifted=0), collect, key, context)
        case Menu(choices=choices) as menu, Digit(key=key):
            attended = replace(cursor, drifted=0)
            if key in choices:
                return _walk(flow, attended, choices[key], context)
            return _again(flow, attended, menu, menu.on_invalid, context)
    return Turn(cursor, Carry())


def reenter(flow: Flow, cursor: Cursor, context: Context) -> Turn:
    """Begin the present node anew. Raises: EndlessFlow, as `step`."""
    return _walk(flow, replace(cursor, drifted=0), cursor.node, context)


def _collect(flow: Flow, cursor: Cursor, node: Collect, key: str, context: Context) -> Turn:
    if key == node.terminator:
        return _collected(flow, cursor, node, context)
    if key.isdecimal():
        cursor = replace(cursor, digits=cursor.digits + key)
        if len(cursor.digits) >= node.most:
            return _collected(flow, cursor, node, context)
    elif key == "*":
        cursor = replace(cursor, digits="")
    return Turn(replace(cursor, phase=Phase.LISTENING), Listen(node.wait))


def _collected(flow: Flow, cursor: Cursor, node: Collect, context: Context) -> Turn:
    """The caller has pressed what they wanted to."""
    if len(cursor.digits) < node.least:
        excuse = node.on_invalid if cursor.digits else node.on_timeout
        return _again(flow, cursor, node, excuse, context)
    others = (item for item in cursor.variables if item[0] != node.into)
    kept = replace(cursor, variables=(*others, (node.into, cursor.digits)))
    return _walk(flow, kept, node.then, context)


def _again(
    flow: Flow, cursor: Cursor, menu: Menu | Collect, excuse: PromptName | None, context: Context
) -> Turn:
    if cursor.said >= menu.tries:
        return _walk(flow, cursor, menu.otherwise, context)
    said = (menu.prompt,) if excuse is None else (excuse, menu.prompt)
    repeated = replace(cursor, phase=Phase.SAYING, said=cursor.said + 1, digits="")
    return Turn(repeated, Say(said, cursor.language))


def _walk(flow: Flow, cursor: Cursor, to: NodeId, context: Context) -> Turn:
    """Enter nodes from `to` on until one of them wants to be heard or ends the flow."""
    entered: list[NodeId] = []
    language, node_id = cursor.language, to
    while True:
        entered.append(node_id)
        drifted = cursor.drifted + len(entered)
        if drifted > len(flow.nodes):
            raise EndlessFlow(f"flow {flow.id} version {flow.version} at node {node_id}")
        match flow.nodes[node_id]:
            case SetLanguage(language=chosen, then=then):
                language, node_id = chosen, then
            case Hours() | Staffing() as decides:
                node_id = _decided(decides, context)
            case SayValue(value=value, spoken_as=spoken_as, then=then):
                words = in_words(dict(cursor.variables).get(value, ""), spoken_as, language)
                if words is not None:
                    place = _place(cursor, node_id, language, drifted)
                    return Turn(place, Say((), language, words), tuple(entered))
                node_id = then
            case Play(prompt=prompt) | Menu(prompt=prompt) | Collect(prompt=prompt):
                place = _place(cursor, node_id, language, drifted)
                return Turn(place, Say((prompt,), language), tuple(entered))
            case CallBack(refused=refused) as back if _reached(back, cursor, context) is None:
                node_id = refused
            case Enqueue() | CallBack() | HangUp() | Voicemail() as last:
                move = _end(last, language, _reached(last, cursor, context) or "")
                return Turn(None, move, tuple(entered), cursor.variables)


def _reached(node: Node, cursor: Cursor, context: Context) -> str | None:
    """As what the number is called that a node speaks of, if it speaks of one that can be called."""
    if not isinstance(node, CallBack):
        return None
    return context.reach(dict(cursor.variables).get(node.number, ""))


def _end(node: Ending, language: Language, number: str) -> Move:
    match node:
        case Enqueue(queue, priority, requires, prefers, from_arrival):
            return ToQueue(queue, priority, language, requires, prefers, from_arrival)
        case CallBack():
            return ToCallback(node, number, language)
        case HangUp(prompt=prompt, busy=busy):
            return Goodbye(() if prompt is None else (prompt,), language, busy)
        case Voicemail(prompt=prompt, longest=longest):
            return ToMessage(() if prompt is None else (prompt,), language, longest)


def _place(cursor: Cursor, node: NodeId, language: Language, drifted: int) -> Cursor:
    where = (cursor.flow, cursor.version, node, language, Phase.SAYING)
    return Cursor(*where, drifted=drifted, variables=cursor.variables)


def _decided(node: Hours | Staffing, context: Context) -> NodeId:
    if isinstance(node, Staffing):
        return _staffed(node, context)
    return node.open if _is_open(node.calendar, context) else node.closed


def _staffed(node: Staffing, context: Context) -> NodeId:
    queue = context.look(node.queue)
    if node.nobody is not None and queue.signed_in == 0:
        return node.nobody
    if node.nobody_ready is not None and queue.ready == 0:
        return node.nobody_ready
    most = node.most_waiting
    if node.full is not None and most is not None and queue.waiting >= most:
        return node.full
    if node.long_wait is not None and node.longest_wait is not None:
        # Asked last, since it costs most; what nobody can say keeps nobody out.
        expected = context.foresee(node.queue, context.now)
        if expected is not None and expected > node.longest_wait:
            return node.long_wait
    return node.then


def _is_open(name: str, context: Context) -> bool:
    # A calendar that was deleted after the flow was checked must not turn every caller away.
    calendar = context.calendars.get(name)
    return calendar is None or calendar.is_open(context.now)
