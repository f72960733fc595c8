"""`callcenter start`: prepare everything, keep it running, and take it down in order.

What the first start does in minutes (fetch Asterisk, make the database, speak the prompts) the next one
only looks at. Ctrl-C stops taking callers in and waits for those on the line; a second one ends. A
terminal that is closed is the first Ctrl-C.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcenter.cli.before_start import check_certificate, check_ports, check_region
from callcenter.cli.context import begin_anew, config_path, load_file, load_settings
from callcenter.cli.progress import Progress
from callcenter.cli.stopping import Stopping

if TYPE_CHECKING:
    from callcenter.host.processes import Event, Keeper
    from callcenter.host.render import Rendered
    from callcenter.host.switch import Switch
    from callcenter.settings import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that must be there before the first process is started."""

    settings: "Settings"
    switch: "Switch"
    rendered: "Rendered"
    passwords: Mapping[str, str]


@click.command("start")
@click.option("--demo", is_flag=True, help="Simulated callers and agents, own ports and folder.")
@click.option("--calls", type=click.IntRange(min=1), help="With --demo: end after so many calls.")
@click.option(
    "--soak",
    type=click.IntRange(min=1),
    metavar="MINUTES",
    help="With --demo: do harm to the centre meanwhile, and end with a verdict.",
)
@click.pass_context
def start(context: click.Context, demo: bool, calls: int | None, soak: int | None) -> None:
    """Prepare everything and run the centre until Ctrl-C."""
    if not demo and (calls is not None or soak is not None):
        raise click.UsageError("--calls and --soak go with --demo")
    settings, config = load_settings(context), config_path(context)
    if demo:
        settings, config = _for_demo(settings)
    else:
        begin_anew(config)
    status = 1
    try:
        status = asyncio.run(_start(settings, config, demo, calls, soak))
    except KeyboardInterrupt:
        status = 130
    finally:
        if demo:
            from callcenter.cli.demo import clear_away

            clear_away(settings.run_folder, status)
    sys.exit(status)


def _for_demo(real: "Settings") -> "tuple[Settings, Path]":
    """Settings of a demo beside the real centre, and their file, which need not exist.

    The real centre's own file is not used: its trunks would sign in a second time.
    """
    from callcenter.cli.demo import demo_environment

    os.environ.update(demo_environment(real.root))
    os.environ["CALLCENTER_SWITCH_MIRROR"] = real.switch.mirror
    file = Path(os.environ["CALLCENTER_CENTRE_RUN_FOLDER"]) / "callcenter.toml"
    return load_file(file), file


async def _start(
    settings: "Settings", config: Path, demo: bool, calls: int | None, soak: int | None
) -> int:
    from callcenter.host.processes import DidNotStart, Keeper

    keeper = Keeper([], _tell)
    stopping = Stopping()
    try:
        async with keeper:
            prepared = await bring_up(settings, config, keeper)
            stopping.listen()
            _banner(prepared)
            if soak:
                from callcenter.cli.soak import run_soak

                minutes = timedelta(minutes=soak)
                return await run_soak(prepared, keeper, minutes, stopping.first, stopping.second)
            if demo:
                from callcenter.cli.demo import run_demo

                return await run_demo(prepared, calls, stopping.first, stopping.second)
            await stopping.first.wait()
            await _drain(prepared.rendered, stopping.second)
    except DidNotStart as error:
        click.secho(f"  {error}", fg="red", err=True)
        return 1
    except _NotReady:
        logs = settings.run_folder / "logs"
        click.secho(f"  not ready within {READY_WITHIN:g} s; {logs} says why", fg="red", err=True)
        return 1
    finally:
        stopping.forget()
    click.echo("Stopped; nothing is left running.  已停止。")
    return 0


