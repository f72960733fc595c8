"""The only place that knows everybody: builds neighbours, engine and services from settings, once.

No decisions here. What is built is held open by one exit stack, so that whatever goes wrong on the
way in, or ends on the way out, is closed in reverse order.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from callcenter.adapters.asterisk.ari.connection import Switch as Ari
from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.asterisk.ari.event_socket import SOURCES, EventSocket, Replaced
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.endpoints import AriEndpoints
from callcenter.adapters.asterisk.link import NOT_NEEDED, AriLink
from callcenter.adapters.asterisk.telephony import AriTelephony
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.accounts import DbEndedLogins, DbKeys, DbUsers
from callcenter.adapters.db.agents import DbAgents, DbEndpoints
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.numbers import DbNumbers
from callcenter.adapters.db.queues import DbAssignments, DbQueues
from callcenter.adapters.db.session import Database
from callcenter.adapters.flows import yaml_files
from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.http.routes.agents import agent_routes
from callcenter.adapters.http.routes.calls import call_routes
from callcenter.adapters.http.routes.flows import flow_routes
from callcenter.adapters.http.routes.numbers import number_routes
from callcenter.adapters.http.routes.queues import queue_routes
from callcenter.adapters.http.views import own_rows
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.adapters.prometheus.engine import EngineMetrics
from callcenter.adapters.tts.espeak import Espeak
from callcenter.core.access import Actor, Role
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import Prompt
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import Flow
from callcenter.edge.plan import EdgePlan, TlsFiles, TurnPlan
from callcenter.engine.api import Door
from callcenter.engine.loop import Engine
from callcenter.engine.runtime import Runtime
from callcenter.host.addresses import offered_to_browsers, own_addresses
from callcenter.host.plan import SwitchPlan, Trunk
from callcenter.host.render import ARI_USER, trunk_endpoints
from callcenter.host.secret_file import ensure_secrets
from callcenter.host.switch import Switch
from callcenter.ports.passwords import TokenRefused
from callcenter.ports.store import StoreAway
from callcenter.services.accounts import Accounts
from callcenter.services.accounts import Stores as AccountStores
from callcenter.services.agents import AgentDesk, SecondSignIn
from callcenter.services.configuration import Configuration, Stores
from callcenter.services.demo_centre import DemoCentre, seed_if_empty
from callcenter.services.emergency_flow import emergency_system_flow
from callcenter.services.flows import FlowShelf
from callcenter.services.prompts import PromptLibrary
from callcenter.settings import Settings, TrunkSettings

logger = logging.getLogger(__name__)

APP = "cc"
SECRETS = ("ari_password", "token_secret")
KEY_LABEL = "command line on this machine"
MACHINE = Actor("bootstrap", Role.ADMIN)  # who acts when nobody has signed in yet

Progress = Callable[[str, float | None], None]


# -- plain values out of settings -----------------------------------------------------------------


def switch_plan(settings: Settings, switch: Switch) -> SwitchPlan:
    """What our Asterisk is told. Raises: PlanError, with the setting and its cure."""
    sip, own = settings.sip, settings.switch
    certificate = settings.path(sip.certificate) if sip.certificate else None
    return SwitchPlan(
        run_folder=settings.run_folder,
        modules_dir=switch.modules_dir,
        data_dir=switch.data_dir,
        sounds_dir=switch.sounds_dir,
        moh_dir=switch.moh_dir,
        system_name=own.system_name,
        sip_bind=sip.bind,
        sip_port=sip.port,
        tls_port=sip.tls_port,
        http_port=own.http_port,
        ami_port=own.ami_port,
        rtp_first=sip.rtp_first,
        rtp_last=sip.rtp_last,
        external_address=sip.external_address,
        local_nets=sip.local_nets,
        certificate=certificate,
        private_key=settings.path(sip.private_key) if sip.private_key else None,
        trunks=trunks(settings),
        max_calls=own.max_calls,
        max_call_seconds=own.max_call_seconds,
        ice_host_candidates=offered_to_browsers(sip.bind, sip.external_address, own_addresses()),
        prompts_dir=prompts_folder(settings),
    )


def trunks(settings: Settings) -> tuple[Trunk, ...]:
    """The carriers; where there are none and only this machine can reach us, this machine is one,
    so that any softphone on it can call."""
    if settings.trunks:
        return tuple(_trunk(trunk) for trunk in settings.trunks)
    if settings.sip.bind.startswith("127."):
        return (Trunk("loopback", (settings.sip.bind,), qualify_seconds=0, trust_identity=True),)
    return ()


def _trunk(trunk: TrunkSettings) -> Trunk:
    values = {name: getattr(trunk, name) for name in TrunkSettings.__dataclass_fields__}
    return Trunk(**values)


def edge_plan(settings: Settings, clock: SystemClock) -> EdgePlan:
    """What the edge is told."""
    from callcenter.edge.certificates import self_signed

    edge = settings.edge
    secrets = ensure_secrets(settings.run_folder, SECRETS)
    tls = None
    if edge.certificate == "self-signed":
        tls = self_signed(settings.run_folder / "tls", [edge.bind], clock.now())
    elif edge.certificate:
        tls = TlsFiles(settings.path(edge.certificate), settings.path(edge.private_key))
    return EdgePlan(
        tokens=JwtTokens(secrets["token_secret"].encode()),
        now=clock.now,
        host=edge.bind,
        port=edge.port,
        engine_url=f"http://127.0.0.1:{settings.http.port}",
        switch_url=f"ws://127.0.0.1:{settings.switch.http_port}/ws",
        cookie_name=cookie_name(settings),
        tls=tls,
        turn=TurnPlan(edge.turn_urls, edge.turn_secret) if edge.turn_urls else None,
    )


def cookie_name(settings: Settings) -> str:
    """Cookies do not tell ports apart, so each installation has its own name."""
    return f"cc_login_{settings.edge.port}"


def journal_folder(settings: Settings) -> Path:
    """Where the journal lies."""
    return settings.run_folder / "journal"


def prompts_folder(settings: Settings) -> Path:
    """Where spoken prompts lie."""
    return settings.run_folder / "prompts"


def prompt_library(settings: Settings, espeak: list[str], env: Mapping[str, str]) -> PromptLibrary:
    """The library that speaks what flows say."""
    return PromptLibrary(prompts_folder(settings), Espeak(espeak, env))


class SpokenPrompts:
    """The prompt library as the flow shelf wants it: which flows could not be spoken, and why."""

    def __init__(self, library: PromptLibrary) -> None:
        self._library = library

    async def render(self, flows: Collection[Flow]) -> Mapping[FlowId, str]:
        """Speak what is missing."""
        return (await self._library.render(flows)).unspoken


# -- database -------------------------------------------------------------------------------------


def _stores(database: Database) -> Stores:
    return Stores(
        database,
        DbAgents(database),
        DbQueues(database),
        DbAssignments(database),
        DbNumbers(database),
    )


def _accounts(database: Database, settings: Settings, clock: SystemClock) -> Accounts:
    secrets = ensure_secrets(settings.run_folder, SECRETS)
    stores = AccountStores(DbUsers(database), DbKeys(database), DbEndedLogins(database))
    tokens = JwtTokens(secrets["token_secret"].encode())
    return Accounts(stores, Argon2Hasher(), tokens, clock.now)


async def prepare_database(settings: Settings) -> DemoCentre | None:
    """Bring the schema up to date and seed a small centre into an empty one.

    Returns what was seeded. Raises: StoreAway, SchemaTooNew.
    """
    # Here and not above: an engine that only starts again has no use for alembic.
    from callcenter.adapters.db.migrations import upgrade

    await asyncio.to_thread(upgrade, settings.database_url)
    database = Database(settings.database_url)
    try:
        accounts = _accounts(database, settings, SystemClock())
        return await seed_if_empty(_stores(database), DbUsers(database), accounts)
    finally:
        await database.close()


async def _ensure_cli_key(settings: Settings, accounts: Accounts) -> None:
    """A key for the commands on this machine, readable by its user alone."""
    path = settings.run_folder / "cli.json"
    url = f"http://127.0.0.1:{settings.http.port}"
    if path.exists():
        try:
            known = json.loads(path.read_text())
            if known["url"] == url and await accounts.actor_of_key(known["key"]):
                return
        except (ValueError, KeyError, TypeError, TokenRefused):
            logger.warning("command line key does not hold, making another")
    key, _ = await accounts.make_key(MACHINE, KEY_LABEL, Role.ADMIN)
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"url": url, "key": key}, file)
    temporary.rename(path)


# -- the engine -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a built engine that its owner drives."""

    link: AriLink
    runtime: Runtime
    port: int


