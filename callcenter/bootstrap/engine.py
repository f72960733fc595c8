"""One engine, from settings, held open by one exit stack: whatever goes wrong on the way in, or ends on
the way out, is closed in reverse order.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from prometheus_client import CollectorRegistry

from callcenter.adapters.asterisk.ari.connection import Switch, until_first_ends
from callcenter.adapters.asterisk.ari.event_socket import SOURCES, EventSocket, Replaced
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.rest_sockets import RestSockets
from callcenter.adapters.asterisk.link import NOT_NEEDED, AriLink
from callcenter.adapters.asterisk.relief import AriRelief
from callcenter.adapters.asterisk.rereading import Rereading
from callcenter.adapters.asterisk.telephony import AriTelephony
from callcenter.adapters.asterisk.trial import TrialCalls
from callcenter.adapters.asterisk.trunks import Trunks
from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.agents import DbAgents, DbEndpoints
from callcenter.adapters.db.callers import DbCallerLookup
from callcenter.adapters.db.codes import DbCodes
from callcenter.adapters.db.do_not_call import DbDoNotCall
from callcenter.adapters.db.history import DbHistory
from callcenter.adapters.db.last_read import LastRead
from callcenter.adapters.db.messages import DbMessages
from callcenter.adapters.db.queues import DbQueues
from callcenter.adapters.db.session import Database
from callcenter.adapters.flows.in_force import FlowsInForce
from callcenter.adapters.flows.yaml_files import FlowFolder
from callcenter.adapters.http.app import HttpPlan, application, serving
from callcenter.adapters.http.routes.agents import agent_routes
from callcenter.adapters.http.routes.alerts import alert_routes
from callcenter.adapters.http.routes.callers import caller_routes
from callcenter.adapters.http.routes.calls import call_routes
from callcenter.adapters.http.routes.codes import code_routes
from callcenter.adapters.http.routes.config import config_routes
from callcenter.adapters.http.routes.flows import flow_routes
from callcenter.adapters.http.routes.messages import message_routes
from callcenter.adapters.http.routes.numbers import number_routes
from callcenter.adapters.http.routes.queues import queue_routes
from callcenter.adapters.http.routes.skills import skill_routes
from callcenter.adapters.http.views import own_rows
from callcenter.adapters.prometheus.engine import EngineMetrics
from callcenter.adapters.prometheus.lease import LeaseMetrics
from callcenter.adapters.prometheus.watch import WatchMetrics
from callcenter.adapters.recordings.shelf import Shelf
from callcenter.adapters.run_folder.accounts import KeptAccounts
from callcenter.adapters.run_folder.ready import write_ready
from callcenter.bootstrap.database import accounts_on, stores_on
from callcenter.bootstrap.desks import (
    asks_for_talks,
    caller_book,
    calling,
    change_log,
    registrar,
    replanning,
)
from callcenter.bootstrap.later import LONGEST_WAIT, Later
from callcenter.bootstrap.plans import cookie_name
from callcenter.bootstrap.prompts import SpokenPrompts, keep_clear
from callcenter.bootstrap.switch import APP, ari, phones
from callcenter.bootstrap.turn import REPLACED, Turn, our_turn, unless
from callcenter.bootstrap.watch import Watched, posts
from callcenter.core.access import Actor, Role
from callcenter.core.addresses import is_network
from callcenter.core.admission import Limits
from callcenter.core.calendar import parse_hours
from callcenter.core.callers import Repeats
from callcenter.core.calls.directory import Directory
from callcenter.core.calls.effects import Prompt
from callcenter.core.facts.wire import Fact
from callcenter.core.ivr.announcements import SYSTEM_FLOW
from callcenter.engine.api import Door
from callcenter.engine.loop import Engine
from callcenter.engine.runtime import Runtime
from callcenter.host.render import trunk_endpoints
from callcenter.ports.passwords import TokenRefused
from callcenter.ports.store import StoreAway
from callcenter.ports.telephony import Relief
from callcenter.private_file import write_private
from callcenter.services.accounts import Accounts
from callcenter.services.agents import AgentDesk, SecondSignIn
from callcenter.services.arrivals import Arrivals
from callcenter.services.callbacks import Callbacks
from callcenter.services.callers import CallerBook
from callcenter.services.codes import CodeBook
from callcenter.services.configuration import Configuration
from callcenter.services.emergency_flow import emergency_system_flow
from callcenter.services.flows import FlowShelf
from callcenter.services.prompts import PromptLibrary
from callcenter.services.roster import keep_roster
from callcenter.services.strain import Took, watch_strain
from callcenter.services.watch import Watchdogs, Worst
from callcenter.settings import Settings

logger = logging.getLogger(__name__)

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
    door: Door
    took: Took
    watched: Watched
    dogs: Watchdogs
    callbacks: Callbacks
    port: int

    def observe(self, late: timedelta) -> None:
        """How late we are: fewer calls are taken in, and somebody is told."""
        self.door.observe(late)
        self.watched.late.tell(late)


async def run_engine(
    settings: Settings, prompts: PromptLibrary, flows: FlowFolder, stop: asyncio.Event
) -> int:
    """Run one engine until `stop`, when its turn has come. The exit status: 0, or 3 when another engine
    took over."""
    async with AsyncExitStack() as stack:
        coming = our_turn(settings, lambda: rehearse(settings, prompts, flows))
        turn = await unless(stop, stack.enter_async_context(coming))
        if turn is None:
            return 0
        building = engine(settings, prompts, flows, turn)
        running = await stack.enter_async_context(building)
        if turn.lead is not None:
            await turn.lead.begin()
        logger.info("engine is up", extra={"port": running.port})
        try:
            await until_first_ends(
                running.link.run(),
                running.runtime.run(),
                running.desk.run(),
                running.rereading.run(),
                running.later.run(),
                watch_strain(running.observe, running.took),
                running.dogs.run(),
                running.callbacks.run(),
                keep_clear(prompts.clear),
                keep_roster(running.door, lambda ready: write_ready(settings.run_folder, ready)),
                stop.wait(),
            )
        except Replaced:
            logger.error("another engine has taken the switch; leaving it alone")
            return REPLACED
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
    settings: Settings, prompts: PromptLibrary, flows: FlowFolder, turn: Turn
) -> AsyncIterator[Running]:
    """Everything of one engine, built and open. Nothing runs until its owner runs it."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        database = turn.database
        switch = replace(ari(settings), may_speak=turn.check)
        http = await stack.enter_async_context(PooledHttp(switch))
        rest = RestSockets(switch, app=APP)
        trial = TrialCalls(rest, http)
        trunks = _trunks(settings)
        telephony = _telephony(
            *(settings, rest, http, clock, prompts, trunks), lambda fact: door.deliver(fact)
        )
        stack.push_async_callback(telephony.close)
        core = _core(settings, clock, turn, telephony, hears=lambda: link.is_awake)
        door = Door(core, clock)
        runtime = Runtime(core, telephony, clock)
        desk = _desk(settings, door, http, database)
        lookup = DbCallerLookup(database)
        own = settings.limits
        repeats = Repeats(own.calls_per_number, timedelta(minutes=own.per_number_minutes))
        arrivals = Arrivals(lookup, door.deliver, clock.now, lambda: asks_for_talks(door), repeats)
        stack.push_async_callback(arrivals.close)
        heard = _Heard(door, arrivals, runtime, desk, telephony, trunks, trial)
        link = _link(settings, switch, rest, http, clock, heard)
        configuration = _configuration(settings, prompts, flows, database, desk, door)
        later = await _put_in_force(configuration, database)
        await later.do(arrivals.learn)
        runtime.start()
        watched = Watched(door, runtime, link, trunks, http, database, trial, Worst())
        dogs = Watchdogs(posts(settings, watched), clock, door.show_alerts)
        accounts = await _accounts(settings, database, clock, later)
        book = caller_book(settings, database, arrivals)
        plan = _http_plan(settings, accounts, configuration, desk, watched, dogs, book)
        if (lead := turn.lead) is not None:
            plan.registry.register(LeaseMetrics(lambda: lead.epoch, lambda: lead.age))
        pages = serving(application(plan), "127.0.0.1", settings.http.port)
        port = await stack.enter_async_context(pages)
        reread = _rereading(settings, http)
        back = Callbacks(door, DbDoNotCall(database))
        parts = (link, runtime, desk, reread, later, door, rest.took, watched, dogs, back)
        yield Running(*parts, port)