async def bring_up(settings: "Settings", config: Path, keeper: "Keeper") -> Prepared:
    """Prepare everything and start it; returns when it takes calls.

    The engine is started first and held back: it loads while we prepare what it will find.

    Raises:
        click.ClickException, Mendable: something is missing that cannot be brought; says what to do.
        DidNotStart: a program ended before it was ready.
    """
    from callcenter.adapters.flows.set_aside import set_aside
    from callcenter.adapters.journal.lock import JournalInUse, held_back
    from callcenter.host.programs import own_programs, switch_program
    from callcenter.host.switch import find_switch

    say = Progress()
    settings.run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    logs = settings.run_folder / "logs"
    logs.mkdir(exist_ok=True)
    own = [sys.executable, "-m", "callcenter", "--config", str(config)]
    engine, edge, *others = own_programs(own, logs)
    try:
        with held_back(settings.journal_folder):
            set_aside(settings.run_folder)  # Whoever starts a centre wants what the files say now.
            check_ports(settings)
            check_certificate(settings)
            is_first = find_switch(settings.path(settings.switch.folder)) is None
            if not is_first:
                await keeper.add(engine)
            (switch, rendered), _ = await asyncio.gather(
                _prepare_switch(settings, say), asyncio.to_thread(check_region, settings)
            )
            if is_first:
                await keeper.add(engine)
            passwords, *_ = await asyncio.gather(
                _prepare_data(settings, switch, say),
                keeper.add(switch_program(switch, rendered, logs / "asterisk.out")),
                keeper.add(edge),
            )
    except JournalInUse:
        raise _runs_already(settings) from None
    except BaseException:  # Threads that prepare something must not go on alone.
        say.stop()
        raise
    await _wait_until_ready(settings)
    for child in others:
        await keeper.add(child)
    return Prepared(settings, switch, rendered, passwords)


# -- before ---------------------------------------------------------------------------------------


def _runs_already(settings: "Settings") -> click.ClickException:
    return click.ClickException(
        f"A centre is running in {settings.run_folder} already. End it first, or set another"
        " run_folder under [centre] in callcenter.toml.\n"
        "该目录中的呼叫中心已在运行。请先停止它，或在 callcenter.toml 中另设 run_folder。"
    )


async def _prepare_switch(settings: "Settings", say: Progress) -> "tuple[Switch, Rendered]":
    from callcenter.bootstrap.plans import switch_plan
    from callcenter.host.render import render_instance
    from callcenter.host.switch import prepare_switch

    say.step("Asterisk", "电话交换机")
    home = settings.path(settings.switch.folder)
    mirror = settings.switch.mirror or None
    switch = await asyncio.to_thread(prepare_switch, home, mirror=mirror, progress=say)
    say.done(f"{switch.version}{' (private)' if switch.private else ''}")
    # In a thread, since it may ask a name server.
    plan = await asyncio.to_thread(switch_plan, settings, switch)
    return switch, await asyncio.to_thread(render_instance, plan)


async def _prepare_data(settings: "Settings", switch: "Switch", say: Progress) -> Mapping[str, str]:
    """Database and prompts; the demo centre's passwords, where it is one."""
    from callcenter.adapters.db.quick_look import is_ready

    if await asyncio.to_thread(is_ready, settings.database_url):
        # What was not spoken yet, the engine speaks before it is ready.
        return _keep_passwords(settings, None)
    from callcenter.adapters.db.migrations import SchemaTooNew
    from callcenter.adapters.db.url import BadDatabaseUrl
    from callcenter.bootstrap.database import prepare_database
    from callcenter.bootstrap.prompts import speak_flows
    from callcenter.ports.store import StoreAway

    try:
        say.step("Database", "数据库")
        seeded = await prepare_database(settings)
        say.done("demo centre seeded" if seeded else "")
    except (StoreAway, SchemaTooNew, BadDatabaseUrl) as error:
        raise click.ClickException(f"The database cannot be used: {error}") from None
    say.step("Prompts", "语音提示")
    say.done(await speak_flows(settings, switch.espeak_argv(), switch.espeak.environment(), say))
    return _keep_passwords(settings, seeded.passwords if seeded else None)


