"""Calls: those that are, what is written down about one, and ending one.

An agent sees the calls that ring at them or are with them, and of the past those they answered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from callcenter.adapters.http.explanation import AgentVerdict, Explanation, Said, explained
from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.adapters.http.views import whose
from callcenter.core.access import Action, Actor, check_may, may
from callcenter.core.errors import Invalid, NoSuchCall, NoSuchSkill, NotWaiting
from callcenter.core.facts.wire import Fact, UnreadableFact, from_wire
from callcenter.core.ids import CallId
from callcenter.core.skills import LONGEST_NEED
from callcenter.engine.api import LONGEST_HEAD_START, ChangeNeeds, Door, HangUp
from callcenter.ports.history import CallHistory, CallRecord, History, StoredFact
from callcenter.ports.store import StoreAway

Phase = Literal[
    "in-flow",
    "queued",
    "offered",
    "greeting",
    "agreed",
    "kept",
    "reaching",
    "connected",
    "leaving",
    "ended",
]


class CallQuery(Shape):
    """Only calls in this phase, in this queue."""

    phase: Phase | None = None
    queue: Line | None = None


class CallShown(Shape):
    """A call. `first_dialled` is set where it was diverted to us. `since` begins its phase; `also_rung` are
    the agents who are rung beside `agent`. Who is to be called back at `callback_number` has been so often
    as `attempts` says, and is not `not_before`, nor after `expires_at`. `customer`, `tier` and what flows
    `collected` are told while it is, the last five once it is over."""

    id: str
    ani: str
    name: str
    dnis: str
    first_dialled: str
    language: str | None
    arrived_at: datetime
    customer: str = ""
    tier: str = ""
    collected: Mapping[str, str] = Field(default_factory=dict)
    phase: Phase
    since: datetime | None = None
    flow: str | None = None
    node: str | None = None
    queue: str | None = None
    agent: str | None = None
    also_rung: Sequence[str] = ()
    callback_number: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    disposition: str | None = None
    ended_by: str | None = None


class CallListing(Listing[CallShown]):
    """Calls that are, the oldest first."""


class FactShown(Shape):
    """One thing that happened; `kind` and the fields of `body` never change their meaning."""

    number: int
    kind: str
    at: datetime
    body: Mapping[str, Any]


class FactListing(Listing[FactShown]):
    """Everything written down about a call, in order."""


class NeedsChange(Shape):
    """What is left out stays. `requires` and `prefers` are such as `english >= 50 and billing`;
    `priority_seconds` is a head start over those who came later."""

    requires: str | None = Field(default=None, max_length=LONGEST_NEED)
    prefers: str | None = Field(default=None, max_length=LONGEST_NEED)
    priority_seconds: float | None = Field(
        default=None, ge=-LONGEST_HEAD_START, le=LONGEST_HEAD_START
    )


def call_routes(door: Door, history: History) -> Routes:
    routes = Routes("calls")
    _add_live(routes, door, history)
    _add_needs(routes, door)
    _add_explanation(routes, door, history)
    _add_facts(routes, door, history)
    return routes


def _add_live(routes: Routes, door: Door, history: History) -> None:
    @routes.add(
        "GET",
        f"{API}/calls",
        "Calls that are",
        takes=CallQuery,
        gives=CallListing,
        needs=Right(Action.WATCH_LIVE, asked_within=True),
    )
    async def list_calls(asked: Asked[CallQuery]) -> Answer:
        wish = asked.body
        shown = [
            live_call(CallId(call), row)
            for call, row in door.snapshot()[1]["calls"].items()
            if may(asked.actor, Action.WATCH_LIVE, agent=whose(row, asked.actor.agent_id))
            and wish.phase in (None, row["phase"])
            and wish.queue in (None, row.get("queue"))
        ]
        return CallListing(items=sorted(shown, key=lambda call: (call.arrived_at, call.id)))

    @routes.add(
        "GET",
        f"{API}/calls/{{call_id}}",
        "One call, that is or was",
        gives=CallShown,
        needs=Right(Action.READ_CALLS, asked_within=True),
        errors=(NoSuchCall, StoreAway),
    )
    async def read_call(asked: Asked[None]) -> Answer:
        call = CallId(asked.path("call_id"))
        if (row := _seen(asked.actor, door, call)) is not None:
            return live_call(call, row)
        return _past((await _looked_up(asked.actor, history, call)).record)

    @routes.add(
        "DELETE",
        f"{API}/calls/{{call_id}}",
        "Hang up",
        needs=Right(Action.STEER_CALL, asked_within=True),
        errors=(NoSuchCall,),
    )
    async def hang_up(asked: Asked[None]) -> Answer:
        door.ask(asked.actor, HangUp(CallId(asked.path("call_id"))))
        return None


def _add_needs(routes: Routes, door: Door) -> None:
    @routes.add(
        "PATCH",
        f"{API}/calls/{{call_id}}/needs",
        "Change what a caller who waits needs of an agent, or their head start, at once",
        takes=NeedsChange,
        needs=Right(Action.STEER_CALL, asked_within=True),
        errors=(NoSuchCall, NotWaiting, NoSuchSkill, Invalid),
    )
    async def change_needs(asked: Asked[NeedsChange]) -> Answer:
        wish, call = asked.body, CallId(asked.path("call_id"))
        change = ChangeNeeds(call, wish.requires, wish.prefers, wish.priority_seconds)
        door.ask(asked.actor, change)
        return None


def _add_explanation(routes: Routes, door: Door, history: History) -> None:
    @routes.add(
        "GET",
        f"{API}/calls/{{call_id}}/explanation",
        "Why a call went to whom it went to, or why nobody has it yet",
        gives=Explanation,
        needs=Right(Action.READ_CALLS, asked_within=True),
        errors=(NoSuchCall, StoreAway),
    )
    async def explain(asked: Asked[None]) -> Answer:
        call = CallId(asked.path("call_id"))
        if _seen(asked.actor, door, call) is None:
            known = await _looked_up(asked.actor, history, call)
            return Explanation(steps=explained(_readable(known.facts)), agents=[])
        agents = [
            AgentVerdict(agent=one.agent, can=one.can, why=Said.of(one.why))
            for one in door.verdicts(call)
        ]
        return Explanation(steps=explained(door.facts_of(call)), agents=agents)


def _add_facts(routes: Routes, door: Door, history: History) -> None:
    @routes.add(
        "GET",
        f"{API}/calls/{{call_id}}/facts",
        "Everything written down about a call, a few seconds behind",
        gives=FactListing,
        needs=Right(Action.READ_CALLS, asked_within=True),
        errors=(NoSuchCall, StoreAway),
    )
    async def list_facts(asked: Asked[None]) -> Answer:
        call = CallId(asked.path("call_id"))
        if _seen(asked.actor, door, call) is None:
            known = await _looked_up(asked.actor, history, call)
            return FactListing(items=[_fact(fact) for fact in known.facts])
        try:
            return FactListing(items=[_fact(fact) for fact in (await history.call(call)).facts])
        except NoSuchCall:
            return FactListing(items=[])  # it has only just arrived


def _readable(facts: Iterable[StoredFact]) -> Iterator[Fact]:
    for fact in facts:
        with suppress(UnreadableFact):  # written by a newer version
            yield from_wire(fact.kind, fact.body)


def _seen(actor: Actor, door: Door, call: CallId) -> Mapping[str, Any] | None:
    """The row of a call that is, None for one that was. Raises: NotPermitted, if it is not theirs."""
    try:
        row = door.call(call)
    except NoSuchCall:
        return None
    check_may(actor, Action.READ_CALLS, agent=whose(row, actor.agent_id))
    return row


async def _looked_up(actor: Actor, history: History, call: CallId) -> CallHistory:
    """A call that was, if the actor may know of it: whose it was is asked before whether it was."""
    try:
        known = await history.call(call)
    except NoSuchCall:
        check_may(actor, Action.READ_CALLS)
        raise
    check_may(actor, Action.READ_CALLS, agent=known.record.agent)
    return known


def live_call(call: CallId, row: Mapping[str, Any]) -> CallShown:
    """A call that is, from its row."""
    return CallShown.model_validate({"id": call, **row})


def _past(record: CallRecord) -> CallShown:
    return CallShown(
        id=record.call,
        ani=record.ani,
        name=record.name,
        dnis=record.dnis,
        first_dialled=record.first_dialled,
        language=record.language,
        arrived_at=record.arrived_at,
        phase="ended",
        flow=record.flow,
        agent=record.agent,
        answered_at=record.answered_at,
        ended_at=record.ended_at,
        outcome=record.outcome,
        disposition=record.disposition,
        ended_by=record.ended_by,
    )


def _fact(fact: StoredFact) -> FactShown:
    body = {key: value for key, value in fact.body.items() if key not in ("at", "call")}
    return FactShown(number=fact.number, kind=fact.kind, at=fact.at, body=body)
