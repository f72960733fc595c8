"""A whole centre under test, on ports and addresses of its own, with agents' phones that are reachable.

Two kinds with the same Asterisk, modules, trunk, agents' accounts and phones:

* `QueueHouse`: app_queue given its best. The caller goes straight into one queue, unanswered, without
  any of our guards before it; members by least recent call, `autofill`, its `queue_log` on.
* `EngineHouse`: this engine as it is started in earnest, with journal, database, HTTP and a follower on
  the live feed; a flow that leads straight into one queue without wrap-up.

The loopback addresses are our own, so that 20,000 RTP ports can be used without being in anybody's way.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import callcenter
from callcenter.adapters.asterisk.ari.connection import Switch as Ari
from callcenter.adapters.asterisk.ari.generated import channels
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.endpoints import AriEndpoints
from callcenter.adapters.journal.lock import writer
from callcenter.bench.seed import AGENT_PREFIX, DIALLED, QUEUE, agent_names, seed
from callcenter.bench.staff import Staff, eventually
from callcenter.bootstrap.plans import switch_plan
from callcenter.core.acd.queue import QueueRules
from callcenter.core.ids import QueueId
from callcenter.host.asterisk_cli import run_command
from callcenter.host.processes import Child, Died, Event, Keeper, Started
from callcenter.host.programs import ENGINES, own_programs, switch_program
from callcenter.host.render import Rendered, find_templates, render_instance
from callcenter.host.switch import Switch
from callcenter.settings import Settings, load
from callcenter.testing.sipp import Load, RegisteredPhone, Scenario, Sipp, SippFailed, SippRun

SWITCH_ADDRESS: Final = "127.0.29.1"
CALLER_ADDRESS: Final = "127.0.29.2"
AGENT_ADDRESS: Final = "127.0.29.3"
SIP_PORT: Final = 29060
ARI_PORT: Final = 29088
ENGINE_PORT: Final = 29081
CALLER_PORT: Final = 29070
AGENT_PORT: Final = 29300
REGISTER_TRIES: Final = 4
PROJECT: Final = Path(callcenter.__file__).resolve().parent.parent
CODEC: Final = "8"  # both sides speak alaw, so that nothing is ever transcoded

_MEDIA: Final = {"media_address": SWITCH_ADDRESS, "bind_rtp_to_media_address": "yes"}

_SETTINGS: Final = """
[centre]
name = "bench"
run_folder = "."
flows_folder = "flows"
[http]
port = {engine_port}
[edge]
port = 29080
[sip]
bind = "{address}"
port = {sip_port}
tls_port = 29061
rtp_first = 10000
rtp_last = 28999
[switch]
folder = "{switch}"
http_port = {ari_port}
ami_port = 29038
[[trunks]]
name = "bench"
hosts = ["{callers}"]
qualify_seconds = 0
"""

_QUEUE: Final = """
[{queue}]
strategy = leastrecent
autofill = yes
ringinuse = no
joinempty = yes
leavewhenempty = no
timeout = 15
retry = 1
wrapuptime = 0
announce-frequency = 0
{members}
"""

_STRAIGHT_IN: Final = """
[from-trunk]
exten => h,1,NoOp()
exten => _[!-~]!,1,Queue({queue},r)
 same => n,Hangup()
"""


class HouseFailed(Exception):
    """The centre under test did not come up, or died; the text says where to look."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all houses of one bench share."""

    folder: Path
    switch: Switch
    switch_home: Path
    """Where `switch` was found; the engine finds it there too."""