@asynccontextmanager
async def engine(settings: Settings, prompts: PromptLibrary) -> AsyncIterator[Running]:
    """Everything of one engine, built and open. Nothing runs until its owner runs it."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        journal = SegmentJournal(journal_folder(settings))
        stack.callback(journal.close)
        secrets = ensure_secrets(settings.run_folder, SECRETS)
        url = f"http://127.0.0.1:{settings.switch.http_port}/ari"
        ari = Ari(url, ARI_USER, secrets["ari_password"])
        http = await stack.enter_async_context(PooledHttp(ari))
        rest = RestSockets(ari, app=APP)

        def deliver(fact: Fact) -> None:
            door.deliver(fact)

        telephony = AriTelephony(
            rest,
            http,
            clock=clock,
            deliver=deliver,
            media=lambda prompt: _media(prompts, prompt),
            outside=_outside_dial(settings),
            region=settings.centre.region,
            app=APP,
        )
        stack.push_async_callback(telephony.close)
        core = Engine(
            directory=Directory(flows={SYSTEM_FLOW: emergency_system_flow()}),
            clock=clock,
            journal=journal,
            telephony=telephony,
        )
        door = Door(core, clock)
        runtime = Runtime(core, telephony, clock)
        desk = AgentDesk(
            door,
            AriEndpoints(http, _loopback_media(settings)),
            DbEndpoints(database),
            DbAgents(database),
            second_sign_in=SecondSignIn(settings.centre.second_sign_in),
        )
        flows = settings.path(settings.centre.flows_folder)
        shelf = FlowShelf(lambda: yaml_files.load(flows), SpokenPrompts(prompts))
        configuration = Configuration(
            _stores(database), shelf, desk, door, region=settings.centre.region
        )
        await configuration.load()
        runtime.start()
        link = AriLink(
            lambda listener: EventSocket(ari, listener, app=APP, sources=SOURCES, muted=NOT_NEEDED),
            rest,
            http,
            telephony.pool,
            clock=clock,
            region=settings.centre.region,
            deliver=deliver,
            set_reachable=door.set_reachable,
            on_connected=_on_connected(runtime, desk),
            on_lost=runtime.lost,
        )
        accounts = _accounts(database, settings, clock)
        await _ensure_cli_key(settings, accounts)
        registry = CollectorRegistry()
        registry.register(EngineMetrics(door))
        plan = HttpPlan(
            accounts=accounts,
            ready=lambda: [] if link.is_alive else ["switch-away"],
            registry=registry,
            routes=[
                agent_routes(configuration, desk, door),
                queue_routes(configuration, door),
                number_routes(configuration),
                flow_routes(configuration),
                call_routes(door, DbHistory(database)),
            ],
            feed=door,
            view=own_rows,
            cookie_name=cookie_name(settings),
        )
        port = await stack.enter_async_context(
            serving(application(plan), "127.0.0.1", settings.http.port)
        )
        yield Running(link, runtime, port)


async def run_engine(settings: Settings, prompts: PromptLibrary, stop: asyncio.Event) -> int:
    """Run one engine until `stop`. The exit status: 0, or 3 when another engine took over."""
    async with engine(settings, prompts) as running:
        logger.info("engine is up", extra={"port": running.port})
        try:
            await until_first_ends(running.link.run(), running.runtime.run(), _asked(stop))
        except Replaced:
            logger.error("another engine has taken the switch; leaving it alone")
            return 3
    return 0


async def run_archive(settings: Settings, stop: asyncio.Event) -> int:
    """Fold the journal into the database until `stop`.

    A process of its own: the database may be slow or away, and no decision waits for it.
    """
    from callcenter.adapters.db.archive import Archive
    from callcenter.adapters.journal.reader import SegmentReader

    database = Database(settings.database_url)
    try:
        reader = SegmentReader(journal_folder(settings))
        archive = Archive(database, reader, keep_days=settings.database.keep_facts_days)
        await until_first_ends(archive.run(), _asked(stop))
    finally:
        await database.close()
    return 0


async def _asked(stop: asyncio.Event) -> None:
    await stop.wait()


def _on_connected(runtime: Runtime, desk: AgentDesk) -> Callable[[], Awaitable[None]]:
    async def connected() -> None:
        await runtime.reconcile()
        try:
            await desk.push_all()
        except StoreAway:
            logger.warning("accounts not renewed: the database is away")

    return connected


def _media(prompts: PromptLibrary, prompt: Prompt) -> str:
    return prompts.media(prompt.flow, prompt.name, prompt.language)


def _outside_dial(settings: Settings) -> Callable[[str], str | None]:
    """What to dial for a number outside: the trunks in the order they are written."""
    names = trunk_endpoints(settings.run_folder, [trunk.name for trunk in settings.trunks])

    def dial(number: str) -> str | None:
        first = next(iter(names.values()), None)
        return f"PJSIP/{number}@{first}" if first else None

    return dial


def _loopback_media(settings: Settings) -> Mapping[str, str]:
    """On loopback only, media must be told to stay there; Asterisk would offer another address."""
    if not settings.sip.bind.startswith("127."):
        return {}
    return {"media_address": settings.sip.bind, "bind_rtp_to_media_address": "yes"}


async def speak_flows(
    settings: Settings, espeak: list[str], env: Mapping[str, str], progress: Progress
) -> str:
    """Speak every prompt that has not been spoken yet; what was done, in a few words."""
    found = await asyncio.to_thread(yaml_files.load, settings.path(settings.centre.flows_folder))
    library = prompt_library(settings, espeak, env)
    report = await library.render(
        found.flows.values(), lambda done, all_: progress("spoken", done / max(1, all_))
    )
    return f"{report.spoken} spoken" if report.spoken else ""
