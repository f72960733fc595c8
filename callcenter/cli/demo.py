"""`scripts/start --demo`: an own run folder, own ports, the cast, and the last word."""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from callcenter.cli.verifying import decided_again, tell_verified
from callcenter.host.precedence import Precedence, take

if TYPE_CHECKING:
    from callcenter.cli.start import Prepared
    from callcenter.demo.board import Board
    from callcenter.demo.ports import PortBlock
    from callcenter.demo.stage import Venue

SEED: Final = "CALLCENTER_DEMO_SEED"
IMPOSTOR: Final = "CALLCENTER_DEMO_IMPOSTOR"
PORTS: Final = "CALLCENTER_DEMO_PORTS"
DATABASE: Final = "CALLCENTER_DEMO_DATABASE_URL"

KEPT_PROMPTS: Final = "demo-prompts"

_guards: list[socket.socket] = []
"""Held open while this process lives: they are what keeps other demos off our ports."""


def demo_environment(root: Path) -> dict[str, str]:
    """Settings for a demo of the project at `root`: a fresh run folder, free ports, loopback only.

    Everything that would reach out, or into the real centre, is put back: trunks, database,
    certificates. What the machine is told about (the mirror) stays. A demo may be given an empty
    PostgreSQL database of its own.

    Raises: click.ClickException, when no ports are free or the range given is none.
    """
    from callcenter.demo.ports import RANGE, NoPorts, reserve

    first, last = _range(os.environ.get(PORTS, ""), RANGE)
    try:
        block, guard = reserve(first, last)
    except NoPorts as error:
        raise click.ClickException(
            f"{error}; end other demos, or set {PORTS}=<from>-<to>"
        ) from None
    _guards.append(guard)
    folder = _fresh_folder(root / "run")
    _take_prompts(root / "run", folder)
    values = {
        "CENTRE_NAME": folder.name,
        "CENTRE_REGION": "DE",
        "CENTRE_RUN_FOLDER": folder,
        "CENTRE_FLOWS_FOLDER": root / "ivr_flows",
        "CENTRE_RECORDINGS_FOLDER": folder / "recordings",
        "CENTRE_SECOND_SIGN_IN": "takes-over",
        "SWITCH_FOLDER": root / "run" / "switch",
        "DATABASE_URL": os.environ.get(DATABASE, ""),
        **loopback_only(block),
    }
    return {f"CALLCENTER_{name}": str(value) for name, value in values.items()}


def loopback_only(block: "PortBlock") -> dict[str, object]:
    """What a centre is told that nobody outside can reach, on a block of ports. No report has its calls."""
    rtp_first, rtp_last = block.rtp
    return {
        "CENTRE_QUEUE_LOG": "",
        "HTTP_PORT": block.engine,
        **dict.fromkeys(("EDGE_BIND", "SIP_BIND"), "127.0.0.1"),
        "EDGE_PORT": block.edge,
        **dict.fromkeys(("EDGE_CERTIFICATE", "EDGE_PRIVATE_KEY", "EDGE_TURN_URLS"), ""),
        "SIP_PORT": block.sip,
        "SIP_TLS_PORT": block.sip_tls,
        "SIP_RTP_FIRST": rtp_first,
        "SIP_RTP_LAST": rtp_last,
        "SIP_EXTERNAL_ADDRESS": "",
        "SIP_LOCAL_NETS": "",
        **dict.fromkeys(("SIP_CERTIFICATE", "SIP_PRIVATE_KEY"), ""),
        "SWITCH_HTTP_PORT": block.switch_http,
        "SWITCH_AMI_PORT": block.ami,
    }


def _range(text: str, usual: tuple[int, int]) -> tuple[int, int]:
    if not text:
        return usual
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) < 65536):
        raise click.ClickException(f"{PORTS} is {text!r}; write for example 28000-28999")
    return int(first), int(last)


def _fresh_folder(runs: Path) -> Path:
    """`demo-<n>`, which nobody has had; made here, since making it is what takes it."""
    runs.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = runs / f"demo-{number}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
        number += 1


