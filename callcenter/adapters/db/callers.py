"""Customers and listed numbers: tables, mapping, repositories; and the one look at all that is known of a
number, for which a call waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter.adapters.db.calls import calls
from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database, refusals
from callcenter.core.callers import Found, ListedNumber, ListKind
from callcenter.core.errors import NoSuchAgent
from callcenter.core.facts.calls import Known
from callcenter.core.ids import AgentId
from callcenter.core.skills import parse_need, skills_in
from callcenter.ports.callers import Customer, NoSuchCustomer, NotListed, NumberTaken

# How far back who talked with a caller last is looked for; a queue's rules may say less.
_LONGEST_KNOWN: Final = timedelta(days=366)
_HOUR: Final = timedelta(hours=1)

customers: Final = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner_id", Text, ForeignKey("agents.id", ondelete="SET NULL")),
    Column("tier", Text, nullable=False),
    Column("requires", Text, nullable=False),
    Column("prefers", Text, nullable=False),
    Column("head_start_seconds", Double, nullable=False),
    Index(None, "owner_id"),
)

customer_numbers: Final = Table(
    "customer_numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    Index(None, "customer_id"),
)

listed_numbers: Final = Table(
    "listed_numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", UtcDateTime),
    Column("per_hour", Integer, nullable=False),
    Column("head_start_seconds", Double, nullable=False),
    CheckConstraint("kind IN ('block', 'grey', 'vip')", name="kind_known"),
)


class DbCallerLookup:
    """See `ports.callers.CallerLookup`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def numbers(self) -> frozenset[str]:
        async with self._database.reading() as connection:
            own = await connection.execute(select(customer_numbers.c.number))
            listed = await connection.execute(select(listed_numbers.c.number))
            return frozenset((*own.scalars(), *listed.scalars()))

    async def find(self, ani: str, at: datetime, *, talks: bool) -> Found:
        async with self._database.reading() as connection:
            listed = await _listed(connection, ani)
            customer = await _customer_of(connection, ani)
            recent = await _recent(connection, ani, at) if listed and listed.per_hour else 0
            talk = await _last_talk(connection, ani, at) if talks else None
        known = Known(
            customer=customer.id if customer else "",
            tier=customer.tier if customer else "",
            requires=customer.requires if customer else "",
            prefers=customer.prefers if customer else "",
            head_start=customer.head_start_seconds if customer else 0.0,
            owner=AgentId(customer.owner_id) if customer and customer.owner_id else None,
            last_agent=AgentId(talk.agent_id) if talk else None,
            last_talk=talk.answered_at if talk else None,
        )
        return Found(known, listed, recent)


async def _listed(connection: AsyncConnection, ani: str) -> ListedNumber | None:
    found = await connection.execute(select(listed_numbers).where(listed_numbers.c.number == ani))
    row = found.one_or_none()
    return _read_listed(row) if row else None


async def _customer_of(connection: AsyncConnection, ani: str) -> Row[Any] | None:
    owned = customer_numbers.join(customers, customers.c.id == customer_numbers.c.customer_id)
    asked = select(customers).select_from(owned).where(customer_numbers.c.number == ani)
    return (await connection.execute(asked)).one_or_none()


async def _recent(connection: AsyncConnection, ani: str, at: datetime) -> int:
    asked = select(func.count()).where(calls.c.ani == ani, calls.c.arrived_at > at - _HOUR)
    return int((await connection.execute(asked)).scalar_one())


async def _last_talk(connection: AsyncConnection, ani: str, at: datetime) -> Any:
    asked = (
        select(calls.c.agent_id, calls.c.answered_at)
        .where(calls.c.ani == ani, calls.c.arrived_at > at - _LONGEST_KNOWN)
        .where(calls.c.answered_at.is_not(None), calls.c.agent_id.is_not(None))
        .order_by(calls.c.arrived_at.desc())
        .limit(1)
    )
    return (await connection.execute(asked)).one_or_none()


