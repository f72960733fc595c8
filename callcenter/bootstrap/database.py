"""The database and what stands on it, from settings."""

import asyncio

from callcenter.adapters.clock.system import SystemClock
from callcenter.adapters.db.accounts import DbEndedLogins, DbKeys, DbUsers
from callcenter.adapters.db.agents import DbAgents
from callcenter.adapters.db.callers import DbCustomers
from callcenter.adapters.db.changes import DbChanges
from callcenter.adapters.db.codes import DbCodes
from callcenter.adapters.db.numbers import DbNumbers
from callcenter.adapters.db.queues import DbAssignments, DbQueues
from callcenter.adapters.db.session import Database
from callcenter.adapters.db.skills import DbSkills
from callcenter.adapters.passwords.argon2 import Argon2Hasher
from callcenter.adapters.passwords.tokens import JwtTokens
from callcenter.bootstrap.plans import SECRETS
from callcenter.host.secret_file import ensure_secrets
from callcenter.services.accounts import Accounts
from callcenter.services.accounts import Stores as AccountStores
from callcenter.services.demo_centre import DemoCentre, seed_if_empty
from callcenter.services.stored import Stores
from callcenter.settings import Settings


def stores_on(database: Database) -> Stores:
    return Stores(
        database,
        DbAgents(database),
        DbQueues(database),
        DbAssignments(database),
        DbNumbers(database),
        DbSkills(database),
        DbCustomers(database),
        DbCodes(database),
        DbChanges(database),
    )


def accounts_on(database: Database, settings: Settings, clock: SystemClock) -> Accounts:
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
        accounts = accounts_on(database, settings, SystemClock())
        return await seed_if_empty(stores_on(database), DbUsers(database), accounts)
    finally:
        await database.close()