@dataclass(slots=True)
class House:
    """A running centre. `staff` is None for app_queue, which has no HTTP."""

    ground: Ground
    rendered: Rendered
    keeper: Keeper
    sipp: Sipp
    ari: PooledHttp
    agents: int
    staff: Staff | None = None
    phones: SippRun | None = None
    deaths: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the engine's process has been started again."""

    @property
    def run_folder(self) -> Path:
        """Where it keeps its files and logs."""
        return self.rendered.conf.parents[2]

    @property
    def name(self) -> str:
        """Which kind it is."""
        return "engine" if self.staff else "app_queue"

    @property
    def engine(self) -> int | None:
        """Process id of the engine at work."""
        return writer(self.run_folder / "journal")

    def pids(self) -> dict[str, int]:
        """The processes to watch. Raises: HouseFailed when one of them has died."""
        found = {"asterisk": self.keeper.pid("asterisk")}
        if self.staff:
            found["engine"] = self.engine
            found["archive"] = self.keeper.pid("archive")
        if self.deaths or None in found.values():
            raise HouseFailed(f"{self.name}: died: {self.deaths}; see {self.ground.folder}")
        pids = {name: pid for name, pid in found.items() if pid is not None}
        return pids | ({"phones": self.phones.pid} if self.phones else {})

    async def legs(self) -> int:
        """How many channels there are."""
        found = await self.ari.ask(channels.list_all())
        return len(found)

    async def settle(self, within: timedelta = timedelta(seconds=40)) -> None:
        """Wait until no call is up and every agent can be called. Raises: HouseFailed."""
        if not await eventually(self._is_at_rest, within):
            legs, free = await self.legs(), await self._free()
            raise HouseFailed(f"{self.name} did not come to rest: {legs=} {free=}")

    async def _is_at_rest(self) -> bool:
        return await self.legs() == 0 and await self._free() >= self.agents

    async def _free(self) -> int:
        if self.staff is not None:
            return await self.staff.free()
        shown = await run_command(self.ground.switch, self.rendered.conf, f"queue show {QUEUE}")
        return len(re.findall(r"\(Not in use\)", shown))


@asynccontextmanager
async def queue_house(ground: Ground, name: str, agents: int) -> AsyncIterator[House]:
    """app_queue with so many members."""
    settings = _settings(ground, name)
    templates = _templates(settings.run_folder)
    _add(templates / "asterisk-conf/queues.conf", _queue(agents))
    _replace(templates / "asterisk-conf/logger.conf", "queue_log = no", "queue_log = yes")
    straight = _STRAIGHT_IN.format(queue=QUEUE)
    (templates / "dialplan/inbound.conf").write_text(straight)
    async with _house(ground, settings, templates, agents) as house:
        endpoints = AriEndpoints(house.ari, _MEDIA)
        passwords = {name: f"pw-{name}" for name in agent_names(agents)}
        for name, password in passwords.items():
            await endpoints.put(AGENT_PREFIX + name, password, browser=False)
        async with _phones(house, passwords):
            # Members were listed before their phones were there.
            await run_command(ground.switch, house.rendered.conf, "queue reload all")
            await house.settle()
            yield house


@asynccontextmanager
async def switch_house(
    ground: Ground, name: str, *, dialplan: str, changed: Mapping[str, str]
) -> AsyncIterator[House]:
    """The switch alone, with this more of a dialplan, and ours with these texts `changed`."""
    settings = _settings(ground, name)
    templates = _templates(settings.run_folder)
    inbound = templates / "dialplan/inbound.conf"
    for old, new in changed.items():
        _replace(inbound, old, new)
    _add(inbound, dialplan)
    async with _house(ground, settings, templates, agents=0) as house:
        yield house


@asynccontextmanager
async def engine_house(
    ground: Ground,
    name: str,
    agents: int,
    rules: QueueRules | None = None,
    *,
    ready: bool = True,
    rtp_timeout: bool = True,
    standby: bool = True,
    settings_too: str = "",
) -> AsyncIterator[House]:
    """This engine with so many agents signed in, and `ready` unless told otherwise.

    `settings_too`: TOML that is put below the house's own.
    """
    settings = _settings(ground, name, settings_too)
    rules = rules or QueueRules(QueueId(QUEUE), wrap_up=timedelta(), announce_every=None)
    await seed(settings, agents, rules)
    templates = _templates(settings.run_folder)
    if not rtp_timeout:
        trunk = templates / "asterisk-conf/pjsip-trunk.conf"
        _replace(trunk, "rtp_timeout = 60", "rtp_timeout = 0")
    opened = _house(ground, settings, templates, agents, with_engine=True, standby=standby)
    async with opened as house:
        assert house.staff is not None
        passwords = await house.staff.sign_in(agent_names(agents))
        async with _phones(house, passwords):
            await house.staff.all_reachable(agents)
            if ready:
                await house.staff.make_ready(agent_names(agents))
                await house.settle()
            yield house


