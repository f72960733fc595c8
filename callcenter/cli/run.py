"""`callcenter run`, `edge` and `archive`: the processes, as the keeper or systemd starts them."""

import contextlib
import gc
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from callcenter.cli.before_start import check_region
from callcenter.cli.context import settings_in_force
from callcenter.host.precedence import Precedence, take

if TYPE_CHECKING:
    import asyncio

    from callcenter.settings import Settings

_BEGINS_WITHIN: Final = 10.0  # Seconds; an engine that takes longer has other troubles than us.

# Objects more than were freed, and rounds until older ones are looked at too (Python's own: 700, 10, 10).
_COLLECT_AFTER = (10_000, 20, 20)


@click.command("run")
@click.pass_context
def run(context: click.Context) -> None:
    """Run the engine in the foreground. While another one runs, stand by to take its place."""
    settings = settings_in_force(context)
    stands_by = _let_the_other_begin(settings)
    with _loading():
        import asyncio

        from callcenter.adapters.flows.yaml_files import FlowFolder
        from callcenter.adapters.journal.lock import JournalInUse, wait_until_free, writer
        from callcenter.adapters.logs.lines import set_up
        from callcenter.bootstrap.engine import rehearse, run_engine
        from callcenter.bootstrap.prompts import prompt_library
        from callcenter.host.frozen import FrozenWatch
        from callcenter.host.switch import find_switch

    set_up(settings.centre.log_level)
    switch = find_switch(settings.path(settings.switch.folder))
    if switch is None:
        raise click.ClickException("There is no switch yet. Run scripts/start first.")
    prompts = prompt_library(settings, switch.espeak_argv(), switch.espeak.environment())
    flows = FlowFolder(settings.path(settings.centre.flows_folder))
    if stands_by:
        asyncio.run(rehearse(settings, prompts, flows))
    while True:
        with FrozenWatch(settings.http.port, lambda: writer(settings.journal_folder)):
            wait_until_free(settings.journal_folder)
        take(Precedence.AT_WORK)
        check_region(settings)
        with contextlib.suppress(JournalInUse):  # A third one was quicker.
            sys.exit(_until_stopped(lambda stop: run_engine(settings, prompts, flows, stop)))


@click.command("edge")
@click.pass_context
def edge(context: click.Context) -> None:
    """Run the edge in the foreground: TLS, the page, the phones' sockets, and the lifeboat."""
    with _loading():
        from callcenter.adapters.logs.lines import set_up
        from callcenter.bootstrap.page import run_edge

    settings = settings_in_force(context)
    set_up(settings.centre.log_level)
    sys.exit(_until_stopped(lambda stop: run_edge(settings, stop)))


@click.command("archive")
@click.pass_context
def archive(context: click.Context) -> None:
    """Run the archive in the foreground: the journal into the database, and what callers left."""
    with _loading():
        from callcenter.adapters.logs.lines import set_up
        from callcenter.bootstrap.archive import run_archive

    settings = settings_in_force(context)
    set_up(settings.centre.log_level)
    sys.exit(_until_stopped(lambda stop: run_archive(settings, stop)))


def _let_the_other_begin(settings: "Settings") -> bool:
    """Whether another engine is at work. One that has just taken over is left the processor until it is
    ready: callers wait for it, nobody for us. Until then as little as can be is imported."""
    from callcenter.adapters.journal.lock import writer

    until = time.monotonic() + _BEGINS_WITHIN
    while (is_there := writer(settings.journal_folder) is not None) and time.monotonic() < until:
        if _is_ready(settings.http.port):
            break
        time.sleep(0.1)
    return is_there


def _is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as asked:
            asked.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            return asked.recv(64).split()[1:2] == [b"200"]
    except OSError:
        return False


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Import without the garbage collector: what is loaded lives as long as we do. Looking at it again
    and again would take a fifth of the start, and later hold up calls. What comes later is mostly freed
    without it, or kept for long: it looks seldom, since every look at all there is holds up every call.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gc.enable()


def _until_stopped(program: "Callable[[asyncio.Event], Coroutine[Any, Any, int]]") -> int:
    """Run until SIGTERM or SIGINT; the program's exit status."""
    import asyncio

    import uvloop

    async def main() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        return await program(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