# -- parts of it ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Heard:
    """Whoever is told what the switch says."""

    door: Door
    arrivals: Arrivals
    runtime: Runtime
    desk: AgentDesk
    telephony: AriTelephony
    trunks: Trunks
    trial: TrialCalls


def _link(
    settings: Settings,
    switch: Switch,
    rest: RestSockets,
    http: PooledHttp,
    clock: SystemClock,
    to: _Heard,
) -> AriLink:
    return AriLink(
        _ear(switch),
        rest,
        http,
        to.telephony.pool,
        clock=clock,
        region=settings.centre.region,
        deliver=to.arrivals.deliver,
        set_reachable=to.door.set_reachable,
        leg_ended=to.telephony.ended,
        trunk_heard=to.trunks.heard,
        carrier_refused=to.telephony.outside.refused,
        turned_away=to.door.turned_away,
        trial_heard=to.trial.heard,
        on_connected=_on_connected(to.runtime, to.desk, to.trunks, http),
        on_followed=lambda: _take_back(AriRelief(http, app=APP)),
        on_lost=to.runtime.lost,
    )


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
        words=lambda words: prompts.words(words.text, words.language),
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
    return Rereading(http, settings.switch_run_folder / "asterisk/etc/pjsip.conf", files, names)


def _desk(settings: Settings, door: Door, http: PooledHttp, database: Database) -> AgentDesk:
    return AgentDesk(
        door,
        phones(settings, http),
        KeptAccounts(DbEndpoints(database), settings.run_folder),
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
    return Configuration(
        stores,
        shelf,
        desk,
        door,
        change_log(stores),
        region=region,
        record=record,
        tells_when_full=settings.limits.announce,
        calling_hours=parse_hours(settings.calling.hours),
    )


def _shelf(settings: Settings, prompts: PromptLibrary, flows: FlowFolder) -> FlowShelf:
    spoken = SpokenPrompts(prompts, settings.switch_run_folder / "asterisk/fallback")
    return FlowShelf(flows.load, spoken, FlowsInForce(settings.run_folder))


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
    of: Watched,
    dogs: Watchdogs,
    callers: CallerBook,
) -> HttpPlan:
    door, database, link = of.door, of.database, of.link
    registry = CollectorRegistry()
    registry.register(EngineMetrics(door, lambda: of.trunks.up))
    registry.register(WatchMetrics(lambda: dogs.standings))

    def ready() -> list[str]:
        reasons = {"switch-away": link.is_alive, "journal-away": door.can_write}
        return [reason for reason, is_fine in reasons.items() if not is_fine]

    return HttpPlan(
        accounts=accounts,
        ready=ready,
        registry=registry,
        routes=[
            agent_routes(configuration, desk, door, registrar(settings)),
            queue_routes(configuration, door),
            number_routes(configuration),
            skill_routes(configuration),
            config_routes(replanning(configuration, desk, database)),
            caller_routes(callers, calling(settings, database)),
            code_routes(CodeBook(DbCodes(database), configuration)),
            flow_routes(configuration),
            call_routes(door, DbHistory(database)),
            message_routes(DbMessages(database), Shelf(settings.recordings_folder)),
            alert_routes(lambda: dogs.standings),
        ],
        feed=door,
        view=own_rows,
        cookie_name=cookie_name(settings),
    )


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


