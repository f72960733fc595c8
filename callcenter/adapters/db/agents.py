"""Agents and their endpoints: tables, mapping, repositories."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Row,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)

from callcenter.adapters.db.schema import metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.acd.device import Answering
from callcenter.core.errors import NameTaken, NoSuchAgent
from callcenter.core.ids import AgentId
from callcenter.ports.store import AgentProfile, EndpointSecret

agents: Final = Table(
    "agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("outside_number", Text),
    Column("answering", Text, nullable=False, server_default=text("'by-hand'")),
)

endpoints: Final = Table(
    "endpoints",
    metadata,
    Column("agent_id", Text, ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("browser", Boolean, nullable=False),
)


class DbAgents:
    """See `ports.store.Agents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, agent: AgentId) -> AgentProfile | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(agents).where(agents.c.id == agent))
            row = found.one_or_none()
            return _profile(row) if row else None

    async def list(self) -> Sequence[AgentProfile]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(agents))
            return sorted((_profile(row) for row in found), key=lambda agent: agent.id)

    async def add(self, agent: AgentProfile) -> None:
        async with self._database.writing() as connection:
            with refusals(unique=NameTaken(agent.id)):
                await connection.execute(insert(agents).values(_columns(agent)))

    async def replace(self, agent: AgentProfile) -> None:
        change = update(agents).where(agents.c.id == agent.id).values(_columns(agent))
        async with self._database.writing() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise NoSuchAgent(agent.id)

    async def delete(self, agent: AgentId) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(agents).where(agents.c.id == agent))
            if gone.rowcount == 0:
                raise NoSuchAgent(agent)


class DbEndpoints:
    """See `ports.store.Endpoints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[EndpointSecret]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(endpoints))
            secrets = [
                EndpointSecret(AgentId(row.agent_id), row.endpoint, row.password, row.browser)
                for row in found
            ]
            return sorted(secrets, key=lambda secret: secret.agent)

    async def put(self, endpoint: EndpointSecret) -> None:
        values = {
            "agent_id": endpoint.agent,
            "endpoint": endpoint.endpoint,
            "password": endpoint.password,
            "browser": endpoint.browser,
        }
        async with self._database.writing() as connection:
            await connection.execute(
                delete(endpoints).where(endpoints.c.agent_id == endpoint.agent)
            )
            with refusals(foreign=NoSuchAgent(endpoint.agent)):
                await connection.execute(insert(endpoints).values(values))

    async def delete(self, agent: AgentId) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(endpoints).where(endpoints.c.agent_id == agent))


def _profile(row: Row[Any]) -> AgentProfile:
    names, how = (row.name_en, row.name_zh), Answering(row.answering)
    return AgentProfile(AgentId(row.id), *names, row.enabled, row.outside_number, how)


def _columns(agent: AgentProfile) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name_en": agent.name_en,
        "name_zh": agent.name_zh,
        "enabled": agent.enabled,
        "outside_number": agent.outside_number,
        "answering": agent.answering.value,
    }
