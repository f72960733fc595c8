"""Queues: their rules, their figures, who waits in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action, check_may
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.acd.ways_out import WayOut
from callcenter.core.durations import in_seconds, of_seconds
from callcenter.core.errors import (
    Invalid,
    NameTaken,
    NoSuchFlow,
    NoSuchQueue,
    NoSuchSkill,
    StillInUse,
)
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.skills import LEVELS
from callcenter.engine.api import Door
from callcenter.ports.store import StoreAway
from callcenter.services.configuration import Configuration
from callcenter.services.queue_limits import MISSES, MUSIC, SECONDS
from callcenter.services.skill_rules import LONGEST_EASING, MOST_STEPS
from callcenter.services.ways_out_rules import LATEST, MOST_WAYS, SOONEST

_DURATIONS: Final = tuple(SECONDS)


def _seconds(name: str, default: float | None = None) -> Any:
    least, most = SECONDS[name]
    return Field(default=default, ge=least, le=most)


class EasingStep(Shape):
    """After so long a wait a skill is asked for at `to` only, 0: not at all; or `add` this queue's
    agents."""

    after_seconds: float = Field(ge=0, le=LONGEST_EASING.total_seconds())
    skill: Line | None = None
    to: int = Field(default=0, ge=0, le=LEVELS[1])
    add: Line | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "EasingStep":
        if (self.skill is None) == (self.add is None) or (self.add is not None and self.to):
            raise PydanticCustomError(
                "value_error",
                "give either a skill and its level, or a queue to add",
                {"zh": "请填写技能及其级别，或要加入的队列，二者选一"},
            )
        return self


class WayOutShape(Shape):
    """A way out of a queue for whom nobody has served: it opens `after_seconds` in this queue, by `key`, or
    when the hours of `calendar` end, when the wait that is left is expected to be longer than
    `expected_seconds`, or when `nobody` is signed in any more, and leads into `queue`, where the wait goes
    on counting, or `flow`."""

    after_seconds: float | None = Field(
        default=None, ge=SOONEST.total_seconds(), le=LATEST.total_seconds()
    )
    key: Line | None = None
    calendar: Line | None = None
    expected_seconds: float | None = Field(
        default=None, ge=SOONEST.total_seconds(), le=LATEST.total_seconds()
    )
    nobody: bool = False
    queue: Line | None = None
    flow: Line | None = None


class QueueChange(Shape):
    """What is left out stays; `announce_every_seconds: null` says nothing to those who wait,
    `wrap_up_seconds: null` leaves agents to their work until they say that they are done."""

    ring_for_seconds: float | None = _seconds("ring_for")
    wrap_up_seconds: float | None = _seconds("wrap_up")
    misses_allowed: int | None = Field(default=None, ge=MISSES[0], le=MISSES[1])
    announce_first_seconds: float | None = _seconds("announce_first")
    announce_every_seconds: float | None = _seconds("announce_every")
    quiet_for_seconds: float | None = _seconds("quiet_for")
    announce_estimate: bool | None = None
    greets_with_number: bool | None = None
    briefs_agent: bool | None = None
    music: str | None = Field(default=None, pattern=f"^{MUSIC.pattern}$")
    service_level_within_seconds: float | None = _seconds("service_level_within")
    strategy: Strategy | None = None
    easing: Sequence[EasingStep] | None = Field(default=None, max_length=MOST_STEPS)
    tier_for_seconds: float | None = _seconds("tier_for")
    head_start_seconds: float | None = _seconds("head_start")
    rest_no_answer_seconds: float | None = _seconds("rest_no_answer")
    rest_rejected_seconds: float | None = _seconds("rest_rejected")
    rest_unreachable_seconds: float | None = _seconds("rest_unreachable")
    known_for_seconds: float | None = _seconds("known_for")
    known_within_seconds: float | None = _seconds("known_within")
    resume_within_seconds: float | None = _seconds("resume_within")
    ways_out: Sequence[WayOutShape] | None = Field(default=None, max_length=MOST_WAYS)


class NewQueue(QueueChange):
    """What is left out has its default."""

    id: Line


class QueueLive(Shape):
    """How many wait, since when the first of them, and how many agents are free to serve them."""

    waiting: int
    longest_since: datetime | None
    free: int


class QueueShown(Shape):
    id: str
    ring_for_seconds: float
    wrap_up_seconds: float | None
    misses_allowed: int
    announce_first_seconds: float
    announce_every_seconds: float | None
    quiet_for_seconds: float
    announce_estimate: bool
    greets_with_number: bool
    briefs_agent: bool
    music: str
    service_level_within_seconds: float
    strategy: Strategy
    easing: Sequence[EasingStep]
    tier_for_seconds: float
    head_start_seconds: float
    rest_no_answer_seconds: float
    rest_rejected_seconds: float
    rest_unreachable_seconds: float
    known_for_seconds: float
    known_within_seconds: float
    resume_within_seconds: float
    ways_out: Sequence[WayOutShape]
    agents: Sequence[str]
    live: QueueLive


class QueueListing(Listing[QueueShown]):
    """All queues, by id."""


class EntryShown(Shape):
    """A caller who waits; `agent` is being rung for them."""

    call: str
    ani: str
    name: str
    dnis: str
    since: datetime
    agent: str | None


class EntryListing(Listing[EntryShown]):
    """Who waits in a queue, the longest first."""


def queue_routes(configuration: Configuration, door: Door) -> Routes:
    routes = Routes("queues")
    _add_reading(routes, configuration, door)
    _add_changing(routes, configuration, door)
    return routes


def _add_reading(routes: Routes, configuration: Configuration, door: Door) -> None:
    @routes.add(
        "GET",
        f"{API}/queues",
        "All queues, with live figures",
        gives=QueueListing,
        needs=Right(Action.READ_QUEUES),
        errors=(StoreAway,),
    )
    async def list_queues(asked: Asked[None]) -> Answer:
        state = door.snapshot()[1]
        queues = await configuration.list_queues(asked.actor)
        return QueueListing(items=[queue_shown(rules, state) for rules in queues])

    @routes.add(
        "GET",
        f"{API}/queues/{{queue_id}}",
        "One queue",
        gives=QueueShown,
        needs=Right(Action.READ_QUEUES),
        errors=(NoSuchQueue, StoreAway),
    )
    async def read_queue(asked: Asked[None]) -> Answer:
        rules = await configuration.queue(asked.actor, _queue(asked))
        return queue_shown(rules, door.snapshot()[1])

    @routes.add(
        "GET",
        f"{API}/queues/{{queue_id}}/entries",
        "Who waits in a queue",
        gives=EntryListing,
        needs=Right(Action.WATCH_LIVE, asked_within=True),
        errors=(NoSuchQueue, StoreAway),
    )
    async def list_entries(asked: Asked[None]) -> Answer:
        check_may(asked.actor, Action.WATCH_LIVE)
        rules = await configuration.queue(asked.actor, _queue(asked))
        rows = door.snapshot()[1]["calls"].items()
        entries = [_entry(call, row) for call, row in rows if _waits_in(row, rules.id)]
        return EntryListing(items=sorted(entries, key=lambda entry: (entry.since, entry.call)))


def _add_changing(routes: Routes, configuration: Configuration, door: Door) -> None:
    @routes.add(
        "POST",
        f"{API}/queues",
        "Add a queue",
        takes=NewQueue,
        gives=QueueShown,
        status=201,
        needs=Right(Action.CHANGE_QUEUES),
        errors=(NameTaken, Invalid, NoSuchSkill, NoSuchQueue, NoSuchFlow, StoreAway),
    )
    async def add_queue(asked: Asked[NewQueue]) -> Answer:
        rules = changed_rules(QueueRules(QueueId(asked.body.id)), asked.body)
        await configuration.add_queue(asked.actor, rules)
        return queue_shown(rules, door.snapshot()[1])

    @routes.add(
        "PATCH",
        f"{API}/queues/{{queue_id}}",
        "Change a queue's rules, for those who wait already too",
        takes=QueueChange,
        gives=QueueShown,
        needs=Right(Action.CHANGE_QUEUES),
        errors=(NoSuchQueue, NoSuchSkill, NoSuchFlow, Invalid, StoreAway),
    )
    async def change_queue(asked: Asked[QueueChange]) -> Answer:
        rules = await configuration.change_queue(
            asked.actor, _queue(asked), lambda before: changed_rules(before, asked.body)
        )
        return queue_shown(rules, door.snapshot()[1])

    @routes.add(
        "DELETE",
        f"{API}/queues/{{queue_id}}",
        "Delete a queue that no agent serves and no flow leads to",
        needs=Right(Action.CHANGE_QUEUES),
        errors=(NoSuchQueue, StillInUse, StoreAway),
    )
    async def delete_queue(asked: Asked[None]) -> Answer:
        await configuration.delete_queue(asked.actor, _queue(asked))
        return None


def _queue(asked: Asked[Any]) -> QueueId:
    return QueueId(asked.path("queue_id"))


def changed_rules(rules: QueueRules, wish: QueueChange) -> QueueRules:
    """The rules with what is wished."""
    given: dict[str, Any] = {
        name: timedelta(seconds=seconds)
        for name in _DURATIONS
        if (seconds := getattr(wish, f"{name}_seconds")) is not None
    }
    for name in ("announce_every", "wrap_up"):
        if f"{name}_seconds" in wish.model_fields_set and name not in given:
            given[name] = None
    given |= {
        name: getattr(wish, name)
        for name in (
            "misses_allowed",
            "music",
            "strategy",
            "announce_estimate",
            "greets_with_number",
            "briefs_agent",
        )
        if getattr(wish, name) is not None
    }
    if wish.easing is not None:
        given["easing"] = tuple(map(_ease, wish.easing))
    if wish.ways_out is not None:
        given["ways_out"] = tuple(map(_way, wish.ways_out))
    return replace(rules, **given)


def _way(shape: WayOutShape) -> WayOut:
    return WayOut(
        of_seconds(shape.after_seconds),
        shape.key or "",
        shape.calendar or "",
        None if shape.queue is None else QueueId(shape.queue),
        None if shape.flow is None else FlowId(shape.flow),
        of_seconds(shape.expected_seconds),
        shape.nobody,
    )


def _way_shape(way: WayOut) -> WayOutShape:
    return WayOutShape(
        after_seconds=in_seconds(way.after),
        key=way.key or None,
        calendar=way.calendar or None,
        expected_seconds=in_seconds(way.expected),
        nobody=way.nobody,
        queue=way.queue,
        flow=way.flow,
    )


def _ease(step: EasingStep) -> Ease:
    after = timedelta(seconds=step.after_seconds)
    if step.add is not None:
        return Ease(after, add=QueueId(step.add))
    return Ease(after, step.skill or "", step.to)


def _step(ease: Ease) -> EasingStep:
    after = ease.after.total_seconds()
    if ease.add is not None:
        return EasingStep(after_seconds=after, add=ease.add)
    return EasingStep(after_seconds=after, skill=ease.skill, to=ease.to)


def queue_shown(rules: QueueRules, state: Mapping[str, Any]) -> QueueShown:
    """A queue as it is shown; `state` has the live rows."""
    figures = state["queues"].get(rules.id) or {"waiting": 0, "longest_since": None, "free": 0}
    durations = {f"{name}_seconds": in_seconds(getattr(rules, name)) for name in _DURATIONS}
    return QueueShown.model_validate(
        {
            "id": rules.id,
            "misses_allowed": rules.misses_allowed,
            "music": rules.music,
            "announce_estimate": rules.announce_estimate,
            "greets_with_number": rules.greets_with_number,
            "briefs_agent": rules.briefs_agent,
            "strategy": rules.strategy,
            "easing": [_step(ease) for ease in rules.easing],
            "ways_out": [_way_shape(way) for way in rules.ways_out],
            "agents": sorted(a for a, row in state["agents"].items() if rules.id in row["queues"]),
            "live": figures,
            **durations,
        }
    )


def _waits_in(row: Mapping[str, Any], queue: QueueId) -> bool:
    return row["phase"] in ("queued", "offered") and row["queue"] == queue


def _entry(call: str, row: Mapping[str, Any]) -> EntryShown:
    return EntryShown(
        call=call,
        ani=row["ani"],
        name=row["name"],
        dnis=row["dnis"],
        since=row["since"],
        agent=row.get("agent"),
    )
