"""What is simulated: queues with their callers, groups of agents, and for how long. Read from plain data.

Durations are in seconds, moments of the day in hours from the beginning. Everything that is wrong is told
at once, each with its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import log, sqrt
from random import Random
from typing import Any, Final

from callcenter.core.acd.agent_state import NO_TALENTS, Talents
from callcenter.core.acd.queue import QueueRules
from callcenter.core.acd.strategy import Strategy
from callcenter.core.acd.want import Ease
from callcenter.core.errors import Invalid
from callcenter.core.ids import QueueId
from callcenter.core.reading import Path, Reader
from callcenter.core.skills import parse_need

LONGEST_HOURS: Final = 168
MOST_AGENTS: Final = 20_000
MOST_AN_HOUR: Final = 1_000_000
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Duration:
    """Drawn anew each time. With a spread it is lognormal, with a mean alone exponential; `fixed` is always
    the same. None of them: never."""

    mean: float | None = None
    spread: float | None = None
    fixed: float | None = None

    def draw(self, random: Random) -> timedelta | None:
        """One of them; None for never."""
        if self.fixed is not None:
            return timedelta(seconds=self.fixed)
        if self.mean is None:
            return None
        if self.spread is None:
            return timedelta(seconds=random.expovariate(1 / self.mean))
        sigma = sqrt(log(1 + (self.spread / self.mean) ** 2))
        return timedelta(seconds=random.lognormvariate(log(self.mean) - sigma**2 / 2, sigma))


NEVER: Final = Duration()
AT_ONCE: Final = Duration(fixed=0.0)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Callers an hour, in stretches of `every` seconds one after the other; after the last it begins
    anew."""

    rates: tuple[float, ...]
    every: float = 3600.0

    def next(self, after: float, random: Random) -> float:
        """The next arrival after a moment, both in seconds from the beginning (Poisson, by thinning)."""
        most = max(self.rates) / 3600
        if most <= 0:
            return float("inf")
        while True:
            after += random.expovariate(most)
            rate = self.rates[int(after / self.every) % len(self.rates)] / 3600
            if random.random() * most < rate:
                return after


