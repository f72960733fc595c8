"""The watches of one engine, from settings: what is looked at, how often, and when it is told."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from callcenter.adapters.asterisk.ari.generated import asterisk
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError
from callcenter.adapters.asterisk.console import Console
from callcenter.adapters.asterisk.link import AriLink
from callcenter.adapters.asterisk.trial import TrialCalls, TrialFailed
from callcenter.adapters.asterisk.trunks import Trunks
from callcenter.adapters.db.progress import number_archived
from callcenter.adapters.db.session import Database
from callcenter.adapters.journal.reader import SegmentReader
from callcenter.core.admission import Refusal
from callcenter.core.watch import Bounds
from callcenter.engine.api import Door
from callcenter.engine.runtime import Runtime
from callcenter.host.disk import Room, room
from callcenter.host.render import control_socket
from callcenter.ports.telephony import SwitchAway
from callcenter.services.watch import (
    THE_CENTRE,
    Figures,
    Growth,
    Look,
    Post,
    Worst,
    of_centre,
    of_subjects,
)
from callcenter.settings import Settings

logger = logging.getLogger(__name__)

_SECOND: Final = timedelta(seconds=1)
_STATE: Final = Bounds(1.0, 0.0)
_REFUSED_EVERY: Final = 2 * _SECOND
_REFUSED_WITHIN: Final = timedelta(minutes=1)
_PATIENCE: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of an engine that are looked at."""

    door: Door
    runtime: Runtime
    link: AriLink
    trunks: Trunks
    http: PooledHttp
    database: Database
    trial: TrialCalls
    late: Worst


def posts(settings: Settings, of: Watched) -> list[Post]:
    """Everything that is watched over."""
    wanted = settings.watch
    late, answer = settings.limits.late_ms / 1000, wanted.switch_answer_ms / 1000
    console = Console(control_socket(settings.run_folder / "asterisk"))
    age = _worse_above(float(wanted.canary_seconds))
    return [
        Post("switch-away", age, _SECOND, of_centre(lambda: of.link.silent_for.total_seconds())),
        Post("switch-slow", _worse_above(answer, 5), 10 * _SECOND, _answer(of.http)),
        Post("switch-backlog", _worse_above(wanted.backlog), 15 * _SECOND, _backlog(console)),
        Post("trunk-silent", _STATE, _SECOND, of_subjects(lambda: _silent(of.trunks))),
        # The switch lists every leg for it: 0.12 ms of its processor each.
        Post("orphan-legs", _STATE, 5 * _SECOND, _orphans(of.runtime), share=0.02),
        Post("engine-late", _worse_above(late, 5), _SECOND, of_centre(of.late.seconds)),
        Post("callers-refused", _STATE, _REFUSED_EVERY, _refused(of.door)),
        Post("pause-overrun", _STATE, 5 * _SECOND, of_centre(lambda: of.door.overdue_pauses)),
        Post("journal-away", _STATE, _SECOND, of_centre(lambda: float(not of.door.can_write))),
        *_of_database(settings, of),
        *_of_disks(settings),
        *_of_trial(settings, of),
    ]


def _worse_above(value: float, stands: float = 0) -> Bounds:
    """Raised from `value` on, cleared at half of it."""
    return Bounds(value, value / 2, timedelta(seconds=stands))


# -- the switch -----------------------------------------------------------------------------------


def _answer(http: PooledHttp) -> Look:
    """How long the switch takes for the smallest question; no answer is as late as we wait for one."""

    async def look() -> Figures:
        time = asyncio.get_running_loop().time
        began = time()
        try:
            await http.ask(asterisk.ping(), within=_PATIENCE)
        except AriError:
            return {THE_CENTRE: max(time() - began, _PATIENCE.total_seconds())}
        return {THE_CENTRE: time() - began}

    return look


def _backlog(console: Console) -> Look:
    async def look() -> Figures:
        return {THE_CENTRE: float(await console.backlog())}

    return look


def _silent(trunks: Trunks) -> Figures:
    return {name: float(not answers) for name, answers in trunks.up.items()}


def _orphans(runtime: Runtime) -> Look:
    async def look() -> Figures:
        return {THE_CENTRE: float(await runtime.orphans())}

    return look


def _of_trial(settings: Settings, of: Watched) -> Sequence[Post]:
    every = timedelta(seconds=settings.watch.synthetic_call_seconds)
    if not every:
        return []

    async def look() -> Figures:
        if not of.link.is_alive:
            raise SwitchAway("not followed")  # told as such
        try:
            took = await of.trial.place()
        except TrialFailed as error:
            logger.warning("test call failed", extra={"why": str(error)})
            took = of.trial.within
        return {THE_CENTRE: took.total_seconds()}

    # Once may be somebody else's restart.
    bounds = _worse_above(settings.watch.answer_ms / 1000, every.total_seconds())
    return [Post("test-call-failed", bounds, every, look)]


def _refused(door: Door) -> Look:
    """Who was turned away lately, by reason."""
    looks = round(_REFUSED_WITHIN / _REFUSED_EVERY)

    def totals() -> Figures:
        return {why: float(count) for why, count in door.counters.refused.items()}

    return of_subjects(Growth(totals, list(Refusal), looks).figures)


# -- what is written ------------------------------------------------------------------------------


def _of_database(settings: Settings, of: Watched) -> Sequence[Post]:
    reader = SegmentReader(settings.journal_folder)

    async def archived() -> int:
        journal = await asyncio.to_thread(lambda: reader.journal_id)
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await number_archived(of.database, journal or "")

    async def away() -> Figures:
        try:
            await archived()
        except Exception:  # An empty file where the database was is no database either.
            return {THE_CENTRE: 1.0}
        return {THE_CENTRE: 0.0}

    async def behind() -> Figures:
        return {THE_CENTRE: float(max(0, of.door.last_number - await archived()))}

    lag = _worse_above(float(settings.watch.archive_behind), 30)
    return [
        Post("database-away", Bounds(1.0, 0.0, 10 * _SECOND), 10 * _SECOND, away),
        Post("archive-behind", lag, 15 * _SECOND, behind),
    ]


def _of_disks(settings: Settings) -> Sequence[Post]:
    folders = {"run": settings.run_folder, "recordings": settings.recordings_folder}
    database = _database_file(settings)
    if database is not None and database.parent != settings.run_folder:
        folders["database"] = database.parent
    low = settings.watch.disk_free_mb * 1e6
    share = settings.watch.disk_free_percent / 100
    return [
        Post("disk-low", Bounds(low, low * 1.2), 10 * _SECOND, _room(folders, _free)),
        Post("disk-filling", Bounds(share, share * 1.1), 60 * _SECOND, _room(folders, _share)),
    ]


def _room(folders: dict[str, Path], figure: Callable[[Room], float]) -> Look:
    async def look() -> Figures:
        return {name: figure(await asyncio.to_thread(room, at)) for name, at in folders.items()}

    return look


def _free(left: Room) -> float:
    return float(left.free)


def _share(left: Room) -> float:
    return left.share


def _database_file(settings: Settings) -> Path | None:
    """The file of an SQLite database; others keep theirs elsewhere."""
    scheme, _, path = settings.database_url.partition(":///")
    return settings.path(path) if scheme.startswith("sqlite") and path else None