def _ear(switch: Switch) -> Callable[[AriLink], EventSocket]:
    return lambda link: EventSocket(switch, link, app=APP, sources=SOURCES, muted=NOT_NEEDED)


def _on_connected(
    runtime: Runtime, desk: AgentDesk, trunks: Trunks, http: PooledHttp
) -> Callable[[], Awaitable[None]]:
    relief: Relief = AriRelief(http, app=APP)

    async def connected() -> None:
        # Decisions begin again when all agree, so who can be rung is asked before. What takes longer,
        # and may fail, comes after: meanwhile nobody would hear who answers.
        #
        # Those who waited in the fallback keep their place: nobody who comes now is served before they
        # are all there, and whose phone the fallback has rung is known after it rings no more.
        await _take_back(relief)
        await trunks.look(http)
        await desk.look_again()
        await runtime.reconcile()
        desk.push_soon()

    return connected


async def _take_back(relief: Relief) -> None:
    if back := await relief.call_back():
        logger.warning("callers taken back from the fallback", extra={"calls": back})


def _media(prompts: PromptLibrary, prompt: Prompt) -> str:
    return prompts.media(prompt.flow, prompt.name, prompt.language)


def _core(
    settings: Settings,
    clock: SystemClock,
    turn: Turn,
    telephony: AriTelephony,
    *,
    hears: Callable[[], bool],
) -> Engine:
    own = settings.limits
    latest = timedelta(milliseconds=own.late_ms)
    limits = Limits(own.calls, own.calls_per_second, own.waiting, own.music, latest)
    return Engine(
        directory=_EMPTY,
        clock=clock,
        journal=turn.journal,
        telephony=telephony,
        limits=limits,
        may_act=turn.check,
        hears=hears,
    )


def _trunks(settings: Settings) -> Trunks:
    names = trunk_endpoints(settings.switch_run_folder, [trunk.name for trunk in settings.trunks])
    asked = [trunk.name for trunk in settings.trunks if trunk.qualify_seconds]
    return Trunks(names, asked, {trunk.name: trunk.max_calls for trunk in settings.trunks})