@dataclass(frozen=True, slots=True)
class Kind:
    """A share of a queue's callers who need something of an agent."""

    share: float
    requires: str = ""
    prefers: str = ""
    priority: float = 0.0


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue, who calls it, how long they are served and how long they wait at most."""

    rules: QueueRules
    arrivals: Arrivals
    handle: Duration
    patience: Duration = NEVER
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Agents who are alike. `misses` is the share of rings that they let ring; who was paused for it comes
    back after `returns`."""

    name: str
    count: int
    queues: tuple[QueueId, ...]
    talents: Talents = NO_TALENTS
    answers: Duration = AT_ONCE
    misses: float = 0.0
    returns: float = 60.0
    begins: float = 0.0
    ends: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stretch of time in a made-up centre."""

    hours: float
    queues: tuple[QueuePlan, ...]
    groups: tuple[Group, ...]
    seed: int = 1


def read_scenario(data: object) -> Scenario:
    """The scenario in plain data. Raises: Unreadable, with everything that is wrong."""
    reader = Reader()
    top = reader.fields(data, (), required=("queues", "agents"), optional=("hours", "seed"))
    if top is None:
        reader.finish()
        raise AssertionError("a problem was noted")
    hours = reader.number(top.get("hours", 8), ("hours",), least=0.01, most=LONGEST_HOURS)
    seed = reader.count(top.get("seed", 1), ("seed",), least=0, most=2**31)
    plans = [
        plan
        for name, entry, path in reader.entries(top["queues"], ("queues",), most=1000)
        if (plan := _Queue(reader, path).read(QueueId(name), entry)) is not None
    ]
    known = [str(plan.rules.id) for plan in plans]
    groups = [
        group
        for name, entry, path in reader.entries(top["agents"], ("agents",), most=1000)
        if (group := _group(reader, name, entry, path, known)) is not None
    ]
    for plan in plans:
        for place, step in enumerate(plan.rules.easing):
            if step.add is not None:
                path = ("queues", str(plan.rules.id), "easing", place, "add")
                reader.choice(str(step.add), path, known, "unknown-queue", "queue")
    reader.finish()
    return Scenario(hours or 0.0, tuple(plans), tuple(groups), seed or 0)


class _Queue:
    """Reads one queue."""

    _SECONDS: Final = ("ring_for", "wrap_up", "service_level_within", "tier_for")

    def __init__(self, reader: Reader, path: Path) -> None:
        self._reader = reader
        self._path = path

    def read(self, name: QueueId, entry: object) -> QueuePlan | None:
        optional = (*self._SECONDS, "patience", "callers", "strategy", "misses_allowed", "easing")
        reader, path = self._reader, self._path
        data = reader.fields(entry, path, required=("arrivals", "handle"), optional=optional)
        if data is None:
            return None
        rules = self._rules(QueueRules(name, announce_every=None), data)
        arrivals = _arrivals(reader, data["arrivals"], (*path, "arrivals"))
        handle = _duration(reader, data["handle"], (*path, "handle"))
        patience = NEVER
        if data.get("patience", "never") != "never":
            patience = _duration(reader, data["patience"], (*path, "patience")) or patience
        kinds = self._kinds(data.get("callers", ()))
        if arrivals is None or handle is None:
            return None
        return QueuePlan(rules, arrivals, handle, patience, kinds)

    def _rules(self, rules: QueueRules, data: Mapping[str, object]) -> QueueRules:
        given: dict[str, Any] = {}
        for name in self._SECONDS:
            if name in data:
                seconds = self._reader.number(data[name], (*self._path, name), least=0, most=3600)
                given[name] = timedelta(seconds=seconds or 0.0)
        if "misses_allowed" in data:
            path = (*self._path, "misses_allowed")
            given["misses_allowed"] = self._reader.count(
                data["misses_allowed"], path, least=1, most=100
            )
        strategy = data.get("strategy", rules.strategy.value)
        if self._reader.choice(
            str(strategy), (*self._path, "strategy"), Strategy, "unknown-strategy", "strategy"
        ):
            given["strategy"] = Strategy(str(strategy))
        given["easing"] = self._easing(data.get("easing", ()))
        return replace(rules, **given)

    def _easing(self, value: object) -> tuple[Ease, ...]:
        path = (*self._path, "easing")
        steps = self._reader.listing(value, path) or ()
        found = []
        for place, step in enumerate(steps):
            at = (*path, place)
            data = self._reader.fields(
                step, at, required=("after",), optional=("skill", "to", "add")
            )
            if data is None:
                continue
            after = self._reader.number(data["after"], (*at, "after"), least=0, most=14_400)
            wait = timedelta(seconds=after or 0.0)
            if "add" in data:
                found.append(Ease(wait, add=QueueId(str(data["add"]))))
            else:
                level = self._reader.count(data.get("to", 0), (*at, "to"), least=0, most=100)
                found.append(Ease(wait, str(data.get("skill", "")), level or 0))
        return tuple(sorted(found, key=lambda ease: ease.after))

    def _kinds(self, value: object) -> tuple[Kind, ...]:
        path = (*self._path, "callers")
        found = []
        for place, one in enumerate(self._reader.listing(value, path) or ()):
            at = (*path, place)
            data = self._reader.fields(
                one, at, required=("share",), optional=("requires", "prefers", "priority")
            )
            if data is None:
                continue
            share = self._reader.number(data["share"], (*at, "share"), least=0, most=1)
            priority = self._reader.number(
                data.get("priority", 0), (*at, "priority"), least=-_DAY, most=_DAY
            )
            requires = self._need(data.get("requires", ""), (*at, "requires"))
            prefers = self._need(data.get("prefers", ""), (*at, "prefers"))
            found.append(Kind(share or 0.0, requires, prefers, priority or 0.0))
        if sum(kind.share for kind in found) > 1 + 1e-9:
            self._reader.note(
                "too-many-callers",
                path,
                "The shares are more than 1 together: make them 1 or less.",
                "各比例之和超过 1，请调整到 1 或以下。",
            )
        return tuple(found)

    def _need(self, value: object, path: Path) -> str:
        text = self._reader.text(value, path, longest=500) or ""
        try:
            parse_need(text)
        except Invalid as error:
            self._reader.note(
                "bad-need",
                path,
                f"{error}; write such as english >= 50 and billing.",
                f"{error}；请写成如 english >= 50 and billing。",
            )
            return ""
        return text


def _group(reader: Reader, name: str, entry: object, path: Path, known: list[str]) -> Group | None:
    optional = ("tiers", "skills", "answers", "misses", "returns", "shift")
    data = reader.fields(entry, path, required=("count", "queues"), optional=optional)
    if data is None:
        return None
    count = reader.count(data["count"], (*path, "count"), least=1, most=MOST_AGENTS)
    queues = tuple(
        QueueId(str(queue))
        for place, queue in enumerate(reader.listing(data["queues"], (*path, "queues")) or ())
        if reader.choice(str(queue), (*path, "queues", place), known, "unknown-queue", "queue")
    )
    answers = AT_ONCE
    if "answers" in data:
        answers = _duration(reader, data["answers"], (*path, "answers")) or answers
    misses = reader.number(data.get("misses", 0), (*path, "misses"), least=0, most=1)
    returns = reader.number(data.get("returns", 60), (*path, "returns"), least=0, most=_DAY)
    begins, ends = _shift(reader, data.get("shift"), (*path, "shift"))
    talents = Talents(
        _levels(reader, data.get("skills", {}), (*path, "skills")),
        {
            QueueId(q): n
            for q, n in _levels(reader, data.get("tiers", {}), (*path, "tiers")).items()
        },
    )
    if count is None:
        return None
    return Group(
        *(name, count, queues, talents, answers, misses or 0.0, returns or 0.0, begins, ends)
    )


def _levels(reader: Reader, value: object, path: Path) -> dict[str, int]:
    data = reader.mapping(value, path) or {}
    levels = {
        str(key): reader.count(level, (*path, str(key)), least=1, most=100)
        for key, level in data.items()
    }
    return {key: level for key, level in levels.items() if level is not None}


def _shift(reader: Reader, value: object, path: Path) -> tuple[float, float | None]:
    if value is None:
        return 0.0, None
    data = reader.fields(value, path, required=("from", "to"))
    if data is None:
        return 0.0, None
    begins = reader.number(data["from"], (*path, "from"), least=0, most=LONGEST_HOURS)
    ends = reader.number(data["to"], (*path, "to"), least=0, most=LONGEST_HOURS)
    if begins is not None and ends is not None and ends <= begins:
        reader.note(
            "backward-shift",
            path,
            "The shift ends before it begins: let `to` be later than `from`.",
            "班次结束早于开始，请让 `to` 晚于 `from`。",
        )
    return 3600 * (begins or 0.0), None if ends is None else 3600 * ends


def _arrivals(reader: Reader, value: object, path: Path) -> Arrivals | None:
    optional = ("per_hour", "profile", "every_minutes")
    data = reader.fields(value, path, required=(), optional=optional)
    if data is None:
        return None
    if ("per_hour" in data) == ("profile" in data):
        reader.note(
            "no-arrivals",
            path,
            "Give either `per_hour: 100` or `profile: [60, 100, 80]`.",
            "请填写 `per_hour: 100` 或 `profile: [60, 100, 80]` 之一。",
        )
        return None
    if "per_hour" in data:
        given: list[tuple[object, Path]] = [(data["per_hour"], (*path, "per_hour"))]
    else:
        listed = reader.listing(data["profile"], (*path, "profile")) or ()
        given = [(rate, (*path, "profile", place)) for place, rate in enumerate(listed)]
    rates = [reader.number(rate, at, least=0, most=MOST_AN_HOUR) for rate, at in given]
    every = reader.number(
        data.get("every_minutes", 60), (*path, "every_minutes"), least=1, most=1440
    )
    known = tuple(rate for rate in rates if rate is not None)
    return Arrivals(known, 60 * every) if known and every is not None else None


def _duration(reader: Reader, value: object, path: Path) -> Duration | None:
    data = reader.fields(value, path, required=(), optional=("mean", "spread", "fixed"))
    if data is None:
        return None
    least = 0.001
    found = {
        key: reader.number(number, (*path, key), least=0 if key == "fixed" else least, most=_DAY)
        for key, number in data.items()
    }
    if ("mean" in found) == ("fixed" in found) or ("spread" in found and "mean" not in found):
        reader.note(
            "no-duration",
            path,
            "Give `mean: 180` (with `spread: 60`, if it is not exponential) or `fixed: 20`.",
            "请填写 `mean: 180`（非指数分布时再加 `spread: 60`）或 `fixed: 20`。",
        )
        return None
    return Duration(**found)
