"""Looks after the centre: each watch at its own pace, and everybody is told of what is raised or cleared.

A post is one thing to look at, which may hold several figures of a kind (trunks, disks), each told apart by
its subject. Posts do not wait for each other: what hangs, or fails, says nothing and leaves its watches
as they are, unless the failing is the figure itself. A look that takes long is taken less often, so that
watching does not become the trouble that it finds; but one that waited in vain is taken again soon, since
then there may be trouble.

Who asks is told the same, whether by metric, API, command or screen: `standings` is the one truth.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from callcenter.core.watch import AT_ONCE, KINDS, Bounds, Kind, Severity, Watch
from callcenter.ports.clock import Clock

logger = logging.getLogger(__name__)

Figures = Mapping[str, float]
"""What was seen, by subject; a subject that is missing was not seen. One without a name is the centre."""
Look = Callable[[], Awaitable[Figures]]
Rows = Mapping[str, Mapping[str, Any] | None]

THE_CENTRE: Final = ""
FIRST_LOOK: Final = timedelta(seconds=5)
"""After a start: an engine that takes over has more to do in its first second."""
LONGEST_LOOK: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""However long a look took; one may just have met a switch that was dying."""
_LOG_LEVEL: Final = {Severity.CRITICAL: logging.ERROR, Severity.WARNING: logging.WARNING}


@dataclass(frozen=True, slots=True)
class Post:
    """One kind of alert, when it is raised, and how and how often its figures are looked at."""

    code: str
    bounds: Bounds
    every: timedelta
    look: Look
    share: float = 0.1
    """The most of its time that it may spend looking."""

    def pause(self, took: timedelta, *, saw: bool) -> timedelta:
        """Until the next look, after one that took so long and saw something, or failed."""
        rest = min(took * (1 / self.share - 1), LONGEST_PAUSE) if saw else timedelta()
        return max(self.every, rest)

    @property
    def kind(self) -> Kind:
        """What it means. Raises: KeyError, for a code that nobody knows."""
        return KINDS[self.code]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one watch stands now."""

    kind: Kind
    subject: str
    watch: Watch

    @property
    def key(self) -> str:
        """Its name on screens."""
        return f"{self.kind.code}:{self.subject}" if self.subject else self.kind.code

    @property
    def order(self) -> tuple[bool, bool, str]:
        """What is raised first, and of that what callers feel."""
        return not self.watch.is_raised, self.kind.severity is Severity.WARNING, self.key


class Watchdogs:
    """`run` for ever. `show` puts rows on live screens, by key; None: not raised any more."""

    def __init__(self, posts: Sequence[Post], clock: Clock, show: Callable[[Rows], None]) -> None:
        self._posts = posts
        self._clock = clock
        self._show = show
        self._standing: dict[tuple[str, str], Standing] = {}
        show({})

    @property
    def standings(self) -> list[Standing]:
        """Every watch that was ever seen, raised ones first."""
        return sorted(self._standing.values(), key=lambda one: one.order)

    async def run(self) -> None:
        """Keep looking, for ever."""
        async with asyncio.TaskGroup() as group:
            for post in self._posts:
                group.create_task(self._stand(post))

    async def _stand(self, post: Post) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(min(post.every, FIRST_LOOK).total_seconds())
        while True:
            began = loop.time()
            saw = await self.look(post)
            took = timedelta(seconds=loop.time() - began)
            await asyncio.sleep(post.pause(took, saw=saw).total_seconds())

    async def look(self, post: Post) -> bool:
        """Look once, and tell what has changed by it; whether it did not fail."""
        figures: Figures | None = None
        try:
            async with asyncio.timeout(LONGEST_LOOK.total_seconds()):
                figures = await post.look()
        except Exception as error:
            # A watch that cannot look must not end the others, nor the engine.
            logger.info("watch saw nothing", extra={"code": post.code, "why": type(error).__name__})
        known = {subject for code, subject in self._standing if code == post.code}
        at = self._clock.now()
        for subject in sorted(known | set(figures or {})):
            self._see(post, subject, (figures or {}).get(subject), at)
        return figures is not None

    def _see(self, post: Post, subject: str, value: float | None, at: datetime) -> None:
        key = post.code, subject
        before = self._standing.get(key) or Standing(post.kind, subject, Watch(post.bounds))
        after = self._standing[key] = Standing(post.kind, subject, before.watch.look(value, at))
        if before.watch.is_raised == after.watch.is_raised:
            return
        told = {"code": post.code, "subject": subject, "value": value}
        if after.watch.is_raised:
            logger.log(_LOG_LEVEL[post.kind.severity], "alert raised", extra=told)
        else:
            logger.warning("alert cleared", extra=told)
        self._show({after.key: alert_row(after) if after.watch.is_raised else None})


def alert_row(standing: Standing) -> Mapping[str, Any]:
    """A raised alert as screens show it."""
    raised_at = standing.watch.raised_at
    return {
        "code": standing.kind.code,
        "subject": standing.subject,
        "severity": standing.kind.severity.value,
        "raised_at": raised_at.isoformat() if raised_at else None,
        "title": dict(standing.kind.title),
    }


# -- looks that need nothing but a value ----------------------------------------------------------


def of_centre(figure: Callable[[], float | None]) -> Look:
    """A look at one figure that is known here; None: it is not."""

    async def look() -> Figures:
        value = figure()
        return {} if value is None else {THE_CENTRE: value}

    return look


def of_subjects(figures: Callable[[], Figures]) -> Look:
    """A look at figures that are known here, by subject."""

    async def look() -> Figures:
        return figures()

    return look


class Worst:
    """The worst of what was told since it was asked last, for a figure that is measured more often than
    it is looked at."""

    def __init__(self) -> None:
        self._worst: timedelta | None = None

    def tell(self, value: timedelta) -> None:
        """One more."""
        self._worst = max(self._worst or AT_ONCE, value)

    def seconds(self) -> float | None:
        """The worst, once; None when nothing was told."""
        worst, self._worst = self._worst, None
        return None if worst is None else worst.total_seconds()


class Growth:
    """How much running totals have grown within the last `looks` looks, by subject. One that begins anew
    has grown by what it is now."""

    def __init__(
        self, totals: Callable[[], Figures], subjects: Collection[str], looks: int
    ) -> None:
        self._totals = totals
        self._last = dict.fromkeys(subjects, 0.0)
        self._grown: deque[Figures] = deque(maxlen=looks)

    def figures(self) -> Figures:
        """Look at the totals, once more."""
        now = {subject: self._totals().get(subject, 0.0) for subject in self._last}
        self._grown.append(
            {
                subject: total - before if total >= (before := self._last[subject]) else total
                for subject, total in now.items()
            }
        )
        self._last = now
        return {one: sum(grown[one] for grown in self._grown) for one in now}
