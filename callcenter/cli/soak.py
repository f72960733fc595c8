"""`scripts/soak`: the demo while the centre is harmed on purpose, and what became of its calls."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import click

from callcenter.cli.demo import decide_again, perform, venue_of

if TYPE_CHECKING:
    from callcenter.cli.start import Prepared
    from callcenter.host.processes import Keeper
    from callcenter.settings import Settings

_PATIENCE: Final = timedelta(seconds=30)


async def run_soak(
    prepared: "Prepared",
    keeper: "Keeper",
    minutes: timedelta,
    stop: asyncio.Event,
    at_once: asyncio.Event,
) -> int:
    """Play for so long; 0 if nobody was lost, met the wrong person, or heard silence."""
    from callcenter.demo.board import Board
    from callcenter.demo.sabotage import Saboteur
    from callcenter.demo.verdict import UNDER_FIRE

    settings = prepared.settings
    board = Board()
    venue = replace(venue_of(prepared, os.environ), rules=UNDER_FIRE, patience=_PATIENCE)
    port = settings.http.port
    saboteur = Saboteur(
        pids=lambda name: _pids(keeper, settings, name),
        is_ready=lambda: _is_ready(port),
        sip=(settings.sip.bind, settings.sip.port),
        random=Random(f"saboteur {venue.seed}"),
        tell=lambda who, what: board.agent(who, what, ""),
    )
    over = asyncio.Event()
    clock = asyncio.create_task(_end_after(minutes, stop, over))
    harm = asyncio.create_task(saboteur.work(over))
    try:
        status = await perform(board, venue, None, over, at_once)
    finally:
        over.set()
        clock.cancel()
        await asyncio.gather(clock, harm, return_exceptions=True)
    for name, times in sorted(saboteur.done.items()):
        click.echo(f"  {times:3d} × {name}")
    click.echo(f"  longest without decisions after a kill or a freeze: {saboteur.longest:.1f} s")
    left = _left_in_spool(settings.run_folder)
    if left:
        click.secho(f"  {left} message(s) left in the fallback's spool", fg="yellow")
    if harm.done() and not harm.cancelled() and harm.exception() is not None:
        click.secho(f"  the saboteur failed: {harm.exception()!r}", fg="red", err=True)
        return 1
    return status or decide_again(prepared)


async def _end_after(minutes: timedelta, stop: asyncio.Event, over: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(minutes.total_seconds()):
            await stop.wait()
    except TimeoutError:
        pass
    over.set()


def _pids(keeper: "Keeper", settings: "Settings", name: str) -> list[int]:
    """Those that run; of the engines the one at work first."""
    from callcenter.adapters.journal.lock import writer
    from callcenter.host.programs import ENGINES

    names = ENGINES if name == "engine" else (name,)
    found = [pid for one in names if (pid := keeper.pid(one)) is not None]
    at_work = writer(settings.journal_folder)
    return sorted(found, key=lambda pid: pid != at_work)


async def _is_ready(port: int) -> bool:
    try:
        async with asyncio.timeout(1):
            reader, asked = await asyncio.open_connection("127.0.0.1", port)
            asked.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            answer = await reader.read(64)
            asked.close()
    except (OSError, TimeoutError):
        return False
    return answer.split()[1:2] == [b"200"]


def _left_in_spool(run_folder: Path) -> int:
    return len(list((run_folder / "asterisk/spool/fallback").glob("*.wav")))
