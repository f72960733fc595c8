"""Messages that callers left: one row each. The sound is a file."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Double, Index, Row, Table, Text, and_, or_, select

from callcenter.adapters.db.pages import LARGEST_PAGE, place, read_place
from callcenter.adapters.db.schema import UtcDateTime, metadata
from callcenter.adapters.db.session import Database
from callcenter.core.ids import CallId, QueueId
from callcenter.ports.messages import Message, MessagePage, NoSuchMessage

messages: Final = Table(
    "messages",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("ani", Text, nullable=False),
    Column("dnis", Text, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("duration_seconds", Double, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("queue_id", Text),
    Column("language", Text, nullable=False, server_default=""),
    Index(None, "arrived_at"),
)


class DbMessages:
    """See `ports.messages.Messages`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, call: CallId) -> Message:
        wanted = select(messages).where(messages.c.call_id == call)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            raise NoSuchMessage(call)
        return _read(row)

    async def recent(self, *, limit: int = 50, older: str | None = None) -> MessagePage:
        size = max(1, min(limit, LARGEST_PAGE))
        newest_first = messages.c.arrived_at.desc(), messages.c.call_id.desc()
        wanted = select(messages).order_by(*newest_first).limit(size + 1)
        if older is not None:
            at, call = read_place(older)
            same = and_(messages.c.arrived_at == at, messages.c.call_id < call)
            wanted = wanted.where(or_(messages.c.arrived_at < at, same))
        async with self._database.reading() as connection:
            found = [_read(row) for row in await connection.execute(wanted)]
        last = found[size - 1] if len(found) > size else None
        return MessagePage(found[:size], place(last.arrived_at, last.call) if last else None)

    async def put(self, message: Message) -> None:
        row = _columns(message)
        kept = {name: row[name] for name in row if name not in ("call_id", "received_at")}
        put = self._database.insert(messages).values(row)
        async with self._database.writing(durable=True) as connection:
            await connection.execute(
                put.on_conflict_do_update(index_elements=["call_id"], set_=kept)
            )


def _columns(message: Message) -> dict[str, Any]:
    return {
        "call_id": message.call,
        "ani": message.ani,
        "dnis": message.dnis,
        "arrived_at": message.arrived_at,
        "received_at": message.received_at,
        "duration_seconds": message.duration.total_seconds(),
        "sha256": message.sha256,
        "size": message.size,
        "path": message.path,
        "queue_id": message.queue,
        "language": message.language,
    }


def _read(row: Row[Any]) -> Message:
    return Message(
        call=CallId(row.call_id),
        ani=row.ani,
        dnis=row.dnis,
        arrived_at=row.arrived_at,
        received_at=row.received_at,
        duration=timedelta(seconds=row.duration_seconds),
        sha256=row.sha256,
        size=row.size,
        path=row.path,
        queue=None if row.queue_id is None else QueueId(row.queue_id),
        language=row.language,
    )