class DbCustomers:
    """See `ports.callers.Customers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, customer: str) -> Customer | None:
        async with self._database.reading() as connection:
            found = await _read(connection, select(customers).where(customers.c.id == customer))
        return found[0] if found else None

    async def list(self, *, after: str, limit: int) -> Sequence[Customer]:
        asked = select(customers).where(customers.c.id > after).order_by(customers.c.id)
        async with self._database.reading() as connection:
            return await _read(connection, asked.limit(limit))

    async def put(self, customer: Customer) -> None:
        mine = customer_numbers.c.customer_id == customer.id
        numbers = [{"number": one, "customer_id": customer.id} for one in customer.numbers]
        values = _columns(customer)
        change = update(customers).where(customers.c.id == customer.id).values(values)
        async with self._database.writing() as connection:
            with refusals(foreign=NoSuchAgent(f"owner: {customer.owner}")):
                if (await connection.execute(change)).rowcount == 0:
                    await connection.execute(insert(customers).values(values))
            await connection.execute(delete(customer_numbers).where(mine))
            if numbers:
                with refusals(unique=NumberTaken("numbers")):
                    await connection.execute(insert(customer_numbers), numbers)

    async def delete(self, customer: str) -> None:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(customers).where(customers.c.id == customer))
            if gone.rowcount == 0:
                raise NoSuchCustomer(customer)

    async def needing(self, skill: str) -> Sequence[str]:
        texts = (customers.c.requires, customers.c.prefers)
        named = or_(*(text.contains(skill, autoescape=True) for text in texts))
        async with self._database.reading() as connection:
            rows = await connection.execute(select(customers).where(named))
            return [row.id for row in rows if _asks_for(skill, row.requires, row.prefers)]


class DbListedNumbers:
    """See `ports.callers.ListedNumbers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[ListedNumber]:
        asked = select(listed_numbers).order_by(listed_numbers.c.number)
        async with self._database.reading() as connection:
            return [_read_listed(row) for row in await connection.execute(asked)]

    async def put(self, listed: ListedNumber) -> None:
        values = {
            "number": listed.number,
            "kind": listed.kind.value,
            "reason": listed.reason,
            "until": listed.until,
            "per_hour": listed.per_hour,
            "head_start_seconds": listed.head_start,
        }
        own = listed_numbers.c.number == listed.number
        async with self._database.writing() as connection:
            change = update(listed_numbers).where(own).values(values)
            if (await connection.execute(change)).rowcount == 0:
                await connection.execute(insert(listed_numbers).values(values))

    async def delete(self, number: str) -> None:
        gone = delete(listed_numbers).where(listed_numbers.c.number == number)
        async with self._database.writing() as connection:
            if (await connection.execute(gone)).rowcount == 0:
                raise NotListed


async def _read(connection: AsyncConnection, asked: Any) -> list[Customer]:
    rows = (await connection.execute(asked)).all()
    of = customer_numbers.c.customer_id
    wanted = select(customer_numbers).where(of.in_([row.id for row in rows]))
    numbers: dict[str, list[str]] = {}
    for row in await connection.execute(wanted.order_by(customer_numbers.c.number)):
        numbers.setdefault(row.customer_id, []).append(row.number)
    return [_read_customer(row, tuple(numbers.get(row.id, ()))) for row in rows]


def _asks_for(skill: str, *needs: str) -> bool:
    return any(skill in skills_in(parse_need(need)) for need in needs)


def _columns(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "owner_id": customer.owner,
        "tier": customer.tier,
        "requires": customer.requires,
        "prefers": customer.prefers,
        "head_start_seconds": customer.head_start,
    }


def _read_customer(row: Row[Any], numbers: tuple[str, ...]) -> Customer:
    return Customer(
        row.id,
        row.name,
        numbers,
        AgentId(row.owner_id) if row.owner_id is not None else None,
        row.tier,
        row.requires,
        row.prefers,
        row.head_start_seconds,
    )


def _read_listed(row: Row[Any]) -> ListedNumber:
    return ListedNumber(
        row.number,
        ListKind(row.kind),
        row.reason,
        row.until,
        row.per_hour,
        row.head_start_seconds,
    )
