"""The parts a flow is made of, and the ways that lead out of each.

A flow is a graph. A node says something, decides something, or ends the flow. What may be done
with the graph needs only two questions of a node, so they are asked here once: which ways lead out
of it at all (`exits`), and which of them are taken without the caller pressing a key (`drift`).
A ring of drifting ways would hold a caller for ever: `check` refuses it, the interpreter stops it.

A flow that came from `parse` is sound: every node, prompt and language it names exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, NewType

from callcenter.core.ids import FlowId, QueueId

NodeId = NewType("NodeId", str)
PromptName = NewType("PromptName", str)
Language = NewType("Language", str)

KEYS: Final = "0123456789*#"

# Nobody may hear more than 3 s of silence: a menu waits at most this long, then speaks again.
LONGEST_WAIT: Final = timedelta(seconds=2.5)
SHORTEST_WAIT: Final = timedelta(seconds=0.5)

LONGEST_MESSAGE: Final = timedelta(minutes=2)
SHORTEST_LIMIT: Final = timedelta(seconds=5)

USUAL_TRIES: Final = 3
MOST_DIGITS: Final = 32

# What is known without asking.
GIVEN: Final = frozenset({"ani", "dnis", "customer", "tier"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text and the language in which it is spoken."""

    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """Say something. Keys pressed meanwhile are dropped."""

    prompt: PromptName
    then: NodeId


@dataclass(frozen=True, slots=True)
class Menu:
    """Say something and take one key; a key pressed while it speaks interrupts it.

    `tries` is how often the menu is said in all. After the last silence or wrong key the caller
    goes `otherwise`; before that, `on_timeout` or `on_invalid` is said first, then the menu again.
    """

    prompt: PromptName
    choices: Mapping[str, NodeId]
    otherwise: NodeId
    wait: timedelta = LONGEST_WAIT
    tries: int = USUAL_TRIES
    on_timeout: PromptName | None = None
    on_invalid: PromptName | None = None


@dataclass(frozen=True, slots=True)
class Collect:
    """Ask for digits, and keep them as `into`; a key pressed while it speaks interrupts it and counts.

    The digits are complete with `most` of them, with `terminator`, or when `wait` has passed after the last
    one; `*` begins anew. Fewer than `least` count as wrong. `tries`, `otherwise` and the excuses are a
    menu's.
    """

    prompt: PromptName
    into: str
    then: NodeId
    otherwise: NodeId
    least: int = 1
    most: int = MOST_DIGITS
    terminator: str = "#"
    wait: timedelta = LONGEST_WAIT
    tries: int = USUAL_TRIES
    on_timeout: PromptName | None = None
    on_invalid: PromptName | None = None


class SpokenAs(StrEnum):
    """How a value is said: digit by digit, as a number, a date (20260302, 2026-03-02) or a time (1402,
    14:02)."""

    DIGITS = "digits"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class SayValue:
    """Say what was collected, in words; what is not there or cannot be said so is passed over."""

    value: str
    spoken_as: SpokenAs
    then: NodeId


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: Language
    then: NodeId


@dataclass(frozen=True, slots=True)
class Hours:
    """Go one way in business hours and another outside them."""

    calendar: str
    open: NodeId
    closed: NodeId


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait for an agent; `priority` is a head start on those who are waiting. `requires` and `prefers` are
    what the caller needs of the agent (see `core.skills`). `from_arrival`: the wait counts from when they
    called and not from when they joined the queue."""

    queue: QueueId
    priority: timedelta = timedelta()
    requires: str = ""
    prefers: str = ""
    from_arrival: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call, after a last word if there is one. `busy`: with the busy tone, or, if nothing has been
    said yet, by not answering."""

    prompt: PromptName | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Voicemail:
    """End the flow with a message that the caller leaves after the tone, of `longest` at most."""

    prompt: PromptName | None = None
    longest: timedelta = LONGEST_MESSAGE


@dataclass(frozen=True, slots=True)
class Staffing:
    """Look at a queue before the caller joins it: `nobody` if no agent of it is signed in, `nobody_ready`
    if none takes calls now, `full` if `most_waiting` wait already, `long_wait` if the wait is expected to
    be longer than `longest_wait`; else `then`. None: not asked."""

    queue: QueueId
    then: NodeId
    nobody: NodeId | None = None
    nobody_ready: NodeId | None = None
    full: NodeId | None = None
    most_waiting: int | None = None
    long_wait: NodeId | None = None
    longest_wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """Keep the caller's place in a queue and call them back in their turn, at the number that is the value
    of `number`; `refused` where nobody can be called there. They hear `prompt`, then the call ends. See
    `Callback` in `core.facts.calls` for the rest; `place` is how they would have joined the queue."""

    place: Enqueue
    prompt: PromptName
    refused: NodeId
    number: str = "ani"
    caller_first: bool = False
    tries: int = 3
    ring_for: timedelta = timedelta(seconds=30)
    retry_after: timedelta = timedelta(minutes=10)
    expires_after: timedelta = timedelta(hours=24)


Ending = Enqueue | CallBack | HangUp | Voicemail
Node = Play | Menu | Collect | SayValue | SetLanguage | Hours | Staffing | Ending


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow. `version` changes whenever anything in it does.

    `prompts` gives what is said by prompt and language; a prompt may mix languages ("中文请按 1.
    For English, press 2."), so that each is a series of utterances. `source` is the plain data it was
    read from, None for a flow that was made otherwise; read again, it gives the same flow.
    """

    id: FlowId
    version: str
    start: NodeId
    nodes: Mapping[NodeId, Node]
    prompts: Mapping[PromptName, Mapping[Language, tuple[Utterance, ...]]]
    languages: tuple[Language, ...]
    default_language: Language
    source: object = field(default=None, compare=False, repr=False)


def drift(node: Node) -> tuple[NodeId, ...]:
    """Where the caller may get from here without pressing a key."""
    match node:
        case Play(then=then) | SayValue(then=then) | SetLanguage(then=then):
            return (then,)
        case Menu(otherwise=otherwise) | Collect(otherwise=otherwise):
            return (otherwise,)
        case Hours(open=open_, closed=closed):
            return (open_, closed)
        case Staffing() as look:
            others = (look.nobody, look.nobody_ready, look.full, look.long_wait)
            return tuple(dict.fromkeys((look.then, *(way for way in others if way is not None))))
        case CallBack(refused=refused):
            return (refused,)
        case Enqueue() | HangUp() | Voicemail():
            return ()


def exits(node: Node) -> tuple[NodeId, ...]:
    """Where the caller may get from here at all."""
    match node:
        case Menu(choices=choices):
            return tuple(choices.values()) + drift(node)
        case Collect(then=then):
            return (then, *drift(node))
        case _:
            return drift(node)
