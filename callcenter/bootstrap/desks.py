"""The desk work beside an engine, from settings and the database."""

from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.callers import DbCustomers, DbListedNumbers
from callcenter.adapters.db.config_versions import DbConfigVersions
from callcenter.adapters.db.do_not_call import DbDoNotCall
from callcenter.adapters.db.missed import DbMissedCallers
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.skills import DbSkills
from callcenter.adapters.http.document import changes_of, text_of
from callcenter.adapters.http.routes.agents import Registrar
from callcenter.bootstrap.database import stores_on
from callcenter.core.calendar import parse_hours
from callcenter.engine.api import Door
from callcenter.host.addresses import reached_at
from callcenter.services.agents import AgentDesk
from callcenter.services.arrivals import Arrivals
from callcenter.services.callers import CallerBook
from callcenter.services.calling import Calling
from callcenter.services.change_log import ChangeLog
from callcenter.services.configuration import Configuration
from callcenter.services.replanning import Replanning
from callcenter.services.stored import Stores
from callcenter.settings import Settings


def calling(settings: Settings, database: Database) -> Calling:
    """Whom this centre may call, and when."""
    hours, region = parse_hours(settings.calling.hours), settings.centre.region
    return Calling(DbDoNotCall(database), hours, SystemClock().now, region=region)


def change_log(stores: Stores) -> ChangeLog:
    """Of whatever is changed in the configuration."""
    return ChangeLog(stores, changes_of, SystemClock().now)


def replanning(configuration: Configuration, desk: AgentDesk, database: Database) -> Replanning:
    """Changes of the whole configuration."""
    kept, now = DbConfigVersions(database), SystemClock().now
    return Replanning(configuration, stores_on(database), kept, desk, now, text_of)


def asks_for_talks(door: Door) -> bool:
    """Whether any queue wants to know whom its callers talked with."""
    return any(rules.known_for for rules in door.directory.queues.values())


def caller_book(settings: Settings, database: Database, arrivals: Arrivals) -> CallerBook:
    """Customers, listed numbers and missed callers."""
    skills = DbSkills(database)

    async def known() -> frozenset[str]:
        return frozenset(skill.id for skill in await skills.list())

    stores = DbCustomers(database), DbListedNumbers(database), DbMissedCallers(database)
    tell, now = arrivals.expect, SystemClock().now
    return CallerBook(*stores, known, tell, now, region=settings.centre.region)


def registrar(settings: Settings) -> Registrar:
    """Where desk phones sign in."""
    sip = settings.sip
    host = sip.external_address or reached_at(sip.bind)[0]
    return Registrar(f"{host}:{sip.port}", f"{host}:{sip.tls_port}" if sip.certificate else None)
