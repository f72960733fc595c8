"""Draws what may follow what, from the tables and the machine themselves, for `docs/states.md`.

The engagement's table is read off as it is. A call's machine is a `match`, not a table, so that it is
asked: each phase is shown every kind of fact, and where it goes is drawn.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from callcenter.core.acd.agent_state import TRANSITIONS, Activity
from callcenter.core.calls import machine
from callcenter.core.calls.directory import Directory
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
    Phase,
    Queued,
    Reaching,
    Ring,
)
from callcenter.core.errors import IllegalTransition
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentOffered,
    Callback,
    CallbackOver,
    CallerAnswered,
    CallFact,
    DeadlinePassed,
    DigitPressed,
    EndedBy,
    GreetingBegan,
    HangUpAsked,
    LegCause,
    LegEnded,
    OfferEnd,
    OfferEnded,
    Outcome,
    PromptEnded,
    QueueLeft,
)
from callcenter.core.ids import AgentId, CallId, FlowId, LegId, QueueId, offer_leg
from callcenter.core.ivr.cursor import Cursor
from callcenter.core.ivr.cursor import Phase as At
from callcenter.core.ivr.flow import (
    CallBack,
    Enqueue,
    Flow,
    HangUp,
    Language,
    Menu,
    NodeId,
    PromptName,
)

_NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_LATER: Final = _NOON + timedelta(hours=1)
_CALL: Final = CallId("c")
_ANA: Final = AgentId("ana")
_QUEUE: Final = QueueId("q")
_EN: Final = Language("en")
_FLOW: Final = Flow(
    FlowId("f"),
    "v1",
    NodeId("menu"),
    {
        NodeId("menu"): Menu(
            PromptName("p"),
            {"1": NodeId("queue"), "2": NodeId("bye"), "3": NodeId("back")},
            NodeId("bye"),
        ),
        NodeId("queue"): Enqueue(_QUEUE),
        NodeId("back"): CallBack(Enqueue(_QUEUE), PromptName("p"), NodeId("bye")),
        NodeId("bye"): HangUp(PromptName("bye")),
    },
    {},
    (_EN,),
    _EN,
)
_PLACE: Final = Queued(_QUEUE, _NOON, None)
_RING: Final = Ring(_ANA, 1, _NOON, _NOON + timedelta(seconds=20))
_BACK: Final = Callback("+49301", _QUEUE, _NOON, _LATER + timedelta(hours=8))
_PHASES: Final[tuple[Phase, ...]] = (
    InFlow(Cursor(_FLOW.id, "v1", NodeId("menu"), _EN, At.SAYING), 1, _NOON, _LATER),
    _PLACE,
    Offered(_PLACE, (_RING,)),
    Agreed(_BACK, None, _NOON, _NOON),
    Kept(_BACK, 0, 0, True, _BACK.expires_at),
    Kept(_BACK, 0, 0, True, _BACK.expires_at, (_RING,)),
    Reaching(_BACK, 1, 0, _ANA, (_RING,), _NOON, _NOON + timedelta(seconds=30)),
    Reaching(replace(_BACK, caller_first=True), 1, 0, None, (_RING,), _NOON, _LATER),
    Greeting(
        _PLACE,
        Ring(_ANA, 1, _NOON, _LATER),
        _NOON,
        _NOON + timedelta(seconds=10),
        (1,),
        is_hushed=True,
    ),
    Connected(_ANA, 1, _NOON),
    Leaving(1, _NOON, _NOON + timedelta(minutes=1)),
    Ended(Outcome.ANSWERED),
)
_FACTS: Final[tuple[tuple[str, CallFact], ...]] = (
    ("key into a queue", DigitPressed(_NOON, _CALL, LegId(_CALL), "1")),
    ("key to the end", DigitPressed(_NOON, _CALL, LegId(_CALL), "2")),
    ("key for a callback", DigitPressed(_NOON, _CALL, LegId(_CALL), "3")),
    ("prompt over", PromptEnded(_NOON, _CALL, 1)),
    ("offered", AgentOffered(_NOON, _CALL, _QUEUE, _ANA, 2, "sip:agent-ana", "why")),
    ("picked up", GreetingBegan(_NOON, _CALL, _ANA, 1, "1001", briefs=True)),
    ("answered", AgentAnswered(_NOON, _CALL, _ANA, 1)),
    ("queue deleted", QueueLeft(_NOON, _CALL, _QUEUE)),
    ("agent's leg gone", LegEnded(_NOON, _CALL, offer_leg(_CALL, 1), LegCause.NORMAL)),
    ("offer taken back", OfferEnded(_NOON, _CALL, _ANA, 1, OfferEnd.LAPSED)),
    ("time over", DeadlinePassed(_LATER, _CALL)),
    ("caller gone", LegEnded(_NOON, _CALL, LegId(_CALL), LegCause.NORMAL)),
    ("caller answers", CallerAnswered(_NOON, _CALL, 1)),
    ("not to be called", CallbackOver(_NOON, _CALL, Outcome.BARRED)),
    ("hang-up asked", HangUpAsked(_NOON, _CALL, EndedBy.SUPERVISOR)),
)

_HEAD: Final = """# What may follow what

Drawn by `scripts/render-states` from the code; a test fails when this page is not fresh.
"""


def drawings() -> str:
    """The whole page, in Markdown with Mermaid drawings."""
    engagement = [
        (before.value, step.value, after.value) for (before, step), after in TRANSITIONS.items()
    ]
    return "\n".join(
        [
            _HEAD,
            "## An engagement: one offer to an agent and what comes of it\n",
            _drawing(Activity.IDLE.value, engagement),
            "## A call\n",
            _drawing(type(_PHASES[0]).__name__, list(_moves())),
        ]
    )


def calls_in_each_phase() -> Iterator[Call]:
    """One call in every phase."""
    for phase in _PHASES:
        yield Call(_CALL, LegId(_CALL), "", "", "", _NOON, "en", 1, 0, phase)


def _moves() -> Iterator[tuple[str, str, str]]:
    directory = Directory(flows={_FLOW.id: _FLOW}, queues={})
    rules = {_QUEUE: directory.queue(_QUEUE)}
    served = Directory(flows=directory.flows, queues=rules, reach=lambda number: "+49301")
    for call in calls_in_each_phase():
        phase = call.phase
        for name, fact in _FACTS:
            try:
                after, _ = machine.advance(call, fact, served)
            except IllegalTransition:
                continue
            if type(after.phase) is not type(phase):
                yield type(phase).__name__, name, type(after.phase).__name__


def _drawing(first: str, moves: Iterable[tuple[str, str, str]]) -> str:
    by_way: dict[tuple[str, str], list[str]] = {}
    for before, step, after in moves:
        by_way.setdefault((before, after), []).append(step)
    lines = [
        f"    {before} --> {after}: {', '.join(dict.fromkeys(steps))}"
        for (before, after), steps in by_way.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *lines, "```\n"])
