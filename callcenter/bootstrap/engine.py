"""One engine, from settings, held open by one exit stack: whatever goes wrong on the way in, or ends on
the way out, is closed in reverse order.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry

from callcenter.adapters.asterisk.ari.connection import Switch as Ari
from callcenter.adapters.asterisk.ari.connection import until_first_ends
from callcenter.adapters.asterisk.ari.event_socket import SOURCES, EventSocket, Replaced
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.endpoints import AriEndpoints
from callcenter.adapters.asterisk.link import NOT_NEEDED, AriLink
from callcenter.adapters.asterisk.rereading import Rereading
from callcenter.adapters.asterisk.telephony import AriTelephony
from callcenter.adapters.asterisk.trunks import Trunks
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.agents import DbAgents, DbEndpoints
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.last_read import LastRead
from callcenter.adapters.db.queues import DbQueues
from callcenter.adapters.db.session import Database
from callcenter.adapters.flows.in_force import FlowsInForce
from callcenter.adapters.flows.yaml_files import FlowFolder
from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.http.routes.agents import Registrar, agent_routes
from callcenter.adapters.http.routes.calls import call_routes
from callcenter.adapters.http.routes.flows import flow_routes
from callcenter.adapters.http.routes.numbers import number_routes
from callcenter.adapters.http.routes.queues import queue_routes
from callcenter.adapters.http.views import own_rows
from callcenter.adapters.journal.segments import SegmentJournal
from callcenter.adapters.prometheus.engine import EngineMetrics
from callcenter.bootstrap.database import accounts_on, stores_on
from callcenter.bootstrap.later import LONGEST_WAIT, Later
from callcenter.bootstrap.plans import SECRETS, cookie_name
from callcenter.core.access import Actor, Role
from callcenter.core.addresses import is_network
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import Prompt
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.core.ivr.flow import Flow
from callcenter.engine.api import Door
from callcenter.engine.loop import Engine
from callcenter.engine.runtime import Runtime
from callcenter.host.addresses import reached_at
from callcenter.host.private_file import write_private
from callcenter.host.render import ARI_USER, trunk_endpoints
from callcenter.host.secret_file import ensure_secrets
from callcenter.ports.passwords import TokenRefused
from callcenter.ports.store import StoreAway
from callcenter.services.accounts import Accounts
from callcenter.services.agents import AgentDesk, SecondSignIn
from callcenter.services.configuration import Configuration
from callcenter.services.emergency_flow import emergency_system_flow
from callcenter.services.flows import FlowShelf
from callcenter.services.prompts import PromptLibrary
from callcenter.settings import Settings

logger = logging.getLogger(__name__)

APP = "cc"
KEY_LABEL = "command line on this machine"
_EMPTY = Directory(flows={SYSTEM_FLOW: emergency_system_flow()})  # until the first load
MACHINE = Actor("bootstrap", Role.ADMIN)  # who acts when nobody has signed in yet


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a built engine that its owner drives."""

    link: AriLink
    runtime: Runtime
    desk: AgentDesk
    rereading: Rereading
    later: Later
    port: int


async def run_engine(
    settings: Settings, prompts: PromptLibrary, flows: FlowFolder, stop: asyncio.Event
) -> int:
    """Run one engine until `stop`. The exit status: 0, or 3 when another engine took over."""
    async with engine(settings, prompts, flows) as running:
        logger.info("engine is up", extra={"port": running.port})
        try:
            await until_first_ends(
                running.link.run(),
                running.runtime.run(),
                running.desk.run(),
                running.rereading.run(),
                running.later.run(),
                stop.wait(),
            )
        except Replaced:
            logger.error("another engine has taken the switch; leaving it alone")
            return 3
    return 0