@asynccontextmanager
async def _house(
    ground: Ground,
    settings: Settings,
    templates: Path,
    agents: int,
    *,
    with_engine: bool = False,
    standby: bool = True,
) -> AsyncIterator[House]:
    rendered = render_instance(switch_plan(settings, ground.switch), templates)
    deaths: list[str] = []
    started = asyncio.Event()

    def tell(event: Event) -> None:
        if isinstance(event, Died):
            deaths.append(f"{event.name} ({event.status})")
        elif isinstance(event, Started) and event.again:
            started.set()

    log = settings.run_folder / "asterisk.out"
    children = [switch_program(ground.switch, rendered, log)]
    if with_engine:
        children += _engine_programs(settings, standby)
    async with AsyncExitStack() as stack:
        keeper = await stack.enter_async_context(Keeper(children, tell))
        sipp_folder = settings.run_folder / "sipp"
        sipp = Sipp(ground.switch.sipp_argv(), sipp_folder, ground.switch.sipp.environment())
        ari = await stack.enter_async_context(
            PooledHttp(Ari(rendered.ari_url, rendered.ari_user, rendered.ari_password))
        )
        house = House(ground, rendered, keeper, sipp, ari, agents)
        house.deaths, house.started = deaths, started
        if with_engine:
            house.staff = await stack.enter_async_context(Staff.of(settings, QUEUE))
        yield house


def _engine_programs(settings: Settings, standby: bool) -> list[Child]:
    """The engine, its standby and the archive as programs to be kept; nobody looks at a page."""
    away = {"edge"} if standby else {"edge", ENGINES[1]}
    every = own_programs(
        [sys.executable, "-m", "callcenter", "--config", str(settings.root / "callcenter.toml")],
        settings.run_folder,
        env=python_environment(),
    )
    return [child for child in every if child.name not in away]


def python_environment() -> dict[str, str]:
    """Ours, without the switch that makes Python compile everything anew at each start."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@asynccontextmanager
async def _phones(house: House, passwords: Mapping[str, str]) -> AsyncIterator[None]:
    """Register every agent's phone, then answer for them all at the port they registered from."""
    registering = Load(
        Scenario.REGISTER,
        port=AGENT_PORT,
        address=AGENT_ADDRESS,
        target=(SWITCH_ADDRESS, SIP_PORT),
        calls_per_second=150,
        media_port=AGENT_PORT + 2,
        phones=[
            RegisteredPhone(AGENT_PREFIX + agent, word, AGENT_PORT)
            for agent, word in passwords.items()
        ],
    )
    # On a busy machine SIPp takes a late answer for a failure although the phone is registered. Who
    # really is, the house asks the system under test before anything is measured.
    for _ in range(REGISTER_TRIES):
        outcome = await (await house.sipp.start(registering)).finished(timedelta(seconds=40))
        if outcome.successful == len(passwords):
            break
    answering = Load(
        Scenario.AGENT,
        port=AGENT_PORT,
        address=AGENT_ADDRESS,
        media_port=AGENT_PORT + 2,
        payloads=CODEC,
    )
    house.phones = await house.sipp.start(answering)
    try:
        yield
    finally:
        with contextlib.suppress(SippFailed):
            await house.phones.stop(timedelta(seconds=1))


def callers(rate: float, calls: int, stay: timedelta, *, patient: bool = False) -> Load:
    """So many callers at so many a second."""
    return Load(
        Scenario.PATIENT_CALLER if patient else Scenario.CALLER,
        port=CALLER_PORT,
        address=CALLER_ADDRESS,
        target=(SWITCH_ADDRESS, SIP_PORT),
        number=DIALLED,
        calls=calls,
        calls_per_second=rate,
        at_once=20_000,
        stay=stay,
        media_port=CALLER_PORT + 2,
        payloads=CODEC,
    )


# -- files ----------------------------------------------------------------------------------------


def _settings(ground: Ground, name: str, more: str = "") -> Settings:
    folder = ground.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "flows").mkdir(parents=True)
    config = folder / "callcenter.toml"
    config.write_text(
        _SETTINGS.format(
            address=SWITCH_ADDRESS,
            callers=CALLER_ADDRESS,
            sip_port=SIP_PORT,
            ari_port=ARI_PORT,
            engine_port=ENGINE_PORT,
            switch=ground.switch_home,
        )
        + more
    )
    return load(config, {})


def _templates(folder: Path) -> Path:
    """A copy of Asterisk's templates, to be changed."""
    copy = folder / "templates"
    for part in ("asterisk-conf", "dialplan"):
        shutil.copytree(find_templates() / part, copy / part)
    return copy


def _queue(agents: int) -> str:
    members = "\n".join(f"member => PJSIP/{AGENT_PREFIX}{name}" for name in agent_names(agents))
    return _QUEUE.format(queue=QUEUE, members=members)


def _add(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise HouseFailed(f"{path.name} no longer says {old!r}: the bench must be mended")
    path.write_text(text.replace(old, new))
