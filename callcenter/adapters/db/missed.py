"""Who called and talked with nobody since: read from the calls themselves, so that nothing has to be kept
in step; kept is only who has been seen to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Table, Text, and_, exists, func, select

from callcenter.adapters.db.callers import customer_numbers, listed_numbers
from callcenter.adapters.db.calls import calls, queue_visits
from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database
from callcenter.core.callers import ListKind
from callcenter.core.facts.calls import Outcome
from callcenter.core.ids import QueueId
from callcenter.core.numbers import ANONYMOUS
from callcenter.ports.callers import MissedCaller, NotMissed

# Whoever gave up, was turned away, or was failed by us. Who left a flow by themselves wanted nobody.
MISSED: Final = (
    Outcome.ABANDONED,
    Outcome.REFUSED,
    Outcome.FAULTED,
    Outcome.UNREACHED,
    Outcome.EXPIRED,
)

called_back: Final = Table(
    "called_back",
    metadata,
    Column("number", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
)


class DbMissedCallers:
    """See `ports.callers.MissedCallers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, since: datetime, limit: int) -> Sequence[MissedCaller]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(_missed(since).limit(limit))).all()
            last = [(row.number, row.last) for row in rows]
            stays = {
                row.ani: row
                for row in await connection.execute(_stays([number for number, _ in last], since))
            }
        return [_read(row, stays.get(row.number)) for row in rows]

    async def done(self, number: str, by: str, at: datetime, since: datetime) -> None:
        values = {"number": number, "at": at, "by": by}
        put = self._database.insert(called_back).values(values)
        put = put.on_conflict_do_update(index_elements=["number"], set_={"at": at, "by": by})
        async with self._database.writing() as connection:
            asked = _missed(since).where(calls.c.ani == number)
            if (await connection.execute(asked)).first() is None:
                raise NotMissed
            await connection.execute(put)


def _is_missed(since: datetime) -> Any:
    later = calls.alias("later")
    talked = exists().where(
        later.c.ani == calls.c.ani,
        later.c.arrived_at >= calls.c.arrived_at,
        later.c.answered_at.is_not(None),
    )
    seen_to = exists().where(
        called_back.c.number == calls.c.ani, called_back.c.at >= calls.c.arrived_at
    )
    # Whoever is turned away for who they are.
    unwanted = exists().where(
        listed_numbers.c.number == calls.c.ani,
        listed_numbers.c.kind.in_([ListKind.BLOCK.value, ListKind.GREY.value]),
    )
    return and_(
        calls.c.arrived_at > since,
        calls.c.outcome.in_([one.value for one in MISSED]),
        calls.c.ani.not_in(["", ANONYMOUS]),
        ~talked,
        ~seen_to,
        ~unwanted,
    )


def _missed(since: datetime) -> Any:
    owned = calls.outerjoin(customer_numbers, customer_numbers.c.number == calls.c.ani)
    last = func.max(calls.c.arrived_at)
    return (
        select(
            calls.c.ani.label("number"),
            func.max(customer_numbers.c.customer_id).label("customer"),
            func.count().label("calls"),
            func.min(calls.c.arrived_at).label("first"),
            last.label("last"),
        )
        .select_from(owned)
        .where(_is_missed(since))
        .group_by(calls.c.ani)
        .order_by(last.desc(), calls.c.ani)
    )


def _stays(numbers: Sequence[str], since: datetime) -> Any:
    """Where they waited, the last of all being the one that is read last."""
    return (
        select(
            calls.c.ani,
            queue_visits.c.queue_id,
            queue_visits.c.enqueued_at,
            queue_visits.c.exited_at,
        )
        .join(queue_visits, queue_visits.c.call_id == calls.c.call_id)
        .where(calls.c.ani.in_(numbers), _is_missed(since))
        .order_by(queue_visits.c.enqueued_at)
    )


def _read(row: Any, stay: Any) -> MissedCaller:
    waited = stay.exited_at - stay.enqueued_at if stay is not None and stay.exited_at else None
    return MissedCaller(
        row.number,
        row.customer or "",
        row.calls,
        row.first,
        row.last,
        QueueId(stay.queue_id) if stay is not None else None,
        waited,
    )