def _keep_passwords(settings: "Settings", made: Mapping[str, str] | None) -> Mapping[str, str]:
    """The demo centre's passwords, kept so that they can be shown at the next start too."""
    from callcenter.private_file import write_private

    path = settings.run_folder / "demo-passwords.json"
    if made is not None:
        write_private(path, json.dumps(dict(made), indent=1))
        return made
    if not path.exists():
        return {}
    known: dict[str, str] = json.loads(path.read_text())
    return known


# -- while it runs --------------------------------------------------------------------------------


def _tell(event: "Event") -> None:
    from callcenter.host.processes import Died, KeepsDying

    match event:
        case Died(name=name, status=status):
            click.secho(f"  {name} ended ({status}) and is started again", fg="yellow", err=True)
        case KeepsDying(name=name, last_words=words):
            click.secho(f"  {name} keeps ending. Its last words:\n{words}", fg="red", err=True)


READY_WITHIN = 120.0  # Seconds; far above what it takes, for a machine that is busy elsewhere.


class _NotReady(Exception):
    """The engine runs and does not say that it is ready."""


async def _wait_until_ready(settings: "Settings") -> None:
    """Until it takes calls; or another engine does, wherever it runs, and ours stands by."""
    import aiohttp

    url = f"http://127.0.0.1:{settings.http.port}/readyz"
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(READY_WITHIN):
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with session.get(url) as reply:
                        if reply.status == 200:
                            _, page = await asyncio.open_connection(
                                settings.edge.bind, settings.edge.port
                            )
                            page.close()
                            return
                if settings.database.lease and await _another_leads(settings):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise _NotReady from None


async def _another_leads(settings: "Settings") -> bool:
    from callcenter.bootstrap.turn import another_leads

    return await asyncio.to_thread(another_leads, settings)


def _banner(prepared: Prepared) -> None:
    from callcenter.host.addresses import reached_at

    settings = prepared.settings
    page, phones = reached_at(settings.edge.bind)[0], reached_at(settings.sip.bind)[0]
    scheme = "https" if settings.edge.certificate else "http"
    click.secho("\nThe call centre is running.  呼叫中心已启动。", bold=True)
    click.echo(f"  page and API  网页    {scheme}://{page}:{settings.edge.port}/")
    if prepared.passwords:
        shown = ", ".join(f"{name} / {word}" for name, word in prepared.passwords.items())
        click.echo(f"  sign in       登录    {shown}")
        click.echo("                        (first passwords, until changed  初始密码，更改前有效)")
    click.echo(f"  dial this     拨打    sip:4000@{phones}:{settings.sip.port}")
    agent = "ana" if "ana" in prepared.passwords else "AGENT"
    command = Path(sys.prefix) / "bin/callcenter"
    click.echo(f"  answer it     接听    {command} agents sign-in {agent}")
    click.echo(f"  logs          日志    {settings.run_folder / 'logs'}")
    click.echo("  Ctrl-C ends: callers on the line may finish; twice ends at once.\n")


async def _drain(rendered: "Rendered", now: asyncio.Event) -> None:
    """Take nobody in any more and wait for those on the line, or for the second Ctrl-C."""
    import aiohttp

    auth = aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)
    told = -1
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as session:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            params = {"variable": "CC_DRAINING", "value": "1"}
            await session.post(f"{rendered.ari_url}/asterisk/variable", params=params)
        while not now.is_set():
            up = await _callers(session, rendered.ari_url)
            if up == 0:
                return
            if up != told:
                told = up
                calls = "1 call is" if up == 1 else f"{up} calls are"
                click.echo(f"{calls} up; waiting. Ctrl-C again ends them.  还有 {up} 个通话。")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(now.wait(), timedelta(seconds=0.5).total_seconds())


async def _callers(session: Any, url: str) -> int:
    """How many callers are on the line; none if the switch cannot be asked."""
    import aiohttp

    try:
        async with session.get(f"{url}/channels") as reply:
            legs = await reply.json()
    except (aiohttp.ClientError, OSError, ValueError):
        return 0
    return sum(not leg["id"].startswith("ag-") for leg in legs)