async def rehearse(settings: Settings, prompts: PromptLibrary, flows: FlowFolder) -> None:
    """Read once what a start reads, while it is another engine's turn: what is used for the first time
    is slow, and callers would wait for it."""
    database = Database(settings.database_url)
    stores = stores_on(database)
    try:
        async with asyncio.timeout(LONGEST_WAIT.total_seconds()):
            await stores.agents.list()
            await stores.assignments.all()
            queues = {rules.id for rules in await stores.queues.list()}
            dialled = {number.flow for number in await stores.numbers.list()}
        await _shelf(settings, prompts, flows).recall(queues, dialled)
    except (StoreAway, TimeoutError):
        logger.info("not rehearsed: the database is away")
    finally:
        await database.close()


@asynccontextmanager
async def engine(
    settings: Settings, prompts: PromptLibrary, flows: FlowFolder
) -> AsyncIterator[Running]:
    """Everything of one engine, built and open. Nothing runs until its owner runs it."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        journal = stack.enter_context(closing(SegmentJournal(settings.journal_folder)))
        ari = _ari(settings)
        http = await stack.enter_async_context(PooledHttp(ari))
        rest = RestSockets(ari, app=APP)
        trunks = _trunks(settings)
        telephony = _telephony(
            *(settings, rest, http, clock, prompts, trunks), lambda fact: door.deliver(fact)
        )
        stack.push_async_callback(telephony.close)
        core = Engine(directory=_EMPTY, clock=clock, journal=journal, telephony=telephony)
        door = Door(core, clock)
        runtime = Runtime(core, telephony, clock)
        desk = _desk(settings, door, http, database)
        configuration = _configuration(settings, prompts, flows, database, desk, door)
        later = await _put_in_force(configuration, database)
        runtime.start()
        link = AriLink(
            lambda listener: EventSocket(ari, listener, app=APP, sources=SOURCES, muted=NOT_NEEDED),
            rest,
            http,
            telephony.pool,
            clock=clock,
            region=settings.centre.region,
            deliver=door.deliver,
            set_reachable=door.set_reachable,
            trunk_heard=trunks.heard,
            carrier_refused=telephony.carrier_refused,
            on_connected=_on_connected(runtime, desk, lambda: trunks.look(http)),
            on_lost=runtime.lost,
        )
        accounts = await _accounts(settings, database, clock, later)
        plan = _http_plan(settings, accounts, configuration, desk, door, database, link, trunks)
        pages = serving(application(plan), "127.0.0.1", settings.http.port)
        port = await stack.enter_async_context(pages)
        yield Running(link, runtime, desk, _rereading(settings, http), later, port)


# -- parts of it ----------------------------------------------------------------------------------


def _ari(settings: Settings) -> Ari:
    secrets = ensure_secrets(settings.run_folder, SECRETS)
    url = f"http://127.0.0.1:{settings.switch.http_port}/ari"
    return Ari(url, ARI_USER, secrets["ari_password"])


def _telephony(
    settings: Settings,
    rest: RestSockets,
    http: PooledHttp,
    clock: SystemClock,
    prompts: PromptLibrary,
    trunks: Trunks,
    deliver: Callable[[Fact], None],
) -> AriTelephony:
    return AriTelephony(
        rest,
        http,
        clock=clock,
        deliver=deliver,
        media=lambda prompt: _media(prompts, prompt),
        outside=trunks.ways,
        region=settings.centre.region,
        longest_call=timedelta(seconds=settings.switch.max_call_seconds),
        app=APP,
    )


def _rereading(settings: Settings, http: PooledHttp) -> Rereading:
    sip = settings.sip
    files = [settings.path(file) for file in (sip.certificate, sip.private_key) if file]
    hosts = [host for trunk in settings.trunks for host in trunk.hosts]
    names = [host for host in hosts if not is_network(host)]
    return Rereading(http, settings.run_folder / "asterisk/etc/pjsip.conf", files, names)


def _desk(settings: Settings, door: Door, http: PooledHttp, database: Database) -> AgentDesk:
    return AgentDesk(
        door,
        AriEndpoints(http, _loopback_media(settings)),
        DbEndpoints(database),
        DbAgents(database),
        second_sign_in=SecondSignIn(settings.centre.second_sign_in),
    )


def _configuration(
    settings: Settings,
    prompts: PromptLibrary,
    flows: FlowFolder,
    database: Database,
    desk: AgentDesk,
    door: Door,
) -> Configuration:
    shelf = _shelf(settings, prompts, flows)
    stores, record = stores_on(database), LastRead(settings.run_folder)
    region = settings.centre.region
    return Configuration(stores, shelf, desk, door, region=region, record=record)


def _shelf(settings: Settings, prompts: PromptLibrary, flows: FlowFolder) -> FlowShelf:
    return FlowShelf(flows.load, SpokenPrompts(prompts), FlowsInForce(settings.run_folder))


async def _put_in_force(configuration: Configuration, database: Database) -> Later:
    later = Later()
    await later.look(DbQueues(database).list)
    await later.do(configuration.load, instead=configuration.recall)
    return later


def _http_plan(
    settings: Settings,
    accounts: Accounts,
    configuration: Configuration,
    desk: AgentDesk,
    door: Door,
    database: Database,
    link: AriLink,
    trunks: Trunks,
) -> HttpPlan:
    registry = CollectorRegistry()
    registry.register(EngineMetrics(door, lambda: trunks.up))

    def ready() -> list[str]:
        reasons = {"switch-away": link.is_alive, "journal-away": door.can_write}
        return [reason for reason, is_fine in reasons.items() if not is_fine]

    return HttpPlan(
        accounts=accounts,
        ready=ready,
        registry=registry,
        routes=[
            agent_routes(configuration, desk, door, _registrar(settings)),
            queue_routes(configuration, door),
            number_routes(configuration),
            flow_routes(configuration),
            call_routes(door, DbHistory(database)),
        ],
        feed=door,
        view=own_rows,
        cookie_name=cookie_name(settings),
    )


def _registrar(settings: Settings) -> Registrar:
    sip = settings.sip
    host = sip.external_address or reached_at(sip.bind)[0]
    return Registrar(f"{host}:{sip.port}", f"{host}:{sip.tls_port}" if sip.certificate else None)


async def _accounts(
    settings: Settings, database: Database, clock: SystemClock, later: Later
) -> Accounts:
    accounts = accounts_on(database, settings, clock)
    await later.do(lambda: _ensure_cli_key(settings, accounts))
    return accounts


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
    write_private(path, json.dumps({"url": url, "key": key}))


def _on_connected(
    runtime: Runtime, desk: AgentDesk, look_at_trunks: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    async def connected() -> None:
        # Decisions begin again when all agree, so who can be rung is asked before. What takes longer,
        # and may fail, comes after: meanwhile nobody would hear who answers.
        await look_at_trunks()
        await desk.look_again()
        await runtime.reconcile()
        desk.push_soon()

    return connected


def _media(prompts: PromptLibrary, prompt: Prompt) -> str:
    return prompts.media(prompt.flow, prompt.name, prompt.language)


def _trunks(settings: Settings) -> Trunks:
    names = trunk_endpoints(settings.run_folder, [trunk.name for trunk in settings.trunks])
    return Trunks(names, [trunk.name for trunk in settings.trunks if trunk.qualify_seconds])


def _loopback_media(settings: Settings) -> Mapping[str, str]:
    """On loopback only, media must be told to stay there; Asterisk would offer another address."""
    if not settings.sip.bind.startswith("127."):
        return {}
    return {"media_address": settings.sip.bind, "bind_rtp_to_media_address": "yes"}


class SpokenPrompts:
    """The prompt library as the flow shelf wants it: which flows could not be spoken, and why."""

    def __init__(self, library: PromptLibrary) -> None:
        self._library = library

    async def render(self, flows: Collection[Flow]) -> Mapping[FlowId, str]:
        """Speak what is missing."""
        return (await self._library.render(flows)).unspoken

    def use(self, flows: Collection[Flow]) -> None:
        """Say what these say."""
        self._library.use(flows)

    async def clear(self) -> None:
        """Forget what has not been said for long."""
        await self._library.clear()