def _take_prompts(runs: Path, folder: Path) -> None:
    """Begin with what another run has spoken. Links will do: prompts are never rewritten, and whatever
    is missing is spoken."""
    for source in (runs / KEPT_PROMPTS, runs / "main" / "prompts"):
        if source.is_dir():
            with contextlib.suppress(OSError):
                ignored = shutil.ignore_patterns("*.part")
                shutil.copytree(source, folder / "prompts", ignore=ignored, copy_function=os.link)
            return


async def run_demo(
    prepared: "Prepared",
    calls: int | None,
    stop: asyncio.Event,
    at_once: asyncio.Event | None = None,
) -> int:
    """Play on the running centre; 0 if every call was carried as it should be.

    `stop` lets nobody call any more, `at_once` ends what is up.
    """
    from callcenter.demo.board import Board

    status = await perform(Board(), venue_of(prepared, os.environ), calls, stop, at_once)
    return status or decide_again(prepared)


def decide_again(prepared: "Prepared") -> int:
    """Whether every offer that was made would be made again, by what is written; the exit status."""
    found = decided_again(prepared.settings.journal_folder)
    return 0 if not found.offers or tell_verified(found) else 1


async def perform(
    board: "Board",
    venue: "Venue",
    calls: int | None,
    stop: asyncio.Event,
    at_once: asyncio.Event | None,
) -> int:
    """The same for a board of one's own, with the venue's rules."""
    import aiohttp

    from callcenter.demo.centre_api import CentreSaidNo
    from callcenter.demo.screen import shown, summary
    from callcenter.demo.stage import Stage
    from callcenter.testing.phones import PhoneError

    take(Precedence.SWITCH)
    stage = Stage(venue, board)
    began = time.monotonic()
    try:
        with shown(board, calls):
            whole = await _until(stage.play(calls, stop), at_once)
    except (CentreSaidNo, PhoneError, aiohttp.ClientError, TimeoutError) as error:
        click.secho(f"The demo could not go on  演示中断: {error!r}", fg="red", err=True)
        return 1
    took = timedelta(seconds=time.monotonic() - began)
    summary(board, calls, venue.seed, venue.evidence, took)
    if not board.is_good:
        return 1
    played = sum(board.counts[one] for one in board.counts if one != "failed")
    return 0 if whole and played >= (calls or 0) else 130


async def _until(playing: Coroutine[None, None, None], at_once: asyncio.Event | None) -> bool:
    """Play, unless told to end at once; whether it was played to its end."""
    play = asyncio.create_task(playing)
    end = asyncio.create_task((at_once or asyncio.Event()).wait())
    try:
        await asyncio.wait([play, end], return_when=asyncio.FIRST_COMPLETED)
        if play.done():
            await play
            return True
        return False
    finally:
        for task in (play, end):
            task.cancel()
        await asyncio.gather(play, end, return_exceptions=True)


def venue_of(prepared: "Prepared", environment: Mapping[str, str]) -> "Venue":
    """Where the demo of this centre plays, as the environment wants it."""
    from callcenter.demo.ports import PortBlock
    from callcenter.demo.stage import Venue

    settings = prepared.settings
    block = PortBlock.of_sip(settings.sip.port)
    seed = environment.get(SEED, "")
    return Venue(
        url=f"http://{settings.edge.bind}:{settings.edge.port}",
        sip=f"{settings.sip.bind}:{settings.sip.port}",
        passwords=prepared.passwords,
        prompts=settings.run_folder / "prompts",
        evidence=settings.run_folder / "demo-recordings",
        phone_port=block.phones,
        rtp_ports=block.phones_rtp,
        seed=int(seed) if seed.isdecimal() else secrets.randbelow(10**6),
        impostor=environment.get(IMPOSTOR, ""),
    )


def clear_away(folder: Path, status: int) -> None:
    """Remove the run folder after a good end; otherwise keep it and say so."""
    if status in (0, 130):
        kept = folder.parent / KEPT_PROMPTS
        with contextlib.suppress(OSError):  # Another demo was quicker, or there is nothing to keep.
            if (folder / "prompts").is_dir():
                shutil.rmtree(kept, ignore_errors=True)
            (folder / "prompts").rename(kept)
        shutil.rmtree(folder, ignore_errors=True)
        return
    click.echo(f"Kept with its logs  运行目录已保留: {folder}", err=True)
