"""What a call can ask for.

A leg effect goes to the switch, in the order given, and is named so that asking twice does no harm.
`Record` is a fact that follows: it is journalled and heard by call and floor before anything else.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from callcenter.core.acd.device import Answering
from callcenter.core.ids import AgentId, FlowId, LegId, PromptId, QueueId

if TYPE_CHECKING:
    from callcenter.core.facts.wire import Fact


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to say: a prompt of a flow, in a language. Who speaks it is the adapter's affair."""

    flow: FlowId
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Words:
    """Something to say that no flow has: a value in words (`core.say`), spoken when it is wanted.

    It may be a person's number, so what it says is not shown.
    """

    text: str = field(repr=False)
    language: str

    @property
    def name(self) -> str:
        """What it goes by beside prompts."""
        return "words"


@dataclass(frozen=True, slots=True)
class RingTone:
    """What is heard while a phone rings elsewhere; it does not end by itself."""

    @property
    def name(self) -> str:
        """What it goes by beside prompts."""
        return "ring-tone"


@dataclass(frozen=True, slots=True)
class AnswerLeg:
    leg: LegId


@dataclass(frozen=True, slots=True)
class Say:
    """Say these, one after the other, as one thing with one id and one end."""

    leg: LegId
    id: PromptId
    prompts: tuple[Prompt | Words | RingTone, ...]


@dataclass(frozen=True, slots=True)
class StopSaying:
    id: PromptId


@dataclass(frozen=True, slots=True)
class StartMusic:
    leg: LegId
    music: str


@dataclass(frozen=True, slots=True)
class StopMusic:
    leg: LegId


@dataclass(frozen=True, slots=True)
class RingAgent:
    """Ring `device`, at most for `ring_for`; `caller` is the leg the call is for, None while the caller is
    not on the line. `language` is the caller's: who answers outside, or takes calls by a key, is asked in
    it whether they take the call."""

    leg: LegId
    device: str
    agent: AgentId
    caller: LegId | None
    ani: str
    name: str
    ring_for: timedelta
    language: str = ""
    answering: Answering = Answering.BY_HAND


@dataclass(frozen=True, slots=True)
class DialCaller:
    """Call somebody back at `number`, at most for `ring_for`; they see that `shown` calls. `beside` is the
    leg of the agent who waits for them, if one does. `since` is when they called us."""

    leg: LegId
    number: str
    shown: str
    ring_for: timedelta
    beside: LegId | None
    since: datetime


@dataclass(frozen=True, slots=True)
class BridgeLegs:
    """Let these hear each other. `busy` if something may still be playing to one of them."""

    legs: tuple[LegId, ...]
    busy: bool


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """`elsewhere`: somebody else took the call, so that the phone need not show one that was missed."""

    leg: LegId
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Refuse a caller who has not been answered, so that their carrier tries another way; `for_good`: since
    we do not want them, so that it need not."""

    leg: LegId
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Hand the caller back to the dialplan's fallback: we cannot serve them."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Give the caller a tone, record what they say, `longest` at most, and hang up. The switch does that by
    itself. `queue` is the one that they waited in, if they did."""

    leg: LegId
    queue: QueueId | None
    language: str
    longest: timedelta


@dataclass(frozen=True, slots=True)
class TellBusy:
    """Let the caller hear that it is busy, by the tone if they were answered; that ends the call."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Record:
    fact: "Fact"


LegEffect = (
    AnswerLeg
    | Say
    | StopSaying
    | StartMusic
    | StopMusic
    | RingAgent
    | DialCaller
    | BridgeLegs
    | HangUpLeg
    | TurnAway
    | GiveBack
    | TakeMessage
    | TellBusy
)
CallEffect = LegEffect | Record
